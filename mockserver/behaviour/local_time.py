"""Moments as the clock on a wall shows them: time zones of the IANA database, and texts by a pattern.

The names of months and days are English, whatever the machine speaks: the services that a spec describes are not where
the mock runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from mockserver.exceptions import did_you_mean

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DIRECTIVE = re.compile(r"%(-?)(:?.?)", re.DOTALL)
#: Numbers, each with the width to which zeros fill it; `%-d` leaves the zeros out.
_NUMBERS: Mapping[str, tuple[Callable[[datetime], int], int]] = {
    "Y": (lambda local: local.year, 4),
    "y": (lambda local: local.year % 100, 2),
    "m": (lambda local: local.month, 2),
    "d": (lambda local: local.day, 2),
    "j": (lambda local: local.timetuple().tm_yday, 3),
    "H": (lambda local: local.hour, 2),
    "I": (lambda local: local.hour % 12 or 12, 2),
    "M": (lambda local: local.minute, 2),
    "S": (lambda local: local.second, 2),
}
_TEXTS: Mapping[str, Callable[[datetime], str]] = {
    "B": lambda local: _MONTHS[local.month - 1],
    "b": lambda local: _MONTHS[local.month - 1][:3],
    "A": lambda local: _DAYS[local.weekday()],
    "a": lambda local: _DAYS[local.weekday()][:3],
    "p": lambda local: "AM" if local.hour < 12 else "PM",
    "Z": lambda local: local.tzname() or "",
    "z": lambda local: _signed(local, ""),
    ":z": lambda local: _signed(local, ":"),
    "%": lambda local: "%",
}


def is_zone(name: object) -> bool:
    """Whether the IANA database knows the time zone, written as it writes it."""
    return isinstance(name, str) and name in _known_zones()


def local(moment: datetime, zone: str) -> datetime:
    """The moment in a time zone. Raises ValueError for a zone that nobody knows, OverflowError where the time there is
    outside of the years 1 to 9999."""
    known = _known_zones()
    if zone not in known:
        raise ValueError(f"{zone!r:.80} is no time zone ({did_you_mean(str(zone), known, 'such as Europe/Berlin')})")
    try:
        return moment.astimezone(ZoneInfo(zone))
    except (OverflowError, ValueError):  # Python tells it with one or the other
        raise OverflowError(f"{moment.isoformat()} is outside of the years 1 to 9999 in {zone}") from None


def offset(moment: datetime, zone: str) -> timedelta:
    """What a time zone is ahead of UTC at a moment. Raises as `local` does."""
    return local(moment, zone).utcoffset() or timedelta(0)


def by_pattern(moment: datetime, pattern: str, zone: str) -> str:
    """The moment in a time zone as text. Raises ValueError for a directive that is not known, else as `local` does."""
    there = local(moment, zone)

    def shown(match: re.Match[str]) -> str:
        bare, name = match.groups()
        if name in _NUMBERS:
            number, width = _NUMBERS[name]
            return str(number(there)) if bare else f"{number(there):0{width}d}"
        if name in _TEXTS and not bare:
            return _TEXTS[name](there)
        known = " ".join(f"%{each}" for each in (*_NUMBERS, *_TEXTS))
        raise ValueError(f"strftime: {match[0]!r} is not known; known are {known}, and %-d and the like")

    return _DIRECTIVE.sub(shown, pattern)


def _signed(there: datetime, separator: str) -> str:
    """+0530 or +05:30; with seconds for the local mean time of old."""
    ahead = there.utcoffset() or timedelta(0)
    minutes, seconds = divmod(int(abs(ahead).total_seconds()), 60)
    parts = [*divmod(minutes, 60), *([seconds] if seconds else [])]
    return ("-" if ahead < timedelta(0) else "+") + separator.join(f"{part:02d}" for part in parts)


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())
