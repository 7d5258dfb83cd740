"""Answers that were made beforehand, in the place of those of an operation."""

from __future__ import annotations

import json

import pytest

from mockserver.engine.faults import FaultOrder, Reply
from mockserver.exceptions import UsageError
from mockserver.messages import Request, Response
from tests.mocks import Mock, desk

JSON = (("Content-Type", "application/json"),)


@pytest.fixture
def mock() -> Mock:
    return desk()


def order(mock: Mock, operation: str, body: bytes, breaks: str = "") -> list[Request]:
    """Let an operation answer `body` from here on; the requests for which it was asked."""
    asked: list[Request] = []

    def reply(request: Request) -> Reply:
        asked.append(request)
        return Reply(Response(200, JSON, body), "the answer of the test", breaks)

    mock.engine.faults.add(FaultOrder("desk", operation, times=None, reply=reply))
    return asked


def test_it_comes_as_it_is_and_nothing_happens(mock: Mock) -> None:
    before = mock.engine.state("desk")
    asked = order(mock, "createTicket", b'{"title": "of the test"}')
    answer = mock.call("POST /tickets", {"title": "x"})
    assert (answer.status, answer.json) == (200, {"title": "of the test"})
    assert [json.loads(request.body) for request in asked] == [{"title": "x"}]
    assert mock.engine.state("desk") == before
    exchange = mock.engine.journal.since(0)[-1]
    assert exchange.trace[-1] == "200: answered by the answer of the test"
    assert exchange.verdict == "ok"


def test_a_call_that_breaks_the_contract_is_refused_as_ever(mock: Mock) -> None:
    asked = order(mock, "createTicket", b"{}")
    assert mock.call("POST /tickets", {"title": 1}).status == 400
    assert mock.engine.journal.since(0)[-1].verdict == "violation"
    assert asked == []


def test_one_that_breaks_the_contract_leaves_only_when_that_is_meant(mock: Mock) -> None:
    order(mock, "listTickets", b'{"tickets": 1}')
    assert mock.call("GET /tickets").status == 500
    assert "tickets" in mock.engine.journal.since(0)[-1].fault
    mock.engine.faults.clear()
    order(mock, "listTickets", b'{"tickets": 1}', "tickets is no list")
    assert mock.call("GET /tickets").json == {"tickets": 1}
    (warning,) = mock.engine.journal.since(0)[-1].warnings
    assert warning.rule == "fault.breaks_contract"
    assert warning.message.endswith("does not allow the answer that was ordered: tickets is no list")


def test_it_is_one_fault_of_one_kind() -> None:
    with pytest.raises(UsageError, match="either status or reply"):
        FaultOrder("desk", status=500, reply=lambda request: Reply(Response(200)))
