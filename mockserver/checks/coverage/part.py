"""What is counted of one API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mockserver.checks.coverage.items import Count, Entry, Item
from mockserver.checks.places import Place, place_at
from mockserver.exceptions import UsageError

if TYPE_CHECKING:
    from mockserver.checks.coverage.universe import Universe
    from mockserver.engine.journal import Exchange


class Part:
    """The items of one API and how often each was touched. Without a `universe` it can be merged and shown, but counts
    no exchanges. `origin` is where it comes from (empty: it was counted here)."""

    def __init__(
        self,
        name: str,
        entries: Sequence[Entry],
        counts: list[int],
        *,
        digest: str = "",
        universe: Universe | None = None,
        origin: str = "",
    ) -> None:
        self.name, self.entries, self.counts = name, entries, counts
        self.universe, self.origin = universe, origin
        self._digest = digest

    @classmethod
    def of(cls, universe: Universe) -> Part:
        """Nothing is touched yet."""
        return cls(universe.name, universe.entries, [0] * len(universe.entries), universe=universe)

    @property
    def digest(self) -> str:
        """What tells one version of a contract from another."""
        return self._digest if self.universe is None else self.universe.digest

    def add(self, exchange: Exchange) -> None:
        """Count what an exchange touches; one without an operation touches nothing."""
        if self.universe is not None:
            toucher = self.universe.touchers.get(exchange.operation)
            if toucher is not None:
                toucher.touch(exchange, self.counts)

    def touch(self, item: Item) -> None:
        """Count an item, if it is one."""
        for at, entry in enumerate(self.entries):
            if entry.item == item:
                self.counts[at] += 1

    def count(self, dimension: str | None = None) -> Count:
        """How many items were touched."""
        counts = [
            count
            for entry, count in zip(self.entries, self.counts, strict=True)
            if dimension in (None, entry.item.dimension)
        ]
        return Count(len(counts) - counts.count(0), len(counts))

    def place(self, number: int) -> Place:
        """Where the contract has an item; without its text, no line of it."""
        entry = self.entries[number]
        if self.universe is None:
            return Place(entry.file, 0, entry.pointer)
        schema = self.universe.schemas.get(number)
        if schema is None:
            return place_at(entry.pointer, self.universe.api)
        line, _ = schema.document.locate(entry.pointer, at_key=True)
        return Place(entry.file, line, entry.pointer, schema.document.positions.fragment(line) if line else "")

    def copy(self) -> Part:
        """The same, counted on by itself."""
        how = {"digest": self._digest, "universe": self.universe, "origin": self.origin}
        return Part(self.name, self.entries, list(self.counts), **how)  # type: ignore[arg-type]

    def check_same(self, other: Part) -> None:
        """Raises UsageError unless both count the same."""
        mine, others = ([entry.item for entry in each.entries] for each in (self, other))
        if self.digest != other.digest or mine != others:
            both = f"{self.origin or 'one run'} and {other.origin or 'another'}"
            raise UsageError(
                f"{both} speak of different versions of the contract of '{self.name}'",
                "combine what was counted by one version of the specs and of mockserver",
            )

    def merge(self, other: Part) -> None:
        """Add the touches of another that counts the same."""
        self.counts[:] = [one + more for one, more in zip(self.counts, other.counts, strict=True)]
        if self.universe is None and other.universe is not None:
            self.universe, self.entries = other.universe, other.entries

    def as_json(self) -> dict[str, Any]:
        """All of it; what is usual is left out of an item."""
        files = {entry.file for entry in self.entries}
        file = self.universe.api.contract.file if self.universe is not None else min(files, default="")
        items = []
        for entry, count in zip(self.entries, self.counts, strict=True):
            shown: dict[str, Any] = entry.item._asdict() | {"touched": count, "pointer": entry.pointer}
            del shown["api"]
            if entry.file != file:
                shown["file"] = entry.file
            if entry.evidence != "documented":
                shown["evidence"] = entry.evidence
            if entry.deprecated:
                shown["deprecated"] = True
            items.append(shown)
        return {"digest": self.digest, "file": file, "items": items}
