"""The state as a test sees and changes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mockserver.exceptions import SpecError, UsageError
from mockserver.testing.mock_api import MockApi
from tests.mocks import line_of
from tests.testing.desks import START, call, desk


@pytest.fixture
def api() -> Iterator[MockApi]:
    with desk() as api:
        yield api


def test_records_are_looked_at_like_a_list(api: MockApi) -> None:
    tickets = api.state["ticket"]
    assert len(tickets) == 3
    assert tickets[0]["ticketId"] == "T1"
    assert tickets[-1] == list(tickets)[2]
    assert [each["ticketId"] for each in tickets[:2]] == ["T1", "T2"]
    assert tickets[1] in tickets
    assert tickets.get("T9") is None
    assert set(api.state) == {"ticket", "note"}


def test_fields_filter_and_count(api: MockApi) -> None:
    tickets = api.state["ticket"]
    states = [each["state"] for each in tickets]
    assert tickets.count(state="open") == states.count("open")
    assert [each["state"] for each in tickets.list(state="closed")] == ["closed"] * states.count("closed")


def test_what_the_client_did_is_seen_and_what_the_test_does_is_answered(api: MockApi) -> None:
    made = call(api, "POST /tickets", {"title": "Printer"}).json["ticketId"]
    assert api.state["ticket"].get(made)["title"] == "Printer"  # type: ignore[index]  # it is there
    api.state["ticket"].change(made, title="Scanner")
    assert call(api, f"GET /tickets/{made}").json["title"] == "Scanner"
    api.state["ticket"].remove(made)
    assert call(api, f"GET /tickets/{made}").status == 404


def test_a_record_that_is_added_gets_the_defaults(api: MockApi) -> None:
    added = api.state["ticket"].add(title="New", staleTime=datetime(2025, 1, 16, tzinfo=UTC))
    assert added["state"] == "open"
    assert added["createdTime"] == START
    assert added["staleTime"] == "2025-01-16T00:00:00Z"
    assert call(api, f"GET /tickets/{added['ticketId']}").json["priority"] == 3
    assert api.state["ticket"].add({"ticketId": "T77", "title": "By mapping"}) in api.state["ticket"]


def test_what_is_given_out_is_a_copy(api: MockApi) -> None:
    api.state["ticket"][0]["title"] = "scribbled"
    assert api.state["ticket"][0]["title"] != "scribbled"


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda state: state["tickets"], "desk has no resource 'tickets' (did you mean 'ticket'?)"),
        (lambda state: state["ticket"].add(titel="x"), "ticket has no field 'titel' (did you mean 'title'?)"),
        (lambda state: state["ticket"].add(priority=9), "'priority' breaks the contract: 9 is more than 5"),
        (lambda state: state["ticket"].add(ticketId="T1", title="x"), "'ticketId' 'T1' is taken in 'ticket'"),
        (lambda state: state["ticket"].change("T9", title="x"), "there is no ticket 'T9' (there are: T1, T2, T3)"),
        (lambda state: state["ticket"].change("T1", ticketId="T2"), "it never changes (remove, then add)"),
        (lambda state: state["ticket"].change("T1", state="shut"), "'state' breaks the contract"),
        (lambda state: state["ticket"].remove("T9"), "there is no ticket 'T9'"),
        (lambda state: state["ticket"].list(stat="open"), "did you mean 'state'?"),
    ],
)
def test_mistakes_are_told(api: MockApi, act: Any, message: str) -> None:
    before = list(api.state["ticket"])
    with pytest.raises(UsageError) as error:
        act(api.state)
    assert message in str(error.value)
    assert api.state["ticket"] == before


def test_a_file_takes_the_place_of_what_it_names(api: MockApi, tmp_path: Path) -> None:
    file = tmp_path / "state.yaml"
    file.write_text(
        "anchor: 2025-01-14T12:00:00Z\nticket:\n  - {ticketId: A, title: x, staleTime: 2025-01-14T13:00:00Z}\n"
    )
    notes = len(api.state["note"])
    api.load_state(file)
    assert [each["ticketId"] for each in api.state["ticket"]] == ["A"]
    assert api.state["ticket"][0]["staleTime"] == "2025-01-15T13:00:00Z"
    assert api.state["ticket"][0]["state"] == "open"
    assert len(api.state["note"]) == notes


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_a_wrong_field_in_a_file_is_told_by_line(api: MockApi, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"state.{suffix}"
    records = {"ticket": [{"ticketId": "A"}, {"ticketId": "B", "titel": "x"}], "note": [{"noteId": 5}], "nte": []}
    file.write_text(json.dumps(records, indent=1))
    before = {name: list(records) for name, records in api.state.items()}
    with pytest.raises(SpecError) as error:
        api.load_state(file)
    said = [str(problem) for problem in error.value.problems]
    assert said[0] == f"{file}:{line_of(file, 'titel')}: ticket has no field 'titel' (did you mean 'title'?)"
    assert said[1].startswith(
        f"{file}:{line_of(file, 'noteId')}: 'noteId' breaks the contract: 5 is an integer, not a string"
    )
    assert said[-1] == f"{file}:{line_of(file, 'nte')}: desk has no resource 'nte' (did you mean 'note'?)"
    assert {name: list(records) for name, records in api.state.items()} == before


def test_a_mapping_is_told_by_pointer(api: MockApi) -> None:
    with pytest.raises(UsageError, match=r"the state given at /ticket/0/titel: ticket has no field 'titel'"):
        api.load_state({"ticket": [{"titel": "x"}]})
    api.load_state({"ticket": []})
    assert len(api.state["ticket"]) == 0


def test_snapshots_come_back(api: MockApi) -> None:
    first = api.snapshot()
    api.state["ticket"].clear()
    api.snapshot()
    api.state["ticket"].add(title="later")
    api.restore()
    assert len(api.state["ticket"]) == 0
    api.restore(first)
    assert len(api.state["ticket"]) == 3
    with pytest.raises(UsageError, match="no snapshot"):
        api.restore("snapshot-x")


def test_the_clock_moves_what_is_timed(api: MockApi) -> None:
    ticket = api.state["ticket"].add(title="soon stale", staleTime="2025-01-15T13:00:00Z")["ticketId"]
    assert api.clock.frozen
    assert api.clock.advance(minutes=59).minute == 59
    assert call(api, f"GET /tickets/{ticket}").json["state"] == "open"
    api.clock.advance("PT1M")
    assert api.state["ticket"].get(ticket)["state"] == "stale"  # type: ignore[index]  # it is there
    assert api.clock.set("2026-01-01T00:00:00Z") == datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(UsageError, match="use set to go back"):
        api.clock.advance(hours=-1)
    with pytest.raises(UsageError, match="'1h' is not an ISO 8601 duration"):
        api.clock.advance("1h")
    with pytest.raises(UsageError, match="'soon' is not an RFC 3339"):
        api.clock.set("soon")


def test_a_record_is_found_by_its_key(api: MockApi) -> None:
    tickets = api.state["ticket"]
    key: str = tickets[0]["ticketId"]
    assert key in tickets
    assert tickets[key] == tickets[0] == tickets.get(key)
    with pytest.raises(UsageError, match=r"there is no ticket 'none' \(there are: "):
        tickets["none"]
    assert tickets.get("none") is None
    assert isinstance(tickets, Sequence)
    with pytest.raises(TypeError, match="neither"):
        tickets[1.5]  # type: ignore[call-overload]
