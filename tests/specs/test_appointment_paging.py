"""The lists of auvious-appointments: pages, filters, order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.specs.appointment_world import AGENT, BASE, GEN, SUPERVISOR, TALK, World, at, wish, worlds

LENGTHS = ["PT5M", "PT30M", "PT1H", "PT90M"]


@pytest.fixture(scope="module")
def engine() -> Iterator[World]:
    yield from worlds()


@pytest.fixture
def world(engine: World) -> World:
    """57 appointments: starts go up while titles go down, some starts twice."""
    engine.empty()
    for number in range(57):
        agent = ["ann", "bob"][number % 2]
        body = wish(
            title=f"Visit {99 - number}",
            start=at(hours=1 + number // 2),
            duration=LENGTHS[number % 4],
            customers=None,
            applicationId=TALK if number % 5 == 0 else GEN,
        )
        if number % 10 == 9:
            body["targetAssignment"] = {"type": "AGENT", "id": "sue"}
        if number % 5 == 0:
            agent = "tom"
        assert engine.by(AGENT, "POST /", body, user=agent).status == 200
    return engine


def page(world: World, query: str = "", **more: Any) -> dict[str, Any]:
    answer = world.by(SUPERVISOR, f"GET /?{query}", **more)
    assert answer.status == 200, answer.response.body
    assert (answer.exchange.verdict, answer.exchange.warnings) == ("ok", [])
    found: dict[str, Any] = answer.json
    return found


def listed(world: World, query: str) -> list[dict[str, Any]]:
    """All that a filter lets through, on one page."""
    found = page(world, f"pageSize=100&{query}")
    assert found["total"] == len(found["content"])
    content: list[dict[str, Any]] = found["content"]
    return content


def agents(appointment: dict[str, Any]) -> set[str]:
    target = appointment.get("targetAssignment", {})
    of_target = {target["id"]} if target.get("type") == "AGENT" else set()
    return of_target | {one["id"] for one in appointment["participants"] if one["type"] == "AGENT"}


class Client:
    """Follows the pages with one token, as a simple client does."""

    def __init__(self, world: World, query: str) -> None:
        self._world, self._query, self._token = world, query, world.token(SUPERVISOR)

    def walk(self, between: Any = lambda number: None) -> list[str]:
        seen: list[str] = []
        number, count = 1, 1
        while number <= count:
            line = f"GET {BASE}/?{self._query}&pageNumber={number}"
            answer = self._world.call(line, authorization=self._token)
            assert answer.status == 200, answer.response.body
            found = answer.json
            count = found["pageCount"]
            seen += [one["id"] for one in found["content"]]
            between(number)
            number += 1
        return seen


@pytest.mark.parametrize("size", [1, 2, 7, 19, 25, 56, 57, 58, 100])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_all_pages_show_each_appointment_once(world: World, size: int, order: str) -> None:
    everything = {one["id"] for one in world.records("appointment")}
    seen = Client(world, f"pageSize={size}&sortOrder={order}").walk()
    assert len(seen) == 57
    assert set(seen) == everything


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("field", ["start", "end", "duration", "id", "title", "name"])
def test_a_walk_is_steady_while_others_create_and_delete(world: World, field: str, order: str) -> None:
    before = {one["id"] for one in world.records("appointment")}
    doomed = sorted(before)[::4]

    def meanwhile(number: int) -> None:
        gone = doomed.pop()
        assert world.by(AGENT, f"DELETE /{gone}").status == 204
        assert world.schedule(start=at(minutes=number), title=f"Aaa {number}", duration="PT1M").status == 200
        assert world.schedule(start=at(days=40), title=f"Zzz {number}", duration="P2D").status == 200

    seen = Client(world, f"pageSize=10&sortField={field}&sortOrder={order}").walk(meanwhile)
    assert len(seen) == 57
    assert set(seen) == before


def test_a_walk_goes_on_when_everything_is_deleted_meanwhile(world: World) -> None:
    before = {one["id"] for one in world.records("appointment")}

    def meanwhile(number: int) -> None:
        for gone in before if number == 1 else ():
            assert world.by(AGENT, f"DELETE /{gone}").status == 204

    seen = Client(world, "pageSize=20").walk(meanwhile)
    assert (len(seen), set(seen)) == (57, before)
    assert world.by(SUPERVISOR, "GET /").status == 404


def test_what_a_page_tells(world: World) -> None:
    found = page(world)
    about = {name: value for name, value in found.items() if name != "content"}
    assert about == {
        "pageCount": 3,
        "pageNumber": 1,
        "pageSize": 25,
        "sortField": "start",
        "sortOrder": "asc",
        "total": 57,
    }
    assert [len(page(world, f"pageNumber={number}")["content"]) for number in (1, 2, 3, 4)] == [25, 25, 7, 0]
    found = page(world, "pageSize=10&pageNumber=6&sortField=title&sortOrder=desc")
    about = {name: value for name, value in found.items() if name != "content"}
    assert about == {
        "pageCount": 6,
        "pageNumber": 6,
        "pageSize": 10,
        "sortField": "title",
        "sortOrder": "desc",
        "total": 57,
    }
    assert len(found["content"]) == 7


def test_the_list_has_no_secret_token(world: World) -> None:
    (one,) = page(world, "pageSize=1")["content"]
    assert "secureToken" not in one
    assert "secureToken" in world.got(one["id"])


def _seconds(appointment: dict[str, Any]) -> int:
    return {"PT5M": 300, "PT30M": 1800, "PT1H": 3600, "PT1H30M": 5400}[appointment["duration"]]


ORDERS: dict[str, Any] = {
    "start": lambda one: one["start"],
    "end": lambda one: one["end"],
    "duration": _seconds,
    "id": lambda one: one["id"],
    "title": lambda one: one["title"],
    "name": lambda one: one["title"],
}


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("field", ORDERS)
def test_order(world: World, field: str, order: str) -> None:
    values = [ORDERS[field](one) for one in listed(world, f"sortField={field}&sortOrder={order}")]
    assert len(values) == 57
    assert values == sorted(values, reverse=order == "desc")


def test_by_agent(world: World) -> None:
    everything = listed(world, "")
    for wanted in (["ann"], ["bob"], ["sue"], ["ann", "sue"], ["nobody", "tom"]):
        expected = {one["id"] for one in everything if agents(one) & set(wanted)}
        assert expected
        for query in (f"agentId={','.join(wanted)}", "&".join(f"agentId={one}" for one in wanted)):
            assert {one["id"] for one in listed(world, query)} == expected


def test_by_organizer(world: World) -> None:
    everything = listed(world, "")
    for wanted in (["ann"], ["bob", "tom"]):
        expected = {one["id"] for one in everything if one["organizer"]["id"] in wanted}
        assert expected
        for query in (f"organizerId={','.join(wanted)}", "&".join(f"organizerId={one}" for one in wanted)):
            assert {one["id"] for one in listed(world, query)} == expected


def test_by_application(world: World) -> None:
    assert len(listed(world, f"applicationId={TALK}")) == 12
    assert {one["applicationId"] for one in listed(world, f"applicationId={GEN}")} == {GEN}


@pytest.mark.parametrize(
    ("given", "lengths"),
    [
        ("PT5M", {"PT5M"}),
        ("PT60M", {"PT1H"}),
        ("PT5M,PT90M", {"PT5M", "PT1H30M"}),
        ("PT5400S", {"PT1H30M"}),
        ('"PT5M"', {"PT5M"}),
    ],
)
def test_by_duration(world: World, given: str, lengths: set[str]) -> None:
    everything = listed(world, "")
    expected = {one["id"] for one in everything if one["duration"] in lengths}
    assert expected
    repeated = "&".join(f"duration={quote(one)}" for one in given.split(","))
    for query in (f"duration={quote(given, safe=',')}", f"duration={quote(given, safe='')}", repeated):
        answer = world.by(SUPERVISOR, f"GET /?pageSize=100&{query}")
        assert {one["id"] for one in answer.json["content"]} == expected


def test_by_range(world: World) -> None:
    everything = listed(world, "")
    start, end = at(hours=5), at(hours=9)
    expected = {one["id"] for one in everything if start <= one["start"] and one["end"] <= end}
    assert 0 < len(expected) < 57
    for query in (f"range={start},{end}", f"range={start}&range={end}", f"range={start}%2C{end}"):
        assert {one["id"] for one in listed(world, query)} == expected
    # An instant holds nothing; both ends belong to the range.
    first = min(everything, key=lambda one: (one["start"], one["end"]))
    assert first["id"] in {one["id"] for one in listed(world, f"range={first['start']},{first['end']}")}
    assert world.by(SUPERVISOR, f"GET /?range={start},{start}").status == 404


def test_filters_together(world: World) -> None:
    everything = listed(world, "")
    expected = {one["id"] for one in everything if "ann" in agents(one) and one["duration"] == "PT5M"}
    found = listed(world, f"agentId=ann&duration=PT5M&applicationId={GEN}&sortField=title")
    assert {one["id"] for one in found} == expected


def test_an_empty_filter_is_none(world: World) -> None:
    assert page(world, "agentId=&organizerId=")["total"] == 57


@pytest.mark.parametrize(
    "query",
    ["agentId=nobody", "applicationId=nowhere", "duration=PT7M", "range=2030-01-01T00:00:00Z,2031-01-01T00:00:00Z"],
)
def test_nothing_found_is_404(world: World, query: str) -> None:
    answer = world.by(SUPERVISOR, f"GET /?{query}")
    assert (answer.status, answer.json["error"]) == (404, "StatusNotFound")


# Notifications --------------------------------------------------------------------------------------------------------


@pytest.fixture
def history(engine: World) -> tuple[World, str]:
    """An appointment that much has happened to."""
    world = engine.empty()
    made = world.made()["id"]
    for customer in ("eve", "kim"):
        contact = {"primaryEmail": f"{customer}@example.com", "primaryPhone": "2109999999"}
        add = {"id": made, "customer": {"username": customer, "contact": contact}}
        assert world.by(AGENT, "POST /participants/customers/", add).status == 200
    move = {"id": made, "start": at(hours=48), "duration": "PT1H", "timezone": "UTC"}
    assert world.by(AGENT, "PUT /reschedule/", move).status == 200
    world.until(at(hours=1))
    assert world.by(AGENT, "PUT /", {"id": made, "title": "Other"}).status == 200
    return world, made


def entries(world: World, line: str) -> list[dict[str, Any]]:
    """All items of a list of notifications, page by page."""
    found: list[dict[str, Any]] = []
    number, count = 1, 1
    while number <= count:
        answer = world.by(SUPERVISOR, f"GET {line}{'&' if '?' in line else '?'}pageSize=3&pageNumber={number}")
        assert answer.status == 200, answer.response.body
        count, number = answer.json["pageCount"], number + 1
        found += answer.json["content"]
    assert len(found) == answer.json["total"]
    return found


ROUTES = ["notifications", "notifications/events"]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", ["type", "channel", "status"])
def test_notification_filters(history: tuple[World, str], name: str, route: str) -> None:
    world, made = history
    line = f"/{made}/{route}"
    everything = entries(world, line)
    assert len({one["id"] for one in everything}) == len(everything) > 3
    values = sorted({one[name] for one in everything})
    assert len(values) > 1
    for value in values:
        expected = [one["id"] for one in everything if one[name] == value]
        for spelled in (value, value.lower(), value.capitalize()):
            assert sorted(one["id"] for one in entries(world, f"{line}?{name}={spelled}")) == sorted(expected)
    two = values[:2]
    expected = [one["id"] for one in everything if one[name] in two]
    for query in (f"{name}={','.join(two)}", f"{name}={two[0]}&{name}={two[1]}"):
        assert sorted(one["id"] for one in entries(world, f"{line}?{query}")) == sorted(expected)


def test_events_of_notifications(history: tuple[World, str]) -> None:
    world, made = history
    notifications, events = (entries(world, f"/{made}/{route}") for route in ROUTES)
    assert {one["statusId"] for one in events} == {one["id"] for one in notifications}
    for one in notifications:
        mine = entries(world, f"/{made}/notifications/events?statusId={one['id']}")
        assert {event["statusId"] for event in mine} == {one["id"]}
        # The last event says what the notification says.
        newest = max(mine, key=lambda event: event["timestamp"])
        shared = ("type", "channel", "status", "recipient", "appointmentId")
        assert [newest.get(name) for name in shared] == [one.get(name) for name in shared]
    both = ",".join(one["id"] for one in notifications[:2])
    found = entries(world, f"/{made}/notifications/events?statusId={both}")
    assert {one["statusId"] for one in found} == {one["id"] for one in notifications[:2]}
    answer = world.by(SUPERVISOR, f"GET /{made}/notifications/events?statusId=nobody")
    assert (answer.status, answer.json["content"], answer.json["total"]) == (200, [], 0)


@pytest.mark.parametrize(("route", "field"), [("notifications", "createdAt"), ("notifications/events", "timestamp")])
def test_order_of_notifications(history: tuple[World, str], route: str, field: str) -> None:
    world, made = history
    times = [one[field] for one in entries(world, f"/{made}/{route}")]
    assert times == sorted(times, reverse=True)
    times = [one[field] for one in entries(world, f"/{made}/{route}?sortOrder=asc&sortField={field}")]
    assert times == sorted(times)
    types = [one["type"] for one in entries(world, f"/{made}/{route}?sortField=type&sortOrder=asc")]
    assert types == sorted(types)
