"""Records in an order, by position: where each stands is found, and nothing is listed before it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice, pairwise
from typing import Any

from mockserver.state.indexes import canonical, entry_of, keys_in, sort_entries
from mockserver.state.records import Order, Record
from mockserver.state.sequence import Entry, SortedSequence

#: A part of a sequence: the positions from the first number on and before the second.
Run = tuple[SortedSequence, int, int]


class Ordered:
    """An immutable list of records, sorted. Equal ones stand in order of creation; the other way round where the last
    field of the order descends, so that `-field` is exactly `field` backwards."""

    __slots__ = ("_backwards", "_length", "_order", "_runs")

    def __init__(self, order: Order, runs: Iterable[Run]) -> None:
        """`runs` have no entry in common and are in the canonical form of `order`."""
        self._order, self._backwards = canonical(order)
        self._runs = [run for run in runs if run[1] < run[2]]
        self._length = sum(high - low for _, low, high in self._runs)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Any]:
        return iter(self.slice(0, self._length))

    def slice(self, start: int, stop: int) -> list[Any]:
        """What stands from position `start` on and before `stop`; less where there is less."""
        start, stop = max(start, 0), min(stop, self._length)
        if start >= stop:
            return []
        if self._backwards:
            start, stop = self._length - stop, self._length - start
        found = [entry[-1] for entry in self._entries(start, stop)]
        if self._backwards:
            found.reverse()
        return found

    def _entries(self, start: int, stop: int) -> Iterable[Entry]:
        """The entries by position, forwards."""
        if len(self._runs) == 1:
            ((sequence, low, _),) = self._runs
            return sequence.slice(low + start, low + stop)
        parts = [
            sequence.slice(at, min(high, at + stop - start))
            for (sequence, _, high), at in zip(self._runs, self._split(start), strict=True)
        ]
        return islice(merge(*parts), stop - start)

    def _split(self, count: int) -> list[int]:
        """Where in each run the first `count` of all entries end: halves the widest doubt until there is none."""
        least = [low for _, low, _ in self._runs]
        most = [high for _, _, high in self._runs]
        while True:
            widest = max(range(len(least)), key=lambda at: most[at] - least[at])
            if most[widest] == least[widest]:
                return least
            middle = (least[widest] + most[widest]) // 2
            (pivot,) = self._runs[widest][0].slice(middle, middle + 1)
            ranks = [min(max(sequence.rank(pivot), low), high) for sequence, low, high in self._runs]
            before = sum(rank - low for rank, (_, low, _) in zip(ranks, self._runs, strict=True))
            if before < count:  # the pivot is one of them
                least = [max(old, rank) for old, rank in zip(least, ranks, strict=True)]
                least[widest] = middle + 1
            else:
                most = [min(old, rank) for old, rank in zip(most, ranks, strict=True)]

    def place(self, at: int) -> tuple[list[Any], int]:
        """What names the place at a position, also when something else has come to stand there: the values of the
        fields of the order, and the number. Raises IndexError when there is no such position."""
        if not 0 <= at < self._length:
            raise IndexError(f"there is no position {at} among {self._length}")
        position = self._length - 1 - at if self._backwards else at
        (entry,) = self._entries(position, position + 1)
        item = entry[-1] if isinstance(entry[-1], Mapping) else {}
        return [item.get(name) for name, _ in self._order], entry[-2]

    def before(self, values: Sequence[Any], number: int) -> int:
        """How many stand before a place."""
        return self._length - self._rank(values, number + 1) if self._backwards else self._rank(values, number)

    def after(self, values: Sequence[Any], number: int) -> int:
        """How many stand before a place or at it: the position where what comes after it begins."""
        return self._length - self._rank(values, number) if self._backwards else self._rank(values, number + 1)

    def _rank(self, values: Sequence[Any], number: int) -> int:
        """How many entries are less than a place."""
        keys = keys_in(zip(values, (descending for _, descending in self._order), strict=True))
        bound = (*keys, number)
        return sum(min(max(sequence.rank(bound), low), high) - low for sequence, low, high in self._runs)


def in_order(items: Iterable[Any], order: Order) -> Ordered:
    """A list sorted: equal items stay as they stood, the other way round where the last field of the order descends.

    Their numbers are those of the records when these are in order of creation, else the positions in the list.
    """
    items = list(items)
    numbers: Sequence[int] = [item.number if isinstance(item, Record) else -1 for item in items]
    if any(later <= earlier for earlier, later in pairwise(numbers)) or -1 in numbers:
        numbers = range(len(items))
    forwards, _ = canonical(order)
    entries = [_entry(forwards, item, number) for item, number in zip(items, numbers, strict=True)]
    sort_entries(entries, forwards)
    return Ordered(order, [whole(entries)])


def whole(entries: Iterable[Entry]) -> Run:
    """All of some entries."""
    sequence = entries if isinstance(entries, SortedSequence) else SortedSequence(entries)
    return sequence, 0, len(sequence)


def _entry(order: Order, item: Any, number: int) -> Entry:
    if isinstance(item, Mapping):
        return entry_of(order, item, number)
    return (*keys_in([(None, descending) for _, descending in order]), number, item)
