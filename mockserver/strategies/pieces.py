"""Patterns that are a row of letters and classes, as texts made from bytes: one choice, not one for each letter."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from mockserver.strategies.drawing import Coded
from mockserver.strategies.patterns import readable

DISPUTED = "\x1c\x1d\x1e\x1f"  # space to some, not to others
_ORDER = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_ "
_ASCII = _ORDER + "".join(letter for letter in map(chr, range(128)) if letter not in _ORDER + DISPUTED)
_PIECE = re.compile(
    r"(?P<what>\[(?:\\.|[^\]\\\[])+\]|\\[dw]|\\[^A-Za-z0-9]|[^\\^$|?*+()\[\]{}])"
    r"(?:(?P<sign>[?*+])|\{(?P<low>\d+)(?P<comma>,?)(?P<high>\d*)\})?"
)
_SIGNS = {"?": (0, 1), "*": (0, None), "+": (1, None)}
_MORE = 8
_LONGEST = 400


class _Piece(NamedTuple):
    """From `low` to `high` of some letters, the simplest of which is the first."""

    letters: str
    low: int
    high: int


@lru_cache(1024)
def in_pieces(pattern: str) -> Coded[str] | None:
    """The texts of a pattern from `^` to `$`; None when it is not as simple as that."""
    if not (pattern.startswith("^") and pattern.endswith("$")):
        return None
    at, end = 1, len(pattern) - 1
    pieces: list[_Piece] = []
    while at < end:
        found = _PIECE.match(pattern, at, end)
        if found is None:
            return None
        at = found.end()
        low, high = _SIGNS.get(found["sign"], (1, 1))
        if found["low"]:
            low = int(found["low"])
            high = int(found["high"]) if found["high"] else None if found["comma"] else low
        high = low + _MORE if high is None else min(high, low + 4 * _MORE)
        letters = _letters(found["what"], pattern)
        if not letters or high < low:
            return None
        pieces.append(_Piece(letters, low, high))
    size = sum((piece.high if len(piece.letters) > 1 else 0) + (piece.low < piece.high) for piece in pieces)
    return Coded(size, size, lambda raw: _joined(pieces, raw)) if size <= _LONGEST else None


def _letters(what: str, pattern: str) -> str:
    if len(what) == 1 and what != ".":
        return what
    matching = readable(f"^{what}$")
    others = sorted({letter for letter in pattern if ord(letter) > 127})
    return "".join(letter for letter in (*_ASCII, *others) if letter not in "\r\n" and matching.match(letter))


def _joined(pieces: list[_Piece], raw: bytes) -> str:
    found: list[str] = []
    at = 0
    for letters, low, high in pieces:
        count = low
        if low < high:
            count += raw[at] % (high - low + 1)
            at += 1
        if len(letters) == 1:
            found.append(letters * count)
            continue
        found += [letters[each % len(letters)] for each in raw[at : at + count]]
        at += count
    return "".join(found)
