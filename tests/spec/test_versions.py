from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.exceptions import SpecError
from mockserver.spec.loader import Document
from mockserver.spec.versions import SpecVersion, version_of


def document(data: Any) -> Document:
    return Document("api.yaml", "file:///api.yaml", data)


V30 = version_of(document({"openapi": "3.0.3"}))
V31 = version_of(document({"openapi": "3.1.0"}))
NULLABLE = {"type": "string", "nullable": True}
TRANSLATED = {"type": ["string", "null"]}


def translated(schema: Any, **others: Any) -> Any:
    """`schema` as it comes out of a 3.0 document that has it (and `others`) under components."""
    data = {"openapi": "3.0.3", "components": {"schemas": {"It": schema, **others}}}
    return V30.to_2020_12(data)["components"]["schemas"]["It"]


def valid(schema: Any, value: Any, **others: Any) -> bool:
    data = V30.to_2020_12({"openapi": "3.0.3", "components": {"schemas": {"It": schema, **others}}})
    whole = {"$ref": "#/components/schemas/It", "components": data["components"]}
    return jsonschema.Draft202012Validator(whole).is_valid(value)


@pytest.mark.parametrize(
    ("word", "name"),
    [("3.0.0", "3.0"), ("3.0.4", "3.0"), ("3.1.0", "3.1"), ("3.1.1", "3.1"), ("3.1.0-rc0", "3.1")],
)
def test_supported_versions(word: str, name: str) -> None:
    assert version_of(document({"openapi": word})).name == name


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"swagger": "2.0"}, "this is Swagger 2.0.*convert it to OpenAPI 3 first"),
        ({"swagger": 2.0}, "this is Swagger 2.0"),
        ({"openapi": "3.2.0"}, "OpenAPI version '3.2.0' is not supported, only 3.0 and 3.1 are$"),
        ({"openapi": "4.0.0"}, "'4.0.0' is not supported"),
        ({"openapi": "3.10.0"}, "'3.10.0' is not supported"),
        ({"openapi": "3.1"}, "write all three numbers"),
        ({"openapi": 3.1}, "OpenAPI version 3.1 is not supported.*write all three numbers, like 3.1.0"),
        ({"openapi": None}, "None is not supported"),
        ({"openapi": ["3.1.0"]}, "is not supported"),
        ({"openAPI": "3.1.0"}, "did you mean 'openAPI'"),
        ({"info": {}}, "there is no 'openapi' key.*its first line should be like `openapi: 3.1.0`"),
        ({}, "there is no 'openapi' key"),
        ([], "is a mapping, and this is none"),
        (None, "is a mapping, and this is none"),
        ("openapi", "is a mapping, and this is none"),
    ],
)
def test_refused(data: Any, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        version_of(document(data))


def test_3_1_stays_as_it_is() -> None:
    data = {"openapi": "3.1.0", "components": {"schemas": {"It": {"nullable": True, "type": "string"}}}}

    assert V31.to_2020_12(data) is data


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (NULLABLE, TRANSLATED),
        ({"type": "string", "nullable": False}, {"type": "string"}),
        ({"nullable": True}, {}),
        ({"type": "string", "enum": ["a"], "nullable": True}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"enum": ["a", None], "nullable": True}, {"enum": ["a", None]}),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"maximum": 9, "exclusiveMaximum": True}, {"exclusiveMaximum": 9}),
        ({"minimum": 1, "exclusiveMinimum": False}, {"minimum": 1}),
        ({"exclusiveMinimum": True}, {}),
        ({"exclusiveMinimum": 3}, {"exclusiveMinimum": 3}),
        ({"$ref": "#/components/schemas/A", "type": "string"}, {"$ref": "#/components/schemas/A"}),
        ({"properties": {"nullable": NULLABLE}}, {"properties": {"nullable": TRANSLATED}}),
        (
            {"properties": {"$ref": NULLABLE, "example": NULLABLE}},
            {"properties": {"$ref": TRANSLATED, "example": TRANSLATED}},
        ),
        ({"additionalProperties": NULLABLE}, {"additionalProperties": TRANSLATED}),
        ({"additionalProperties": False}, {"additionalProperties": False}),
        ({"items": NULLABLE}, {"items": TRANSLATED}),
        ({"not": NULLABLE}, {"not": TRANSLATED}),
        ({"allOf": [{"items": NULLABLE}]}, {"allOf": [{"items": TRANSLATED}]}),
        ({"example": NULLABLE}, {"example": NULLABLE}),
        ({"default": NULLABLE}, {"default": NULLABLE}),
        ({"enum": [NULLABLE]}, {"enum": [NULLABLE]}),
        ({"x-other": NULLABLE}, {"x-other": NULLABLE}),
        ({"discriminator": {"propertyName": "kind"}}, {"discriminator": {"propertyName": "kind"}}),
    ],
)
def test_schemas_of_3_0(schema: Any, expected: Any) -> None:
    assert translated(schema) == expected


@pytest.mark.parametrize(
    "broken", [{"type": 5, "nullable": True}, {"allOf": 3, "nullable": True}, {"properties": [1]}, 7, None, []]
)
def test_what_is_no_schema_is_left_to_others_to_complain_about(broken: Any) -> None:
    translated(broken)
    translated({"oneOf": [broken], "nullable": True})


PET = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/components/schemas/Pet", "nullable": True},
        {"allOf": [{"$ref": "#/components/schemas/Pet"}], "nullable": True},
        {"allOf": [PET, {"$ref": "#/components/schemas/Pet"}], "nullable": True},
        {"type": "object", "allOf": [{"$ref": "#/components/schemas/Pet"}], "nullable": True},
        {"oneOf": [{"$ref": "#/components/schemas/Pet"}, {"type": "string"}], "nullable": True},
        {"anyOf": [{"$ref": "#/components/schemas/Pet"}, {"type": "string"}], "nullable": True},
        {"oneOf": [{"$ref": "#/components/schemas/MaybePet"}, {"type": "string"}], "nullable": True},
        {"oneOf": [{"$ref": "#/components/schemas/MaybePet"}, {"type": "string"}]},
        {"$ref": "#/components/schemas/MaybePet", "nullable": True},
        {"$ref": "#/components/schemas/MaybePet"},
        {"anyOf": [{"allOf": [{"$ref": "#/components/schemas/Pet"}], "nullable": True}, {"type": "string"}]},
    ],
)
def test_nullable_without_a_type_takes_null_and_nothing_else_more(schema: Any) -> None:
    others = {"Pet": PET, "MaybePet": {**PET, "nullable": True}}

    assert valid(schema, None, **others)
    assert valid(schema, {"id": 1}, **others)
    assert not valid(schema, {"id": "x"}, **others)
    assert not valid(schema, 5, **others)


def test_a_pointer_into_a_nullable_schema_still_leads_there() -> None:
    inline = {"type": "object", "properties": {"a": {"type": "string"}}}

    schema = translated({"nullable": True, "allOf": [inline], "oneOf": [{"type": "string"}, {"type": "integer"}]})

    assert schema["allOf"][0]["properties"]["a"] == {"type": "string"}
    assert schema["oneOf"][1] == {"type": "integer"}


def test_recursive_references_end() -> None:
    node = {"nullable": True, "oneOf": [{"$ref": "#/components/schemas/It"}]}

    assert translated(node)["oneOf"][0] == {"$ref": "#/components/schemas/It"}
    assert translated({"$ref": "#/components/schemas/It"}) == {"$ref": "#/components/schemas/It"}


def marked(where: str) -> Any:
    return {"type": "string", "nullable": True, "title": where}


def media(where: str) -> Any:
    return {
        "application/json": {
            "schema": marked(where),
            "example": {"type": "string", "nullable": True},
            "examples": {"one": {"value": {"type": "string", "nullable": True}}},
            "encoding": {"a": {"headers": {"X-A": {"schema": marked(f"{where} encoding")}}}},
        }
    }


def everywhere() -> dict[str, Any]:
    parameter = {"name": "p", "in": "query", "schema": marked("parameter")}
    responses = {
        "200": {
            "description": "",
            "headers": {"X-H": {"schema": marked("header")}, "X-C": {"content": media("header content")}},
            "content": media("response"),
        },
        "default": {"$ref": "#/x-shared/responses/Error"},
    }
    operation = {
        "parameters": [parameter, {"name": "q", "in": "query", "content": media("parameter content")}],
        "requestBody": {"content": media("body")},
        "responses": responses,
        "callbacks": {"done": {"{$request.body#/url}": {"post": {"requestBody": {"content": media("callback")}}}}},
    }
    kinds = {"parameters": {"P": parameter}, "headers": {"H": {"schema": marked("components header")}}}
    return {
        "openapi": "3.0.3",
        "info": {"x-schema": {"type": "string", "nullable": True}},
        "paths": {"/a": {"parameters": [parameter], "get": operation, "x-get": operation, "patch": operation}},
        "components": {
            "schemas": {"S": {"properties": {"a": {"$ref": "#/x-shared/odd%20place"}}}},
            "requestBodies": {"B": {"content": media("components body")}},
            "responses": {"R": responses["200"]},
            "callbacks": {"C": {"x": {"put": operation}}},
            **kinds,
        },
        "x-shared": {
            "odd place": marked("odd place"),
            "responses": {"Error": {"content": media("odd response")}},
            "unused": marked("unused"),
        },
    }


def find_marked(node: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        if "title" in node:
            yield pointer, node
        for key, value in node.items():
            yield from find_marked(value, f"{pointer}/{key}")
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from find_marked(item, f"{pointer}/{index}")


def test_every_schema_of_a_document_is_translated_and_nothing_else() -> None:
    data = everywhere()
    before = copy.deepcopy(data)

    result = V30.to_2020_12(data)

    assert data == before
    for pointer, schema in find_marked(result):
        untouched = pointer.startswith(("/paths//a/x-get", "/x-shared/unused"))
        assert schema["type"] == ("string" if untouched else ["string", "null"]), pointer
    text = json.dumps(result)
    assert text.count('"nullable": true') == json.dumps(before).count('"nullable": true') - sum(
        not pointer.startswith(("/paths//a/x-get", "/x-shared/unused")) for pointer, _ in find_marked(before)
    )


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        (NULLABLE, TRANSLATED),
        ({"Pet": {"properties": {"a": NULLABLE}}}, {"Pet": {"properties": {"a": TRANSLATED}}}),
        ({"definitions": {"Pet": NULLABLE}}, {"definitions": {"Pet": TRANSLATED}}),
        ([{"name": "p", "in": "query", "schema": NULLABLE}], [{"name": "p", "in": "query", "schema": TRANSLATED}]),
        ({"get": {"responses": {"200": {"content": {"a/b": {"schema": NULLABLE, "example": NULLABLE}}}}}},
         {"get": {"responses": {"200": {"content": {"a/b": {"schema": TRANSLATED, "example": NULLABLE}}}}}}),
        ({"A": {"minimum": 0, "exclusiveMinimum": True}}, {"A": {"exclusiveMinimum": 0}}),
        ({"A": {"anyOf": [NULLABLE]}}, {"A": {"anyOf": [TRANSLATED]}}),
        ({"A": {"items": NULLABLE}}, {"A": {"items": TRANSLATED}}),
        ({"examples": {"A": NULLABLE}}, {"examples": {"A": NULLABLE}}),
        ("text", "text"),
    ],
)  # fmt: skip
def test_other_files_of_a_3_0_document(fragment: Any, expected: Any) -> None:
    assert V30.to_2020_12(fragment) == expected


SCHEMAS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "integer", "object", "array"]),
        "nullable": st.booleans(),
        "enum": st.lists(st.sampled_from(["a", 1, None]), min_size=1, max_size=2, unique=True),
        "minimum": st.integers(),
        "exclusiveMinimum": st.booleans(),
        "$ref": st.just("#/components/schemas/Other"),
    },
)
NESTED = st.recursive(
    SCHEMAS,
    lambda children: st.fixed_dictionaries(
        {},
        optional={
            "nullable": st.booleans(),
            "allOf": st.lists(children, min_size=1, max_size=2),
            "oneOf": st.lists(children, min_size=1, max_size=2),
            "properties": st.dictionaries(st.sampled_from("ab"), children, max_size=2),
            "items": children,
        },
    ),
    max_leaves=6,
)


@given(NESTED, NESTED)
def test_translating_gives_valid_schemas_and_twice_is_once(schema: Any, other: Any) -> None:
    data = {"openapi": "3.0.3", "components": {"schemas": {"It": schema, "Other": other}}}
    before = copy.deepcopy(data)

    once = V30.to_2020_12(data)

    assert data == before
    jsonschema.Draft202012Validator.check_schema(once["components"]["schemas"]["It"])
    assert V30.to_2020_12(once) == once


def test_a_version_is_a_value() -> None:
    assert version_of(document({"openapi": "3.0.0"})) == V30
    assert isinstance(V30, SpecVersion)
