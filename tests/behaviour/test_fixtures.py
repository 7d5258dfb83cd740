from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mockserver.checks.lint import lint
from tests.mocks import desk, desk_folder, line_of, problems_of, write_spec

FIXTURES = "fixtures/tickets.yaml"

CASES = {
    "a record without its key": (
        ("{ticketId: T3, title", "{title", "No light"),
        "a ticket without its key 'ticketId' (give it ticketId: '…' as text)",
    ),
    "a key that is no text": (
        ("ticketId: T3", "ticketId: 3", "No light"),
        "a ticket without its key 'ticketId' (give it ticketId: '…' as text)",
    ),
    "a key that stands twice": (("ticketId: T3", "ticketId: T1", "No light"), "the ticket 'T1' stands twice"),
    "an unknown resource": (("note:", "notes:", "notes:"), "no resource is called 'notes' (did you mean 'note'?)"),
    "records that are no list": (("note:\n  -", "note:\n ", "noteId: n1"), "'note' must be a list of records"),
    "a record that is no mapping": (
        ("  - {noteId", "  - text\n  - {noteId", "- text"),
        "'note' must be a list of records",
    ),
    "an anchor that is no time": (
        ("2025-01-15T12:00:00Z\nticket", "yesterday\nticket", "yesterday"),
        "'yesterday' is not an RFC 3339 date-time such as 2025-01-15T10:30:00Z",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), CASES.values(), ids=CASES)
def test_one_clear_message(tmp_path: Path, change: tuple[str, str, str], message: str) -> None:
    old, new, marker = change
    folder = desk_folder(tmp_path, (FIXTURES, old, new))
    file = folder / FIXTURES
    expected = f"{file}:{line_of(file, marker)}: {message}"
    assert [str(problem) for problem in problems_of(folder)] == [expected]
    assert expected in [str(problem) for problem in lint(str(folder))]


@pytest.mark.parametrize("text", ["[]", "just text"])
def test_a_file_that_is_no_mapping(tmp_path: Path, text: str) -> None:
    folder = desk_folder(tmp_path)
    (folder / FIXTURES).write_text(text)
    expected = f"{folder / FIXTURES}:1: a fixture file maps resource names to lists of records"
    assert [str(problem) for problem in problems_of(folder)] == [expected]
    assert expected in [str(problem) for problem in lint(str(folder))]


def test_a_key_in_two_files(tmp_path: Path) -> None:
    folder = write_spec(desk_folder(tmp_path), {"fixtures/z.yaml": "ticket: [{ticketId: T1}]"})
    [problem] = problems_of(folder)
    assert str(problem) == f"{folder / 'fixtures/z.yaml'}:1: the ticket 'T1' stands twice"


def test_times_move_with_the_start() -> None:
    """The files read as if they had been written at the moment of the start."""
    mock = desk(start=datetime(2030, 6, 1, 12, tzinfo=UTC))
    times = {ticket["ticketId"]: ticket["createdTime"] for ticket in mock.records("ticket")}
    assert times == {"T1": "2030-05-31T09:00:00Z", "T2": "2030-05-31T10:00:00Z", "T3": "2030-06-01T11:00:00Z"}


def test_without_an_anchor_they_stay() -> None:
    mock = desk((FIXTURES, "anchor: 2025-01-15T12:00:00Z\n", ""), start=datetime(2030, 6, 1, 12, tzinfo=UTC))
    assert mock.records("ticket")[0]["createdTime"] == "2025-01-14T09:00:00Z"


def test_never_stays_never() -> None:
    mock = desk((FIXTURES, "2025-01-14T09:00:00Z", "9999-12-31T23:59:59Z"), start=datetime(2030, 6, 1, tzinfo=UTC))
    assert mock.call("GET /tickets/T1").json["createdTime"] == "9999-12-31T23:59:59Z"


def test_with_a_running_clock_they_are_fresh() -> None:
    mock = desk(start=None)
    created = datetime.fromisoformat(mock.call("GET /tickets/T3").json["createdTime"])
    assert timedelta(minutes=59) < datetime.now(UTC) - created < timedelta(minutes=65)
