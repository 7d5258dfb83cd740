"""When timers fall due: moments that a record says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mockserver.behaviour.declared import Timer
from mockserver.exceptions import ExpressionError
from mockserver.expressions import FAULTS
from mockserver.state.clock import parse_time
from mockserver.state.records import Record

#: When a timer falls due is kept in an index, so it may depend on the record and on settings alone.
TIMED_NAMES = frozenset({"settings", "item"})


def moment_of(timer: Timer, settings: Mapping[str, Any]) -> Callable[[Record], float | None]:
    """When a timer falls due for a record, in seconds since the epoch, or None: a function of the record alone.

    A moment past the year 9999, which no calendar here has, is never. Raises ExpressionError when the record holds
    what cannot be reckoned with.
    """

    def due(record: Record) -> float | None:
        scope = {"item": record, "settings": settings}
        if timer.when is not None and not timer.when(scope):
            return None
        try:
            at = timer.at(scope)
        except ExpressionError as error:
            if isinstance(error.__cause__, OverflowError):
                return None
            raise
        try:
            return None if at is None else float((parse_time(at) if isinstance(at, str) else at).timestamp())
        except FAULTS as error:
            raise timer.at.failed(error) from None

    return due
