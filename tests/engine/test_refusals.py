"""Refusals: what the body of an error may say, and who speaks where the contract has no words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mocks import Mock, answers, desk, one_operation

BEHAVIOUR, OPENAPI = "behaviour.yaml", "openapi.yaml"
DETAIL = "detail: \"${{ violation.message or '' }}\""
REQUIRE = (
    BEHAVIOUR,
    "  closeTicket:\n",
    "  closeTicket:\n    require: [{that: \"${{ item.state != 'closed' }}\", else: too_many}]\n",
)


def saying(expression: str, *changes: Any, **options: Any) -> Mock:
    return desk((BEHAVIOUR, DETAIL, f'detail: "${{{{ text({expression}) }}}}"'), REQUIRE, *changes, **options)


SEEN = {
    "now": "2025-01-15T12:00:00Z",
    "len(ticket)": "3",
    "ticket['T1'].title": "The printer hums",
    "item.title": "The door sticks",
    "parent is None": "true",
    "settings.most_open": "1000",
    "server.host": "desk.example",
    "caller.token": "test",
    "path.ticketId": "T2",
    "query is None": "false",
    "headers['x-it']": "yes",
    "body is None": "true",
    "violation is None": "true",
    "error.status": "409",
    "error.name": "too_many",
}


@pytest.mark.parametrize(("expression", "text"), SEEN.items())
def test_an_error_sees_what_its_operation_sees(expression: str, text: str) -> None:
    answer = saying(expression).call("POST /tickets/T2/close", x_it="yes")
    assert (answer.status, answer.json) == (409, {"code": "too_many", "detail": text})


def test_the_records_are_as_they_stand() -> None:
    mock = saying("len(ticket)")
    mock.call("POST /tickets", {"title": "x"})
    assert mock.call("POST /tickets/T2/close").json["detail"] == "4"


@pytest.mark.parametrize("call", ["GET /tickets/none", "GET /tickets/none/notes", "PATCH /tickets/T2"])
def test_what_was_not_found_yet_is_null(call: str) -> None:
    assert saying("item is None and parent is None").call(call, {"priority": 9}).json["detail"] == "true"


def test_the_parent_that_was_found() -> None:
    mock = saying(
        "parent.title",
        (BEHAVIOUR, "    within: ticket\n", "    within: ticket\n    require: [{that: false, else: no_ticket}]\n"),
    )
    assert mock.call("GET /tickets/T3/notes").json["detail"] == "No light"


def test_an_error_that_draws_changes_nothing() -> None:
    mock, other = saying("digits(5)"), desk()
    space = mock.engine.apis["desk"].space("")
    before = space.state
    first = mock.call("POST /tickets/T2/close").json["detail"]
    assert (len(first), space.state) == (5, before)
    assert mock.call("POST /tickets", {"title": "x"}).json == other.call("POST /tickets", {"title": "x"}).json


def test_an_error_by_preference_sees_the_same_names() -> None:
    mock = saying("now")
    assert mock.call("POST /tickets/T2/close", prefer="code=409").json["detail"] == "2025-01-15T12:00:00Z"


PARAMETER = {"name": "n", "in": "query", "schema": {"type": "integer"}}


class TestNoWords:
    """The contract of an operation lacks the status: the mock speaks for itself, and it is no fault of the mock."""

    def check(self, answer: Any, status: int, detail: str) -> None:
        assert (answer.status, answer.response.header("X-Mockserver-Problem")) == (status, "refused")
        assert (answer.json["status"], answer.json["detail"]) == (status, detail)
        assert answer.exchange.verdict == "violation"
        assert answer.exchange.trace[-1].startswith(f"{status}: ")

    def test_of_an_error_that_is_declared(self) -> None:
        behaviour = {"errors": {"invalid_request": {"status": 422, "body": {"oops": True}}}}
        mock = one_operation(answers(True, parameters=[PARAMETER]), {}, behaviour=behaviour)
        detail = "invalid request: the contract of it lacks the status 422; it documents 200"
        self.check(mock.call("GET /it?n=x"), 422, detail)

    def test_of_one_that_is_not(self) -> None:
        mock = one_operation(answers(True, parameters=[PARAMETER]))
        detail = "invalid request: the contract of it lacks the status 400; it documents 200"
        self.check(mock.call("GET /it?n=x"), 400, detail)

    def test_of_a_credential(self) -> None:
        schemes = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
        mock = one_operation(answers(True, security=[{"token": []}]), components=schemes)
        detail = "unauthenticated: the contract of it lacks the status 401; it documents 200"
        self.check(mock.call("GET /it", authorization=None), 401, detail)

    def test_by_strictness(self) -> None:
        answer = one_operation(answers(True), strict=True).call("GET /it?n=1")
        self.check(answer, 400, "invalid request: the contract of it lacks the status 400; it documents 200")

    def test_a_range_is_documented_too(self) -> None:
        operation = answers(True, parameters=[PARAMETER])
        schema = {"type": "object", "properties": {"oops": {"type": "boolean"}}}
        operation["responses"]["4XX"] = {
            "description": "no",
            "content": {"application/json": {"schema": schema, "example": {"oops": True}}},
        }
        answer = one_operation(operation).call("GET /it?n=x")
        assert (answer.status, answer.json) == (400, {"oops": True})

    def test_one_that_breaks_its_schema_is_a_fault_all_the_same(self) -> None:
        answer = desk((BEHAVIOUR, "{code: ", "{kode: ")).call("GET /tickets/none")
        assert (answer.status, answer.exchange.verdict) == (500, "problem")


class TestStrict:
    def test_what_is_deprecated_is_refused(self) -> None:
        answer = desk(strict=True).call("GET /status")
        assert (answer.status, answer.response.header("X-Mockserver-Problem")) == (400, "refused")
        assert answer.exchange.verdict == "violation"
        assert answer.exchange.operation == "getStatus"

    def test_a_path_is_as_documented(self) -> None:
        change = (BEHAVIOUR, "settings:\n", "requests: {slashes: either}\nsettings:\n")
        assert desk(change).call("GET /tickets/").warnings == ["slashes"]
        answer = desk(change, strict=True).call("GET /tickets/")
        assert (answer.status, answer.violations) == (404, ["path"])

    def test_a_warning_of_a_rule_is_a_violation(self) -> None:
        answer = desk(strict=True).call("POST /tickets/T2/close")
        assert (answer.status, answer.violations) == (400, ["strict"])
        assert "ticket T2 is closed already" in answer.exchange.violations[0].message


@pytest.mark.parametrize(
    ("call", "status", "violation"),
    [("GET /tickts", 404, "path"), ("DELETE /tickets", 405, "method"), ("GET /a\x00b", 400, "path")],
)
def test_what_is_not_documented_is_a_violation(call: str, status: int, violation: str) -> None:
    answer = desk().call(call)
    assert (answer.status, answer.violations, answer.exchange.verdict) == (status, [violation], "violation")


def test_the_warnings_of_an_operation_are_among_its_errors() -> None:
    """`Prefer: code=409` takes the error that the operation itself would raise with that status."""
    change = (BEHAVIOUR, "is closed already", "is closed already\n        else: too_many")
    assert desk(change).call("POST /tickets/T1/close", prefer="code=409").json["code"] == "too_many"


class TestStrictWords:
    def test_a_refusal_passes_nothing_over(self) -> None:
        lenient = desk().call("GET /tickets?odd=1")
        assert lenient.exchange.warnings[0].message.endswith("and is ignored")
        answer = desk(strict=True).call("GET /tickets?odd=1")
        assert answer.violations == ["strict"]
        assert answer.exchange.violations[0].message == "odd is not documented for listTickets"

    def test_the_reason_is_the_scheme_word(self) -> None:
        change = (BEHAVIOUR, "token: {missing", "token: {words: [Desk, Bearer], missing")
        answer = desk(change, strict=True).call("GET /tickets")
        said = "the scheme word is 'Bearer', documented is 'Desk'"
        assert answer.exchange.violations[0].message == said
        assert not any("accepted" in line for line in answer.exchange.trace)
        assert answer.exchange.trace[-1].startswith(f"400: {said}")


class TestTooLarge:
    def test_the_operation_is_named(self) -> None:
        answer = desk(body_limit=5).call("POST /tickets", {"title": "x"})
        assert (answer.status, answer.violations) == (413, ["body"])
        assert answer.exchange.operation == "createTicket"
        assert answer.exchange.violations[0].expected == "at most 5 bytes"

    def test_wherever_it_is_sent(self) -> None:
        answer = desk(body_limit=5).call("POST /nowhere", {"title": "x"})
        assert (answer.status, answer.violations, answer.exchange.operation) == (413, ["body"], "")
