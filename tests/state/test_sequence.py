"""`SortedSequence` against a plain sorted list: the same under every change, and older versions stay as they were."""

from __future__ import annotations

from bisect import bisect_left
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mockserver.state.sequence import SortedSequence

NUMBERS = st.integers(0, 40)
ENTRIES = st.tuples(NUMBERS, NUMBERS)


class AgainstAList(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.sequence = SortedSequence()
        self.model: list[tuple[int, int]] = []
        self.versions: list[tuple[SortedSequence, list[tuple[int, int]]]] = []

    @rule(entry=ENTRIES)
    def add(self, entry: tuple[int, int]) -> None:
        if entry not in self.model:
            self.versions.append((self.sequence, self.model))
            self.sequence = self.sequence.with_entry(entry)
            self.model = sorted([*self.model, entry])

    @rule(entries=st.lists(ENTRIES, unique=True, max_size=5))
    def extend(self, entries: list[tuple[int, int]]) -> None:
        new = [entry for entry in entries if entry not in self.model]
        self.versions.append((self.sequence, self.model))
        self.sequence = self.sequence.extended(new)
        self.model = sorted([*self.model, *new])

    @rule(entry=ENTRIES)
    def remove(self, entry: tuple[int, int]) -> None:
        before = self.sequence
        self.versions.append((self.sequence, self.model))
        self.sequence = self.sequence.without_entry(entry)
        assert (self.sequence is before) == (entry not in self.model)
        self.model = [each for each in self.model if each != entry]

    @rule(low=ENTRIES, high=ENTRIES)
    def ask_between(self, low: tuple[int, int], high: tuple[int, int]) -> None:
        if low > high:
            low, high = high, low
        expected = [entry for entry in self.model if low <= entry < high]
        assert list(self.sequence.between(low, high)) == expected

    @invariant()
    def reads_like_the_list(self) -> None:
        assert list(self.sequence) == self.model
        assert len(self.sequence) == len(self.model)
        assert self.sequence.first() == (self.model[0] if self.model else None)
        assert self.sequence.last() == (self.model[-1] if self.model else None)

    def teardown(self) -> None:
        for sequence, model in self.versions:
            assert list(sequence) == model


TestAgainstAList = AgainstAList.TestCase


@pytest.mark.parametrize("seed", range(3))
def test_thousands_of_entries_over_many_chunks(seed: int) -> None:
    """Beyond one chunk: splits, emptied chunks, bounds on the seams."""
    random = Random(seed)
    model = sorted(random.sample(range(100_000), 3_000))
    sequence = SortedSequence((number,) for number in random.sample(model, len(model)))
    start, start_model = sequence, list(model)
    for _ in range(4_000):
        number = random.randrange(100_000) if random.random() < 0.5 or not model else random.choice(model)
        at = bisect_left(model, number)
        if at < len(model) and model[at] == number:
            del model[at]
            sequence = sequence.without_entry((number,))
        else:
            model.insert(at, number)
            sequence = sequence.with_entry((number,))
    assert [number for (number,) in sequence] == model
    for _ in range(300):
        low, high = sorted(random.choice((random.randrange(100_000), random.choice(model))) for _ in range(2))
        between = model[bisect_left(model, low) : bisect_left(model, high)]
        assert [number for (number,) in sequence.between((low,), (high,))] == between
    assert [number for (number,) in start] == start_model


@given(st.lists(NUMBERS, unique=True), st.randoms(use_true_random=False))
def test_emptied_in_any_order(numbers: list[int], random: Random) -> None:
    sequence = SortedSequence((number,) for number in numbers)
    random.shuffle(numbers)
    for number in numbers:
        sequence = sequence.without_entry((number,))
    assert not list(sequence)
    assert not list(sequence.between((0,), (50,)))
    assert (len(sequence), sequence.first()) == (0, None)


def test_ascending_growth_stays_searchable() -> None:
    """Records come in ascending order, which always fills the last chunk."""
    sequence = SortedSequence()
    for number in range(2_000):
        sequence = sequence.with_entry((number, f"record {number}"))
    assert [number for number, _ in sequence.between((700,), (703,))] == [700, 701, 702]
    assert len(list(sequence.between((0,), (2_000,)))) == 2_000
