"""Orders to fail, seen from outside: which calls they hit, what is answered, what is left in state and journal."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine.faults import KINDS, LONGEST_DELAY, NETWORK_FAULTS, Delay, FaultOrder, Faults
from mockserver.exceptions import UsageError
from mockserver.messages import Faulted
from mockserver.state.samples import Draws
from tests.mocks import DESK, Mock, desk, serve

OPERATION = "listTickets"


@pytest.fixture(scope="module")
def shared() -> Mock:
    return desk()


@pytest.fixture
def mock(shared: Mock) -> Mock:
    shared.engine.reset()
    return shared


def order(mock: Mock, **given: object) -> FaultOrder:
    return mock.engine.faults.add(FaultOrder("desk", **given))  # type: ignore[arg-type]


class TestWhichCalls:
    def test_so_many_after_so_many(self, mock: Mock) -> None:
        order(mock, status=500, after=1, times=2)
        assert [mock.call("GET /tickets").status for _ in range(4)] == [200, 500, 500, 200]
        assert not mock.engine.faults.active

    def test_for_ever(self, mock: Mock) -> None:
        order(mock, status=500, times=None)
        assert {mock.call("GET /tickets").status for _ in range(20)} == {500}
        assert mock.engine.faults.active

    def test_one_operation_alone(self, mock: Mock) -> None:
        order(mock, operation="createTicket", status=500)
        assert mock.call("GET /tickets").status == 200
        assert mock.call("POST /tickets", {"title": "x"}).status == 500

    def test_one_namespace_alone(self, mock: Mock) -> None:
        order(mock, namespace="a", status=500)
        assert mock.call("GET /tickets").status == 200
        assert mock.call("GET /tickets", x_mock_namespace="a").status == 500

    def test_the_oldest_first_and_a_delay_beside_it(self, mock: Mock) -> None:
        order(mock, status=500)
        order(mock, fault="EMPTY_RESPONSE")
        order(mock, delay=Delay.fixed(60), times=None)
        began = mock.engine.clock.timestamp()
        assert mock.call("GET /tickets").status == 500
        assert getattr(mock.call("GET /tickets").response, "fault", "") == "EMPTY_RESPONSE"
        assert mock.call("GET /tickets").status == 200
        assert mock.engine.clock.timestamp() - began == 180

    def test_removed_and_reset(self, mock: Mock) -> None:
        kept = order(mock, status=500)
        mock.engine.faults.remove(kept.id)
        assert mock.call("GET /tickets").status == 200
        order(mock, status=500, namespace="a")
        mock.engine.reset(namespace="b")
        assert mock.engine.faults.active
        mock.engine.reset()
        assert mock.engine.faults.list() == []

    @given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), max_size=4))
    def test_every_order_hits_as_often_as_it_says(self, orders: list[tuple[int, int]]) -> None:
        faults = Faults()
        for after, times in orders:
            faults.add(FaultOrder("a", fault="TIMEOUT", after=after, times=times))
        hits = [faults.take("a", "", "x") for _ in range(60)]
        assert sum(hit is not None for hit in hits) == sum(times for _, times in orders)
        assert not faults.active


class TestErrors:
    def test_a_documented_status_is_the_apis_own_error(self, mock: Mock) -> None:
        preferred = mock.call("GET /tickets/T-1", prefer="code=404")
        order(mock, operation="getTicket", status=404)
        answer = mock.call("GET /tickets/T-1")
        assert (answer.status, answer.response.body) == (404, preferred.response.body)
        assert answer.warnings == []
        assert answer.exchange.trace[1].startswith("fault: status 404 by order fault-")

    def test_an_undocumented_status_is_allowed_and_flagged(self, mock: Mock) -> None:
        order(mock, status=418)
        answer = mock.call("GET /tickets")
        assert answer.status == 418
        assert answer.warnings == ["fault.undocumented"]

    def test_it_does_not_happen_unless_it_is_applied(self, mock: Mock) -> None:
        before = len(mock.records("ticket"))
        order(mock, operation="createTicket", status=500)
        order(mock, operation="createTicket", status=500, applied=True)
        assert mock.call("POST /tickets", {"title": "x"}).status == 500
        assert len(mock.records("ticket")) == before
        assert mock.call("POST /tickets", {"title": "x"}).status == 500
        assert len(mock.records("ticket")) == before + 1


class TestNetwork:
    @pytest.mark.parametrize("fault", NETWORK_FAULTS)
    @pytest.mark.parametrize("applied", [False, True])
    def test_it_leaves_as_faulted_and_is_applied_or_not(self, mock: Mock, fault: str, applied: bool) -> None:
        before = len(mock.records("ticket"))
        order(mock, operation="createTicket", fault=fault, applied=applied)
        answer = mock.call("POST /tickets", {"title": "x"})
        assert isinstance(answer.response, Faulted)
        assert answer.response.fault == fault
        assert len(mock.records("ticket")) == before + applied

    def test_what_arrives_is_checked_as_ever(self, mock: Mock) -> None:
        order(mock, fault="SLOW_DRIP")
        answer = mock.call("POST /tickets", {})
        assert answer.status == 400
        assert answer.violations
        assert isinstance(answer.response, Faulted)


class TestSpoiledAnswers:
    def test_truncated_json(self, mock: Mock) -> None:
        order(mock, fault="TRUNCATED_JSON")
        with pytest.raises(json.JSONDecodeError):
            json.loads(mock.call("GET /tickets").response.body)
        json.loads(mock.call("GET /tickets").response.body)

    def test_the_page_of_a_proxy(self, mock: Mock) -> None:
        order(mock, fault="WRONG_CONTENT_TYPE")
        response = mock.call("GET /tickets").response
        assert response.status == 200
        assert response.header("Content-Type") == "text/html; charset=utf-8"
        assert response.body.startswith(b"<!DOCTYPE html>")

    def test_gzip_that_is_none(self, mock: Mock) -> None:
        right = mock.call("GET /tickets").response.body
        order(mock, fault="BROKEN_GZIP")
        response = mock.call("GET /tickets").response
        assert (response.header("Content-Encoding"), response.body) == ("gzip", right)

    def test_the_last_answer_once_more(self, mock: Mock) -> None:
        first = mock.call("GET /tickets").response.body
        mock.call("POST /tickets", {"title": "new"})
        order(mock, operation=OPERATION, fault="STALE_DUPLICATE")
        assert mock.call("GET /tickets").response.body == first
        assert mock.call("GET /tickets").response.body != first

    def test_without_an_earlier_answer(self, mock: Mock) -> None:
        order(mock, operation=OPERATION, fault="STALE_DUPLICATE")
        answer = mock.call("GET /tickets")
        assert (answer.status, answer.warnings) == (502, ["fault.no_earlier"])

    @pytest.mark.parametrize("fault", KINDS)
    def test_head_takes_any(self, mock: Mock, fault: str) -> None:
        order(mock, fault=fault)
        answer = mock.call("HEAD /tickets")
        assert (answer.response.body, answer.exchange.fault) == (b"", "")


class TestDelays:
    def test_a_clock_that_stands_still_is_moved(self, mock: Mock) -> None:
        order(mock, delay=Delay.fixed(90))
        began = mock.engine.clock.timestamp()
        answer = mock.call("GET /tickets")
        assert not isinstance(answer.response, Faulted)
        assert mock.engine.clock.timestamp() - began == 90

    def test_one_that_runs_leaves_it_to_the_door(self) -> None:
        mock = serve(DESK, start=None)
        order(mock, delay=Delay.fixed(90))
        response = mock.call("GET /tickets").response
        assert isinstance(response, Faulted)
        assert (response.status, response.fault, response.delay) == (200, "", 90)

    @given(st.integers(), st.floats(0, LONGEST_DELAY), st.floats(0, LONGEST_DELAY))
    def test_uniform_keeps_its_bounds(self, seed: int, one: float, other: float) -> None:
        low, high = sorted((one, other))
        assert low <= Delay.uniform(low, high).draw(Draws(str(seed))) <= high

    def test_lognormal_lies_about_its_median(self) -> None:
        draws = Draws("seed")
        found = sorted(Delay.lognormal(2.0, 0.5).draw(draws) for _ in range(2001))
        assert found[1000] == pytest.approx(2.0, rel=0.1)
        assert math.log(found[1682] / found[1000]) == pytest.approx(0.5, rel=0.15)  # one sigma above

    def test_the_same_seed_draws_the_same(self) -> None:
        wanted = FaultOrder("a", delay=Delay.uniform(0, 1))
        one, other = Faults(7), Faults(7)
        assert [one.seconds(wanted) for _ in range(5)] == [other.seconds(wanted) for _ in range(5)]
        one.clear()
        assert one.seconds(wanted) == Faults(7).seconds(wanted) != Faults(8).seconds(wanted)


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({}, "nothing is to go wrong"),
        ({"status": 500, "fault": "TIMEOUT"}, "either status or fault"),
        ({"fault": "TIMEOUTS"}, "did you mean 'TIMEOUT'"),
        ({"status": 42}, "from 200 to 599"),
        ({"status": 500, "times": 0}, "times must be"),
        ({"status": 500, "times": -1}, "times must be"),
        ({"status": 500, "times": True}, "times must be"),
        ({"status": 500, "after": -1}, "after must be"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(given_: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        FaultOrder("desk", **given_)  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf, LONGEST_DELAY + 1, True, "1"])
def test_a_delay_that_is_no_length_is_refused(seconds: float) -> None:
    with pytest.raises(UsageError, match="number of seconds"):
        Delay.fixed(seconds)
