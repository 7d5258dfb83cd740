"""The mock of a run: what it serves, and tokens that hold."""

from __future__ import annotations

import http.client
import threading

import pytest
import requests

from mockserver.engine.assembly import Options
from mockserver.exceptions import UsageError
from mockserver.testing.run.environment import variables
from mockserver.testing.run.mock import RunningMock
from mockserver.webhooks.subscriptions import WebhookTarget
from tests.mocks import DESK


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The specs are parsed once per run, and the cache of whoever runs the tests stays as it is."""
    monkeypatch.setenv("MOCKSERVER_CACHE", str(tmp_path_factory.getbasetemp() / "specs"))


def technicians(mock: RunningMock, token: str) -> int:
    headers = {"Authorization": f"Zoho-oauthtoken {token}"}
    return requests.get(f"{mock.url}/zoho-assist/api/v2/technicians", headers=headers, timeout=10).status_code


def test_the_issuer_of_tokens_is_served_beside_what_was_asked_for() -> None:
    with RunningMock(["zoho-assist"]) as mock:
        assert (mock.names, mock.served) == (("zoho-assist",), ("zoho-assist", "zoho-accounts"))
        assert list(mock.tokens) == ["zoho-assist"]
        answer = requests.post(f"{mock.url}/zoho-accounts/oauth/v2/token", timeout=10)
        assert answer.headers.get("X-Mockserver-Problem") is None  # it is the API that answers


def test_a_token_holds_also_after_a_reset() -> None:
    with RunningMock(["zoho-assist"], Options(auth="strict")) as mock:
        token = mock.tokens["zoho-assist"]
        assert technicians(mock, "made.up") == 401
        assert technicians(mock, token) == 200
        requests.post(f"{mock.url}/__admin/reset", timeout=10).raise_for_status()
        assert technicians(mock, token) == 200


def hurled(mock: RunningMock, times: int) -> None:
    """So many calls, each on a connection of its own, by a client that hears no answer."""
    for _ in range(times):
        client = http.client.HTTPConnection(mock.url.removeprefix("http://"), timeout=10)
        client.request("GET", "/desk/tickets", headers={"Authorization": "Bearer any-token"})
        client.close()


def test_what_was_sent_last_is_answered_when_all_is_settled() -> None:
    with RunningMock([str(DESK)]) as mock:
        hurled(mock, 50)
        assert mock.settle(20)
        assert len(mock.engine.journal) == 50


def test_what_takes_long_is_waited_for_and_not_for_ever() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()
    with RunningMock([str(DESK)]) as mock:

        def held(exchange: object) -> None:
            begun.set()
            go_on.wait(20)
            done.set()

        mock.engine.journal.listener = held
        hurled(mock, 1)
        assert begun.wait(20)
        assert not mock.settle(0.05)
        later = threading.Timer(0.05, go_on.set)
        later.start()
        assert mock.settle(20)
        assert done.is_set()
        later.join()


def test_connections_that_are_only_open_are_not_waited_for() -> None:
    with RunningMock([str(DESK)]) as mock, requests.Session() as session:
        session.get(f"{mock.url}/desk/tickets", timeout=10)
        assert mock.settle(10)  # and not because the time is over


def test_two_on_one_port_is_one_too_many() -> None:
    with RunningMock(["zoho-lens"]) as mock:
        port = int(mock.url.rpartition(":")[2])
        with pytest.raises(UsageError, match=f"port {port} on 127.0.0.1 is in use"):
            RunningMock(["zoho-lens"], port=port)


def test_who_is_sent_events_can_be_told_the_secret() -> None:
    target = WebhookTarget("zoom-scheduler", "http://127.0.0.1:9/hooks", "")
    with RunningMock(["zoom-scheduler"], Options(webhooks=(target,))) as mock:
        (subscription,) = mock.engine.outbox.subscriptions()
        assert mock.secrets == {"zoom-scheduler": subscription.secrets[0]}
        told = variables(mock.url, mock.served, mock.tokens, mock.secrets)
        assert told["ZOOM_SCHEDULER_WEBHOOK_SECRET"] == subscription.secrets[0]
