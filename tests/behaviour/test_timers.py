from __future__ import annotations

from datetime import timedelta

import pytest

from tests.mocks import Mock, desk

BEHAVIOUR = "behaviour.yaml"


def with_stale(mock: Mock, ticket: str, time: str) -> None:
    assert mock.call(f"PATCH /tickets/{ticket}", {"staleTime": time}).status == 200


@pytest.fixture
def mock() -> Mock:
    mock = desk()
    with_stale(mock, "T1", "2025-01-15T13:00:00Z")
    return mock


def state(mock: Mock, ticket: str = "T1") -> str:
    return str(mock.call(f"GET /tickets/{ticket}").json["state"])


def test_it_happens_when_its_moment_comes(mock: Mock) -> None:
    mock.engine.advance(timedelta(minutes=59, seconds=59))
    assert state(mock) == "open"
    mock.engine.advance(timedelta(seconds=1))
    assert state(mock) == "stale"


def test_the_condition_is_looked_at_again_with_every_change(mock: Mock) -> None:
    mock.call("POST /tickets/T1/close")
    mock.engine.advance(timedelta(hours=2))
    assert state(mock) == "closed"


def test_a_moment_that_moves_takes_the_timer_along(mock: Mock) -> None:
    with_stale(mock, "T1", "2025-01-15T14:00:00Z")
    mock.engine.advance(timedelta(hours=1))
    assert state(mock) == "open"
    mock.engine.advance(timedelta(hours=1))
    assert state(mock) == "stale"


def test_a_deleted_record_has_no_timer(mock: Mock) -> None:
    mock.call("DELETE /tickets/T1")
    mock.engine.advance(timedelta(hours=2))
    assert mock.call("GET /tickets/T1").status == 404


def test_a_record_may_be_forgotten() -> None:
    mock = desk((BEHAVIOUR, "set: {state: stale}", "forget: true"))
    with_stale(mock, "T1", "2025-01-15T13:00:00Z")
    with_stale(mock, "T3", "2025-01-15T14:00:00Z")
    mock.engine.advance(timedelta(hours=1))
    assert [record["ticketId"] for record in mock.records("ticket")] == ["T2", "T3"]
    assert mock.call("GET /tickets/T1").json["code"] == "no_ticket"
    mock.engine.advance(timedelta(hours=1))
    assert [record["ticketId"] for record in mock.records("ticket")] == ["T2"]
    mock.engine.reset()
    assert len(mock.records("ticket")) == 3


def test_the_request_that_notices_runs_them_and_says_so(mock: Mock) -> None:
    mock.engine.clock.advance(timedelta(hours=1))  # the clock alone: nobody has looked yet
    answer = mock.call("GET /tickets/T1")
    assert answer.json["state"] == "stale"
    assert "clock: 1 timer(s) were due" in answer.exchange.trace


def test_now_is_the_moment_at_which_each_fell_due() -> None:
    mock = desk((BEHAVIOUR, "set: {state: stale}", "set: {state: stale, title: 'stale at ${{ now }}'}"))
    with_stale(mock, "T3", "2025-01-15T12:20:00Z")
    with_stale(mock, "T1", "2025-01-15T12:10:00Z")
    mock.engine.advance(timedelta(days=1))
    assert mock.call("GET /tickets/T1").json["title"] == "stale at 2025-01-15T12:10:00Z"
    assert mock.call("GET /tickets/T3").json["title"] == "stale at 2025-01-15T12:20:00Z"


def test_in_order_of_time_and_seeing_each_other() -> None:
    counting = "set: {state: stale, priority: \"${{ 1 + count(ticket, state='stale') }}\"}"
    mock = desk((BEHAVIOUR, "set: {state: stale}", counting))
    with_stale(mock, "T3", "2025-01-15T12:10:00Z")
    with_stale(mock, "T1", "2025-01-15T12:20:00Z")
    mock.engine.advance(timedelta(days=1))
    assert [mock.call(f"GET /tickets/{id}").json["priority"] for id in ("T3", "T1")] == [1, 2]


def test_without_a_condition_it_runs_once_for_each_moment() -> None:
    """A timer whose effect leaves its moment as it was must not run for ever."""
    mock = desk(
        (BEHAVIOUR, "        when: ${{ item.state == 'open' }}\n", ""),
        (BEHAVIOUR, "set: {state: stale}", "set: {state: stale, priority: '${{ item.priority + 1 }}'}"),
    )
    with_stale(mock, "T1", "2025-01-15T12:10:00Z")
    mock.engine.advance(timedelta(hours=1))
    assert mock.call("GET /tickets/T1").json["priority"] == 3
    mock.engine.advance(timedelta(hours=1))
    assert mock.call("PATCH /tickets/T1", {"title": "still"}).json["priority"] == 3
    with_stale(mock, "T1", "2025-01-15T14:30:00Z")
    mock.engine.advance(timedelta(hours=1))
    assert mock.call("GET /tickets/T1").json["priority"] == 4


def test_one_that_sets_itself_again_recurs() -> None:
    mock = desk(
        (BEHAVIOUR, "        when: ${{ item.state == 'open' }}\n", ""),
        (
            BEHAVIOUR,
            "set: {state: stale}",
            "set: {staleTime: \"${{ now + duration('PT10M') }}\", agentId: \"${{ (item.agentId or '') + 'x' }}\"}",
        ),
    )
    with_stale(mock, "T1", "2025-01-15T12:10:00Z")
    mock.engine.advance(timedelta(hours=1))
    assert mock.call("GET /tickets/T1").json["agentId"] == "xxxxxx"


def test_each_namespace_has_its_own(mock: Mock) -> None:
    other = {"x-mock-namespace": "other"}
    assert mock.call("GET /tickets/T1", headers=other).json["state"] == "open"
    mock.engine.advance(timedelta(hours=1))
    assert mock.call("GET /tickets/T1", headers=other).json["state"] == "open"
    assert state(mock) == "stale"


def test_the_admin_view_of_the_state_runs_them_too(mock: Mock) -> None:
    mock.engine.clock.advance(timedelta(hours=1))
    assert mock.records("ticket")[0]["state"] == "stale"


def test_a_snapshot_brought_back_runs_what_is_due_by_now(mock: Mock) -> None:
    snapshot = mock.engine.snapshot()
    mock.engine.advance(timedelta(hours=1))
    mock.engine.restore(snapshot)
    assert state(mock) == "stale"


def test_a_moment_after_the_last_year_is_never() -> None:
    mock = desk(
        (
            BEHAVIOUR,
            "at: ${{ item.staleTime }}",
            "at: ${{ time(item.staleTime) + duration('P1D') if item.staleTime else null }}",
        )
    )
    with_stale(mock, "T1", "9999-12-31T23:59:59Z")
    mock.engine.advance(timedelta(days=365))
    assert state(mock) == "open"


def test_one_whose_rule_fails_changes_nothing_and_leaves_the_rest_usable() -> None:
    mock = desk((BEHAVIOUR, "set: {state: stale}", 'set: {state: "${{ item.title + 1 }}"}'))
    with_stale(mock, "T1", "2025-01-15T13:00:00Z")
    mock.engine.advance(timedelta(hours=2))
    assert state(mock) == "open"
    assert mock.call("GET /tickets").status == 200
    (reason,) = mock.engine.failed_timers
    assert "ticket.timers.grow_stale failed for 'T1'" in reason
