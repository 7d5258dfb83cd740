"""`from_schema`: every keyword built, nothing thrown away, and a clear word when there is no value."""

from __future__ import annotations

import ipaddress
import re
import uuid
import warnings
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import strategies as st

import mockserver.strategies.schemas as module
from mockserver.contract.schemas import plain_validator
from mockserver.exceptions import UsageError
from mockserver.strategies import UnknownFormat, UnreadPattern, from_schema
from mockserver.strategies.formats import FORMAT_NAMES
from tests.strategies.drawn import both, drawn

TREE = {
    "type": "object",
    "required": ["name", "children"],
    "properties": {
        "name": {"type": "string"},
        "children": {"type": "array", "items": {"$ref": "#"}},
        "parent": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
    },
}
SCHEMAS: Mapping[str, Any] = {
    "recursion": TREE,
    "two that need each other": {
        "$ref": "#/$defs/a",
        "$defs": {
            "a": {"type": "object", "properties": {"b": {"$ref": "#/$defs/b"}}, "required": ["b"]},
            "b": {"oneOf": [{"$ref": "#/$defs/a"}, {"type": "integer"}]},
        },
    },
    "allOf with required across": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "integer", "minimum": 3}}},
            {"required": ["a", "b"], "properties": {"a": {"maximum": 5}, "b": {"type": "string", "minLength": 2}}},
        ]
    },
    "oneOf that overlaps": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "not": {"type": "integer", "minimum": 0, "maximum": 9, "not": {"enum": [1, 2, 3, 4, 5, 6, 7, 8]}},
    "not an object with a member": {"type": "object", "properties": {"a": True}, "not": {"required": ["a"]}},
    "tuples": {
        "type": "array",
        "prefixItems": [{"type": "integer"}, {"type": "string"}],
        "items": False,
        "minItems": 1,
    },
    "contains": {"type": "array", "items": {"type": "integer"}, "contains": {"minimum": 100}, "minContains": 2},
    "at most one contained": {"type": "array", "items": {"enum": [1, 2]}, "contains": {"const": 1}, "maxContains": 1},
    "closed by unevaluatedProperties": {
        "type": "object",
        "properties": {"kind": {"enum": ["a", "b"]}},
        "required": ["kind"],
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"properties": {"one": {"type": "integer"}}, "required": ["one"]},
        "else": {"properties": {"two": {"type": "string"}}},
        "unevaluatedProperties": False,
    },
    "unevaluatedItems": {"prefixItems": [{"type": "null"}], "type": "array", "unevaluatedItems": {"type": "boolean"}},
    "dependentRequired": {
        "type": "object",
        "properties": {"card": {"type": "string"}, "name": {"type": "string"}, "bill": {"type": "string"}},
        "dependentRequired": {"card": ["name"], "name": ["bill"]},
    },
    "dependentSchemas": {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "dependentSchemas": {"a": {"required": ["b"], "properties": {"b": {"const": 1}}}},
    },
    "maps": {
        "type": "object",
        "propertyNames": {"pattern": "^[a-z]{2,4}$"},
        "patternProperties": {"^x": {"type": "integer"}},
        "additionalProperties": {"type": "boolean"},
        "minProperties": 2,
        "maxProperties": 4,
    },
    "no item twice": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": True, "minItems": 3},
    "twice the same item": {"type": "array", "items": {"type": "boolean"}, "not": {"uniqueItems": True}},
    "steps": {"type": "number", "multipleOf": 0.25, "minimum": -1, "exclusiveMaximum": 2},
    "long text": {"type": "string", "minLength": 500, "maxLength": 501},
    "pattern and length": {"type": "string", "pattern": "^[a-z]+$", "minLength": 30, "maxLength": 32},
    "two patterns": {"type": "string", "allOf": [{"pattern": "^a"}, {"pattern": "^.{1,4}$"}]},
    "a value of any type": True,
    "boundless": {"minimum": 2, "minLength": 3, "minItems": 1, "required": ["a"]},
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_values_keep_the_schema(name: str) -> None:
    schema = SCHEMAS[name]
    valid = both(schema)
    values = drawn(from_schema(schema), 60)
    assert values
    assert all(map(valid, values))
    assert all(map(valid, drawn(from_schema(schema, mode="documented"), 15)))


def test_hardly_any_value_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts: list[bool] = []
    checked = module.Plan.is_valid

    def noted(self: module.Plan, value: Any) -> bool:
        verdicts.append(checked(self, value))
        return verdicts[-1]

    monkeypatch.setattr(module.Plan, "is_valid", noted)
    for schema in SCHEMAS.values():
        drawn(from_schema(schema), 30)
    assert len(verdicts) > 300
    assert verdicts.count(False) == 0


def test_what_can_only_be_looked_for_is_looked_for_in_every_type() -> None:
    schema = {"not": {"anyOf": [True, {"properties": {"foo": True}}], "unevaluatedProperties": False}}
    for number in range(1, 21):
        assert all(isinstance(value, dict) for value in drawn(from_schema(schema), 12, number=number))


def test_recursion_is_finite_and_reaches_down() -> None:
    def depth(value: Any) -> int:
        return 1 + max(map(depth, value["children"]), default=0)

    depths = {depth(value) for value in drawn(from_schema(TREE), 80)}
    assert min(depths) == 1
    assert max(depths) >= 3


def test_all_room_is_used() -> None:
    schema = {
        "type": "object",
        "required": ["list", "text", "number", "maybe"],
        "properties": {
            "list": {"type": "array", "items": {"type": "integer"}},
            "text": {"type": "string"},
            "number": {"type": "number"},
            "maybe": {"type": ["string", "null"]},
            "optional": {"type": "boolean"},
        },
    }
    values = drawn(from_schema(schema), 200)
    assert any(value["list"] == [] for value in values)
    assert any(not value["text"].isascii() for value in values)
    assert any(abs(value["number"]) > 10**9 for value in values)
    assert any(value["maybe"] is None for value in values)
    assert {True, False, None} <= {value.get("optional") for value in values}
    assert any(value.keys() - schema["properties"].keys() for value in values)  # type: ignore[attr-defined]


def test_closed_objects_get_nothing_else() -> None:
    schema = {"type": "object", "properties": {"a": {}}, "additionalProperties": False}
    assert all(value.keys() <= {"a"} for value in drawn(from_schema(schema), 60))


def test_documented_values_are_near_to_the_example() -> None:
    schema = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string"}, "count": {"type": "integer"}, "note": {"type": ["string", "null"]}},
    }
    example = {"id": "A-17", "count": 3, "note": "by the door"}
    values = drawn(from_schema(schema, mode="documented", example=example), 100)
    same = [name for value in values for name in value if value[name] == example[name]]
    assert len(same) > 0.7 * sum(map(len, values))
    assert any(value != example for value in values)
    assert not any(None in value.values() for value in values)


def test_the_same_seed_gives_the_same_values() -> None:
    schema = {**TREE, "title": "once"}
    first = drawn(from_schema(schema), 25, number=7)
    assert first == drawn(from_schema(dict(schema)), 25, number=7)
    assert first != drawn(from_schema(schema), 25, number=8)


def test_a_schema_is_worked_out_once_and_again_when_it_was_changed() -> None:
    schema: dict[str, Any] = {"type": "integer"}
    assert module.plan_of(schema) is module.plan_of(schema)
    assert all(isinstance(value, int) for value in drawn(from_schema(schema), 5))
    schema["type"] = "null"
    assert drawn(from_schema(schema), 5) == [None]


def test_values_may_be_changed_without_harm() -> None:
    schema = {"const": {"a": [1]}}
    drawn(from_schema(schema), 1)[0]["a"].append(2)
    assert drawn(from_schema(schema), 1) == [{"a": [1]}]


# versions and directions


def test_openapi_3_0_words_are_understood() -> None:
    schema = {
        "type": "object",
        "required": ["a", "b"],
        "properties": {
            "a": {"type": "string", "nullable": True, "enum": ["x"]},
            "b": {"type": "integer", "minimum": 3, "exclusiveMinimum": True, "maximum": 5},
        },
    }
    values = drawn(from_schema(schema, version="3.0"), 60)
    assert {value["a"] for value in values} == {"x", None}
    assert {value["b"] for value in values} == {4, 5}


def test_what_does_not_travel_is_left_out() -> None:
    schema = {
        "type": "object",
        "required": ["id", "secret", "name"],
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "secret": {"type": "string", "writeOnly": True},
            "name": {"type": "string"},
        },
    }
    sent = drawn(from_schema(schema, direction="request"), 30)
    received = drawn(from_schema(schema, direction="response"), 30)
    assert all("id" not in value and {"secret", "name"} <= value.keys() for value in sent)
    assert all("secret" not in value and {"id", "name"} <= value.keys() for value in received)


def test_a_discriminator_names_the_branch() -> None:
    def pet(**properties: Any) -> dict[str, Any]:
        return {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}, **properties}}

    schema = {
        "anyOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}],
        "discriminator": {"propertyName": "kind", "mapping": {"meow": "#/$defs/Cat"}},
        "$defs": {"Cat": pet(lives={"const": 9}), "Dog": pet(barks={"const": True})},
    }
    for direction in (None, "response"):
        values = drawn(from_schema(schema, direction=direction), 60)
        assert {value["kind"] for value in values} == {"meow", "Dog"}
        assert all(value["kind"] == "meow" for value in values if "lives" in value)


# formats


def is_moment(text: str) -> bool:
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).tzinfo is not None


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("uuid", uuid.UUID),
        ("date", date.fromisoformat),
        ("date-time", is_moment),
        ("ipv4", ipaddress.IPv4Address),
        ("ipv6", ipaddress.IPv6Address),
    ],
)
def test_formats_are_what_they_are_called(name: str, check: Any) -> None:
    for text in drawn(from_schema({"type": "string", "format": name}), 40):
        check(text)


@pytest.mark.parametrize(
    "name",
    sorted(FORMAT_NAMES | {"binary", "password"}),
)
def test_formats_keep_the_check_of_the_contract(name: str) -> None:
    valid = plain_validator({"type": "string", "format": name})
    texts = drawn(from_schema({"type": "string", "format": name}), 40)
    assert all(map(valid, texts))
    assert len(set(texts)) > 3


def test_whole_numbers_of_32_and_64_bits() -> None:
    for name, most in (("int32", 2**31), ("int64", 2**63)):
        values = drawn(from_schema({"type": "integer", "format": name}, direction="response"), 60)
        assert all(-most <= value < most for value in values)


def test_declared_formats() -> None:
    schema = {"type": "string", "format": "ticket"}
    for declared in ("^T-[0-9]{3}$", st.just("T-123"), lambda text: True):
        values = drawn(from_schema(schema, formats={"ticket": declared}), 10)
        assert values
        if isinstance(declared, str):
            assert all(re.fullmatch("T-[0-9]{3}", value) for value in values)


# bad input


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "allOf": [{"type": "integer"}]}, ["type: string", "type: integer", "/allOf/0"]),
        ({"type": "integer", "minimum": 5, "maximum": 3}, ["minimum: 5", "maximum: 3"]),
        ({"type": "string", "minLength": 5, "maxLength": 3}, ["minLength: 5", "maxLength: 3"]),
        ({"type": "integer", "enum": ["a", "b"]}, ["enum", "integer"]),
        ({"type": "string", "const": 3}, ["const", "string"]),
        ({"enum": [1, 2], "minimum": 5}, ["enum", "minimum"]),
        ({"type": "array", "minItems": 3, "maxItems": 1}, ["minItems", "maxItems"]),
        (
            {"type": "object", "required": ["a"], "properties": {"b": {}}, "additionalProperties": False},
            ["required", "'a'"],
        ),
        (
            {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 2, "maximum": 1}}},
            ["minimum: 2", "/properties/a"],
        ),
        ({"type": "object", "required": ["a", "b"], "maxProperties": 1}, ["maxProperties", "required"]),
        (False, ["false"]),
        ({"not": {}}, ["not"]),
    ],
)
def test_a_schema_that_nothing_keeps_is_named_with_the_keywords(schema: Any, words: list[str]) -> None:
    with pytest.raises(UsageError, match="no value keeps the schema") as caught:
        from_schema(schema)
    for word in words:
        assert word in str(caught.value)


def test_recursion_without_end_is_told() -> None:
    schema = {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}}
    with pytest.raises(UsageError, match="contains itself without end"):
        from_schema(schema)


def test_a_reference_to_nowhere_is_told() -> None:
    with pytest.raises(UsageError, match="thing"):
        from_schema({"$ref": "#/$defs/thing"})


def test_a_pattern_that_cannot_be_read_is_told() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        values = drawn(from_schema({"type": "string", "pattern": r"^\p{Script=Greek}*$|^[ -~]*$"}), 5)
    assert [str(each.message) for each in caught if each.category is UnreadPattern]
    assert all(isinstance(value, str) for value in values)


def test_an_unknown_format_warns_once() -> None:
    schema = {"type": "string", "format": "moon-phase"}
    with pytest.warns(UnknownFormat, match="moon-phase"):
        assert drawn(from_schema(schema), 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert drawn(from_schema(dict(schema)), 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: from_schema([]), "not list"),  # type: ignore[arg-type]
        (lambda: from_schema({}, mode="wild"), "wild"),  # type: ignore[arg-type]
        (lambda: from_schema({}, version="2.0"), "2.0"),  # type: ignore[arg-type]
        (lambda: from_schema({"type": "strin"}), "cannot be used"),
        (lambda: from_schema({"minimum": "a"}), "cannot be used"),
    ],
)
def test_wrong_calls(call: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        call()


def test_nothing_is_fetched() -> None:
    with pytest.raises(UsageError, match="nothing is fetched"):
        from_schema({"$ref": "http://127.0.0.1:9/schema.json"})
