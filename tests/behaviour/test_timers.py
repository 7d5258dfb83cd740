from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mockserver.exceptions import SpecError
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


class TestThen:
    """Effects of a timer."""

    note = '- create: note\n            set: {ticketId: "${{ result.ticketId }}", text: "${{ now }}"}'

    def stale(self, then: str, set: str = "set: {state: stale}\n        ", **options: Any) -> Mock:
        mock = desk((BEHAVIOUR, "set: {state: stale}", f"{set}then:\n          {then}"), **options)
        with_stale(mock, "T1", "2025-01-15T13:00:00Z")
        return mock

    def test_they_happen_at_its_moment(self) -> None:
        mock = self.stale(self.note)
        mock.engine.advance(timedelta(minutes=59))
        assert len(mock.records("note")) == 1
        mock.engine.advance(timedelta(hours=9))
        assert [(note["ticketId"], note["text"]) for note in mock.records("note")[1:]] == [
            ("T1", "2025-01-15T13:00:00Z")
        ]

    def test_they_know_the_record_as_it_is_after_set(self) -> None:
        mock = self.stale(
            "- create: note\n            when: ${{ item.state == 'stale' }}\n"
            "            bind: first\n            set: {ticketId: T1, text: '${{ result.state }}'}\n"
            "          - update: note\n            key: ${{ first.noteId }}\n"
            "            append: {log: '${{ item.text }}'}"
        )
        mock.engine.advance(timedelta(hours=2))
        note = mock.records("note")[1]
        assert (note["text"], note["log"]) == ("stale", ["stale"])

    def test_a_timer_may_have_nothing_else(self) -> None:
        mock = self.stale(self.note, set="")
        mock.engine.advance(timedelta(days=1))
        assert (state(mock), len(mock.records("note"))) == ("open", 2)
        mock.engine.advance(timedelta(days=1))
        assert len(mock.records("note")) == 2

    def test_of_a_record_that_is_forgotten_they_know_what_it_was(self) -> None:
        mock = self.stale(
            "- create: note\n            set: {ticketId: '${{ result.ticketId }}', text: '${{ len(ticket) }}'}",
            set="forget: true\n        ",
        )
        mock.engine.advance(timedelta(hours=2))
        assert [(note["ticketId"], note["text"]) for note in mock.records("note")[1:]] == [("T1", 2)]

    def test_what_they_make_may_fall_due_in_the_same_run_in_order_of_time(self) -> None:
        """T1's timer gives T2 one that is due before the one of T3, which was there all the time."""
        mock = self.stale(
            "- update: ticket\n            key: T2\n            when: ${{ item.ticketId == 'T1' }}\n"
            "            set: {state: open, staleTime: '2025-01-15T13:30:00Z'}\n          " + self.note
        )
        with_stale(mock, "T3", "2025-01-15T14:00:00Z")
        mock.engine.advance(timedelta(days=1))
        assert [(note["ticketId"], note["text"][11:16]) for note in mock.records("note")[1:]] == [
            ("T1", "13:00"),
            ("T2", "13:30"),
            ("T3", "14:00"),
        ]

    def test_a_record_that_makes_the_next_goes_on_for_ever_and_stops_where_the_clock_stands(self) -> None:
        again = (
            "- create: ticket\n            set: {title: again, staleTime: \"${{ now + duration('PT1H') }}\"}\n"
            "          - delete: ticket\n            key: ${{ result.ticketId }}"
        )
        mock = self.stale(again)
        mock.engine.advance(timedelta(hours=100, minutes=30))
        (last,) = [ticket for ticket in mock.records("ticket") if ticket["title"] == "again"]
        assert last["staleTime"] == "2025-01-19T17:00:00Z"

    def test_one_without_end_is_stopped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("mockserver.behaviour.timers.MOST_AT_ONCE", 50)
        monkeypatch.setattr("mockserver.engine.control.MOST_AT_ONCE", 50)
        mock = self.stale("- create: ticket\n            set: {title: again, staleTime: '${{ now }}'}")
        mock.engine.advance(timedelta(hours=2))
        assert len(mock.records("ticket")) == 3 + 50 + 50  # whoever looks has the next fifty run

    @pytest.mark.parametrize(
        "then",
        [
            "- create: note\n            set: {text: '${{ 1 + result.title }}'}",
            "- create: note\n          - create: note\n            set: {noteId: n1}",
            "- delete: note\n            key: n1\n          - create: note\n            each: ${{ 1 }}",
            "- update: ticket\n            key: T1\n            append: {title: x}",
            "- update: ticket\n            key: T2\n            set: {staleTime: never, state: open}",
        ],
    )
    def test_one_that_fails_changes_nothing_and_is_told(self, then: str) -> None:
        mock = self.stale(then)
        before = mock.engine.state("desk")
        mock.engine.advance(timedelta(hours=2))
        assert mock.engine.state("desk") == before
        (reason,) = mock.engine.failed_timers
        assert reason.startswith("clock: the timer ticket.timers.grow_stale failed for 'T1': ")
        mock.engine.advance(timedelta(hours=2))
        assert len(mock.engine.failed_timers) == 1

    def test_the_rule_is_named(self) -> None:
        mock = self.stale("- create: note\n          - create: note\n            set: {noteId: n1}")
        mock.engine.advance(timedelta(hours=2))
        assert mock.engine.failed_timers[0].endswith(
            "ticket.timers.grow_stale.then[1]: 'noteId' 'n1' is taken in 'note'"
        )

    def test_draws_of_one_that_failed_are_not_used_up(self) -> None:
        ok, failing = (
            self.stale("- create: note"),
            self.stale("- create: note\n            set: {text: '${{ 1 + hex(4) }}'}"),
        )
        failing.engine.advance(timedelta(hours=2))
        made = [
            mock.call("POST /tickets", {"title": "x"}).json["ticketId"]
            for mock in (failing, self.stale("- create: note"))
        ]
        assert made[0] == made[1]
        ok.engine.advance(timedelta(hours=2))
        assert ok.call("POST /tickets", {"title": "x"}).json["ticketId"] != made[0]

    @pytest.mark.parametrize("name", ["path", "body", "query", "parent"])
    def test_they_know_of_no_request(self, name: str) -> None:
        with pytest.raises(SpecError, match=f"unknown name '{name}'"):
            self.stale(f"- delete: note\n            key: ${{{{ {name}.x }}}}")

    def test_fields_that_they_store_are_known(self) -> None:
        with pytest.raises(SpecError, match="a ticket has no field 'mood'"):
            desk((BEHAVIOUR, "at: ${{ item.staleTime }}", "at: ${{ item.mood }}"))
        mock = desk(
            (BEHAVIOUR, "at: ${{ item.staleTime }}", "at: ${{ item.mood }}"),
            (BEHAVIOUR, "set: {state: stale}", "then: [{update: ticket, key: T1, set: {mood: good}}]"),
        )
        assert mock.call("GET /tickets/T1").status == 200
        with pytest.raises(SpecError, match="a ticket has no field 'steta'"):
            self.stale("- delete: note\n            key: ${{ item.steta }}")
