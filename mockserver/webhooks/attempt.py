"""One attempt: what is sent, what comes back, and how it is judged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mockserver.behaviour.declared import Delivering
from mockserver.exceptions import TransportError, UsageError
from mockserver.messages import Response
from mockserver.state.clock import Stopwatch

if TYPE_CHECKING:
    from mockserver.transport import Line


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of sending: an answer, or an `error` that says why there is none. `duration` is in real seconds."""

    response: Response | None
    error: str
    duration: float
    notes: tuple[str, ...] = ()


def post(line: Line, headers: Mapping[str, str], body: bytes, timeout: float) -> Outcome:
    """Send, within `timeout` seconds. Never raises for what a receiver does."""
    began = Stopwatch.read()
    try:
        response, notes = line.post(headers, body, timeout)
    except (TransportError, UsageError) as error:
        return Outcome(None, str(error), Stopwatch.read() - began)
    return Outcome(response, "", Stopwatch.read() - began, notes)


def fits(status: int, patterns: Collection[str]) -> bool:
    """Whether a status is one of `204`, `2XX`."""
    return str(status) in patterns or f"{status // 100}XX" in patterns


def judged(outcome: Outcome, delivering: Delivering) -> tuple[bool, str]:
    """Whether it has arrived, and in words how it went."""
    answer = outcome.response
    if answer is None:
        return False, outcome.error
    said = f"answered {answer.status}"
    if fits(answer.status, delivering.delivered):
        return True, said
    if fits(answer.status, delivering.disable):
        return False, f"{said}, which ends the subscription"
    if fits(answer.status, delivering.stop):
        return False, f"{said}, which ends the delivery"
    return False, f"{said}: {_likely(answer) or 'delivered is ' + ' or '.join(delivering.delivered)}"


def _likely(answer: Response) -> str:
    """The most likely reason for a status, as far as there is one."""
    if answer.status // 100 == 3:
        place = answer.header("location")
        return f"a redirect{f' to {place[:200]}' if place else ''} is not followed; subscribe the URL that answers"
    if answer.status in (401, 403):
        return "it did not take the signature; is it the same secret on both sides, and are the raw bytes hashed?"
    if answer.status in (404, 405):
        return "is this the path that takes POST?"
    return ""
