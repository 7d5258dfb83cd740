"""What is counted, and what is told of it: plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mockserver.checks.places import Place

#: What is counted, in the order in which reports show it.
DIMENSIONS = ("operations", "statuses", "parameters", "fields", "values", "pages", "events", "scopes")


class Item(NamedTuple):
    """One thing that can be touched: the status 404 of an operation, a value of an enum in a field of its body.

    `operation` is empty for what belongs to the whole API (an event, a scope). `name` is unique in its dimension, and
    where there is an operation in that: `POST /tickets`, `404`, `query limit`, `body /customer/email`,
    `body /status = paused`, `last page`.
    """

    api: str
    dimension: str
    operation: str
    name: str


class Entry(NamedTuple):
    """An item, and what is known of it without its contract: where `file` says it (a JSON pointer), how well that is
    known (documented, observed, assumed), and whether it is on its way out."""

    item: Item
    file: str
    pointer: str
    evidence: str = "documented"
    deprecated: bool = False


class Count(NamedTuple):
    """How many of how many."""

    touched: int
    total: int

    @property
    def percent(self) -> float:
        """From 0 to 100; of nothing all is touched."""
        return 100.0 * self.touched / self.total if self.total else 100.0


class Missing(NamedTuple):
    """Something that was not touched. The higher its `worth`, the sooner a test of it pays; `why` says so in words."""

    item: Item
    worth: float
    why: str
    place: Place | None = None


class Row(NamedTuple):
    """One operation in a matrix: how often it was called, and by dimension each item with how often it was touched."""

    operation: str
    method: str
    path: str
    calls: int
    cells: Mapping[str, Sequence[tuple[str, int]]]
