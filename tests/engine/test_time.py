"""The start of time, and what falls due when the clock is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mockserver.behaviour import timers
from mockserver.behaviour.declared import Behaviour
from mockserver.engine import control
from mockserver.engine.assembly import Options, build_engine
from mockserver.messages import Request
from mockserver.state.store import Namespace
from tests.mocks import START, Mock, desk, desk_folder

CREATED = "2025-01-15T11:00:00Z"


def created(mock: Mock, namespace: str = "") -> str:
    return str(mock.call("GET /tickets/T3", x_mock_namespace=namespace).json["createdTime"])


class TestAnchor:
    def test_the_fixtures_stay_where_they_are_when_the_clock_moves_before_the_first_call(self) -> None:
        mock = desk()
        mock.engine.clock.advance(timedelta(days=2))
        assert created(mock) == CREATED

    def test_a_named_namespace_begins_when_it_is_first_asked_for(self) -> None:
        mock = desk()
        mock.engine.clock.advance(timedelta(days=2))
        assert created(mock, "late") == "2025-01-17T11:00:00Z"
        assert created(mock) == CREATED

    @pytest.mark.parametrize(
        ("api", "namespace", "expected"),
        [
            (None, None, CREATED),  # the clock goes back as well
            ("desk", None, "2025-01-17T11:00:00Z"),
            ("desk", "", "2025-01-17T11:00:00Z"),
            ("desk", "other", CREATED),
        ],
    )
    def test_a_reset_is_a_new_start(self, api: str | None, namespace: str | None, expected: str) -> None:
        mock = desk()
        mock.engine.advance(timedelta(days=2))
        mock.engine.reset(api, namespace)
        assert created(mock) == expected

    def test_a_snapshot_brings_back_the_start_that_was(self) -> None:
        mock = desk()
        name = mock.engine.snapshot()
        mock.engine.clock.advance(timedelta(days=2))
        mock.call("POST /tickets", {"title": "x"})
        mock.engine.restore(name)
        assert (created(mock), len(mock.records("ticket"))) == (CREATED, 3)


class TestOrder:
    """Across APIs and namespaces, each at its moment."""

    @pytest.fixture
    def ran(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
        """What was run: the namespace's name and the minute, in order."""
        moments: list[tuple[str, float]] = []

        def noting(behaviour: Behaviour, space: Namespace, until: float, *more: Any) -> int:
            moments.append((space.name, (space.next_due - START.timestamp()) / 60))
            return timers.run_due(behaviour, space, until, *more)

        monkeypatch.setattr(control, "run_due", noting)
        return moments

    @pytest.fixture
    def mock(self) -> Mock:
        mock = desk()
        for ticket, namespace, minute in [("T1", "a", 30), ("T1", "b", 10), ("T3", "b", 20), ("T3", "a", 50)]:
            stale = {"staleTime": f"2025-01-15T12:{minute}:00Z"}
            mock.call(f"PATCH /tickets/{ticket}", stale, x_mock_namespace=namespace)
        return mock

    def test_what_falls_due_first_runs_first(self, mock: Mock, ran: list[tuple[str, float]]) -> None:
        mock.engine.advance(timedelta(minutes=40))
        assert ran == [("b", 10), ("a", 30)]  # both of b before 30, then a
        mock.engine.set_clock(datetime(2025, 1, 15, 13, tzinfo=UTC))
        assert ran[2:] == [("a", 50)]

    def test_taking_turns(self, mock: Mock, ran: list[tuple[str, float]]) -> None:
        mock.call("PATCH /tickets/T3", {"staleTime": "2025-01-15T12:40:00Z"}, x_mock_namespace="b")
        mock.engine.advance(timedelta(hours=1))
        assert ran == [("b", 10), ("a", 30), ("b", 40), ("a", 50)]

    def test_going_back_runs_nothing(self, mock: Mock, ran: list[tuple[str, float]]) -> None:
        mock.engine.set_clock(START - timedelta(days=1))
        assert ran == []

    def test_across_apis(self, tmp_path: Path, ran: list[tuple[str, float]], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MOCKSERVER_CACHE", "off")
        (tmp_path / "other").mkdir()
        desk_folder(tmp_path)
        desk_folder(tmp_path / "other").rename(tmp_path / "desk2")
        engine = build_engine([str(tmp_path / "desk"), str(tmp_path / "desk2")], Options(start=START))
        for api, minute in (("desk", 30), ("desk2", 10)):
            body = b'{"staleTime": "2025-01-15T12:%d:00Z"}' % minute
            headers = {"authorization": "Bearer x", "content-type": "application/json"}
            assert engine.handle(Request("PATCH", f"/{api}/tickets/T1", "", headers, body)).status == 200
        engine.advance(timedelta(hours=1))
        assert [minute for _, minute in ran] == [10, 30]

    def test_a_state_that_nobody_has_looked_at_is_moved_along(self, ran: list[tuple[str, float]]) -> None:
        mock = desk(
            ("fixtures/tickets.yaml", "state: open, priority: 2", "state: open, staleTime: 2025-01-15T12:05:00Z")
        )
        mock.engine.advance(timedelta(minutes=10))
        assert ran == [("", 5)]
        assert mock.engine.apis["desk"].spaces[""].next_due == float("inf")

    def test_one_that_recurs_for_ever_comes_to_an_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(control, "MOST_AT_ONCE", 20)
        monkeypatch.setattr(timers, "MOST_AT_ONCE", 10)
        again = "set: {staleTime: \"${{ now + duration('PT0.001S') }}\"}"
        mock = desk(("behaviour.yaml", "set: {state: stale}", again))
        for name in ("a", "b"):
            mock.call("PATCH /tickets/T1", {"staleTime": "2025-01-15T12:01:00Z"}, x_mock_namespace=name)
        mock.engine.advance(timedelta(hours=1))
        assert mock.engine.clock.now() == START + timedelta(hours=1)
