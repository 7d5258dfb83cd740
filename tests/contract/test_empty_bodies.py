"""No byte at all: a file or a text of that length, and no JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mockserver.contract.build import build_contract
from mockserver.contract.conformance import ResponseCheck
from mockserver.spec.references import Library

FILE = "application/octet-stream"


@pytest.mark.parametrize(
    ("media", "schema", "allowed"),
    [
        (FILE, None, True),
        (FILE, {"type": "string", "format": "binary"}, True),
        (FILE, {"type": "string", "format": "binary", "minLength": 1}, False),
        ("image/png", {}, True),
        ("text/plain", {"type": "string"}, True),
        ("text/csv; charset=utf-8", {"type": "string"}, True),
        ("text/plain", {"type": "string", "minLength": 1}, False),
        ("text/plain", {"type": "string", "enum": ["yes", "no"]}, False),
        ("application/json", {"type": "string"}, False),
        ("application/problem+json", {}, False),
        ("application/x-www-form-urlencoded", {"type": "object"}, False),
    ],
)
def test_an_empty_body(
    folder: Callable[[Mapping[str, Any]], Path], media: str, schema: dict[str, Any] | None, allowed: bool
) -> None:
    content = {media.partition(";")[0]: {} if schema is None else {"schema": schema}}
    responses = {"200": {"description": "It", "content": content}}
    paths = {"/it": {"get": {"operationId": "it", "responses": responses}}}
    document = {"openapi": "3.1.0", "info": {"title": "It", "version": "1"}, "paths": paths}
    library = Library()
    contract = build_contract(library.load(folder({"openapi.json": document}) / "openapi.json"), library)
    check = ResponseCheck(contract.operations["it"])
    found = [each.message for each in check.violations(200, [("Content-Type", media)], b"")]
    assert found == ([] if allowed else ["the response has no body"])
    # Where somebody says that there is no value, there is none.
    said = check.violations(200, [("Content-Type", media)], b"", value=None)
    assert [each.message for each in said] == ["the response has no body"]
