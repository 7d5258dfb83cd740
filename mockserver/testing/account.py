"""What a test that failed by itself is told beside its own failure: what was brought about, and why the mock answered
as it did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mockserver.testing.journal import Call

if TYPE_CHECKING:
    from mockserver.engine.faults import FaultOrder
    from mockserver.testing.cases import Case
    from mockserver.testing.worlds import World

_MOST_CALLS = 10
_NOBODY = "no call has reached a mock: does the client use its url?"


def of_case(case: Case) -> list[str]:
    """What was brought about, and what a good client does."""
    return [f"the case: {case.id}: {case.how}", f"a good client: {case.advice}"]


def of_calls(calls: Sequence[Call]) -> list[str]:
    """The last calls, each with its status, and where it was refused or disturbed the reason."""
    if not calls:
        return [_NOBODY]
    shown = calls[-_MOST_CALLS:]
    lines = ["the calls:" if len(shown) == len(calls) else f"the last {len(shown)} of {len(calls)} calls:"]
    told = ""
    for call in shown:
        status = call.status or "no answer"
        lines.append(f"  call {call.number}: {call.line} -> {status} {call.operation or '(no operation)'}")
        if reason := reason_for(call):
            lines.append("    for the same reason" if reason == told else f"    {reason}")
        told = reason
    return lines


def reason_for(call: Call) -> str:
    """The line of the trace that decided about a call; empty for one that simply succeeded."""
    decided = [line for line in call.trace if line.startswith(f"{call.status}: ")]
    if decided:
        return decided[-1]
    told = [line for line in call.trace if line.startswith(("fault: ", "preference: "))]
    if told or 200 <= call.status < 300:
        return told[-1] if told else ""
    return call.trace[-1] if call.trace else ""


def unmet(world: World) -> list[FaultOrder]:
    """The faults that were ordered and that no call has met; what only delays is left out, it may be meant for any."""
    faults = world.engine.faults
    if not faults.active or world.over:
        return []
    waiting = [order for order in faults.list() if not order.delays_only]
    lasting = any(order.times is None for order in waiting)
    traces = [line for call in world.calls() for line in call.trace] if lasting else []
    return [
        order
        for order in waiting
        if (order.left == order.times if order.times is not None else not _is_met(order, traces))
    ]


def _is_met(order: FaultOrder, traces: Sequence[str]) -> bool:
    return any(line.startswith(f"fault: {order.name} by order {order.id},") for line in traces)


def of_unmet(order: FaultOrder) -> str:
    """One line about a fault that nobody has met."""
    passed = f" ({order.after} more were to pass first)" if order.after else ""
    return f"no call of {order.operation or order.api} has met the fault that was ordered: {order.name}{passed}"
