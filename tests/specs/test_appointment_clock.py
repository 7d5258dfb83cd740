"""The life of an appointment by the clock: what is sent when, what a new time does to it, what is left at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.specs.appointment_world import (
    AGENT,
    CUSTOMER,
    GEN,
    SERVICE,
    SUPERVISOR,
    TALK,
    World,
    at,
    later,
    participant,
    worlds,
)

ENDED = {"DELIVERED", "FAILED", "CANCELLED"}


@pytest.fixture(scope="module")
def engine() -> Iterator[World]:
    yield from worlds()


@pytest.fixture
def world(engine: World) -> World:
    return engine.empty()


def sent(world: World, appointment: str, kind: str = "", route: str = "notifications") -> list[dict[str, Any]]:
    line = f"GET /{appointment}/{route}?pageSize=100&sortOrder=asc" + (f"&type={kind}" if kind else "")
    answer = world.by(SUPERVISOR, line)
    assert answer.status == 200, answer.response.body
    assert answer.json["total"] == len(answer.json["content"])
    content: list[dict[str, Any]] = answer.json["content"]
    return content


def of_length(duration: str) -> timedelta:
    found = re.fullmatch(r"-?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", duration)
    assert found, duration
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def consistent(world: World, appointment: str) -> None:
    """What must hold of all notifications and events at any time."""
    now = world.engine.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    events = sent(world, appointment, route="notifications/events")
    for one in sent(world, appointment):
        mine = [event for event in events if event["statusId"] == one["id"]]
        assert mine[-1]["status"] == one["status"]
        assert one["createdAt"] <= one["updatedAt"] <= now
        timed = one["type"] in ("ROOM", "REMINDER", "FOLLOW_UP")
        assert {"scheduledFor", "offset"} & set(one) == ({"scheduledFor", "offset"} if timed else set())
        if one["status"] != "PENDING":
            assert not {"nextPollAt", "nextRetryAt"} & set(one)
        if one["status"] == "DELIVERED":
            assert "errorMessage" not in one
            assert one["canRetry"] is False
        if one["status"] == "FAILED":
            assert one["errorMessage"]
        assert None not in one.values()
        assert all(event["timestamp"] <= now and None not in event.values() for event in mine)


def test_a_notification_of_the_new_appointment_comes_to_its_end(world: World) -> None:
    made = world.made()["id"]
    created = sent(world, made, "CREATE")
    assert created
    assert {one["status"] for one in created} <= {"INITIALIZED", "PENDING"}
    consistent(world, made)
    for minutes in (1, 5, 60, 720):
        world.until(at(minutes=minutes))
        consistent(world, made)
    assert {one["status"] for one in sent(world, made, "CREATE")} <= {"DELIVERED", "FAILED"}
    steps = [one["status"] for one in sent(world, made, "CREATE", "notifications/events")]
    assert len(steps) > len(created)


def test_reminders_go_out_at_their_time(world: World) -> None:
    made = world.made()
    reminders = sent(world, made["id"], "REMINDER")
    assert reminders
    for one in reminders:
        assert one["status"] == "INITIALIZED"
        expected = datetime.fromisoformat(made["start"]) - of_length(one["offset"])
        assert datetime.fromisoformat(one["scheduledFor"]) == expected
    first = min(one["scheduledFor"] for one in reminders)
    world.until(later(first, seconds=-1))
    assert {one["status"] for one in sent(world, made["id"], "REMINDER")} == {"INITIALIZED"}
    world.until(first)
    due = [one for one in sent(world, made["id"], "REMINDER") if one["scheduledFor"] == first]
    assert "INITIALIZED" not in {one["status"] for one in due}
    consistent(world, made["id"])
    world.until(later(made["start"], seconds=-1))
    assert {one["status"] for one in sent(world, made["id"], "REMINDER")} <= ENDED
    consistent(world, made["id"])


def test_another_time_cancels_reminders_and_makes_new_ones(world: World) -> None:
    made = world.made()
    old = {one["id"] for one in sent(world, made["id"], "REMINDER")}
    move = {"id": made["id"], "start": at(hours=72), "duration": "PT45M", "timezone": "Europe/Athens"}
    moved = world.by(AGENT, "PUT /reschedule/", move).json
    assert (moved["start"], moved["end"], moved["duration"]) == (at(hours=72), at(hours=72.75), "PT45M")
    assert (moved["timezone"], moved["locale"]) == ("Europe/Athens", made["locale"])
    tickets = [[one["ticket"] for one in shown["participants"] if "ticket" in one] for shown in (made, moved)]
    assert [one["accessUrl"] for one in tickets[0]] == [one["accessUrl"] for one in tickets[1]]
    assert [one["expiresAt"] for one in tickets[0]] < [one["expiresAt"] for one in tickets[1]]
    after = sent(world, made["id"], "REMINDER")
    assert {one["status"] for one in after if one["id"] in old} == {"CANCELLED"}
    new = [one for one in after if one["id"] not in old]
    assert len(new) == len(old)
    for one in new:
        assert one["status"] == "INITIALIZED"
        expected = datetime.fromisoformat(moved["start"]) - of_length(one["offset"])
        assert datetime.fromisoformat(one["scheduledFor"]) == expected
    assert sent(world, made["id"], "RESCHEDULE")
    consistent(world, made["id"])
    # At the old time nothing happens.
    world.until(later(made["start"], minutes=5))
    assert {one["status"] for one in sent(world, made["id"], "REMINDER") if one["id"] not in old} == {"INITIALIZED"}
    world.until(later(moved["start"], minutes=5))
    consistent(world, made["id"])


def test_an_appointment_is_activated_by_itself_or_by_a_client(world: World) -> None:
    active, waiting = world.made(), world.made(applicationId=TALK)
    assert [one["ticket"]["accessUrl"] for one in active["participants"] if one["type"] == "CUSTOMER"]
    assert [one for one in waiting["participants"] if "ticket" in one] == []
    assert [one["id"] for one in world.by(SERVICE, "GET /eligible").json] == [waiting["id"]]
    assert not sent(world, active["id"], "ROOM")
    activated = world.by(SERVICE, f"POST /activate/{waiting['id']}").json
    assert [one["ticket"] for one in activated["participants"] if one["type"] == "CUSTOMER"]
    assert world.by(SERVICE, "GET /eligible").json == []
    before = sent(world, waiting["id"])
    assert world.by(SERVICE, f"POST /activate/{waiting['id']}").json == activated
    assert sent(world, waiting["id"]) == before


def switched(world: World, application: str, **changes: Any) -> None:
    records = [
        {**one, **changes} if one["applicationId"] == application else one for one in world.records("application")
    ]
    world.engine.replace_state(world.name, "application", records)


def test_the_way_to_the_room_is_due_when_it_is_activated(world: World) -> None:
    switched(world, GEN, autoActivate=False)
    made = world.made()
    world.until(at(hours=1))
    assert world.by(SERVICE, f"POST /activate/{made['id']}").status == 200
    rooms = sent(world, made["id"], "ROOM")
    assert {one["channel"] for one in rooms} == {"EMAIL", "SMS", "WEBHOOKS"}
    assert {(one["scheduledFor"], one["offset"]) for one in rooms} == {(at(hours=1), "PT23H")}
    consistent(world, made["id"])
    world.until(at(hours=2))
    assert {one["status"] for one in sent(world, made["id"], "ROOM")} == {"DELIVERED"}
    consistent(world, made["id"])


@pytest.mark.parametrize(("minutes", "again"), [(0, True), (30, False)])
def test_another_time_needs_another_way_to_the_room(world: World, minutes: int, again: bool) -> None:
    switched(world, GEN, autoActivate=False)
    made = world.made()["id"]
    assert world.by(SERVICE, f"POST /activate/{made}").status == 200
    world.until(at(minutes=minutes, seconds=2))
    old = {one["id"]: one["status"] for one in sent(world, made, "ROOM")}
    assert set(old.values()) == ({"PENDING"} if again else {"DELIVERED"})
    move = {"id": made, "start": at(hours=72), "duration": "PT45M", "timezone": "UTC"}
    assert world.by(AGENT, "PUT /reschedule/", move).status == 200
    rooms = sent(world, made, "ROOM")
    assert {one["status"] for one in rooms if one["id"] in old} == {"CANCELLED" if again else "DELIVERED"}
    new = [one for one in rooms if one["id"] not in old]
    assert [one["channel"] for one in new] == (["EMAIL", "SMS", "WEBHOOKS"] if again else [])
    consistent(world, made)
    world.until(at(minutes=minutes + 10))
    assert {one["status"] for one in sent(world, made, "ROOM") if one["id"] not in old} <= {"DELIVERED"}
    consistent(world, made)


@pytest.mark.parametrize("waits_for", ["nextPollAt", "nextRetryAt"])
@pytest.mark.parametrize("change", ["reschedule", "remove", "begin"])
def test_what_is_on_its_way_is_called_off_too(world: World, change: str, waits_for: str) -> None:
    contact = {"primaryEmail": "nobody@example.invalid"}
    made = world.made(start=at(minutes=40), customers=[{"username": "nobody", "contact": contact}])
    world.until(at(minutes=10))
    while True:
        (reminder,) = sent(world, made["id"], "REMINDER")
        if waits_for in reminder:
            break
        world.until(later(reminder["nextPollAt"], seconds=0))
    assert reminder["status"] == "PENDING"
    move = {"id": made["id"], "start": at(hours=72), "duration": "PT45M", "timezone": "UTC"}
    line = f"/{made['id']}/participants/{participant(made)}"
    answer = {
        "reschedule": lambda: world.by(AGENT, "PUT /reschedule/", move),
        "remove": lambda: world.by(AGENT, f"DELETE {line}"),
        "begin": lambda: world.by(AGENT, f"PUT {line}?state=JOINED"),
    }[change]()
    assert answer.status == 200
    consistent(world, made["id"])
    world.until(at(minutes=30))
    (after,) = [one for one in sent(world, made["id"], "REMINDER") if one["id"] == reminder["id"]]
    assert (after["status"], after["canRetry"]) == ("CANCELLED", False)
    assert events(world, after)[-1] == "CANCELLED"


def test_the_ticket_of_an_answer_is_that_of_the_details(world: World) -> None:
    made = world.made()
    (ticket,) = [one["ticket"] for one in made["participants"] if "ticket" in one]
    details = world.by(AGENT, f"GET /{made['id']}/participants/{participant(made)}").json
    assert (details["ticket"], details["expiresAt"]) == (ticket, ticket["expiresAt"])
    assert ticket["expiresAt"] >= made["end"]


def test_a_customer_finds_the_appointment_until_the_ticket_is_over(world: World) -> None:
    made = world.made()
    conference = world.conference(made["id"])
    (ticket,) = [one["ticket"] for one in made["participants"] if "ticket" in one]
    seen = []
    for moment in (
        made["start"],
        made["end"],
        later(ticket["expiresAt"], seconds=-1),
        later(ticket["expiresAt"], seconds=1),
    ):
        world.until(moment)
        seen.append(world.by(CUSTOMER, f"GET /{made['id']}", conference=conference).status)
    assert seen == [200, 200, 200, 404]


def test_reassigning(world: World) -> None:
    made = world.made()
    before = sent(world, made["id"])
    same = world.by(AGENT, "PUT /reassign/", {"id": made["id"], "userId": "ann"})
    assert (same.status, same.json["organizer"]) == (200, made["organizer"])
    assert sent(world, made["id"]) == before
    changed = world.by(AGENT, "PUT /reassign/", {"id": made["id"], "userId": "bob"}).json
    assert changed["organizer"] == {"type": "AGENT", "id": "bob"}
    assert changed["targetAssignment"] == {"type": "AGENT", "id": "bob"}
    assert [one["id"] for one in changed["participants"] if one["type"] == "AGENT"] == ["bob"]
    assert sent(world, made["id"], "REASSIGN")
    consistent(world, made["id"])


def test_participants_come_and_go(world: World) -> None:
    made = world.made()
    line = f"/{made['id']}/participants/{participant(made)}"
    states = []
    for state in ("WAITING", "JOINED", "LEFT"):
        answer = world.by(AGENT, f"PUT {line}?state={state}").json
        states += [one.get("state") for one in answer["participants"] if one["type"] == "CUSTOMER"]
    assert states == ["WAITING", "JOINED", "LEFT"]
    assert [one.get("state") for one in made["participants"]] == [None, None]
    left = world.by(AGENT, f"DELETE {line}").json
    assert [one["type"] for one in left["participants"]] == ["AGENT"]
    kinds = {one["type"] for one in sent(world, made["id"])}
    assert {"PARTICIPANT_UPDATED", "PARTICIPANT_REMOVED"} <= kinds
    consistent(world, made["id"])


def events(world: World, notification: dict[str, Any]) -> list[str]:
    """The steps of a notification."""
    line = f"GET /{notification['appointmentId']}/notifications/events?pageSize=100&sortOrder=asc"
    found = world.by(SUPERVISOR, f"{line}&statusId={notification['id']}")
    return [one["status"] for one in found.json["content"]]


def test_what_cannot_be_delivered_is_tried_again_and_fails(world: World) -> None:
    contact = {"primaryEmail": "nobody@example.invalid"}
    made = world.made(customers=[{"username": "nobody", "contact": contact}])["id"]
    seen = []
    for minutes in range(30):
        world.until(at(minutes=minutes))
        consistent(world, made)
        (one,) = [one for one in sent(world, made, "CREATE") if one["recipient"]["type"] == "CUSTOMER"]
        assert ("nextRetryAt" in one) <= (one["status"] == "PENDING")
        seen.append((one["status"], one["retryCount"], one["canRetry"]))
    steps = list(dict.fromkeys(seen))
    assert steps[0] == ("INITIALIZED", 0, False)
    assert steps[-1] == ("FAILED", 2, True)
    assert [step for step in steps if step[0] == "PENDING"] == [("PENDING", tries, False) for tries in range(3)]
    assert events(world, one)[0] == "INITIALIZED"
    assert events(world, one)[-1] == "FAILED"
    # What was for somebody else has arrived.
    assert {one["status"] for one in sent(world, made, "CREATE") if one["channel"] == "WEBHOOKS"} == {"DELIVERED"}


@pytest.mark.parametrize("came", [True, False])
def test_the_end(world: World, came: bool) -> None:
    made = world.made()
    world.until(made["start"])
    if came:
        line = f"PUT /{made['id']}/participants/{participant(made)}?state=JOINED"
        assert world.by(AGENT, line).status == 200
    world.until(later(made["end"], minutes=-1))
    kinds = {one["type"] for one in sent(world, made["id"])}
    assert ("IN_PROGRESS" in kinds) == came
    assert not {"COMPLETED", "NO_SHOW"} & kinds
    world.until(later(made["end"], hours=3))
    kinds = {one["type"] for one in sent(world, made["id"])}
    assert kinds & {"COMPLETED", "NO_SHOW"} == ({"COMPLETED"} if came else {"NO_SHOW"})
    follow = {one["status"] for one in sent(world, made["id"], "FOLLOW_UP")}
    assert follow == ({"DELIVERED"} if came else {"CANCELLED"})
    consistent(world, made["id"])


def test_nobody_has_come_to_a_new_time_yet(world: World) -> None:
    made = world.made()
    assert world.by(AGENT, f"PUT /{made['id']}/participants/{participant(made)}?state=JOINED").status == 200
    move = {"id": made["id"], "start": at(hours=72), "duration": "PT45M", "timezone": "Europe/Athens"}
    moved = world.by(AGENT, "PUT /reschedule/", move).json
    assert not [one for one in moved["participants"] if "state" in one]
    world.until(at(hours=76))
    assert len(sent(world, made["id"], "NO_SHOW")) == 1
    late = f"PUT /{made['id']}/participants/{participant(made)}?state=JOINED"
    begun = len(sent(world, made["id"], "IN_PROGRESS"))
    assert world.by(AGENT, late).status == 200
    assert len(sent(world, made["id"], "IN_PROGRESS")) == begun, "it is over"
    consistent(world, made["id"])


def test_who_joins_is_not_reminded_any_more(world: World) -> None:
    made = world.made()
    line = f"PUT /{made['id']}/participants/{participant(made)}?state=JOINED"
    assert world.by(AGENT, line).status == 200
    assert {one["status"] for one in sent(world, made["id"], "REMINDER")} == {"CANCELLED"}
    consistent(world, made["id"])


def test_deleting_stops_the_clock_of_an_appointment(world: World) -> None:
    made = world.made()
    assert world.by(AGENT, f"DELETE /{made['id']}").status == 204
    world.until(later(made["end"], days=1))
    assert world.records("appointment") == world.records("participant") == []
    # What the delete itself wrote is all that is left, and has come to its end.
    left = world.records("notification")
    assert {(one["type"], one["status"]) for one in left} == {("CANCELLED", "DELIVERED")}
    assert {(one["channel"], one["appointmentId"]) for one in left} == {
        (channel, made["id"]) for channel in ("EMAIL", "SMS", "WEBHOOKS")
    }
    assert {one["statusId"] for one in world.records("event")} == {one["id"] for one in left}


def test_one_jump_and_many_steps_come_to_the_same(world: World) -> None:
    def life(moments: list[str]) -> list[Any]:
        world.empty()
        made = world.made()
        for moment in moments:
            world.until(moment)
        names = ("type", "channel", "status", "updatedAt", "retryCount")
        return sorted([one[name] for name in names] for one in sent(world, made["id"]))

    end = at(hours=48)
    assert life([end]) == life([*(at(minutes=10 * number) for number in range(288)), end])


def test_notifications_are_off_for_an_application_that_has_none(world: World) -> None:
    records = [{**one, "notificationsActive": False} for one in world.records("application")]
    world.engine.replace_state(world.name, "application", records)
    made = world.made()
    assert made["notificationsActive"] is False
    assert sent(world, made["id"]) == []
