"""Tables of records: immutable, so that any version can be kept; a change makes a new version and shares the rest.

A table has two tiers. Most of it stands in persistent structures, where a change costs microseconds whatever the size.
What was added last stands in a short list that all versions since then share, each knowing how many of its records are
its own: adding a record, the commonest change by far, then costs hardly more than appending to a list.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from itertools import chain
from typing import Any, TypeAlias

from rpds import HashTrieMap

from mockserver.state.records import Due, Record, TableSpec, due_of, index_key, keys_of, matching
from mockserver.state.sequence import SortedSequence

_NEVER = float("inf")
_EMPTY = SortedSequence()
#: The records with each combination of values of some fields, as (number, record) in order of creation.
Index: TypeAlias = "HashTrieMap[tuple[Any, ...], SortedSequence]"
_NONE_RAN: Mapping[str, float] = {}
_MOST_RECENT = 256


class Recent:
    """Records added one after another, shared by the versions of a table: a version sees the first so many of them.

    Only ever appended to, under `lock`. `soonest` is, after each record, when the first timer of any so far falls due.
    """

    __slots__ = ("by_key", "due", "groups", "lock", "records", "soonest")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.records: list[Record] = []
        self.by_key: dict[str, Record] = {}
        self.due: list[list[Due]] = []
        self.soonest: list[float] = []
        #: by fields, how many records are grouped yet, and the records by the values of these fields
        self.groups: dict[tuple[str, ...], tuple[int, dict[tuple[Any, ...], list[Record]]]] = {}

    def append(self, record: Record, key: str, due: list[Due]) -> None:
        """Add a record with what falls due for it. The caller holds the lock."""
        soonest = self.soonest[-1] if self.soonest else _NEVER
        for entry in due:
            soonest = min(soonest, entry[0])
        self.soonest.append(soonest)
        self.due.append(due)
        self.by_key[key] = record
        self.records.append(record)

    def first(self, count: int, spec: TableSpec) -> Recent:
        """Another list that begins with the first `count` records."""
        other = Recent()
        for record, due in zip(self.records[:count], self.due, strict=False):
            other.append(record, record[spec.key], due)
        return other

    def grouped(self, fields: tuple[str, ...]) -> dict[tuple[Any, ...], list[Record]]:
        """The records by the values of `fields`, brought up to date."""
        with self.lock:
            done, groups = self.groups.get(fields) or (0, {})
            if done < len(self.records):
                for record in self.records[done:]:
                    groups.setdefault(index_key(fields, record), []).append(record)
                self.groups[fields] = (len(self.records), groups)
        return groups


class Table:
    """The records of one resource in order of creation, with indexes."""

    __slots__ = ("_count", "_due", "_indexes", "_next_number", "_ordered", "_recent", "_records", "spec")

    spec: TableSpec
    _records: HashTrieMap[str, Record]
    _ordered: SortedSequence
    #: by fields: the number from which on records are not in the index yet, and the index
    _indexes: dict[tuple[str, ...], tuple[int, Index]]
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
        table._indexes = {fields: (len(built), _index(fields, table._ordered)) for fields in spec.indexes}
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
        """The records whose fields equal `filters` (a list as value: any of these), in order of creation."""
        fields = tuple(sorted(filters))
        index = self._index(fields)
        if index is None:
            # Narrow down by the widest index over some of the fields, then look at each record.
            held = max((held for held in self._indexes if set(held) < set(fields)), key=len, default=())
            narrowed = self.where({name: filters[name] for name in held}) if held else self
            return filter(matching(filters), narrowed)
        keys = list(keys_of(fields, filters))
        sequences = [sequence for key in keys if (sequence := index.get(key))]
        entries = iter(sequences[0]) if len(sequences) == 1 else merge(*sequences)
        older = (record for _, record in entries)
        return chain(older, self._recent_where(fields, keys)) if self._count else older

    def _recent_where(self, fields: tuple[str, ...], keys: list[tuple[Any, ...]]) -> list[Record]:
        """The recent records of this version under any of `keys`, in order of creation."""
        groups = self._recent.grouped(fields)
        found = [record for key in keys for record in groups.get(key, ()) if record.number < self._next_number]
        return found if len(keys) == 1 else sorted(found, key=lambda record: record.number)

    def count(self, filters: Mapping[str, Any]) -> int:
        """How many records `where` would give."""
        fields = tuple(filters) if len(filters) == 1 else tuple(sorted(filters))
        index = self._index(fields)
        if index is None:
            return sum(1 for _ in self.where(filters)) if filters else len(self)
        groups = self._recent.grouped(fields) if self._count else None
        following = self._next_number
        total = 0
        for key in keys_of(fields, filters):
            sequence = index.get(key)
            if sequence is not None:
                total += len(sequence)
            if groups is not None and (group := groups.get(key)):
                size = len(group)  # before the look at its end: another thread may append meanwhile
                if group[size - 1].number < following:
                    total += size
                else:  # another version has more records than this one
                    total += sum(record.number < following for record in group)
        return total

    def _index(self, fields: tuple[str, ...]) -> Index | None:
        """The index on `fields` over what is not recent, brought up to date: a record enters an index when somebody
        asks for it.

        Writing to `_indexes` does not change what the table holds, so it is no harm when two threads do it at once.
        """
        held = self._indexes.get(fields)
        if held is None:
            return None
        known, index = held
        newest = self._ordered.last()
        if newest is not None and known <= newest[0]:
            following = newest[0] + 1
            for key, entries in _grouped(fields, self._ordered.between((known,), (following,))).items():
                index = index.insert(key, (index.get(key) or _EMPTY).extended(entries))
            self._indexes[fields] = (following, index)
        return index

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
        records, due, changed = base._records, base._due, base._indexes.copy()
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
        for fields, (known, index) in base._indexes.items():
            if old.number < known:
                index = _without_record(index, fields, old)
                changed[fields] = (known, index if new is None else _with_record(index, fields, new))
        table._records, table._ordered, table._due, table._indexes = records, ordered, due, changed
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


def _grouped(fields: tuple[str, ...], entries: Iterable[Any]) -> dict[tuple[Any, ...], list[tuple[int, Record]]]:
    """(number, record) pairs by the values of `fields`."""
    grouped: dict[tuple[Any, ...], list[tuple[int, Record]]] = {}
    for number, record in entries:
        grouped.setdefault(index_key(fields, record), []).append((number, record))
    return grouped


def _index(fields: tuple[str, ...], ordered: SortedSequence) -> Index:
    return HashTrieMap({key: SortedSequence(entries) for key, entries in _grouped(fields, ordered).items()})


def _with_record(index: Index, fields: tuple[str, ...], record: Record) -> Index:
    key = index_key(fields, record)
    return index.insert(key, (index.get(key) or _EMPTY).with_entry((record.number, record)))


def _without_record(index: Index, fields: tuple[str, ...], record: Record) -> Index:
    key = index_key(fields, record)
    left = index[key].without_entry((record.number, record))
    return index.insert(key, left) if left else index.remove(key)
