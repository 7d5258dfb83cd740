"""What of the contracts of some APIs was touched, counted by what can be touched at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from mockserver.checks.places import Place

if TYPE_CHECKING:
    from mockserver.engine.api import Api
    from mockserver.engine.journal import Exchange

#: What is counted, in the order in which reports show it.
DIMENSIONS = ("operations", "statuses", "parameters", "fields", "values", "pages", "events", "scopes")


class Item(NamedTuple):
    """One thing that can be touched: the status 404 of an operation, a value of an enum in a field of its body.

    `operation` is empty for what belongs to the whole API (an event, a scope). `name` is unique in its dimension:
    `404`, `query limit`, `body /customer/email`, `body /status = paused`, `last page`.
    """

    api: str
    dimension: str
    operation: str
    name: str


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


class Coverage:
    """Counts touches. What is in it is merged with what another run, or another process, has counted."""

    @classmethod
    def of(cls, apis: Iterable[Api]) -> Self:
        """Nothing of these APIs is touched yet."""
        raise NotImplementedError

    def add(self, exchange: Exchange) -> None:
        """Count what an exchange touches; one of another API counts nowhere."""
        raise NotImplementedError

    def add_event(self, api: str, event: str) -> None:
        """Count an event that was delivered."""
        raise NotImplementedError

    @property
    def apis(self) -> tuple[str, ...]:
        """The names of the APIs, in the order given."""
        raise NotImplementedError

    def count(self, api: str | None = None, dimension: str | None = None) -> Count:
        """In all, of one API, of one dimension, or both."""
        raise NotImplementedError

    def rows(self, api: str) -> list[Row]:
        """The operations of an API in the order of the document; last, without a name, what belongs to the whole."""
        raise NotImplementedError

    def missing(self, limit: int | None = None) -> list[Missing]:
        """What was not touched, the most worthwhile first."""
        raise NotImplementedError

    def merge(self, other: Coverage) -> None:
        """Add the touches of another. Raises UsageError where both speak of different versions of one contract."""
        raise NotImplementedError

    def as_json(self) -> dict[str, Any]:
        """All of it, for another process or a file."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """What `as_json` gives. Raises UsageError for anything else."""
        raise NotImplementedError
