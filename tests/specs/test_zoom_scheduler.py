"""The shipped description of Zoom Scheduler: what its events hold. A name such as Z7 is the row of our decisions about
what the document leaves open."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from mockserver.checks.lint import lint
from mockserver.contract.schemas import Schema
from mockserver.spec.catalog import shipped
from mockserver.spec.loader import load_document
from tests.specs.scheduler import API, CANCELED, CREATED, Received, Scheduler, scheduler

SAMPLES = {
    event: json.loads((Path(__file__).parent.parent / "data" / API / f"{name}.json").read_text("utf-8"))
    for event, name in ((CREATED, "created"), (CANCELED, "canceled"))
}
ONLINE = ["zoom", "google_meet", "microsoft_teams"]
KINDS = ["custom", "in-person_meeting", "outbound_call", "inbound_call", "invitee_specified", *ONLINE]
UTM = {"utm_source": "letter", "utm_medium": "email", "utm_campaign": "may", "utm_content": "link", "utm_term": "x"}
TO_THE_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
TO_THE_MILLISECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture(scope="module")
def running() -> Iterator[Scheduler]:
    with scheduler() as mock:
        yield mock


@pytest.fixture
def mock(running: Scheduler) -> Scheduler:
    """The mock as it starts, with one who has subscribed."""
    return running.begin()


def schema(mock: Scheduler, event: str) -> Schema:
    found = mock.engine.outbox.sender(API).schema(event)
    assert found is not None
    return found


def keys(value: Any) -> Any:
    """The members of objects in their order, all the way down; of a list those of its first item."""
    if isinstance(value, dict):
        return [(name, keys(item)) for name, item in value.items()]
    return keys(value[0]) if isinstance(value, list) and value else None


def slot(event: Received) -> dict[str, Any]:
    found: dict[str, Any] = event.object["scheduled_event"]
    return found


def full(mock: Scheduler, event: str) -> Received:
    """An event of a booking that has everything that a sample has."""
    created = mock.happen("book", tracking=UTM, guests=["tom@example.com"], phone="+1 202 555 0143")
    return created if event == CREATED else mock.happen("cancel", reason="Time conflict")


# the files


def test_the_contract_is_valid_openapi() -> None:
    document = load_document(shipped()[API].openapi).data
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_nothing_is_wrong_with_the_files() -> None:
    assert lint(API) == []


def test_the_fixtures_have_every_kind_of_place_and_every_state(mock: Scheduler) -> None:
    bookings = mock.records("booking")
    assert {booking["location_kind"] for booking in bookings} == set(KINDS)
    assert {booking["status"] for booking in bookings} == {"confirmed", "cancelled"}
    for member in ("tracking", "cancellation", "over", "rescheduled_from", "rescheduled_to"):
        assert 0 < sum(bool(booking.get(member)) for booking in bookings) < len(bookings)
    assert {len(booking["guests"]) for booking in bookings} >= {0, 1, 2}
    assert {len(booking["questions_and_answers"]) for booking in bookings} >= {0, 1, 2}


def test_every_booking_of_the_fixtures_can_be_told_of(mock: Scheduler) -> None:
    bookings = mock.records("booking")
    for booking in bookings:
        event = CANCELED if booking.get("cancellation") else CREATED
        (delivery,) = mock.engine.outbox.emit(API, event, {"booking": booking})
        assert (delivery.status, delivery.reason) == ("delivered", "")
    assert {slot(event)["event_id"] for event in mock.told()} == {booking["event_id"] for booking in bookings}


# the document


@pytest.mark.parametrize("event", [CREATED, CANCELED])
def test_a_sample_of_the_document_keeps_the_contract_but_for_its_empty_name_z3(event: str, mock: Scheduler) -> None:
    problems = schema(mock, event).explain(SAMPLES[event], direction="response", location="body")
    assert [problem.pointer for problem in problems] == ["/event"]


@pytest.mark.parametrize("event", [CREATED, CANCELED])
def test_members_come_in_the_order_of_the_sample_as_compact_json_z22_z13(event: str, mock: Scheduler) -> None:
    sent = full(mock, event)
    assert keys(sent.json) == keys(SAMPLES[event])
    assert sent.body == json.dumps(sent.json, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize("event", [CREATED, CANCELED])
def test_texts_and_numbers_are_of_the_types_of_the_sample(event: str, mock: Scheduler) -> None:
    def types(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: types(item) for name, item in value.items()}
        return [types(value[0])] if isinstance(value, list) and value else type(value)

    assert types(full(mock, event).json) == types(SAMPLES[event])


def test_it_is_a_post_to_the_url_of_the_subscriber_z1(mock: Scheduler) -> None:
    assert mock.happen("book").path == "/hooks/in?from=mock"


@pytest.mark.parametrize(("status", "body"), [(200, b"{}"), (204, b""), (202, b"not json"), (299, b"[1]")])
def test_any_2xx_is_a_receipt_and_its_body_is_not_read_z2(status: int, body: bytes, mock: Scheduler) -> None:
    mock.listener.answer = lambda request: (status, body)
    mock.happen("book")
    (delivery,) = mock.engine.outbox.deliveries(API)
    assert (delivery.status, len(delivery.attempts)) == ("delivered", 1)


def test_names_times_and_ids_are_real_z3_z19(mock: Scheduler) -> None:
    mock.engine.set_clock(datetime(2025, 1, 15, 13, 0, 0, 250_000, UTC))
    sent = mock.happen("book").json
    assert sent["event"] == CREATED
    assert sent["event_ts"] == 1736946000250
    assert len(sent["payload"]["account_id"]) == len(sent["payload"]["user_id"]) == 22


def test_words_are_spelled_as_in_the_document_z4_z5(mock: Scheduler) -> None:
    sent = full(mock, CANCELED)
    assert sent.event == "scheduler.scheduled_event_canceled"
    assert list(sent.object["cancellation"]) == ["canceled_by", "canceler_type", "cancel_at", "reason"]
    assert slot(sent)["status"] == "cancelled"
    assert slot(mock.happen("book"))["status"] == "confirmed"


def test_a_setting_brings_back_the_status_of_the_sample_z5() -> None:
    with scheduler(literal_samples=True) as mock:
        sent = full(mock, CANCELED)
    assert slot(sent)["status"] == "confirmed"
    assert slot(sent)["invitee_counters"] == {"total": 1, "active": 1, "limit": 1}


def test_rescheduled_is_what_happened_z6(mock: Scheduler) -> None:
    assert mock.happen("book").object["rescheduled"] is False
    assert mock.happen("cancel").object["rescheduled"] is False


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Asia/Shanghai", "2025-01-15T20:00:00+08:00"),
        ("Asia/Kathmandu", "2025-01-15T17:45:00+05:45"),
        ("America/New_York", "2025-01-15T07:00:00-05:00"),
        ("UTC", "2025-01-15T12:00:00+00:00"),
    ],
)
def test_cancel_at_has_the_offset_of_the_invitee_z7(zone: str, text: str, mock: Scheduler) -> None:
    mock.act("book", time_zone=zone)
    assert mock.happen("cancel").object["cancellation"]["cancel_at"] == text


def test_a_setting_writes_cancel_at_in_utc_z7() -> None:
    with scheduler(cancel_at_in_utc=True) as mock:
        assert full(mock, CANCELED).object["cancellation"]["cancel_at"] == "2025-01-15T12:00:00Z"


@pytest.mark.parametrize("event", [CREATED, CANCELED])
def test_what_was_made_or_changed_has_milliseconds_and_the_slot_has_none_z8(event: str, mock: Scheduler) -> None:
    sent = full(mock, event)
    for found in (sent.object["created"], slot(sent)["created"], slot(sent)["updated"]):
        assert TO_THE_MILLISECOND.fullmatch(found)
    for found in (slot(sent)["start_date_time"], slot(sent)["end_date_time"]):
        assert TO_THE_SECOND.fullmatch(found)


@pytest.mark.parametrize("event", [CREATED, CANCELED])
def test_attendees_are_the_hosts_and_guests_are_addresses_z9(event: str, mock: Scheduler) -> None:
    sent = full(mock, event)
    assert slot(sent)["attendees"] == [{"display_name": "Bob Keller", "email": "bob.keller@example.net"}]
    assert slot(sent)["guests"] == ["tom@example.com"]
    assert sent.object["invitee_email"] not in json.dumps(slot(sent))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_online_has_an_external_location_and_all_else_a_location_z10_z12(kind: str, mock: Scheduler) -> None:
    found = slot(mock.happen("book", location_kind=kind))
    assert found["location_kind"] == kind
    if kind in ONLINE:
        assert "location" not in found
        assert found["external_location"]["kind"] == kind
    else:
        assert "external_location" not in found
        assert found["location"] == {"kind": kind}


@pytest.mark.parametrize("kind", ONLINE)
def test_an_external_location_has_six_members_and_one_number_z11(kind: str, mock: Scheduler) -> None:
    found = slot(mock.happen("book", location_kind=kind))["external_location"]
    sample = SAMPLES[CREATED]["payload"]["object"]["scheduled_event"]["external_location"]
    assert list(found) == list(sample)
    assert found["meeting_join_url"].rsplit("/", 1)[1] == found["meeting_id"]
    assert found["meeting_id"]


def test_the_contract_has_the_eight_kinds_of_the_document_z12(mock: Scheduler) -> None:
    contract = load_document(shipped()[API].openapi).data["components"]["schemas"]
    assert contract["ScheduledEvent"]["properties"]["location_kind"]["enum"] == KINDS


def test_only_what_the_document_requires_is_required_z13(mock: Scheduler) -> None:
    for event in (CREATED, CANCELED):
        empty: dict[str, Any] = {"scheduled_event": {}, "tracking": {}, "questions_and_answers": []}
        payloads: list[dict[str, Any]] = [{}, {"object": {}}, {"object": empty}]
        for payload in payloads:
            body = {"event": event, "event_ts": 1, "payload": payload}
            assert schema(mock, event).explain(body, direction="response", location="body") == []
        for gone in ("event", "event_ts", "payload"):
            body = {"event": event, "event_ts": 1, "payload": {}}
            del body[gone]
            assert schema(mock, event).explain(body, direction="response", location="body")
        for gone in ("answer", "position", "question"):
            asked = {"answer": ["x"], "position": 1, "question": "y"}
            del asked[gone]
            body = {"event": event, "event_ts": 1, "payload": {"object": {"questions_and_answers": [asked]}}}
            assert schema(mock, event).explain(body, direction="response", location="body")


def test_what_breaks_the_contract_is_not_sent_z13(mock: Scheduler) -> None:
    booking = {**mock.records("booking")[0], "status": "canceled"}
    (delivery,) = mock.engine.outbox.emit(API, CREATED, {"booking": booking})
    assert delivery.status == "refused"
    assert "/payload/object/scheduled_event/status" in delivery.reason
    assert mock.told() == []


def test_without_utm_there_is_no_tracking_z14(mock: Scheduler) -> None:
    assert "tracking" not in mock.happen("book").object
    assert "tracking" not in mock.happen("cancel").object
    assert "tracking" not in mock.happen("book", tracking={}).object


def test_with_utm_there_is_always_a_source_z14_z15(mock: Scheduler) -> None:
    found = {"utm_source": "website", "utm_term": "pump", "salesforce_ids": [{}]}
    assert mock.happen("book", tracking={"utm_term": "pump"}).object["tracking"] == found
    assert mock.happen("cancel").object["tracking"] == found


def test_positions_begin_with_1_and_answers_are_lists_of_text_z16(mock: Scheduler) -> None:
    found = mock.happen("book", schedule="product-tour", answers=["Prices"]).object["questions_and_answers"]
    assert [(asked["position"], asked["answer"]) for asked in found] == [(1, ["Prices"]), (2, ["The large one"])]


def test_a_phone_number_is_any_text_z17(mock: Scheduler) -> None:
    plain = re.compile(r"(\+\d{1,2}( \d{2,4}){2,3})?")
    assert all(plain.fullmatch(booking["text_phone_number"]) for booking in mock.records("booking"))
    assert mock.happen("book", phone="ask at the desk").object["text_phone_number"] == "ask at the desk"
    assert mock.happen("book").object["text_phone_number"] == ""


def test_counters_count_invitees_alone_z18(mock: Scheduler) -> None:
    moment = "2025-03-03T10:00:00Z"
    first = mock.happen("book", schedule="product-tour", start=moment, guests=["a@example.com", "b@example.com"])
    second = mock.happen("book", schedule="product-tour", start=moment, email="b@example.com")
    assert slot(first)["invitee_counters"] == {"total": 1, "active": 1, "limit": 5}
    assert slot(second)["invitee_counters"] == {"total": 2, "active": 2, "limit": 5}
    assert slot(first)["event_id"] == slot(second)["event_id"]
    assert slot(first)["external_location"] == slot(second)["external_location"]
    assert slot(mock.happen("cancel"))["invitee_counters"] == {"total": 2, "active": 1, "limit": 5}


def test_counters_are_right_whoever_calls_off_z18(mock: Scheduler) -> None:
    made = [mock.act("book", schedule="product-tour", start="2025-03-03T10:00:00Z") for _ in range(3)]
    mock.told()
    first = mock.happen("cancel", booking=made[0]["booking_id"])
    assert slot(first)["invitee_counters"] == {"total": 3, "active": 2, "limit": 5}
    counters = [each["invitee_counters"] for each in mock.records("booking") if each["event_id"] == made[0]["event_id"]]
    assert counters == [{"total": 3, "active": 2, "limit": 5}] * 3


def test_fields_that_came_after_the_document_are_behind_a_setting_z21(mock: Scheduler) -> None:
    later = {"invitee_id", "rescheduled_from_event_id", "rescheduled_from_invitee_id"}
    assert later.isdisjoint(mock.happen("book").object)
    with scheduler(extra_fields=True) as mock:
        first = mock.happen("book")
        assert later & set(first.object) == {"invitee_id"}
        mock.act("reschedule")
        old, new = mock.told()[-2:]
    assert old.object["invitee_id"] == new.object["rescheduled_from_invitee_id"] == first.object["invitee_id"]
    assert new.object["invitee_id"] == old.object["rescheduled_to_invitee_id"] != first.object["invitee_id"]
    assert new.object["rescheduled_from_event_id"] == slot(first)["event_id"] == slot(old)["event_id"]
    assert old.object["rescheduled_to_event_id"] == slot(new)["event_id"]


def test_what_is_moved_is_canceled_and_then_created_z23_z6(mock: Scheduler) -> None:
    first = mock.happen("book")
    mock.act("reschedule", start="2025-02-03T10:00:00Z", reason="A train is late")
    old, new = mock.told()[-2:]
    assert (old.event, new.event) == (CANCELED, CREATED)
    assert old.object["rescheduled"] is new.object["rescheduled"] is True
    assert slot(old)["event_id"] == slot(first)["event_id"] != slot(new)["event_id"]
    assert (slot(old)["status"], slot(new)["status"]) == ("cancelled", "confirmed")
    assert slot(new)["start_date_time"] == "2025-02-03T10:00:00Z"
    assert old.object["cancellation"]["canceler_type"] == "invitee"
    assert old.object["cancellation"]["reason"] == "A train is late"


def test_a_setting_leaves_the_canceled_event_out_z23() -> None:
    with scheduler(reschedule_sends_created_only=True) as mock:
        mock.act("book")
        assert mock.happen("reschedule").event == CREATED
