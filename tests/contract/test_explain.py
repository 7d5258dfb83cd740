from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mockserver.contract.schemas import Schema, Violation
from mockserver.contract.wording import brief

Make = Callable[..., Schema]


def explain(schema: Schema, value: Any) -> list[Violation]:
    return schema.explain(value, direction="request", location="body")


@pytest.mark.parametrize(
    ("data", "value", "message", "expected", "hint"),
    [
        ({"type": "integer"}, "3", "'3' is a string, not an integer", "an integer", "send it without quotes"),
        ({"type": ["string", "null"]}, 3, "3 is an integer, not a string or null", "a string or null", ""),
        ({"type": "integer"}, True, "true is a boolean, not an integer", "an integer", ""),
        ({"type": "object"}, None, "null is null, not an object", "an object", ""),
        ({"enum": ["cat", "dog"]}, "cta", "'cta' is not one of the documented values", "one of 'cat', 'dog'", "cat"),
        ({"const": 1}, 2, "2 is not the documented value 1", "1", ""),
        ({"type": "integer", "minimum": 1}, 0, "0 is less than 1", "an integer >= 1", ""),
        ({"exclusiveMaximum": 1}, 1, "1 is not less than 1", "a number < 1", ""),
        ({"minLength": 2}, "a", "'a' has 1 characters", "at least 2 characters", ""),
        ({"maxItems": 1}, [1, 2], "the array has 2 items", "at most 1 items", ""),
        ({"uniqueItems": True}, [1, 1], "same item twice", "differ", ""),
        ({"multipleOf": 5}, 7, "7 is not a multiple of 5", "a multiple of 5", ""),
        ({"pattern": "^a"}, "b", "'b' does not match the pattern '^a'", "'^a'", ""),
        ({"format": "date"}, "x", "'x' is not a date such as 2025-01-31", "a date", ""),
        ({"not": {"type": "string"}}, "x", "'x' is expressly excluded", "", ""),
        ({"contains": {"type": "string"}}, [1], "`contains`", "", ""),
        (
            {"required": ["name", "age"], "properties": {"name": {}, "age": {}}},
            {"nam": 1},
            "the required properties 'name', 'age' are missing",
            "the properties 'name', 'age'",
            "'nam' is sent: did you mean 'name'?",
        ),
        (
            {"properties": {"name": {}}, "additionalProperties": False},
            {"nmae": 1},
            "the property 'nmae' is not allowed",
            "no properties but 'name'",
            "did you mean 'name'?",
        ),
    ],
)
def test_wording(schema: Make, data: Any, value: Any, message: str, expected: str, hint: str) -> None:
    violation = explain(schema(data), value)[0]
    assert message in violation.message
    assert expected in violation.expected
    assert hint in violation.hint
    assert violation.location == "body"


def test_every_fault_is_told_once_and_the_outermost_first(schema: Make) -> None:
    it = schema(
        {
            "type": "object",
            "required": ["a", "b"],
            "properties": {"c": {"type": "integer"}, "d": {"properties": {"e": {"type": "string"}}}},
        }
    )
    found = explain(it, {"c": "x", "d": {"e": 1}})
    assert [violation.pointer for violation in found] == ["", "/c", "/d/e"]
    assert found[1].schema == "/components/schemas/It/properties/c/type"


def test_pointers_are_escaped(schema: Make) -> None:
    found = explain(schema({"additionalProperties": {"type": "integer"}}), {"a/b~c": "x"})
    assert found[0].pointer == "/a~1b~0c"


def test_at_most_twenty(schema: Make) -> None:
    assert len(explain(schema({"items": {"type": "integer"}}), ["x"] * 5000)) == 20


def test_long_values_are_cut(schema: Make) -> None:
    violation = explain(schema({"maxLength": 3}), "x" * 100_000)[0]
    assert len(violation.message) < 130


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1.0, "1.0"), (False, "false"), (None, "null"), ("a\nb", "'a\\nb'"), ([], "[]"), ([1, 2], "[2 items]")],
)
def test_brief(value: Any, text: str) -> None:
    assert brief(value) == text


def test_brief_is_short_for_anything() -> None:
    values: list[Any] = [
        "x" * 1000,
        {"k" * 100: 1, "l": {}},
        dict.fromkeys(map(str, range(100))),
        10**10_000,
        [[]] * 1000,
    ]
    for value in values:
        assert len(brief(value)) <= 80


def pet(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}, **properties}}


PETS = {"Cat": pet(lives={"type": "integer"}), "Dog": pet(bark={"type": "string"})}
REFS = [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
def test_a_discriminator_chooses_the_branch(schema: Make, keyword: str) -> None:
    closed = {name: {**data, "additionalProperties": False} for name, data in PETS.items()}
    it = schema({keyword: REFS, "discriminator": {"propertyName": "kind"}}, **closed)
    found = explain(it, {"kind": "Cat", "lives": "nine"})
    assert [(violation.pointer, violation.schema) for violation in found] == [
        ("/lives", "/components/schemas/Cat/properties/lives/type")
    ]
    unknown = explain(it, {"kind": "Cta", "lives": "nine"})[0]
    assert unknown.pointer == "/kind"
    assert unknown.expected == "one of 'Cat', 'Dog'"
    assert unknown.hint == "did you mean 'Cat'?"
    missing = explain(it, {"lives": "nine"})[0]
    assert missing.expected == "one of 'Cat', 'Dog'"


def test_a_discriminator_with_a_mapping(schema: Make) -> None:
    mapping = {"meow": "#/components/schemas/Cat", "woof": "Dog"}
    closed = {name: {**data, "additionalProperties": False} for name, data in PETS.items()}
    it = schema({"oneOf": REFS, "discriminator": {"propertyName": "kind", "mapping": mapping}}, **closed)
    assert explain(it, {"kind": "woof", "bark": 1})[0].pointer == "/bark"
    assert explain(it, {"kind": "miow", "lives": ""})[0].hint == "did you mean 'meow'?"


def test_a_value_that_fits_two_branches_is_told_so(schema: Make) -> None:
    it = schema({"oneOf": REFS, "discriminator": {"propertyName": "kind"}}, **PETS)
    assert "not exactly one" in explain(it, {"kind": "Cat"})[0].message


def test_alternatives_without_a_discriminator(schema: Make) -> None:
    it = schema({"oneOf": [{"type": "string", "format": "date-time"}, {"type": "integer"}]})
    found = explain(it, {"a": 1})
    assert len(found) == 1
    assert found[0].schema.startswith("/components/schemas/It/oneOf")


def test_a_value_too_deep_for_the_explanation_is_still_a_violation(schema: Make) -> None:
    it = schema({"items": {"$ref": "#/components/schemas/It"}, "type": "array"})
    value: list[Any] = [1]
    for _ in range(199):
        value = [value]
    assert explain(it, value)


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
def test_a_discriminator_counts_in_valid_or_not(schema: Make, keyword: str) -> None:
    mapping = {"cat": "#/components/schemas/Cat", "dog": "#/components/schemas/Dog"}
    pets = {"Cat": pet(lives={"type": "integer"}), "Dog": {**pet(bark={"type": "string"}), "required": ["bark"]}}
    it = schema({keyword: REFS, "discriminator": {"propertyName": "kind", "mapping": mapping}}, **pets)
    assert it.is_valid({"kind": "cat", "lives": 9}, direction="request")
    assert it.is_valid({"kind": "dog", "bark": "wow", "lives": "many"}, direction="request")
    [unknown] = explain(it, {"kind": "cow", "lives": 9})
    assert (unknown.pointer, unknown.expected) == ("/kind", "one of 'cat', 'dog'")
    [other] = explain(it, {"kind": "dog", "lives": 9})
    assert "'bark' is missing" in other.message
    assert other.schema == "/components/schemas/Dog/required"


def test_a_discriminator_leaves_alternatives_without_a_name_alone(schema: Make) -> None:
    it = schema({"anyOf": [REFS[0], {"type": "object"}], "discriminator": {"propertyName": "kind"}}, **PETS)
    assert it.is_valid({"kind": "horse"}, direction="request")
    it = schema({"oneOf": [REFS[0], {"type": "null"}], "discriminator": {"propertyName": "kind"}}, **PETS)
    assert it.is_valid(None, direction="request")
    assert not it.is_valid({"kind": "horse"}, direction="request")


def test_a_discriminator_beside_dependent_schemas(schema: Make) -> None:
    more = {"dependentSchemas": {"kind": {"required": ["age"]}, "age": {"required": ["born"]}}}
    it = schema({"oneOf": REFS[:1], "discriminator": {"propertyName": "kind"}, **more}, **PETS)
    assert it.is_valid({"kind": "Cat", "age": 1, "born": 2}, direction="request")
    assert "'age' is missing" in explain(it, {"kind": "Cat"})[0].message
    assert "'born' is missing" in explain(it, {"kind": "Cat", "age": 1})[0].message


def test_what_is_not_allowed_is_not_what_another_keyword_allows(schema: Make) -> None:
    parts = [{"$ref": "#/components/schemas/Base"}, {"properties": {"age": {}}}]
    it = schema({"allOf": parts, "unevaluatedProperties": False}, Base={"properties": {"name": {}}})
    [found] = explain(it, {"name": 1, "age": 2, "nmae": 3})
    assert found.message == "the property 'nmae' is not allowed"
    assert found.hint == "did you mean 'name'?"
    assert "'name'" in found.expected
    assert "'age'" in found.expected
    it = schema({"properties": {"a": {}}, "patternProperties": {"^x-": {}}, "additionalProperties": False})
    [found] = explain(it, {"a": 1, "x-b": 2, "c": 3})
    assert found.message == "the property 'c' is not allowed"


@pytest.mark.parametrize(
    ("kind", "text", "hinted"),
    [
        ("integer", "3", True),
        ("integer", "ten", False),
        ("integer", "1.5", False),
        ("number", "1.5e3", True),
        ("boolean", "true", True),
        ("boolean", "yes", False),
    ],
)
def test_quotes_are_blamed_only_for_what_would_do_without(schema: Make, kind: str, text: str, hinted: bool) -> None:
    it = schema({"type": kind})
    assert explain(it, text)[0].hint == ("send it without quotes" if hinted else "")
    assert it.explain(text, direction="request", location="query")[0].hint == ""


def test_a_schema_that_a_direction_has_copied_is_explained_too(schema: Make) -> None:
    base = {"required": ["id"], "allOf": [{"properties": {"name": {}}, "unevaluatedProperties": False}]}
    it = schema({"$ref": "#/components/schemas/Base", "properties": {"id": {"readOnly": True}}}, Base=base)
    assert "'nmae'" in explain(it, {"name": 1, "nmae": 2})[0].message
