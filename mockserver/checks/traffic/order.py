"""Entries in the order of their time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from mockserver.checks.traffic.entries import HarEntry

#: How many entries are looked at together, and how many bytes of bodies they may have.
WINDOW, _HEAVIEST = 1_000, 16 * 1024 * 1024


def in_order(entries: Iterable[HarEntry], window: int = WINDOW) -> Iterator[tuple[HarEntry, float, bool]]:
    """Each entry with its time, and whether this is in order with those before. Some recorders write an entry when it
    ends, or one host after another: what is at most `window` entries away from its place comes to it. An entry without
    a time of its own stays beside the one before."""
    waiting: list[tuple[float, int, HarEntry]] = []
    weight, last, given = 0, 0.0, float("-inf")
    for entry in entries:
        last = entry.at if entry.at is not None else last
        heapq.heappush(waiting, (last, entry.number, entry))
        weight += _weight(entry)
        while len(waiting) > window or (weight > _HEAVIEST and len(waiting) > 1):
            at, _, first = heapq.heappop(waiting)
            weight -= _weight(first)
            yield first, at, at >= given
            given = max(given, at)
    while waiting:
        at, _, first = heapq.heappop(waiting)
        yield first, at, at >= given
        given = max(given, at)


def _weight(entry: HarEntry) -> int:
    return len(entry.request.body) + len(entry.response.body)
