"""Deliveries: on the clock, in order, signed anew for each attempt, logged; and what receivers do to them."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from mockserver.exceptions import UsageError
from mockserver.webhooks.deliveries import DeliveryLog
from tests.mocks import Mock
from tests.webhooks.orders import NOON, SECRET, Start, delivering, order, shown, subscribe
from tests.webhooks.receiver import Came, Receiver, answer, digest


class TestDelivered:
    def test_an_event_arises_from_a_call_and_is_signed(self, mock: Mock) -> None:
        with Receiver() as receiver:
            outbox = subscribe(mock, receiver)
            made = order(mock)
            assert outbox.settle(5)
            (came,) = receiver.came
        assert came.body == (
            b'{"event":"order.placed","at":1736942400000,"data":{"orderId":"%s","item":"tea","amount":2.5}}'
            % made.json["orderId"].encode()
        )
        assert came.headers["x-bazaar-timestamp"] == str(int(NOON))
        assert came.headers["x-bazaar-signature"] == "v0=" + digest(SECRET, f"v0:{int(NOON)}:".encode() + came.body)
        assert came.headers["content-type"] == "application/json; charset=utf-8"
        assert "emit: order.placed to 1 subscription" in made.exchange.trace
        (delivery,) = outbox.deliveries()
        assert shown(delivery) == ("order.placed", "delivered", [(0.0, "answered 200")])
        assert delivery.body == came.body

    def test_nobody_is_subscribed(self, mock: Mock) -> None:
        assert "emit: order.placed (nobody is subscribed)" in order(mock).exchange.trace
        assert mock.engine.outbox.deliveries() == []
        assert not [each for each in threading.enumerate() if "webhooks" in each.name]

    def test_one_at_a_time_in_order_on_one_connection(self, mock: Mock) -> None:
        with Receiver() as receiver:
            outbox = subscribe(mock, receiver)
            for number in range(20):
                order(mock, str(number))
            assert outbox.settle(5)
            assert [came.json["data"]["item"] for came in receiver.came] == [str(number) for number in range(20)]
            assert (receiver.most_at_once, receiver.connections) == (1, 1)

    def test_several_at_once_when_asked_for(self, mock: Mock) -> None:
        meeting = threading.Barrier(3)

        def meet(came: Came) -> bytes:
            meeting.wait(10)  # nobody gets past it alone
            return answer()

        with Receiver(meet) as receiver:
            outbox = subscribe(mock, receiver, concurrency=3)
            for _ in range(3):
                order(mock)
            assert outbox.settle(10)
            assert receiver.most_at_once == 3
            assert {each.status for each in outbox.deliveries()} == {"delivered"}

    def test_only_the_events_and_the_namespace_that_were_asked_for(self, mock: Mock) -> None:
        with Receiver() as receiver:
            outbox = subscribe(mock, receiver, events=["order.expired"])
            outbox.subscribe("bazaar", receiver.url, SECRET, namespace="other")
            order(mock)
            order(mock, namespace="other")
            assert outbox.settle(5)
            assert [each.happening.namespace for each in outbox.deliveries()] == ["other"]
            mock.engine.advance(timedelta(minutes=30))
            assert [each.event for each in outbox.deliveries(namespace="")] == ["order.expired"]

    def test_the_same_seed_clock_and_calls_send_the_same_bytes(self, bazaar: Start) -> None:
        sent = []
        with Receiver() as receiver:
            for _ in range(2):
                mock = bazaar(seed=7)
                outbox = subscribe(mock, receiver)
                order(mock)
                order(mock, "coffee")
                assert outbox.settle(5)
                sent.append([(each.id, each.body, each.attempts[0].headers) for each in outbox.deliveries()])
        assert sent[0] == sent[1]
        assert sent[0][0] != sent[0][1]

    def test_a_clock_that_runs_sends_too(self, bazaar: Start) -> None:
        mock = bazaar(start=None)
        with Receiver() as receiver:
            outbox = subscribe(mock, receiver)
            order(mock)
            assert outbox.settle(5)
            assert len(receiver.came) == 1


class TestOnTheClock:
    def test_retries_come_at_their_moments_signed_anew(self, mock: Mock) -> None:
        with Receiver(answer(500)) as receiver:
            outbox = subscribe(mock, receiver, events=["order.placed"])
            order(mock)
            assert outbox.settle(5)
            assert outbox.next_due == NOON + 300
            mock.engine.advance(timedelta(minutes=24))
            assert len(receiver.came) == 2
            mock.engine.advance(timedelta(hours=2))
            (delivery,) = outbox.deliveries()
            said = "answered 500: delivered is 2XX"
            times = [0, 300, 1500, 5100]
            assert shown(delivery) == ("order.placed", "failed", [(at, said) for at in times])
            assert delivery.reason == f"after 4 attempts: {said}"
            assert [int(came.headers["x-bazaar-timestamp"]) - NOON for came in receiver.came] == times
            assert len({came.body for came in receiver.came}) == 1
            for came in receiver.came:
                text = f"v0:{came.headers['x-bazaar-timestamp']}:".encode() + came.body
                assert came.headers["x-bazaar-signature"] == "v0=" + digest(SECRET, text)
            assert outbox.next_due == float("inf")

    def test_timers_and_deliveries_share_one_order_of_time(self, mock: Mock) -> None:
        with Receiver(lambda came: answer(500 if came.json["event"] == "order.placed" else 200)) as receiver:
            outbox = subscribe(mock, receiver)
            order(mock)
            assert outbox.settle(5)
            mock.engine.advance(timedelta(hours=2))
            got = [(int(came.headers["x-bazaar-timestamp"]) - NOON, came.json["event"]) for came in receiver.came]
        assert got == [
            *((0, "order.placed"), (300, "order.placed"), (1500, "order.placed")),
            *((1800, "order.expired"), (5100, "order.placed")),
        ]

    def test_what_is_run_in_one_go_has_its_own_moments_all_the_same(self, mock: Mock) -> None:
        with Receiver(answer(500)) as receiver:
            outbox = subscribe(mock, receiver)
            order(mock)
            assert outbox.settle(5)
            assert outbox.run_due(NOON + 7200) == 3
        assert [each.at - NOON for each in outbox.deliveries()[0].attempts] == [0, 300, 1500, 5100]

    def test_a_status_ends_the_delivery_or_the_subscription(self, mock: Mock) -> None:
        statuses = iter([409, 410])
        with Receiver(lambda came: answer(next(statuses))) as receiver:
            outbox = subscribe(mock, receiver)
            for item in ("a", "b", "c"):
                order(mock, item)
                assert outbox.settle(5)
            got = [(each.status, each.reason) for each in outbox.deliveries()]
        ended = "answered 410, which ends the subscription"
        assert got == [("failed", "answered 409, which ends the delivery"), ("failed", ended), ("dropped", ended)]
        assert outbox.subscriptions()[0].status == "disabled"

    def test_a_clock_that_runs_brings_retries_by_itself(self, bazaar: Start, monkeypatch: pytest.MonkeyPatch) -> None:
        mock, arrived = bazaar(start=None), threading.Event()
        delivering(mock, monkeypatch, retries=(0.05,))

        def say(came: Came) -> bytes:
            if len(receiver.came) == 2:
                arrived.set()
            return answer(500)

        with Receiver(say) as receiver:
            mock.engine.outbox.subscribe("bazaar", receiver.url)
            order(mock)
            assert arrived.wait(10)


class TestReceiversThatMisbehave:
    def verdict(self, mock: Mock, url: str) -> tuple[str, str, tuple[str, ...]]:
        outbox = mock.engine.outbox
        outbox.subscribe("bazaar", url, SECRET)
        (delivery,) = outbox.emit("bazaar", "order.placed")
        attempt = delivery.attempts[0]
        return (
            ("delivered" if attempt.delivered else "not delivered"),
            attempt.verdict.replace(url, "URL"),
            attempt.notes,
        )

    def test_that_is_not_there(self, mock: Mock) -> None:
        with Receiver() as gone:
            pass
        assert self.verdict(mock, gone.url)[:2] == ("not delivered", "nothing listens at URL (connection refused)")

    def test_that_hangs(self, mock: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
        delivering(mock, monkeypatch, timeout=0.1)
        with Receiver(b" ") as receiver:  # a byte, and then nothing
            found = self.verdict(mock, receiver.url)
        assert found[:2] == ("not delivered", "the head of the answer had begun but not ended from URL within 0.1 s")

    def test_that_drips_its_head(self, mock: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
        delivering(mock, monkeypatch, timeout=0.1)
        with Receiver(answer(200, b"", "X-Long: " + "x" * 500), drips=True) as receiver:
            found = self.verdict(mock, receiver.url)
        assert found[:2] == ("not delivered", "the head of the answer had begun but not ended from URL within 0.1 s")

    @pytest.mark.parametrize(
        ("said", "verdict"),
        [
            (
                answer(302, b"", "Location: http://elsewhere/"),
                "answered 302: a redirect to http://elsewhere/ is not followed; subscribe the URL that answers",
            ),
            (answer(500), "answered 500: delivered is 2XX"),
            (
                answer(401),
                (
                    "answered 401: it did not take the signature; is it the same secret on both sides, and are the raw "
                    "bytes hashed?"
                ),
            ),
            (b"220 mail ready\r\n\r\n", "what answers at URL does not speak HTTP: 220 mail ready"),
        ],
    )
    def test_that_answers_something_else(self, mock: Mock, said: bytes, verdict: str) -> None:
        with Receiver(said, stays=False) as receiver:
            assert self.verdict(mock, receiver.url)[:2] == ("not delivered", verdict)
            assert len(receiver.came) == 1

    @pytest.mark.parametrize(
        ("said", "verdict"),
        [
            (None, "URL closed the connection without an answer"),
            (b"HTTP/1.1 200 OK\r\nContent-", "the connection to URL broke in the middle of the answer's head"),
        ],
    )
    def test_that_hangs_up(self, mock: Mock, said: bytes | None, verdict: str) -> None:
        with Receiver(lambda came: said, stays=False) as receiver:
            assert self.verdict(mock, receiver.url)[:2] == ("not delivered", verdict)

    def test_that_hangs_up_in_the_body(self, mock: Mock) -> None:
        with Receiver(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", stays=False) as receiver:
            notes = ("the connection broke in the middle of the answer's body",)
            assert self.verdict(mock, receiver.url) == ("delivered", "answered 200", notes)

    def test_that_answers_a_hundred_megabytes(self, mock: Mock) -> None:
        sent = []

        def flood(came: Came) -> bytes:
            sent.append(came)
            return b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 1_000_000

        with Receiver(flood) as receiver:
            notes = ("the body of the answer was cut after 65,536 bytes",)
            assert self.verdict(mock, receiver.url) == ("delivered", "answered 200", notes)
            response = mock.engine.outbox.deliveries()[0].attempts[0].response
            assert response is not None
            assert len(response.body) == 65_536
            mock.engine.outbox.emit("bazaar", "order.placed")
            assert receiver.connections == 2  # the rest is not waited for

    def test_that_speaks_no_tls(self, mock: Mock) -> None:
        with Receiver(answer(400)) as receiver:
            url = receiver.url.replace("http", "https", 1)
            verdict = self.verdict(mock, url)[1] if not receiver.came else ""
        assert verdict.startswith("no secure connection to URL: ")

    def test_that_closes_the_connection_that_is_kept(self, mock: Mock) -> None:
        with Receiver(stays=False) as receiver:  # it says that it keeps it, and hangs up
            outbox = subscribe(mock, receiver)
            for _ in range(5):
                order(mock)
            assert outbox.settle(5)
            assert {each.status for each in outbox.deliveries()} == {"delivered"}
            assert receiver.connections == len(receiver.came) == 5

    def test_that_calls_the_mock_while_it_answers(self, mock: Mock) -> None:
        def back(came: Came) -> bytes:
            if came.json["data"]["item"] == "tea":
                order(mock, "cake")
            return answer()

        with Receiver(back) as receiver:
            outbox = subscribe(mock, receiver)
            order(mock)
            assert outbox.settle(5)
            assert [came.json["data"]["item"] for came in receiver.came] == ["tea", "cake"]


class TestByHand:
    def test_parameters_and_paths(self, mock: Mock) -> None:
        given = {"orderId": "O-9", "item": "rice", "amount": 1}
        with Receiver() as receiver:
            outbox = subscribe(mock, receiver)
            outbox.emit("bazaar", "order.placed", {"order": given, "data.tags": ["a"], "data.tags.1": "b"})
            (came,) = receiver.came
        assert came.json["data"] == {**given, "tags": ["a", "b"]}

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"data.itm": "x"}, r"'data' has no 'itm' \(did you mean 'item'\?\)"),
            ({"data.amount": "x"}, "'data.amount' cannot be \"x\": 'x' is a string"),
            ({"nothing": 1}, "the event has no 'nothing'"),
            ({"event.x": 1}, "'event' has no 'x'"),
        ],
    )
    def test_what_the_schema_lacks(self, mock: Mock, fields: dict[str, Any], said: str) -> None:
        with pytest.raises(UsageError, match=said):
            mock.engine.outbox.emit("bazaar", "order.placed", fields)

    def test_a_body_that_breaks_the_contract_never_leaves(self, mock: Mock) -> None:
        with Receiver() as receiver:
            outbox = subscribe(mock, receiver)
            order(mock, "x" * 21)
            assert outbox.settle(5)
            (delivery,) = outbox.deliveries()
            assert receiver.came == []
        assert delivery.status == "refused"
        assert delivery.reason.startswith("the body breaks the contract at /data/item: ")

    def test_once_more(self, mock: Mock) -> None:
        statuses = iter([500, 500, 200])
        with Receiver(lambda came: answer(next(statuses))) as receiver:
            outbox = subscribe(mock, receiver)
            (delivery,) = outbox.emit("bazaar", "order.placed")
            assert outbox.redeliver(delivery.id).status == "pending"
            assert outbox.redeliver(delivery.id) is delivery
            assert (delivery.status, len(delivery.attempts)) == ("delivered", 3)
            assert [came.headers["x-bazaar-attempt"] for came in receiver.came] == ["1", "2", "3"]
            assert len({came.headers["x-bazaar-delivery"] for came in receiver.came}) == 1

    def test_what_cannot_be_sent_once_more(self, mock: Mock) -> None:
        with pytest.raises(UsageError, match="the log has no delivery 'x'"):
            mock.engine.outbox.redeliver("x")


class TestTheEnd:
    def test_the_end_of_one(self, mock: Mock) -> None:
        with Receiver(answer(500)) as receiver:
            outbox = subscribe(mock, receiver)
            order(mock)
            assert outbox.settle(5)
            outbox.unsubscribe("bazaar", outbox.subscriptions()[0].id)
            mock.engine.advance(timedelta(hours=3))
            assert [(each.status, each.reason) for each in outbox.deliveries()] == [
                ("dropped", "the subscription was ended")
            ]
        with pytest.raises(UsageError, match="no subscription 'x'"):
            outbox.unsubscribe("bazaar", "x")

    def test_reset_forgets_all_of_it(self, mock: Mock) -> None:
        with Receiver() as receiver:
            outbox = subscribe(mock, receiver)
            first = order(mock) and outbox.settle(5) and outbox.deliveries()[0].id
            mock.engine.reset()
            assert (outbox.subscriptions(), outbox.deliveries()) == ([], [])
            subscribe(mock, receiver)
            order(mock)
            assert outbox.settle(5)
            assert outbox.deliveries()[0].id == first

    def test_close_does_not_wait_for_one_that_hangs(self, mock: Mock) -> None:
        held = threading.Event()

        def hang(came: Came) -> bytes:
            held.set()
            return b" "

        with Receiver(hang) as receiver:
            subscribe(mock, receiver)
            order(mock)
            assert held.wait(5)
            mock.engine.close()
            assert not [each for each in threading.enumerate() if "mockserver-webhooks" in each.name]


class TestTheLog:
    def test_it_has_an_end(self, mock: Mock) -> None:
        with Receiver(answer(200, b"x" * 1000)) as receiver:
            outbox = subscribe(mock, receiver)
            outbox.log = outbox._sending._log = DeliveryLog(most=100, most_bytes=20_000)
            for _ in range(20):
                order(mock)
            assert outbox.settle(5)
            kept = outbox.deliveries()
        assert 1 < len(kept) < 10
        assert kept[-1].happening.sequence == 20
        assert sum(each.size for each in kept) <= 20_000
