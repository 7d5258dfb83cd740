"""Subscribing: what cannot be, what is checked, and what is not shown."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from mockserver.exceptions import UsageError
from mockserver.webhooks import subscribers
from mockserver.webhooks.sender import Sender
from mockserver.webhooks.subscriptions import WebhookTarget, is_loopback
from tests.mocks import Mock
from tests.webhooks.orders import SECRET, Start, order, subscribe
from tests.webhooks.receiver import Came, Receiver, answer
from tests.webhooks.test_handshake import CHECKED, passing
from tests.webhooks.test_handshake import SECRET as KEY


class TestSubscribing:
    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"url": "127.0.0.1:80"}, r"the URL '127.0.0.1:80' has no scheme \(did you mean 'http://127.0.0.1:80'"),
            ({"url": "ftp://127.0.0.1"}, "is no URL that can be called"),
            ({"url": "http://:80"}, "is no URL that can be called"),
            ({"url": "http://a:b@127.0.0.1/"}, "a URL with a name or a password"),
            ({"url": "http://example.com/"}, "example.com is not this machine, .*allow-remote-webhooks"),
            ({"url": "http://10.0.0.1/"}, "10.0.0.1 is not this machine"),
            ({"secret": ""}, "the secret is empty"),
            ({"secret": ["good", " "]}, "the secret is empty"),
            ({"secret": []}, "the secret is empty"),
            ({"events": ["order.plced"]}, "no event 'order.plced' .did you mean 'order.placed'"),
            ({"api": "bazar"}, "no API is called 'bazar' .did you mean 'bazaar'"),
            ({"concurrency": 0}, "at once go 1 to 64"),
            ({"url": "http://127.0.0.1%evil.example/"}, "is not this machine"),
            ({"headers": {"a b": "1"}}, "the header 'a b' cannot be sent"),
            ({"headers": {"x": "1\r\ny: 2"}}, "the header 'x' cannot be sent"),
            ({"headers": {"Content-Length": "0"}}, "'Content-Length' is not for you to send .it follows from"),
            ({"headers": {"transfer-encoding": "chunked"}}, "'transfer-encoding' is not for you to send"),
            ({"headers": {"X-Bazaar-Signature": "v0=00"}}, "'X-Bazaar-Signature' carries the signature"),
        ],
    )
    def test_what_cannot_be(self, mock: Mock, wrong: dict[str, Any], said: str) -> None:
        given = {"api": "bazaar", "url": "http://127.0.0.1:80/", "secret": SECRET, **wrong}
        with pytest.raises(UsageError, match=said):
            mock.engine.outbox.subscribe(**given)
        assert mock.engine.outbox.subscriptions() == []

    def test_other_machines_when_allowed(self, mock: Mock) -> None:
        made = mock.engine.outbox.subscribe("bazaar", "https://example.com/hooks", SECRET, remote=True)
        assert made.as_json()["secrets"] == ["…ngth"]

    def test_one_too_many(self, mock: Mock) -> None:
        for _ in range(20):
            mock.engine.outbox.subscribe("bazaar", "http://127.0.0.1:1/", SECRET)
        with pytest.raises(UsageError, match="has 20 subscriptions"):
            mock.engine.outbox.subscribe("bazaar", "http://127.0.0.1:1/", SECRET)

    def test_one_too_many_of_all(self, mock: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(subscribers, "_MOST", 1)
        mock.engine.outbox.subscribe("bazaar", "http://127.0.0.1:1/", SECRET)
        with pytest.raises(UsageError, match="the mock has 1 subscriptions, and takes no more"):
            mock.engine.outbox.subscribe("bazaar", "http://127.0.0.1:1/", SECRET, namespace="other")


@pytest.mark.parametrize(
    ("host", "local"),
    [
        *[("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("::1%lo", True), ("::ffff:127.0.0.1", True)],
        *[("localhost", True), ("a.localhost", True), ("10.0.0.1", False), ("localhost.example", False)],
        *[("127.0.0.1%evil.example", False), ("127.0.0.1%", False), ("::2", False)],
    ],
)
def test_what_is_this_machine(host: str, local: bool) -> None:
    assert is_loopback(host) is local


class TestTheCheck:
    def test_nothing_is_sent_before_it_is_passed(self, bazaar: Start) -> None:
        """What comes about while the endpoint is being checked waits for how that goes."""
        mock = bazaar(settings=CHECKED)

        def say(came: Came) -> bytes:
            if came.json["event"] == "endpoint.check":
                order(mock)
                return answer(500)
            return answer()

        with Receiver(say) as receiver:
            outbox = mock.engine.outbox
            made = outbox.subscribe("bazaar", receiver.url, KEY)
            assert outbox.settle(5)
            assert made.status == "failed"
            assert {came.json["event"] for came in receiver.came} == {"endpoint.check"}
            assert {each.status for each in outbox.deliveries()} == {"dropped"}

    def test_no_event_slips_in_before_it(self, bazaar: Start, monkeypatch: pytest.MonkeyPatch) -> None:
        mock = bazaar(settings=CHECKED)

        def validates(sender: Sender) -> bool:
            order(mock)  # somebody orders at the very moment in which it is decided that there is a check
            return True

        with Receiver(passing) as receiver:
            outbox = mock.engine.outbox
            monkeypatch.setattr(Sender, "validates", property(validates))
            outbox.subscribe("bazaar", receiver.url, KEY)
            assert outbox.settle(5)
            assert [came.json["event"] for came in receiver.came] == ["endpoint.check"]

    def test_an_event_waits_for_the_check_that_is_under_way(self, bazaar: Start) -> None:
        """It does not begin one of its own, nor a repetition of its own."""
        mock = bazaar(settings=CHECKED)
        another = threading.Event()

        def say(came: Came) -> bytes:
            if came.json["event"] == "endpoint.check":
                if len(receiver.came) > 1:
                    another.set()
                else:
                    order(mock)
                    another.wait(0.1)  # in vain
            return passing(came)

        with Receiver(say) as receiver:
            outbox = mock.engine.outbox
            outbox.subscribe("bazaar", receiver.url, KEY, events=["order.placed"])
            assert outbox.settle(5)
            mock.engine.advance(timedelta(hours=73))
            events = [came.json["event"] for came in receiver.came]
        assert events == ["endpoint.check", "order.placed", "endpoint.check"]


class TestWhatIsNotShown:
    def test_secrets_in_what_is_printed(self, mock: Mock) -> None:
        made = mock.engine.outbox.subscribe("bazaar", "http://127.0.0.1:1/", SECRET, headers={"x-key": "hidden"})
        printed = repr((made, WebhookTarget("bazaar", made.url, SECRET), mock.engine.options))
        assert SECRET not in printed
        assert "hidden" not in printed

    def test_headers_that_a_subscription_adds(self, mock: Mock) -> None:
        given = {"Authorization": "Bearer 0123456789abcdef", "X-Key": "short"}
        with Receiver() as receiver:
            outbox = subscribe(mock, receiver, headers=given)
            (delivery,) = outbox.emit("bazaar", "order.placed")
            assert receiver.came[0].headers["authorization"] == given["Authorization"]
        headers = delivery.as_json()["attempts"][0]["request"]["headers"]
        assert (headers["Authorization"], headers["X-Key"]) == ("…cdef", "…")
        assert headers["x-bazaar-event"] == "order.placed"
        assert "0123456789abcdef" not in repr(delivery)
