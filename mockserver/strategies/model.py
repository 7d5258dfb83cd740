"""What should be there by now: the records that a sequence of calls has made, seen, changed and deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mockserver.contract.schemas import Schema
from mockserver.strategies.answers import agree
from mockserver.strategies.links import TICK, Links


class Id(NamedTuple):
    """A record by its key, `within` the one that it lies in where it is only found there. The key None is one that
    nobody has."""

    resource: str
    key: Any
    within: Id | None = None

    def __str__(self) -> str:
        if self.key is None:
            return f"a {self.resource} that nobody has made"
        return f"{self.resource} '{self.key}'" + (f" of {self.within}" if self.within else "")


@dataclass(slots=True)
class Known:
    """What is known of a record: whether it is there (None: it cannot be told), since which step; what the client has
    `set` and in which step; what reading operations showed, each with the epoch when they did."""

    alive: bool | None
    since: str
    set: dict[str, Any] = field(default_factory=dict)
    set_by: str = ""
    shown: dict[str, tuple[int, Any, str]] = field(default_factory=dict)


class Model:
    """The records that are known. An `epoch` ends with each call that may change something."""

    def __init__(self, links: Links) -> None:
        self.links = links
        self.records: dict[Id, Known] = {}
        self.epoch = 0

    def known(self, id: Id) -> Known | None:
        return self.records.get(id)

    def is_there(self, id: Id) -> bool:
        found = self.records.get(id)
        return found is not None and found.alive is True

    def is_gone(self, id: Id) -> bool:
        """Whether it cannot be there: it was deleted, or nobody ever had it."""
        found = self.records.get(id)
        return id.key is None or (found is not None and found.alive is False)

    def why_gone(self, id: Id) -> str:
        found = self.records.get(id)
        return found.since if found is not None and id.key is not None else "nothing has made one of that key"

    def see(self, id: Id, step: str) -> None:
        """An answer has shown a record."""
        found = self.records.get(id)
        if found is None or found.alive is None:
            self.records[id] = Known(True, f"{step} showed it")

    def create(self, id: Id, values: Mapping[str, Any], step: str) -> None:
        self.records[id] = Known(True, f"{step} made it", dict(values), step)

    def update(self, id: Id, values: Mapping[str, Any], step: str, *, whole: bool) -> None:
        """A call has set some fields of a record (`whole`: all others are gone)."""
        found = self.records.setdefault(id, Known(True, f"{step} changed it"))
        found.alive = True
        found.set = {} if whole else {name: value for name, value in found.set.items() if name not in values}
        found.set |= values
        found.set_by = step

    def delete(self, id: Id, step: str) -> None:
        self.records[id] = Known(False, f"{step} deleted it")

    def doubt(self, id: Id | None) -> None:
        """A call was answered such that nobody can tell what it has done to a record, and to those within it."""
        self.epoch += 1
        for each, known in self.records.items():
            if id is not None and id in (each, each.within):
                known.alive, known.set = None, {}

    def touch(self, writes: Mapping[str, frozenset[str]], keep: Id | None, *, visible: bool) -> None:
        """Something may have happened to records beside the one that a call was about. With the state `visible` it is
        looked up afterwards what has become of them."""
        for id, known in self.records.items():
            verbs = writes.get(id.resource, frozenset()) - {TICK}
            if id == keep or not verbs:
                continue
            if verbs - {"create", "delete"}:
                known.set = {}
            if "delete" in verbs and known.alive:
                known.alive = None
            if "create" in verbs and known.alive is False and (visible or id.resource in self.links.nests):
                known.alive = None  # keys can come back: those that others choose, and drawn ones when there are few

    def within(self, resource: str, parent: Id | None) -> Iterator[tuple[Id, Known]]:
        """The known records of a resource; with a parent, those in it."""
        for id, known in self.records.items():
            if id.resource == resource and id.key is not None and (parent is None or id.within == parent):
                yield id, known

    def settle(self, tables: Mapping[str, Mapping[str, Any]]) -> None:
        """Learn from the state of the mock what could not be told."""
        for id, known in self.records.items():
            if known.alive is None and self.links.keys.get(id.resource) == self.links.stored.get(id.resource):
                known.alive = str(id.key) in tables.get(id.resource, {})
                known.since = "the state of the mock says so"

    def differing(
        self, id: Id, shown: Mapping[str, Any], members: frozenset[str], schemas: Mapping[str, Schema]
    ) -> Iterator[tuple[str, Any, Any]]:
        """(field, what was set, what is shown) of fields that do not show what the client has set, though they do not
        change by themselves. `members` are those that an answer can show, `schemas` those of what a client sets."""
        found = self.records.get(id)
        changing = self.links.changing.get(id.resource, frozenset())
        for name, value in found.set.items() if found is not None else ():
            if name in changing:
                continue
            if name in shown:
                if not agree(value, shown[name], schemas.get(name)):
                    yield name, value, shown[name]
            elif name in members and value is not None:
                yield name, value, None
