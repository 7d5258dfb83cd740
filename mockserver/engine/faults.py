"""Orders to fail: what is to go wrong with the next calls, told by the author of a test.

An order is a value. `Faults` keeps those that still have something to do, and hands them out call by call.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from mockserver.exceptions import UsageError, did_you_mean
from mockserver.messages import Request, Response
from mockserver.state.samples import Draws

#: What the network does to an answer. The first four are named as in WireMock.
NETWORK_FAULTS = (
    *("CONNECTION_RESET_BY_PEER", "EMPTY_RESPONSE", "MALFORMED_RESPONSE_CHUNK", "RANDOM_DATA_THEN_CLOSE"),
    *("TIMEOUT", "SLOW_DRIP"),
)
#: What somebody on the way has made of the answer: it arrives whole, and is not what it should be.
SPOILED_ANSWERS = ("TRUNCATED_JSON", "WRONG_CONTENT_TYPE", "STALE_DUPLICATE", "BROKEN_GZIP")
KINDS = NETWORK_FAULTS + SPOILED_ANSWERS

#: Nothing of the answer arrives.
_UNANSWERED = ("CONNECTION_RESET_BY_PEER", "EMPTY_RESPONSE", "RANDOM_DATA_THEN_CLOSE", "TIMEOUT", "STALE_DUPLICATE")

#: Seconds that an answer can be held back at most.
LONGEST_DELAY = 600.0
_MOST_ORDERS = 1_000
_MOST_CALLS = 1_000_000_000
_STEPS = 1 << 53


@dataclass(frozen=True, slots=True)
class Delay:
    """Seconds that an answer is held back: from `low` to `high`, each as likely as the other, or, where there is a
    `sigma`, lognormal around the median `low`. Never more than `LONGEST_DELAY`."""

    low: float
    high: float
    sigma: float = 0.0

    @classmethod
    def fixed(cls, seconds: float) -> Delay:
        """Always the same. Raises UsageError for what is no length of time, as do the others."""
        return cls(_seconds("the delay", seconds), seconds)

    @classmethod
    def uniform(cls, low: float, high: float) -> Delay:
        """Anything from `low` to `high`."""
        if _seconds("the lower bound of the delay", low) > _seconds("the upper bound of the delay", high):
            raise UsageError(f"the lower bound of the delay, {low}, is above the upper, {high}", "write [low, high]")
        return cls(low, high)

    @classmethod
    def lognormal(cls, median: float, sigma: float) -> Delay:
        """Mostly near `median`, at times much longer; `sigma` says how wide it spreads (0.1 little, 1 a lot)."""
        if not _is_number(sigma) or not 0 < sigma <= 10:
            raise UsageError(f"sigma must be a number above 0 and up to 10, not {_shown(sigma)}", "0.4 is usual")
        return cls(_seconds("the median of the delay", median), LONGEST_DELAY, sigma)

    def draw(self, draws: Draws) -> float:
        """The seconds of one call."""
        if self.low == self.high:
            return self.low
        chance = draws.integer(1, _STEPS) / _STEPS
        if not self.sigma:
            return self.low + (self.high - self.low) * chance
        angle = draws.integer(0, _STEPS - 1) / _STEPS * math.tau
        return min(self.high, self.low * math.exp(self.sigma * math.sqrt(-2 * math.log(chance)) * math.cos(angle)))

    def as_json(self) -> object:
        """As the admin API takes it."""
        if self.sigma:
            return {"lognormal": {"median": self.low, "sigma": self.sigma}}
        return self.low if self.low == self.high else {"uniform": [self.low, self.high]}


class Reply(NamedTuple):
    """An answer that was made beforehand. `about` names it in the trace; `breaks` says how it breaks the contract
    (empty: it keeps it, and is checked)."""

    response: Response
    about: str = "the answer that was ordered"
    breaks: str = ""


@dataclass(frozen=True, slots=True)
class FaultOrder:
    """What is to go wrong, and with which calls: those of `api` and `operation` (None: all of them) in `namespace`.

    One of `status`, `error` (by the name that the behaviour file gives it), `fault` (one of `KINDS`) and `reply` (what
    a call is answered that is in order itself; asked from any thread), or a `delay` alone. The first `after` calls
    pass, the next `times` are hit (None: all). With `applied` the operation does happen, although the client does not
    learn of it. `left` counts down from `times`; `Faults` sets it, `id`, and the `seed` of what is made up for it.
    """

    api: str
    operation: str | None = None
    namespace: str = ""
    status: int | None = None
    error: str = ""
    fault: str = ""
    times: int | None = 1
    after: int = 0
    delay: Delay | None = None
    applied: bool = False
    id: str = ""
    left: int | None = None
    reply: Callable[[Request], Reply] | None = None
    seed: str = ""

    def __post_init__(self) -> None:
        """Raises UsageError for an order that makes no sense by itself."""
        given = [name for name in ("status", "error", "fault", "reply") if getattr(self, name)]
        if len(given) > 1:
            raise UsageError(f"a fault has either {' or '.join(given)}", "set two, one after the other")
        if not given and self.delay is None:
            raise UsageError("nothing is to go wrong", "give a status, an error, a fault or a delay")
        if self.fault and self.fault not in KINDS:
            raise UsageError(f"no fault is called {_shown(self.fault)}", did_you_mean(str(self.fault), KINDS, _ALL))
        if self.status is not None and not (_is_whole(self.status) and 200 <= self.status <= 599):
            raise UsageError(f"the status must be a whole number from 200 to 599, not {_shown(self.status)}")
        if self.times is not None and not (_is_whole(self.times) and 1 <= self.times <= _MOST_CALLS):
            hint = "leave it out for once, null (None) is for ever"
            raise UsageError(f"times must be a whole number from 1, not {_shown(self.times)}", hint)
        if not (_is_whole(self.after) and 0 <= self.after <= _MOST_CALLS):
            raise UsageError(f"after must be a whole number from 0, not {_shown(self.after)}")

    @property
    def name(self) -> str:
        """What goes wrong, in a word or two."""
        if self.status is not None:
            return f"status {self.status}"
        if self.reply is not None:
            return "an answer made beforehand"
        return self.fault or (f"error {self.error}" if self.error else "delay")

    @property
    def delays_only(self) -> bool:
        """Whether the answer is the right one, and only late."""
        return self.status is None and not self.error and not self.fault and self.reply is None

    @property
    def keeps_effects(self) -> bool:
        """Whether what the operation does stays done."""
        return self.applied or self.delays_only

    @property
    def needs_answer(self) -> bool:
        """Whether the operation runs: for its effects, or for an answer of which something arrives."""
        return self.keeps_effects or (bool(self.fault) and self.fault not in _UNANSWERED)

    @property
    def takes_real_time(self) -> bool:
        """Whether the client waits even where the clock stands still: it is its patience that is tried."""
        return self.fault in ("TIMEOUT", "SLOW_DRIP")

    def met(self) -> str:
        """The line of the trace of a call that met this order."""
        rest = "for ever" if self.left is None else f"{self.left} left"
        done = ", and the operation happens all the same" if self.applied else ""
        return f"fault: {self.name} by order {self.id}, {rest}{done}"

    def hits(self, api: str, namespace: str, operation: str) -> bool:
        """Whether a call is one of those that are meant."""
        return self.api == api and self.namespace == namespace and self.operation in (None, operation)


class Faults:
    """The orders of one mock, oldest first. `active` says whether there are any: all that a call asks when there are
    none. Safe to use from many threads."""

    def __init__(self, seed: int = 0) -> None:
        self.active = False
        self._seed = seed
        self._draws: dict[str, Draws] = {}  # of delays, by namespace: what one test draws moves no other
        self._orders: dict[str, FaultOrder] = {}
        self._number = 0
        self._lock = threading.Lock()

    def add(self, order: FaultOrder) -> FaultOrder:
        """Keep an order; gives it back with its `id` and what is `left`. Raises UsageError when there are too many."""
        with self._lock:
            if len(self._orders) >= _MOST_ORDERS:
                raise UsageError(f"there are {_MOST_ORDERS} faults already", "remove those that have served")
            self._number += 1
            name = f"fault-{self._number}"
            kept = replace(order, id=name, left=order.times, seed=f"{self._seed}:{order.namespace}:{name}")
            self._orders[kept.id] = kept
            self.active = True
            return kept

    def remove(self, fault_id: str) -> None:
        """Forget one order. Raises UsageError when none has this id."""
        with self._lock:
            if fault_id not in self._orders:
                waiting = f"waiting: {', '.join([*self._orders][:20]) or 'none'}"
                raise UsageError(f"no fault {fault_id[:80]!r} is waiting", waiting)
            del self._orders[fault_id]
            self.active = bool(self._orders)

    def clear(self, api: str | None = None, namespace: str | None = None) -> None:
        """Forget all orders, or those for one API or one namespace. Once all are gone, ids and delays begin anew."""
        with self._lock:
            self._orders = {
                key: order
                for key, order in self._orders.items()
                if (api is not None and order.api != api) or (namespace is not None and order.namespace != namespace)
            }
            self.active = bool(self._orders)
            if api is None and namespace is None:
                self._draws, self._number = {}, 0

    def list(self) -> list[FaultOrder]:
        """What is waiting, oldest first, each with what is `left` of it."""
        with self._lock:
            return [*self._orders.values()]

    def take(self, api: str, namespace: str, operation: str) -> FaultOrder | None:
        """What happens to this call, counted off what is left; None when nothing does.

        The oldest order that fails calls and the oldest that only delays them go together. A call counts for the
        `after` of every order that it could have met.
        """
        taken: FaultOrder | None = None
        late: FaultOrder | None = None
        with self._lock:
            for key, order in [*self._orders.items()]:
                if not order.hits(api, namespace, operation):
                    continue
                if order.after:
                    self._orders[key] = replace(order, after=order.after - 1)
                elif order.delays_only:
                    late = late or self._spend(order)
                else:
                    taken = taken or self._spend(order)
            self.active = bool(self._orders)
        if taken is None or late is None:
            return taken or late
        return taken if taken.delay is not None else replace(taken, delay=late.delay)

    def seconds(self, order: FaultOrder) -> float:
        """How long the answer of a call is held back that met this order."""
        if order.delay is None:
            return 0.0
        with self._lock:
            space = order.namespace
            draws = self._draws.setdefault(space, Draws(f"{self._seed}:{space}:faults"))
            return order.delay.draw(draws)

    def _spend(self, order: FaultOrder) -> FaultOrder:
        """One call less."""
        if order.left is None:
            return order
        spent = replace(order, left=order.left - 1)
        if spent.left:
            self._orders[order.id] = spent
        else:
            del self._orders[order.id]
        return spent


_ALL = f"known: {', '.join(KINDS)}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _seconds(what: str, value: float) -> float:
    if not _is_number(value) or not 0 <= value <= LONGEST_DELAY:
        raise UsageError(f"{what} must be a number of seconds from 0 to {LONGEST_DELAY:g}, not {_shown(value)}")
    return value


def _shown(value: object) -> str:
    return f"{value!r:.80}"
