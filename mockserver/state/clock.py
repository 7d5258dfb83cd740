"""The one clock. Real by default; it can be set, advanced and frozen, and everything timed follows it."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime, timedelta

_DURATION = re.compile(
    r"(?P<sign>[-+])?P(?:(?P<weeks>\d+(?:\.\d+)?)W)?(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_BY_CALENDAR = re.compile(r"[-+]?P[^T]*\d[YM].*", re.ASCII)
_DATE_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})([Tt])(\d{2}:\d{2}:\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_SHORTEST = len("2025-01-15T10:30:00Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


class Clock:
    """Tells the time, aware and in UTC.

    A clock with a `start` begins frozen at that moment; one without follows the machine's clock, shifted by whatever
    it was set or advanced by.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Back to how the clock began."""
        with self._lock:
            self._shift = 0.0
            self._frozen_at = None if self._start is None else self._start.timestamp()

    @property
    def frozen(self) -> bool:
        """Whether time stands still until it is advanced."""
        return self._frozen_at is not None

    def timestamp(self) -> float:
        """Seconds since the epoch."""
        frozen = self._frozen_at
        return time.time() + self._shift if frozen is None else frozen

    def now(self) -> datetime:
        """The present moment."""
        try:
            return datetime.fromtimestamp(self.timestamp(), UTC)
        except (ValueError, OverflowError):  # it was set close to the end of the calendar and ran on
            return _LAST

    def advance(self, by: timedelta) -> None:
        """Move forward. Raises ValueError for a negative amount, OverflowError past the year 9999."""
        seconds = by.total_seconds()
        if seconds < 0:
            raise ValueError("the clock only advances: the amount is negative; use set to go back")
        with self._lock:
            self._move(self.timestamp() + seconds)

    def set(self, moment: datetime) -> None:
        """Jump to `moment` (aware)."""
        with self._lock:
            self._move(moment.timestamp())

    def _move(self, target: float) -> None:
        _EPOCH + timedelta(seconds=target)  # OverflowError here rather than at the next request
        if self._frozen_at is None:
            self._shift = target - time.time()
        else:
            self._frozen_at = target

    def freeze(self, frozen: bool = True) -> None:
        """Stop the clock where it is, or let it run on from there."""
        with self._lock:
            now = self.timestamp()
            self._shift = now - time.time()  # first: who reads the time meanwhile must not see the old one
            self._frozen_at = now if frozen else None


class Stopwatch:
    """Measures real time, whatever the clock says: for durations in the journal."""

    @staticmethod
    def read() -> float:
        """Seconds from an arbitrary start."""
        return time.perf_counter()


def parse_duration(text: str) -> timedelta:
    """An ISO 8601 duration of weeks, days, hours, minutes and seconds. Raises ValueError, also for years and months,
    whose length depends on the calendar."""
    if _BY_CALENDAR.fullmatch(text):
        raise ValueError(f"{text!r} is no length of time: months and years have no fixed length")
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.group(unit) for unit in ("weeks", "days", "hours", "minutes", "seconds")):
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as PT1H30M")
    parts = {unit: float(number) for unit, number in match.groupdict().items() if unit != "sign" and number}
    try:
        amount = timedelta(**parts)
    except OverflowError:
        raise ValueError(f"{text!r} is longer than can be reckoned with") from None
    return -amount if match.group("sign") == "-" else amount


def format_duration(amount: timedelta) -> str:
    """The canonical ISO 8601 text: PT1H30M, P2DT5S, PT0S."""
    sign = "-" if amount < timedelta(0) else ""
    amount = abs(amount)
    minutes, seconds = divmod(amount.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f"{amount.microseconds / 1_000_000:.6f}".rstrip("0").lstrip("0") if amount.microseconds else ""
    second_text = f"{seconds}{fraction if fraction != '.' else ''}S" if seconds or fraction else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "") + second_text
    day = f"{amount.days}D" if amount.days else ""
    return f"{sign}P{day}{'T' + clock if clock else ''}" if day or clock else "PT0S"


def is_time(text: str) -> bool:
    """Whether `text` looks like an RFC 3339 date-time."""
    return len(text) >= _SHORTEST and text[10] in "Tt" and _DATE_TIME.fullmatch(text) is not None


def parse_time(text: str) -> datetime:
    """An RFC 3339 date-time with its offset, as an aware moment in UTC. Raises ValueError."""
    if not is_time(text):
        raise ValueError(f"{text!r} is not an RFC 3339 date-time such as 2025-01-15T10:30:00Z")
    try:
        if text[17:19] == "60":  # a leap second, which Python's calendar does not have: the moment that follows
            moment = datetime.fromisoformat(f"{text[:17]}59{text[19:]}".upper()).astimezone(UTC) + timedelta(seconds=1)
            if (moment.day, moment.hour, moment.minute) != (1, 0, 0):
                raise ValueError("no minute but the last of a month in UTC has a second 60")
        else:
            moment = datetime.fromisoformat(text.upper())
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no moment between the years 1 and 9999") from None


def format_time(moment: datetime, fraction: int = 0) -> str:
    """RFC 3339 in UTC, ending in Z, with `fraction` digits after the second (cut, not rounded)."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    if not fraction:  # every record that is made has such a time: this form is the fastest
        parts = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
        return "%04d-%02d-%02dT%02d:%02d:%02dZ" % parts  # noqa: UP031
    text = moment.isoformat(timespec="microseconds")
    return f"{text[:20]}{text[20:26].ljust(fraction, '0')[:fraction]}Z"


def shift_times(value: object, by: timedelta) -> object:
    """The same JSON value with every RFC 3339 date-time in it moved by `by`, written as it was: same
    offset, as many digits of fraction. What no calendar has, or what would leave the years 1 to 9999 (some services
    write 9999-12-31 for "never"), stays as it is."""
    if isinstance(value, str):
        return _shift_time(value, by) if is_time(value) else value
    if isinstance(value, dict):
        return {key: shift_times(item, by) for key, item in value.items()}
    if isinstance(value, list):
        return [shift_times(item, by) for item in value]
    return value


def _shift_time(text: str, by: timedelta) -> str:
    match = _DATE_TIME.fullmatch(text)
    assert match is not None  # asked only for a time
    _, separator, _, fraction, offset = match.groups()
    try:
        moved = (datetime.fromisoformat(text.upper()) + by).isoformat(timespec="microseconds")
    except (ValueError, OverflowError):
        return text
    digits = moved[19:26].ljust(len(fraction), "0")[: len(fraction)] if fraction else ""
    return f"{moved[:10]}{separator}{moved[11:19]}{digits}{offset}"
