"""How many appointments there are in a stretch of time, by group or in the way of another one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.specs.appointment_world import (
    BASE,
    GEN,
    ORGANISATION,
    TALK,
    World,
    at,
    worlds,
)


@pytest.fixture(scope="module")
def engine() -> Iterator[World]:
    yield from worlds()


@pytest.fixture
def world(engine: World) -> World:
    return engine.empty()


def count(world: World, query: str, application: str = GEN, organisation: str = ORGANISATION) -> Any:
    kind, _, rest = query.partition("?")
    line = f"GET {BASE}/{kind}?applicationId={application}&organizationId={organisation}&{rest}"
    answer = world.call(line, authorization=None)
    assert answer.status == 200, answer.response.body
    return answer.json["count"] if kind == "overlap/count" else answer.json


def test_overlap_is_half_open(world: World) -> None:
    world.made(start=at(hours=10), duration="PT1H")
    asked = {
        (9, "PT1H"): 0,  # ends when the other begins
        (9, "PT61M"): 1,
        (9, "PT5H"): 1,
        (10, "PT1H"): 1,
        (10.5, "PT1M"): 1,
        (11, "PT1H"): 0,  # begins when the other ends
    }
    found = {
        (hours, length): count(world, f"overlap/count?start={at(hours=hours)}&duration={length}")
        for hours, length in asked
    }
    assert found == asked
    line = f"overlap/count?start={at(hours=10)}&duration=PT1H"
    assert count(world, line, application=TALK) == count(world, line, organisation="elsewhere") == 0


def test_overlap_counts_scheduled_and_active_ones(world: World) -> None:
    for application in (GEN, TALK, TALK):
        world.made(applicationId=application)
    line = f"overlap/count?start={at(hours=24)}&duration=PT1M"
    assert (count(world, line), count(world, line, application=TALK)) == (1, 2)


def test_counts_are_groups_in_a_half_open_stretch(world: World) -> None:
    for hours in (9, 10, 10, 11):
        world.made(start=at(hours=hours))
    world.made(start=at(hours=10), duration="PT1800S")
    world.made(start=at(hours=10), duration="PT1H")
    world.made(start=at(hours=10), timezone="UTC")
    groups = count(world, f"count?start={at(hours=10)}&timeFrame=PT1H")

    def group(number: int, duration: str, minutes: int, zone: str) -> dict[str, Any]:
        end = at(hours=10, minutes=minutes)
        return {"count": number, "duration": duration, "start": at(hours=10), "end": end, "timezone": zone}

    assert sorted(groups, key=lambda one: (one["duration"], one["timezone"])) == [
        group(1, "PT1H", 60, "Europe/Berlin"),
        group(3, "PT30M", 30, "Europe/Berlin"),
        group(1, "PT30M", 30, "UTC"),
    ]
    wide = count(world, f"count?start={at(hours=9)}&timeFrame=PT2H1S")
    assert sum(one["count"] for one in wide) == 7
    assert count(world, f"count?start={at(hours=12)}&timeFrame=PT1H") == []
    assert count(world, f"count?start={at(hours=9)}&timeFrame=PT3H", organisation="elsewhere") == []
