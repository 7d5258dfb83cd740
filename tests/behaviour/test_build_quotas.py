"""What can be wrong with `quotas:`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.exceptions import Problem
from tests.mocks import desk_folder, line_of, problems_of

LINT = {
    "a limit that is no number": (
        'limit: "${{ settings.word }}"',
        "the limit is 'many', not a whole number from 0 (the setting word is 'many')",
    ),
    "a limit that is no whole number": (
        'limit: "${{ settings.most_open / 3 }}"',
        "the limit is 333.3333333333333, not a whole number from 0 (the setting most_open is 1000)",
    ),
    "a limit below nothing": (
        'limit: "${{ 0 - 1 }}"',
        "the limit is -1, not a whole number from 0 (say how many calls are allowed in a window)",
    ),
    "a limit that cannot be worked out": (
        'limit: "${{ settings.word / 2 }}"',
        "the limit cannot be worked out: ",
    ),
    "a limit by a setting that is not there": (
        'limit: "${{ settings.most_opn }}"',
        "'settings' has no 'most_opn' here in ${{ settings.most_opn }} (did you mean 'most_open'?)",
    ),
    "a limit that depends on the call": (
        'limit: "${{ caller.token }}"',
        "unknown name 'caller' in ${{ caller.token }} (known: false, null, settings, true)",
    ),
    "a limit that is a word": (
        "limit: most_open",
        "'limit' takes one expression and nothing else (write ${{ most_open }})",
    ),
    "a window that is none": (
        "window: 60s",
        (
            "the window cannot be read: '60s' is not an ISO 8601 duration such as PT1H30M "
            "(write PT1M for a minute, P1D for a day)"
        ),
    ),
    "a window of a month": (
        "window: P1M",
        (
            "the window cannot be read: 'P1M' is no length of time: months and years have no fixed length "
            "(write PT1M for a minute, P1D for a day)"
        ),
    ),
    "a window without length": ("window: PT0S", "a window of 'PT0S' has no length (write PT1M for a minute)"),
    "per a word that is none": (
        "per: organization",
        "a quota is not counted by 'organization' (did you mean 'organisation'?)",
    ),
    "per a word that is like none": (
        "per: [user, x]",
        (
            "a quota is not counted by 'x' (organisation, token, operation, client, user, "
            "or an expression over caller, headers, path)"
        ),
    ),
    "per what comes later": (
        'per: "${{ query.state }}"',
        "unknown name 'query' in ${{ query.state }} (known: caller, false, headers, null, path, true)",
    ),
    "per a parameter that is not there": (
        'per: "${{ path.tiketId }}"',
        "no operation that counts has the path parameter 'tiketId' (did you mean 'ticketId'?)",
    ),
    "per what a caller has not": (
        'per: "${{ caller.tokn }}"',
        "'caller' has no 'tokn' here in ${{ caller.tokn }} (did you mean 'token'?)",
    ),
    "an operation that is not there": (
        "operations: [listTikets]",
        "the contract has no operation 'listTikets' (did you mean 'listTickets'?)",
    ),
    "an error that is not there": (
        "error: rate_limitd",
        "unknown error 'rate_limitd' (did you mean 'rate_limited'?)",
    ),
    "an error that is not documented by one": (
        "operations: [getStatus, getTicket], error: too_many",
        (
            "getStatus does not document status 409 of 'too_many' "
            "(add the response there, or name the operations that count under 'operations')"
        ),
    ),
    "an error that is not documented by many": (
        "error: too_many",
        (
            "listTickets, deleteTicket, listNotes and 1 more do not document status 409 of 'too_many' "
            "(add the response there, or name the operations that count under 'operations')"
        ),
    ),
}


def found(tmp_path: Path, entry: str, *more: tuple[str, str, str]) -> tuple[Path, list[Problem]]:
    shared = "" if "limit:" in entry else "limit: 2, "
    shared += "" if "window:" in entry else "window: PT1M, "
    quotas = f"quotas:\n  small: {{{shared}{entry}}}\nresources:\n"
    word = ("behaviour.yaml", "settings:\n", "settings:\n  word: {value: many}\n")
    folder = desk_folder(tmp_path, ("behaviour.yaml", "resources:\n", quotas), word, *more)
    return folder / "behaviour.yaml", problems_of(folder)


@pytest.mark.parametrize("name", LINT)
def test_what_lint_says(tmp_path: Path, name: str) -> None:
    entry, message = LINT[name]
    file, problems = found(tmp_path, entry)
    assert len(problems) == 1, problems
    assert message in str(problems[0])
    assert (problems[0].file, problems[0].line) == (str(file), line_of(file, "  small: {"))


def test_one_that_is_declared_and_silent_is_looked_at_too(tmp_path: Path) -> None:
    _, problems = found(
        tmp_path, "per: user", ("behaviour.yaml", "  too_many: {", "  rate_limited: {status: 429}\n  too_many: {")
    )
    assert [str(each).partition(": ")[2] for each in problems] == [
        (
            "listTickets, createTicket, getTicket and 6 more do not document status 429 of 'rate_limited' "
            "(add the response there, or name the operations that count under 'operations')"
        )
    ]


def test_quota_is_a_name_of_errors_alone(tmp_path: Path) -> None:
    change = (
        "behaviour.yaml",
        "getTicket: {read: ticket}",
        'getTicket: {read: ticket, show: {title: "${{ quota.name }}"}}',
    )
    (problem,) = problems_of(desk_folder(tmp_path, change))
    assert "unknown name 'quota'" in str(problem)


def test_its_keys_are_known(tmp_path: Path) -> None:
    change = ("behaviour.yaml", "${{ error.name }}", "${{ quota.retry }}")
    (problem,) = problems_of(desk_folder(tmp_path, change))
    assert "'quota' has no 'retry' here in ${{ quota.retry }} (did you mean 'retry_after'?)" in str(problem)


def test_a_resource_cannot_be_called_so(tmp_path: Path) -> None:
    problems = problems_of(desk_folder(tmp_path, ("behaviour.yaml", "  note:\n", "  quota: {key: id}\n  note:\n")))
    assert "'quota' is a name of the language (rename the resource)" in str(problems[0])
