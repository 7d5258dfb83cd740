"""How the shipped Zoom Scheduler sends: signature, check of the endpoint, deadline and retries. Numbers such as r10 are
rows of what is known of the vendor's webhooks in general."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from mockserver.exceptions import UsageError
from mockserver.webhooks.deliveries import Delivery
from tests.mocks import START
from tests.specs.scheduler import API, CHECK, CREATED, SECRET, Scheduler, scheduler, signature


@pytest.fixture(scope="module")
def running() -> Iterator[Scheduler]:
    with scheduler() as mock:
        yield mock


@pytest.fixture
def mock(running: Scheduler) -> Scheduler:
    """The mock as it starts, with one who has subscribed."""
    return running.begin()


def delivery(mock: Scheduler) -> Delivery:
    (found,) = mock.engine.outbox.deliveries(API)
    return found


def answer_with(mock: Scheduler, status: int) -> None:
    mock.listener.answer = lambda request: (status, b"")


def test_what_is_sent_is_signed_z20_r2_r3_r4(mock: Scheduler) -> None:
    sent = mock.happen("book")
    assert sent.headers["x-zm-signature"] == signature(sent)
    assert sent.headers["x-zm-request-timestamp"] == "1736942400"  # seconds, where event_ts has milliseconds
    assert sent.headers["content-type"] == "application/json; charset=utf-8"
    assert sent.headers["user-agent"] == "Zoom Marketplace/1.0a"
    assert re.fullmatch(r"\w{22}", sent.headers["clientid"])
    assert sent.headers["x-zm-trackingid"]
    assert "authorization" not in sent.headers


def test_a_setting_sends_without_signature_and_check_z20() -> None:
    with scheduler(unsigned=True) as mock:
        mock.begin(validate=True)
        sent = mock.happen("book")
        assert not any("signature" in name or "timestamp" in name for name in sent.headers)
        assert len(mock.listener.received) == 1


def test_a_setting_brings_back_the_old_token_r2_r16() -> None:
    with scheduler(verification_token="aBc123") as mock:
        assert mock.happen("book").headers["authorization"] == "aBc123"


def test_the_endpoint_is_checked_when_it_subscribes_r6_r7(mock: Scheduler) -> None:
    mock.begin(validate=True)
    (sent,) = mock.listener.received
    assert list(sent.json) == ["event", "payload", "event_ts"]
    assert sent.event == CHECK
    assert re.fullmatch(r"\w{22}", sent.json["payload"]["plainToken"])
    assert sent.json["event_ts"] == int(START.timestamp() * 1000)
    assert sent.headers["x-zm-signature"] == signature(sent)
    (subscription,) = mock.engine.outbox.subscriptions(API)
    assert subscription.status == "active"


def test_who_fails_the_check_gets_nothing_r6(mock: Scheduler) -> None:
    mock.listener.answers_check = False
    mock.listener.answer = lambda request: (200, b'{"plainToken": "x", "encryptedToken": "y"}')
    found = mock.engine.outbox.subscribe(API, mock.listener.url + "&second", SECRET)
    assert found.status == "failed"
    assert "plainToken" in found.reason
    mock.act("book")
    assert [sent.event for sent in mock.told() if "second" in sent.path] == []


def test_the_check_comes_again_after_72_hours_r8(mock: Scheduler) -> None:
    mock.begin(validate=True)
    mock.engine.advance(timedelta(hours=71))
    assert len(mock.listener.received) == 1
    mock.engine.advance(timedelta(hours=1))
    first, second = mock.listener.received
    assert first.json["payload"]["plainToken"] != second.json["payload"]["plainToken"]


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 410, 500, 503])
def test_all_but_2xx_is_a_failure_and_tried_again_r9_r10_r20(status: int, mock: Scheduler) -> None:
    answer_with(mock, status)
    mock.happen("book")
    assert (delivery(mock).status, len(delivery(mock).attempts)) == ("pending", 1)
    answer_with(mock, 200)
    mock.engine.advance(timedelta(minutes=5))
    assert (delivery(mock).status, len(delivery(mock).attempts)) == ("delivered", 2)


def test_three_retries_follow_and_then_none_r10_r12(mock: Scheduler) -> None:
    answer_with(mock, 500)
    mock.happen("book")
    mock.engine.advance(timedelta(days=1))
    minutes = [(attempt.at - START.timestamp()) / 60 for attempt in delivery(mock).attempts]
    assert minutes == [0, 5, 25, 85]
    assert delivery(mock).status == "failed"
    sent = mock.told()
    assert len({request.body for request in sent}) == 1
    stamps = [request.headers["x-zm-request-timestamp"] for request in sent]
    assert stamps == [str(int(START.timestamp() + 60 * minute)) for minute in minutes]
    assert all(request.headers["x-zm-signature"] == signature(request) for request in sent)
    assert len({request.headers["x-zm-trackingid"] for request in sent}) == 1


def test_a_setting_gives_each_attempt_a_tracking_id_of_its_own_r12() -> None:
    with scheduler(tracking_per_attempt=True) as mock:
        answer_with(mock, 500)
        mock.happen("book")
        mock.engine.advance(timedelta(days=1))
        assert len({request.headers["x-zm-trackingid"] for request in mock.told()}) == 4


def test_event_ts_is_when_it_happened_and_not_when_it_was_sent_z19(mock: Scheduler) -> None:
    mock.engine.set_clock(datetime(2025, 1, 15, 12, 30, tzinfo=UTC))
    answer_with(mock, 500)
    mock.happen("book")
    mock.engine.advance(timedelta(minutes=5))
    assert {request.json["event_ts"] for request in mock.told()} == {1736944200000}


def test_each_of_several_subscriptions_gets_the_event_and_20_are_the_most_r15(mock: Scheduler) -> None:
    for number in range(2, 21):
        mock.engine.outbox.subscribe(API, f"{mock.listener.url}&n={number}", SECRET, validate=False)
    with pytest.raises(UsageError, match="20 subscriptions"):
        mock.engine.outbox.subscribe(API, mock.listener.url, SECRET, validate=False)
    mock.act("book")
    sent = mock.told()
    assert len({request.path for request in sent}) == len(sent) == 20
    assert len({request.body for request in sent}) == 1
    assert len({request.headers["x-zm-trackingid"] for request in sent}) == 20


def test_a_subscription_may_want_headers_of_its_own_r14(mock: Scheduler) -> None:
    own = {"Authorization": "Basic dTpw", "X-Own": "1"}
    mock.engine.outbox.subscribe(API, mock.listener.url + "&own", SECRET, headers=own, validate=False)
    mock.act("book")
    (sent,) = [request for request in mock.told() if request.path.endswith("own")]
    assert (sent.headers["authorization"], sent.headers["x-own"]) == ("Basic dTpw", "1")


def test_an_event_can_be_sent_by_hand(mock: Scheduler) -> None:
    (sent,) = mock.engine.outbox.emit(API, CREATED, {"payload.object.invitee_email": "x@example.com"})
    assert sent.status == "delivered"
    assert mock.told()[-1].object["invitee_email"] == "x@example.com"
