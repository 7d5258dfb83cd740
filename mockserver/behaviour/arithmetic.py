"""Functions of the language over numbers, and over lists of them, in which null counts as nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from operator import index
from typing import Any

_MOST_DIGITS = 15
_EXACT = Context(prec=400)  # more digits than any float has before its point


def total(values: Iterable[Any]) -> Any:
    """The sum of the numbers; what is null counts as nothing."""
    return sum(value for value in values or () if value is not None)


def average(values: Iterable[Any]) -> float:
    """The mean of the numbers; 0 when there are none."""
    numbers = [value for value in values or () if value is not None]
    return sum(numbers) / len(numbers) if numbers else 0


def smallest(values: Iterable[Any]) -> Any:
    """The least value; null when there is none."""
    return min((value for value in values or () if value is not None), default=None)


def largest(values: Iterable[Any]) -> Any:
    """The greatest value; null when there is none."""
    return max((value for value in values or () if value is not None), default=None)


def rounded(value: Any, digits: int = 0) -> float:
    """The number rounded half away from zero; a whole number when `digits` is 0."""
    if not -_MOST_DIGITS <= digits <= _MOST_DIGITS:
        raise ValueError(f"round: the digits must be from -{_MOST_DIGITS} to {_MOST_DIGITS}, not {digits}")
    # By its decimal text, so that 2.675 is a half as it reads.
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(index(value))
    nearest = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _EXACT)
    return int(nearest) if digits == 0 else float(nearest)


def whole(value: Any) -> int:
    """The whole number that a text or number stands for, its fraction cut."""
    return int(value)


ARITHMETIC: Mapping[str, Callable[..., Any]] = {
    "sum": total,
    "average": average,
    "min": smallest,
    "max": largest,
    "round": rounded,
    "int": whole,
}
