"""A persistent sorted sequence: adding or removing gives a new one that shares nearly everything with the old.

Entries are kept in chunks, and the newest at the end in a short tail. Adding at the end copies the tail alone; any
other change copies one chunk and the list of chunks. So a change costs microseconds with 100,000 entries, and every
older version stays as it was: that is what makes snapshots, transactions and reads without a lock free.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain
from typing import Any

#: An entry is a tuple that sorts by itself; its first elements decide, and are unique within a sequence.
Entry = tuple[Any, ...]

_CHUNK = 128
_FEW = 4  # so many times fewer new entries than old ones are put into their chunks one by one


class SortedSequence:
    """An immutable sequence of entries in ascending order."""

    __slots__ = ("_chunks", "_ends", "_firsts", "_length", "_tail")

    #: The chunks, none empty, the first entry of each, and what comes after all of them. None of these lists is ever
    #: changed in place: another version may hold it.
    _chunks: list[list[Entry]]
    _firsts: list[Entry]
    _tail: list[Entry]
    _length: int
    #: How many entries stand up to the end of each chunk; None until somebody asks by position.
    _ends: list[int] | None

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        """Build from entries in any order."""
        ordered = sorted(entries)
        self._chunks = [ordered[at : at + _CHUNK] for at in range(0, len(ordered), _CHUNK)]
        self._firsts = [chunk[0] for chunk in self._chunks]
        self._tail = []
        self._length = len(ordered)
        self._ends = None

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Entry]:
        return chain(chain.from_iterable(self._chunks), self._tail)

    def _made(self, chunks: list[list[Entry]], firsts: list[Entry], tail: list[Entry], length: int) -> SortedSequence:
        made = SortedSequence.__new__(SortedSequence)
        made._chunks, made._firsts, made._tail, made._length = chunks, firsts, tail, length
        made._ends = None
        return made

    def last(self) -> Entry | None:
        """The greatest entry, or None when there is none."""
        if self._tail:
            return self._tail[-1]
        return self._chunks[-1][-1] if self._chunks else None

    def _with_chunk(self, at: int, replacement: list[list[Entry]], growth: int) -> SortedSequence:
        chunks = self._chunks.copy()
        chunks[at : at + 1] = replacement
        firsts = self._firsts
        if len(replacement) != 1 or replacement[0][0] is not firsts[at]:
            firsts = firsts.copy()
            firsts[at : at + 1] = [chunk[0] for chunk in replacement]
        return self._made(chunks, firsts, self._tail, self._length + growth)

    def with_entry(self, entry: Entry) -> SortedSequence:
        """This sequence and `entry`, which must not be in it yet."""
        last = self.last()
        if last is None or last < entry:  # the usual case: what is new comes last
            tail = [*self._tail, entry]
            if len(tail) < _CHUNK:
                return self._made(self._chunks, self._firsts, tail, self._length + 1)
            return self._made([*self._chunks, tail], [*self._firsts, tail[0]], [], self._length + 1)
        if not self._chunks or (self._tail and self._chunks[-1][-1] < entry):
            tail = self._tail.copy()
            insort(tail, entry)
            return self._made(self._chunks, self._firsts, tail, self._length + 1)
        at = max(bisect_right(self._firsts, entry) - 1, 0)
        chunk = self._chunks[at].copy()
        insort(chunk, entry)
        if len(chunk) <= 2 * _CHUNK:
            return self._with_chunk(at, [chunk], 1)
        return self._with_chunk(at, [chunk[:_CHUNK], chunk[_CHUNK:]], 1)

    def extended(self, entries: Iterable[Entry]) -> SortedSequence:
        """This sequence and `entries`, in any order."""
        entries = sorted(entries)
        last = self.last()
        if last is not None and entries and entries[0] < last:
            if len(entries) * _FEW > self._length:
                return SortedSequence(chain(self, entries))
            return self._mixed(entries)
        tail = [*self._tail, *entries]
        whole = len(tail) - len(tail) % _CHUNK
        added = [tail[at : at + _CHUNK] for at in range(0, whole, _CHUNK)]
        chunks, firsts = [*self._chunks, *added], [*self._firsts, *(chunk[0] for chunk in added)]
        return self._made(chunks, firsts, tail[whole:], self._length + len(entries))

    def _mixed(self, entries: list[Entry]) -> SortedSequence:
        """This sequence and `entries` (in order, any place): each chunk that gets some is made once."""
        old = [*self._chunks, self._tail] if self._tail else self._chunks
        starts = [*self._firsts, self._tail[0]] if self._tail else self._firsts
        chunks: list[list[Entry]] = []
        copied = at = 0
        while at < len(entries):
            place = max(bisect_right(starts, entries[at]) - 1, 0)
            end = bisect_left(entries, starts[place + 1], at) if place + 1 < len(starts) else len(entries)
            chunk = sorted([*old[place], *entries[at:end]])
            chunks += old[copied:place]
            size = _CHUNK if len(chunk) > 2 * _CHUNK else len(chunk)
            chunks += [chunk[start : start + size] for start in range(0, len(chunk), size)]
            copied, at = place + 1, end
        chunks += old[copied:]
        return self._made(chunks, [chunk[0] for chunk in chunks], [], self._length + len(entries))

    def with_replaced(self, old: Entry, new: Entry) -> SortedSequence:
        """This sequence with `new` in the place of `old`, which is in it."""
        at, place = self._position(old)
        chunk = self._chunk(at)
        before = chunk[place - 1] if place else None
        after = chunk[place + 1] if place + 1 < len(chunk) else None
        if place == len(chunk) or before is None or after is None or not before < new < after:
            return self.without_entry(old).with_entry(new)
        chunk = chunk.copy()
        chunk[place] = new
        if at == len(self._chunks):
            return self._made(self._chunks, self._firsts, chunk, self._length)
        return self._with_chunk(at, [chunk], 0)

    def without_entry(self, entry: Entry) -> SortedSequence:
        """This sequence without `entry`; the same object when it is not in it."""
        at, place = self._position(entry)
        chunk = self._chunk(at)
        if place == len(chunk) or chunk[place] != entry:
            return self
        left = chunk.copy()
        del left[place]
        if at == len(self._chunks):
            return self._made(self._chunks, self._firsts, left, self._length - 1)
        return self._with_chunk(at, [left] if left else [], -1)

    def _chunk(self, at: int) -> list[Entry]:
        """The chunk at `at`; the tail stands after the last."""
        return self._chunks[at] if at < len(self._chunks) else self._tail

    def _position(self, entry: Entry) -> tuple[int, int]:
        """The chunk and the place in it before which `entry` would stand."""
        tail = self._tail
        if not self._chunks or (tail and tail[0] <= entry):
            return len(self._chunks), bisect_left(tail, entry)
        at = max(bisect_right(self._firsts, entry) - 1, 0)
        return at, bisect_left(self._chunks[at], entry)

    def rank(self, bound: Entry) -> int:
        """How many entries are less than `bound`."""
        at, place = self._position(bound)
        return (self._reached()[at - 1] if at else 0) + place

    def _reached(self) -> list[int]:
        """How many entries stand up to the end of each chunk."""
        if self._ends is None:
            self._ends = list(accumulate(map(len, self._chunks)))
        return self._ends

    def slice(self, start: int, stop: int) -> Iterator[Entry]:
        """The entries at the positions from `start` on and before `stop`, which are none below 0."""
        left = min(stop, self._length) - start
        if left <= 0:
            return
        ends = self._reached()
        at = bisect_right(ends, start)
        start -= ends[at - 1] if at else 0
        while left > 0:
            chunk = self._chunk(at)
            yield from chunk[start : start + left]
            left -= len(chunk) - start
            start, at = 0, at + 1

    def between(self, low: Entry, high: Entry) -> Iterator[Entry]:
        """The entries with low <= entry < high."""
        (first, start), (last, end) = self._position(low), self._position(high)
        for at in range(first, last + 1):
            chunk = self._chunk(at)
            yield from chunk[start if at == first else 0 : end if at == last else len(chunk)]

    def first(self) -> Entry | None:
        """The smallest entry, or None when there is none."""
        if self._firsts:
            return self._firsts[0]
        return self._tail[0] if self._tail else None
