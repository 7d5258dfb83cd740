"""JSON text as JavaScript writes it.

Many receivers hash `JSON.stringify(JSON.parse(body))` in place of the bytes that came. So a body is sent as exactly the
bytes that this gives: no space, numbers as JavaScript prints them, keys that look like array indexes first.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

_SAFE = 1 << 53  # beyond it JavaScript rounds whole numbers
_MOST_INDEX = 2**32 - 2
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")
_MOST_PLAIN = 21  # digits before the point; a longer number is written with an exponent
_MOST_ZEROS = 6  # between the point and the first digit
#: Where orjson may write something else: a key that may be an index, a fraction, an exponent, a large number. Text that
#: only looks so takes the longer way to the same bytes.
_DOUBTFUL = re.compile(rb'"[0-9]{1,10}":|(?:^|":|[\[,])-?(?:[0-9]+[.eE]|[0-9]{16})')


def canonical(value: Any) -> bytes:
    """The bytes that `JSON.stringify(JSON.parse(text))` gives for the JSON text of `value`, in UTF-8.

    `value` is made of JSON types; a number that no double holds becomes null, as it does there. Raises ValueError for
    any other type, and for a key that is no text.
    """
    try:
        text = orjson.dumps(value)
    except TypeError:  # half a character, or a number beyond 64 bit
        return "".join(_parts(value)).encode()
    return "".join(_parts(value)).encode() if _DOUBTFUL.search(text) else text


def _parts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield _text(value)
    elif value is None or isinstance(value, bool):
        yield "null" if value is None else "true" if value else "false"
    elif isinstance(value, (int, float)):
        yield number(value)
    elif isinstance(value, Mapping):
        yield "{"
        for place, key in enumerate(_ordered(value)):
            yield f",{_text(key)}:" if place else f"{_text(key)}:"
            yield from _parts(value[key])
        yield "}"
    elif not isinstance(value, (list, tuple)):
        raise ValueError(f"JSON has no {type(value).__name__} such as {value!r:.80}")
    else:
        yield "["
        for place, item in enumerate(value):
            if place:
                yield ","
            yield from _parts(item)
        yield "]"


def _ordered(value: Mapping[str, Any]) -> list[str]:
    """The keys as a JavaScript object has them: array indexes ascending, then the others as they came."""
    for key in value:
        if not isinstance(key, str):
            raise ValueError(f"an object has texts for keys, and not {key!r:.80}")
    indexes = [key for key in value if _INDEX.fullmatch(key) and int(key) <= _MOST_INDEX]
    if not indexes:
        return list(value)
    first = set(indexes)
    return [*sorted(indexes, key=int), *(key for key in value if key not in first)]


def _text(value: str) -> str:
    """Half a character is written as its escape; two halves that meet are one."""
    if _SURROGATE.search(value):
        value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    shown = json.dumps(value, ensure_ascii=False)
    return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", shown)


def number(value: float) -> str:
    """A number as JavaScript prints it (`Number::toString` of ECMA-262); null for one that JSON cannot hold."""
    if isinstance(value, int) and -_SAFE <= value <= _SAFE:
        return str(value)
    try:
        double = float(value)
    except OverflowError:
        return "null"
    if not math.isfinite(double):
        return "null"
    if double == 0:
        return "0"
    mantissa, _, exponent = repr(abs(double)).partition("e")  # the shortest digits that give the same double
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    return ("-" if double < 0 else "") + _placed(digits.rstrip("0"), point)


def _placed(digits: str, point: int) -> str:
    """`digits` with the decimal point after the first `point` of them."""
    if len(digits) <= point <= _MOST_PLAIN:
        return digits + "0" * (point - len(digits))
    if 0 < point <= _MOST_PLAIN:
        return f"{digits[:point]}.{digits[point:]}"
    if -_MOST_ZEROS < point <= 0:
        return f"0.{'0' * -point}{digits}"
    power = point - 1
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{'+' if power > 0 else '-'}{abs(power)}"
