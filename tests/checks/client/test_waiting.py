"""Retry-After."""

from __future__ import annotations

import pytest

from tests.checks.client.judged import QUOTA, Judged, judged

HEADER = ("behaviour.yaml", "  too_many: {status: 409}", '  too_many: {status: 409, headers: {Retry-After: "%s"}}')
FULL = ("behaviour.yaml", "value: 1000", "value: 0")


def told_to_wait(text: str, timed: bool = True) -> Judged:
    """A client that was told to wait by an answer to createTicket."""
    file, old, new = HEADER
    client = judged((file, old, new % text), FULL, timed=timed)
    assert client.call("POST /tickets", {"title": "x"}).status == 409
    return client


def told_to_wait_once() -> Judged:
    """The same, where nothing stands in the way of the next call."""
    file, old, new = HEADER
    client = judged((file, old, new % "30"))
    client.order("createTicket", error="too_many")
    assert client.call("POST /tickets", {"title": "x"}).status == 409
    return client


def test_a_call_that_comes_too_early() -> None:
    client = told_to_wait("30")
    client.passes(1)
    client.call("POST /tickets", {"title": "x"})
    found = client.only
    assert (found.rule, found.severity, found.operation) == ("retry-after-ignored", "error", "createTicket")
    assert "Retry-After: 30 s" in found.message
    assert "after 1.0 s" in found.message
    assert [each.status for each in found.exchanges] == [409, 409]
    assert found.place is not None
    assert "operationId: createTicket" in found.place.fragment or found.place.line


@pytest.mark.parametrize("waited", [29.2, 30, 300])
def test_one_that_waits(waited: float) -> None:
    client = told_to_wait("30")
    client.passes(waited)
    client.call("POST /tickets", {"title": "x"})
    assert client.end() == []


def test_a_second_is_waited_for_as_well() -> None:
    client = told_to_wait("1")
    client.passes(0.5)
    client.call("POST /tickets", {"title": "x"})
    assert client.rules == ["retry-after-ignored"]


@pytest.mark.parametrize(("waited", "rules"), [(100, ["retry-after-ignored"]), (121, [])])
def test_a_date(waited: float, rules: list[str]) -> None:
    client = told_to_wait("Wed, 15 Jan 2025 12:02:00 GMT")
    client.passes(waited)
    client.call("POST /tickets", {"title": "x"})
    assert client.end() == rules


@pytest.mark.parametrize("text", ["", "soon", "0", "-5", "Wed, 15 Jan 2020 12:00:00 GMT"])
def test_what_says_nothing_is_not_held_against_anybody(text: str) -> None:
    client = told_to_wait(text)
    client.call("POST /tickets", {"title": "x"})
    assert client.end() == []


def test_no_retry_after_no_finding() -> None:
    client = judged()
    client.order("listTickets", status=503)
    client.call("GET /tickets")
    client.call("GET /tickets")
    assert client.end() == []


def test_another_request_that_nobody_minds_is_not_meant() -> None:
    client = told_to_wait_once()
    client.passes(5)
    assert client.call("POST /tickets", {"title": "y"}).status == 200
    assert client.end() == []


def test_another_request_that_is_told_to_wait_again_is_meant() -> None:
    client = told_to_wait("30")
    client.passes(5)
    client.call("POST /tickets", {"title": "y"})
    assert client.rules == ["retry-after-ignored"]


def test_of_one_wait_it_is_spoken_once() -> None:
    client = told_to_wait_once()
    for _ in range(5):
        client.passes(2)
        assert client.call("POST /tickets", {"title": "x"}).status == 200
    assert client.rules == ["retry-after-ignored"]


def test_another_operation_is_not_meant() -> None:
    client = told_to_wait("30")
    client.call("GET /tickets")
    assert client.end() == []


def test_another_caller_is_not_meant() -> None:
    client = told_to_wait("30")
    client.passes(2)
    client.call("POST /tickets", {"title": "x"}, authorization="Bearer other")
    client.call("POST /tickets", {"title": "x"}, x_mock_namespace="other")
    assert client.end() == []


def test_a_call_that_was_on_the_way_is_not_meant() -> None:
    client = told_to_wait("30")
    client.passes(0.2)
    client.call("POST /tickets", {"title": "another"})
    assert client.rules == []
    client.passes(0.01)
    client.call("POST /tickets", {"title": "another"})  # but that one has come back refused
    assert client.rules == ["retry-after-ignored"]


def test_the_same_call_made_at_the_same_time_is_not_meant() -> None:
    client = told_to_wait("30")
    client.mock.call("POST /tickets", {"title": "x"})  # before the answer to the other one was there
    assert client.end() == []


def test_a_clock_that_cannot_be_trusted() -> None:
    client = told_to_wait("30", timed=False)
    client.call("POST /tickets", {"title": "x"})
    assert client.end() == []


def test_a_clock_that_was_set_back() -> None:
    client = told_to_wait("30")
    client.mock.engine.clock.reset()
    client.mock.engine.clock.set(client.mock.engine.clock.now().replace(hour=3))
    client.call("POST /tickets", {"title": "x"})
    assert client.end() == []


def test_each_answer_says_anew_how_long() -> None:
    client = told_to_wait("30")
    client.passes(31)
    client.call("POST /tickets", {"title": "x"})
    client.passes(20)
    client.call("POST /tickets", {"title": "x"})
    assert client.rules == ["retry-after-ignored"]


def test_an_ordered_refusal_is_one_too() -> None:
    file, old, new = HEADER
    client = judged((file, old, new % "30"))
    client.order("createTicket", error="too_many")
    client.call("POST /tickets", {"title": "x"})
    client.passes(3)
    client.call("POST /tickets", {"title": "x"})
    assert client.rules == ["retry-after-ignored"]


def test_who_goes_on_with_something_else_after_an_ordered_refusal_is_perhaps_the_next_test() -> None:
    client = told_to_wait_once()
    client.passes(1)
    assert client.call("POST /tickets", {"title": "y"}).status == 200
    client.call("POST /tickets", {"title": "x"})
    assert client.end() == []


def test_an_ordered_refusal_says_how_tests_are_kept_apart() -> None:
    client = told_to_wait_once()
    client.call("POST /tickets", {"title": "x"})
    assert "reset" in client.only.advice


def test_a_refusal_that_the_request_itself_has_ordered_is_none_of_the_next() -> None:
    file, old, new = HEADER
    client = judged((file, old, new % "30"))
    for prefer in ("code=409", None):
        headers = {"authorization": "Bearer any-token"} | ({"prefer": prefer} if prefer else {})
        answer = client.call("POST /tickets", {"title": "x"}, headers=headers)
        assert (answer.response.header("retry-after") == "30") is bool(prefer)
    assert client.end() == []


@pytest.mark.parametrize(("times", "every"), [(30, 0.02), (5, 0.4), (40, 0.001)])
def test_a_loop_over_many_that_minds_no_refusal(times: int, every: float) -> None:
    client = told_to_wait("30")
    for number in range(times):
        client.passes(every)
        client.call("POST /tickets", {"title": f"{number}"})
    assert client.rules
    assert set(client.rules) == {"retry-after-ignored"}


def test_an_answer_that_never_arrived_has_told_nothing() -> None:
    file, old, new = HEADER
    client = judged((file, old, new % "30"), FULL)
    client.order("createTicket", fault="MALFORMED_RESPONSE_CHUNK")
    client.call("POST /tickets", {"title": "x"})
    client.passes(3)
    client.call("POST /tickets", {"title": "x"})
    assert "retry-after-ignored" not in client.end()


class TestQuotas:
    def test_what_the_same_quota_refuses_is_meant(self) -> None:
        client = judged(*QUOTA)
        for _ in range(4):
            client.call("GET /tickets?limit=1")
        client.passes(5)
        assert client.call("GET /tickets/none").status == 429
        assert client.only.rule == "retry-after-ignored"
        assert client.only.operation == "getTicket"
        assert "listTickets was answered 429" in client.only.message
        assert "quota minute" in client.only.message

    def test_whoever_waits_is_fine(self) -> None:
        client = judged(*QUOTA)
        for _ in range(4):
            client.call("GET /tickets?limit=1")
        client.passes(60)
        assert client.call("GET /tickets/none").status == 404
        assert client.end() == []


def test_memory_is_bounded() -> None:
    file, old, new = HEADER
    client = judged((file, old, new % "30"), FULL)
    for number in range(1_300):
        client.call("POST /tickets", {"title": "x"}, authorization=f"Bearer caller-{number}")
    client.passes(2)
    client.call("POST /tickets", {"title": "x"}, authorization="Bearer caller-0")
    assert client.rules == []
    client.call("POST /tickets", {"title": "x"}, authorization="Bearer caller-1299")
    assert client.rules == ["retry-after-ignored"]
