from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.contract.conformance import CheckedRequest, RequestCheck, ResponseCheck
from mockserver.contract.model import Contract
from mockserver.messages import Request

DOCUMENT = """openapi: 3.1.0
info: {title: Pets, version: "1"}
paths:
  /pets/{petId}:
    parameters: [{name: petId, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getPet
      responses:
        "200":
          description: ok
          headers: {ETag: {required: true, schema: {type: integer}}}
          content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}
        "204": {description: nothing}
        4XX: {description: bad, content: {"text/*": {schema: {type: string, maxLength: 5}}}}
  /numbers/{n}:
    get:
      operationId: getNumber
      parameters:
        - {name: n, in: path, required: true, schema: {type: integer, minimum: 1}}
        - {name: limit, in: query, schema: {type: integer, minimum: 1, default: 10}}
        - {name: must, in: query, required: true, schema: {type: string}}
        - {name: filter, in: query, style: deepObject, schema: {type: object, properties: {a: {type: integer}}}}
        - {name: X-Count, in: header, schema: {type: integer}}
        - {name: Accept, in: header, required: true, schema: {type: integer}}
        - {name: session, in: cookie, schema: {type: integer}}
      responses: {"200": {description: ok}}
  /pets:
    get:
      operationId: listPets
      parameters: [{name: limit, in: query, schema: {type: integer, default: 10}}]
      responses: {"200": {description: ok}}
    post:
      operationId: createPet
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: "#/components/schemas/Pet"}}
          application/x-www-form-urlencoded: {schema: {$ref: "#/components/schemas/Pet"}}
          multipart/form-data: {schema: {type: object, properties: {photo: {type: string, format: binary}}}}
      responses: {"201": {description: ok}}
    put:
      operationId: noteDown
      requestBody: {content: {"text/*": {}}}
      responses: {"200": {description: ok}}
components:
  schemas:
    Pet:
      type: object
      required: [id, name]
      properties:
        id: {type: integer, readOnly: true}
        name: {type: string, minLength: 1}
        kind: {enum: [cat, dog], default: cat}
        owner: {type: object, properties: {name: {type: string, default: nobody}}}
        extra: {type: object}
        toys: {type: array, items: {type: object, properties: {name: {type: string}}}}
"""
Check = Callable[..., CheckedRequest]


@pytest.fixture(scope="module")
def contract(build: Callable[..., Contract]) -> Contract:
    return build(DOCUMENT)


@pytest.fixture(scope="module")
def check(contract: Contract) -> Check:
    """Checks a request to an operation; keyword arguments are those of `Request`, `path` the raw path parameters."""
    checks: dict[Any, RequestCheck] = {}

    def run(
        operation: str, path: dict[str, str] | None = None, ignored: bool = False, **request: Any
    ) -> CheckedRequest:
        key = (operation, ignored)
        if key not in checks:
            checks[key] = RequestCheck(contract.operations[operation], media_type_ignored=ignored)
        return checks[key].check(Request("X", "/x", **request), path or {})

    return run


def as_json(value: Any) -> dict[str, Any]:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return {"body": body, "headers": {"content-type": "application/json"}}


def told(checked: CheckedRequest) -> list[tuple[str, str]]:
    return [(violation.location, violation.pointer) for violation in checked.violations]


# --- parameters --------------------------------------------------------------------------------------------------


def test_a_plain_path_parameter(check: Check) -> None:
    checked = check("getPet", {"petId": "7"})
    assert checked == CheckedRequest({"petId": "7"}, {}, {}, {}, None, False, [], [], "")


def test_parameters_are_values_with_defaults(check: Check) -> None:
    checked = check(
        "getNumber",
        {"n": "7"},
        query="must=a&filter[a]=3",
        headers={"x-count": "5", "cookie": "session=9; other=1", "accept": "text/html"},
    )
    assert checked.violations == []
    assert checked.path == {"n": 7}
    assert checked.query == {"limit": 10, "must": "a", "filter": {"a": 3}}
    assert checked.headers == {"x-count": 5}
    assert checked.cookies == {"session": 9}
    assert checked.unknown == []


def test_defaults_without_a_query(check: Check) -> None:
    first = check("listPets")
    assert first.query == {"limit": 10}
    first.query["limit"] = 99
    assert check("listPets").query == {"limit": 10}


def test_wrong_parameters_are_all_told(check: Check) -> None:
    checked = check(
        "getNumber", {"n": "0"}, query="limit=x&filter[a]=b", headers={"x-count": "many", "cookie": "session=s"}
    )
    assert told(checked) == [
        ("path", "n"),
        ("query", "limit"),
        ("query", "must"),
        ("query", "filter/a"),
        ("header", "x-count"),
        ("cookie", "session"),
    ]
    assert checked.fault == "parameter"
    path, limit, must = checked.violations[:3]
    assert path.message == "path parameter 'n': 0 is less than 1"
    assert path.expected == "an integer >= 1"
    assert limit.message == "query parameter 'limit': 'x' is a string, not an integer"
    assert must.message == "query parameter 'must' is required but missing"
    assert (must.file, must.line) == ("openapi.yaml", 21)


def test_unknown_query_parameters(check: Check, contract: Contract) -> None:
    checked = check("getNumber", {"n": "1"}, query="must=a&x=1&x=2&filter=1&filterx[a]=1&y")
    assert checked.unknown == ["x", "filterx[a]", "y"]
    assert checked.fault == ""
    known = RequestCheck(contract.operations["listPets"], also_known=["api_key"])
    assert known.check(Request("GET", "/pets", "api_key=1&z=1"), {}).unknown == ["z"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("&".join(["limit=1"] * 10_000), "more than 1000 parameters"),
        ("%FF=1", "not UTF-8"),
        ("limit=%FF", "not UTF-8"),
    ],
)
def test_unreadable_queries(check: Check, query: str, message: str) -> None:
    checked = check("listPets", query=query)
    assert checked.fault == "parameter"
    assert message in checked.violations[0].message


def test_a_repeated_scalar(check: Check) -> None:
    for query, times in (("limit=1&limit=2", "twice"), ("limit=1&limit=1&limit=1", "3 times")):
        checked = check("listPets", query=query)
        assert told(checked) == [("query", "limit")]
        assert checked.violations[0].message == f"query parameter 'limit' was sent {times}"
        assert (checked.violations[0].expected, checked.fault) == ("one value", "parameter")


def test_a_repeated_field_of_a_form(check: Check) -> None:
    form = "application/x-www-form-urlencoded"
    checked = check("createPet", body=b"name=Rex&name=Tom&name=Rex", headers={"content-type": form})
    assert told(checked) == [("body", "/name")]
    assert checked.violations[0].message == "the field 'name' was sent 3 times"
    assert (checked.violations[0].line > 0, checked.fault) == (True, "body_invalid")


# --- bodies ------------------------------------------------------------------------------------------------------


def test_a_body_with_defaults(check: Check) -> None:
    checked = check("createPet", **as_json({"name": "Rex", "owner": {}}))
    assert checked.violations == []
    assert checked.has_body
    assert checked.body == {"name": "Rex", "owner": {"name": "nobody"}, "kind": "cat"}


def test_unknown_properties_at_any_depth(check: Check) -> None:
    body = {"name": "Rex", "a/b": 1, "owner": {"x": 1}, "extra": {"anything": 1}, "toys": [{}, {"colour": 1}]}
    assert check("createPet", **as_json(body)).unknown == ["/a~1b", "/owner/x", "/toys/1/colour"]


@pytest.mark.parametrize(
    ("request_parts", "fault", "message"),
    [
        ({}, "body_missing", "the body is required but missing"),
        (as_json(b'{"name":\n ]'), "body_malformed", "line 2, column 2"),
        (as_json(b"[" * 100_000), "body_malformed", "nested more than 200 levels"),
        (as_json(b"\xff"), "body_malformed", "not UTF-8"),
        (as_json(b'{"name": "\\ud800"}'), "body_malformed", "surrogate"),
        (as_json([1]), "body_invalid", "[1 items] is an array, not an object"),
        (as_json("text"), "body_invalid", "'text' is a string, not an object"),
        (as_json(None), "body_invalid", "null is null, not an object"),
        (as_json({"name": ""}), "body_invalid", "has 0 characters"),
        (as_json({"name": "Rex", "id": 2**64 + 0.0}), "", ""),
        ({"body": b"x"}, "media_type", "without a Content-Type"),
        ({"body": b"x", "headers": {"content-type": "application/jsn"}}, "media_type", "'application/jsn'"),
        ({"body": b"x", "headers": {"content-type": ";;;"}}, "media_type", "is not documented"),
        ({"body": b"x", "headers": {"content-type": "multipart/form-data"}}, "body_malformed", "no boundary"),
        (
            {"body": b"--a", "headers": {"content-type": "multipart/form-data; boundary=a"}},
            "body_malformed",
            "does not end with its boundary",
        ),
    ],
)
def test_bodies_that_are_wrong(check: Check, request_parts: dict[str, Any], fault: str, message: str) -> None:
    checked = check("createPet", **request_parts)
    assert checked.fault == fault
    assert message in " ".join(violation.message for violation in checked.violations)


def test_a_wrong_media_type_gets_a_hint(check: Check) -> None:
    checked = check("createPet", body=b"x", headers={"content-type": "application/jsn"})
    assert checked.violations[0].hint == "did you mean 'application/json'?"
    assert "application/json or application/x-www-form-urlencoded" in checked.violations[0].expected


def test_the_media_type_may_be_ignored(check: Check) -> None:
    for headers in ({}, {"content-type": "application/x-www-form-urlencoded"}, {"content-type": "nonsense"}):
        checked = check("createPet", ignored=True, body=b'{"name": "Rex"}', headers=headers)
        assert checked.violations == []
        assert checked.body["name"] == "Rex"


def test_forms_and_files(check: Check) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert check("createPet", body=b"name=Rex&kind=dog", headers=form).body == {"name": "Rex", "kind": "dog"}
    body = b'--a\r\nContent-Disposition: form-data; name="photo"; filename="p"\r\n\r\n\x89\xff\r\n--a--\r\n'
    checked = check("createPet", body=body, headers={"content-type": "multipart/form-data; boundary=a"})
    assert (checked.violations, checked.body) == ([], {"photo": b"\x89\xff"})


def test_an_optional_body_and_a_range_of_types(check: Check) -> None:
    assert not check("noteDown").has_body
    assert check("noteDown", body=b"hi", headers={"content-type": "text/markdown; charset=utf-8"}).body == "hi"
    assert check("noteDown", body=b"hi", headers={"content-type": "image/png"}).fault == "media_type"


def test_a_body_that_is_not_documented_is_not_read(check: Check) -> None:
    checked = check("getPet", {"petId": "1"}, **as_json(b"[[["))
    assert (checked.fault, checked.has_body, checked.body) == ("", False, None)


def test_many_content_types_do_not_pile_up(contract: Contract) -> None:
    it = RequestCheck(contract.operations["createPet"])
    for number in range(500):
        headers = {"content-type": f"application/json; n={number}"}
        assert it.check(Request("POST", "/pets", "", headers, b'{"name": "a"}'), {}).violations == []


@given(
    st.binary(max_size=40),
    st.sampled_from(["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", ""])
    | st.text(max_size=20),
    st.text(max_size=30),
)
def test_nothing_that_a_client_sends_raises(check: Check, body: bytes, content_type: str, query: str) -> None:
    headers = {"content-type": content_type, "cookie": query, "x-count": query}
    checked = check("createPet", body=body, headers=headers, query=query)
    assert bool(checked.fault) == bool(checked.violations)
    check("getNumber", {"n": query}, query=query, headers=headers)


# --- responses ---------------------------------------------------------------------------------------------------

JSON = (("Content-Type", "application/json"), ("ETag", "1"))
PET = {"id": 1, "name": "Rex"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "value", "message"),
    [
        (200, JSON, b"{}", PET, ""),
        (200, JSON, b"", PET, ""),
        (200, (("content-type", "application/json; charset=utf-8"), ("etag", "1")), b"{}", PET, ""),
        (204, (), b"", None, ""),
        (404, (("Content-Type", "text/plain"),), b"gone", "gone", ""),
        (200, JSON, b"{}", {"name": "Rex"}, "the required property 'id' is missing"),
        (200, JSON, b"null", None, "null is null, not an object"),
        (200, JSON, b"", None, "the response has no body"),
        (200, JSON[:1], b"{}", PET, "the response header 'etag' is required but missing"),
        (200, (JSON[0], ("ETag", "x")), b"{}", PET, "header 'etag': 'x' is a string, not an integer"),
        (200, (("Content-Type", "text/plain"), JSON[1]), b"x", "x", "the media type 'text/plain' is not documented"),
        (200, (JSON[1],), b"{}", PET, "the media type '' is not documented"),
        (204, (), b"x", None, "a body where none is documented"),
        (404, (("Content-Type", "text/plain"),), b"too long", "too long", "has 8 characters"),
        (500, JSON, b"{}", PET, "the status 500 is not documented for getPet"),
    ],
)
def test_responses(contract: Contract, status: int, headers: Any, body: bytes, value: Any, message: str) -> None:
    it = ResponseCheck(contract.operations["getPet"])
    for _ in range(2):  # the second time from memory
        found = it.violations(status, headers, body, value)
        assert [message in violation.message for violation in found] == ([True] if message else [])


def test_a_response_is_read_when_no_value_is_given(contract: Contract) -> None:
    it = ResponseCheck(contract.operations["getPet"])
    assert it.violations(200, JSON, json.dumps(PET).encode()) == []
    assert it.violations(200, JSON, b"{}")[0].location == "response.body"
    assert "not JSON" in it.violations(200, JSON, b"{")[0].message


def test_many_statuses_do_not_pile_up(contract: Contract) -> None:
    it = ResponseCheck(contract.operations["getPet"])
    for status in range(1000, 2000):
        assert it.violations(status, (), b"", None)


def test_read_only_properties_of_a_client_are_told(check: Check) -> None:
    checked = check("createPet", **as_json({"id": 7, "name": "Tom"}))
    assert (checked.violations, list(checked.unknown), list(checked.ignored)) == ([], [], ["/id"])
    assert list(check("createPet", **as_json({"name": "Tom"})).ignored) == []


def test_only_json_is_told_to_leave_quotes_away(build: Callable[..., Contract]) -> None:
    document = """openapi: 3.1.0
info: {title: It, version: "1"}
paths:
  /it:
    post:
      operationId: it
      requestBody: {content: {text/plain: {schema: {type: integer}}, application/json: {schema: {type: integer}}}}
      responses: {"200": {description: ok}}
"""
    check = RequestCheck(build(document).operations["it"])

    def hint(body: bytes, kind: str) -> str:
        [found] = check.check(Request("POST", "/it", "", {"content-type": kind}, body), {}).violations
        return found.hint

    assert hint(b'"1"', "application/json") == "send it without quotes"
    assert hint(b"1", "text/plain") == ""
