"""All APIs that ship: what is drawn for each operation and event keeps the contract, by every judge there is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import mockserver.strategies.schemas as module
from mockserver.contract.conformance import RequestCheck, ResponseCheck
from mockserver.contract.direction import Direction
from mockserver.contract.model import Contract, MediaType, Operation
from mockserver.contract.routing import Router
from mockserver.exceptions import UsageError
from mockserver.messages import Request
from mockserver.spec.catalog import shipped
from mockserver.strategies import (
    body_for,
    errors_for,
    invalid_requests_for,
    requests_for,
    responses_for,
    webhook_variants,
    webhooks_for,
)
from mockserver.strategies.sources import contract_of
from tests.strategies.drawn import by_jsonschema, drawn

APIS = sorted(shipped())


def bodies(contract: Contract) -> Iterator[tuple[MediaType, Direction]]:
    """Every media type with a schema, once, with the direction in which it travels."""
    seen = set()
    for operation in (*contract.operations.values(), *contract.webhooks.values()):
        sent = operation.request_body.content.values() if operation.request_body is not None else ()
        received = [media for spec in operation.responses.values() for media in spec.content.values()]
        pairs: list[tuple[MediaType, Direction]] = [(media, "request") for media in sent]
        for media, direction in [*pairs, *((media, "response") for media in received)]:
            if media.schema is not None and (media.schema, direction) not in seen:
                seen.add((media.schema, direction))
                yield media, direction


def violations(contract: Contract, operation: Operation, request: Request) -> list[Any]:
    """What the engine's check says of a request, read as the engine reads it."""
    bases = [server.base_path for server in contract.servers] or [""]
    match = Router(contract.operations.values(), bases).match(request.method, request.path)
    assert match is not None
    assert match.operation.id == operation.id
    return RequestCheck(operation).check(request, dict(match.parameters)).violations


@pytest.mark.parametrize("api", APIS)
def test_every_schema_of_the_contract(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts: list[bool] = []
    checked = module.Plan.is_valid

    def noted(self: module.Plan, value: Any) -> bool:
        verdicts.append(checked(self, value))
        return verdicts[-1]

    monkeypatch.setattr(module.Plan, "is_valid", noted)
    for media, direction in bodies(contract_of(api)):
        assert media.schema is not None
        valid = by_jsonschema(media.schema, direction)
        for mode in ("documented", "allowed"):
            values = drawn(body_for(media, mode=mode, direction=direction), 6)
            assert values
            for value in values:
                assert media.schema.is_valid(value, direction=direction)
                assert valid(value)
    assert verdicts.count(False) == 0


@pytest.mark.parametrize("api", APIS)
def test_every_operation(api: str) -> None:
    contract = contract_of(api)
    for operation in contract.operations.values():
        for request in drawn(requests_for(api, operation.id), 4):
            assert violations(contract, operation, request) == []
        check = ResponseCheck(operation)
        strategies = [responses_for(api, operation.id), responses_for(api, operation.id, mode="documented")]
        if any(status >= "4" for status in operation.responses):
            strategies.append(errors_for(api, operation.id))
        for strategy in strategies:
            for response in drawn(strategy, 4):
                assert check.violations(response.status, response.headers, response.body) == []


def is_plain(operation: Operation) -> bool:
    """Whether an operation takes no more than texts: in its path, in its query, or in a form that asks for nothing."""
    schemas = [parameter.schema for parameter in operation.parameters if parameter.schema is not None]
    return operation.request_body is None and all(
        schema.types() <= {"string"} and not schema.data.keys() & {"enum", "pattern", "format"} for schema in schemas
    )


@pytest.mark.parametrize("api", APIS)
def test_invalid_requests_are_refused(api: str) -> None:
    contract = contract_of(api)
    rules, without = set(), set()
    for operation in contract.operations.values():
        try:
            strategy = invalid_requests_for(api, operation.id)
        except UsageError:
            without.add(operation.id)
            continue
        for request, rule in drawn(strategy, 4):
            assert violations(contract, operation, request), rule
            rules.add(rule)
    assert all(is_plain(contract.operations[name]) for name in without)
    assert len(rules) >= 3 or not contract.operations


@pytest.mark.parametrize(("api", "event"), [(api, event) for api in APIS for event in contract_of(api).webhooks])
def test_every_event(api: str, event: str) -> None:
    (media,) = contract_of(api).webhooks[event].request_body.content.values()  # type: ignore[union-attr]
    assert media.schema is not None
    for mode, wanted in (("documented", True), ("allowed", True), ("beyond", False)):
        for value in drawn(webhooks_for(api, event, mode=mode), 10):  # type: ignore[arg-type]
            assert media.schema.is_valid(value, direction="request") is wanted
            json.dumps(value)
    found = webhook_variants(api, event)
    assert len({variant.name for variant in found}) == len(found)
    assert all(media.schema.is_valid(variant.value, direction="request") for variant in found)
    assert found == webhook_variants(api, event)
