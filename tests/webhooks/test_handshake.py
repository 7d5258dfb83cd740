"""The check of an endpoint: what passes, what each mistake is told, and how it comes again."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mockserver.webhooks.subscriptions import WebhookTarget
from tests.mocks import START, Mock
from tests.webhooks.receiver import Came, Receiver, answer, digest

SECRET = "k3y"
CHECKED = {"bazaar": {"checked": True}}


@pytest.fixture
def mock(bazaar: Callable[..., Mock]) -> Mock:
    return bazaar(settings=CHECKED)


def proof(came: Came, **changed: Any) -> bytes:
    token = came.json["token"]
    return answer(200, json.dumps({"token": token, "proof": digest(SECRET, token), **changed}).encode())


def passing(came: Came) -> bytes:
    return proof(came) if came.json["event"] == "endpoint.check" else answer()


def test_a_receiver_that_knows_the_secret(mock: Mock) -> None:
    with Receiver(passing) as receiver:
        made = mock.engine.outbox.subscribe("bazaar", receiver.url, SECRET)
        assert (made.status, made.reason, made.validated_at) == ("active", "", START.timestamp())
        (came,) = receiver.came
        text = f"v0:{came.headers['x-bazaar-timestamp']}:".encode() + came.body
        assert came.headers["x-bazaar-signature"] == "v0=" + digest(SECRET, text)


def tampered(change: Callable[[str, str], Any]) -> Callable[[Came], bytes]:
    return lambda came: proof(came, proof=change(came.json["token"], digest(SECRET, came.json["token"])))


@pytest.mark.parametrize(
    ("say", "said"),
    [
        (tampered(lambda token, right: digest("other", token)), "is it the same secret on both sides?"),
        (tampered(lambda token, right: right.upper()), "the digits must be in lower case"),
        (tampered(lambda token, right: base64.b64encode(bytes.fromhex(right)).decode()), "it is base64, and hexa"),
        (tampered(lambda token, right: token), "it came back as it was sent, and must be hashed with the secret"),
        (
            tampered(lambda token, right: hashlib.sha256(token.encode()).hexdigest()),
            "without the secret: HMAC is wanted",
        ),
        (tampered(lambda token, right: digest(token, SECRET)), "secret and text have changed places"),
        (lambda came: proof(came, token="other"), 'came "other"; it must come back as it was sent'),
        (lambda came: answer(200, b'{"Token": 1}'), "the answer lacks token; it has Token, and names are compared"),
        (lambda came: answer(200, b"[]"), "the answer is [], and must be an object with token, proof"),
        (lambda came: answer(200, b"<p>hello"), "the answer is no JSON, it begins with '<p>hello'; wanted: JSON with"),
        (lambda came: answer(200), "answered 200 without a body, and the check wants JSON with token, proof"),
        (lambda came: answer(204), "answered 204, and the check wants 200"),
        (lambda came: None, "closed the connection without an answer"),
    ],
)
def test_each_mistake_is_told(mock: Mock, say: Callable[[Came], bytes | None], said: str) -> None:
    with Receiver(say) as receiver:
        made = mock.engine.outbox.subscribe("bazaar", receiver.url, SECRET)
    assert made.status == "failed"
    assert made.reason.startswith("the endpoint has not passed its check: ")
    assert said in made.reason


def test_it_is_tried_again_before_a_delivery_which_is_dropped_when_it_fails_again(mock: Mock) -> None:
    ready: list[bool] = []
    with Receiver(lambda came: passing(came) if ready else answer(500)) as receiver:
        outbox = mock.engine.outbox
        outbox.subscribe("bazaar", receiver.url, SECRET)
        (dropped,) = outbox.emit("bazaar", "order.placed")
        ready.append(True)
        (delivered,) = outbox.emit("bazaar", "order.placed")
        assert (dropped.status, delivered.status) == ("dropped", "delivered")
        assert "answered 500, and the check wants 200" in dropped.reason
        assert [came.json["event"] for came in receiver.came] == [*["endpoint.check"] * 3, "order.placed"]


def test_it_comes_again_and_ends_a_subscription_that_fails_too_often(mock: Mock) -> None:
    ready = [True]
    with Receiver(lambda came: passing(came) if ready else answer(500)) as receiver:
        made = mock.engine.outbox.subscribe("bazaar", receiver.url, SECRET)
        mock.engine.advance(timedelta(hours=73))
        assert made.validated_at == START.timestamp() + 72 * 3600
        ready.clear()
        mock.engine.advance(timedelta(hours=72))
        assert made.status == "active"
        mock.engine.advance(timedelta(hours=72))
        assert made.status == "disabled"
        assert "failed 2 time(s)" in made.reason
        mock.engine.advance(timedelta(days=30))
        assert len(receiver.came) == 4


def test_a_mock_begins_with_a_subscription_and_has_it_again_after_a_reset(bazaar: Callable[..., Mock]) -> None:
    with Receiver(passing) as receiver:
        mock = bazaar(settings=CHECKED, webhooks=(WebhookTarget("bazaar", receiver.url, SECRET),))
        outbox = mock.engine.outbox
        for _ in range(2):
            assert [each.status for each in outbox.subscriptions()] == ["pending"]
            outbox.emit("bazaar", "order.placed")
            assert [each.status for each in outbox.subscriptions()] == ["active"]
            mock.engine.reset()
        assert [came.json["event"] for came in receiver.came] == ["endpoint.check", "order.placed"] * 2
