"""Templates of events held against the contract: what can be told of a body before it is ever made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.behaviour.reading import lone_expression
from mockserver.contract.model import Contract, Operation
from mockserver.contract.schemas import Schema
from mockserver.contract.serialization import is_json
from mockserver.exceptions import Problem, did_you_mean
from mockserver.spec.loader import Document
from mockserver.spec.references import join


def event_problems(document: Document, contract: Contract) -> Iterator[Problem]:
    """Keys of a body that the contract forbids or misses, and values that break it, where that is sure."""
    events = (document.data or {}).get("webhooks", {}).get("events", {})
    for name, entry in events.items():
        operation = contract.webhooks.get(name)
        schema = _schema(operation) if operation is not None else None
        if schema is not None:
            yield from _wrong(document, entry["body"], schema, join("/webhooks/events", name, "body"))


def _schema(operation: Operation) -> Schema | None:
    body = operation.request_body
    media = body.content.values() if body is not None else ()
    return next((each.schema for each in media if is_json(each.name)), None)


def _wrong(document: Document, tree: Any, schema: Schema, pointer: str) -> Iterator[Problem]:
    if isinstance(tree, str) and "${{" in tree:
        if lone_expression(tree) is None and schema.types() and "string" not in schema.types():
            hint = f"expected {' or '.join(sorted(schema.types()))}; a lone expression keeps its type"
            yield document.problem("an expression within text gives text, which breaks the contract", pointer, hint)
        return
    if isinstance(tree, dict) and _has_expressions(tree):
        yield from _wrong_members(document, tree, schema, pointer)
    elif isinstance(tree, list) and _has_expressions(tree):
        items = schema.items()
        for at, item in enumerate(tree if items is not None else ()):
            assert items is not None
            yield from _wrong(document, item, items, join(pointer, at))
    else:
        for found in schema.explain(tree, direction="response", location="body"):
            message = f"what is sent breaks the contract: {found.message}"
            yield document.problem(message, pointer + found.pointer, found.hint or f"expected {found.expected}")


def _wrong_members(document: Document, tree: dict[str, Any], schema: Schema, pointer: str) -> Iterator[Problem]:
    if schema.types() and "object" not in schema.types():
        expected = f"expected {' or '.join(sorted(schema.types()))}"
        yield document.problem("what is sent breaks the contract: an object stands here", pointer, expected)
        return
    known = schema.properties()
    for name, value in tree.items():
        if name in known:
            yield from _wrong(document, value, known[name], join(pointer, name))
        elif schema.closed_properties() and not schema.open_properties():
            hint = did_you_mean(name, known, f"it has {', '.join(known)}")
            yield document.problem(f"the contract has no '{name}' here", join(pointer, name), hint, at_key=True)
    for facet in schema.facets():
        required = facet.data.get("required", ()) if isinstance(facet.data, dict) else ()
        for name in required if isinstance(required, list) else ():
            if name not in tree:
                yield document.problem(f"the contract requires '{name}' here", pointer, at_key=True)


def _has_expressions(tree: Any) -> bool:
    if isinstance(tree, dict):
        return any(map(_has_expressions, tree.values()))
    if isinstance(tree, list):
        return any(map(_has_expressions, tree))
    return isinstance(tree, str) and "${{" in tree
