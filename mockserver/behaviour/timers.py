"""What falls due: moves records on when their moment comes, each at its own moment, in order of time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from mockserver.behaviour.declared import Behaviour, Timer
from mockserver.behaviour.effects import apply
from mockserver.behaviour.fields import write
from mockserver.behaviour.scope import OperationScope
from mockserver.exceptions import ExpressionError
from mockserver.state.clock import Clock
from mockserver.state.records import Record
from mockserver.state.store import Emission, Namespace

#: A timer that sets itself again a moment later, for ever, must not hold up the request that noticed it.
MOST_AT_ONCE = 100_000


def run_due(
    behaviour: Behaviour,
    space: Namespace,
    until: float,
    names: dict[str, object],
    tell: Callable[[str], object] = lambda message: None,
    hand_on: Callable[[tuple[Emission, ...]], object] = lambda emissions: None,
) -> int:
    """Run every timer of `space` that is due at `until` (seconds since the epoch). Returns how many ran.

    `now` is, for each, the moment at which it fell due, not the moment at which somebody looked. What an effect brings
    about may fall due in the same run. A timer of which a rule fails changes nothing and counts as done, so that the
    rest of the state stays usable; `tell` gets the reason. `hand_on` gets the events that each has brought about.
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
                _fall_due(timer, behaviour, name, record, (timer_name, when), scope)
            except ExpressionError as error:
                transaction = space.begin()  # what it had done by then is dropped
                transaction.replace(name, record, record, (timer_name, when))
                tell(f"clock: the timer {timer.id} failed for {key!r}: {error}")
            else:
                if timer.forget and name == behaviour.token_table:
                    space.remember_token(key, str(record.get("status") or ""))
            transaction.commit()
            if transaction.emitted:
                hand_on(transaction.emitted)
            ran += 1
    return ran


def _fall_due(
    timer: Timer, behaviour: Behaviour, resource: str, record: Record, ran: tuple[str, float], scope: OperationScope
) -> None:
    """What a timer does to its record, and its effects, which know the record as it is then (a forgotten one: as it
    was). Raises ExpressionError when a rule fails."""
    if timer.forget:
        scope.transaction.delete(resource, record)
    else:
        changed = dict(record)
        write(changed, timer.set, (), scope, timer.id)
        record = scope["item"] = scope.transaction.replace(resource, record, changed, ran)
    scope["result"] = record
    for effect in timer.then:
        apply(effect, behaviour, scope)
