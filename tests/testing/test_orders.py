"""What a test orders of a mock: to fail, to be slow, to send events, to let something happen at the vendor's side."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mockserver import MockWarning
from mockserver.exceptions import UsageError
from mockserver.testing.lease import Lease
from mockserver.testing.mock_api import MockApi
from mockserver.testing.options import read_options
from mockserver.testing.verdict import verdict
from tests.mocks import DESK
from tests.testing.desks import START, call, desk, fetch

BAZAAR = DESK.parent / "bazaar"


@pytest.fixture
def api() -> Iterator[MockApi]:
    with desk() as api:
        yield api


def test_the_next_calls_fail_with_a_status(api: MockApi) -> None:
    api.fail_next("createTicket", 409, times=2, after=1)
    statuses = [call(api, "POST /tickets", {"title": "x"}).status for _ in range(4)]
    assert statuses == [200, 409, 409, 200]
    assert len(api.state["ticket"]) == 5
    assert call(api, "GET /tickets").status == 200
    assert verdict(api) == []


def test_documented_errors_go_by_their_name(api: MockApi) -> None:
    api.fail_next("createTicket", "too_many")
    assert call(api, "POST /tickets", {"title": "x"}).json["code"] == "too_many"
    api.fail_next(None, error="no_ticket", times=None)
    assert {call(api, line).status for line in ("GET /tickets", "GET /tickets/T1")} == {404}


def test_an_undocumented_status_is_allowed_and_flagged(api: MockApi) -> None:
    with pytest.warns(MockWarning, match="documents no status 503; it documents 200, 400, 401"):
        api.fail_next("listTickets", 503)
    assert call(api, "GET /tickets").status == 503
    assert any("503" in warning.message for warning in api.requests[0].warnings)
    assert verdict(api) == []


def test_a_fault_of_the_network_is_real_on_the_socket(api: MockApi) -> None:
    api.fail_next("listTickets", "CONNECTION_RESET_BY_PEER")
    with pytest.raises(ConnectionError):
        fetch(f"{api.url}/tickets")
    assert fetch(f"{api.url}/tickets").status == 200


def test_a_delay_moves_a_clock_that_stands(api: MockApi) -> None:
    api.delay("listTickets", 90)
    call(api, "GET /tickets")
    assert api.clock.now.minute == 1
    api.delay(uniform=(60, 120), times=1)
    call(api, "GET /tickets/T1")
    assert 2 <= api.clock.now.minute <= 3


def test_nothing_is_left_for_the_next_test(api: MockApi) -> None:
    api.fail_next(None, 404, times=None)
    api.world.end()
    with desk() as later:
        assert later.engine is api.world.engine
        assert call(later, "GET /tickets").status == 200


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (lambda api: api.fail_next("listTicket", 409), "did you mean 'listTickets'"),
        (
            lambda api: api.fail_next("listTickets", "CONECTION_RESET_BY_PEER"),
            "did you mean 'CONNECTION_RESET_BY_PEER'",
        ),
        (lambda api: api.fail_next("listTickets", error="to_many"), "did you mean 'too_many'"),
        (lambda api: api.fail_next("listTickets", 99), "from 200 to 599"),
        (lambda api: api.fail_next("listTickets"), "nothing is to go wrong"),
        (lambda api: api.delay("listTickets"), "a delay is seconds, uniform or lognormal"),
        (lambda api: api.delay(uniform=3), "uniform takes \\(low, high\\)"),
        (lambda api: api.act("boook"), "boook"),
        (lambda api: api.emit("order.paid"), "order.paid"),
    ],
)
def test_mistakes_are_told(api: MockApi, order: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        order(api)


def test_things_happen_at_the_vendors_side() -> None:
    with Lease() as lease:
        api = lease.api(str(DESK.parent / "shop"), read_options({"start": START}))
        assert api.actions["book"] == "Somebody orders."
        made = api.act("book", item="tea", price=7)
        assert api.state["order"].get(made["id"])["price"] == 7  # type: ignore[index]  # it is there
        with pytest.raises(UsageError, match="Nobody pays so much"):
            api.act("book", item="gold", price=5000)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:  # http.server names it
        self.server.came.append(self.rfile.read(int(self.headers["content-length"])))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.came = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_events_reach_who_subscribed(receiver: ThreadingHTTPServer) -> None:
    url = f"http://127.0.0.1:{receiver.server_port}/hook"
    with Lease() as lease:
        api = lease.api(str(BAZAAR), read_options({"start": START}))
        assert api.subscribe(url, "secret").status == "active"
        assert call(api, "POST /orders", {"item": "tea", "amount": 2.5}).status < 300
        assert [each.event for each in api.deliveries] == ["order.placed"]
        (sent,) = api.emit("order.placed", **{"data.item": "rice"})
        assert sent.status == "delivered"
        assert b'"rice"' in receiver.came[-1]  # type: ignore[attr-defined]
        api.clock.advance(minutes=31)
        assert [each.event for each in api.deliveries][-1] == "order.expired"
        assert len(receiver.came) == 3  # type: ignore[attr-defined]
        engine = api.engine
    with Lease() as lease:
        later = lease.api(str(BAZAAR), read_options({"start": START}))
        assert later.engine is engine
        assert later.deliveries == []
        assert later.emit("order.placed") == []
