"""Fixtures held against what the contract shows of them, and against the timers that read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.checks.lint import lint
from tests.mocks import desk_folder, line_of, problems_of

FIXTURES, BEHAVIOUR, OPENAPI = "fixtures/tickets.yaml", "behaviour.yaml", "openapi.yaml"


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKSERVER_CACHE", "off")


@pytest.mark.parametrize(
    ("old", "new", "pointer", "message"),
    [
        ("priority: 2", "priority: 9", "/ticket/0/priority", "'priority' breaks the contract: 9 is more than 5"),
        ("state: closed", "state: melted", "/ticket/1/state", "'state' breaks the contract: 'melted' is not one of"),
        ("No light", "''", "/ticket/2/title", "'title' breaks the contract: '' has 0 characters"),
        ("text: oiled", "text: [oiled]", "/note/0/text", "'text' breaks the contract: [1 items] is an array"),
    ],
)
def test_a_field_that_an_answer_could_not_show(tmp_path: Path, old: str, new: str, pointer: str, message: str) -> None:
    folder = desk_folder(tmp_path, (FIXTURES, old, new))
    [problem] = lint(str(folder))
    assert (problem.file, problem.line) == (str(folder / FIXTURES), line_of(folder / FIXTURES, new))
    assert problem.pointer == pointer
    assert problem.message.startswith(message), problem.message
    assert problem.hint


@pytest.mark.parametrize(
    "change",
    [
        (FIXTURES, "priority: 2", "color: red"),  # the contract does not show it
        (FIXTURES, "priority: 2", "priority: null"),  # it is left out
        (FIXTURES, "priority: 2", "notes: many"),  # a computed field wins
        (OPENAPI, "title: {type: string, minLength: 1}", "title: {type: integer, writeOnly: true}"),  # never shown
    ],
)
def test_what_no_answer_shows_is_free(tmp_path: Path, change: tuple[str, str, str]) -> None:
    assert [problem for problem in lint(str(desk_folder(tmp_path, change))) if "fixtures" in problem.file] == []


def test_a_time_that_a_timer_cannot_read(tmp_path: Path) -> None:
    folder = desk_folder(
        tmp_path,
        (FIXTURES, "priority: 2", "staleTime: soon"),
        (OPENAPI, "staleTime: {type: string, format: date-time}", "staleTime: {type: string}"),
    )
    place = f"{folder / FIXTURES}:{line_of(folder / FIXTURES, 'soon')}"
    reason = "${{ item.staleTime }} failed: 'soon' is not an RFC 3339 date-time such as 2025-01-15T10:30:00Z"
    where = f"{folder / BEHAVIOUR}:{line_of(folder / BEHAVIOUR, 'at:')}"
    message = f"{place}: the timer 'grow_stale' fails for this ticket ({where}: {reason})"
    assert [str(problem) for problem in lint(str(folder))] == [message]
    assert [str(problem) for problem in problems_of(folder)] == [message]
