"""How many calls are allowed in which time: counts the calls of an operation, and tells of one that is over a quota."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from operator import attrgetter
from typing import Any, NamedTuple

from mockserver.behaviour.caller import Caller
from mockserver.behaviour.declared import Quota
from mockserver.behaviour.functions import text
from mockserver.contract.wording import brief
from mockserver.expressions import Expression
from mockserver.messages import Request
from mockserver.state.clock import format_duration, format_time
from mockserver.state.windows import Full, Limit, Windows

#: What a quota can be counted by, beside expressions.
PER = ("organisation", "token", "operation", "client", "user")
#: What the expressions of `per` see.
PER_NAMES = ("caller", "headers", "path")
_LONGEST = 120  # characters of a key; of a longer one its hash is kept

#: Gives what a call is counted by, from the caller, the request, and the path parameters as text.
_Part = Callable[[Caller, Request, Mapping[str, str]], str]


class OverQuota(NamedTuple):
    """A call that is over a quota, with the moment at which there is room again, seconds since the epoch."""

    quota: Quota
    whose: str
    at: float
    opens: float

    def as_scope(self) -> dict[str, Any]:
        """What expressions of the error see as `quota`."""
        return _scope(self.quota, self.opens - self.at)

    def reason(self, api: str) -> str:
        """In words: the quota, whose, when it opens again, and how to be rid of it."""
        quota = self.quota
        again = f"; there is room again {self._when()}" if quota.limit else ""
        setting = f", --setting {api}.{quota.setting}=N changes this one" if quota.setting else ""
        return (
            f"the quota {quota.name} allows {quota.limit} calls in {format_duration(timedelta(seconds=quota.window))}"
            f" {self.whose}{again}; --no-rate-limits switches quotas off{setting}"
        )

    def _when(self) -> str:
        wait = f"in {self.as_scope()['retry_after']} s"
        try:
            return f"at {format_time(datetime.fromtimestamp(math.ceil(self.opens), UTC))}, {wait}"
        except (ValueError, OverflowError):  # past the year 9999
            return wait


def whole_window(quotas: Sequence[Quota], error: str) -> dict[str, Any] | None:
    """What stands as `quota` in an error that was asked for and that no call has run into: the first quota that raises
    it, as if it had just begun. None when there is none."""
    return next((_scope(quota, quota.window) for quota in quotas if quota.error == error), None)


def _scope(quota: Quota, wait: float) -> dict[str, Any]:
    window = int(quota.window) if quota.window.is_integer() else quota.window
    # Where the clock was set back the window seems longer than it is.
    wait = max(1, math.ceil(min(wait, quota.window)))
    return {"name": quota.name, "limit": quota.limit, "window": window, "retry_after": wait}


class Limiter:
    """The quotas that hold for one operation, ready to count its calls."""

    def __init__(self, operation: str, quotas: Sequence[Quota]) -> None:
        self._counted = [
            (quota, Limit(quota.name, quota.limit, quota.window, quota.sliding), _key(quota, operation))
            for quota in quotas
            if quota.operations is None or operation in quota.operations
        ]
        self._quotas = {limit.name: quota for quota, limit, _ in self._counted}
        self._operation = operation

    def __bool__(self) -> bool:
        """Whether there is anything to count."""
        return bool(self._counted)

    def take(
        self, windows: Windows, caller: Caller, request: Request, path: Mapping[str, str], at: float
    ) -> OverQuota | None:
        """Count a call that came at `at`, in seconds since the epoch; or, when it is over a quota, count it nowhere and
        say which. Raises ExpressionError when what a quota is counted by cannot be worked out."""
        full = windows.take([(limit, key(caller, request, path)) for _, limit, key in self._counted], at)
        return None if full is None else self._over(full, caller, request, path, at)

    def _over(self, full: Full, caller: Caller, request: Request, path: Mapping[str, str], at: float) -> OverQuota:
        quota = self._quotas[full.limit.name]
        whose = [_whose(part, _part(part, self._operation)(caller, request, path)) for part in quota.per]
        return OverQuota(quota, f"for {' and '.join(whose)}" if whose else "in all", at, full.opens)


def _key(quota: Quota, operation: str) -> Callable[[Caller, Request, Mapping[str, str]], Hashable]:
    """What a call is counted by, as one key."""
    parts = [_part(part, operation) for part in quota.per]
    if len(parts) == 1:
        return parts[0]
    return lambda caller, request, path: tuple([part(caller, request, path) for part in parts])


def _part(per: str | Expression, operation: str) -> _Part:
    if isinstance(per, Expression):
        return lambda caller, request, path: _short(
            text(per({"caller": caller.as_scope(), "headers": request.headers, "path": path}))
        )
    if per == "operation":
        return lambda caller, request, path: operation
    of = attrgetter(per)
    return lambda caller, request, path: _short(of(caller))


def _short(key: str) -> str:
    """A key of bounded length: a client can send a credential of thousands of characters."""
    return key if len(key) <= _LONGEST else sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _whose(per: str | Expression, key: str) -> str:
    if isinstance(per, Expression):
        return f"{per.source} = {brief(key)}"
    return f"{per} {brief(key) if key else 'unknown'}"
