"""The same question again and again."""

from __future__ import annotations

import pytest

from tests.checks.client.judged import DOCUMENTED, Judged, judged

ERROR = ("behaviour.yaml", "  too_many: {status: 409}", "  too_many: {status: 409}\n  rate_limited: {status: 429}")


def limited(
    quota: str = "{limit: 60, window: PT1M, per: token, operations: [listTickets, getTicket]}", timed: bool = True
) -> Judged:
    changes = (*DOCUMENTED, ERROR, ("behaviour.yaml", "resources:", f"quotas:\n  minute: {quota}\nresources:"))
    return judged(*changes, timed=timed)


def polled(client: Judged, times: int, every: float, line: str = "GET /tickets?limit=1") -> None:
    for _ in range(times):
        client.passes(every)
        assert client.call(line).status in (200, 404)


def test_faster_than_the_quota_can_bear() -> None:
    client = limited()
    polled(client, 11, 0.1)
    assert client.rules == []
    polled(client, 4, 0.1)
    found = client.only
    assert (found.rule, found.severity, found.operation) == ("polling-too-fast", "warning", "listTickets")
    assert "minute" in found.message
    assert "60 calls in PT1M" in found.message
    assert "12 times" in found.message
    assert found.expected == "at most one call every 1 s"
    assert found.key == "minute"


def test_fewer_that_go_on_for_some_seconds() -> None:
    client = limited()
    polled(client, 4, 0.9)
    assert client.rules == []
    polled(client, 1, 0.9)
    assert client.rules == ["polling-too-fast"]
    assert "5 times" in client.only.message


def test_a_few_quick_tests_that_ask_the_same_are_no_poller() -> None:
    client = limited()
    polled(client, 10, 0.01)
    assert client.end() == []


def test_as_slow_as_the_quota_wants_it() -> None:
    client = limited()
    polled(client, 20, 1.1)
    assert client.end() == []


def test_without_a_quota_nobody_knows() -> None:
    client = judged()
    polled(client, 20, 0.01)
    assert client.end() == []


def test_a_quota_of_another_operation() -> None:
    client = limited("{limit: 60, window: PT1M, per: token, operations: [createTicket]}")
    polled(client, 20, 0.01)
    assert client.end() == []


def test_the_clock_must_be_trusted() -> None:
    client = limited(timed=False)
    polled(client, 20, 0.01)
    assert client.end() == []


def test_an_answer_that_changes() -> None:
    client = limited()
    for number in range(20):
        client.mock.engine.replace_state("desk", "ticket", [{"ticketId": f"T{number}", "state": "open"}])
        polled(client, 1, 0.01)
    assert client.end() == []


def test_another_call_in_between() -> None:
    client = limited()
    for _ in range(20):
        polled(client, 1, 0.01)
        client.call("GET /tickets/none/notes")
    assert client.end() == []


def test_different_questions() -> None:
    client = limited()
    for number in range(20):
        polled(client, 1, 0.01, f"GET /tickets?limit={number + 1}")
    assert client.end() == []


def test_different_callers() -> None:
    client = limited()
    for number in range(20):
        client.call("GET /tickets", authorization=f"Bearer {number % 5}")
    assert client.end() == []


def test_the_same_refusal_is_no_poll() -> None:
    client = limited()
    polled(client, 20, 0.01, "GET /tickets/none")
    assert client.end() == []


@pytest.mark.parametrize(("times", "rules"), [(8, []), (12, ["polling-too-fast"])])
def test_a_day_bears_a_short_burst(times: int, rules: list[str]) -> None:
    client = limited("{limit: 1000, window: P1D, per: token, operations: [listTickets]}")
    polled(client, times, 1)
    assert client.end() == rules
