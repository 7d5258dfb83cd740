"""Notifications of auvious-appointments that go by webhook, and what happens to appointments without a call."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from mockserver.exceptions import UsageError
from tests.mocks import serve
from tests.specs.appointment_world import AGENT, API, SUPERVISOR, TALK, World
from tests.specs.scheduler import SECRET, Listener, Received, listening


def world(**settings: Any) -> World:
    return World(serve(API, settings={API: settings}).engine).empty()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    mock = world()
    yield mock
    mock.engine.close()


@pytest.fixture
def mock(running: World, listener: Listener) -> World:
    """No appointment, and somebody who has subscribed."""
    told(running, listener)  # what is under way arrives before it is forgotten
    listener.begin()
    running.empty().engine.outbox.subscribe(API, listener.url, SECRET)
    return running


def told(mock: World, listener: Listener) -> list[Received]:
    assert mock.engine.outbox.settle(10)
    return listener.events


def act(mock: World, name: str, **given: Any) -> Any:
    return mock.engine.act(API, name, given).result


def types(mock: World, listener: Listener) -> list[str]:
    return [event.json["type"] for event in told(mock, listener)]


# webhooks


def test_the_envelope_has_the_notification_and_the_appointment_as_text(mock: World, listener: Listener) -> None:
    made = mock.made(notes="Bring the ring", metadata={"order": {"no": 7}})
    (event,) = told(mock, listener)
    (recorded,) = [each for each in mock.records("notification") if each["channel"] == "WEBHOOKS"]
    assert list(event.json) == ["id", "type", "payload", "timestamp"]
    assert event.json["id"] == recorded["id"]
    assert (event.json["type"], event.json["timestamp"]) == ("CREATE", "2025-01-15T12:00:00Z")
    shown = json.loads(event.json["payload"])
    whose = [{"id": one["id"], "type": one["type"]} for one in made["participants"]]
    assert shown.pop("participants") == whose
    assert shown == {name: made[name] for name in made if name not in ("participants", "secureToken")}


def test_the_signature_is_over_the_payload_as_it_stands_and_over_nothing_else(mock: World, listener: Listener) -> None:
    mock.made(title="Anprobe für Zoë")
    (event,) = told(mock, listener)
    digest = hmac.new(SECRET.encode(), event.json["payload"].encode(), hashlib.sha256)
    assert event.headers["x-signature"] == digest.hexdigest()


def test_a_setting_writes_the_signature_in_base64(listener: Listener) -> None:
    mock = world(signature_encoding="base64")
    listener.begin()
    mock.engine.outbox.subscribe(API, listener.url, SECRET)
    mock.made()
    (event,) = told(mock, listener)
    digest = hmac.digest(SECRET.encode(), event.json["payload"].encode(), "sha256")
    assert event.headers["x-signature"] == base64.b64encode(digest).decode()
    mock.engine.close()


def test_headers_of_notifications_are_sent_as_headers(mock: World, listener: Listener) -> None:
    mock.made(notificationHeaders={"X-Branch": "north", "X-Desk": "7"})
    mock.made()
    first, second = told(mock, listener)
    assert (first.headers["x-branch"], first.headers["x-desk"]) == ("north", "7")
    assert "x-branch" not in second.headers


def test_each_change_is_told_of(mock: World, listener: Listener) -> None:
    made = mock.made()
    mock.by(AGENT, "PUT /", {"id": made["id"], "title": "Other"})
    moved = {"id": made["id"], "start": "2025-01-17T09:00:00Z", "duration": "PT30M", "timezone": "Europe/Berlin"}
    mock.by(AGENT, "PUT /reschedule/", moved)
    mock.by(SUPERVISOR, "PUT /reassign/", {"id": made["id"], "userId": "bob"})
    mock.by(SUPERVISOR, f"DELETE /{made['id']}")
    assert types(mock, listener) == ["CREATE", "UPDATE", "RESCHEDULE", "REASSIGN", "CANCELLED"]
    gone = json.loads(listener.events[-1].json["payload"])
    assert (gone["id"], gone["title"], gone["organizer"]["id"]) == (made["id"], "Other", "bob")


def test_the_end_is_told_of_when_the_clock_comes_to_it(mock: World, listener: Listener) -> None:
    mock.made()
    mock.engine.advance(timedelta(hours=25))
    assert types(mock, listener) == ["CREATE", "NO_SHOW"]
    assert listener.events[-1].json["timestamp"] == "2025-01-16T12:30:00Z"


@pytest.mark.parametrize(("status", "attempts"), [(400, 1), (401, 1), (403, 1), (404, 1), (500, 3), (410, 3)])
def test_some_statuses_end_a_delivery_at_once_others_are_tried_again(
    status: int, attempts: int, mock: World, listener: Listener
) -> None:
    listener.answer = lambda request: (status, b"")
    mock.made()
    told(mock, listener)
    mock.engine.advance(timedelta(hours=1))
    (delivery,) = mock.engine.outbox.deliveries(API)
    assert (delivery.status, len(delivery.attempts)) == ("failed", attempts)
    # The record goes its own way, whatever became of the delivery.
    (recorded,) = [each for each in mock.records("notification") if each["channel"] == "WEBHOOKS"]
    assert recorded["status"] == "DELIVERED"


def test_nothing_goes_out_where_the_record_says_that_nothing_can(listener: Listener) -> None:
    mock = world(failing_channels=["WEBHOOKS"])
    listener.begin()
    mock.engine.outbox.subscribe(API, listener.url, SECRET)
    mock.made()
    assert told(mock, listener) == []
    mock.engine.close()


# what happens at the vendor's side


def test_a_customer_who_joins_begins_the_call_and_one_who_leaves_does_not_end_it(
    mock: World, listener: Listener
) -> None:
    made = mock.made()
    assert act(mock, "customerJoins")["state"] == "JOINED"
    assert types(mock, listener)[1:] == ["PARTICIPANT_UPDATED", "IN_PROGRESS"]
    with pytest.raises(UsageError, match="in the call already"):
        act(mock, "customerJoins", appointment=made["id"])
    reminders = [each for each in mock.records("notification") if each["type"] == "REMINDER"]
    assert {each["status"] for each in reminders} == {"CANCELLED"}
    assert act(mock, "customerLeaves")["state"] == "LEFT"
    act(mock, "customerJoins", appointment=made["id"])
    assert types(mock, listener)[3:] == ["PARTICIPANT_UPDATED", "PARTICIPANT_UPDATED"]
    mock.engine.advance(timedelta(hours=25))
    assert types(mock, listener)[-1] == "COMPLETED"


def test_an_action_does_what_the_call_does(mock: World) -> None:
    made = mock.made()
    customer = next(each for each in made["participants"] if each["type"] == "CUSTOMER")

    def written() -> list[dict[str, Any]]:
        """What there is, but for the ids, of which each way draws its own."""
        found = [each for resource in ("participant", "notification", "event") for each in mock.records(resource)]
        return [{name: value for name, value in each.items() if not name.lower().endswith("id")} for each in found]

    name = mock.engine.snapshot()
    before = written()
    act(mock, "customerJoins", appointment=made["id"], participant=customer["id"])
    by_action = written()
    mock.engine.restore(name)
    mock.by(SUPERVISOR, f"PUT /{made['id']}/participants/{customer['id']}?state=JOINED")
    assert written() == by_action != before


def test_an_interaction_that_fails_is_noted_and_told_of(mock: World, listener: Listener) -> None:
    mock.made()
    found = act(mock, "interactionFails", userMessage="No picture")
    assert found["errorData"] == {"systemMessage": "NotAllowedError", "userMessage": "No picture"}
    assert types(mock, listener) == ["CREATE", "FAILED"]


def test_a_provider_rejects_what_is_under_way_and_nothing_else(mock: World) -> None:
    mock.made()
    (email,) = [n for n in mock.records("notification") if (n["type"], n["channel"]) == ("CREATE", "EMAIL")]
    found = act(mock, "providerRejects", notification=email["id"], reason="no such mailbox")
    assert (found["status"], found["errorMessage"], found["canRetry"]) == ("FAILED", "no such mailbox", True)
    (step,) = [e for e in mock.records("event") if e["statusId"] == email["id"] and e["status"] == "FAILED"]
    assert step["errorMessage"] == "no such mailbox"
    mock.engine.advance(timedelta(hours=1))
    assert {n["status"] for n in mock.records("notification") if n["id"] == email["id"]} == {"FAILED"}
    reminder = next(n for n in mock.records("notification") if n["type"] == "REMINDER")
    for notification, reason in ((email["id"], "known already"), (reminder["id"], "waits for its time")):
        with pytest.raises(UsageError, match=reason):
            act(mock, "providerRejects", notification=notification)


def test_what_cannot_happen_is_refused(mock: World) -> None:
    for name in ("customerJoins", "interactionFails"):
        with pytest.raises(UsageError, match="no such appointment"):
            act(mock, name)
    with pytest.raises(UsageError, match="nobody is in a call"):
        act(mock, "customerLeaves")
    with pytest.raises(UsageError, match="none is under way"):
        act(mock, "providerRejects")
    made = mock.made()
    with pytest.raises(UsageError, match="no such customer"):
        act(mock, "customerJoins", participant="ann")
    with pytest.raises(UsageError, match="not in the call"):
        act(mock, "customerLeaves", appointment=made["id"], participant=made["participants"][-1]["id"])
    waiting = mock.made(applicationId=TALK)
    with pytest.raises(UsageError, match="not active"):
        act(mock, "customerJoins", appointment=waiting["id"])
    mock.engine.advance(timedelta(hours=26))
    with pytest.raises(UsageError, match="is over"):
        act(mock, "customerJoins", appointment=made["id"])


def test_the_shipped_appointments_take_each_action_without_parameters() -> None:
    mock = serve(API)
    for name in ("customerJoins", "customerLeaves", "interactionFails"):
        assert mock.engine.act(API, name).result["type"] == "CUSTOMER"
    assert mock.engine.act(API, "providerRejects").result["status"] == "FAILED"
