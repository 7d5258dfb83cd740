"""Tables of records: immutable, so that any version can be kept; a change makes a new version and shares the rest.

A table has two tiers. Most of it stands in persistent structures, where a change costs microseconds whatever the size.
What was added last stands in a short list that all versions since then share, each knowing how many of its records are
its own: adding a record, the commonest change by far, then costs hardly more than appending to a list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from heapq import merge
from itertools import chain
from operator import itemgetter
from typing import Any

from rpds import HashTrieMap

from mockserver.state.conditions import Has, Range, bounded, matching
from mockserver.state.indexes import Held, bounds_in, canonical, exchanged, extended, keys_of, plan
from mockserver.state.ordered import Ordered, Run, in_order, whole
from mockserver.state.recent import Recent
from mockserver.state.records import Index, Order, Record, TableSpec, due_of
from mockserver.state.sequence import SortedSequence

_NEVER = float("inf")
_NONE_RAN: Mapping[str, float] = {}
_MOST_RECENT = 256
_WORTH_AN_INDEX = 1_000  # so many records, and an order that is asked for gets an index
_MOST_MADE = 16  # indexes that come to be in this way
_NOTHING: Held = HashTrieMap()


class Table:
    """The records of one resource in order of creation, with indexes."""

    __slots__ = ("_count", "_due", "_indexes", "_next_number", "_ordered", "_recent", "_records", "spec")

    spec: TableSpec
    _records: HashTrieMap[str, Record]
    _ordered: SortedSequence
    #: for each index, the number from which on records are not in it yet, and what it holds: nothing, until it is used
    _indexes: dict[Index, tuple[int, Held]]
    _due: SortedSequence
    _recent: Recent
    _count: int  # how many records of `_recent` belong to this version
    _next_number: int  # above the number of every record that this or an older version had

    @classmethod
    def of(cls, spec: TableSpec, records: Iterable[Mapping[str, Any]]) -> Table:
        """A table of `records`, in their order. Raises ValueError when a key is missing or stands twice."""
        built: dict[str, Record] = {}
        for number, values in enumerate(records):
            record = Record(values)
            record.number, record.ran = number, _NONE_RAN
            key = record.get(spec.key)
            if not isinstance(key, str):
                raise ValueError(f"record {number} of '{spec.name}' has no '{spec.key}' (text)")
            if key in built:
                raise ValueError(f"'{spec.key}' {key!r} stands twice in '{spec.name}'")
            built[key] = record
        table = cls.__new__(cls)
        table.spec = spec
        table._records = HashTrieMap(built)
        table._ordered = SortedSequence((record.number, record) for record in built.values())
        table._indexes = dict.fromkeys((*map(_equality, spec.indexes), *spec.further), (0, _NOTHING))
        table._due = SortedSequence(entry for record in built.values() for entry in due_of(spec, record))
        table._recent, table._count = Recent(), 0
        table._next_number = len(built)
        return table

    def _copy(self) -> Table:
        table = Table.__new__(Table)
        table.spec, table._records, table._ordered = self.spec, self._records, self._ordered
        table._indexes, table._due, table._next_number = self._indexes, self._due, self._next_number
        table._recent, table._count = self._recent, self._count
        return table

    def __len__(self) -> int:
        return len(self._ordered) + self._count

    def __iter__(self) -> Iterator[Record]:
        older = (record for _, record in self._ordered)
        return chain(older, self._recent.records[: self._count]) if self._count else older

    def get(self, key: Any) -> Record | None:
        """The record named `key`, or None."""
        if not isinstance(key, str):
            return None
        if self._count:
            record = self._recent.by_key.get(key)
            if record is not None and record.number < self._next_number:
                return record
        return self._records.get(key)

    def soonest(self) -> float:
        """When the first timer falls due, in seconds since the epoch; infinity when none runs."""
        first = self._due.first()
        older = _NEVER if first is None else float(first[0])
        return min(older, self._recent.soonest[self._count - 1]) if self._count else older

    def next_due(self) -> tuple[float, str, str] | None:
        """(when, timer, key) of what falls due first."""
        first = self._folded()._due.first()
        return None if first is None else (first[0], first[2], first[3])

    def where(self, filters: Mapping[str, Any]) -> Iterator[Record]:
        """The records whose fields equal `filters` (a list as value: any of these) or fit the conditions among them, in
        order of creation."""
        index = _equality(tuple(sorted(filters)))
        if index not in self._indexes or _asks_more(filters):
            return self._searched(bounded(filters))
        keys = keys_of(index, filters)
        held = self._held(index)
        sequences = [sequence for key in keys if (sequence := held.get(key))]
        entries = iter(sequences[0]) if len(sequences) == 1 else merge(*sequences)
        older = (record for _, record in entries)
        return chain(older, self._recent_where(index, keys)) if self._count else older

    def _recent_where(self, index: Index, keys: list[Any]) -> list[Record]:
        """The recent records of this version under any of `keys`, in order of creation."""
        groups, following = self._recent.grouped(index), self._next_number
        if len(keys) == 1:
            return [record for number, record in groups.get(keys[0], ()) if number < following]
        found = [entry for key in keys for entry in groups.get(key, ()) if entry[-2] < following]
        return [entry[-1] for entry in sorted(found, key=_BY_NUMBER)]

    def _searched(self, filters: Mapping[str, Any]) -> Iterator[Record]:
        """What `where` gives, when no index over the equality of just these fields answers it: narrowed down by the
        index that serves most of them, then looked at one by one."""
        found = plan(filters, list(self._indexes))  # another thread may add one
        if found is None:
            return filter(matching(filters), self)
        entries = [
            entry
            for sequence, low, high in self._runs(found.by, filters, found.span)
            for entry in sequence.slice(low, high)
        ]
        entries.sort(key=_BY_NUMBER)
        records: Iterable[Record] = [entry[-1] for entry in entries]
        if found.by.has and len(filters[found.by.has].keys) > 1:  # a list may have several of them
            records = {record.number: record for record in records}.values()
        return filter(matching(found.rest), records) if found.rest else iter(records)

    def _runs(self, index: Index, filters: Mapping[str, Any], span: Range | None) -> list[Run]:
        """What an index has for `filters`, within `span` of its order: of both tiers, in the order of the index."""
        keys = keys_of(index, filters)
        held = self._held(index)
        runs = [whole(sequence) for key in keys if (sequence := held.get(key))]
        if self._count:
            groups, following = self._recent.grouped(index), self._next_number
            recent = [[entry for entry in groups.get(key, ()) if entry[-2] < following] for key in keys]
            runs += [whole(entries) for entries in recent if entries]
        if span is None:
            return runs
        first, last = bounds_in(index.order, span)
        return [(sequence, sequence.rank(first), sequence.rank(last)) for sequence, _, _ in runs]

    def ordered(self, filters: Mapping[str, Any], order: Order) -> Ordered:
        """The records that `where` gives, sorted; a large table makes an index for it when it is first asked."""
        filters = bounded(filters)
        if not filters and not order:
            recent = [(record.number, record) for record in self._recent.records[: self._count]]
            return Ordered((), [whole(self._ordered), whole(recent)])
        forwards, _ = canonical(order)
        ranges = [name for name, wanted in filters.items() if isinstance(wanted, Range)]
        lists = [name for name, wanted in filters.items() if isinstance(wanted, Has)]
        equal = tuple(sorted(name for name in filters if name not in ranges and name not in lists))
        served = not ranges or (len(order) > 0 and ranges == [order[0][0]])
        served = served and (not lists or (len(lists) == 1 and len(filters[lists[0]].keys) == 1))
        index = Index(equal, forwards, lists[0] if lists else "")
        if served and self._has_index(index, bool(order)):
            return Ordered(order, self._runs(index, filters, filters[ranges[0]] if ranges else None))
        return in_order(self.where(filters), order)

    def _has_index(self, index: Index, worth: bool) -> bool:
        """Whether there is such an index; one that is worth it comes to be."""
        if index in self._indexes:
            return True
        declared = len(self.spec.indexes) + len(self.spec.further)
        if not worth or len(self) < _WORTH_AN_INDEX or len(self._indexes) >= declared + _MOST_MADE:
            return False
        self._indexes[index] = (0, _NOTHING)
        return True

    def count(self, filters: Mapping[str, Any]) -> int:
        """How many records `where` would give."""
        index = _equality(tuple(filters) if len(filters) == 1 else tuple(sorted(filters)))
        if index not in self._indexes or _asks_more(filters):
            return self._counted(filters)
        held = self._held(index)
        groups = self._recent.grouped(index) if self._count else None
        following = self._next_number
        total = 0
        for key in keys_of(index, filters):
            sequence = held.get(key)
            if sequence is not None:
                total += len(sequence)
            if groups is not None and (group := groups.get(key)):
                size = len(group)  # before the look at its end: another thread may append meanwhile
                if group[size - 1][-2] < following:
                    total += size
                else:  # another version has more records than this one
                    total += sum(entry[-2] < following for entry in group)
        return total

    def _counted(self, filters: Mapping[str, Any]) -> int:
        """What `count` gives, when no index over the equality of just these fields answers it."""
        filters = bounded(filters)
        if not filters:
            return len(self)
        found = plan(filters, list(self._indexes))
        if found is None or found.rest or (found.by.has and len(filters[found.by.has].keys) > 1):
            return sum(1 for _ in self.where(filters))
        return sum(max(high - low, 0) for _, low, high in self._runs(found.by, filters, found.span))

    def _held(self, index: Index) -> Held:
        """What an index holds of all that is not recent, brought up to date: a record enters an index when somebody
        asks for it.

        Writing to `_indexes` does not change what the table holds, so it is no harm when two threads do it at once.
        """
        known, held = self._indexes[index]
        newest = self._ordered.last()
        if newest is not None and known <= newest[0]:
            following = newest[0] + 1
            held = extended(held, index, (record for _, record in self._ordered.between((known,), (following,))))
            self._indexes[index] = (following, held)
        return held

    def _folded(self) -> Table:
        """This table with nothing recent: all of it in the persistent structures."""
        if not self._count:
            return self
        table = self._copy()
        fresh = self._recent.records[: self._count]
        records = self._records
        for record in fresh:
            records = records.insert(record[self.spec.key], record)
        table._records = records
        table._due = self._due.extended([entry for due in self._recent.due[: self._count] for entry in due])
        table._ordered = self._ordered.extended([(record.number, record) for record in fresh])
        table._indexes = self._indexes.copy()
        table._recent, table._count = Recent(), 0
        return table

    def _changed(self, old: Record, new: Record | None) -> Table:
        """This table with `old` gone and `new` in its place."""
        base = self._folded()
        spec = self.spec
        table = base._copy()
        records, due, indexes = base._records, base._due, base._indexes.copy()
        ordered = base._ordered.without_entry((old.number, old))
        for entry in due_of(spec, old):
            due = due.without_entry(entry)
        if new is None:
            records = records.discard(old[spec.key])
        else:
            records = records.insert(new[spec.key], new)
            ordered = ordered.with_entry((new.number, new))
            for entry in due_of(spec, new):
                due = due.with_entry(entry)
        for index, (known, held) in indexes.items():
            if old.number < known:
                indexes[index] = (known, exchanged(held, index, old, new))
        table._records, table._ordered, table._due, table._indexes = records, ordered, due, indexes
        return table

    def inserted(self, values: Mapping[str, Any]) -> tuple[Table, Record]:
        """This table with a new record at the end. Raises ValueError when its key is taken or missing."""
        key = values.get(self.spec.key)
        if not isinstance(key, str):
            raise ValueError(f"a new '{self.spec.name}' has no '{self.spec.key}' (text)")
        if self.get(key) is not None:
            raise ValueError(f"'{self.spec.key}' {key!r} is taken in '{self.spec.name}'")
        table = self._folded() if self._count >= _MOST_RECENT else self
        if table is self:
            table = self._copy()
        record = Record(values)
        record.number, record.ran = self._next_number, _NONE_RAN
        due = due_of(self.spec, record)
        recent = table._recent
        with recent.lock:
            if len(recent.records) != table._count:  # a version beside this one has gone on from here
                recent = table._recent = recent.first(table._count, self.spec)
            recent.append(record, key, due)
        table._count += 1
        table._next_number += 1
        return table, record

    def replaced(
        self, old: Record, values: Mapping[str, Any], ran: tuple[str, float] | None = None
    ) -> tuple[Table, Record]:
        """This table with `values` in the place of `old`, under the same key. `ran` is the timer that did it."""
        record = Record(values)
        record.number = old.number
        record.ran = old.ran if ran is None else {**old.ran, ran[0]: ran[1]}
        record[self.spec.key] = old[self.spec.key]
        return self._changed(old, record), record

    def removed(self, old: Record) -> Table:
        """This table without `old`."""
        return self._changed(old, None)


_BY_NUMBER = itemgetter(-2)


@lru_cache(maxsize=1024)
def _equality(fields: tuple[str, ...]) -> Index:
    """The index on the equality of fields."""
    return Index(fields)


def _asks_more(filters: Mapping[str, Any]) -> bool:
    """Whether there are conditions among the filters, and not only values to be equal to."""
    for wanted in filters.values():  # noqa: SIM110  # a generator would cost twice as much
        if isinstance(wanted, (Range, Has)):
            return True
    return False
