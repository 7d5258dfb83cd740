"""The admin API over a real engine: what came in must be shown, what could not be served must not be taken."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from flask.testing import FlaskClient

from mockserver.web.app import create_app
from tests.mocks import Mock, answers, desk, one_operation

HUGE = 10**30
INTEGER = {"type": "integer"}


REQUIRED = (
    "openapi.yaml",
    "      type: object\n      properties:\n        ticketId",
    "      type: object\n      required: [title]\n      properties:\n        ticketId",
)


@pytest.fixture
def mock() -> Mock:
    return desk(REQUIRED)


@pytest.fixture
def client(mock: Mock) -> FlaskClient:
    return create_app(mock.engine).test_client()


def huge() -> Mock:
    parameters = [{"name": "n", "in": "query", "schema": INTEGER}]
    other = answers(True, operationId="other", parameters=[{"name": "n", "in": "path", "required": True}])
    other["parameters"][0]["schema"] = INTEGER
    form = {"type": "object", "required": ["n"], "properties": {"n": INTEGER}}
    add = {
        "operationId": "add",
        "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": form}}},
        "responses": {"201": {"description": "ok", "content": {"application/json": {"schema": form}}}},
    }
    behaviour = {
        "resources": {"thing": {"key": "id"}},
        "operations": {"add": {"create": "thing", "set": {"id": "one"}, "take": ["n"]}},
    }
    paths = {"/it/{n}": {"get": other}, "/things": {"post": add}}
    return one_operation(answers(True, parameters=parameters), paths=paths, behaviour=behaviour)


class TestNumbersOfAnySize:
    @pytest.mark.parametrize(("call", "place"), [(f"GET /it?n={HUGE}", "query"), (f"GET /it/{HUGE}", "path")])
    def test_in_the_journal(self, call: str, place: str) -> None:
        mock = huge()
        mock.call(call)
        response = create_app(mock.engine).test_client().get("/__admin/requests")
        assert response.status_code == 200
        assert json.loads(response.data)["requests"][0]["parameters"][place] == {"n": HUGE}

    def test_in_the_state(self) -> None:
        mock = huge()
        form = "application/x-www-form-urlencoded"
        assert mock.call("POST /things", body=f"n={HUGE}".encode(), content_type=form).status == 201
        client = create_app(mock.engine).test_client()
        assert json.loads(client.get("/__admin/state/it").data) == {"thing": [{"id": "one", "n": HUGE}]}
        assert client.get("/__admin/requests").status_code == 200


class TestReplacedState:
    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"title": 7}, "record 1 of 'ticket': 'title' breaks the contract: 7 is an integer, not a string"),
            ({"title": None}, "record 1 of 'ticket' has no 'title', which the API answers"),
            ({"state": "melted"}, "record 1 of 'ticket': 'state' breaks the contract: 'melted' is not one of"),
        ],
    )
    def test_what_no_answer_could_show_is_refused(
        self, mock: Mock, client: FlaskClient, wrong: dict[str, Any], said: str
    ) -> None:
        before = mock.records("ticket")
        given = [before[0], {**before[1], **wrong}]
        answer = client.put("/__admin/state/desk/ticket", json=given)
        assert answer.status_code == 400
        assert answer.get_json(force=True)["detail"].startswith(said), answer.data
        assert mock.records("ticket") == before

    def test_a_required_field_must_be_there(self, mock: Mock, client: FlaskClient) -> None:
        record = mock.records("ticket")[0]
        del record["title"]
        answer = client.put("/__admin/state/desk/ticket", json=[record])
        assert answer.status_code == 400
        assert answer.get_json(force=True)["hint"] == "defaults are not filled in here"

    def test_what_only_a_change_answers_need_not_be_there(self) -> None:
        behaviour = {
            "resources": {"thing": {"key": "id"}},
            "operations": {"it": {"read": "thing", "key": "a"}, "end": {"update": "thing", "set": {"ended": "yes"}}},
        }
        text = {"type": "string"}
        ended = answers({"type": "object", "required": ["ended"], "properties": {"id": text, "ended": text}})
        parameters = [{"name": "id", "in": "path", "required": True, "schema": text}]
        missing = {"description": "none", "content": {"application/json": {"schema": True, "example": {}}}}
        ended["responses"]["404"] = missing
        shown = answers({"type": "object", "properties": {"id": text}})
        shown["responses"]["404"] = missing
        paths = {"/it/{id}": {"post": {"operationId": "end", "parameters": parameters, **ended}}}
        mock = one_operation(shown, paths=paths, behaviour=behaviour)
        client = create_app(mock.engine).test_client()
        assert client.put("/__admin/state/it/thing", json=[{"id": "a"}]).status_code == 200
        assert mock.call("POST /it/a").status == 200

    def test_what_is_there_may_be_put_back(self, mock: Mock, client: FlaskClient) -> None:
        for resource, records in client.get("/__admin/state/desk").get_json().items():
            assert client.put(f"/__admin/state/desk/{resource}", json=records).status_code == 200
        assert mock.call("GET /tickets").status == 200


class TestSnapshots:
    def test_their_number_has_an_end(self, client: FlaskClient) -> None:
        for _ in range(1000):
            assert client.post("/__admin/snapshots").status_code == 201
        answer = client.post("/__admin/snapshots")
        assert (answer.status_code, answer.content_type) == (409, "application/problem+json")
        assert answer.get_json(force=True)["hint"] == "reset forgets them"

    @pytest.mark.parametrize("path", ["/__admin/snapshots", "/__admin/snapshots/snapshot-1/restore"])
    def test_they_take_no_keys(self, client: FlaskClient, path: str) -> None:
        client.post("/__admin/snapshots", json={})
        answer = client.post(path, json={"api": "desk"})
        assert (answer.status_code, answer.get_json(force=True)["detail"]) == (400, "unknown key 'api'")


def test_an_integer_of_any_size_stays_exact_when_the_state_is_put(mock: Mock, client: FlaskClient) -> None:
    record = {"ticketId": "T1", "title": "x", "state": "open", "note": HUGE}
    assert client.put("/__admin/state/desk/ticket", data=json.dumps([record])).status_code == 200
    assert mock.records("ticket")[0]["note"] == HUGE


def test_a_timer_that_failed_is_told_by_the_clock() -> None:
    mock = desk(("behaviour.yaml", "set: {state: stale}", 'set: {state: "${{ item.title + 1 }}"}'))
    client = create_app(mock.engine).test_client()
    mock.call("PATCH /tickets/T1", {"staleTime": "2025-01-15T13:00:00Z"})
    (reason,) = client.post("/__admin/clock", json={"advance": "PT2H"}).json["failed"]  # type: ignore[index]
    assert "behaviour.yaml" in reason
    assert "failed" in (client.get("/__admin/clock").json or {})
    assert "failed" not in (client.post("/__admin/clock", json={"advance": "PT1S"}).json or {}), (
        "nothing new has failed"
    )
    client.post("/__admin/reset")
    assert "failed" not in (client.get("/__admin/clock").json or {})


def test_the_end_of_the_calendar_is_told_in_our_words(client: FlaskClient) -> None:
    answer = client.post("/__admin/clock", json={"advance": "P999999999D"})
    assert answer.status_code == 400
    assert answer.get_json(force=True)["detail"] == "the clock goes from year 1 to year 9999: that is beyond it"


def test_a_fault_is_a_problem_and_one_line_of_log(
    mock: Mock, client: FlaskClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(mock.engine, "state", broken)
    with caplog.at_level(logging.ERROR):
        answer = client.get("/__admin/state/desk")
    assert (answer.status_code, answer.headers["X-Mockserver-Problem"]) == (500, "internal-error")
    assert answer.content_type == "application/problem+json"
    assert answer.get_json(force=True)["detail"] == "RuntimeError: two\nlines"
    [record] = caplog.records
    assert record.getMessage() == r"GET /__admin/state/desk failed: RuntimeError: two\nlines"
    assert record.exc_info is None
