"""What moves in answers by itself: times, ages, the mark of a request. No call has to account for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from mockserver.strategies.answers import moment
from mockserver.strategies.kit import Kit
from mockserver.strategies.links import Link

_EACH = "*"  # in a path: any element of a list
_MISSING: Any = object()


class Move(NamedTuple):
    """A place whose value is not the same in two answers: the members that lead there, and both values."""

    path: tuple[str, ...]
    one: Any
    other: Any


def moves(one: Any, other: Any, path: tuple[str, ...] = ()) -> Iterator[Move]:
    """The places at which two values differ, each as far inside as can be."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in {**one, **other}:
            yield from moves(one.get(name, _MISSING), other.get(name, _MISSING), (*path, name))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for left, right in zip(one, other, strict=True):
            yield from moves(left, right, (*path, _EACH))
    elif one is not other and (isinstance(one, bool) != isinstance(other, bool) or one != other):
        yield Move(path, one, other)


def told(found: Iterable[Move]) -> str:
    """The names of places, for a message."""
    return ", ".join(dict.fromkeys(".".join(each.path).replace(".*", "[]") or "the answer" for each in found))


class Motion(NamedTuple):
    """What moved between two answers: what must `stay`, and what is `odd` unless it moves from one reading to the
    next. What is known to move, and what runs like a clock, is in neither."""

    stay: list[Move]
    odd: list[Move]


def motion(kit: Kit, link: Link, one: Any, other: Any) -> Motion:
    """What moved between two answers of an operation, or two records in them. Clients set what must stay: the key,
    the lists of records, the members of documented bodies. With the state of a mock at hand, all of it must."""
    found = list(moves(one, other))
    if kit.state is not None:
        return Motion(found, [])
    stay = [each for each in found if _is_firm(kit, link, each)]
    known: Collection[str] = kit.volatile.get(link.operation.id, frozenset())
    rest = (each for each in found if each not in stay)
    return Motion(stay, [each for each in rest if _place(each) not in known and not _runs(each)])


def learn(kit: Kit, link: Link, found: Iterable[Move]) -> None:
    """These members move from one reading to the next."""
    kit.volatile.setdefault(link.operation.id, set()).update(map(_place, found))


def something_stays(one: Any, other: Any) -> bool:
    """Whether two answers have anything in common."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one == other or any(something_stays(one[name], other[name]) for name in one if name in other)
    if isinstance(one, list) and isinstance(other, list):
        return one == other or any(map(something_stays, one, other))
    return bool(one == other)


def _is_firm(kit: Kit, link: Link, move: Move) -> bool:
    key = kit.links.keys.get(link.resource, "")
    if not key:
        return False
    if any(_lists_records(value, key) for value in (move.one, move.other)):
        return True
    outer = move.path[:-1]
    if move.path[-1:] == (key,) and (not outer or outer[-1] in (_EACH, link.wrap)):
        return True
    settable: Collection[str] = kit.settable(link.resource)
    return any(name in settable for name in move.path)


def _lists_records(value: Any, key: str) -> bool:
    return isinstance(value, list) and any(isinstance(each, dict) and key in each for each in value)


def _place(move: Move) -> str:
    return next((name for name in reversed(move.path) if name != _EACH), "")


def _runs(move: Move) -> bool:
    """Whether a value may have moved because time went by: a number or an instant, which may also come and go."""
    given = [each for each in (move.one, move.other) if each is not None and each is not _MISSING]
    return bool(given) and (all(map(_is_number, given)) or all(moment(each) is not None for each in given))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
