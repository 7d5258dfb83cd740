"""What falls due: moves records on when their moment comes, each at its own moment, in order of time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from mockserver.behaviour.declared import Behaviour
from mockserver.behaviour.scope import OperationScope
from mockserver.errors import ExpressionError
from mockserver.state.clock import Clock
from mockserver.state.store import Namespace

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
            else:
                transaction.replace(name, record, {**record, **changes}, (timer_name, when))
            transaction.commit()
            ran += 1
    return ran
