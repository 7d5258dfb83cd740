"""The clock of a test's mock: tokens expire, quotas roll over and webhooks are sent again as it moves."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mockserver.exceptions import UsageError
from mockserver.state.clock import format_time, parse_duration
from mockserver.testing.options import read_moment

if TYPE_CHECKING:
    from mockserver.engine.engine import Engine
    from mockserver.testing.mock_api import MockApi


class ClockView:
    """The one clock of a world: APIs that were started with the same options share it."""

    def __init__(self, mock: MockApi) -> None:
        self._mock = mock

    @property
    def _engine(self) -> Engine:
        return self._mock.engine

    @property
    def now(self) -> datetime:
        """The present moment, aware and in UTC."""
        return self._engine.clock.now()

    @property
    def frozen(self) -> bool:
        """Whether time stands still until it is moved."""
        return self._engine.clock.frozen

    def advance(
        self,
        by: float | timedelta | str | None = None,
        *,
        weeks: float = 0,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> datetime:
        """Move forward, by 60 (seconds), `hours=1`, a timedelta or `PT1H`; what falls due on the way happens at its own
        moment, in order. Gives the new moment. Raises UsageError."""
        parts = {"weeks": weeks, "days": days, "hours": hours, "minutes": minutes, "seconds": seconds}
        for name, value in parts.items():
            if not _is_number(value):
                raise UsageError(f"{name} must be a number, not {value!r:.80}")
        try:
            amount = timedelta(**parts) + _amount(by)
            if amount < timedelta(0):
                raise UsageError(f"the clock only advances, and the amount is {amount}", "use set to go back")
            self._engine.advance(amount)
        except OverflowError:
            raise UsageError("the clock goes from year 1 to year 9999: that is beyond it") from None
        except ValueError as error:
            raise UsageError(str(error)) from None
        return self.now

    def sleep(self, seconds: float) -> None:
        """For a client, in the place of `time.sleep`: the clock moves instead, whether it stands or runs, and nobody
        waits. Raises UsageError."""
        if not _is_number(seconds) or seconds < 0:
            raise UsageError(f"sleep takes seconds, a number from 0, not {seconds!r:.80}")
        self.advance(seconds)

    async def async_sleep(self, seconds: float) -> None:
        """For a client, in the place of `asyncio.sleep`. Those who sleep at once do so together: the clock moves by the
        longest, not by the sum. Raises UsageError."""
        import asyncio  # not before somebody needs it

        if not _is_number(seconds) or seconds < 0:
            raise UsageError(f"async_sleep takes seconds, a number from 0, not {seconds!r:.80}")
        began = self._engine.clock.timestamp()
        await asyncio.sleep(0)  # whoever is about to sleep as well has the same beginning
        left = began + seconds - self._engine.clock.timestamp()
        if left > 0:
            self.advance(left)

    def set(self, moment: datetime | str) -> datetime:
        """Jump to a moment (with a time zone, or RFC 3339 text); what is due by then happens. Raises UsageError."""
        self._engine.set_clock(read_moment("the clock", moment))
        return self.now

    def freeze(self, at: datetime | str | None = None) -> datetime:
        """Let time stand still, now or `at` a moment. Gives the moment."""
        if at is not None:
            self.set(at)
        self._engine.freeze()
        return self.now

    def run(self) -> None:
        """Let time run on from where it stands."""
        self._engine.freeze(False)

    def __repr__(self) -> str:
        return f"<clock at {format_time(self.now, 3)}{', frozen' if self.frozen else ''}>"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _amount(by: Any) -> timedelta:
    if by is None:
        return timedelta(0)
    if isinstance(by, timedelta):
        return by
    if isinstance(by, str):
        return parse_duration(by)
    if _is_number(by):
        return timedelta(seconds=by)
    hint = "seconds as a number, a timedelta, text such as 'PT1H', or minutes=5"
    raise UsageError(f"the clock cannot advance by {by!r:.80}", hint)
