"""What falls due: moves records on when their moment comes, each at its own moment, in order of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from mockserver.behaviour.declared import Behaviour, Timer
from mockserver.behaviour.scope import OperationScope
from mockserver.errors import ExpressionError
from mockserver.expressions import FAULTS
from mockserver.state.clock import Clock, parse_time
from mockserver.state.records import Record
from mockserver.state.store import Namespace

#: When a timer falls due is kept in an index, so it may depend on the record and on settings alone.
TIMED_NAMES = frozenset({"settings", "item"})
#: A timer that sets itself again a moment later, for ever, must not hold up the request that noticed it.
MOST_AT_ONCE = 100_000


def run_due(
    behaviour: Behaviour,
    space: Namespace,
    until: float,
    names: dict[str, object],
    tell: Callable[[str], object] = lambda message: None,
) -> int:
    """Run every timer of `space` that is due at `until` (seconds since the epoch). Returns how many ran.

    `now` is, for each, the moment at which it fell due, not the moment at which somebody looked. A timer whose rule
    fails changes nothing and counts as done, so that the rest of the state stays usable; `tell` gets the reason.
    """
    ran = 0
    with space.lock:
        while space.next_due <= until and ran < MOST_AT_ONCE:
            transaction = space.begin()
            due = min(
                (first, name)
                for name, table in transaction.tables.items()
                if table.spec.timers and (first := table.next_due()) is not None
            )
            (when, timer_name, key), name = due
            record = transaction.tables[name].get(key)
            assert record is not None  # a timer stands in the index only while its record does
            timer = behaviour.resources[name].timers[timer_name]
            scope = OperationScope(transaction, Clock(datetime.fromtimestamp(when, UTC)), {**names, "item": record})
            try:
                changes = {field: value.render(scope) for field, value in timer.set}
            except ExpressionError as error:
                changes = {}
                tell(f"clock: the timer {timer.id} failed for {key!r}: {error}")
            if timer.forget:
                transaction.delete(name, record)
                if name == behaviour.token_table:
                    space.remember_token(key, str(record.get("status") or ""))
            else:
                transaction.replace(name, record, {**record, **changes}, (timer_name, when))
            transaction.commit()
            ran += 1
    return ran


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
