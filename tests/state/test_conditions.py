"""What a range and a membership mean, each alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.state.conditions import above, at_least, at_most, below, between, bounded, has, matching

NUMBERS = st.integers(-3, 3) | st.floats(-3, 3, allow_nan=False)
TEXTS = st.text("aäZ~", max_size=2)
ANYTHING = NUMBERS | TEXTS | st.none() | st.booleans() | st.lists(NUMBERS, max_size=2)


def fits(condition: Any, value: Any) -> bool:
    return matching({"field": condition})({"field": value})


@pytest.mark.parametrize("same", [NUMBERS, TEXTS], ids=["numbers", "texts"])
def test_a_range_compares_as_values_of_one_kind_do(same: st.SearchStrategy[Any]) -> None:
    @given(same, same, same)
    def holds(value: Any, low: Any, high: Any) -> None:
        assert fits(below(high), value) == (value < high)
        assert fits(at_most(high), value) == (value <= high)
        assert fits(above(low), value) == (value > low)
        assert fits(at_least(low), value) == (value >= low)
        assert fits(between(low, high), value) == (low <= value < high)

    holds()


@given(NUMBERS, TEXTS, ANYTHING)
def test_what_is_of_another_kind_is_in_no_range(number: float, text: str, value: Any) -> None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    for condition in (below, at_most, above, at_least):
        assert is_number or not fits(condition(number), value)
        assert isinstance(value, str) or not fits(condition(text), value)
    assert is_number or not fits(between(number, number + 1), value)


@given(ANYTHING)
def test_null_is_no_bound_and_without_bounds_there_is_no_condition(value: Any) -> None:
    for condition in (below(None), at_most(None), above(None), at_least(None), between(None, None)):
        assert fits(condition, value)
        assert bounded({"a": 1, "b": condition}) == {"a": 1}
    assert fits(between(None, 2), value) == fits(below(2), value)
    assert fits(between(-1, None), value) == fits(at_least(-1), value)


def test_membership() -> None:
    assert fits(has("a"), ["b", "a"])
    assert fits(has(["x", "a"]), ["b", "a"])
    assert fits(has(None), [None])
    for item, value in (("a", "a"), ("a", None), ("a", ["b"]), ("a", []), ([], ["a"]), (1, [True]), (None, [])):
        assert not fits(has(item), value), (item, value)


def test_a_moment_stands_for_its_text() -> None:
    noon = datetime(2025, 1, 15, 12, tzinfo=UTC)
    assert fits(at_least(noon), "2025-01-15T12:00:00Z")
    assert not fits(below(noon), "2025-01-15T12:00:00Z")


@pytest.mark.parametrize("wrong", [True, [1], {"a": 1}, float("nan"), b"x"])
def test_no_bound(wrong: Any) -> None:
    for condition in (below, at_most, above, at_least):
        with pytest.raises(TypeError, match=rf"^{condition.__name__} takes a text, a number or a moment, not "):
            condition(wrong)


def test_bounds_that_bound_nothing() -> None:
    with pytest.raises(ValueError, match=r"^between\(1, 'a'\): a number and a text are the bounds of nothing$"):
        between(1, "a")
    with pytest.raises(TypeError, match=r"^above: an amount of time has no order as text; store seconds"):
        above(timedelta(hours=1))
