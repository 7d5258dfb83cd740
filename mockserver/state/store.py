"""State in memory: tables of records, transactions, snapshots.

Everything that a namespace holds is one immutable `State`. A transaction works on its own view and puts a new `State`
in place when it commits, so an operation that fails half-way has changed nothing, a reader needs no lock, and a
snapshot is a reference: nothing is copied, and what did not change is shared.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import product
from typing import Any

from rpds import HashTrieMap

from mockserver.state.samples import Draws
from mockserver.state.sequence import SortedSequence

_NEVER = float("inf")
_EMPTY = SortedSequence()
_NONE_RAN: Mapping[str, float] = {}


class Record(dict[str, Any]):
    """One record. Never changed after it was put into a table: an update puts another one in its place."""

    __slots__ = ("number", "ran")

    number: int  # the position in order of creation, kept when the record is replaced
    ran: Mapping[str, float]  # timer -> the moment at which it last ran


def sort_key(value: Any) -> tuple[Any, ...]:
    """A total order over JSON values: null, false and true, numbers, text, lists, objects; then moments and amounts of
    time. Two values are equal for the store when their keys are: `true` is not 1, the order of an object's keys is
    nothing.
    """
    kind = type(value)
    if kind is str:
        return (3, value)
    if value is None:
        return (0,)
    if kind is bool:
        return (1, value)
    if kind is int or kind is float:
        return (2, value)
    if isinstance(value, list):
        return (4, tuple([sort_key(item) for item in value]))
    if isinstance(value, dict):
        return (5, tuple([(name, sort_key(value[name])) for name in sorted(value)]))
    if isinstance(value, datetime):
        return (6, value)
    return (7, value) if isinstance(value, timedelta) else (8, repr(value))


@dataclass(frozen=True, slots=True)
class TableSpec:
    """How a resource is kept.

    `key` is the field that names a record; `indexes` are tuples of fields (in alphabetical order) whose equality is
    served without a search; `timers` give, by name, when (seconds since the epoch) something falls due for a record,
    or None. A timer runs once for a moment: it is due again when the moment has moved on.
    """

    name: str
    key: str
    indexes: tuple[tuple[str, ...], ...] = ()
    timers: Mapping[str, Callable[[Record], float | None]] | None = None


class Table:
    """The records of one resource: immutable, in order of creation, with its indexes."""

    __slots__ = ("spec", "_records", "_ordered", "_indexes", "_due", "_next_number")

    spec: TableSpec
    _records: HashTrieMap[str, Record]
    _ordered: SortedSequence
    _indexes: dict[tuple[str, ...], HashTrieMap[tuple[Any, ...], SortedSequence]]
    _due: SortedSequence
    _next_number: int

    @classmethod
    def of(cls, spec: TableSpec, records: Iterable[Mapping[str, Any]]) -> Table:
        """A table of `records`, in their order. Raises ValueError when a key is missing or stands twice."""
        table = cls.__new__(cls)
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
        table.spec = spec
        table._records = HashTrieMap(built)
        table._ordered = SortedSequence((record.number, record) for record in built.values())
        table._indexes = {fields: _index(fields, built.values()) for fields in spec.indexes}
        table._due = SortedSequence(entry for record in built.values() for entry in _due(spec, record))
        table._next_number = len(built)
        return table

    def __len__(self) -> int:
        return len(self._ordered)

    def __iter__(self) -> Iterator[Record]:
        return (record for _, record in self._ordered)

    def get(self, key: Any) -> Record | None:
        """The record named `key`, or None."""
        return self._records.get(key) if isinstance(key, str) else None

    def next_due(self) -> tuple[float, str, str] | None:
        """(when, timer, key) of what falls due first."""
        first = self._due.first()
        return None if first is None else (first[0], first[2], first[3])

    def where(self, filters: Mapping[str, Any]) -> Iterator[Record]:
        """The records whose fields equal `filters` (a list as value: any of these), in order of creation."""
        index = self._indexes.get(fields := tuple(sorted(filters)))
        if index is None:
            # Narrow down by the widest index over some of the fields, then look at each record.
            held = max((held for held in self._indexes if set(held) < set(fields)), key=len, default=())
            narrowed = self.where({name: filters[name] for name in held}) if held else self
            return filter(matching(filters), narrowed)
        found = [index.get(key) for key in _keys(fields, filters)]
        sequences = [sequence for sequence in found if sequence]
        entries = iter(sequences[0]) if len(sequences) == 1 else merge(*sequences)
        return (record for _, record in entries)

    def count(self, filters: Mapping[str, Any]) -> int:
        """How many records `where` would give."""
        index = self._indexes.get(fields := tuple(sorted(filters)))
        if index is None:
            return sum(1 for _ in self.where(filters)) if filters else len(self)
        total = 0
        for key in _keys(fields, filters):
            sequence = index.get(key)
            if sequence is not None:
                total += len(sequence)
        return total

    def _changed(self, old: Record | None, new: Record | None) -> Table:
        """This table with `old` gone and `new` in its place."""
        spec = self.spec
        table = Table.__new__(Table)
        table.spec = spec
        table._next_number = self._next_number
        records, ordered, due, indexes = self._records, self._ordered, self._due, self._indexes
        if old is not None:
            ordered = ordered.without_entry((old.number, old))
            for entry in _due(spec, old):
                due = due.without_entry(entry)
        if new is not None:
            records = records.insert(new[spec.key], new)
            ordered = ordered.with_entry((new.number, new))
            for entry in _due(spec, new):
                due = due.with_entry(entry)
        elif old is not None:
            records = records.discard(old[spec.key])
        changed = {fields: _reindexed(index, fields, old, new) for fields, index in indexes.items()}
        table._records, table._ordered, table._due, table._indexes = records, ordered, due, changed
        return table

    def inserted(self, values: Mapping[str, Any]) -> tuple[Table, Record]:
        """This table with a new record at the end. Raises ValueError when its key is taken or missing."""
        key = values.get(self.spec.key)
        if not isinstance(key, str):
            raise ValueError(f"a new '{self.spec.name}' has no '{self.spec.key}' (text)")
        if key in self._records:
            raise ValueError(f"'{self.spec.key}' {key!r} is taken in '{self.spec.name}'")
        record = Record(values)
        record.number, record.ran = self._next_number, _NONE_RAN
        table = self._changed(None, record)
        table._next_number = record.number + 1
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


def _index_key(fields: tuple[str, ...], record: Record) -> tuple[Any, ...]:
    if len(fields) == 1:
        return sort_key(record.get(fields[0]))
    return tuple([sort_key(record.get(name)) for name in fields])


def _index(fields: tuple[str, ...], records: Iterable[Record]) -> HashTrieMap[tuple[Any, ...], SortedSequence]:
    grouped: dict[tuple[Any, ...], list[tuple[int, Record]]] = {}
    for record in records:
        grouped.setdefault(_index_key(fields, record), []).append((record.number, record))
    return HashTrieMap({key: SortedSequence(entries) for key, entries in grouped.items()})


def _reindexed(
    index: HashTrieMap[tuple[Any, ...], SortedSequence], fields: tuple[str, ...], old: Record | None, new: Record | None
) -> HashTrieMap[tuple[Any, ...], SortedSequence]:
    if old is not None:
        key = _index_key(fields, old)
        left = index[key].without_entry((old.number, old))
        index = index.insert(key, left) if left else index.remove(key)
    if new is not None:
        key = _index_key(fields, new)
        index = index.insert(key, (index.get(key) or _EMPTY).with_entry((new.number, new)))
    return index


def _due(spec: TableSpec, record: Record) -> list[tuple[float, int, str, str]]:
    if not spec.timers:
        return []
    moments = [(moment(record), name) for name, moment in spec.timers.items()]
    return [
        (when, record.number, name, record[spec.key])
        for when, name in moments
        if when is not None and when > record.ran.get(name, -_NEVER)  # once for each moment
    ]


def _keys(fields: tuple[str, ...], filters: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    """The keys of an index on `fields` that `filters` ask for."""
    if len(fields) == 1:
        wanted = filters[fields[0]]
        return {sort_key(one): None for one in wanted} if isinstance(wanted, list) else (sort_key(wanted),)
    each = [filters[name] for name in fields]
    if not any(isinstance(wanted, list) for wanted in each):
        return (tuple([sort_key(wanted) for wanted in each]),)
    choices = [
        {sort_key(one): None for one in wanted} if isinstance(wanted, list) else (sort_key(wanted),) for wanted in each
    ]
    return product(*choices)


def _test(wanted: Any) -> Callable[[Any], bool]:
    """Whether a field's value equals `wanted`, as an index would say."""
    if isinstance(wanted, list):
        keys = {sort_key(one) for one in wanted}
        return lambda value: sort_key(value) in keys
    if isinstance(wanted, str) or wanted is None:  # equal to nothing else in Python either
        return lambda value: bool(value == wanted)
    key = sort_key(wanted)
    return lambda value: sort_key(value) == key


def matching(filters: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    """Whether the fields of a record equal `filters`; a list as value means any of these."""
    tests = [(name, _test(wanted)) for name, wanted in filters.items()]

    def fits(record: Mapping[str, Any]) -> bool:
        for name, test in tests:  # noqa: SIM110  # a generator per record would cost twice as much
            if not test(record.get(name)):
                return False
        return True

    return fits


@dataclass(frozen=True, slots=True)
class State:
    """All that a namespace holds at one moment: tables by resource, and how many random values were drawn."""

    tables: Mapping[str, Table]
    drawn: int = 0

    def next_due(self) -> float:
        """When the next timer falls due, in seconds since the epoch; infinity when none runs."""
        soonest = _NEVER
        for table in self.tables.values():
            if table.spec.timers and (due := table.next_due()) is not None and due[0] < soonest:
                soonest = due[0]
        return soonest


class Transaction:
    """A view of a namespace's state that can be written to. Nothing is seen outside until `commit`."""

    __slots__ = ("tables", "draws", "_space", "_base")

    def __init__(self, space: Namespace) -> None:
        self._space = space
        self._base = space.state
        self.tables: Mapping[str, Table] = self._base.tables
        self.draws = Draws(space.seed, self._base.drawn)

    def put(self, name: str, table: Table) -> None:
        """Let `table` stand for resource `name` from here on."""
        self.tables = {**self.tables, name: table}

    def insert(self, name: str, values: Mapping[str, Any]) -> Record:
        """Add a record. Raises ValueError when its key is taken."""
        table, record = self.tables[name].inserted(values)
        self.put(name, table)
        return record

    def replace(
        self, name: str, old: Record, values: Mapping[str, Any], ran: tuple[str, float] | None = None
    ) -> Record:
        """Put `values` in the place of `old`; `ran` is the timer that did it, and its moment."""
        table, record = self.tables[name].replaced(old, values, ran)
        self.put(name, table)
        return record

    def delete(self, name: str, old: Record) -> None:
        """Take `old` out."""
        self.put(name, self.tables[name].removed(old))

    def commit(self) -> None:
        """Make all changes the namespace's state, at once."""
        if self.tables is not self._base.tables or self.draws.count != self._base.drawn:
            self._space.set_state(State(self.tables, self.draws.count))


class Namespace:
    """One isolated state of one API. Writers hold `lock`; readers take `state`, which never changes under them."""

    __slots__ = ("name", "seed", "lock", "state", "next_due")

    def __init__(self, name: str, seed: str, state: State) -> None:
        self.name, self.seed = name, seed
        self.lock = threading.RLock()
        self.set_state(state)

    def set_state(self, state: State) -> None:
        """Put another state in place (a commit, a reset, a restored snapshot)."""
        self.state = state
        self.next_due = state.next_due()

    def begin(self) -> Transaction:
        """A transaction on the present state. The caller holds `lock` while it writes."""
        return Transaction(self)


def build_state(specs: Sequence[TableSpec], records: Mapping[str, Sequence[Mapping[str, Any]]]) -> State:
    """A state with one table for each of `specs`. Raises ValueError as `Table.of` does."""
    return State({spec.name: Table.of(spec, records.get(spec.name, ())) for spec in specs})
