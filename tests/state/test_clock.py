from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from mockserver.state.clock import (
    Clock,
    Stopwatch,
    format_duration,
    format_time,
    is_time,
    parse_duration,
    parse_time,
    shift_times,
)

START = datetime(2025, 1, 15, 12, tzinfo=UTC)
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(
    datetime(2, 1, 1),  # noqa: DTZ001  # Hypothesis wants bounds without a zone
    datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=OFFSETS,
)
AMOUNTS = st.timedeltas(timedelta(days=-3_000_000), timedelta(days=3_000_000))


@st.composite
def time_texts(draw: st.DrawFn) -> str:
    """RFC 3339 in every shape: any offset, z or Z, t or T, no fraction or one of any length."""
    moment = draw(MOMENTS)
    fraction = draw(st.just("") | st.from_regex(r"\A\.[0-9]{1,12}\Z"))
    offset = draw(st.sampled_from(["Z", "z", "+00:00", "-00:00", "+05:30", "-11:45"]))
    separator = draw(st.sampled_from("Tt"))
    return f"{moment.isoformat()[:10]}{separator}{moment.isoformat()[11:19]}{fraction}{offset}"


class TestFrozen:
    def test_it_stands_still_until_it_is_moved(self) -> None:
        clock = Clock(START)
        assert (clock.frozen, clock.now()) == (True, START)
        clock.advance(timedelta(hours=1))
        assert clock.now() == START + timedelta(hours=1)
        clock.set(START - timedelta(days=400))
        assert clock.now() == START - timedelta(days=400)
        clock.reset()
        assert (clock.now(), clock.timestamp()) == (START, START.timestamp())

    @pytest.mark.parametrize("start", [START, None])
    def test_it_never_goes_back_by_advancing(self, start: datetime | None) -> None:
        clock = Clock(start)
        before = clock.now()
        with pytest.raises(ValueError, match="only advances"):
            clock.advance(timedelta(seconds=-1))
        assert timedelta(0) <= clock.now() - before < timedelta(minutes=1)

    @pytest.mark.parametrize("start", [START, None])
    def test_past_the_last_year_it_stays_where_it_was(self, start: datetime | None) -> None:
        clock = Clock(start)
        before = clock.now()
        with pytest.raises(OverflowError):
            clock.advance(timedelta(days=365 * 8_500))
        assert timedelta(0) <= clock.now() - before < timedelta(minutes=1)


class TestRunning:
    def test_it_follows_the_machine(self) -> None:
        clock = Clock()
        assert not clock.frozen
        before = time.time()
        assert before <= clock.timestamp() <= time.time()

    def test_set_and_advanced_it_runs_on_from_there(self) -> None:
        clock = Clock()
        clock.set(START)
        clock.advance(timedelta(hours=1))
        first, second = clock.now(), clock.now()
        assert START + timedelta(hours=1) <= first <= second < START + timedelta(hours=1, minutes=1)

    def test_frozen_and_let_go(self) -> None:
        clock = Clock()
        clock.set(START)
        clock.freeze()
        held = clock.timestamp()
        assert clock.frozen
        assert clock.timestamp() == held
        clock.freeze(False)
        assert held <= clock.timestamp() < held + 60
        clock.reset()
        assert abs(clock.timestamp() - time.time()) < 60

    def test_the_stopwatch_ignores_the_clock(self) -> None:
        assert Stopwatch.read() <= Stopwatch.read()


@given(AMOUNTS)
@example(timedelta(0))
@example(timedelta(microseconds=1))
@example(timedelta(seconds=-60, microseconds=-1))
@example(timedelta.max)
def test_a_duration_written_and_read_is_the_same(amount: timedelta) -> None:
    text = format_duration(amount)
    assert parse_duration(text) == amount
    assert "T" not in text[-1:]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("PT1H30M", timedelta(hours=1, minutes=30)),
        ("P2DT5S", timedelta(days=2, seconds=5)),
        ("P1W", timedelta(weeks=1)),
        ("PT0.5S", timedelta(milliseconds=500)),
        ("-PT1M", timedelta(minutes=-1)),
        ("+PT0S", timedelta(0)),
    ],
)
def test_durations(text: str, amount: timedelta) -> None:
    assert parse_duration(text) == amount


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1DT", "1H", "PT1", "1M", "PT1Y", "PT1H30", "P-1D", "PT1H ", "PT1H\n", "P٣D", f"P{'9' * 400}D"],
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"ISO 8601|longer than"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["P1M", "P1Y", "P1Y2M10DT2H30M", "-P1M", "P0.5Y", "P3M1D"])
def test_months_and_years_have_no_length(text: str) -> None:
    with pytest.raises(ValueError, match=r"^'.*' is no length of time: months and years have no fixed length$"):
        parse_duration(text)


@given(MOMENTS)
def test_a_moment_written_and_read_is_the_same(moment: datetime) -> None:
    assert parse_time(format_time(moment, 6)) == moment
    assert parse_time(format_time(moment)) == moment.replace(microsecond=0)
    assert parse_time(format_time(moment)).tzinfo is UTC


@given(MOMENTS, st.integers(1, 12))
def test_as_many_digits_as_asked_for(moment: datetime, digits: int) -> None:
    text = format_time(moment, digits)
    assert len(text) == len("2025-01-15T12:00:00.Z") + digits
    assert is_time(text)


@given(st.text(max_size=40) | st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(Z|[+-][0-9]{2}:[0-9]{2})\Z"))
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        assert parse_time(text).tzinfo is UTC
    except ValueError as error:
        assert repr(text) in str(error)  # noqa: PT017  # both outcomes are right


def test_a_leap_second_is_the_moment_that_follows() -> None:
    assert parse_time("2016-12-31T23:59:60Z") == datetime(2017, 1, 1, tzinfo=UTC)
    assert parse_time("2017-01-01T05:29:60.25+05:30") == datetime(2017, 1, 1, 0, 0, 0, 250_000, UTC)
    for other in ("2025-01-20T10:00:60Z", "2025-01-20T23:59:60Z", "2016-12-31T23:59:60+01:00"):
        with pytest.raises(ValueError, match="is no moment"):
            parse_time(other)


@given(time_texts(), AMOUNTS)
def test_a_time_that_is_moved_keeps_its_shape(text: str, by: timedelta) -> None:
    moved = shift_times(text, by)
    assert isinstance(moved, str)
    assert re.sub(r"\d", "0", moved) == re.sub(r"\d", "0", text)
    assert _offset(moved) == _offset(text)


def _offset(text: str) -> str:
    return re.sub(r"^.{19}(\.\d+)?", "", text)


@given(time_texts(), st.timedeltas(timedelta(days=-300), timedelta(days=300)))
def test_a_time_is_moved_by_the_amount(text: str, by: timedelta) -> None:
    assume("0003" < text[:4] < "9997")
    whole = timedelta(days=by.days, seconds=by.seconds)
    moved = shift_times(text, whole)
    assert isinstance(moved, str)
    assert parse_time(moved) - parse_time(text) == whole
    assert shift_times(moved, -whole) == shift_times(text, timedelta(0))


@pytest.mark.parametrize(
    "value",
    ["2025-13-45T99:99:99Z", "2016-12-31T23:59:60Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "2025-01-15"],
)
def test_what_cannot_be_moved_stays(value: str) -> None:
    """`9999-12-31` is how some services write "never"."""
    assert shift_times(value, timedelta(days=1)) == value


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | time_texts(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_times_are_found_wherever_they_stand(value: Any) -> None:
    by = timedelta(days=1)

    def expected(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: expected(item) for key, item in node.items()}
        if isinstance(node, list):
            return [expected(item) for item in node]
        return shift_times(node, by)

    assert shift_times(value, by) == expected(value)
    assert shift_times({"at": [value, {"deep": "2025-01-15T12:00:00Z"}]}, by) == {
        "at": [expected(value), {"deep": "2025-01-16T12:00:00Z"}]
    }


def test_a_clock_that_runs_past_the_last_year_stands_there() -> None:
    clock = Clock()
    clock.set(datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC))
    clock._shift += 10.0  # as if ten seconds had gone by
    assert clock.now().year == 9999


def test_threads_that_advance_at_once_lose_no_step() -> None:
    clock = Clock(datetime(2025, 1, 15, 12, tzinfo=UTC))

    def advance(_: int) -> None:
        for _ in range(500):
            clock.advance(timedelta(seconds=1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(advance, range(8)))
    assert clock.now() == datetime(2025, 1, 15, 12, tzinfo=UTC) + timedelta(seconds=4_000)
