"""Names that a behaviour file uses: each leads somewhere, or the file is refused with a hint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver.exceptions import Problem
from tests.mocks import DESK, desk, desk_folder, line_of, problems_of

BEHAVIOUR, OPENAPI = "behaviour.yaml", "openapi.yaml"
GET = "getTicket: {read: ticket}"
LIST = "order: [-priority]"
THEN = '- create: note\n        set: {ticketId: "${{ path.ticketId }}", text: closed}'


def found(tmp_path: Path, old: str, new: str) -> tuple[Path, list[Problem]]:
    folder = desk_folder(tmp_path, (BEHAVIOUR, old, new))
    return folder / BEHAVIOUR, problems_of(folder)


WRONG = {
    "filter": (
        ('filter: {state: "${{ query.state }}"}', "filter: {stat: x}", "filter: {stat"),
        "a ticket has no field 'stat' (did you mean 'state'?)",
    ),
    "filter by what is computed": (
        ('filter: {state: "${{ query.state }}"}', "filter: {notes: 0}", "filter: {notes"),
        (
            "'notes' of ticket is computed, not stored (a computed field is worked out when a record is shown; "
            "repeat its expression here)"
        ),
    ),
    "order": (
        (LIST, "order: [-priorty]", "-priorty"),
        "a ticket has no field 'priorty' (did you mean 'priority'?)",
    ),
    "as": (
        ("as: tickets", "as: tickts", "as: tickts"),
        "the answer has no 'tickts' in the contract (did you mean 'tickets'?)",
    ),
    "show": (
        (GET, "getTicket: {read: ticket, show: {titel: x}}", "getTicket"),
        "what is shown has no 'titel' in the contract (did you mean 'title'?)",
    ),
    "computed": (
        ("      notes: ${{ count", "      nots: ${{ count", "nots:"),
        "no answer that shows a ticket has 'nots' in the contract (did you mean 'notes'?)",
    ),
    "a value of the error": (
        ("${{ error.name }}", "${{ error.nam }}", "error_body"),
        "'error' has no 'nam' here in ${{ error.nam }} (did you mean 'name'?)",
    ),
    "let hides a name": (
        (GET, "getTicket:\n    read: ticket\n    let: {item: 1}", "let: {item"),
        "'item' has a meaning already (choose another name)",
    ),
    "let hides a resource": (
        (GET, "getTicket:\n    read: ticket\n    let: {note: 1}", "let: {note"),
        "'note' has a meaning already (choose another name)",
    ),
    "let hides what comes later": (
        (GET, "getTicket:\n    read: ticket\n    let: {result: 1}", "let: {result"),
        "'result' has a meaning already (choose another name)",
    ),
    "let is a word of the language": (
        (GET, "getTicket:\n    read: ticket\n    let: {if: 1}", "let: {if"),
        "an expression cannot say 'if' (it is a word of the language)",
    ),
    "let cannot be said": (
        (GET, "getTicket:\n    read: ticket\n    let: {my-name: 1}", "let: {my-name"),
        "an expression cannot say 'my-name' (letters, digits and _, no digit first)",
    ),
    "a resource that cannot be said": (
        ("  note:\n", "  my-note: {key: id}\n  note:\n", "my-note"),
        "an expression cannot say 'my-note' (letters, digits and _, no digit first)",
    ),
    "a resource that is a word of the language": (
        ("  note:\n", "  class: {key: id}\n  note:\n", "  class"),
        "an expression cannot say 'class' (it is a word of the language)",
    ),
    "a field of the record that an effect changes": (
        (THEN, '- update: note\n        key: n1\n        set: {text: "${{ item.title }}"}', "item.title"),
        "a note has no field 'title' in ${{ item.title }} (stored: noteId, text, ticketId)",
    ),
    "a field of the result": (
        (THEN, '- create: note\n        set: {text: "${{ result.titel }}"}', "result.titel"),
        "a ticket has no field 'titel' in ${{ result.titel }} (did you mean 'title'?)",
    ),
    "a field of what is shown": (
        (GET, "getTicket: {read: ticket, respond: {headers: {X-It: '${{ shown.titel }}'}}}", "shown.titel"),
        "'shown' has no 'titel' here in ${{ shown.titel }} (did you mean 'title'?)",
    ),
    "a field of what is listed": (
        (LIST, "respond: {headers: {X-It: '${{ [t.titel for t in shown] }}'}}", "t.titel"),
        "'shown' has no 'titel' here in ${{ [t.titel for t in shown] }} (did you mean 'title'?)",
    ),
    "a list taken for a record": (
        (LIST, "respond: {headers: {X-It: '${{ shown.title }}'}}", "shown.title"),
        "'shown' is a list here in ${{ shown.title }} (write [each.title for each in shown])",
    ),
    "from, beside an expression": (
        ("list: ticket\n", "list: ${{ [] }}\n    from: ${{ [] }}\n", "from:"),
        "'list' is an expression already (name a resource there, or leave out 'from')",
    ),
    "from, without a list": (
        (GET, "getTicket: {read: ticket, from: '${{ [] }}'}", "getTicket"),
        "'from' has no effect here (it goes with list)",
    ),
    "a field that the records of from lack": (
        (
            "list: ticket\n",
            "list: ticket\n    from: ${{ [t for t in ticket] }}\n    where: ${{ item.stat }}\n",
            "where",
        ),
        "a ticket has no field 'stat' in ${{ item.stat }} (did you mean 'state'?)",
    ),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_a_name_that_leads_nowhere(tmp_path: Path, change: tuple[str, str, str], message: str) -> None:
    old, new, marker = change
    file, problems = found(tmp_path, old, new)
    assert [str(problem) for problem in problems] == [f"{file}:{line_of(file, marker)}: {message}"]


RIGHT = {
    "item of an effect is its own record": (
        THEN,
        "- update: note\n        key: n1\n        set: {was: '${{ item.text }}'}",
    ),
    "item of its key is that of the verb": (THEN, "- delete: note\n        key: ${{ item.title }}"),
    "result is that of the verb": (THEN, "- create: note\n        set: {text: '${{ result.title }}'}"),
    "what is shown has computed fields": (
        GET,
        "getTicket: {read: ticket, respond: {headers: {X: '${{ shown.notes }}'}}}",
    ),
    "an error shows its own values": (
        "no_ticket: {status: 404}",
        "no_ticket: {status: 404, x: 1, body: {code: '${{ error.x }}'}}",
    ),
    "a field that only a fixture has": (LIST, "order: [agentId]"),
    "plain true": ("that: ${{ item.state != 'closed' }}", "that: true"),
}


@pytest.mark.parametrize("change", RIGHT.values(), ids=RIGHT)
def test_a_name_that_is_there(change: tuple[str, str]) -> None:
    assert desk((BEHAVIOUR, *change)).call("GET /tickets").status == 200


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("that: ${{ item.state != 'closed' }}", "that: item.state != 'closed'", "write ${{ item.state != 'closed' }}"),
        ("when: ${{ item.state == 'open' }}", "when: item.state == 'open'", "write ${{ item.state == 'open' }}"),
        ("at: ${{ item.staleTime }}", "at: item.staleTime", "write ${{ item.staleTime }}"),
        (LIST, "where: item.priority", "write ${{ item.priority }}"),
        (LIST, "from: ticket", "write ${{ ticket }}"),
        (LIST, "where: '${{ item.priority }} > 2'", ""),
        (LIST, "where: '${{ item.priority }}${{ item.priority }}'", ""),
    ],
)
def test_a_condition_stands_in_braces(tmp_path: Path, old: str, new: str, hint: str) -> None:
    file, [problem] = found(tmp_path, old, new)
    assert problem.line == line_of(file, new)
    assert (problem.message.partition("'")[2].partition("'")[2], problem.hint) == (
        " takes one expression and nothing else",
        hint,
    )


class TestMissing:
    """What an operation looks up may not be there, so it documents the API's error for that."""

    def problems(self, tmp_path: Path, operation: str, *changes: Any) -> list[str]:
        start = (DESK / OPENAPI).read_text().index(f"operationId: {operation}")
        rest = (DESK / OPENAPI).read_text()[start:]
        [old] = [line for line in rest.splitlines() if "404" in line][:1]
        folder = desk_folder(tmp_path, (OPENAPI, rest, rest.replace(old + "\n", "", 1)), *changes)
        return [str(problem) for problem in problems_of(folder)]

    @pytest.mark.parametrize(("operation", "verb"), [("deleteTicket", "delete"), ("listNotes", "within")])
    def test_its_status_is_documented(self, tmp_path: Path, operation: str, verb: str) -> None:
        [problem] = self.problems(tmp_path, operation)
        documented = {"delete": "204, 401", "within": "200, 401"}[verb]
        message = f"{operation} does not document status 404 of 'no_ticket' (documented: {documented})"
        assert problem.endswith(message)

    def test_one_that_nobody_declared_is_told_by_the_mock_itself(self) -> None:
        responses = '"204": {description: Gone}\n        "401": {$ref: "#/components/responses/Problem"}\n'
        changes = [
            (BEHAVIOUR, "    missing: no_ticket\n", ""),
            (OPENAPI, f'{responses}        "404": {{$ref: "#/components/responses/Problem"}}\n', responses),
        ]
        answer = desk(*changes).call("DELETE /tickets/none")
        assert (answer.status, answer.response.header("X-Mockserver-Problem")) == (404, "refused")
