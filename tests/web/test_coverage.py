"""`GET /__admin/coverage`: what the calls of a running mock have touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mockserver.web.app import create_app
from tests.mocks import Mock, desk, serve
from tests.testing.desks import desk as desk_of_a_test
from tests.testing.desks import fetch
from tests.webhooks.receiver import Receiver, answer


@pytest.fixture
def mock() -> Mock:
    return desk()


@pytest.fixture
def client(mock: Mock) -> FlaskClient:
    return create_app(mock.engine).test_client()


def asked(client: FlaskClient, query: str = "", status: int = 200, namespace: str = "") -> Any:
    headers = {"X-Mock-Namespace": namespace} if namespace else {}
    response = client.get(f"/__admin/coverage{query}", headers=headers)
    assert response.status_code == status, response.text
    return response.get_json(force=True)


def test_it_counts_the_calls_of_the_journal(mock: Mock, client: FlaskClient) -> None:
    empty = asked(client)
    assert (empty["since"], empty["exchanges"], empty["total"]["touched"]) == (1, 0, 0)
    mock.call("POST /tickets", {"title": "x"})
    mock.call("GET /tickets")
    body = asked(client)
    assert (body["since"], body["exchanges"]) == (1, 2)
    assert body["dimensions"]["operations"] == {"touched": 2, "total": 9, "percent": 22.22}
    assert body["apis"]["desk"]["total"] == body["total"]
    assert body["total"]["touched"] == sum(each["touched"] for each in body["dimensions"].values()) == 5


def test_what_is_missing_comes_with_reason_and_place(mock: Mock, client: FlaskClient) -> None:
    mock.call("POST /tickets", {"title": "x"})
    missing = asked(client, "?limit=2")["missing"]
    assert len(missing) == 2
    first = missing[0]
    assert (first["api"], first["dimension"], first["operation"], first["name"]) == (
        *("desk", "statuses", "createTicket", "401"),
    )
    assert first["why"].startswith("createTicket is called once and 401")
    assert first["place"]["line"] == 29
    assert len(asked(client)["missing"]) == 20
    assert asked(client, "?limit=0")["missing"] == []


def test_of_one_namespace(mock: Mock, client: FlaskClient) -> None:
    mock.call("GET /tickets", x_mock_namespace="one")
    mock.call("GET /status", x_mock_namespace="two")
    assert asked(client)["dimensions"]["operations"]["touched"] == 2
    for found in (asked(client, "?namespace=one"), asked(client, namespace="one")):
        assert (found["exchanges"], found["dimensions"]["operations"]["touched"]) == (1, 1)


def test_of_one_api() -> None:
    mock = serve(Path(__file__).parents[1] / "data" / "bazaar")
    client = create_app(mock.engine).test_client()
    assert list(asked(client, "?api=bazaar")["apis"]) == ["bazaar"]


def test_what_the_ring_has_lost_is_told() -> None:
    mock = desk(journal_size=2)
    for line in ("GET /status", "GET /tickets", "GET /tickets"):
        mock.call(line)
    found = asked(create_app(mock.engine).test_client())
    assert (found["since"], found["exchanges"], found["dimensions"]["operations"]["touched"]) == (2, 2, 1)


def test_events_that_nobody_took_are_not_counted() -> None:
    mock = serve(Path(__file__).parents[1] / "data" / "bazaar")
    event = next(iter(mock.engine.apis["bazaar"].contract.webhooks))
    with mock.engine, Receiver(answer(500)) as receiver:
        mock.engine.outbox.subscribe("bazaar", receiver.url, "a secret of some length", validate=False)
        mock.engine.outbox.emit("bazaar", event)
        assert mock.engine.outbox.settle(10)
        assert mock.engine.outbox.deliveries()
        assert asked(create_app(mock.engine).test_client())["dimensions"]["events"]["touched"] == 0


def test_events_that_were_delivered() -> None:
    mock = serve(Path(__file__).parents[1] / "data" / "bazaar")
    client = create_app(mock.engine).test_client()
    event = next(iter(mock.engine.apis["bazaar"].contract.webhooks))
    with mock.engine, Receiver() as receiver:
        mock.engine.outbox.subscribe("bazaar", receiver.url, "a secret of some length")
        mock.engine.outbox.emit("bazaar", event)
        assert mock.engine.outbox.settle(10)
        assert asked(client)["dimensions"]["events"]["touched"] == 1
        assert asked(client, "?namespace=other")["dimensions"]["events"]["touched"] == 0


@pytest.mark.parametrize(
    ("query", "status", "detail", "hint"),
    [
        ("?api=dek", 404, "no API is called 'dek'", "did you mean 'desk'?"),
        ("?limit=all", 400, "limit must be a whole number, not 'all'", None),
        ("?limit=-1", 400, "limit must be a whole number, not '-1'", None),
        ("?operation=x", 400, "unknown filter 'operation'", "known: api, namespace, limit"),
        ("?ap=x", 400, "unknown filter 'ap'", "did you mean 'api'?"),
    ],
)
def test_what_cannot_be_is_refused(client: FlaskClient, query: str, status: int, detail: str, hint: str | None) -> None:
    problem = asked(client, query, status)
    assert (problem["detail"], problem.get("hint")) == (detail, hint)


def test_a_world_has_its_own() -> None:
    with desk_of_a_test() as one, desk_of_a_test(seed=1) as other:
        assert fetch(f"{one.url}/tickets").status == 200
        assert fetch(f"{one.server_url}/__admin/coverage").json["dimensions"]["operations"]["touched"] == 1
        assert fetch(f"{other.server_url}/__admin/coverage").json["dimensions"]["operations"]["touched"] == 0
