from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.contract.model import Contract
from mockserver.contract.schemas import Schema, SchemaSet
from mockserver.exceptions import SpecError
from mockserver.spec.references import Library
from mockserver.spec.versions import version_of

Make = Callable[..., Schema]


def valid(schema: Schema, value: Any, direction: Any = "request") -> bool:
    return schema.is_valid(value, direction=direction)


def test_handles_are_equal_by_place(folder: Callable[..., Path]) -> None:
    library = Library()
    document = library.load(folder({"a.json": {"a": {}, "b": {}}}) / "a.json")
    one, two = SchemaSet(library), SchemaSet(library)
    assert one.at(document, "/a") == two.at(document, "/a")
    assert hash(one.at(document, "/a")) == hash(two.at(document, "/a"))
    assert one.at(document, "/a") != one.at(document, "/b")
    assert one.at(document, "/a") is one.at(document, "/a")
    assert one.at(document, "/a") != "/a"
    with pytest.raises(KeyError):
        one.at(document, "/c")


def test_references_between_files(folder: Callable[..., Path]) -> None:
    path = folder(
        {
            "api/openapi.yaml": "X: {$ref: '../parts/b c.yaml#/Y'}\nZ: {type: integer}",
            "parts/b c.yaml": "Y: {type: array, items: {$ref: 'sub/d.yaml'}}",
            "parts/sub/d.yaml": "properties: {z: {$ref: '../../api/openapi.yaml#/Z'}}",
        }
    )
    library = Library()
    schema = SchemaSet(library).at(library.load(path / "api/openapi.yaml"), "/X")
    assert valid(schema, [{"z": 1}])
    assert not valid(schema, [{"z": "1"}])
    assert schema.resolved().document.file.endswith("b c.yaml")
    assert schema.resolved().pointer == "/Y"
    violation = schema.explain([{"z": "1"}], direction="request", location="body")[0]
    assert violation.file.endswith("openapi.yaml")
    assert (violation.pointer, violation.schema, violation.line) == ("/0/z", "/Z/type", 2)


def test_recursive_schemas(schema: Make) -> None:
    tree = schema(
        {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/It"}, "n": {"type": "integer"}}}
    )
    assert valid(tree, {"next": {"next": {"n": 1}}})
    assert not valid(tree, {"next": {"next": {"n": "1"}}})
    found = tree.explain({"next": {"next": {"n": "1"}}}, direction="request", location="body")
    assert [violation.pointer for violation in found] == ["/next/next/n"]
    assert set(tree.properties()["next"].properties()) == {"next", "n"}


def test_anchors(schema: Make) -> None:
    it = schema({"$ref": "#part"}, Part={"$anchor": "part", "type": "integer"})
    assert valid(it, 1)
    assert not valid(it, "1")


@pytest.mark.parametrize(
    ("data", "good", "bad"),
    [
        ({"type": "integer"}, 2**63, 1.5),
        ({"type": "integer", "minimum": 2**63 + 1}, 2**63 + 1, 2**63),
        ({"type": "integer", "maximum": 2**70}, 2**70, 2**70 + 1),
        ({"type": "integer", "multipleOf": 3}, 2**64 + 2, 2**64 + 3),
        ({"const": 2**64 + 1}, 2**64 + 1, 2**64 + 2),
        ({"enum": [2**64 + 1]}, 2**64 + 1, 2**64),
        ({"type": "integer", "format": "int32"}, 2**31 - 1, 2**31),
        ({"type": "integer", "format": "int32"}, -(2**31), -(2**31) - 1),
        ({"type": "integer", "format": "int64"}, 2**63 - 1, 2**63),
        ({"type": "integer", "format": "int32", "minimum": 5}, 5, 4),
        ({"type": ["integer", "null"], "format": "int32"}, None, 2**31),
        ({"type": "string", "format": "int32"}, "text", 1),
        ({"type": "number", "format": "float"}, 1.5, "1.5"),
        ({"type": "number", "format": "double"}, 1e300, None),
        ({"type": "string", "format": "byte"}, "aGk=", "a!"),
        ({"type": "string", "format": "byte"}, "", "aGk"),
        ({"type": "string", "format": "binary"}, "\x00anything", 1),
        ({"type": "string", "format": "binary", "maxLength": 3}, b"\x00\xff\xfe", b"1234"),
        ({"type": "string", "format": "password"}, "secret", 1),
        ({"type": "string", "format": "duration"}, "PT1H", "1h"),
        ({"type": "string", "format": "uuid"}, "123e4567-e89b-12d3-a456-426614174000", "123"),
        ({"type": "string", "format": "date-time"}, "2025-01-31T12:00:00Z", "2025-01-31"),
        ({"type": "string", "format": "date"}, "2024-02-29", "2025-02-29"),
        ({"type": "string", "format": "time"}, "12:00:00Z", "noon"),
        ({"type": "string", "format": "email"}, "a@example.com", "a.example.com"),
        ({"type": "string", "format": "uri"}, "https://example.com/a", "a b"),
        ({"type": "string", "format": "hostname"}, "a.example", "-a"),
        ({"type": "string", "format": "ipv4"}, "1.2.3.4", "1.2.3.400"),
        ({"type": "string", "format": "ipv6"}, "::1", "1::2::3"),
        ({"type": "string", "format": "made-up"}, "anything", 1),
        ({"type": "string", "pattern": r"^\p{Lu}\d+$"}, "Ü1", "ü1"),
        ({"type": "string", "pattern": r"^(?!x)[a-z]+$"}, "abc", "xyz"),
        ({"patternProperties": {"^[a-z]$": {"type": "integer"}}}, {"a": 1, "AA": ""}, {"a": ""}),
        ({"type": "object", "additionalProperties": False, "properties": {"a": {}}}, {"a": 1}, {"b": 1}),
        ({"not": {"type": "string"}}, 1, "a"),
        (True, object.__name__, ...),
        (False, ..., 1),
    ],
)
def test_valid_or_not_and_why(schema: Make, data: Any, good: Any, bad: Any) -> None:
    it = schema(data)
    if good is not ...:
        assert valid(it, good)
        assert it.explain(good, direction="request", location="body") == []
    if bad is not ...:
        assert not valid(it, bad)
        assert it.explain(bad, direction="request", location="body")[0].message


def test_values_that_json_cannot_hold(schema: Make) -> None:
    it = schema({"type": "object", "properties": {"a": {"type": "string", "maxLength": 2}}})
    assert valid(it, {"a": "\ud800"})
    assert valid(it, {"a": b"\xff\xff"})
    assert not valid(it, {"a": b"\xff\xff\xff"})
    assert valid(it, {1: "x"})
    assert it.explain({"a": b"abc"}, direction="request", location="body")[0].pointer == "/a"


# --- directions --------------------------------------------------------------------------------------------------

ACCOUNT = {
    "type": "object",
    "required": ["id", "name", "password"],
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "name": {"type": "string"},
        "password": {"type": "string", "writeOnly": True},
    },
}


def test_a_request_need_not_carry_what_is_read_only(schema: Make) -> None:
    it = schema(ACCOUNT)
    assert valid(it, {"name": "a", "password": "b"}, "request")
    assert valid(it, {"id": 1, "name": "a", "password": "b"}, "request")
    assert not valid(it, {"id": 1, "name": "a"}, "request")


def test_a_response_carries_nothing_that_is_write_only(schema: Make) -> None:
    it = schema(ACCOUNT)
    assert valid(it, {"id": 1, "name": "a"}, "response")
    assert not valid(it, {"name": "a"}, "response")
    violation = it.explain({"id": 1, "name": "a", "password": "b"}, direction="response", location="response.body")[0]
    assert (violation.pointer, violation.location) == ("/password", "response.body")
    assert "writeOnly" in violation.hint


def test_direction_reaches_through_references_and_all_of(schema: Make) -> None:
    base = {"type": "object", "required": ["id", "name"], "properties": {"name": {"type": "string"}}}
    part = {
        "allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"id": {"$ref": "#/components/schemas/Id"}}}]
    }
    it = schema(
        {"type": "array", "items": {"$ref": "#/components/schemas/Part"}}, Base=base, Part=part, Id={"readOnly": True}
    )
    assert valid(it, [{"name": "a"}], "request")
    assert not valid(it, [{"id": 1}], "request")
    assert not valid(it, [{"name": "a"}], "response")
    plain = schema({"$ref": "#/components/schemas/Base"}, Base=base, Part=part, Id={"readOnly": True})
    assert not valid(plain, {"name": "a"}, "request"), "the base alone hides nothing"


def test_direction_through_a_reference_with_siblings(schema: Make) -> None:
    it = schema(
        {"$ref": "#/components/schemas/Base", "properties": {"id": {"readOnly": True}}},
        Base={"required": ["id", "name"]},
    )
    assert valid(it, {"name": 1}, "request")
    assert not valid(it, {}, "request")
    assert not valid(it, {"name": 1}, "response")


def test_direction_of_a_base_that_includes_itself(schema: Make) -> None:
    it = schema({"allOf": [{"$ref": "#/components/schemas/Node"}], "properties": {"id": {"readOnly": True}}}, Node={
        "required": ["id"], "properties": {"child": {"$ref": "#/components/schemas/Node"}},
    })  # fmt: skip
    assert valid(it, {}, "request")
    assert not valid(it, {"child": {}}, "request")


def test_properties_with_the_names_of_keywords(schema: Make) -> None:
    names = ["properties", "required", "allOf", "example", "default", "enum", "$ref", "readOnly", "format", "x-a"]
    it = schema({"properties": {name: {"type": "integer", "readOnly": True} for name in names}, "required": names})
    assert valid(it, {}, "request")
    assert set(it.properties()) == set(names)
    for name in names:
        assert not valid(it, {name: "text"}, "request"), name


def test_examples_are_no_schemas(schema: Make) -> None:
    it = schema(
        {"required": ["a"], "example": {"readOnly": True, "$ref": "#/nowhere"}, "default": {"$ref": "http://x"}}
    )
    assert not valid(it, {}, "request")


def test_openapi_3_0_is_translated(folder: Callable[..., Path]) -> None:
    library = Library()
    document = library.load(
        folder({"a.yaml": "openapi: 3.0.3\ncomponents: {schemas: {X: {type: string, nullable: true}}}"}) / "a.yaml"
    )
    it = SchemaSet(library, version_of(document).to_2020_12).at(document, "/components/schemas/X")
    assert valid(it, None)
    assert it.types() == {"string", "null"}
    assert not valid(it, 1)


# --- what a schema says ------------------------------------------------------------------------------------------


def test_types(schema: Make) -> None:
    assert schema({}).types() == frozenset()
    assert schema({"type": ["string", "null"]}).types() == {"string", "null"}
    assert schema({"$ref": "#/components/schemas/X"}, X={"type": "object"}).types() == {"object"}
    assert schema({"allOf": [{"type": ["integer", "string"]}, {"type": "number"}]}).types() == {"integer"}
    assert schema({"oneOf": [{"type": "string"}, {"type": "integer"}]}).types() == frozenset()
    assert schema({"oneOf": [{"type": "string"}, {"const": 1}]}).possible_types() == {"string", "integer"}


def test_properties_and_items(schema: Make) -> None:
    it = schema(
        {
            "allOf": [{"$ref": "#/components/schemas/X"}],
            "oneOf": [{"properties": {"b": {}}}],
            "properties": {"c/d": {}},
        },
        X={"properties": {"a": {"type": "integer"}}},
    )
    assert set(it.properties()) == {"a", "b", "c/d"}
    assert it.properties()["a"].types() == {"integer"}
    assert it.properties()["c/d"].pointer.endswith("/properties/c~1d")
    assert it.items() is None
    items = schema({"allOf": [{"items": {"type": "integer"}}]}).items()
    assert items is not None
    assert items.types() == {"integer"}
    assert schema(True).properties() == {}


@pytest.mark.parametrize(
    ("data", "closed", "opened"),
    [
        ({}, False, True),
        ({"properties": {"a": {}}}, False, False),
        ({"properties": {"a": {}}, "additionalProperties": False}, True, False),
        ({"properties": {"a": {}}, "unevaluatedProperties": False}, True, False),
        ({"properties": {"a": {}}, "additionalProperties": True}, False, True),
        ({"properties": {"a": {}}, "additionalProperties": {"type": "string"}}, False, True),
        ({"properties": {"a": {}}, "patternProperties": {"^x": {}}}, False, True),
        ({"allOf": [{"properties": {"a": {}}}, {"additionalProperties": True}]}, False, True),
        (True, False, True),
    ],
)
def test_closed_and_open(schema: Make, data: Any, closed: bool, opened: bool) -> None:
    assert schema(data).closed_properties() is closed
    assert schema(data).open_properties() is opened


@pytest.mark.parametrize(
    ("data", "any_string"),
    [
        ({"type": "string"}, True),
        ({"type": "string", "description": "d", "example": "e", "x-y": 1}, True),
        ({"type": "string", "format": "password"}, True),
        ({"type": "string", "format": "date"}, False),
        ({"type": "string", "minLength": 1}, False),
        ({"type": "string", "enum": ["a"]}, False),
        ({"type": ["string", "null"]}, False),
        ({"type": "integer"}, False),
        ({}, False),
    ],
)
def test_accepts_any_string(schema: Make, data: Any, any_string: bool) -> None:
    assert schema(data).accepts_any_string() is any_string


# --- defaults ----------------------------------------------------------------------------------------------------

DEFAULTS = {
    "type": "object",
    "properties": {
        "a": {"type": "integer", "default": 1},
        "list": {"type": "array", "default": []},
        "inner": {"$ref": "#/components/schemas/Inner"},
        "made": {"type": "object", "default": {}, "properties": {"x": {"default": 2}}},
        "rows": {"type": "array", "items": {"$ref": "#/components/schemas/Inner"}},
        "id": {"readOnly": True, "default": 9},
        "self": {"$ref": "#/components/schemas/It"},
    },
}
INNER = {"allOf": [{"properties": {"b": {"default": None}}}], "oneOf": [{"properties": {"c": {"default": 3}}}]}


def test_defaults_are_filled_in(schema: Make) -> None:
    it = schema(DEFAULTS, Inner=INNER)
    assert it.with_defaults({"inner": {}, "rows": [{}, {"b": 1}]}) == {
        "a": 1,
        "list": [],
        "made": {"x": 2},
        "inner": {"b": None},
        "rows": [{"b": None}, {"b": 1}],
    }
    full = it.with_defaults({})
    assert it.with_defaults(full) is full
    assert it.with_defaults("text") == "text"
    full["list"].append(1)
    assert it.with_defaults({})["list"] == [], "a default is never shared"


def test_a_default_that_calls_for_itself_ends(schema: Make) -> None:
    it = schema({"properties": {"next": {"$ref": "#/components/schemas/It", "default": {}}}})
    assert it.with_defaults({})["next"]


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*DEFAULTS["properties"], "b", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_with_defaults_leaves_its_input_and_is_idempotent(schema: Make, value: Any) -> None:
    if "it" not in _MADE:
        _MADE["it"] = schema(DEFAULTS, Inner=INNER)
    before = copy.deepcopy(value)
    once = _MADE["it"].with_defaults(value)
    assert value == before
    assert _MADE["it"].with_defaults(once) is once


_MADE: dict[str, Schema] = {}


# --- what is broken ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [{"type": "strng"}, {"pattern": "("}, {"$ref": "#/components/schemas/Nowhere"}])
def test_a_broken_schema_is_a_spec_error_with_its_place(schema: Make, data: Any) -> None:
    with pytest.raises(SpecError) as caught:
        schema(data).is_valid(1, direction="request")
    assert caught.value.problems[0].line == 1


def test_a_broken_schema_does_not_disturb_the_others(schema: Make, build: Callable[..., Contract]) -> None:
    it = schema({"type": "integer"}, Broken={"pattern": "("})
    assert valid(it, 1)
