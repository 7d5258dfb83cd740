"""Where a record stands in an index, and what of an index filters ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any, NamedTuple, TypeAlias

from rpds import HashTrieMap

from mockserver.state.conditions import AFTER, Bound, Has, Range
from mockserver.state.records import Index, Order, Record, sort_key
from mockserver.state.sequence import Entry, SortedSequence

_NUMBER, _TEXT = sort_key(0)[0], sort_key("")[0]
_EMPTY = SortedSequence()
#: The records with each combination of values, as entries (keys of the order …, number, record).
Held: TypeAlias = "HashTrieMap[tuple[Any, ...], SortedSequence]"
#: Entries by combination of values.
Groups: TypeAlias = dict[tuple[Any, ...], list[Entry]]


class Descending(tuple[Any, ...]):
    """A key that sorts the other way round."""

    __slots__ = ()
    __lt__ = tuple.__gt__
    __le__ = tuple.__ge__
    __gt__ = tuple.__lt__
    __ge__ = tuple.__le__


def canonical(order: Order) -> tuple[Order, bool]:
    """The order as an index has it, its last field ascending, and whether that is read backwards."""
    if not order or not order[-1][1]:
        return order, False
    return tuple([(name, not descending) for name, descending in order]), True


def entry_of(order: Order, values: Mapping[str, Any], number: int) -> Entry:
    """Where something with these values stands in an order; of equal ones the smaller number is first."""
    if len(order) == 1 and not order[0][1]:
        return (sort_key(values.get(order[0][0])), number, values)
    return (*keys_in([(values.get(name), descending) for name, descending in order]), number, values)


def keys_in(values: Iterable[tuple[Any, bool]]) -> list[Any]:
    """The keys of values, each with whether it descends."""
    return [Descending(sort_key(value)) if descending else sort_key(value) for value, descending in values]


def keys_of_record(index: Index, record: Record) -> Iterable[Any]:
    """The combinations of values under which a record stands in an index."""
    equal, has = index.equal, index.has
    if not has:
        return (sort_key(record.get(equal[0])) if len(equal) == 1 else tuple([sort_key(record.get(n)) for n in equal]),)
    held = record.get(has)
    if not isinstance(held, list):
        return ()
    own = tuple([sort_key(record.get(name)) for name in equal])
    return [(*own, key) for key in dict.fromkeys(map(sort_key, held))]


def keys_of(index: Index, filters: Mapping[str, Any]) -> list[Any]:
    """The combinations of values that `filters` ask of an index, each once."""
    equal = index.equal
    if len(equal) == 1 and not index.has:
        wanted = filters[equal[0]]
        return list(dict.fromkeys(map(sort_key, wanted))) if isinstance(wanted, list) else [sort_key(wanted)]
    each = [filters[name] for name in equal]
    if not index.has and not any(isinstance(wanted, list) for wanted in each):
        return [tuple([sort_key(wanted) for wanted in each])]
    choices = [
        list(dict.fromkeys(map(sort_key, wanted))) if isinstance(wanted, list) else [sort_key(wanted)]
        for wanted in each
    ]
    return list(product(*choices, *([filters[index.has].keys] if index.has else [])))


def bounds_in(order: Order, wanted: Range) -> tuple[Bound, Bound]:
    """The bounds of a range over the first field of an order, as beginnings of its entries."""
    assert wanted.lower is not None
    assert wanted.upper is not None
    if not order[0][1]:
        return wanted.lower, wanted.upper
    return _flipped(wanted.upper), _flipped(wanted.lower)


def _flipped(bound: Bound) -> Bound:
    key = Descending(bound[0])
    return (key,) if len(bound) == 2 else (key, AFTER)


def grouped(index: Index, records: Iterable[Record], into: Groups) -> None:
    """Add the entries of records, by combination of values."""
    order = index.order
    for record in records:
        entry = entry_of(order, record, record.number) if order else (record.number, record)
        for key in keys_of_record(index, record):
            group = into.get(key)
            if group is None:
                into[key] = [entry]
            else:
                group.append(entry)


def sort_entries(entries: list[Entry], order: Order) -> None:
    """Sort entries that stand in order of their numbers: by the last field first, and where all values of a field are
    numbers, or texts, by these alone. That takes a quarter of the time that comparing whole entries does."""
    for at in range(len(order) - 1, -1, -1):
        kinds = {entry[at][0] for entry in entries}
        alike = len(kinds) == 1 and kinds <= {_NUMBER, _TEXT}
        entries.sort(key=_value_at(at) if alike else _key_at(at), reverse=order[at][1])


def _value_at(at: int) -> Callable[[Entry], Any]:
    return lambda entry: entry[at][1]


def _key_at(at: int) -> Callable[[Entry], Any]:
    return lambda entry: tuple(entry[at])  # which of a descending key is the plain one


def extended(held: Held, index: Index, records: Iterable[Record]) -> Held:
    """An index with further records."""
    groups: Groups = {}
    grouped(index, records, groups)
    if not held:
        for entries in groups.values():
            sort_entries(entries, index.order)
        return HashTrieMap({key: SortedSequence(entries) for key, entries in groups.items()})
    for key, entries in groups.items():
        held = held.insert(key, (held.get(key) or _EMPTY).extended(entries))
    return held


def exchanged(held: Held, index: Index, old: Record, new: Record | None) -> Held:
    """An index with `old` gone and `new` in its place."""
    before = dict.fromkeys(keys_of_record(index, old), entry_of(index.order, old, old.number))
    after = {} if new is None else dict.fromkeys(keys_of_record(index, new), entry_of(index.order, new, new.number))
    for key, entry in before.items():
        if key in after:
            held = held.insert(key, held[key].with_replaced(entry, after[key]))
        else:
            left = held[key].without_entry(entry)
            held = held.insert(key, left) if left else held.remove(key)
    for key, entry in after.items():
        if key not in before:
            held = held.insert(key, (held.get(key) or _EMPTY).with_entry(entry))
    return held


class Plan(NamedTuple):
    """How filters are answered: `by` an index, within `span` of it, and what each record found is still to be asked."""

    by: Index
    span: Range | None
    rest: Mapping[str, Any]


def plan(filters: Mapping[str, Any], indexes: Iterable[Index]) -> Plan | None:
    """The index that serves most of `filters`, of several the one with the least order; None when none serves any."""
    equal = {name for name, wanted in filters.items() if not isinstance(wanted, (Range, Has))}
    best, most = None, (0, 0)
    for index in indexes:
        if not equal.issuperset(index.equal) or (index.has and not isinstance(filters.get(index.has), Has)):
            continue
        served = (len(index.equal) + bool(index.has) + bool(_ranged(index, filters)), -len(index.order))
        if served > most:
            best, most = index, served
    if best is None:
        return None
    ranged = _ranged(best, filters)
    rest = {name: each for name, each in filters.items() if name not in (*best.equal, best.has, ranged)}
    return Plan(best, filters[ranged] if ranged else None, rest)


def _ranged(index: Index, filters: Mapping[str, Any]) -> str:
    """The field of an index within which it has the range that `filters` ask for; empty when they ask for none."""
    first = index.order[0][0] if index.order else ""
    return first if isinstance(filters.get(first), Range) else ""
