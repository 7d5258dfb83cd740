"""What a test asks a mock about its calls, and the tokens that it gets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mockserver.exceptions import UsageError
from mockserver.testing.mock_api import MockApi
from tests.testing.desks import call, desk


@pytest.fixture
def api() -> Iterator[MockApi]:
    with desk() as api:
        yield api


def failure(api: MockApi, *arguments: object, **named: object) -> str:
    with pytest.raises(AssertionError) as error:
        api.assert_called(*arguments, **named)  # type: ignore[arg-type]  # what a test hands on
    return str(error.value)


def test_a_call_is_seen_whole(api: MockApi) -> None:
    call(api, "POST /tickets", {"title": "Printer", "colour": "red"}, x_trace="7")
    seen = api.requests[0]
    assert (seen.number, seen.operation, seen.method, seen.path) == (1, "createTicket", "POST", "/desk/tickets")
    assert seen.body == seen.json == {"title": "Printer", "colour": "red"}
    assert seen.response.status == seen.status == 200
    assert seen.response.json["title"] == "Printer"
    assert seen.response.headers["content-type"] == "application/json"
    assert [warning.rule for warning in seen.warnings] == ["unknown"]
    assert seen.violations == []
    assert any("createTicket" in line for line in seen.trace)
    assert repr(seen) == "<call 1: POST /desk/tickets -> 200 createTicket>"
    assert seen.curl("http://localhost:1").startswith("curl http://localhost:1/desk/tickets -H ")


def test_bodies_are_read_as_what_they_are(api: MockApi) -> None:
    call(api, "POST /tickets", content_type="text/plain")
    assert api.journal[-1].body is None
    for raw, kind, value in (
        (b"a=1&b=x+y", "application/x-www-form-urlencoded", {"a": "1", "b": "x y"}),
        (b"plain", "text/plain", "plain"),
        (b"\xff\x00", "application/octet-stream", b"\xff\x00"),
        (b"null", "application/json", None),
    ):
        from mockserver.messages import Request

        api.handle(Request("POST", "/desk/tickets", "", {"content-type": kind}, raw))
        assert api.requests[-1].body == value


def test_what_was_called_is_asserted(api: MockApi) -> None:
    call(api, "POST /tickets", {"title": "Printer", "priority": 2})
    call(api, "GET /tickets?limit=3&state=open")
    call(api, "GET /tickets/T1", x_trace="7")
    assert len(api.assert_called("createTicket")) == 1
    api.assert_called("createTicket", times=1, body={"title": "Printer"})
    api.assert_called("listTickets", query={"limit": 3, "state": "open"})
    api.assert_called("listTickets", query={"limit": "3"}, path="/tickets")
    api.assert_called("getTicket", path={"ticketId": "T1"}, headers={"X_Trace": "7"})
    api.assert_not_called("createTicket", body={"title": "Scanner"})
    api.assert_not_called("closeTicket")
    api.assert_called("closeTicket", times=0)


def test_the_calls_that_came_nearest_are_shown_with_their_differences(api: MockApi) -> None:
    call(api, "POST /tickets", {"title": "Printer", "priority": 2})
    call(api, "POST /tickets", {"title": "Scanner", "priority": 1})
    said = failure(api, "createTicket", body={"title": "Printer", "priority": 1, "agentId": "A1"})
    assert said == (
        "createTicket was never called with this body, expected at least one call\n"
        "  2 calls of createTicket differ, nearest first:\n"
        "    call 2: POST /desk/tickets -> 200\n"
        "      body /title: 'Scanner' instead of 'Printer'\n"
        "      body /agentId: is missing, wanted 'A1'\n"
        "    call 1: POST /desk/tickets -> 200\n"
        "      body /priority: 2 instead of 1\n"
        "      body /agentId: is missing, wanted 'A1'"
    )


def test_differences_go_all_the_way_down(api: MockApi) -> None:
    call(api, "PATCH /tickets/T1?dry=1", {"title": "x", "tags": [{"a/b": 1}, True]})
    said = failure(api, "updateTicket", body={"tags": [{"a/b": 2}, 1, 3]}, query={"dry": 2}, path={"ticketId": "T2"})
    assert [line.strip() for line in said.splitlines()[3:]] == [
        "path ticketId: 'T1' instead of 'T2'",
        "query dry: '1' instead of 2",
        "body /tags/0/a~1b: 1 instead of 2",
        "body /tags/1: true instead of 1",
        "body /tags: has 2 items, wanted 3",
    ]


def test_a_wrong_number_of_calls_lists_them(api: MockApi) -> None:
    call(api, "GET /tickets")
    call(api, "GET /tickets?limit=1")
    assert failure(api, "listTickets", times=1) == (
        "listTickets was called 2 times, expected 1 call\n"
        "  the calls:\n"
        "    call 1: GET /desk/tickets -> 200 listTickets\n"
        "    call 2: GET /desk/tickets?limit=1 -> 200 listTickets"
    )
    with pytest.raises(AssertionError, match="listTickets was called 2 times, expected none"):
        api.assert_not_called("listTickets")


def test_what_was_called_instead_is_shown(api: MockApi) -> None:
    assert "nothing was called at all" in failure(api, "listTickets")
    call(api, "GET /ticket")
    assert failure(api, "listTickets").splitlines()[1:] == [
        "  called instead:",
        "    call 1: GET /desk/ticket -> 404 (no operation)",
    ]
    with pytest.raises(UsageError, match="desk has no operation 'listTicket' \\(did you mean 'listTickets'"):
        api.assert_called("listTicket")


def test_tokens_are_held_to_what_they_were_issued_for() -> None:
    with desk(auth="strict") as api:
        assert call(api, "GET /tickets", token="anything").status == 401
        token = api.token(expires_in=60)
        assert call(api, "GET /tickets", token=token).status == 200
        api.clock.advance(minutes=2)
        assert call(api, "GET /tickets", token=token).status == 401
        with pytest.raises(UsageError, match="desk has no scope 'all'"):
            api.token(scopes="all")
