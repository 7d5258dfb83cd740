"""The appointments that the mock starts with fit together: times, people, notifications and the steps of each."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.mocks import START, Mock, serve

API = "auvious-appointments"
Records = dict[str, list[dict[str, Any]]]
RESOURCES = ("application", "agent", "client", "otp", "appointment", "participant", "notification", "event")


@pytest.fixture(scope="module")
def mock() -> Mock:
    return serve(API)


@pytest.fixture(scope="module")
def records(mock: Mock) -> Records:
    return {resource: mock.records(resource) for resource in RESOURCES}


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_there_is_enough_for_twelve_pages_around_the_start(records: Records) -> None:
    starts = sorted(when(each["start"]) for each in records["appointment"])
    assert len(starts) == 300
    assert starts[0] < START - timedelta(days=25)
    assert starts[-1] > START + timedelta(days=50)
    kinds = {(each["kind"], each["autoActivate"]) for each in records["application"]}
    assert kinds == {("genesys", True), ("talkdesk", False)}
    assert Counter(each["role"] for each in records["agent"]) == {"AGENT": 6, "SUPERVISOR": 2}
    assert {each["applicationId"] for each in records["appointment"]} == {
        each["applicationId"] for each in records["application"]
    }


def test_times_and_people_of_appointments_agree(records: Records) -> None:
    applications = {each["applicationId"]: each for each in records["application"]}
    people = defaultdict(list)
    for each in records["participant"]:
        assert each["key"] == f"{each['appointmentId']}/{each['id']}"
        people[each["appointmentId"]].append(each)
    users = {each["userId"]: each for each in records["agent"]}
    busy: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for each in records["appointment"]:
        assert when(each["end"]) - when(each["start"]) == timedelta(seconds=each["lengthSeconds"])
        assert when(each["createdAt"]) <= min(when(each["start"]), START)
        assert each["organizationId"] == applications[each["applicationId"]]["organizationId"]
        taking_part = people.pop(each["id"])
        agents = [one["id"] for one in taking_part if one["type"] == "AGENT"]
        assert len(agents) == 1
        assert len(taking_part) in (2, 3)
        assert users[agents[0]]["applicationId"] == each["applicationId"]
        assert set(each["viewers"]) == {each["organizer"]["id"], *agents}
        over = when(each["end"]) <= START
        assert (each["outcome"] == "OPEN") is not over
        states = {one.get("state") for one in taking_part}
        assert states == ({"LEFT"} if each["outcome"] == "COMPLETED" else states & {None, "JOINED"})
        if applications[each["applicationId"]]["autoActivate"] or over:
            assert each["status"] == "ACTIVATED"
        busy[agents[0]].append((each["start"], each["end"]))
    assert not people
    for spans in busy.values():
        assert all(one[1] <= other[0] for one, other in zip(sorted(spans), sorted(spans)[1:], strict=False))


def test_each_notification_stands_where_its_last_event_does(records: Records) -> None:
    steps = defaultdict(list)
    for event in records["event"]:
        steps[event["statusId"]].append(event)
    appointments = {each["id"]: each for each in records["appointment"]}
    for each in records["notification"]:
        events = steps.pop(each["id"])
        times = [event["timestamp"] for event in events]
        assert (times[0], times[-1], times) == (each["createdAt"], each["updatedAt"], sorted(times))
        for name in ("appointmentId", "channel", "type", "recipient", "scheduledFor", "offset"):
            assert all(event.get(name) == each.get(name) for event in events)
        for name in ("status", "message", "providerStatus", "errorMessage", "retryCount", "nextPollAt"):
            assert events[-1].get(name) == each.get(name)
        assert appointments[each["appointmentId"]]["notificationsActive"]
        assert ("scheduledFor" in each) is (each["type"] in ("ROOM", "REMINDER", "FOLLOW_UP"))
        if "scheduledFor" in each:
            assert (each["status"] == "INITIALIZED") is (when(each["scheduledFor"]) > START)
    assert not steps
    found = {each["status"] for each in records["notification"]}
    assert found == {"INITIALIZED", "DELIVERED", "FAILED", "CANCELLED"}


def test_what_nobody_shows_by_itself_keeps_its_schema_too(mock: Mock, records: Records) -> None:
    schemas = mock.engine.apis[API].contract.schemas
    for resource, schema in (("notification", "NotificationStatus"), ("event", "NotificationEvent")):
        for each in records[resource]:
            assert schemas[schema].explain(each, direction="response", location="body") == []
    for each in records["participant"]:
        for schema in ("Participant", "ParticipantDetails"):
            shown = {name: value for name, value in each.items() if name != "ticket"}
            assert schemas[schema].explain(shown, direction="response", location="body") == []
