"""Values that are nested deeply: kept as they are or refused with one clear reason, through every door."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from mockserver.contract.json_text import DEEPEST
from mockserver.exceptions import UsageError
from mockserver.web.app import create_app
from tests.mocks import Answer, Mock, one_operation

TOO_DEEP = "the JSON is nested more than 200 levels deep"
BEYOND = [DEEPEST + 1, 1_000, 100_000]
NODE = {"type": "object", "properties": {"in": {"$ref": "#/components/schemas/Node"}, "x": {"type": "string"}}}
THING = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "free": {},
        "node": {"$ref": "#/components/schemas/Node"},
        "either": {"oneOf": [{"$ref": "#/components/schemas/Node"}, {"type": "object", "required": ["other"]}]},
        "same": {"type": "boolean"},
        "text": {"type": "string"},
        "pad": {"type": "string"},
    },
}


def _documented(id: str, status: str = "200", **more: Any) -> dict[str, Any]:
    """An operation that answers things, and with an error 400."""
    media = {"application/json": {"schema": {"type": "array", "items": THING} if id == "all" else THING}}
    error = {"application/json": {"schema": {"type": "string"}}}
    responses = {status: {"description": "ok", "content": media}, "400": {"description": "no", "content": error}}
    return {"operationId": id, "responses": {**responses, "404": {"description": "no"}}, **more}


@pytest.fixture
def mock() -> Mock:
    name = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    body = {"application/json": {"schema": THING}, "application/x-www-form-urlencoded": {"schema": THING}}
    json_query = {"name": "q", "in": "query", "content": {"application/json": {"schema": {}}}}
    return one_operation(
        _documented("it", parameters=[json_query]),
        {"respond": {"body": {"free": "${{ query.q }}", "text": "${{ text(query.q) }}"}}},
        paths={
            "/things": {
                "get": _documented("all"),
                "post": _documented("add", "201", requestBody={"content": body}),
            },
            "/things/{id}": {
                "get": _documented("one", parameters=[name]),
                "post": _documented("grow", parameters=[name]),
            },
        },
        components={"schemas": {"Node": NODE}},
        behaviour={
            "errors": {"invalid_request": {"status": 400}, "malformed_body": {"status": 400}},
            "error_body": "${{ violation.message }}",
            "resources": {"thing": {"key": "id", "defaults": {"id": "new"}}},
            "operations": {
                "all": {"list": "thing", "order": ["free"]},
                "add": {"create": "thing", "set": {"id": "a"}},
                "one": {"read": "thing", "show": {"same": "${{ unique([item.free, item.free]) == [item.free] }}"}},
                "grow": {"update": "thing", "set": {"free": {"old": "${{ item.free }}"}}},
            },
        },
    )


@pytest.fixture
def client(mock: Mock) -> FlaskClient:
    return create_app(mock.engine).test_client()


def nest(levels: int, key: str = "", inner: str = "1") -> str:
    """JSON of so many levels: lists, or objects with one member."""
    opening, closing = (f'{{"{key}":', "}") if key else ("[", "]")
    return opening * levels + inner + closing * levels


def depth(value: Any) -> int:
    found = 0
    while isinstance(value, (dict, list)) and value:
        value, found = next(iter(value.values() if isinstance(value, dict) else value)), found + 1
    return found


def refused(answer: Answer) -> None:
    """With status 400, one violation, and nothing else that went wrong."""
    assert answer.status == 400
    assert TOO_DEEP in answer.json
    assert len(answer.violations) == 1
    assert not answer.exchange.fault


@pytest.mark.parametrize("key", ["", "in"])
@pytest.mark.parametrize("pad", [0, 1_000_000])
def test_a_body_as_deep_as_allowed_is_kept_as_it_is(mock: Mock, client: FlaskClient, key: str, pad: int) -> None:
    free = nest(DEEPEST - 1, key)
    sent = f'{{"free": {free}, "pad": "{"x" * pad}"}}'.encode()
    added = mock.call("POST /things", body=sent, content_type="application/json")
    assert (added.status, added.json["free"]) == (201, json.loads(free))
    assert mock.call("GET /things/a").json == {**added.json, "same": True}
    assert mock.call("GET /things").json == [added.json]
    assert mock.records("thing") == [added.json]
    assert client.get("/__admin/state/it/thing").get_json() == [added.json]
    assert client.get("/__admin/requests").status_code == 200
    snapshot = mock.engine.snapshot()
    mock.engine.restore(snapshot)
    assert mock.records("thing") == [added.json]


@pytest.mark.parametrize("levels", BEYOND)
@pytest.mark.parametrize("key", ["", "in"])
def test_a_deeper_body_is_refused(mock: Mock, client: FlaskClient, levels: int, key: str) -> None:
    sent = f'{{"free": {nest(levels - 1, key)}}}'.encode()
    refused(mock.call("POST /things", body=sent, content_type="application/json"))
    assert mock.records("thing") == []
    assert client.get("/__admin/requests").status_code == 200


@pytest.mark.parametrize("levels", BEYOND)
def test_so_is_json_in_the_field_of_a_form(mock: Mock, levels: int) -> None:
    sent = f"id=1&node={nest(levels, 'in')}".encode()
    refused(mock.call("POST /things", body=sent, content_type="application/x-www-form-urlencoded"))


@pytest.mark.parametrize("key", ["", "in"])
def test_json_in_a_query(mock: Mock, key: str) -> None:
    kept = mock.call(f"GET /it?q={nest(DEEPEST, key)}")
    assert (kept.status, kept.json["text"]) == (200, nest(DEEPEST, key))
    for levels in BEYOND:
        refused(mock.call(f"GET /it?q={nest(levels, key)}"))


@pytest.mark.parametrize("place", ["node", "either"])
def test_a_schema_that_contains_itself_is_followed_as_deep(mock: Mock, place: str) -> None:
    inner = '{"x": null, "unknown": 1}'
    sent = f'{{"{place}": {nest(DEEPEST - 3, "in", inner)}}}'.encode()
    put = [{"id": "a", **json.loads(sent)}]
    mock.engine.replace_state("it", "thing", put)
    assert mock.call("GET /things").json == [{"id": "a", place: json.loads(nest(DEEPEST - 3, "in", "{}"))}]


@pytest.mark.parametrize("levels", BEYOND)
def test_state_that_is_too_deep_is_not_taken(mock: Mock, client: FlaskClient, levels: int) -> None:
    records = f'[{{"id": "1", "free": {nest(levels - 2)}}}]'
    answer = client.put("/__admin/state/it/thing", data=records)
    assert (answer.status_code, TOO_DEEP in answer.get_json(force=True)["detail"]) == (400, True)
    value: Any = 1
    for _ in range(levels - 2):
        value = {"in": value}
    with pytest.raises(UsageError, match="the records are nested more than 200 levels deep"):
        mock.engine.replace_state("it", "thing", [{"id": "1", "free": value}])
    assert mock.records("thing") == []


def test_a_rule_cannot_nest_without_end(mock: Mock, client: FlaskClient) -> None:
    mock.call("POST /things", {"free": 1})
    answers = [mock.call("POST /things/a") for _ in range(300)]
    grown = [answer.status for answer in answers].index(500)
    answer = answers[-1]
    assert (answer.status, answer.response.header("x-mockserver-problem")) == (500, "rule-failed")
    assert "${{ item.free }} failed: the value is nested more than 254 levels deep" in answer.json["detail"]
    assert depth(mock.records("thing")[0]["free"]) == grown == 255
    assert mock.call("GET /things").status == 200
    assert client.get("/__admin/state/it/thing").status_code == 200
