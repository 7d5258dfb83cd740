"""What can be wrong in a behaviour file: one clear message each, with file, line and hint.

Every case is the desk API with one text in its behaviour.yaml replaced by another.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.exceptions import Problem, UsageError
from tests.mocks import desk, desk_folder, line_of, problems_of, serve

BEHAVIOUR = "behaviour.yaml"


def found(tmp_path: Path, old: str, new: str) -> tuple[Path, list[Problem]]:
    folder = desk_folder(tmp_path, (BEHAVIOUR, old, new))
    return folder / BEHAVIOUR, problems_of(folder)


CASES = {
    "an unknown key": (
        ("missing: no_ticket", "mising: no_ticket", "mising"),
        "unknown key 'mising' (did you mean 'missing'?)",
    ),
    "an unknown clause of an operation": (
        ("list: note", "lsit: note", "lsit"),
        "unknown key 'lsit' (did you mean 'list'?)",
    ),
    "a key that is missing": (
        ("    key: noteId\n    defaults", "    defaults", '    defaults: {noteId'),
        "'note' needs the key 'key'",
    ),
    "a value of the wrong type": (
        ("order: [-priority]", "order: priority", "order: priority"),
        "'order' must be of type array, not 'priority'",
    ),
    "a status that is no error's": (
        ("no_ticket: {status: 404}", "no_ticket: {status: 100}", "no_ticket: {status: 100}"),
        "'status': 100 is less than the minimum of 200",
    ),
    "a timer that does nothing": (
        ("set: {state: stale}", "", "        at: "),
        "'grow_stale' needs one of set, forget, then",
    ),
    "a timer that changes what it forgets": (
        ("set: {state: stale}", "set: {state: stale}\n        forget: true", "        at: "),
        "'grow_stale' needs one of set, forget, then, not set and forget",
    ),
    "a timer that forgets or does not": (
        ("set: {state: stale}", "forget: false", "forget: false"),
        "'forget' must be true",
    ),
    "a name of an effect that has a meaning": (
        ("create: ticket", "create: ticket\n    then: [{update: ticket, key: T1, bind: note}]", "bind: note"),
        "'note' has a meaning already (choose another name)",
    ),
    "a name of an effect that comes twice": (
        (
            "create: ticket",
            "create: ticket\n    then: [{update: ticket, key: T1, bind: one},\n     {update: note, key: n, bind: one}]",
            "     {update: note",
        ),
        "'one' has a meaning already (choose another name)",
    ),
    "a name of a record that is gone": (
        ("create: ticket", "create: ticket\n    then: [{delete: ticket, key: T1, bind: gone}]", "bind: gone"),
        "'bind' has no effect here (it goes with create, update, issue)",
    ),
    "a field that a named record never has": (
        (
            "create: ticket",
            'create: ticket\n    then: [{update: ticket, key: T1, bind: one},\n {delete: note, key: "${{one.titel}}"}]',
            "one.titel",
        ),
        "a ticket has no field 'titel' in ${{ one.titel }} (did you mean 'title'?)",
    ),
    "an operation that the contract lacks": (
        ("getTicket: {read", "getTickt: {read", "getTickt"),
        "the contract has no operation 'getTickt' (did you mean 'getTicket'?)",
    ),
    "an unknown resource": (
        ("list: note", "list: notes", "list: notes"),
        "unknown resource 'notes' (did you mean 'note'?)",
    ),
    "an unknown error of a rule": (
        ("else: too_many", "else: to_many", "else: to_many"),
        "unknown error 'to_many' (did you mean 'too_many'?)",
    ),
    "an unknown error of a resource": (
        ("missing: no_ticket", "missing: no_tickt", "missing: no_tickt"),
        "unknown error 'no_tickt' (did you mean 'no_ticket'?)",
    ),
    "an error whose status the operation does not document": (
        ("too_many: {status: 409}", "too_many: {status: 418}", "else: too_many"),
        "createTicket does not document status 418 of 'too_many' (documented: 200, 400, 401, 404, 409)",
    ),
    "a status that the operation does not document": (
        ("getTicket: {read: ticket}", "getTicket: {read: ticket, respond: {status: 201}}", "getTicket:"),
        "the contract does not document status 201 (documented: 200, 400, 401, 404, 409)",
    ),
    "a setting that is not declared": (
        ("settings.most_open }}", "settings.most_opn }}", "most_opn"),
        (
            "'settings' has no 'most_opn' here in ${{ count(ticket, state='open') < settings.most_opn }}"
            " (did you mean 'most_open'?)"
        ),
    ),
    "a misspelt field": (
        ("item.state != 'closed'", "item.stauts != 'closed'", "item.stauts"),
        "a ticket has no field 'stauts' in ${{ item.stauts != 'closed' }} (did you mean 'state'?)",
    ),
    "a misspelt field of a collection": (
        ("count(note, ticketId=", "count(note, ticketID=", "ticketID="),
        "a note has no field 'ticketID' in ${{ count(note, ticketID=item.ticketId) }} (did you mean 'ticketId'?)",
    ),
    "a query parameter that is not documented": (
        ('"${{ query.state }}"', '"${{ query.from }}"', "query.from"),
        (
            "not an expression: invalid syntax in ${{ query.from }}"
            " ('from' is a word of the language: write ['from'])"
        ),
    ),
    "a query parameter that is not documented, by its index": (
        ('"${{ query.state }}"', "\"${{ query['from'] }}\"", "query['from']"),
        "'query' has no 'from' here in ${{ query['from'] }} (known: limit, state)",
    ),
    "a misspelt query parameter": (
        ('"${{ query.state }}"', '"${{ query.stat }}"', "query.stat "),
        "'query' has no 'stat' here in ${{ query.stat }} (did you mean 'state'?)",
    ),
    "a misspelt path parameter": (
        ('text: closed}', 'text: "${{ path.ticketid }}"}', "path.ticketid"),
        "'path' has no 'ticketid' here in ${{ path.ticketid }} (did you mean 'ticketId'?)",
    ),
    "a field of the body that the contract lacks": (
        ("create: ticket\n", "create: ticket\n    set: {title: '${{ body.titel }}'}\n", "body.titel"),
        "'body' has no 'titel' here in ${{ body.titel }} (did you mean 'title'?)",
    ),
    "a key of what is always there": (
        ("create: ticket\n", "create: ticket\n    set: {title: '${{ caller.tokn }}'}\n", "caller.tokn"),
        "'caller' has no 'tokn' here in ${{ caller.tokn }} (did you mean 'token'?)",
    ),
    "a computed field used as a stored one": (
        ("item.state != 'closed'", "item.notes > 0", "item.notes > 0"),
        (
            "'notes' of ticket is computed, not stored in ${{ item.notes > 0 }}"
            " (a computed field is worked out when a record is shown; repeat its expression here)"
        ),
    ),
    "a field of the operation's record, where a `then` makes another": (
        ("text: closed}", "text: '${{ item.title }}'}", "item.title"),
        "a note has no field 'title' in ${{ item.title }} (stored: noteId, text, ticketId)",
    ),
    "a collection used as a record": (
        ("item.state != 'closed'", "ticket.state != 'closed'", "ticket.state"),
        "'ticket' is a collection in ${{ ticket.state != 'closed' }} (write ticket[key].state)",
    ),
    "a name that is not known": (
        ("createdTime: ${{ now }}", "createdTime: ${{ nwo }}", "nwo"),
        "unknown name 'nwo' in ${{ nwo }} (did you mean 'now'?)",
    ),
    "a function that is not known": (
        ("T${{ digits(6) }}", "T${{ digit(6) }}", "digit(6)"),
        "unknown function 'digit' in ${{ digit(6) }} (did you mean 'digits'?)",
    ),
    "an expression that does not end": (
        ("createdTime: ${{ now }}", "createdTime: ${{ now", "createdTime:"),
        "'${{' without its '}}'",
    ),
    "a resource called like a name of the language": (
        ("  note:\n", "  query:\n    key: id\n  note:\n", "  query:"),
        "'query' is a name of the language (rename the resource)",
    ),
    "two verbs": (
        ("getTicket: {read: ticket}", "getTicket: {read: ticket, delete: ticket}", "getTicket:"),
        "an operation has one verb, not read and delete (use then:)",
    ),
    "a clause that does nothing": (
        ("getTicket: {read: ticket}", "getTicket: {read: ticket, set: {state: open}}", "getTicket:"),
        "'set' has no effect here (it goes with create, update, replace)",
    ),
    "a field that the body does not have": (
        ("updateTicket: {update: ticket}", "updateTicket: {update: ticket, take: [titel]}", "take: [titel]"),
        "the request body has no field 'titel' (did you mean 'title'?)",
    ),
    "an effect without its key": (
        ("      - create: note\n", "      - update: note\n", "- update: note"),
        "update needs the key of the record (add key: ${{ … }}, or where: {field: value} for all that fit)",
    ),
    "an effect without a verb": (
        ("      - create: note\n        set", "      - set", "- set:"),
        "an effect has one of create, update, delete, issue, revoke, do, emit",
    ),
    "a path that does not say which record": (
        ("createTicket:\n", "getStatus: {read: ticket}\n  createTicket:\n", "getStatus"),
        "which path parameter names the ticket? (give key: ${{ path.<name> }}; the path has no parameters)",
    ),
    "a security scheme that the contract lacks": (
        ("  token: {missing", "  tokn: {missing", "tokn"),
        "the contract has no security scheme 'tokn' (did you mean 'token'?)",
    ),
    "a timer that looks at the clock": (
        ("at: ${{ item.staleTime }}", "at: ${{ now }}", "at: ${{ now }}"),
        "unknown name 'now' in ${{ now }} (known: false, item, null, settings, true)",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), CASES.values(), ids=CASES)
def test_one_clear_message(tmp_path: Path, change: tuple[str, str, str], message: str) -> None:
    old, new, marker = change
    file, problems = found(tmp_path, old, new)
    assert f"{file}:{line_of(file, marker)}: {message}" in [str(problem) for problem in problems]


def test_the_caret_stands_under_the_fault(tmp_path: Path) -> None:
    _, problems = found(tmp_path, "item.state != 'closed'", "item.ticketId and itme.state != 'closed'")
    assert problems[0].fragment == "item.ticketId and itme.state != 'closed'\n                  ^"


def test_all_problems_of_a_file_at_once_in_order(tmp_path: Path) -> None:
    folder = desk_folder(
        tmp_path,
        (BEHAVIOUR, "item.state != 'closed'", "item.stauts != 'closed'"),
        (BEHAVIOUR, "list: note", "list: notes"),
        (BEHAVIOUR, "createdTime: ${{ now }}", "createdTime: ${{ nwo }}"),
        (BEHAVIOUR, "getTicket: {read", "getTickt: {read"),
    )
    problems = problems_of(folder)
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)
    assert len(problems) >= 4
    assert {problem.message.split("'")[1] for problem in problems} >= {"nwo", "getTickt", "notes"}


@pytest.mark.parametrize("text", ["[]", "just text", "7"])
def test_a_file_that_is_no_mapping(tmp_path: Path, text: str) -> None:
    folder = desk_folder(tmp_path)
    (folder / BEHAVIOUR).write_text(text)
    [problem] = problems_of(folder)
    assert str(problem).startswith(f"{folder / BEHAVIOUR}:1: 'the file' must be of type object, not ")


class TestSettings:
    def test_a_setting_can_be_overridden(self) -> None:
        mock = desk(settings={"desk": {"most_open": 2}})
        assert mock.call("POST /tickets", {"title": "x"}).json["code"] == "too_many"

    def test_one_that_is_not_declared(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"there is no setting 'most_opn' \(did you mean 'most_open'\?\)"):
            serve(desk_folder(tmp_path), settings={"desk": {"most_opn": 2}})


def test_evidence_is_counted() -> None:
    grades = desk(
        (BEHAVIOUR, "no_ticket: {status: 404}", "no_ticket: {status: 404, evidence: assumed}"),
        (BEHAVIOUR, "getTicket: {read: ticket}", "getTicket: {read: ticket, evidence: observed}"),
    ).engine.apis["desk"].behaviour.evidence  # fmt: skip
    assert (grades["observed"], grades["assumed"]) == (1, 1)
    assert grades["documented"] > 10


def test_an_open_body_may_have_any_field() -> None:
    """Where the contract welcomes further properties, an expression may read them."""
    mock = desk(
        ("openapi.yaml", "required: [title]", "required: [title]\n            additionalProperties: true"),
        (BEHAVIOUR, "create: ticket\n", "create: ticket\n    set: {agentId: '${{ body.assignee }}'}\n"),
    )  # fmt: skip
    assert mock.call("POST /tickets", {"title": "x", "assignee": "a1"}).json["agentId"] == "a1"
