"""Counts calls in windows of time, by key: how many came, and when there is room for the next.

Moments and lengths are seconds. A window is half open: what was counted at 0 in a window of 60 is out of it at 60.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

_MOST_KEYS = 100_000
_MOST_MOMENTS = 1_000_000
_NEVER = float("-inf")


class Limit(NamedTuple):
    """`calls` in `length` seconds: in windows that begin with the first call that they count, or when it is `sliding`
    in any stretch of that length. What has another `name` is counted apart."""

    name: str
    calls: int
    length: float
    sliding: bool = False


class Full(NamedTuple):
    """There is no room within `limit` before the moment `opens`."""

    limit: Limit
    opens: float


class Windows:
    """All counts of one namespace. Safe to use from many threads.

    Memory stays bounded: a key is forgotten when its window is over, and of more than 100,000 keys of one limit (or a
    million moments of a sliding one) the oldest goes.

    Time may be told out of order: threads race, and a clock can be set back. A call is counted as if it came no sooner
    than the one before, unless it lies as far back as a whole window: then the clock was set back, and counts from the
    future are forgotten.
    """

    __slots__ = ("_counts", "_lock")

    def __init__(self) -> None:
        self._counts: dict[str, _Fixed | _Sliding] = {}
        self._lock = threading.Lock()

    def take(self, asked: Sequence[tuple[Limit, Hashable]], at: float) -> Full | None:
        """Count a call that came at `at` under each key, and answer None; or, when one of them has no room, count it
        nowhere and tell which: of several the one that stays full for longest."""
        full = None
        counts = self._counts
        with self._lock:
            for limit, key in asked:
                count = counts.get(limit.name)
                if count is None:
                    count = counts[limit.name] = _Sliding(limit) if limit.sliding else _Fixed(limit)
                opens = count.opens(key, at)
                if opens is not None and (full is None or opens > full.opens):
                    full = Full(limit, opens)
            if full is None:
                for limit, key in asked:
                    counts[limit.name].add(key, at)
        return full

    def use_up(self, limit: Limit, at: float) -> None:
        """Leave no room for any key within `limit`, as if every one of them had made all its calls at `at`."""
        with self._lock:
            count = self._counts.get(limit.name)
            if count is None:
                count = self._counts[limit.name] = _Sliding(limit) if limit.sliding else _Fixed(limit)
            count.closed = at + limit.length

    def copy(self) -> Windows:
        """The same counts, which go their own way from here."""
        twin = Windows()
        with self._lock:
            twin._counts = {name: count.copy() for name, count in self._counts.items()}
        return twin

    def __len__(self) -> int:
        """How many keys are held."""
        return sum(len(count) for count in self._counts.values())


class _Fixed:
    """By key the end of the present window and the calls in it; the window that began first stands first."""

    __slots__ = ("_calls", "_length", "_limit", "_windows", "closed")

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self.closed = _NEVER  # until when there is no room for any key
        self._calls, self._length = limit.calls, limit.length
        self._windows: dict[Hashable, tuple[float, int]] = {}

    def opens(self, key: Hashable, at: float) -> float | None:
        """When there is room for a call at `at`; None: there is."""
        if self.closed - 2 * self._length < at < self.closed:
            return self.closed
        window = self._windows.get(key)
        if window is not None and window[0] - 2 * self._length < at < window[0]:
            return None if window[1] < self._calls else window[0]
        return None if self._calls else at + self._length

    def add(self, key: Hashable, at: float) -> None:
        """Count a call, for which there is room; forget windows that are over."""
        windows, length = self._windows, self._length
        window = windows.get(key)
        if window is not None and window[0] - 2 * length < at < window[0]:
            windows[key] = (window[0], window[1] + 1)
            return
        windows.pop(key, None)  # to stand at the end again
        windows[key] = (at + length, 1)
        while windows:
            first, (end, _) = next(iter(windows.items()))
            if end - 2 * length < at < end and len(windows) <= _MOST_KEYS:
                break
            del windows[first]

    def copy(self) -> _Fixed:
        """The same counts, apart."""
        twin = _Fixed(self._limit)
        twin.closed = self.closed
        twin._windows = dict(self._windows)
        return twin

    def __len__(self) -> int:
        return len(self._windows)


class _Log:
    """The calls of one key that are still in the window: moments in order, with how many came at each."""

    __slots__ = ("calls", "moments")

    def __init__(self, moments: Iterable[tuple[float, int]] = (), calls: int = 0) -> None:
        self.moments = deque(moments)
        self.calls = calls


class _Sliding:
    """By key its log; the key that was called longest ago stands first. `_held` counts the moments in all logs."""

    __slots__ = ("_held", "_limit", "_logs", "closed")

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self.closed = _NEVER  # until when there is no room for any key
        self._logs: dict[Hashable, _Log] = {}
        self._held = 0

    def opens(self, key: Hashable, at: float) -> float | None:
        """When there is room for a call at `at`; None: there is."""
        if self.closed - 2 * self._limit.length < at < self.closed:
            return self.closed
        log = self._logs.get(key)
        if log is not None:
            self._let_go(log, at)
            if log.calls >= self._limit.calls and log.moments:
                return log.moments[0][0] + self._limit.length
        return None if self._limit.calls else at + self._limit.length

    def add(self, key: Hashable, at: float) -> None:
        """Count a call, for which there is room; forget what has left the window."""
        logs = self._logs
        log = logs.pop(key, None) or _Log()
        moments = log.moments
        if moments and at <= moments[-1][0]:
            moments[-1] = (moments[-1][0], moments[-1][1] + 1)
        else:
            moments.append((at, 1))
            self._held += 1
        log.calls += 1
        logs[key] = log  # at the end again
        while logs:
            first, oldest = next(iter(logs.items()))
            self._let_go(oldest, at)
            if oldest.moments and len(logs) <= _MOST_KEYS and self._held <= _MOST_MOMENTS:
                break
            self._held -= len(oldest.moments)
            del logs[first]

    def _let_go(self, log: _Log, at: float) -> None:
        """Take the moments out of a log that are over at `at`; all, when the clock was set back by a whole window."""
        moments, length = log.moments, self._limit.length
        if moments and at <= moments[-1][0] - length:
            self._held -= len(moments)
            moments.clear()
            log.calls = 0
        while moments and at >= moments[0][0] + length:
            log.calls -= moments.popleft()[1]
            self._held -= 1

    def copy(self) -> _Sliding:
        """The same counts, apart."""
        twin = _Sliding(self._limit)
        twin.closed = self.closed
        twin._logs = {key: _Log(log.moments, log.calls) for key, log in self._logs.items()}
        twin._held = self._held
        return twin

    def __len__(self) -> int:
        return len(self._logs)
