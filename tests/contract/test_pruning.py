"""What a schema has room for, as a law: whatever is added to a value that keeps its schema is taken out again."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from mockserver.contract.pruning import shape_of
from mockserver.contract.schemas import Schema, SchemaSet
from mockserver.spec.loader import Document
from mockserver.spec.references import Library

NAMES = ("a", "b", "c")
FREE = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
)


class Case(NamedTuple):
    """A schema, a value that keeps it, and the same value with members that must not leave."""

    schema: Any
    value: Any
    stuffed: Any


def plain_cases() -> st.SearchStrategy[Case]:
    text = st.text(max_size=2).map(lambda value: Case({"type": "string"}, value, value))
    nullable = st.just(Case({"type": ["string", "null"]}, None, None))
    free = FREE.map(lambda value: Case({}, value, value))
    mapping = st.dictionaries(st.text(max_size=2), FREE, max_size=3)
    return text | nullable | free | mapping.map(lambda value: Case({"type": "object"}, value, value))


@st.composite
def lists(draw: st.DrawFn, inner: st.SearchStrategy[Case]) -> Case:
    case = draw(inner)
    times = draw(st.integers(0, 3))
    schema = {"type": "array", "items": case.schema}
    return Case(schema, [case.value] * times, [case.stuffed] * times)


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Case]) -> Case:
    fields = draw(st.dictionaries(st.sampled_from(NAMES), inner, max_size=3))
    value = {name: case.value for name, case in fields.items()}
    stuffed = {name: case.stuffed for name, case in fields.items()}
    properties: dict[str, Any] = {name: case.schema for name, case in fields.items()}
    for name in draw(st.sets(st.sampled_from(("absent", "null", "secret", "never")))):
        properties[name] = {"type": "integer"} if name != "never" else False
    if "null" in properties:
        stuffed["null"] = None
    for name in ("secret", "never"):
        if name in properties:
            properties[name] = {"writeOnly": True} if name == "secret" else False
            stuffed[name] = draw(FREE)
    if not properties:
        return Case({"type": "object", "properties": {"z": {}}}, {}, {"unknown": draw(FREE)})
    open_ = draw(st.sampled_from((None, False, True)))
    if open_ is True:
        value["more"] = stuffed["more"] = draw(FREE)
    else:
        stuffed["unknown"] = draw(FREE)
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": list(fields)}
    if open_ is not None:
        schema["additionalProperties"] = open_
    if draw(st.booleans()) and open_ is None:
        split = draw(st.sampled_from(sorted(properties)))
        rest = {name: part for name, part in properties.items() if name != split}
        schema = {"allOf": [{"type": "object", "properties": {split: properties[split]}}, {"properties": rest}]}
    return Case(schema, value, stuffed)


@st.composite
def alternatives(draw: st.DrawFn, inner: st.SearchStrategy[Case]) -> Case:
    """An object of several kinds, told apart by a constant, by the name in a discriminator, or by its type."""
    case = draw(inner.filter(lambda case: isinstance(case.value, dict) and "properties" in case.schema))
    how = draw(st.sampled_from(("constant", "null", "list")))
    if how == "null":
        return Case({"anyOf": [{"type": "null"}, case.schema]}, case.value, case.stuffed)
    if how == "list":
        return Case({"oneOf": [{"type": "array", "items": case.schema}, case.schema]}, case.value, case.stuffed)
    branches = []
    for word in ("one", "two"):
        named = {**case.schema["properties"], "kind": {"const": word}, f"only_{word}": {}}
        branches.append({**case.schema, "properties": named, "required": ["kind"]})
    value = {**case.value, "kind": "two", "only_two": 2}
    closed = case.schema.get("additionalProperties") is not True
    stuffed = {**case.stuffed, "kind": "two", "only_two": 2, **({"only_one": 1} if closed else {})}
    return Case({draw(st.sampled_from(("oneOf", "anyOf"))): branches}, value, stuffed)


CASES = st.recursive(
    plain_cases(), lambda inner: objects(inner) | lists(inner) | alternatives(objects(inner)), max_leaves=8
)


def schema_of(data: Any) -> Schema:
    document = Document("x.json", "file:///x.json", {"here": data})
    library = Library()
    library.documents[document.uri] = document
    return SchemaSet(library).at(document, "/here")


def is_part(part: Any, whole: Any) -> bool:
    if isinstance(whole, dict):
        return all(name in whole and is_part(item, whole[name]) for name, item in part.items())
    if isinstance(whole, list):
        return len(part) == len(whole) and all(map(is_part, part, whole))
    return bool(part == whole)


@given(CASES)
def test_what_does_not_belong_is_taken_out_and_nothing_else(case: Case) -> None:
    schema = schema_of(case.schema)
    before = repr(case.stuffed)
    assert schema.is_valid(case.value, direction="response"), "the test is wrong"
    shape = shape_of((schema,))
    if shape is None:  # said of schemas that have room for everything
        assert case.stuffed == case.value
        return
    assert shape.pruned(case.stuffed) == case.value
    assert shape.pruned(case.value) == case.value
    assert repr(case.stuffed) == before


@given(CASES, FREE)
def test_any_value_may_come(case: Case, value: Any) -> None:
    shape = shape_of((schema_of(case.schema),))
    if shape is not None:
        assert is_part(shape.pruned(value), value)
