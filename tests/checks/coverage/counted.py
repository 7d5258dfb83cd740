"""Coverage of a few calls, looked at by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.checks.coverage.coverage import Coverage
from tests.mocks import Mock, one_operation


def coverage_of(mock: Mock) -> Coverage:
    """Of all calls so far."""
    coverage = Coverage.of(mock.engine.apis.values())
    for exchange in mock.engine.journal.since(0):
        coverage.add(exchange)
    return coverage


def counts(coverage: Coverage, dimension: str, operation: str = "") -> dict[str, int]:
    """How often each item was touched."""
    return {
        entry.item.name: count
        for entry, count in coverage.items()
        if entry.item.dimension == dimension and entry.item.operation == operation
    }


def touched(coverage: Coverage, dimension: str, operation: str = "") -> list[str]:
    return [name for name, count in counts(coverage, dimension, operation).items() if count]


def taking(schema: Any, **more: Any) -> Mock:
    """`POST /other` (the operation `put`), which takes a body of a schema in JSON, or what `content` says."""
    content = more.pop("content", {"application/json": {"schema": schema}})
    put = {"operationId": "put", "requestBody": {"content": content}, "responses": {"204": {"description": "ok"}}}
    get: Mapping[str, Any] = {"responses": {"204": {"description": "ok"}}}
    return one_operation(get, paths={"/other": {"post": put}}, **more)
