"""Seeded values: ids, keys, sample data. The same seed and the same number of draws give the same values.

Each draw is a keyed hash of its number, so the whole state of the generator is one integer: it is part of the state of
a namespace, goes back with a failed transaction, and is kept by a snapshot.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_TRIES = 20
_SPARE_BITS = 40  # how much larger than a draw the pool must be for the draw to be even
_DIGITS_AT_ONCE = 60
_LONGEST = 10_000
_ALPHANUMERIC = _LETTERS.upper() + _LETTERS + "0123456789"


class Draws:
    """Draws number `count`, `count + 1`, … of the generator named by `seed`.

    What is left of a digest serves the next small draws of the same instance, so that an id of a few digits does not
    cost a hash of its own.
    """

    __slots__ = ("_left", "_pool", "_seed", "count")

    def __init__(self, seed: str, count: int = 0) -> None:
        self._seed, self.count = seed, count
        self._pool, self._left = 0, 1  # a number below `_left`, all equally likely

    def _below(self, bound: int) -> int:
        """A whole number from 0 to `bound` - 1."""
        if self._left < bound << _SPARE_BITS:
            self._pool, self._left = self._number(), 1 << 256
        self._pool, drawn = divmod(self._pool, bound)
        self._left //= bound
        return drawn

    def _number(self) -> int:
        self.count += 1
        digest = hashlib.blake2b(f"{self._seed}:{self.count}".encode(), digest_size=32).digest()
        return int.from_bytes(digest, "big")

    def _text(self, alphabet: str, length: int) -> str:
        if length > _LONGEST:
            raise ValueError(f"at most {_LONGEST} random characters can be drawn at once, not {length}")
        characters: list[str] = []
        while len(characters) < length:
            number = self._number()
            for _ in range(min(length - len(characters), 40)):
                number, index = divmod(number, len(alphabet))
                characters.append(alphabet[index])
        return "".join(characters)

    def digits(self, length: int) -> str:
        """`length` decimal digits as text; the first is not 0, so that the text also reads as a number."""
        if length < 1:
            return ""
        if length > _DIGITS_AT_ONCE:
            return self.digits(_DIGITS_AT_ONCE) + self._text("0123456789", length - _DIGITS_AT_ONCE)
        least = 10 ** (length - 1)
        return str(least + self._below(9 * least))

    def hex(self, length: int) -> str:
        """`length` lower-case hexadecimal digits."""
        return self._text("0123456789abcdef", length)

    def letters(self, length: int) -> str:
        """`length` lower-case letters."""
        return self._text(_LETTERS, length)

    def alphanumeric(self, length: int) -> str:
        """`length` letters of both cases and digits."""
        return self._text(_ALPHANUMERIC, length)

    def uuid(self) -> str:
        """A version 4 UUID (RFC 9562) in its text form."""
        digits = f"{self._number() & ((1 << 128) - 1):032x}"
        variant = "89ab"[int(digits[16], 16) % 4]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        if high < low:
            raise ValueError(f"integer({low}, {high}): the upper bound is below the lower")
        return low + self._below(high - low + 1)

    def matching(self, pattern: str, least: int = 0, most: int | None = None) -> str:
        """A text that matches a regular expression and, where a few tries allow, has `least` to `most` characters.

        Raises ValueError for a pattern of which none can be made, as one that Python does not know.
        """
        import random  # here and not above: few specs have patterns without examples

        from rstr import Rstr

        source = Rstr(random.Random(self._number()))  # sample data, not secrets
        text = ""
        for _ in range(_TRIES):
            try:
                text = source.xeger(pattern)
            except (re.error, ValueError, LookupError, OverflowError) as error:  # what rstr lets through
                raise ValueError(f"no text can be made for the pattern {pattern!r:.80}: {error}") from None
            if len(text) >= least and (most is None or len(text) <= most):
                break
        return text

    def pick(self, values: Sequence[Any]) -> Any:
        """One of `values`; None when there are none."""
        items = list(values)
        return items[self._below(len(items))] if items else None
