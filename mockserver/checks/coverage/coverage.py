"""What of the contracts of some APIs was touched, counted by what can be touched at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from mockserver import __version__
from mockserver.checks.coverage.form import read_parts
from mockserver.checks.coverage.items import DIMENSIONS, Count, Entry, Item, Missing, Row
from mockserver.checks.coverage.part import Part
from mockserver.checks.coverage.universe import Universe
from mockserver.checks.coverage.worth import most_worthwhile
from mockserver.exceptions import UsageError, did_you_mean

if TYPE_CHECKING:
    from mockserver.engine.api import Api
    from mockserver.engine.journal import Exchange

__all__ = ["DIMENSIONS", "VERSION", "Count", "Coverage", "Entry", "Item", "Missing", "Row"]

#: Of what `as_json` gives.
VERSION = 1


class Coverage:
    """Counts touches. What is in it is merged with what another run, or another process, has counted."""

    def __init__(self, parts: Iterable[Part] = ()) -> None:
        """`parts` are what is counted of each API; use `of`, or `from_json`."""
        self._parts = {part.name: part for part in parts}

    @classmethod
    def of(cls, apis: Iterable[Api]) -> Self:
        """Nothing of these APIs is touched yet."""
        return cls(Part.of(Universe(api)) for api in apis)

    def add(self, exchange: Exchange) -> None:
        """Count what an exchange touches; one of another API counts nowhere."""
        part = self._parts.get(exchange.api)
        if part is not None:
            part.add(exchange)

    def add_event(self, api: str, event: str) -> None:
        """Count an event that was delivered."""
        part = self._parts.get(api)
        if part is not None:
            part.touch(Item(api, "events", "", event))

    @property
    def apis(self) -> tuple[str, ...]:
        """The names of the APIs, in the order given."""
        return tuple(self._parts)

    def count(self, api: str | None = None, dimension: str | None = None) -> Count:
        """In all, of one API, of one dimension, or both. Raises UsageError for a name that is none."""
        if dimension is not None and dimension not in DIMENSIONS:
            hint = did_you_mean(dimension, DIMENSIONS, f"there are: {', '.join(DIMENSIONS)}")
            raise UsageError(f"nothing is counted as '{dimension}'", hint)
        counts = [part.count(dimension) for part in self._chosen(api)]
        return Count(sum(each.touched for each in counts), sum(each.total for each in counts))

    def items(self, api: str | None = None) -> Iterator[tuple[Entry, int]]:
        """Every item with how often it was touched, in the order of the documents."""
        for part in self._chosen(api):
            yield from zip(part.entries, part.counts, strict=True)

    def rows(self, api: str) -> list[Row]:
        """The operations of an API in the order of the document; last, without a name, what belongs to the whole."""
        (part,) = self._chosen(api)
        cells: dict[str, dict[str, list[tuple[str, int]]]] = {}
        for entry, count in zip(part.entries, part.counts, strict=True):
            _, dimension, operation, name = entry.item
            cells.setdefault(operation, {}).setdefault(dimension, []).append((name, count))
        whole = cells.pop("", None)
        rows = []
        for operation, of_it in cells.items():
            [(name, calls)] = of_it["operations"]
            method, _, path = name.partition(" ")
            rows.append(Row(operation, method, path, calls, of_it))
        return rows if whole is None else [*rows, Row("", "", "", 0, whole)]

    def missing(self, limit: int | None = None, api: str | None = None) -> list[Missing]:
        """What was not touched, the most worthwhile first; of one API, or of all."""
        return most_worthwhile(list(self._chosen(api)), limit)

    def merge(self, other: Coverage) -> None:
        """Add the touches of another. Raises UsageError where both speak of different versions of one contract; then
        nothing is added."""
        for part in other._parts.values():
            if part.name in self._parts:
                self._parts[part.name].check_same(part)
        for part in other._parts.values():
            mine = self._parts.get(part.name)
            if mine is None:
                self._parts[part.name] = part.copy()
            else:
                mine.merge(part)

    def as_json(self) -> dict[str, Any]:
        """All of it, for another process or a file."""
        parts = {name: self._parts[name].as_json() for name in sorted(self._parts)}
        return {"version": VERSION, "mockserver": __version__, "apis": parts}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], origin: str = "") -> Self:
        """What `as_json` gives; `origin` names it in messages. Raises UsageError for anything else."""
        return cls(read_parts(data, VERSION, origin))

    def _chosen(self, api: str | None) -> Iterable[Part]:
        if api is None:
            return self._parts.values()
        if api not in self._parts:
            hint = did_you_mean(api, self._parts, f"counted: {', '.join(self._parts) or 'none'}")
            raise UsageError(f"no API is called '{api}'", hint)
        return (self._parts[api],)
