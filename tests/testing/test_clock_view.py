"""The clock of a mock as tests and clients move it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from mockserver.exceptions import UsageError
from mockserver.state.clock import format_time
from mockserver.testing.mock_api import MockApi
from tests.testing.desks import START, desk


@pytest.fixture
def api() -> Iterator[MockApi]:
    with desk() as api:
        yield api


@pytest.mark.parametrize("by", [90, 90.0, timedelta(seconds=90), "PT1M30S"])
def test_it_advances_by_seconds_a_timedelta_or_text(api: MockApi, by: Any) -> None:
    assert format_time(api.clock.advance(by)) == "2025-01-15T12:01:30Z"
    assert format_time(api.clock.advance(by, minutes=1)) == "2025-01-15T12:04:00Z"


@pytest.mark.parametrize("by", [True, float("nan"), float("inf"), [1], -1, "60", "", {}, 10**400])
def test_anything_else_is_one_clear_error(api: MockApi, by: Any) -> None:
    with pytest.raises(UsageError, match=r"advance|ISO 8601|year 9999"):
        api.clock.advance(by)
    assert format_time(api.clock.now) == START


@pytest.mark.parametrize("hours", ["1", None, True, float("nan")])
def test_a_part_is_a_number(api: MockApi, hours: Any) -> None:
    with pytest.raises(UsageError, match="hours must be a number"):
        api.clock.advance(hours=hours)


@pytest.mark.parametrize("options", [{}, {"start": None}])
def test_a_client_that_sleeps_moves_it(options: dict[str, Any]) -> None:
    with desk(**options) as api:
        before = api.clock.now
        api.clock.sleep(3600)
        assert timedelta(hours=1) <= api.clock.now - before < timedelta(hours=1, minutes=1)
        assert api.clock.frozen is ("start" not in options)


def test_those_who_sleep_at_once_do_so_together(api: MockApi) -> None:
    async def scene() -> None:
        await asyncio.gather(*(api.clock.async_sleep(seconds) for seconds in (60, 60, 20)))
        await api.clock.async_sleep(0.5)

    asyncio.run(scene())
    assert format_time(api.clock.now, 1) == "2025-01-15T12:01:00.5Z"


@pytest.mark.parametrize("seconds", [-1, "1", None, True, float("nan")])
def test_what_is_no_length_of_time_is_not_slept(api: MockApi, seconds: Any) -> None:
    with pytest.raises(UsageError, match="sleep takes seconds"):
        api.clock.sleep(seconds)
    with pytest.raises(UsageError, match="async_sleep takes seconds"):
        asyncio.run(api.clock.async_sleep(seconds))
