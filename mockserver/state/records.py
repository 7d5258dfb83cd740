"""Records, how they are kept, and what they are compared by: a total order over values, what falls due."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

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


#: Fields to sort by, each with whether it descends.
Order: TypeAlias = tuple[tuple[str, bool], ...]


class Index(NamedTuple):
    """What an index serves: records whose fields `equal` (in alphabetical order) are something and whose list `has`
    (empty: none) holds something, in this `order` (equal ones, and all without an order, in order of creation).

    The last field of `order` ascends: the other way round it is read backwards.
    """

    equal: tuple[str, ...] = ()
    order: Order = ()
    has: str = ""


@dataclass(frozen=True, slots=True)
class TableSpec:
    """How a resource is kept.

    `key` is the field that names a record; `indexes` are tuples of fields (in alphabetical order) whose equality is
    served without a search, `further` are the indexes that serve more; `timers` give, by name, when (seconds since the
    epoch) something falls due for a record, or None. A timer runs once for a moment: it is due again when the moment
    has moved on.
    """

    name: str
    key: str
    indexes: tuple[tuple[str, ...], ...] = ()
    timers: Mapping[str, Callable[[Record], float | None]] | None = None
    further: tuple[Index, ...] = ()


def due_of(spec: TableSpec, record: Record) -> list[Due]:
    if not spec.timers:
        return []
    moments = [(moment(record), name) for name, moment in spec.timers.items()]
    return [
        (when, record.number, name, record[spec.key])
        for when, name in moments
        if when is not None and when > record.ran.get(name, -_NEVER)  # once for each moment
    ]
