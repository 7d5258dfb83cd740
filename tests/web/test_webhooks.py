"""`/__admin/webhooks`: subscribing, sending by hand, the log, and what is refused."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mockserver.web.app import create_app
from mockserver.web.server import ThreadedServer
from tests.mocks import serve
from tests.webhooks.receiver import Receiver, answer

BAZAAR = Path(__file__).parents[1] / "data" / "bazaar"


class Admin:
    """Calls of the admin API of a mock on a socket."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            sent = None if body is None else json.dumps(body)
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, f"/__admin/webhooks/{path}", sent, named)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


@pytest.fixture
def admin() -> Iterator[Admin]:
    mock = serve(BAZAAR)
    with mock.engine, ThreadedServer(create_app(mock.engine)) as server:
        yield Admin(server.port)


def test_from_subscribing_to_the_end(admin: Admin) -> None:
    with Receiver() as receiver:
        wanted = {"api": "bazaar", "url": receiver.url, "secret": "a secret of some length"}
        status, made = admin("POST", "subscriptions", wanted)
        assert (status, made["status"], made["secrets"]) == (201, "active", ["…ngth"])
        fields = {"data.item": "rice"}
        status, sent = admin("POST", "emit", {"api": "bazaar", "event": "order.placed", "fields": fields})
        (delivery,) = sent["deliveries"]
        assert (status, delivery["status"], json.loads(delivery["body"])["data"]["item"]) == (200, "delivered", "rice")
        assert delivery["attempts"][0]["response"]["status"] == 200
        assert receiver.came[0].body.decode() == delivery["body"]
        status, again = admin("POST", "redeliver", {"id": delivery["id"]})
        assert (status, len(again["attempts"])) == (200, 2)
        assert admin("GET", "deliveries?api=bazaar&status=delivered&limit=5") == (200, {"deliveries": [again]})
        assert admin("GET", "deliveries?event=order.expired") == (200, {"deliveries": []})
        assert admin("GET", "subscriptions")[1]["subscriptions"] == [made]
        assert admin("DELETE", f"subscriptions/{made['id']}") == (200, {"ended": made["id"]})
        assert admin("GET", "subscriptions") == (200, {"subscriptions": []})


def test_namespaces_are_apart(admin: Admin) -> None:
    with Receiver() as receiver:
        wanted = {"api": "bazaar", "url": receiver.url, "secret": "s"}
        admin("POST", "subscriptions", wanted, x_mock_namespace="one")
        event = {"api": "bazaar", "event": "order.placed"}
        assert admin("POST", "emit", event) == (200, {"deliveries": []})
        assert len(admin("POST", "emit", event, x_mock_namespace="one")[1]["deliveries"]) == 1
        assert admin("GET", "deliveries", x_mock_namespace="two") == (200, {"deliveries": []})
        assert len(admin("GET", "deliveries")[1]["deliveries"]) == 1  # without a namespace: of all


def test_a_receiver_that_refuses_is_told_of(admin: Admin) -> None:
    with Receiver(answer(500)) as receiver:
        admin("POST", "subscriptions", {"api": "bazaar", "url": receiver.url, "secret": "s"})
        (delivery,) = admin("POST", "emit", {"api": "bazaar", "event": "order.placed"})[1]["deliveries"]
    assert (delivery["status"], delivery["next_attempt"]) == ("pending", "2025-01-15T12:05:00.000Z")
    assert delivery["attempts"][0]["verdict"] == "answered 500: delivered is 2XX"


def test_what_cannot_be_sent_again(admin: Admin) -> None:
    with Receiver(answer(410)) as receiver:
        admin("POST", "subscriptions", {"api": "bazaar", "url": receiver.url, "secret": "s"})
        (delivery,) = admin("POST", "emit", {"api": "bazaar", "event": "order.placed"})[1]["deliveries"]
    status, problem = admin("POST", "redeliver", {"id": delivery["id"]})
    said = "it was not sent again: answered 410, which ends the subscription"
    assert (status, problem["detail"]) == (409, said)


@pytest.mark.parametrize(
    ("call", "body", "status", "detail", "hint"),
    [
        ("POST subscriptions", {"api": "bazaar"}, 400, "url is missing", "it is a URL"),
        ("POST subscriptions", {"api": "bazaar", "url": 1}, 400, "url must be a URL, not 1", None),
        (
            "POST subscriptions",
            {"api": "b", "url": "x", "sekret": ""},
            400,
            "unknown key 'sekret'",
            "did you mean 'secret'?",
        ),
        (
            "POST subscriptions",
            {"api": "bazaar", "url": "http://127.0.0.1/", "secret": ""},
            400,
            "the secret is empty",
            ...,
        ),
        ("POST subscriptions", {"api": "bazaar", "url": "http://127.0.0.1/", "secret": [1]}, 400, ..., None),
        ("POST subscriptions", {"api": "bazaar", "url": "http://1.2.3.4/", "secret": "s"}, 400, ..., ...),
        ("POST subscriptions", {"api": "bazaar", "url": "http://h/", "concurrency": True}, 400, ..., None),
        ("POST subscriptions", [], 400, "the body must be a JSON object", None),
        ("DELETE subscriptions/x", None, 404, "no subscription 'x'", "there is none"),
        ("POST emit", {"api": "bazaar", "event": "order"}, 400, "bazaar has no event 'order'", ...),
        ("POST emit", {"api": "bazaar", "event": "order.placed", "fields": {"x": 1}}, 400, "the event has no 'x'", ...),
        ("GET deliveries?status=lost", None, 400, "no delivery has the status 'lost'", ...),
        ("GET deliveries?limit=x", None, 400, "limit must be a whole number, not 'x'", None),
        ("GET deliveries?evnt=x", None, 400, "unknown filter 'evnt'", "did you mean 'event'?"),
        ("POST redeliver", {"id": "x"}, 404, "the log has no delivery 'x'", "it keeps the latest 10,000"),
    ],
)
def test_bad_calls(admin: Admin, call: str, body: Any, status: int, detail: Any, hint: Any) -> None:
    method, path = call.split()
    got, problem = admin(method, path, body)
    assert got == status
    assert detail in (..., problem["detail"])
    assert hint in (..., problem.get("hint"))
