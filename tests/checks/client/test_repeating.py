"""Requests that are sent again blindly."""

from __future__ import annotations

from copy import copy
from typing import Any

import pytest

from mockserver.checks.client import ClientJudge
from tests.checks.client.judged import Judged, judged

DOCUMENTED = (
    "openapi.yaml",
    "responses: &one\n",
    'responses: &one\n        "503": {$ref: "#/components/responses/Problem"}\n',
)
RETRY_AFTER = ("behaviour.yaml", "  too_many: {status: 409}", '  too_many: {status: 503, headers: {Retry-After: "1"}}')
ORDER = {"title": "Printer"}


def failed(operation: str = "createTicket", *changes: tuple[str, str, str], **given: Any) -> Judged:
    client = judged(*changes)
    client.order(operation, **(given or {"status": 503}))
    return client


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"status": 500}, "was answered 500"),
        ({"status": 503}, "was answered 503"),
        ({"fault": "CONNECTION_RESET_BY_PEER"}, "CONNECTION_RESET_BY_PEER"),
        ({"fault": "CONNECTION_RESET_BY_PEER", "applied": True}, "CONNECTION_RESET_BY_PEER"),
        ({"fault": "EMPTY_RESPONSE"}, "EMPTY_RESPONSE"),
        ({"fault": "MALFORMED_RESPONSE_CHUNK"}, "MALFORMED_RESPONSE_CHUNK"),
        ({"fault": "TIMEOUT"}, "TIMEOUT"),
    ],
)
def test_the_same_request_after_a_failure(given: dict[str, Any], kind: str) -> None:
    client = failed(**given)
    client.call("POST /tickets", ORDER)
    client.call("POST /tickets", ORDER)
    found = client.only
    assert (found.rule, found.severity, found.operation) == ("blind-retry", "error", "createTicket")
    assert kind in found.message
    assert len(found.exchanges) == 2
    assert found.place is not None
    assert found.place.line


def test_the_kind_of_failure_and_not_its_number_makes_the_fingerprint() -> None:
    found = []
    for given in ({"status": 500}, {"status": 503}, {"fault": "TIMEOUT"}):
        client = failed(**given)
        client.call("POST /tickets", ORDER)
        client.call("POST /tickets", ORDER)
        found.append(client.only.fingerprint)
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("given", [{"status": 400}, {"status": 409}, {"status": 429}, {"fault": "SLOW_DRIP"}])
def test_after_an_answer_that_says_that_nothing_happened_or_that_arrived(given: dict[str, Any]) -> None:
    client = failed(**given)
    client.call("POST /tickets", ORDER)
    client.call("POST /tickets", ORDER)
    assert client.end() == []


def test_another_body_is_another_request() -> None:
    client = failed()
    client.call("POST /tickets", ORDER)
    client.call("POST /tickets", {"title": "Scanner"})
    assert client.end() == []


def test_a_look_in_between() -> None:
    client = failed()
    client.call("POST /tickets", ORDER)
    client.call("GET /tickets")
    client.call("POST /tickets", ORDER)
    assert client.end() == []


def test_a_look_that_failed_has_shown_nothing() -> None:
    client = failed()
    client.order("listTickets", fault="EMPTY_RESPONSE")
    client.call("POST /tickets", ORDER)
    client.call("GET /tickets")
    client.call("POST /tickets", ORDER)
    assert client.end() == ["blind-retry"]


@pytest.mark.parametrize("header", ["Idempotency-Key", "X-Idempotency-Key", "Repeatability-Request-ID", "If-Match"])
def test_a_request_that_says_that_it_shall_happen_once(header: str) -> None:
    client = failed()
    for _ in range(2):
        client.call("POST /tickets", ORDER, headers={header.lower(): "7f1c"})
    assert client.end() == []


def test_an_answer_that_invites_to_come_again() -> None:
    client = failed("createTicket", DOCUMENTED, RETRY_AFTER, error="too_many")
    client.call("POST /tickets", ORDER)
    client.passes(2)
    client.call("POST /tickets", ORDER)
    assert client.end() == []


@pytest.mark.parametrize(
    ("operation", "line", "json"),
    [
        ("replaceTicket", "PUT /tickets/T1", ORDER),
        ("deleteTicket", "DELETE /tickets/T1", None),
        ("listTickets", "GET /tickets", None),
        ("updateTicket", "PATCH /tickets/T1", ORDER),  # its rules only write down what is sent
    ],
)
def test_what_may_be_done_twice(operation: str, line: str, json: Any) -> None:
    client = failed(operation)
    client.call(line, json)
    client.call(line, json)
    assert client.end() == []


def test_an_update_that_goes_on_from_what_was_there() -> None:
    counts = (
        "behaviour.yaml",
        "updateTicket: {update: ticket}",
        'updateTicket: {update: ticket, set: {priority: "${{ item.priority + 1 }}"}}',
    )
    client = failed("updateTicket", counts)
    client.call("PATCH /tickets/T1", {})
    client.call("PATCH /tickets/T1", {})
    assert client.rules == ["blind-retry"]


def test_effects_beside_the_verb_happen_twice() -> None:
    client = failed("closeTicket")
    client.call("POST /tickets/T1/close")
    client.call("POST /tickets/T1/close")
    assert client.rules == ["blind-retry"]


def test_another_caller_does_not_repeat() -> None:
    client = failed()
    client.call("POST /tickets", ORDER)
    client.call("POST /tickets", ORDER, authorization="Bearer other")
    assert client.end() == []


def test_an_hour_later_it_is_another_story() -> None:
    client = failed()
    client.call("POST /tickets", ORDER)
    client.passes(3600)
    client.call("POST /tickets", ORDER)
    assert client.end() == []


def test_what_a_test_has_ordered_is_soon_another_story() -> None:
    client = failed()
    client.call("POST /tickets", ORDER)
    client.passes(15)
    client.call("POST /tickets", ORDER)
    assert client.end() == []


def test_who_goes_on_with_something_else_after_an_ordered_failure_is_perhaps_the_next_test() -> None:
    client = failed()
    client.call("POST /tickets", ORDER)
    client.call("POST /tickets/T1/close")
    client.call("POST /tickets", ORDER)
    assert client.end() == []


def test_the_next_of_many_is_nothing_else() -> None:
    client = failed()
    client.call("POST /tickets", ORDER)
    client.call("POST /tickets", {"title": "Scanner"})
    client.call("POST /tickets", ORDER)
    assert client.rules == ["blind-retry"]
    assert "reset" in client.only.advice


def test_a_failure_that_the_request_itself_has_ordered_is_none_of_the_next() -> None:
    client = judged(DOCUMENTED)
    for prefer in ("code=503", None):
        headers = {"prefer": prefer} if prefer else {}
        client.call("POST /tickets", ORDER, headers={"authorization": "Bearer any-token", **headers})
    assert client.end() == []


@pytest.mark.parametrize(
    ("lasted", "after", "rules"), [(2.0, 0.5, ["blind-retry"]), (2.0, 0.01, []), (2.0, 2.5, []), (0.2, 0.15, [])]
)
def test_a_request_that_is_made_again_while_the_first_one_is_under_way(
    lasted: float, after: float, rules: list[str]
) -> None:
    client = judged()
    client.call("POST /tickets", ORDER)
    (first,) = client.mock.engine.journal.since(0)
    second = copy(first)
    first.duration, second.at = lasted, first.at + after
    judge = ClientJudge(client.mock.engine.apis)
    found = [*judge.see(first), *judge.see(second)]
    assert [each.rule for each in found] == rules
    assert all("has not answered yet" in each.message for each in found)


def test_one_finding_for_each_repetition() -> None:
    client = failed(status=503, times=3)
    for _ in range(4):
        client.call("POST /tickets", ORDER)
    client.call("POST /tickets", ORDER)  # the fourth has succeeded: this one is meant
    assert client.rules == ["blind-retry"] * 3
