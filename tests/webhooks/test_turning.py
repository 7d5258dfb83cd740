"""Deliveries and the clock: set going again, moved from within a call, and at the end of the calendar."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from mockserver.engine.faults import Delay, FaultOrder
from mockserver.webhooks import workers
from tests.mocks import Mock
from tests.webhooks.orders import Start, delivering, order, subscribe
from tests.webhooks.receiver import Came, Receiver, answer


def wait_for_no_threads() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("mockserver-webhooks"):
            thread.join(5)
            assert not thread.is_alive()


class Twice:
    """Refuses what comes, and knows when it has come a second time."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.count = 0

    def __call__(self, came: Came) -> bytes:
        self.count += 1
        if self.count == 2:
            self.over.set()
        return answer(500)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_PATIENCE", 0.01)
    monkeypatch.setattr(workers, "_BEAT", 0.01)


class TestAClockThatRunsOn:
    def test_brings_what_waited_while_it_stood(self, mock: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
        delivering(mock, monkeypatch, retries=(0.05,))
        with Receiver(say := Twice()) as receiver:
            outbox = subscribe(mock, receiver)
            order(mock)
            assert outbox.settle(5)
            wait_for_no_threads()
            mock.engine.freeze(False)
            assert say.over.wait(5)

    def test_brings_what_was_put_off_before_it_was_moved(self, bazaar: Start, monkeypatch: pytest.MonkeyPatch) -> None:
        mock = bazaar(start=None)
        delivering(mock, monkeypatch, retries=(0.3,))
        with Receiver(say := Twice()) as receiver:
            outbox = subscribe(mock, receiver)
            outbox.emit("bazaar", "order.placed")
            with outbox.held():
                wait_for_no_threads()
            assert say.over.wait(5)


class TestWithinACall:
    @pytest.mark.parametrize("moved", [False, True])
    def test_a_receiver_that_calls_the_mock_before_it_answers(self, mock: Mock, moved: bool) -> None:
        """The answer of that call is late, and the clock stands: it is moved, and does not wait for the receiver."""
        mock.engine.faults.add(FaultOrder("bazaar", "listOrders", times=None, delay=Delay.fixed(1)))

        def say(came: Came) -> bytes:
            assert mock.call("GET /orders").status == 200
            return answer(500 if moved and len(receiver.came) == 1 else 200)

        with Receiver(say) as receiver:
            outbox = subscribe(mock, receiver)
            (delivery,) = outbox.emit("bazaar", "order.placed")
            if moved:
                mock.engine.advance(timedelta(minutes=5))
            assert [each.verdict for each in delivery.attempts][-1] == "answered 200"
            assert delivery.status == "delivered"

    def test_timers_do_not_wait_for_a_lane_that_is_busy(self, mock: Mock) -> None:
        seen: list[bool] = []

        def say(came: Came) -> bytes:
            if not seen:
                order(mock)  # it waits behind this one
                mock.engine.let_pass(timedelta(minutes=31))
                seen.append(all(each.get("expired") for each in mock.records("order")))
            return answer()

        with Receiver(say) as receiver:
            outbox = subscribe(mock, receiver)
            order(mock)
            assert outbox.settle(5)
            assert {each.status for each in outbox.deliveries()} == {"delivered"}
        assert seen == [True]

    def test_what_is_due_by_then_goes_into_an_event_that_is_sent_by_hand(self, bazaar: Start) -> None:
        mock = bazaar()
        order(mock)
        mock.engine.clock.advance(timedelta(minutes=31))  # nobody has looked since
        with Receiver() as receiver:
            outbox = subscribe(mock, receiver)
            outbox.emit("bazaar", "order.placed")
            assert outbox.settle(5)
            assert [came.json["event"] for came in receiver.came] == ["order.expired", "order.placed"]


def test_the_end_of_the_calendar(bazaar: Start) -> None:
    mock = bazaar(start=datetime(9999, 12, 31, 23, 59, tzinfo=UTC))
    with Receiver(answer(500)) as receiver:
        (delivery,) = subscribe(mock, receiver).emit("bazaar", "order.placed")
    assert delivery.as_json()["next_attempt"] == "9999-12-31T23:59:59.999Z"
