"""Bad parameters and times sent to auvious-appointments: a clear answer each time, and never a 500."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.mocks import Answer
from tests.specs.appointment_world import (
    AGENT,
    GEN,
    ORGANISATION,
    SUPERVISOR,
    World,
    at,
    refused,
    warned,
    worlds,
)

SPAN = f"applicationId={GEN}&organizationId={ORGANISATION}"


@pytest.fixture(scope="module")
def lenient() -> Iterator[World]:
    yield from worlds()


@pytest.fixture(scope="module")
def severe() -> Iterator[World]:
    yield from worlds(strict=True)


@pytest.fixture
def world(lenient: World) -> World:
    return lenient.empty()


@pytest.fixture
def strict(severe: World) -> World:
    return severe.empty()


# Pages ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["0", "-1", "101", "1000000000000", "ten", "", "1.5", "1e1"])
@pytest.mark.parametrize("route", ["/", "/{id}/notifications", "/{id}/notifications/events"])
def test_page_size(world: World, route: str, size: str) -> None:
    line = f"GET {route.replace('{id}', world.made()['id'])}?pageSize={size}"
    answer = world.by(SUPERVISOR, line)
    assert "pageSize" in refused(answer)
    assert answer.violations == ["query pageSize"]


@pytest.mark.parametrize("number", ["0", "-1", "one"])
def test_page_number(world: World, number: str) -> None:
    world.made()
    assert "pageNumber" in refused(world.by(SUPERVISOR, f"GET /?pageNumber={number}"))


@pytest.mark.parametrize("number", [2, 10**12])
def test_a_page_beyond_the_last_is_empty(world: World, number: int) -> None:
    made = world.made()
    answer = world.by(SUPERVISOR, f"GET /?pageNumber={number}")
    assert (answer.status, answer.json["content"], answer.json["total"]) == (200, [], 1)
    assert (answer.json["pageCount"], answer.json["pageNumber"]) == (1, number)
    for route in ("notifications", "notifications/events"):
        answer = world.by(SUPERVISOR, f"GET /{made['id']}/{route}?pageNumber={number}")
        assert (answer.status, answer.json["content"]) == (200, [])


def test_sort_order(world: World) -> None:
    world.made()
    assert "sortOrder" in refused(world.by(SUPERVISOR, "GET /?sortOrder=up"))


def test_an_unknown_sort_field_sorts_by_start(world: World, strict: World) -> None:
    late, soon = world.made(start=at(hours=9))["id"], world.made(start=at(hours=8))["id"]
    answer = world.by(SUPERVISOR, "GET /?sortField=colour")
    assert [one["id"] for one in answer.json["content"]] == [soon, late]
    assert any("sortField" in message for message in warned(answer))
    strict.made()
    assert "sortField" in refused(strict.by(SUPERVISOR, "GET /?sortField=colour"))


@pytest.mark.parametrize(
    "given",
    [
        at(),
        f"{at()},",
        f",{at()}",
        f"{at()},{at(hours=1)},{at(hours=2)}",
        f"{at(hours=1)},{at()}",
        "yesterday,today",
        "2025-01-15,2025-01-16",
        "2025-01-15T12:00:00,2025-01-16T12:00:00",
        "",
        "%22",
    ],
)
def test_a_range_that_is_none(world: World, given: str) -> None:
    world.made()
    assert "range" in refused(world.by(SUPERVISOR, f"GET /?range={given}"))


@pytest.mark.parametrize("given", ["P1Y", "ten", "PT5M0s (5 minutes)", "PT5M,", "PT5M,ten"])
def test_a_duration_to_filter_by_that_is_none(world: World, given: str) -> None:
    world.made()
    assert "duration" in refused(world.by(SUPERVISOR, f"GET /?duration={quote(given)}"))


@pytest.mark.parametrize("name", ["type", "channel", "status"])
@pytest.mark.parametrize("route", ["notifications", "notifications/events"])
def test_a_notification_filter_that_nobody_knows(world: World, name: str, route: str) -> None:
    made = world.made()
    assert "filter" in refused(world.by(SUPERVISOR, f"GET /{made['id']}/{route}?{name}=PIGEON"))


# Amounts and moments of time ------------------------------------------------------------------------------------------


def reschedule(world: World, **changes: Any) -> Answer:
    body = {"id": world.made()["id"], "start": at(hours=30), "duration": "PT1H", "timezone": "UTC", **changes}
    return world.by(AGENT, "PUT /reschedule/", body)


BAD_DURATIONS = [
    "PT5M0s (5 minutes)",
    "P1Y",
    "P1M",
    "-PT5M",
    "PT0S",
    "P",
    "PT",
    "5",
    "five",
    "",
    '""',
    "PT99999999999H",
]
BAD_STARTS = [
    "2025-06-01T10:00:00",
    "2025-06-01",
    "2025-02-29T10:00:00Z",
    "2025-13-01T10:00:00Z",
    "2025-06-01T25:00:00Z",
    "0000-01-01T00:00:00Z",
    "1737009000",
    "tomorrow",
    "",
    '"',
    "9999-12-31T23:59:59Z",  # whatever it lasts, time is over before
]


@pytest.mark.parametrize("given", BAD_DURATIONS)
def test_a_duration_that_is_none(world: World, given: str) -> None:
    assert "duration" in refused(world.schedule(duration=given))
    assert "duration" in refused(reschedule(world, duration=given))
    line = f"GET /overlap/count?{SPAN}&start={at()}&duration={quote(given)}"
    assert "duration" in refused(world.by(AGENT, line))
    line = f"GET /count?{SPAN}&start={at()}&timeFrame={quote(given)}"
    assert "duration" in refused(world.by(AGENT, line))


@pytest.mark.parametrize("given", BAD_STARTS)
def test_a_start_that_is_none(world: World, given: str) -> None:
    refused(world.schedule(start=given))
    refused(reschedule(world, start=given))
    refused(world.by(AGENT, f"GET /overlap/count?{SPAN}&start={quote(given)}&duration=PT5M"))
    refused(world.by(AGENT, f"GET /count?{SPAN}&start={quote(given)}&timeFrame=PT5M"))


def test_a_leap_second_is_the_next_minute(world: World) -> None:
    made = world.made(start="2025-06-30T23:59:60Z", duration="PT5M")
    assert (made["start"], made["end"]) == ("2025-07-01T00:00:00Z", "2025-07-01T00:05:00Z")


def test_29_february_of_a_leap_year(world: World) -> None:
    made = world.made(start="2028-02-29T23:50:00Z", duration="PT20M")
    assert made["end"] == "2028-03-01T00:10:00Z"


def test_another_zone_is_converted_and_fractions_go(world: World) -> None:
    assert world.made(start="2025-01-16T12:00:00+05:30")["start"] == "2025-01-16T06:30:00Z"
    assert world.made(start="2025-01-16T12:00:00.000Z")["start"] == "2025-01-16T12:00:00Z"


@pytest.mark.parametrize(
    ("given", "shown"), [("PT60M", "PT1H"), ("PT5400S", "PT1H30M"), ("P1DT1H", "P1DT1H"), ("PT24H", "P1D")]
)
def test_durations_are_canonical(world: World, given: str, shown: str) -> None:
    assert world.made(duration=given)["duration"] == shown


QUOTED = {"duration": '"PT5M"', "start": f'"{at(hours=24)}"', "timezone": '"Europe/Berlin"', "locale": '"en-GB"'}


@pytest.mark.parametrize("field", QUOTED)
def test_one_pair_of_quotes_is_taken_off(world: World, strict: World, field: str) -> None:
    answer = world.schedule(**{"duration": "PT5M", "locale": "en-GB", field: QUOTED[field]})
    assert warned(answer)
    assert {name: answer.json[name] for name in QUOTED} == {name: value.strip('"') for name, value in QUOTED.items()}
    assert warned(reschedule(world, **{field: QUOTED[field]}))
    refused(strict.schedule(**{field: QUOTED[field]}))
    refused(reschedule(strict, **{field: QUOTED[field]}))


def test_quotes_in_a_query_are_taken_off(world: World, strict: World) -> None:
    made = world.made(duration="PT5M")
    for line in (
        f"GET /count?{SPAN}&start=%22{made['start']}%22&timeFrame=%22PT10H%22",
        f"GET /overlap/count?{SPAN}&start=%22{made['start']}%22&duration=%22PT5M%22",
    ):
        assert warned(world.by(AGENT, line)), line
        refused(strict.by(AGENT, line))


@pytest.mark.parametrize("zone", ["Mars/Phobos", "europe/nowhere", "+05:30", ""])
def test_an_unknown_time_zone(world: World, strict: World, zone: str) -> None:
    answer = world.schedule(timezone=zone)
    assert any("zone" in message for message in warned(answer))
    assert answer.json["timezone"] == zone
    assert warned(reschedule(world, timezone=zone))
    refused(strict.schedule(timezone=zone))
    refused(reschedule(strict, timezone=zone))


def test_the_past_is_allowed_unless_strict(world: World, strict: World) -> None:
    assert warned(world.schedule(start=at(hours=-1)))
    refused(strict.schedule(start=at(hours=-1)))
