"""Examples of a strategy, as `@given` would draw them, and the two validators that judge values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import jsonschema
import jsonschema_rs
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from mockserver.contract.direction import Direction, absolute
from mockserver.contract.schemas import Schema

T = TypeVar("T")


def drawn(strategy: st.SearchStrategy[T], count: int = 20, *, number: int = 1) -> list[T]:
    """`count` examples for the seed `number`, the health checks of Hypothesis included."""
    found: list[T] = []

    @seed(number)
    @settings(max_examples=count, database=None, phases=[Phase.generate])
    @given(strategy)
    def collect(value: T) -> None:
        found.append(value)

    collect()
    return found


def both(schema: Any) -> Callable[[Any], bool]:
    """Whether jsonschema-rs and jsonschema both say yes; an assertion when they differ."""
    fast = jsonschema_rs.Draft202012Validator(schema)
    slow = jsonschema.Draft202012Validator(schema)

    def valid(value: Any) -> bool:
        first, second = fast.is_valid(value), slow.is_valid(value)
        assert first == second, f"jsonschema-rs says {first}, jsonschema {second}, of {value!r}"
        return first

    return valid


def by_jsonschema(schema: Schema, direction: Direction) -> Callable[[Any], bool]:
    """jsonschema's judgement by a schema of a contract, as it reads in a direction."""
    direction = schema.schemas.effective(direction)
    documents = schema.schemas.rewritten(direction)
    resources = [(f"{uri}?{direction}", DRAFT202012.create_resource(data)) for uri, data in documents.items()]
    registry: Any = Registry().with_resources(resources)
    reference = {"$ref": absolute(schema.document.uri, schema.pointer, direction)}
    validator = jsonschema.Draft202012Validator(reference, registry=registry)
    return validator.is_valid
