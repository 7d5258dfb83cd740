"""`/__admin/faults`."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from mockserver.web.app import create_app
from tests.mocks import desk

CALL = {"Authorization": "Bearer test"}


@pytest.fixture(scope="module")
def shared() -> FlaskClient:
    return create_app(desk().engine).test_client()


@pytest.fixture
def client(shared: FlaskClient) -> FlaskClient:
    shared.post("/__admin/reset")
    return shared


def test_set_met_seen_and_gone(client: FlaskClient) -> None:
    made = client.post("/__admin/faults", json={"api": "desk", "status": 404, "operation": "getTicket", "times": 2})
    assert made.status_code == 201
    body = made.get_json()
    assert (body["left"], body["status"], body["applied"], "note" in body) == (2, 404, False, False)
    assert client.get("/desk/tickets/T-1", headers=CALL).status_code == 404
    (waiting,) = client.get("/__admin/faults").get_json()["faults"]
    assert (waiting["id"], waiting["left"]) == (body["id"], 1)
    assert client.delete(f"/__admin/faults/{body['id']}").get_json() == {"removed": 1}
    assert client.delete(f"/__admin/faults/{body['id']}").status_code == 404


def test_all_gone_at_once(client: FlaskClient) -> None:
    for _ in range(3):
        client.post("/__admin/faults", json={"api": "desk", "fault": "TIMEOUT"})
    assert client.delete("/__admin/faults").get_json() == {"removed": 3}
    assert client.get("/__admin/faults").get_json() == {"faults": []}


def test_an_undocumented_status_is_noted(client: FlaskClient) -> None:
    made = client.post("/__admin/faults", json={"api": "desk", "operation": "listTickets", "status": 418})
    assert made.status_code == 201
    assert made.get_json()["note"].startswith("listTickets documents no status 418; it documents 200")


@pytest.mark.parametrize("delay", [0.5, {"uniform": [0.1, 2]}, {"lognormal": {"median": 0.2, "sigma": 0.5}}])
def test_a_delay_is_for_ever_and_shown_as_it_was_given(client: FlaskClient, delay: Any) -> None:
    body = client.post("/__admin/faults", json={"api": "desk", "delay": delay}).get_json()
    assert (body["delay"], body["left"]) == (delay, None)


def test_the_namespace_by_header_or_by_key(client: FlaskClient) -> None:
    given = {"api": "desk", "fault": "TIMEOUT"}
    made = client.post("/__admin/faults", json=given, headers={"X-Mock-Namespace": "a"}).get_json()
    assert made["namespace"] == "a"
    assert client.post("/__admin/faults", json={**given, "namespace": "b"}).get_json()["namespace"] == "b"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"api": "deks", "status": 500}, 404, "did you mean 'desk'"),
        ({"status": 500}, 400, "say for which API"),
        ({"api": 7, "status": 500}, 400, "api must be text"),
        ({"api": "desk", "operation": "listTicket", "status": 500}, 400, "did you mean 'listTickets'"),
        ({"api": "desk", "fault": "EMPTY"}, 400, "no fault is called"),
        ({"api": "desk", "fault": "EMPTY_RESPONCE"}, 400, "did you mean 'EMPTY_RESPONSE'"),
        ({"api": "desk", "status": "500"}, 400, "the status must be"),
        ({"api": "desk", "status": 99}, 400, "the status must be"),
        ({"api": "desk", "status": 500, "fault": "TIMEOUT"}, 400, "either status or fault"),
        ({"api": "desk", "error": "nonsense"}, 400, "knows no error"),
        ({"api": "desk"}, 400, "nothing is to go wrong"),
        ({"api": "desk", "status": 500, "times": -1}, 400, "times must be"),
        ({"api": "desk", "status": 500, "times": 1.5}, 400, "times must be"),
        ({"api": "desk", "status": 500, "after": -1}, 400, "after must be"),
        ({"api": "desk", "delay": -1}, 400, "number of seconds"),
        ({"api": "desk", "delay": "1s"}, 400, "no delay is written"),
        ({"api": "desk", "delay": {"uniform": [2, 1]}}, 400, "above the upper"),
        ({"api": "desk", "delay": {"uniform": [1]}}, 400, "no delay is written"),
        ({"api": "desk", "delay": {"lognormal": {"median": 1, "sigma": 0}}}, 400, "sigma must be"),
        ({"api": "desk", "fault": "TIMEOUT", "applied": "yes"}, 400, "applied must be"),
        ({"api": "desk", "fault": "TIMEOUT", "tiems": 1}, 400, "did you mean 'times'"),
        ([], 400, "must be a JSON object"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_set(client: FlaskClient, body: Any, status: int, said: str) -> None:
    refused = client.post("/__admin/faults", json=body)
    text = refused.get_json(force=True)
    assert refused.status_code == status, text
    assert said in f"{text['detail']} {text.get('hint', '')}"
    assert client.get("/__admin/faults").get_json() == {"faults": []}
