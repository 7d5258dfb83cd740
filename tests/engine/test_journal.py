from __future__ import annotations

import json
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.contract.schemas import Violation
from mockserver.engine.journal import Exchange, Journal, Warn
from mockserver.messages import Request, Response
from tests.mocks import Mock, answers, desk, one_operation

AT = 1_736_942_400.0


def an_exchange(body: bytes = b"", **fields: Any) -> Exchange:
    exchange = Exchange(Request("POST", "/desk/tickets", body=body), AT)
    exchange.response = Response(200)
    for name, value in fields.items():
        setattr(exchange, name, value)
    return exchange


@given(st.integers(1, 10), st.integers(0, 30))
def test_the_ring_keeps_the_newest(size: int, count: int) -> None:
    journal = Journal(size)
    for _ in range(count):
        journal.record(an_exchange())
    kept = [exchange.seq for exchange in journal.since(0)]
    assert kept == list(range(max(1, count - size + 1), count + 1))
    assert (len(journal), journal.last_seq) == (len(kept), count)


@pytest.mark.parametrize(
    "heavy",
    [
        lambda: an_exchange(b"x" * 10_000_000),
        lambda: an_exchange(response=Response(200, (), b"x" * 10_000_000)),
        lambda: an_exchange(request=Request("GET", "/", "x" * 10_000_000)),
        lambda: an_exchange(request=Request("GET", "/", headers={"x": "x" * 10_000_000})),
        lambda: an_exchange(request=Request("GET", "/" + "x" * 10_000_000)),
    ],
)
def test_it_is_bounded_in_bytes_too(heavy: Callable[[], Exchange]) -> None:
    """64 MiB: six exchanges of 10 MB, whatever is so large in them."""
    journal = Journal(1_000)
    for _ in range(20):
        journal.record(heavy())
    assert [exchange.seq for exchange in journal.since(0)] == list(range(15, 21))
    for _ in range(1_000):
        journal.record(an_exchange())
    assert len(journal) == 1_000


def test_one_that_is_too_large_by_itself_stays_until_the_next() -> None:
    journal = Journal(10)
    journal.record(an_exchange(b"x" * 70_000_000))
    assert len(journal) == 1
    journal.record(an_exchange())
    assert [exchange.seq for exchange in journal.since(0)] == [2]


@pytest.fixture
def journal() -> Journal:
    journal = Journal()
    violation = Violation("body", "/a", "it is wrong", "another", "/x")
    for api, operation, status, found, namespace in [
        ("desk", "list", 200, [], ""),
        ("desk", "create", 400, [violation], ""),
        ("desk", "list", 200, [], "other"),
        ("till", "list", 404, [violation], ""),
    ]:
        journal.record(
            an_exchange(api=api, operation=operation, response=Response(status), violations=found, namespace=namespace)
        )
    return journal


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [1, 2, 3, 4]),
        ({"api": "desk"}, [1, 2, 3]),
        ({"operation": "list"}, [1, 3, 4]),
        ({"status": 200}, [1, 3]),
        ({"violations": True}, [2, 4]),
        ({"violations": False}, [1, 3]),
        ({"namespace": "other"}, [3]),
        ({"namespace": ""}, [1, 2, 4]),
        ({"since": 2}, [3, 4]),
        ({"limit": 2}, [3, 4]),
        ({"api": "desk", "limit": 1}, [3]),
        ({"limit": 0}, []),
        ({"api": "desk", "operation": "list", "namespace": ""}, [1]),
        ({"since": 99}, []),
    ],
)
def test_find(journal: Journal, asked: dict[str, Any], found: list[int]) -> None:
    assert [exchange.seq for exchange in journal.find(**asked)] == found


def test_since_gives_the_oldest_first(journal: Journal) -> None:
    assert [exchange.seq for exchange in journal.since(1, 2)] == [2, 3]


@pytest.mark.parametrize(
    ("api", "namespace", "left"),
    [
        (None, None, []),
        ("desk", None, [4]),
        (None, "", [3]),
        ("desk", "other", [1, 2, 4]),
        ("none", None, [1, 2, 3, 4]),
    ],
)
def test_clear(journal: Journal, api: str | None, namespace: str | None, left: list[int]) -> None:
    journal.clear(api, namespace)
    assert [exchange.seq for exchange in journal.since(0)] == left
    journal.record(an_exchange())
    assert journal.last_seq == 5


def test_many_threads_get_numbers_of_their_own() -> None:
    journal = Journal(10_000)

    def write() -> None:
        for _ in range(200):
            journal.record(an_exchange())

    threads = [Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [exchange.seq for exchange in journal.since(0)] == list(range(1, 1_601))


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({}, "ok"),
        ({"warnings": [Warn("r", "m")]}, "warning"),
        ({"warnings": [Warn("r", "m")], "violations": [Violation("body", "", "m", "e", "")]}, "violation"),
        ({"violations": [Violation("body", "", "m", "e", "")], "fault": "boom"}, "problem"),
    ],
)
def test_the_verdict_is_the_worst(fields: dict[str, Any], verdict: str) -> None:
    assert an_exchange(**fields).verdict == verdict


class TestAsJson:
    def test_the_whole_exchange(self) -> None:
        mock = desk()
        answer = mock.call("PATCH /tickets/T1?x=1", {"priority": 9})
        shown = json.loads(json.dumps(answer.exchange.as_json()))
        assert shown["seq"] == 1
        assert shown["at"] == "2025-01-15T12:00:00.000Z"
        assert (shown["api"], shown["operation"], shown["namespace"]) == ("desk", "updateTicket", "")
        assert shown["request"]["path"] == "/desk/tickets/T1"
        assert (shown["request"]["query"], shown["request"]["body"]) == ("x=1", '{"priority": 9}')
        assert shown["parameters"]["path"] == {"ticketId": "T1"}
        assert (shown["verdict"], shown["response"]["status"]) == ("violation", 400)
        assert shown["violations"][0]["pointer"] == "/priority"
        assert shown["warnings"][0]["rule"] == "unknown"
        assert shown["trace"][0] == "match: PATCH /tickets/{ticketId} is updateTicket"
        assert shown["duration_ms"] > 0
        assert "fault" not in shown

    @pytest.mark.parametrize(
        ("body", "shown"),
        [
            (b"", ""),
            ("é".encode(), "é"),
            (b"\xff\x00", {"bytes": 2, "hex": "ff00"}),
            (b"x" * 65_537, {"bytes": 65_537, "text": "x" * 65_536}),
            (b"x" * 65_535 + "é".encode(), {"bytes": 65_537, "text": "x" * 65_535}),
        ],
    )
    def test_bodies_as_text_where_they_are_text(self, body: bytes, shown: Any) -> None:
        assert an_exchange(body).as_json()["request"]["body"] == shown

    @pytest.mark.parametrize("target", [("GET", "/\udcff"), ("GET", "/", "\udcff"), ("\udcff", "/")])
    def test_what_is_no_utf8_can_still_be_written(self, target: tuple[str, ...]) -> None:
        assert json.dumps(an_exchange(request=Request(*target)).as_json())  # type: ignore[arg-type]

    def test_a_fault_with_its_traceback(self) -> None:
        shown = an_exchange(fault="E: boom", traceback="Traceback").as_json()
        assert shown["fault"] == {"message": "E: boom", "traceback": "Traceback"}


def test_what_the_engine_decided_is_told() -> None:
    mock: Mock = desk()
    assert mock.call("GET /tickets/T9").exchange.trace == [
        "match: GET /tickets/{ticketId} is getTicket",
        "authenticate: the credential is present and well-formed, accepted (lenient)",
        "404: no ticket has the key 'T9' (rule getTicket.read, error no_ticket)",
    ]


def test_header_and_cookie_parameters_stand_among_the_others() -> None:
    schema = {"type": "integer"}
    parameters = [{"name": "X-N", "in": "header", "schema": schema}, {"name": "c", "in": "cookie", "schema": schema}]
    mock = one_operation(answers(True, parameters=parameters))
    exchange = mock.call("GET /it", x_n="7", cookie="c=8").exchange
    assert exchange.parameters == {"path": {}, "query": {}, "header": {"x-n": 7}, "cookie": {"c": 8}}
    assert mock.call("GET /it").exchange.parameters == {"path": {}, "query": {}}
