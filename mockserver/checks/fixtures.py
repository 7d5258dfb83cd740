"""Fixture records held against the contract: what an answer would show of them must keep its schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mockserver.behaviour.declared import Behaviour
from mockserver.behaviour.fixtures import each_record
from mockserver.behaviour.views import breaches, shown_schemas
from mockserver.contract.model import Contract
from mockserver.contract.schemas import Schema
from mockserver.exceptions import Problem
from mockserver.spec.loader import Document
from mockserver.spec.references import join


def fixture_problems(documents: Sequence[Document], behaviour: Behaviour, contract: Contract) -> Iterator[Problem]:
    """Fields whose value breaks the schema under which an operation answers them."""
    fields = {name: shown_schemas(name, behaviour, contract) for name in behaviour.resources}
    for document, resource, pointer, record in each_record(documents):
        for name, schemas in fields.get(resource, {}).items():
            if name == behaviour.resources[resource].key and not isinstance(record.get(name), str):
                continue  # `check_fixtures` says so
            if name in record:
                yield from _broken(document, join(pointer, name), record[name], schemas)


def _broken(document: Document, pointer: str, value: Any, schemas: Sequence[Schema]) -> Iterator[Problem]:
    for found in breaches(value, schemas):
        place = f" at {found.pointer}" if found.pointer else ""
        message = f"'{pointer.rpartition('/')[2]}' breaks the contract{place}: {found.message}"
        yield document.problem(message, pointer + found.pointer, found.hint or f"expected {found.expected}")
