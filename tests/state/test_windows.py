from __future__ import annotations

import sys
from threading import Barrier, Thread
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from mockserver.state import windows
from mockserver.state.windows import Full, Limit, Windows

FIXED, SLIDING = Limit("fixed", 2, 60), Limit("sliding", 2, 60, sliding=True)
#: Steps of time that meet the ends of windows, and quarters, which floats hold exactly.
STEPS = st.sampled_from([0.0, 0.0, 0.25, 1.0, 5.0, 9.75, 10.0, 10.25, 30.0])
LIMITS = st.builds(Limit, st.just("q"), st.integers(0, 5), st.sampled_from([0.5, 1.0, 10.0]), st.booleans())


def taken(limit: Limit, *moments: float) -> list[bool]:
    """Of calls at these moments, which were counted."""
    counts = Windows()
    return [counts.take([(limit, "k")], moment) is None for moment in moments]


class TestFixed:
    def test_it_begins_with_the_first_call(self) -> None:
        assert taken(FIXED, 50, 100, 105, 109.9, 110, 111, 112) == [True, True, False, False, True, True, False]

    def test_it_tells_when_it_opens(self) -> None:
        counts = Windows()
        for moment in (50, 100):
            counts.take([(FIXED, "k")], moment)
        assert counts.take([(FIXED, "k")], 101) == Full(FIXED, 110)


class TestSliding:
    def test_a_call_leaves_it_after_its_length(self) -> None:
        assert taken(SLIDING, 50, 100, 105, 109.9, 110, 111, 160) == [True, True, False, False, True, False, True]

    def test_it_tells_when_it_opens(self) -> None:
        counts = Windows()
        for moment in (50, 100):
            counts.take([(SLIDING, "k")], moment)
        assert counts.take([(SLIDING, "k")], 101) == Full(SLIDING, 110)


@given(LIMITS, st.lists(STEPS))
def test_no_window_ever_holds_more_than_the_limit(limit: Limit, steps: list[float]) -> None:
    counts, now, counted = Windows(), 0.0, list[float]()
    for step in steps:
        now += step
        if counts.take([(limit, "k")], now) is None:
            counted.append(now)
    if limit.sliding:
        for start in counted:
            assert sum(start <= moment < start + limit.length for moment in counted) <= limit.calls
    else:
        while counted:
            end = counted[0] + limit.length
            assert sum(moment < end for moment in counted) <= limit.calls
            counted = [moment for moment in counted if moment >= end]


class Naive(NamedTuple):
    """All calls that were ever counted, searched through."""

    limit: Limit
    calls: list[tuple[str, float]]

    def inside(self, key: str, at: float) -> list[float]:
        mine = [moment for who, moment in self.calls if who == key]
        if self.limit.sliding:
            return [moment for moment in mine if moment > at - self.limit.length]
        while mine and mine[0] <= at - self.limit.length:
            end = mine[0] + self.limit.length
            mine = [moment for moment in mine if moment >= end]
        return mine


class WindowsAgainstALog(RuleBasedStateMachine):
    """Two limits of different kinds, three keys, copies and a clock that goes on: as a naive log would have it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_736_942_400.0
        self.counts = Windows()
        self.models = [Naive(Limit("a", 3, 10.0), []), Naive(Limit("b", 4, 20.0, sliding=True), [])]

    @rule(step=STEPS)
    def wait(self, step: float) -> None:
        self.now += step

    @rule(keys=st.tuples(*[st.sampled_from("xyz")] * 2))
    def call(self, keys: tuple[str, str]) -> None:
        pairs = list(zip(self.models, keys, strict=True))
        opens = {
            model.limit: inside[0] + model.limit.length
            for model, key in pairs
            if len(inside := model.inside(key, self.now)) >= model.limit.calls
        }
        full = self.counts.take([(model.limit, key) for model, key in pairs], self.now)
        if full is None:
            assert not opens
            for model, key in pairs:
                model.calls.append((key, self.now))
        else:
            assert full.opens == opens[full.limit] == max(opens.values())

    @rule()
    def copy(self) -> None:
        old, self.counts = self.counts, self.counts.copy()
        for model in self.models:  # what befalls the original is nothing to the copy
            for _ in range(9):
                old.take([(model.limit, "x")], self.now)


TestWindowsAgainstALog = WindowsAgainstALog.TestCase


@pytest.mark.parametrize("limit", [FIXED, SLIDING])
class TestEachKind:
    def test_none_at_all(self, limit: Limit) -> None:
        counts = Windows()
        none = limit._replace(calls=0)
        assert counts.take([(none, "k")], 7) == Full(none, 67)

    def test_keys_are_apart(self, limit: Limit) -> None:
        counts = Windows()
        assert [counts.take([(limit, key)], 0) is None for key in "aabba"] == [True, True, True, True, False]

    def test_a_refused_call_counts_nowhere(self, limit: Limit) -> None:
        counts, wide = Windows(), limit._replace(name="wide", calls=3)
        for _ in range(5):
            counts.take([(wide, "k"), (limit, "k")], 0)
        assert counts.take([(wide, "k")], 0) is None
        assert counts.take([(wide, "k")], 0) == Full(wide, 60)

    def test_of_several_the_one_that_stays_full_for_longest_is_told(self, limit: Limit) -> None:
        counts, long = Windows(), limit._replace(name="long", length=3600)
        for _ in range(2):
            counts.take([(limit, "k"), (long, "k")], 0)
        assert counts.take([(limit, "k"), (long, "k")], 1) == Full(long, 3600)

    def test_a_moment_that_comes_a_little_late_neither_opens_nor_empties_a_window(self, limit: Limit) -> None:
        assert taken(limit, 100, 99.999, 99.998, 100.001) == [True, True, False, False]

    def test_a_clock_that_was_set_back_by_a_window_forgets(self, limit: Limit) -> None:
        assert taken(limit, 100, 100, 100, 40, 40, 40) == [True, True, False, True, True, False]

    def test_what_is_over_is_forgotten(self, limit: Limit) -> None:
        counts = Windows()
        for at in range(1000):
            counts.take([(limit, at)], at)
        assert len(counts) == 60

    def test_there_is_a_most_of_keys_and_the_oldest_go(self, limit: Limit, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(windows, "_MOST_KEYS", 10)
        counts = Windows()
        for key in range(25):
            counts.take([(limit, key)], 0)
        assert len(counts) == 10
        assert [counts.take([(limit, key)], 0) is None for key in (24, 24, 0, 0)] == [True, False, True, True]

    def test_threads_do_not_take_more_than_there_is(self, limit: Limit) -> None:
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)  # in the middle of everything
        try:
            assert self.taken_by_threads(limit) == 2000
        finally:
            sys.setswitchinterval(before)

    def taken_by_threads(self, limit: Limit) -> int:
        counts, many = Windows(), limit._replace(calls=2000)
        let_in, start = list[bool](), Barrier(8)

        def work() -> None:
            start.wait()
            let_in.extend([counts.take([(many, "k")], 0) is None for _ in range(500)])

        threads = [Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(let_in)


def test_there_is_a_most_of_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "_MOST_MOMENTS", 100)
    counts, wide = Windows(), SLIDING._replace(calls=1000)
    for at in range(50):
        counts.take([(wide, "old")], at / 100)
    counts = counts.copy()
    for at in range(60):
        counts.take([(wide, "new")], 1 + at / 100)
    assert len(counts) == 1


def test_equal_moments_are_held_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "_MOST_MOMENTS", 2)
    counts, wide = Windows(), SLIDING._replace(calls=1000)
    assert all(counts.take([(wide, "k")], 5) is None for _ in range(1000))
    assert counts.take([(wide, "k")], 6) == Full(wide, 65)


@pytest.mark.parametrize("limit", [FIXED, SLIDING])
def test_what_is_used_up_is_so_for_every_key_until_a_window_is_over(limit: Limit) -> None:
    counts = Windows()
    counts.take([(limit, "k")], 0)
    counts.use_up(limit, 10)
    twin = counts.copy()
    for each in (counts, twin):
        assert each.take([(limit, "k")], 10) == each.take([(limit, "new")], 69.75) == Full(limit, 70)
        assert each.take([(limit, "k")], 70) is each.take([(limit, "new")], 70) is None


@pytest.mark.parametrize("limit", [FIXED, SLIDING])
def test_it_is_forgotten_when_the_clock_is_set_back(limit: Limit) -> None:
    counts = Windows()
    counts.use_up(limit, 1000)
    assert counts.take([(limit, "k")], 900) is None
