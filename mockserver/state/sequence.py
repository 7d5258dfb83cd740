"""A persistent sorted sequence: adding or removing gives a new one that shares nearly everything with the old.

Entries are kept in chunks of a few hundred, the chunks in one tuple. A change copies one chunk and the tuple of chunks,
so it costs microseconds with 100,000 entries, and any older version stays as it was: that is what makes snapshots,
transactions and reads without a lock free.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

#: An entry is a tuple that sorts by itself; its first elements decide, and are unique within a sequence.
Entry = tuple[Any, ...]

_CHUNK = 128


class SortedSequence:
    """An immutable sequence of entries in ascending order."""

    __slots__ = ("_chunks", "_firsts", "_length")

    #: The chunks, none empty, and the first entry of each. Never changed in place: another version may hold them.
    _chunks: list[list[Entry]]
    _firsts: list[Entry]
    _length: int

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        """Build from entries in any order."""
        ordered = sorted(entries)
        self._chunks = [ordered[at : at + _CHUNK] for at in range(0, len(ordered), _CHUNK)]
        self._firsts = [chunk[0] for chunk in self._chunks]
        self._length = len(ordered)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Entry]:
        return chain.from_iterable(self._chunks)

    def __reversed__(self) -> Iterator[Entry]:
        return chain.from_iterable(reversed(chunk) for chunk in reversed(self._chunks))

    def _with_chunk(self, at: int, replacement: list[list[Entry]], growth: int) -> SortedSequence:
        changed = SortedSequence.__new__(SortedSequence)
        chunks = self._chunks.copy()
        chunks[at : at + 1] = replacement
        changed._chunks = chunks
        if len(replacement) == 1 and replacement[0][0] is self._firsts[at]:
            changed._firsts = self._firsts  # the usual case: nothing came before the first of its chunk
        else:
            firsts = self._firsts.copy()
            firsts[at : at + 1] = [chunk[0] for chunk in replacement]
            changed._firsts = firsts
        changed._length = self._length + growth
        return changed

    def with_entry(self, entry: Entry) -> SortedSequence:
        """This sequence and `entry`, which must not be in it yet."""
        if not self._chunks:
            return SortedSequence([entry])
        last = len(self._chunks) - 1
        if self._chunks[last][-1] < entry:  # the usual case: what is new comes last
            at, chunk = last, [*self._chunks[last], entry]
        else:
            at = max(bisect_right(self._firsts, entry) - 1, 0)
            chunk = self._chunks[at].copy()
            insort(chunk, entry)
        if len(chunk) <= 2 * _CHUNK:
            return self._with_chunk(at, [chunk], 1)
        return self._with_chunk(at, [chunk[:_CHUNK], chunk[_CHUNK:]], 1)

    def without_entry(self, entry: Entry) -> SortedSequence:
        """This sequence without `entry`; the same object when it is not in it."""
        at = bisect_right(self._firsts, entry) - 1
        if at < 0:
            return self
        chunk = self._chunks[at]
        place = bisect_left(chunk, entry)
        if place == len(chunk) or chunk[place] != entry:
            return self
        chunk = chunk.copy()
        del chunk[place]
        return self._with_chunk(at, [chunk] if chunk else [], -1)

    def _position(self, entry: Entry) -> tuple[int, int]:
        """The chunk and the place in it before which `entry` would stand."""
        at = max(bisect_right(self._firsts, entry) - 1, 0)
        return at, bisect_left(self._chunks[at], entry)

    def between(self, low: Entry, high: Entry) -> Iterator[Entry]:
        """The entries with low <= entry < high."""
        if not self._chunks:
            return
        (first, start), (last, end) = self._position(low), self._position(high)
        for at in range(first, last + 1):
            chunk = self._chunks[at]
            yield from chunk[start if at == first else 0 : end if at == last else len(chunk)]

    def count_between(self, low: Entry, high: Entry) -> int:
        """How many entries `between` would give, without visiting them."""
        if not self._chunks:
            return 0
        (first, start), (last, end) = self._position(low), self._position(high)
        return sum([len(chunk) for chunk in self._chunks[first:last]]) - start + end

    def first(self) -> Entry | None:
        """The smallest entry, or None when there is none."""
        return self._firsts[0] if self._firsts else None
