from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mockserver.contract.build_operations import generated_id
from mockserver.contract.model import Contract, Server
from mockserver.exceptions import Problem, SpecError

Build = Callable[..., Contract]
Problems = Callable[..., tuple[Problem, ...]]

DOCUMENT = """
openapi: 3.1.0
info: {title: Pets, version: "1", description: All about pets}
servers:
  - url: https://API.{region}.example.com:443/v1/
    variables: {region: {default: eu, enum: [us, eu]}}
  - url: /mock
security: [{oauth: [read]}, {key: []}]
paths:
  /pets/{petId}:
    parameters:
      - {name: petId, in: path, required: true, schema: {type: string}}
      - {name: X-Trace, in: header, schema: {type: string}}
    get:
      operationId: getPet
      tags: [pets]
      parameters: [{name: X-Trace, in: header, required: true, schema: {$ref: "#/components/schemas/Trace"}}]
      responses:
        "200":
          description: ok
          headers: {ETag: {required: true, schema: {type: string}}}
          content:
            Application/JSON; charset=utf-8:
              schema: {$ref: "#/components/schemas/Pet"}
              examples: {rex: {$ref: "#/components/examples/rex"}, none: {externalValue: a.json}}
        "404": {$ref: "#/components/responses/Missing"}
        default: {description: any, x-evidence: assumed}
    delete: {security: [], deprecated: true, x-evidence: observed, responses: {2xx: {description: gone}}}
  /pets:
    $ref: "items.yaml#/pets"
webhooks:
  petBorn: {post: {requestBody: {content: {application/json: {schema: true}}}, responses: {"200": {description: ok}}}}
components:
  examples: {rex: {value: {name: Rex}}}
  responses: {Missing: {description: none, content: {application/json: {example: {error: 1}}}}}
  schemas:
    Pet: {type: object, properties: {name: {type: string}}}
    Trace: {type: string, default: abc}
  securitySchemes:
    oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: "https://x", scopes: {read: to read}}}}
    key: {type: apiKey, name: X-Key, in: header}
    bearer: {type: http, scheme: Bearer}
"""
ITEMS = """
pets:
  get:
    parameters: [{name: limit, in: query, content: {application/json: {schema: {type: integer, default: 7}}}}]
    responses: {"200": {description: ok}}
  post:
    operationId: createPet
    requestBody:
      required: true
      content:
        multipart/form-data: {schema: {$ref: "openapi.yaml#/components/schemas/Pet"}, encoding: {name: {style: form}}}
    responses: {"201": {description: ok}}
"""


@pytest.fixture(scope="module")
def contract(build: Build) -> Contract:
    return build(DOCUMENT, {"items.yaml": ITEMS})


def test_the_whole(contract: Contract) -> None:
    assert (contract.title, contract.version, contract.openapi) == ("Pets", "1", "3.1")
    assert contract.description == "All about pets"
    assert contract.file == "openapi.yaml"
    assert contract.source["openapi"] == "3.1.0"
    assert list(contract.operations) == ["getPet", "deletePetsByPetId", "getPets", "createPet"]
    assert contract.schemas["Pet"].types() == {"object"}


def test_servers(contract: Contract, build: Build) -> None:
    assert contract.servers == (
        Server("https", ("api.eu.example.com", "api.us.example.com"), "/v1"),
        Server("", (), "/mock"),
    )
    bare = build("{openapi: 3.1.0, info: {title: a, version: b}, paths: {}}")
    assert bare.servers == (Server("", (), ""),)


def test_parameters_of_the_path_item_merge(contract: Contract) -> None:
    pet, trace = contract.operations["getPet"].parameters
    assert (pet.name, pet.location, pet.style, pet.explode, pet.required) == (
        "petId",
        "path",
        "simple",
        False,
        True,
    )
    assert (trace.name, trace.required, trace.default) == ("x-trace", True, "abc")
    assert [item.name for item in contract.operations["deletePetsByPetId"].parameters] == ["petId", "x-trace"]


def test_parameters_with_content(contract: Contract) -> None:
    (limit,) = contract.operations["getPets"].parameters
    assert (limit.media_type, limit.style, limit.explode, limit.default) == ("application/json", "form", True, 7)
    assert limit.schema is not None
    assert limit.schema.types() == {"integer"}


def test_responses(contract: Contract) -> None:
    operation = contract.operations["getPet"]
    assert list(operation.responses) == ["200", "404", "default"]
    assert operation.documented_statuses() == (200, 404)
    ok = operation.responses["200"]
    assert ok.headers["etag"].required
    assert [(item.name, item.value) for item in ok.content["application/json"].examples] == [("rex", {"name": "Rex"})]
    missing = operation.response_for(404)
    assert missing is not None
    assert missing.pointer == "/components/responses/Missing"
    assert missing.content["application/json"].examples[0].name == "default"
    assert operation.responses["default"].evidence == "assumed"
    assert "2XX" in contract.operations["deletePetsByPetId"].responses


def test_a_name_may_start_like_an_extension(build: Build) -> None:
    contract = build("""
        openapi: 3.1.0
        info: {title: a, version: b}
        paths:
          x-note: {get: {}}
          /a:
            get:
              security: [{x-key: []}]
              responses:
                x-note: {description: not a status}
                "200":
                  description: fine
                  headers:
                    x-rate-limit: {required: true, schema: {type: integer}}
                    X-Request-Id: {schema: {type: string}}
                  content:
                    x-world/x-3d: {examples: {x-small: {value: cube}}}
        webhooks:
          x-moved: {post: {responses: {"200": {description: fine}}}}
        components:
          securitySchemes:
            x-key: {type: apiKey, in: header, name: x-key}
    """)
    operation = contract.operations["getA"]
    assert operation.responses.keys() == {"200"}
    answer = operation.responses["200"]
    assert [(header.name, header.required) for header in answer.headers.values()] == [
        ("x-rate-limit", True),
        ("x-request-id", False),
    ]
    assert [example.name for example in answer.content["x-world/x-3d"].examples] == ["x-small"]
    assert contract.webhooks.keys() == {"x-moved"}
    assert contract.operations.keys() == {"getA"}


def test_bodies_in_other_files(contract: Contract) -> None:
    body = contract.operations["createPet"].request_body
    assert body is not None
    assert body.required
    media_type = body.content["multipart/form-data"]
    assert media_type.encoding == {"name": {"style": "form"}}
    assert media_type.schema is not None
    assert list(media_type.schema.properties()) == ["name"]


def test_security(contract: Contract) -> None:
    schemes = contract.security_schemes
    assert dict(schemes["oauth"].scopes) == {"read": "to read"}
    assert (schemes["key"].type, schemes["key"].name, schemes["key"].location) == ("apiKey", "X-Key", "header")
    assert schemes["bearer"].scheme == "bearer"
    assert [item.schemes for item in contract.operations["getPet"].security] == [
        (("oauth", ("read",)),),
        (("key", ()),),
    ]
    assert contract.operations["deletePetsByPetId"].security == ()


def test_evidence_and_flags(contract: Contract) -> None:
    delete = contract.operations["deletePetsByPetId"]
    assert (delete.evidence, delete.deprecated) == ("observed", True)
    assert contract.operations["getPet"].evidence == "documented"


def test_webhooks(contract: Contract) -> None:
    hook = contract.webhooks["petBorn"]
    assert (hook.id, hook.method, hook.path) == ("petBorn", "POST", "petBorn")
    assert hook.request_body is not None


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("get", "/pets/{id}", "getPetsById"),
        ("get", "/pets/{petId}/owner-names", "getPetsByPetIdOwnerNames"),
        ("post", "/", "post"),
        ("get", "/a.{ext}", "getByAExt"),
    ],
)
def test_generated_ids(method: str, path: str, name: str) -> None:
    assert generated_id(method, path) == name


# --- problems ----------------------------------------------------------------------------------------------------


def document(**parts: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, **parts}


def path(operation: Any, template: str = "/a", method: str = "get") -> dict[str, Any]:
    return document(paths={template: {method: operation}})


OK = {"responses": {"200": {"description": "ok"}}}


def with_parameter(**parameter: Any) -> dict[str, Any]:
    return path({**OK, "parameters": [parameter]})


FAULTS: list[tuple[dict[str, Any], str, str]] = [
    (document(paths=None), "no `paths`", ""),
    ({**document(), "openapi": "3.0.3", "paths": {"/a": {"get": {}}}}, "at least one response", ""),
    (document(info=None), "no `info`", ""),
    (document(paths=[]), "'paths' must be a mapping", ""),
    (document(paths={"a": {}}), "does not start with a slash", ""),
    (document(paths={"/a": []}), "a path item must be a mapping", ""),
    (document(paths={"/a": {"get": []}}), "an operation must be a mapping", ""),
    (document(paths={"/a": {"gett": OK}}), "'gett' is no HTTP method", "did you mean 'get'?"),
    (document(paths={"/a": {"$ref": "#/nowhere"}}), "nowhere", ""),
    (document(paths={"/a": {"$ref": "missing.yaml"}}), "missing.yaml", ""),
    (document(paths={"/{a": {"get": OK}}), "the braces of the path '/{a' do not match", ""),
    (document(paths={"/{}": {"get": OK}}), "has no name", ""),
    (document(paths={"/{a}/{a}": {}}), "names the parameter 'a' twice", ""),
    (document(paths={"/{a}": {}, "/{b}": {}}), "the same as '/{a}' but for the names", ""),
    (path(OK, "/{a}"), "the path parameter 'a' of '/{a}' is not declared", ""),
    (
        path({**OK, "parameters": [{"name": "idd", "in": "path", "required": True, "schema": {}}]}, "/{id}"),
        "'id' of '/{id}' is not declared",
        "did you mean 'idd'?",
    ),
    (with_parameter(name="x", **{"in": "path"}, required=True, schema={}), "'x' does not occur in '/a'", ""),
    (with_parameter(name="x", **{"in": "path"}, schema={}), "must say `required: true`", ""),
    (with_parameter(name="x", **{"in": "qery"}, schema={}), "which is no place for one", "did you mean 'query'?"),
    (with_parameter(name="x", **{"in": "body"}, schema={}), "which is no place for one", "requestBody"),
    (with_parameter(**{"in": "query"}, schema={}), "a parameter needs a name", ""),
    (with_parameter(name="x", **{"in": "query"}), "neither a schema nor content", ""),
    (with_parameter(name="x", **{"in": "query"}, schema={}, content={"a/b": {}}), "both a schema and content", ""),
    (with_parameter(name="x", **{"in": "query"}, content={}), "exactly one media type", ""),
    (with_parameter(name="x", **{"in": "query"}, schema=[]), "a schema must be a mapping", ""),
    (with_parameter(name="x", **{"in": "query"}, schema={}, style="simple"), "cannot have the style 'simple'", ""),
    (with_parameter(name="x", **{"in": "query"}, schema={}, explode="yes"), "'explode' must be true or false", ""),
    (path({**OK, "parameters": [{"name": "x", "in": "query", "schema": {}}] * 2}), "is declared twice", ""),
    (path({**OK, "parameters": {}}), "'parameters' must be a list", ""),
    (path({**OK, "parameters": ["x"]}), "a parameter must be a mapping", ""),
    (path({"responses": {"20": {}}}), "'20' is no status", "4XX"),
    (path({"responses": {"200": []}}), "a response must be a mapping", ""),
    (path({"responses": {"200": {"content": {"json": {}}}}}), "'json' is no media type", "application/json"),
    (path({**OK, "requestBody": {}}), "at least one media type", ""),
    (path({**OK, "requestBody": []}), "a request body must be a mapping", ""),
    (path({**OK, "x-evidence": "assmued"}), "'assmued' is no kind of evidence", "did you mean 'assumed'?"),
    (path({"responses": {"200": {"x-evidence": 1}}}), "'1' is no kind of evidence", "documented"),
    (path({**OK, "security": [{"nope": []}]}), "the security scheme 'nope' is not declared", "securitySchemes"),
    (path({**OK, "security": ["x"]}), "must be a mapping of schemes to scopes", ""),
    (document(components={"securitySchemes": {"a": {"type": "oauth"}}}), "the unknown type 'oauth'", "oauth2"),
    (document(components={"securitySchemes": {"a": {"type": "apiKey"}}}), "needs a name and an `in`", ""),
    (document(components={"securitySchemes": {"a": {"type": "http"}}}), "needs a `scheme`", ""),
    (document(servers=[{"url": "https://{a}"}]), "the server variable 'a' has no default", ""),
    (document(servers=[{}]), "a server needs a url", ""),
    (document(webhooks={"w": {"get": OK, "post": OK}}), "more than one operation", ""),
    (document(components={"schemas": {"A": {"items": {"$ref": "#/components/schemas/B"}}}}), "B", ""),
    (document(components={"schemas": {"A": {"$ref": "https://example.com/a.yaml"}}}), "https://example.com", ""),
]


@pytest.mark.parametrize(("data", "message", "hint"), FAULTS)
def test_one_fault_is_one_problem(problems: Problems, data: dict[str, Any], message: str, hint: str) -> None:
    found = [problem for problem in problems(data) if message in problem.message]
    assert len(found) == 1
    assert hint in found[0].hint
    assert found[0].file == "openapi.yaml"
    assert found[0].line == 1


def test_all_faults_are_reported_at_once_with_their_lines(problems: Problems) -> None:
    text = """openapi: 3.1.0
info: {title: a, version: b}
security:
  - oauth: [read, wirte]
paths:
  /a:
    get:
      operationId: same
      responses: {"200": {$ref: "#/components/responses/Nope"}}
  /b/{id}:
    get:
      operationId: same
      responses: {"2000": {description: x}}
components:
  securitySchemes:
    oauth: {type: oauth2, flows: {password: {tokenUrl: "https://x", scopes: {read: r, write: w}}}}
"""
    found = problems(text)
    assert [problem.line for problem in found] == [4, 9, 11, 12, 13]
    assert "'oauth' does not declare the scope 'wirte'" in str(found[0])
    assert "did you mean 'write'?" in str(found[0])
    assert "the path parameter 'id' of '/b/{id}' is not declared" in str(found[2])
    assert "the operationId 'same' is already taken by GET /a in openapi.yaml:7" in str(found[3])


def test_two_operations_whose_generated_ids_clash(problems: Problems) -> None:
    found = problems(document(paths={"/a-b": {"get": OK}, "/a/b": {"get": OK}}))
    assert "'getAB' is taken by GET /a-b" in found[0].message


def test_a_loop_of_references(problems: Problems) -> None:
    loop = {"a": {"$ref": "#/components/responses/b"}, "b": {"$ref": "#/components/responses/a"}}
    data = path({"responses": {"200": {"$ref": "#/components/responses/a"}}})
    assert "leads back to itself" in problems({**data, "components": {"responses": loop}})[0].message
    schemas = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
    assert "leads back to itself" in problems(document(components={"schemas": schemas}))[0].message


def test_not_an_openapi_document(build: Build) -> None:
    with pytest.raises(SpecError, match="Swagger"):
        build({"swagger": "2.0"})
