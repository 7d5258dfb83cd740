"""A value made from a schema keeps it. What cannot be made is a clear `NoExample`, never another error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.contract.model import Example, MediaType
from mockserver.contract.schemas import Schema, SchemaSet
from mockserver.examples import NoExample, example_of, sample
from mockserver.spec.references import Library
from mockserver.state.samples import Draws

SELF = {"$ref": "#/components/schemas/It"}
INTEGER = {"type": "integer"}


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any], Schema]:
    """A handle on a schema given as data."""
    folder: Path = tmp_path_factory.mktemp("schemas")

    def make(data: Any) -> Schema:
        path = folder / "openapi.json"
        path.write_text(json.dumps({"openapi": "3.1.0", "components": {"schemas": {"It": data}}}), "utf-8")
        library = Library()
        return SchemaSet(library).at(library.load(path), "/components/schemas/It")

    return make


def made(schema: Schema, seed: str = "seed") -> Any:
    value = sample(schema, Draws(seed))
    assert schema.is_valid(value, direction="response")
    return value


FORMATS = st.sampled_from(
    [
        *("date-time", "date", "time", "duration", "email", "idn-email", "uuid", "uri", "iri", "uri-reference"),
        *("hostname", "ipv4", "ipv6", "byte", "regex", "json-pointer", "int32", "unheard-of"),
    ]
)


@st.composite
def bounded(draw: st.DrawFn) -> dict[str, Any]:
    low = draw(st.integers(-1_000, 1_000))
    high = low + draw(st.integers(1, 100))
    number = {"type": draw(st.sampled_from(["integer", "number"])), "minimum": low, "maximum": high}
    exclusive = {"type": "integer", "exclusiveMinimum": low - 1, "exclusiveMaximum": high + 1}
    least = draw(st.integers(0, 30))
    text = {"type": "string", "minLength": least, "maxLength": least + draw(st.integers(0, 30))}
    return draw(st.sampled_from([number, exclusive, text, {**number, "multipleOf": high - low}]))


LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(["string", "integer", "number", "boolean", "null"]).map(lambda kind: {"type": kind}),
    FORMATS.map(lambda name: {"type": "string", "format": name}),
    st.sampled_from(["^[A-Z]{3}-[0-9]{2}$", r"^\d+$", "^(a|b)c*$"]).map(lambda p: {"type": "string", "pattern": p}),
    st.lists(st.integers() | st.text(max_size=5) | st.none(), min_size=1, max_size=4).map(lambda e: {"enum": e}),
    st.sampled_from([["string", "null"], ["integer", "string"]]).map(lambda kinds: {"type": kinds}),
    st.integers().map(lambda value: {"const": value}),
    bounded(),
    st.just({}),
)


def _composed(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from("abcd")
    properties = st.dictionaries(names, inner, max_size=3)
    objects = st.builds(
        lambda props, more, extra: {
            "type": "object",
            "properties": props,
            "required": sorted({*list(props)[:1], *more}),
            "additionalProperties": extra,
        },
        properties,
        st.sets(names, max_size=1),
        inner,
    )
    arrays = st.builds(
        lambda items, least: {"type": "array", "items": items, "minItems": least}, inner, st.integers(0, 3)
    )
    tagged = st.builds(
        lambda one, two: {
            "oneOf": [
                {"type": "object", "required": ["kind", "v"], "properties": {"kind": {"const": kind}, "v": value}}
                for kind, value in (("one", one), ("two", two))
            ]
        },
        inner,
        inner,
    )
    maps = st.builds(lambda value: {"type": "object", "additionalProperties": value, "minProperties": 1}, inner)
    both = st.builds(
        lambda one, two: {"allOf": [one, {"required": list(two)[:1], "properties": two}]}, objects, properties
    )
    return objects | arrays | tagged | maps | both | st.lists(inner, min_size=1, max_size=3).map(lambda s: {"anyOf": s})


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
@given(st.recursive(LEAVES, _composed, max_leaves=6), st.integers(0, 5).map(str))
def test_what_openapi_documents_describe_is_made(schema: Callable[[Any], Schema], data: Any, seed: str) -> None:
    handle = schema(data)
    try:
        made(handle, seed)
    except NoExample:
        # `allOf` and `oneOf` of unrelated parts may leave nothing; the parts by themselves never do.
        assert any(word in json.dumps(data) for word in ('"allOf"', '"oneOf"'))


SIZES = st.integers(0, 4)
ODD_KEYWORDS: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null", ["string", "array"]]),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), SIZES),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), st.integers(-3, 3) | st.just(0.5)),
    "multipleOf": st.sampled_from([1, 3, 0.01]),
    "pattern": st.sampled_from(["^a+$", r"\p{Lu}", "(?=x)", "^[^a-z]$"]),
    "format": FORMATS,
    "uniqueItems": st.booleans(),
    "required": st.lists(st.sampled_from("abc"), unique=True),
    "enum": st.lists(st.integers() | st.lists(st.none()), min_size=1, max_size=3, unique_by=repr),
    "dependentRequired": st.just({"a": ["b"]}),
    "readOnly": st.booleans(),
    "writeOnly": st.booleans(),
}


def _odd(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    each, many = inner | st.just(SELF), st.lists(inner | st.just(SELF), min_size=1, max_size=2)
    nested = dict.fromkeys(
        ("items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames"), each
    )
    lists = dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), many)
    maps = dict.fromkeys(("properties", "patternProperties"), st.dictionaries(st.sampled_from("abc"), each, max_size=2))
    return st.fixed_dictionaries({}, optional={**ODD_KEYWORDS, **nested, **lists, **maps})


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=150)
@given(st.recursive(st.booleans() | st.fixed_dictionaries({}, optional=ODD_KEYWORDS), _odd, max_leaves=5))
def test_any_schema_at_all_gives_a_value_or_no_example(schema: Callable[[Any], Schema], data: Any) -> None:
    try:
        made(schema(data))
    except NoExample as error:
        assert "give it an example" in str(error)  # noqa: PT017  # both outcomes are right


@pytest.mark.parametrize(
    "data",
    [
        {"oneOf": [{"type": "object", "required": ["l", "r"], "properties": {"l": SELF, "r": SELF}}, INTEGER]},
        {"anyOf": [{"type": "array", "items": SELF, "minItems": 2}, {"type": "string"}]},
        {"type": "object", "required": ["v"], "properties": {"v": INTEGER, "next": SELF, "all": {"items": SELF}}},
        {"type": "array", "items": SELF},
        {"allOf": [{"type": "integer", "minimum": 1}, {"minimum": 50, "maximum": 60}, {"maximum": 55}]},
        {"allOf": [{"type": "string", "minLength": 2}, {"minLength": 40}]},
        {
            "type": "object",
            "properties": {"a": INTEGER, "b": INTEGER},
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
        {"type": "object", "properties": {"a": INTEGER, "b": {}}, "minProperties": 2, "additionalProperties": False},
        {"type": "object", "required": ["a"], "additionalProperties": INTEGER},
        {"type": "object", "required": ["p"], "properties": {"p": {"type": "string", "writeOnly": True}}},
        {"type": "integer", "format": "int32", "minimum": 2**31 - 1},
        {"type": "integer", "minimum": 10**25},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.1},
        {"type": "array", "uniqueItems": True, "minItems": 5, "items": {"enum": [1, 2, 3, 4, 5]}},
        {"type": "array", "prefixItems": [INTEGER, {"type": "string"}], "items": False},
        {"type": "string", "maxLength": 0},
        {"type": "string", "minLength": 5_000},
        {"type": "string", "enum": [1, "a", None]},
        True,
    ],
)
def test_what_takes_some_care(schema: Callable[[Any], Schema], data: Any) -> None:
    for seed in range(5):
        made(schema(data), str(seed))


@pytest.mark.parametrize(
    "data",
    [
        False,
        {"type": "object", "required": ["n"], "properties": {"n": SELF}},
        {"type": "array", "items": SELF, "minItems": 1},
        {"oneOf": [{"type": "object", "required": [n], "properties": {n: SELF}} for n in "abcdef"]},
        {"type": "string", "pattern": r"^\p{L}+$"},
        {"type": "string", "minLength": 3, "maxLength": 1},
        {"type": "number", "minimum": 5, "maximum": 4},
    ],
)
def test_what_cannot_be_made(schema: Callable[[Any], Schema], data: Any) -> None:
    with pytest.raises(NoExample, match="no value could be made for the schema at /components/schemas/It") as caught:
        sample(schema(data), Draws("seed"))
    assert caught.value.pointer == "/components/schemas/It"


def test_the_same_seed_gives_the_same_value(schema: Callable[[Any], Schema]) -> None:
    data = {"type": "array", "minItems": 3, "items": {"type": "string", "format": "uuid"}}
    assert made(schema(data), "one") == made(schema(data), "one") != made(schema(data), "two")


def test_examples_inside_a_schema_are_used(schema: Callable[[Any], Schema]) -> None:
    fields = {
        "a": {"type": "string", "examples": ["Ann"]},
        "b": {"default": 7},
        "c": {"enum": ["x"]},
        "d": {"const": 2},
    }
    assert made(schema({"type": "object", "properties": fields})) == {"a": "Ann", "b": 7, "c": "x", "d": 2}
    assert made(schema({"type": "integer", "minimum": 3, "examples": [1]})) >= 3


def test_the_first_items_may_be_described_in_a_part(schema: Callable[[Any], Schema]) -> None:
    parts = [{"type": "array", "prefixItems": [INTEGER, {"const": "x"}], "items": False}]
    first, second = made(schema({"allOf": parts}))
    assert (type(first), second) == (int, "x")


class TestExampleOf:
    @pytest.fixture
    def media(self, schema: Callable[[Any], Schema]) -> MediaType:
        return MediaType("application/json", schema(INTEGER), (Example("one", 1), Example("two", None)), {}, "")

    def test_by_name_or_the_first(self, media: MediaType) -> None:
        assert example_of(media, Draws("")) == 1
        assert example_of(media, Draws(""), name="two") is None
        with pytest.raises(KeyError, match="three"):
            example_of(media, Draws(""), name="three")

    def test_dynamic_is_made_from_the_schema(self, media: MediaType) -> None:
        assert len({example_of(media, Draws(str(seed)), dynamic=True) for seed in range(20)}) > 5

    def test_without_examples_or_schema(self, schema: Callable[[Any], Schema]) -> None:
        assert isinstance(example_of(MediaType("application/json", schema(INTEGER), (), {}, ""), Draws("")), int)
        assert example_of(MediaType("application/json", None, (), {}, ""), Draws("")) is None


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
def test_a_branch_is_named_by_its_discriminator(schema: Callable[[Any], Schema], keyword: str) -> None:
    base = "#/components/schemas/It/$defs/"
    kind = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}}
    parts = {name: {**kind, "required": ["kind", name]} for name in ("Cat", "Dog")}
    choice = {"propertyName": "kind", "mapping": {"cat": base + "Cat", "dog": base + "Dog"}}
    it = schema({keyword: [{"$ref": base + name} for name in parts], "discriminator": choice, "$defs": parts})
    values = [made(it, f"seed {at}") for at in range(10)]
    for value in values:
        assert value["kind"].capitalize() in value
    assert made(schema({**it.data, "discriminator": {"propertyName": "kind"}}))["kind"] in parts
