"""Fixture records held against the contract: what an answer would show of them must keep its schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mockserver.behaviour.declared import Behaviour
from mockserver.behaviour.fixtures import each_record
from mockserver.behaviour.views import is_write_only, item_schema, success_schema
from mockserver.contract.model import Contract
from mockserver.contract.schemas import Schema
from mockserver.errors import Problem
from mockserver.spec.loader import Document
from mockserver.spec.references import join

#: The verbs whose answer shows a record of the resource, the most telling first.
_SHOWING = ("read", "update", "replace", "create", "delete", "list")


def fixture_problems(documents: Sequence[Document], behaviour: Behaviour, contract: Contract) -> Iterator[Problem]:
    """Fields whose value breaks the schema under which an operation answers them."""
    fields = {name: _shown_fields(name, behaviour, contract) for name in behaviour.resources}
    for document, resource, pointer, record in each_record(documents):
        for name, schemas in fields.get(resource, {}).items():
            if name == behaviour.resources[resource].key and not isinstance(record.get(name), str):
                continue  # `check_fixtures` says so
            for schema in schemas if name in record else ():
                yield from _broken(document, join(pointer, name), record[name], schema)


def _broken(document: Document, pointer: str, value: Any, schema: Schema) -> Iterator[Problem]:
    if value is None and "null" not in schema.types():
        return  # it is left out of the answer
    for found in schema.explain(value, direction="response", location="response.body"):
        place = f" at {found.pointer}" if found.pointer else ""
        message = f"'{pointer.rpartition('/')[2]}' breaks the contract{place}: {found.message}"
        yield document.problem(message, pointer + found.pointer, found.hint or f"expected {found.expected}")


def _shown_fields(resource: str, behaviour: Behaviour, contract: Contract) -> Mapping[str, list[Schema]]:
    """The schemas of the stored fields that one operation shows, each to be kept by itself."""
    showing = [
        rules for rules in behaviour.operations.values() if rules.resource == resource and rules.verb in _SHOWING
    ]
    for rules in sorted(showing, key=lambda rules: _SHOWING.index(rules.verb)):
        schema = success_schema(contract.operations[rules.id], rules.respond.status)
        schema = item_schema(schema, rules.wrap, rules.verb == "list")
        if schema is not None and schema.properties():
            computed = {*behaviour.resources[resource].computed, *rules.show}
            return {name: parts for name, parts in _fields(schema).items() if name not in computed}
    return {}


def _fields(schema: Schema) -> dict[str, list[Schema]]:
    """The properties that must hold whatever the record is: through `$ref` and `allOf`, not in alternatives."""
    found: dict[str, list[Schema]] = {}
    for facet in schema.facets():
        named = facet.data.get("properties") if isinstance(facet.data, dict) else None
        for name in named if isinstance(named, dict) else ():
            part = schema.schemas.at(facet.document, join(facet.pointer, "properties", name))
            if not is_write_only(part):
                found.setdefault(name, []).append(part)
    return found
