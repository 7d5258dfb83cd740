"""Records and what they are compared by: a total order over values, keys of indexes, what falls due."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any, TypeAlias

_NEVER = float("inf")
#: What falls due: (when, number of the record, timer, key of the record).
Due: TypeAlias = tuple[float, int, str, str]


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


def index_key(fields: tuple[str, ...], record: Record) -> tuple[Any, ...]:
    if len(fields) == 1:
        return sort_key(record.get(fields[0]))
    return tuple([sort_key(record.get(name)) for name in fields])


def due_of(spec: TableSpec, record: Record) -> list[Due]:
    if not spec.timers:
        return []
    moments = [(moment(record), name) for name, moment in spec.timers.items()]
    return [
        (when, record.number, name, record[spec.key])
        for when, name in moments
        if when is not None and when > record.ran.get(name, -_NEVER)  # once for each moment
    ]


def keys_of(fields: tuple[str, ...], filters: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    """The keys of an index on `fields` that `filters` ask for."""
    if len(fields) == 1:
        wanted = filters[fields[0]]
        return dict.fromkeys(map(sort_key, wanted)) if isinstance(wanted, list) else (sort_key(wanted),)
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
