"""What a delivery goes through: from pending to one end, whatever happens meanwhile, and what moves it after that."""

from __future__ import annotations

import gc
import shutil
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mockserver.exceptions import UsageError
from mockserver.webhooks.deliveries import Delivery
from tests.mocks import Mock, serve
from tests.webhooks.conftest import BAZAAR
from tests.webhooks.orders import SECRET, Start, order, subscribe
from tests.webhooks.receiver import Came, Receiver, answer

PLACED = {"orderId": "O-9", "item": "rice", "amount": 1}


def statuses(*said: int) -> Callable[[Came], bytes]:
    """Answers with these, one after another."""
    left = iter(said)
    return lambda came: answer(next(left))


def in_thread(act: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    return thread


class TestASubscriptionThatEndsMeanwhile:
    @pytest.mark.parametrize(
        ("end", "said"),
        [
            (lambda mock, id: mock.engine.outbox.unsubscribe("bazaar", id), "the subscription was ended"),
            (lambda mock, id: mock.engine.reset(), "the mock was reset"),
            (lambda mock, id: mock.engine.serve_only({}, {}), "its API is not served any more"),
        ],
    )
    def test_what_is_under_way_is_dropped(self, mock: Mock, end: Callable[[Mock, str], None], said: str) -> None:
        def leave(came: Came) -> bytes:
            end(mock, outbox.subscriptions()[0].id)
            return answer()

        with Receiver(leave) as receiver:
            outbox = subscribe(mock, receiver)
            (delivery,) = outbox.emit("bazaar", "order.placed")
        assert (delivery.status, delivery.reason, delivery.next_attempt) == ("dropped", said, None)
        verdicts = [each.verdict for each in delivery.attempts]
        assert verdicts == [f"the connection to {receiver.url} was closed by the mock"]

    def test_who_sends_again_is_told(self, mock: Mock) -> None:
        with Receiver(statuses(410)) as receiver:
            outbox = subscribe(mock, receiver)
            (delivery,) = outbox.emit("bazaar", "order.placed")
            with pytest.raises(UsageError, match="it was not sent again: answered 410, which ends the subscription"):
                outbox.redeliver(delivery.id)
            outbox.unsubscribe("bazaar", delivery.subscription)
            with pytest.raises(UsageError, match=r"the subscription sub_\w+ has ended"):
                outbox.redeliver(delivery.id)
        assert (delivery.status, len(delivery.attempts)) == ("failed", 1)


class TestWhatGoesWrongInTheMaking:
    @pytest.fixture
    def odd(self, tmp_path: Path) -> Mock:
        """The bazaar with headers that an order brings along."""
        folder = tmp_path / "bazaar"
        shutil.copytree(BAZAAR, folder)
        file = folder / "behaviour.yaml"
        event = "      body: &order\n"
        text = file.read_text()
        assert text.count(event) == 1
        file.write_text(text.replace(event, '      headers: "${{ with.order.headers or {} }}"\n' + event))
        return serve(folder)

    @pytest.mark.parametrize(
        ("headers", "said"),
        [
            (["a"], "those of the event are no object of texts, but ['a']"),
            ({"content-length": "0"}, "the header 'content-length' is not for you to send"),
            ({"Transfer-Encoding": "chunked"}, "the header 'Transfer-Encoding' is not for you to send"),
            ({"host": "elsewhere"}, "the header 'host' is not for you to send"),
            ({"a b": "1"}, "the header 'a b' cannot be sent"),
            ({"X-Bazaar-Signature": "v0=00"}, "the header 'X-Bazaar-Signature' carries the signature"),
            ({"x-bazaar-signature": None}, "the header 'x-bazaar-signature' carries the signature"),
        ],
    )
    def test_headers_that_must_not_be(self, odd: Mock, headers: Any, said: str) -> None:
        with odd.engine, Receiver() as receiver:
            outbox = subscribe(odd, receiver)
            (refused,) = outbox.emit("bazaar", "order.placed", {"order": {**PLACED, "headers": headers}})
            (sent,) = outbox.emit("bazaar", "order.placed", {"order": {**PLACED, "headers": {"X-Mine": "1"}}})
            assert [came.headers["x-mine"] for came in receiver.came] == ["1"]
        assert (refused.status, sent.status) == ("refused", "delivered")
        assert refused.reason.startswith(f"the headers cannot be made: {said}")

    def test_what_nobody_has_foreseen(self, mock: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any) -> None:
            raise LookupError("nothing there")

        with Receiver(statuses(500, 200)) as receiver:
            outbox = subscribe(mock, receiver)
            (tried,) = outbox.emit("bazaar", "order.placed")
            with monkeypatch.context() as broken:
                broken.setattr(outbox.sender("bazaar"), "made", fail)
                (refused,) = outbox.emit("bazaar", "order.placed")
                said = "it cannot be sent: LookupError: nothing there"
                assert (refused.status, refused.reason) == ("refused", said)
                with pytest.raises(UsageError, match=f"it was not sent again: {said}"):
                    outbox.redeliver(refused.id)
            assert outbox.attempts_since(0)[1].verdict == said
            assert outbox.settle(5)
            assert outbox.redeliver(tried.id).status == "delivered"


def test_a_system_that_gives_no_further_thread(mock: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start
    started: list[threading.Thread] = []

    def at_most_one(thread: threading.Thread) -> None:
        if thread.name.startswith("mockserver-webhooks"):
            if started:
                raise RuntimeError("can't start new thread")
            started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", at_most_one)
    with Receiver() as receiver:
        outbox = subscribe(mock, receiver)
        outbox.subscribe("bazaar", receiver.url, SECRET)
        assert {each.status for each in outbox.emit("bazaar", "order.placed")} == {"delivered"}


class TestOnceMore:
    def test_what_has_arrived_is_not_tried_again(self, mock: Mock) -> None:
        with Receiver(statuses(500, 200)) as receiver:
            outbox = subscribe(mock, receiver)
            (delivery,) = outbox.emit("bazaar", "order.placed")
            outbox.redeliver(delivery.id)
            mock.engine.advance(timedelta(hours=3))
            assert (delivery.status, len(receiver.came)) == ("delivered", 2)

    def test_what_was_ended_is_not_tried_again(self, mock: Mock) -> None:
        with Receiver(statuses(500, 409)) as receiver:
            outbox = subscribe(mock, receiver)
            (delivery,) = outbox.emit("bazaar", "order.placed")
            outbox.redeliver(delivery.id)
            mock.engine.advance(timedelta(hours=3))
            assert (delivery.status, len(receiver.came)) == ("failed", 2)

    @pytest.mark.parametrize("status", [500, 409, 410])
    @pytest.mark.parametrize(("first", "end"), [(200, "delivered"), (409, "failed")])
    def test_it_takes_nothing_back(self, mock: Mock, first: int, end: str, status: int) -> None:
        with Receiver(statuses(first, status)) as receiver:
            outbox = subscribe(mock, receiver)
            (delivery,) = outbox.emit("bazaar", "order.placed")
            before = (delivery.status, delivery.reason)
            outbox.redeliver(delivery.id)
            assert (delivery.status, delivery.reason) == before
            assert [each.number for each in delivery.attempts] == [1, 2]
        assert delivery.status == end

    def test_it_may_succeed_after_all(self, mock: Mock) -> None:
        with Receiver(statuses(409, 200)) as receiver:
            outbox = subscribe(mock, receiver)
            (delivery,) = outbox.emit("bazaar", "order.placed")
            outbox.redeliver(delivery.id)
        assert (delivery.status, delivery.reason) == ("delivered", "")

    def test_two_at_once_have_numbers_of_their_own_and_wait_for_themselves(self, mock: Mock) -> None:
        here, go_on = threading.Event(), threading.Event()

        def say(came: Came) -> bytes:
            if came.headers["x-bazaar-attempt"] == "2":
                here.set()
                assert go_on.wait(5)
            return answer(500)

        with Receiver(say) as receiver:
            outbox = subscribe(mock, receiver, concurrency=2)
            (delivery,) = outbox.emit("bazaar", "order.placed")
            slow = in_thread(lambda: outbox.redeliver(delivery.id))
            assert here.wait(5)
            outbox.redeliver(delivery.id)
            assert [each.number for each in delivery.attempts] == [1, 3]
            assert slow.is_alive()
            go_on.set()
            slow.join(5)
        assert [each.number for each in delivery.attempts] == [1, 2, 3]
        assert len({each.id for each in delivery.attempts}) == 3


class TestWhoWaits:
    def test_does_not_do_so_for_ever(self, mock: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
        go_on = threading.Event()

        def wait(came: Came) -> bytes:
            assert go_on.wait(5)
            return answer()

        monkeypatch.setattr(mock.engine.outbox, "_patience", 0.02)
        with Receiver(wait) as receiver:
            outbox = subscribe(mock, receiver)
            (delivery,) = outbox.emit("bazaar", "order.placed")
            assert (delivery.status, delivery.attempts) == ("pending", [])
            assert outbox.redeliver(delivery.id).status == "pending"
            go_on.set()
            assert outbox.settle(5)
            assert delivery.status == "delivered"

    def test_settle_waits_for_what_a_move_of_the_clock_sends(self, mock: Mock) -> None:
        settled: list[bool] = []

        def say(came: Came) -> bytes:
            settled.append(outbox.settle(0))
            return answer(500)

        with Receiver(say) as receiver:
            outbox = subscribe(mock, receiver)
            order(mock)
            assert outbox.settle(5)
            mock.engine.advance(timedelta(minutes=5))
        assert settled == [False, False]


class TestMemory:
    def test_a_reset_lets_go_of_all_bodies(self, bazaar: Start) -> None:
        mock = bazaar(seed=20_250_115)
        with Receiver() as receiver:
            outbox = subscribe(mock, receiver)
            for _ in range(5):
                order(mock)
            assert outbox.settle(5)
            ids = {each.id for each in outbox.deliveries()}
            mock.engine.reset()
            assert len(outbox.attempts_since(0)) == 5  # a log that is behind still tells of them
            mock.engine.close()
        kept = [each for each in gc.get_objects() if isinstance(each, Delivery) and each.id in ids]
        assert len(ids) == 5
        assert kept == []
