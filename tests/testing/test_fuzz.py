"""`@mockserver.fuzz`, used as a test module uses it: what the client is answered, and what its author is told."""

from __future__ import annotations

import asyncio
import json
import re
import unittest
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, assume, event, given, note, seed, settings
from hypothesis import strategies as st

import mockserver
from mockserver import ContractViolated, MockApi
from mockserver.exceptions import UsageError
from mockserver.testing.fuzz_run import EndlessCalls
from tests.mocks import DESK
from tests.testing.desks import call

DESK_PATH = str(DESK)
few = settings(max_examples=15, database=None, deadline=None, derandomize=True)
#: Shrinks, and does not look for the lines that explain a failure: that takes long.
plain = settings(
    max_examples=100, database=None, deadline=None, derandomize=True, phases=[Phase.generate, Phase.shrink]
)


def fuzz(*operations: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return mockserver.fuzz(DESK_PATH, *operations, **options)


def failure(test: Callable[..., Any], kind: type[BaseException] = Exception) -> tuple[BaseException, str]:
    """What a test that fails raises, and all that stands in its notes."""
    with pytest.raises(kind) as caught:
        test()
    return caught.value, "\n".join(getattr(caught.value, "__notes__", []))


def reproduction(notes: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The decorator that a failure tells of."""
    source = notes[notes.index("@mockserver.fuzz(") + 1 :]
    found: Callable[[Callable[..., Any]], Callable[..., Any]] = eval(source, {"mockserver": mockserver})  # noqa: S307
    return found


# --- what is answered --------------------------------------------------------------------------------------------


def test_each_example_gets_another_answer_and_the_mock_as_it_was() -> None:
    bodies: list[bytes] = []

    @few
    @fuzz("listTickets")
    def client(api: MockApi) -> None:
        assert len(api.requests) == 0
        assert api.state["ticket"].count() == TICKETS
        answer = call(api, "GET /tickets")
        bodies.append(api.requests[0].exchange.response.body)
        assert answer.status == 200
        call(api, "POST /tickets", {"title": "Printer"})
        assert api.state["ticket"].count() == TICKETS + 1
        assert api.requests[0].trace[-1] == "200: answered by the fuzzed response"
        assert [each.number for each in api.requests] == [1, 2]

    client()
    assert len(bodies) == 15
    assert len(set(bodies)) > 5


def _tickets() -> int:
    with mockserver.MockServer(DESK_PATH) as server:
        return server["desk"].state["ticket"].count()


TICKETS = _tickets()


def test_settings_above_and_below_and_the_seed_hold() -> None:
    drawn: dict[str, list[Any]] = {"above": [], "below": []}

    @seed(7)
    @settings(max_examples=8, database=None)
    @fuzz("listTickets")
    def above(api: MockApi) -> None:
        drawn["above"].append(call(api, "GET /tickets").json)

    @fuzz("listTickets")
    @settings(max_examples=8, database=None)
    @seed(7)
    def below(api: MockApi) -> None:
        drawn["below"].append(call(api, "GET /tickets").json)

    above()
    below()
    assert len(drawn["above"]) == 8
    assert drawn["above"] == drawn["below"]


class TestMethods:
    @few
    @fuzz("listTickets", argument="desk")
    def test_a_method_with_a_name_of_its_own_for_the_mock(self, desk: MockApi) -> None:
        assert isinstance(self, TestMethods)
        call(desk, "GET /tickets")

    @pytest.mark.parametrize("limit", [1, 2])
    @few
    @fuzz("listTickets")
    def test_beside_other_arguments(self, limit: int, api: MockApi, request_of_module: str) -> None:
        call(api, f"GET /tickets?limit={limit}")
        assert request_of_module == "module"


@pytest.fixture(scope="module")
def request_of_module() -> str:
    return "module"


class TestUnittest(unittest.TestCase):
    @few
    @fuzz("listTickets")
    def test_a_test_case(self, api: MockApi) -> None:
        assert call(api, "GET /tickets").status == 200


@few
@fuzz("listTickets")
async def test_a_coroutine(api: MockApi) -> None:
    await asyncio.sleep(0)
    assert call(api, "GET /tickets").status == 200


@few
@fuzz("listTickets", status="errors")
def test_errors(api: MockApi) -> None:
    assert call(api, "GET /tickets").status >= 400


@few
@fuzz("listTickets", mode="documented", strict=True, seed=3, start="2025-01-15T12:00:00Z")
def test_options_reach_the_mock(api: MockApi) -> None:
    assert call(api, "GET /tickets").status == 200
    assert (api.options.strict, api.options.seed, api.clock.now.year) == (True, 3, 2025)


def test_without_names_what_the_test_calls_is_fuzzed_one_at_a_time() -> None:
    fuzzed: set[str] = set()

    @settings(max_examples=40, database=None, deadline=None, derandomize=True)
    @fuzz()
    def client(api: MockApi) -> None:
        note("notes and events belong to Hypothesis")
        event("called")
        call(api, "GET /tickets")
        call(api, "GET /tickets/T1")
        answered = [each.operation for each in api.requests if each.trace[-1].endswith("the fuzzed response")]
        assert len(answered) < 2
        fuzzed.update(answered)

    client()
    assert fuzzed == {"listTickets", "getTicket"}


def test_without_names_the_test_must_pass_on_its_own() -> None:
    @few
    @fuzz()
    def client(api: MockApi) -> None:
        assert call(api, "GET /tickets").status == 418

    _, notes = failure(client, AssertionError)
    assert "This was without any fuzzing: desk answered as it does by itself." in notes


@few
@fuzz("listTickets")
def test_assumptions_are_hypothesis_own(api: MockApi) -> None:
    answer = call(api, "GET /tickets")
    assume(answer.json)


# --- what is told ------------------------------------------------------------------------------------------------


def test_a_failure_shows_the_smallest_answer() -> None:
    @plain
    @fuzz("listTickets")
    def client(api: MockApi) -> None:
        for ticket in call(api, "GET /tickets").json["tickets"]:
            assert ticket.get("agentId") != ""

    _, notes = failure(client, AssertionError)
    told = notes[notes.index("listTickets was answered") :].split("\n")
    body = json.loads(told[2])
    assert body == {"tickets": [{"agentId": ""}]}
    assert told[:2] == ["listTickets was answered once (mode allowed):", "  200"]
    assert any(line.startswith("  /tickets/0/agentId: ") for line in told)
    assert any(re.match(r"the contract allows it: .*openapi\.yaml:\d+$", line) for line in told)
    assert "fuzz_run.py" not in notes


def test_the_reproduction_really_reproduces() -> None:
    def body(api: MockApi) -> None:
        assert call(api, "GET /tickets").json["tickets"], "no items"

    @plain
    @fuzz("listTickets")
    def client(api: MockApi) -> None:
        body(api)

    _, notes = failure(client, AssertionError)
    again = reproduction(notes)
    runs = []

    @again
    def alone(api: MockApi) -> None:
        runs.append(1)
        body(api)

    error, notes = failure(alone, AssertionError)
    assert "no items" in str(error)
    assert "(mode reproduced)" in notes
    assert len(runs) <= 3  # once, and once more for the report

    @again
    def mended(api: MockApi) -> None:
        call(api, "GET /tickets")

    mended()


@pytest.mark.parametrize(
    ("given", "status", "body"),
    [
        ({"body": {"tickets": []}}, 200, b'{"tickets":[]}'),
        ({"status": 502, "headers": {"Content-Type": "text/html"}, "raw": "<p>"}, 502, b"<p>"),
        ({"raw": b"\xff"}, 200, b"\xff"),
        ({"status": 404, "body": None}, 404, b"null"),
    ],
)
def test_what_is_reproduced_arrives_as_it_is(given: Any, status: int, body: bytes) -> None:
    @fuzz("listTickets", reproduce=given)
    def client(api: MockApi) -> None:
        call_raw(api)
        response = api.requests[0].exchange.response
        assert (response.status, response.body) == (status, body)

    client()


def call_raw(api: MockApi) -> Any:
    from mockserver.messages import Request

    return api.handle(Request("GET", "/desk/tickets", "", {"authorization": "Bearer test"}))


def test_beyond_the_contract_is_marked_and_told() -> None:
    warned: set[str] = set()

    @plain
    @fuzz("listTickets", mode="beyond")
    def client(api: MockApi) -> None:
        response = call_raw(api)
        warned.update(warning.rule for warning in api.requests[0].warnings)
        assert response.body

    _, notes = failure(client, AssertionError)
    assert warned == {"fault.breaks_contract"}
    assert "  (no body)\n" in notes
    assert "the contract does not allow it: /: the response has no body" in notes


def test_what_the_client_breaks_fails_as_anywhere() -> None:
    @plain
    @fuzz("listTickets")
    def client(api: MockApi) -> None:
        call(api, "GET /tickets?limit=none")

    error, notes = failure(client, ContractViolated)
    assert "limit" in str(error)
    assert "No call of listTickets was answered in this example" in notes

    @few
    @fuzz("listTickets")
    def expected(api: MockApi) -> None:
        call(api, "GET /tickets")
        with api.expect_violation("listTickets"):
            call(api, "GET /tickets?limit=none")

    expected()


def test_the_test_s_own_failure_wins_and_the_verdict_stands_beside_it() -> None:
    @plain
    @fuzz("listTickets")
    def client(api: MockApi) -> None:
        call(api, "GET /tickets")
        call(api, "GET /tickets?limit=none")
        raise KeyError("mine")

    _, notes = failure(client, KeyError)
    assert "The client broke the contract as well: listTickets broke the contract" in notes


def test_a_client_that_never_ends_is_stopped() -> None:
    @settings(max_examples=3, database=None, deadline=None, derandomize=True, phases=[Phase.generate])
    @fuzz("listTickets", most_calls=5)
    def client(api: MockApi) -> None:
        while call_raw(api).status == 200:
            pass

    error, notes = failure(client, EndlessCalls)
    assert "listTickets was called more than 5 times in one example" in str(error)
    assert "pages=True" in str(error)
    assert "listTickets was answered 6 times" in notes


# --- pages -------------------------------------------------------------------------------------------------------


def test_pages_follow_each_other_and_end_with_an_empty_one() -> None:
    lengths: set[int] = set()

    @settings(max_examples=80, database=None, deadline=None, derandomize=True)
    @fuzz("listTickets", pages=2)
    def client(api: MockApi) -> None:
        found: list[Any] = []
        number = 0
        while items := call(api, f"GET /tickets?page={number}").json["tickets"]:
            assert items == call(api, f"GET /tickets?page={number}").json["tickets"], "asked twice, answered the same"
            found += items
            number += 1
        lengths.add(len(found))

    client()
    assert {0, 1, 2} < lengths


def test_a_walk_is_shown_and_reproduced_page_by_page() -> None:
    @plain
    @fuzz("listTickets", pages=1)
    def client(api: MockApi) -> None:
        first = call(api, "GET /tickets?page=0").json["tickets"]
        assert not (first and call(api, "GET /tickets?page=1").json["tickets"])

    _, notes = failure(client, AssertionError)
    assert "  page 1: 200\n" in notes
    assert "  page 2: 200\n" in notes
    failure(reproduction(notes)(client.__wrapped__), AssertionError)  # type: ignore[attr-defined]


# --- nothing that passes in silence ------------------------------------------------------------------------------


def test_an_operation_that_is_never_called_is_told() -> None:
    @few
    @fuzz("getTicket")
    def client(api: MockApi) -> None:
        call(api, "GET /tickets")

    error, _ = failure(client, UsageError)
    assert str(error) == "client never called getTicket in 15 examples (it called listTickets (15 times))"

    @few
    @fuzz("getTicket")
    def idle(api: MockApi) -> None:
        pass

    error, _ = failure(idle, UsageError)
    assert str(error).endswith("(it called nothing at all: does the client use api.url?)")

    @few
    @fuzz()
    def lazy(api: MockApi) -> None:
        pass

    error, _ = failure(lazy, UsageError)
    assert str(error).startswith("lazy calls no operation of desk that could be fuzzed (it called nothing at all")


def test_an_operation_whose_calls_are_all_refused_is_told() -> None:
    @few
    @fuzz("listTickets", auth="strict", strict=False)
    def client(api: MockApi) -> None:
        call(api, "GET /tickets", token="made-up")

    error, _ = failure(client, UsageError)
    assert "client never got a fuzzed answer of listTickets: in 15 examples each call was refused (401: " in str(error)


def test_what_cannot_be_is_an_error_when_the_file_is_imported() -> None:
    def message(*arguments: Any, **options: Any) -> str:
        with pytest.raises(pytest.Collector.CollectError) as caught:
            mockserver.fuzz(*arguments, **options)
        assert re.match(r"test_fuzz\.py:\d+: @mockserver\.fuzz: ", str(caught.value))
        return str(caught.value).split("@mockserver.fuzz: ")[1]

    assert "has no operation 'listTicket' (did you mean 'listTickets'?)" in message(DESK_PATH, "listTicket")
    assert message(DESK_PATH, "listTickets", mode="allow") == "the mode 'allow' is unknown (did you mean 'allowed'?)"
    assert "the status 418 is not documented for 'listTickets'" in message(DESK_PATH, "listTickets", status=418)
    assert "no operation of desk documents the status 418" in message(DESK_PATH, status=418)
    assert "no status is 'error'" in message(DESK_PATH, "listTickets", status="error")
    assert "an API is named by text" in message(lambda api: None)
    assert "unknown option 'sed' (did you mean 'seed'?)" in message(DESK_PATH, sed=1)
    assert "pages keep the contract" in message(DESK_PATH, "listTickets", pages=True, mode="beyond")
    assert "most_calls must be a whole number from 1" in message(DESK_PATH, "listTickets", most_calls=0)
    assert "reproduce is for one operation" in message(DESK_PATH, reproduce={})
    assert "unknown key 'bodi' (did you mean 'body'?)" in message(DESK_PATH, "listTickets", reproduce={"bodi": 1})
    assert "holds no list" in message(DESK_PATH, "getTicket", pages=True)


def test_an_api_without_operations_is_refused(tmp_path: Any) -> None:
    (tmp_path / "bare.yaml").write_text("openapi: 3.1.0\ninfo: {title: Bare, version: '1'}\npaths: {}\n")
    with pytest.raises(pytest.Collector.CollectError, match="bare has no operations"):
        mockserver.fuzz(str(tmp_path / "bare.yaml"))


def test_what_cannot_be_decorated_is_refused() -> None:
    with pytest.raises(pytest.Collector.CollectError, match="does not take the argument 'api' \\(it takes desk; "):

        @fuzz("listTickets")
        def other(desk: MockApi) -> None: ...

    with pytest.raises(pytest.Collector.CollectError, match="not above a class"):

        @fuzz("listTickets")
        class Tests: ...

    with pytest.raises(pytest.Collector.CollectError, match="twice stands under @given or @mockserver"):

        @fuzz("listTickets")
        @given(number=st.integers())
        def twice(api: MockApi, number: int) -> None: ...
