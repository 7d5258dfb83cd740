"""What the author of a test does to a running mock: look, put, keep, bring back, reset, move the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.engine.assembly import Options, build_engine
from mockserver.exceptions import UsageError
from tests.mocks import START, Mock, desk, desk_folder, write_spec

TICKET = {"title": "Draught"}


@pytest.fixture
def mock() -> Mock:
    return desk()


class TestState:
    def test_all_resources(self, mock: Mock) -> None:
        state = mock.engine.state("desk")
        assert {name: len(records) for name, records in state.items()} == {"ticket": 3, "note": 1}
        assert state["note"] == mock.records("note") == [{"noteId": "n1", "ticketId": "T2", "text": "oiled"}]

    def test_what_is_handed_out_is_not_the_state_itself(self, mock: Mock) -> None:
        mock.engine.state("desk")["ticket"][0]["title"] = "scribbled on"
        mock.engine.state("desk")["ticket"].clear()
        assert mock.call("GET /tickets/T1").json["title"] == "The printer hums"

    def test_nor_are_its_inner_values(self, mock: Mock) -> None:
        mock.engine.replace_state("desk", "note", [{"noteId": "a", "tags": ["x"]}])
        mock.records("note")[0]["tags"].append("scribbled on")
        assert mock.records("note")[0]["tags"] == ["x"]

    def test_replaced(self, mock: Mock) -> None:
        mock.engine.replace_state("desk", "ticket", [{"ticketId": "X", "title": "New", "state": "open"}])
        assert [ticket["ticketId"] for ticket in mock.call("GET /tickets").json["tickets"]] == ["X"]
        assert mock.call("GET /tickets/T1").status == 404
        assert len(mock.records("note")) == 1

    @pytest.mark.parametrize(
        ("records", "message"),
        [
            ([{"title": "x"}], "record 0 of 'ticket' has no 'ticketId' (text)"),
            ([{"ticketId": "a"}, {"ticketId": "a"}], "'ticketId' 'a' stands twice in 'ticket'"),
            ({}, "the records must be a list of objects"),
            (["x"], "the records must be a list of objects"),
            ([{"ticketId": "a", "staleTime": "soon", "state": "open"}], "'soon' is not an RFC 3339 date-time"),
        ],
    )
    def test_records_that_cannot_be(self, mock: Mock, records: Any, message: str) -> None:
        before = mock.engine.state("desk")
        with pytest.raises(UsageError) as caught:
            mock.engine.replace_state("desk", "ticket", records)
        assert message in str(caught.value)
        assert mock.engine.state("desk") == before

    def test_unknown_names(self, mock: Mock) -> None:
        with pytest.raises(UsageError, match=r"no API is called 'dsk' \(did you mean 'desk'\?\)"):
            mock.engine.state("dsk")
        with pytest.raises(UsageError, match=r"desk has no resource 'tickets' \(did you mean 'ticket'\?\)"):
            mock.engine.records("desk", "tickets")
        with pytest.raises(UsageError, match=r"desk has no resource 'zebra' \(resources: ticket, note\)"):
            mock.engine.replace_state("desk", "zebra", [])


class TestNamespaces:
    def test_each_has_a_state_of_its_own(self, mock: Mock) -> None:
        mock.call("DELETE /tickets/T1", x_mock_namespace="a")
        assert mock.call("GET /tickets/T1").status == 200
        assert mock.call("GET /tickets/T1", x_mock_namespace="a").status == 404
        assert mock.engine.namespaces() == ["", "a"]
        assert len(mock.records("ticket", "a")) == 2

    def test_each_draws_its_own_ids_from_the_same_start(self, mock: Mock) -> None:
        one = mock.call("POST /tickets", TICKET, x_mock_namespace="a").json
        assert mock.call("POST /tickets", TICKET, x_mock_namespace="b").json == one

    def test_reset_one(self, mock: Mock) -> None:
        for name in ("a", "b"):
            mock.call("DELETE /tickets/T1", x_mock_namespace=name)
        mock.engine.reset(namespace="a")
        assert mock.call("GET /tickets/T1", x_mock_namespace="a").status == 200
        assert mock.call("GET /tickets/T1", x_mock_namespace="b").status == 404
        mock.engine.reset(namespace="never seen")


class TestReset:
    def test_everything_goes_back(self, mock: Mock) -> None:
        mock.call("DELETE /tickets/T1")
        mock.engine.advance(timedelta(days=1))
        snapshot = mock.engine.snapshot()
        mock.engine.reset()
        assert mock.engine.journal.since(0) == []
        assert mock.engine.clock.now() == START
        assert mock.call("GET /tickets/T1").status == 200
        with pytest.raises(UsageError):
            mock.engine.restore(snapshot)

    def test_of_one_api_the_clock_goes_on(self, mock: Mock) -> None:
        mock.call("DELETE /tickets/T1")
        mock.engine.advance(timedelta(days=1))
        mock.engine.reset("desk")
        assert mock.engine.clock.now() == START + timedelta(days=1)
        assert mock.call("GET /tickets/T1").json["createdTime"] == "2025-01-15T09:00:00Z"
        with pytest.raises(UsageError):
            mock.engine.reset("dsk")


CALLS = st.sampled_from(
    [
        "POST /tickets",
        "PATCH /tickets/T1",
        "DELETE /tickets/T2",
        "POST /tickets/T3/close",
        "PUT /tickets/T1",
        "GET /tickets",
    ]
)
SPACES = st.sampled_from(["", "a"])


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(CALLS, SPACES), max_size=6), st.lists(st.tuples(CALLS, SPACES), max_size=6))
def test_a_snapshot_brought_back_is_the_state_that_was(
    before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> None:
    """Records, their order, and what will be drawn next."""
    mock = desk()

    def play(calls: list[tuple[str, str]]) -> list[bytes]:
        return [mock.call(line, TICKET, x_mock_namespace=space).response.body for line, space in calls]

    play([("GET /tickets", ""), ("GET /tickets", "a"), *before])
    kept = {space: mock.engine.state("desk", space) for space in ("", "a")}
    snapshot = mock.engine.snapshot()
    first = play(after)
    mock.engine.restore(snapshot)
    assert {space: mock.engine.state("desk", space) for space in ("", "a")} == kept
    assert play(after) == first
    mock.engine.restore(snapshot)
    assert {space: mock.engine.state("desk", space) for space in ("", "a")} == kept


class TestSnapshots:
    def test_what_came_into_being_since_goes_back_to_the_start(self, mock: Mock) -> None:
        snapshot = mock.engine.snapshot()
        mock.call("DELETE /tickets/T1", x_mock_namespace="new")
        mock.engine.restore(snapshot)
        assert mock.call("GET /tickets/T1", x_mock_namespace="new").status == 200

    def test_names(self, mock: Mock) -> None:
        names = [mock.engine.snapshot() for _ in range(3)]
        assert len(set(names)) == 3
        with pytest.raises(UsageError, match=r"no snapshot is called 'snapshot-11'"):
            mock.engine.restore("snapshot-11")

    def test_there_is_a_bound(self, mock: Mock) -> None:
        for _ in range(1_000):
            mock.engine.snapshot()
        with pytest.raises(UsageError, match="1000 snapshots already"):
            mock.engine.snapshot()


def test_advance_runs_what_falls_due_in_every_namespace(mock: Mock) -> None:
    for name in ("", "a"):
        mock.call("PATCH /tickets/T1", {"staleTime": "2025-01-15T12:30:00Z"}, x_mock_namespace=name)
    mock.engine.advance(timedelta(hours=1))
    for name in ("", "a"):
        space = mock.engine.apis["desk"].space(name)
        assert [record["state"] for record in space.state.tables["ticket"]] == ["stale", "closed", "open"]


@pytest.mark.parametrize("by", [timedelta(seconds=-1), timedelta(days=365 * 9_000)])
def test_an_amount_that_cannot_be(mock: Mock, by: timedelta) -> None:
    with pytest.raises((ValueError, OverflowError)):
        mock.engine.advance(by)
    assert mock.engine.clock.now() == START
    assert mock.call("GET /tickets").status == 200


def test_evidence_counts_rules_and_shapes() -> None:
    assumed = ("openapi.yaml", "operationId: getStatus\n", "operationId: getStatus\n      x-evidence: assumed\n")
    grades, plain = (mock.engine.evidence("desk") for mock in (desk(assumed), desk()))
    assert set(grades) == {"documented", "observed", "assumed"}
    assert grades["assumed"] > plain["assumed"] == 0


class TestSampleRequest:
    def test_it_works_and_shows_something(self, mock: Mock) -> None:
        request = mock.engine.sample_request("desk")
        assert (request.method, request.path) == ("GET", "/desk/tickets")
        assert mock.engine.handle(request).status == 200

    def test_where_nothing_can_be_read_it_sends_what_the_document_shows(self, tmp_path: Path) -> None:
        body = {"content": {"application/json": {"schema": {"type": "object"}, "example": {"n": 1}}}}
        shelf = {"name": "shelf", "in": "path", "required": True, "schema": {"type": "string", "examples": ["top"]}}
        post = {"parameters": [shelf], "requestBody": body, "responses": {"204": {"description": "done"}}}
        paths = {"/shelves/{shelf}/books": {"post": post}}
        document = {"openapi": "3.1.0", "info": {"title": "B", "version": "1"}, "paths": paths}
        folder = write_spec(tmp_path / "books", {"openapi.json": document})
        engine = build_engine([str(folder)], Options(start=START))
        request = engine.sample_request("books")
        assert (request.method, request.path, request.body) == ("POST", "/books/shelves/top/books", b'{"n":1}')
        assert engine.handle(request).status == 204

    def test_an_api_with_nothing_in_it(self, tmp_path: Path) -> None:
        empty = {"openapi": "3.1.0", "info": {"title": "E", "version": "1"}, "paths": {}}
        folder = write_spec(tmp_path / "empty", {"openapi.json": empty})
        engine = build_engine([str(folder)], Options(start=START))
        assert engine.handle(engine.sample_request("empty")).status == 404


def test_a_start_with_another_offset_is_the_same_moment(tmp_path: Path) -> None:
    start = datetime.fromisoformat("2025-01-15T13:00:00+01:00")
    engine = build_engine([str(desk_folder(tmp_path))], Options(start=start))
    assert engine.clock.now() == START.astimezone(UTC)
    assert engine.records("desk", "ticket")[0]["createdTime"] == "2025-01-14T09:00:00Z"
