"""What `lint` tells of the bodies of events before one is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver.checks.lint import lint
from tests.mocks import write_spec

SCHEMA = {
    "type": "object",
    "required": ["event", "order"],
    "additionalProperties": False,
    "properties": {
        "event": {"const": "order.created"},
        "count": {"type": "integer"},
        "order": {
            "type": "object",
            "required": ["id"],
            "properties": {"id": {"type": "string"}, "lines": {"type": "array", "items": {"type": "integer"}}},
        },
    },
}


def problems(folder: Path, body: Any, schema: Any = SCHEMA) -> list[str]:
    post = {
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"description": ""}},
    }
    openapi = {"openapi": "3.1.0", "info": {"title": "S", "version": "1"}, "paths": {}}
    behaviour = {"webhooks": {"events": {"order.created": {"with": {"id": None}, "body": body}}}}
    files = {"openapi.json": {**openapi, "webhooks": {"order.created": {"post": post}}}, "behaviour.json": behaviour}
    prefix = "/webhooks/events/order.created/body"
    return [
        f"{problem.pointer.removeprefix(prefix)}: {problem.message}" + (f" ({problem.hint})" if problem.hint else "")
        for problem in lint(str(write_spec(folder, files)))
    ]


@pytest.mark.parametrize(
    "body",
    [
        "${{ with.id }}",
        {"event": "order.created", "order": "${{ with.id }}"},
        {"event": "order.created", "order": {"id": "O-${{ with.id }}", "lines": ["${{ with.id }}", 2]}},
        {"event": "${{ event }}", "order": {"id": "1", "more": "${{ with.id }}"}, "count": "${{ sequence }}"},
    ],
)
def test_what_may_be_right(tmp_path: Path, body: Any) -> None:
    assert problems(tmp_path, body) == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"event": "order.created", "odrer": "${{ with.id }}", "order": {"id": "1"}},
            "/odrer: the contract has no 'odrer' here (did you mean 'order'?)",
        ),
        ({"event": "${{ event }}"}, ": the contract requires 'order' here"),
        (
            {"event": "${{ event }}", "order": {"lines": ["${{ with.id }}"]}},
            "/order: the contract requires 'id' here",
        ),
        (
            {"event": "${{ event }}", "order": {"id": 7}},
            "/order/id: what is sent breaks the contract: 7 is an integer, not a string (expected a string)",
        ),
        (
            {"event": "order.made", "order": "${{ with.id }}"},
            (
                "/event: what is sent breaks the contract: 'order.made' is not the documented value 'order.created' "
                "(expected 'order.created')"
            ),
        ),
        (
            {"event": "${{ event }}", "order": {"id": "1"}, "count": "no. ${{ sequence }}"},
            (
                "/count: an expression within text gives text, which breaks the contract "
                "(expected integer; a lone expression keeps its type)"
            ),
        ),
        (
            {"event": "${{ event }}", "order": {"id": "1", "lines": ["${{ with.id }}", "x"]}},
            "/order/lines/1: what is sent breaks the contract: 'x' is a string, not an integer (expected an integer)",
        ),
        (
            {"event": "${{ event }}", "order": {"id": {"x": "${{ with.id }}"}}},
            "/order/id: what is sent breaks the contract: an object stands here (expected string)",
        ),
    ],
)
def test_what_is_surely_wrong(tmp_path: Path, body: Any, message: str) -> None:
    assert problems(tmp_path, body) == [message]


def test_an_event_without_a_schema_may_hold_anything(tmp_path: Path) -> None:
    assert problems(tmp_path, {"x": "${{ with.id }}"}, True) == []
