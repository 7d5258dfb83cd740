"""What a field may be asked for in place of a value that it equals: a range, or an item of the list that it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from mockserver.state.clock import format_time
from mockserver.state.records import sort_key

_NUMBERS, _TEXTS = frozenset((int, float)), frozenset((str,))


class _After:
    """Greater than anything: (key, AFTER) stands after every entry of an index with that key, whatever comes next."""

    __slots__ = ()

    def __lt__(self, other: object) -> bool:
        return False

    def __gt__(self, other: object) -> bool:
        return True

    __le__, __ge__ = __lt__, __gt__


AFTER = _After()
#: Where a range begins or ends among keys, as the beginning of an entry of an index: (key,) or (key, AFTER).
Bound: TypeAlias = tuple[Any, ...]


class Range:
    """The field's value stands from `lower` on and before `upper` (None: no bound), in the order of `sort_key`.

    Only values of the same kind as the bounds are meant: a text is not above a number, and null is below nothing. A
    range without any bound fits everything, null too: it is no condition.
    """

    __slots__ = ("lower", "upper")

    def __init__(self, lower: Bound | None, upper: Bound | None) -> None:
        self.lower, self.upper = lower, upper
        bound = lower or upper
        if bound is not None:
            kind = bound[0][0]
            self.lower = lower or ((kind,),)
            self.upper = upper or ((kind + 1,),)

    def test(self) -> Callable[[Any], bool]:
        """Whether a value is inside."""
        lower, upper = self.lower, self.upper
        if lower is None or upper is None:
            return lambda value: True
        kind = lower[0][0]
        types = _NUMBERS if kind == sort_key(0)[0] else _TEXTS
        return lambda value: type(value) in types and lower <= ((kind, value),) < upper


class Has:
    """The field holds a list with one of `wanted` in it."""

    __slots__ = ("keys",)

    def __init__(self, wanted: Any) -> None:
        items = wanted if isinstance(wanted, list) else [wanted]
        self.keys = list(dict.fromkeys(map(sort_key, items)))

    def test(self) -> Callable[[Any], bool]:
        """Whether a value is such a list."""
        keys = set(self.keys)
        return lambda value: isinstance(value, list) and any(sort_key(item) in keys for item in value)


Condition: TypeAlias = Range | Has


def below(bound: Any) -> Range:
    """Less than `bound`; null is no bound."""
    return Range(None, _bound("below", bound))


def at_most(bound: Any) -> Range:
    """Not more than `bound`; null is no bound."""
    return Range(None, _after(_bound("at_most", bound)))


def above(bound: Any) -> Range:
    """More than `bound`; null is no bound."""
    return Range(_after(_bound("above", bound)), None)


def at_least(bound: Any) -> Range:
    """Not less than `bound`; null is no bound."""
    return Range(_bound("at_least", bound), None)


def between(first: Any, last: Any) -> Range:
    """From `first` on and before `last`; null is no bound."""
    lower, upper = _bound("between", first), _bound("between", last)
    if lower is not None and upper is not None and lower[0][0] != upper[0][0]:
        raise ValueError(f"between({first!r:.40}, {last!r:.40}): a number and a text are the bounds of nothing")
    return Range(lower, upper)


def has(item: Any) -> Has:
    """A list with `item` in it; with one of them, when `item` is a list."""
    return Has(item)


def _bound(name: str, value: Any) -> Bound | None:
    """The place of a value. A moment stands for its text, as a record holds it."""
    if value is None:
        return None
    if isinstance(value, datetime):
        value = format_time(value)
    if isinstance(value, timedelta):
        raise TypeError(f"{name}: an amount of time has no order as text; store seconds(…) and compare these")
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or value != value:  # not a number
        raise TypeError(f"{name} takes a text, a number or a moment, not {value!r:.40}")
    return (sort_key(value),)


def _after(bound: Bound | None) -> Bound | None:
    return None if bound is None else (*bound, AFTER)


def bounded(filters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The filters without ranges that have no bounds."""
    for wanted in filters.values():
        if isinstance(wanted, Range) and wanted.lower is None:
            return {
                name: each for name, each in filters.items() if not (isinstance(each, Range) and each.lower is None)
            }
    return filters


def _test(wanted: Any) -> Callable[[Any], bool]:
    """Whether a field's value equals `wanted`, or fits it, as an index would say."""
    if isinstance(wanted, (Range, Has)):
        return wanted.test()
    if isinstance(wanted, list):
        keys = {sort_key(one) for one in wanted}
        return lambda value: sort_key(value) in keys
    if isinstance(wanted, str) or wanted is None:  # equal to nothing else in Python either
        return lambda value: bool(value == wanted)
    key = sort_key(wanted)
    return lambda value: sort_key(value) == key


def matching(filters: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    """Whether the fields of a record equal `filters`; a list as value means any of these, a condition what it says."""
    tests = [(name, _test(wanted)) for name, wanted in filters.items()]
    if len(tests) == 1:
        ((only, fits_only),) = tests
        return lambda record: fits_only(record.get(only))

    def fits(record: Mapping[str, Any]) -> bool:
        for name, test in tests:  # noqa: SIM110  # a generator per record would cost twice as much
            if not test(record.get(name)):
                return False
        return True

    return fits
