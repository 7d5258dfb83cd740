"""How `Engine.handle` grows with what a namespace holds, of an API of our own and of one that ships."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from bench.appointments import APPOINTMENTS
from bench.calls import Case
from bench.growth import Call, Subject, measure

_START = datetime(2025, 1, 1, tzinfo=UTC)
_MINUTES = 500_000  # nearly a year, so that the days are as full as there are records
_DESKS, _HOUSES, _FLOORS = 6, 2, 3
_LONGEST = 240


def _page(at: float) -> Callable[[Random, int], tuple[str, str, Any]]:
    """A page of 25 of one desk, at a place from 0, the first, to 1, the last."""

    def made(random: Random, size: int) -> tuple[str, str, Any]:
        last = -(-(size // _DESKS) // 25)  # each desk has so many bookings, or one more
        return "GET", f"/bookings?deskId=D-{random.randrange(_DESKS)}&page={1 + round(at * (last - 1))}", None

    return made


def _span(random: Random, hours: int) -> str:
    begin = _START + timedelta(minutes=random.randrange(_MINUTES))
    return f"from={_text(begin)}&to={_text(begin + timedelta(hours=hours))}"


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


_CALLS = (
    Call("by id", lambda random, size: ("GET", f"/bookings/B-{random.randrange(size)}", None), 100),
    Call("page of 25, equality, sorted: first", _page(0), 5_000),
    Call("page of 25, equality, sorted: middle", _page(0.5), 5_000),
    Call("page of 25, equality, sorted: last", _page(1), 5_000),
    Call(
        "page of 25, item of a list, sorted",
        lambda random, size: ("GET", f"/bookings?guest=G-{random.randrange(20)}&page=2", None),
    ),
    Call("range of an hour", lambda random, size: ("GET", f"/bookings?{_span(random, 1)}", None), 10_000),
    Call(
        "range of a month, equality, first page",
        lambda random, size: ("GET", f"/bookings?deskId=D-{random.randrange(_DESKS)}&{_span(random, 720)}", None),
        10_000,
    ),
    Call(
        "overlap count, two equalities",
        lambda random, size: (
            "GET",
            f"/overlaps?houseId=H-{random.randrange(_HOUSES)}&floor={random.randrange(_FLOORS)}&{_span(random, 24)}",
            None,
        ),
        10_000,
    ),
    Call("filter without an index, 10 found", lambda random, size: ("GET", f"/long?minutes={_LONGEST}", None), 100_000),
    Call("where, 10 found", lambda random, size: ("GET", "/notes?word=urgent", None)),
    Call("add one", lambda random, size: ("POST", "/bookings", _booking(random))),
    Call(
        "move one",
        lambda random, size: (
            "PATCH",
            f"/bookings/B-{random.randrange(size)}",
            {"startAt": _booking(random)["startAt"]},
        ),
    ),
)


def _booking(random: Random) -> dict[str, Any]:
    begin = _START + timedelta(minutes=random.randrange(_MINUTES))
    minutes = random.randrange(15, _LONGEST)
    return {
        "deskId": f"D-{random.randrange(_DESKS)}",
        "houseId": f"H-{random.randrange(_HOUSES)}",
        "floor": random.randrange(_FLOORS),
        "startAt": _text(begin),
        "endAt": _text(begin + timedelta(minutes=minutes)),
        "guests": [f"G-{guest}" for guest in random.sample(range(20), random.randrange(3))],
        "minutes": minutes,
        "note": f"Table for {random.randrange(1, 9)}",
    }


def _bookings(random: Random, size: int) -> dict[str, list[dict[str, Any]]]:
    """So many bookings, ten of them the longest, with an urgent note."""
    bookings = [
        {"bookingId": f"B-{number}", **_booking(random), "deskId": f"D-{number % _DESKS}"} for number in range(size)
    ]
    for at in range(0, size, size // 10):
        bookings[at] |= {"minutes": _LONGEST, "note": "urgent"}
    return {"booking": bookings}


SUBJECTS = (Subject("bookings", str(Path(__file__).parent / "bookings"), _bookings, _CALLS), APPOINTMENTS)


def run(cases: Sequence[Case], rounds: int, seconds: int) -> bool:
    """Measure the calls of each API at every size."""
    for subject in SUBJECTS:
        measure(subject, rounds)
    return True
