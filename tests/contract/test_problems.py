from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mockserver.contract.build import contract_problems
from mockserver.contract.model import Contract
from mockserver.exceptions import Problem
from mockserver.spec.references import Library

Build = Callable[..., Contract]


def schemas(**parts: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, "components": {"schemas": parts}}


def find(build: Build, document: Any, files: Any = None) -> list[Problem]:
    return contract_problems(build(document, files), Library())


@pytest.mark.parametrize(
    ("data", "pointer", "message", "hint"),
    [
        ({"type": "strng"}, "/type", "'strng' is no type of JSON Schema", "did you mean 'string'?"),
        ({"type": ["string", "nul"]}, "/type", "'nul' is no type", "did you mean 'null'?"),
        ({"items": {"type": "int"}}, "/items/type", "'int' is no type", ""),
        ({"pattern": "(a"}, "/pattern", "the pattern '(a' is no regular expression", "unterminated"),
        ({"properties": {"p": {"minimum": "1"}}}, "/properties/p/minimum", "`minimum` is wrong", ""),
        ({"required": "name"}, "/required", "`required` is wrong", ""),
        ({"type": "integer", "default": "x"}, "/default", "the default breaks its schema: 'x' is a string", ""),
        ({"maxLength": 2, "example": "abc"}, "/example", "the example breaks its schema", "at most 2"),
        ({"maxLength": 2, "examples": ["a", "abc"]}, "/examples/1", "the example breaks its schema", ""),
        ({"type": "string", "enum": ["a", 1]}, "/enum/1", "the enum value 1 does not fit the type string", ""),
        ({"enum": ["cat"], "default": "cta"}, "/default", "the default breaks its schema", "did you mean 'cat'?"),
    ],
)
def test_broken_schemas_and_values(build: Build, data: Any, pointer: str, message: str, hint: str) -> None:
    found = find(build, schemas(X=data))
    assert [problem.pointer for problem in found] == ["/components/schemas/X" + pointer]
    assert message in found[0].message
    assert hint in found[0].hint
    assert found[0].line == 1


@pytest.mark.parametrize(
    "data",
    [
        {"type": "string", "default": "x", "example": "y", "enum": ["x", "y"]},
        {"type": ["string", "null"], "enum": ["x", None]},
        {"properties": {"type": {"type": "string"}, "pattern": {"type": "integer", "default": 1}}},
        {"type": "number", "enum": [1, 1.5]},
        {"type": "integer", "enum": [1, 2.0]},
        {"pattern": r"^\p{L}+$", "example": "é"},
        {"required": ["id"], "properties": {"id": {"readOnly": True}}, "example": {}},
        {"properties": {"pw": {"writeOnly": True}}, "example": {"pw": 1}},
        {"properties": {"self": {"$ref": "#/components/schemas/X"}}},
        {"xml": {"name": "x"}, "externalDocs": {}, "discriminator": {"propertyName": "a"}},
    ],
)
def test_nothing_wrong(build: Build, data: Any) -> None:
    assert find(build, schemas(X=data, Y={"items": {"$ref": "#/components/schemas/X"}})) == []


def test_schemas_in_other_files_are_checked_too(build: Build) -> None:
    found = find(build, schemas(X={"$ref": "parts/x.yaml#/X"}), {"parts/x.yaml": "X:\n  type: sting\n"})
    assert [(problem.file, problem.line) for problem in found] == [("parts/x.yaml", 2)]


DOCUMENT = """openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /a:
    post:
      parameters:
        - {name: n, in: query, schema: {type: integer}, example: x}
        - {name: m, in: query, content: {application/json: {schema: {type: integer}, example: y}}}
      requestBody:
        content:
          application/json:
            schema: {$ref: "#/components/schemas/X"}
            examples:
              good: {value: {secret: s}}
              bad: {value: {}}
              shared: {$ref: "#/components/examples/shared"}
      responses:
        "200":
          description: ok
          headers: {X-N: {schema: {type: integer}, example: z}}
          content: {application/json: {schema: {$ref: "#/components/schemas/X"}, example: {secret: s}}}
components:
  examples:
    shared:
      value: {secret: 5}
  schemas:
    X: {type: object, required: [secret], properties: {secret: {type: string, writeOnly: true}}}
"""


def test_examples_are_judged_in_their_direction(build: Build) -> None:
    found = find(build, DOCUMENT)
    assert [problem.line for problem in found] == [7, 8, 15, 20, 21, 25]
    assert "the example 'bad' breaks its schema: the required property 'secret' is missing" in found[2].message
    assert "must not appear" in found[4].message
    assert "the example 'shared' breaks its schema at /secret" in found[5].message


def test_openapi_3_0(build: Build) -> None:
    document = schemas(X={"type": "string", "nullable": True, "example": None, "enum": ["a", None]})
    assert find(build, {**document, "openapi": "3.0.3"}) == []
