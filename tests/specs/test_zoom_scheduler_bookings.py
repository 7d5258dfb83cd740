"""What can happen to bookings of the shipped Zoom Scheduler: actions, since no call of the API books."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from mockserver.exceptions import UsageError
from tests.mocks import START
from tests.specs.scheduler import Scheduler, scheduler


@pytest.fixture(scope="module")
def running() -> Iterator[Scheduler]:
    with scheduler() as mock:
        yield mock


@pytest.fixture
def mock(running: Scheduler) -> Scheduler:
    """The mock as it starts, with one who has subscribed."""
    return running.begin()


def test_actions_need_no_parameters(mock: Scheduler) -> None:
    assert datetime.fromisoformat(mock.act("book")["start_date_time"]) > START
    assert set(mock.act("reschedule")) == {"canceled", "created"}
    assert mock.act("cancel")["status"] == "cancelled"
    for _ in range(30):  # there is always another free slot, in working hours
        begins = datetime.fromisoformat(mock.act("book", schedule="contract-talk")["start_date_time"])
        assert 8 <= begins.hour < 16  # 9 to 17 in Berlin


@pytest.mark.parametrize(("by", "email"), [("host", "bob.keller@example.net"), ("invitee", "eve@example.com")])
def test_either_side_cancels(by: str, email: str, mock: Scheduler) -> None:
    mock.act("book", email="eve@example.com")
    found = mock.happen("cancel", by=by, reason="").object["cancellation"]
    assert (found["canceled_by"], found["canceler_type"], found["reason"]) == (email, by, "")


def test_a_booking_is_named_by_its_own_id_or_that_of_the_event(mock: Scheduler) -> None:
    one, two, three = (mock.act("book") for _ in range(3))
    assert mock.act("cancel", booking=one["booking_id"])["booking_id"] == one["booking_id"]
    assert mock.act("cancel", booking=two["event_id"])["booking_id"] == two["booking_id"]
    assert mock.act("cancel")["booking_id"] == three["booking_id"]


def refusal(mock: Scheduler, name: str, **given: Any) -> str:
    before = mock.records("booking")
    with pytest.raises(UsageError) as caught:
        mock.act(name, **given)
    assert mock.records("booking") == before
    return str(caught.value)


def test_what_cannot_happen_is_refused(mock: Scheduler) -> None:
    booked = mock.act("book", start="2025-01-16T10:00:00Z")
    which = {"booking": booked["booking_id"]}
    assert "the slot is taken" in refusal(mock, "book", start="2025-01-16T10:00:00Z")
    assert "begins at that moment already" in refusal(mock, "reschedule", start="2025-01-16T10:00:00Z", **which)
    assert "no such schedule" in refusal(mock, "book", schedule="none")
    assert "no such booking" in refusal(mock, "cancel", booking="none")
    assert "time_zone is no IANA name" in refusal(mock, "book", time_zone="CET+1")
    assert "location_kind" in refusal(mock, "book", location_kind="phone")
    mock.act("cancel", **which)
    for name in ("cancel", "reschedule"):
        assert "has been canceled before" in refusal(mock, name, **which)
    assert mock.act("book", start="2025-01-16T10:00:00Z")["status"] == "confirmed"  # the slot is free again


def test_a_booking_is_over_after_its_end(mock: Scheduler) -> None:
    booked = mock.act("book", start="2025-01-15T12:30:00Z")
    which = {"booking": booked["booking_id"]}
    mock.engine.set_clock(datetime(2025, 1, 15, 13, tzinfo=UTC))
    (found,) = [each for each in mock.records("booking") if each["booking_id"] == booked["booking_id"]]
    assert found["over"] is True
    for name in ("cancel", "reschedule"):
        assert "the booking is over" in refusal(mock, name, **which)
    assert len(mock.told()) == 1  # nobody is told of the end


def test_the_same_seed_books_the_same(mock: Scheduler) -> None:
    with scheduler() as another:
        assert mock.happen("book").body == another.happen("book").body


def test_what_overlaps_a_booking_is_taken(mock: Scheduler) -> None:
    made = mock.act("book", schedule="first-talk", start="2025-03-03T10:00:00Z")
    with pytest.raises(UsageError, match="the slot is taken"):
        mock.act("book", schedule="first-talk", start="2025-03-03T10:15:00Z")
    moved = mock.act("reschedule", booking=made["booking_id"], start="2025-03-03T10:15:00Z")
    assert moved["created"]["start_date_time"] == "2025-03-03T10:15:00Z"


def test_nothing_is_booked_in_the_past(mock: Scheduler) -> None:
    with pytest.raises(UsageError, match="the slot is over"):
        mock.act("book", start="2020-01-01T10:00:00Z")
    mock.act("book")
    with pytest.raises(UsageError, match="the slot is over"):
        mock.act("reschedule", start="2020-01-01T10:00:00Z")
