"""What was sent, to whom, and what came back: deliveries, their attempts, and the log that keeps the latest."""

from __future__ import annotations

import threading
from bisect import insort
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from mockserver.messages import Response
from mockserver.webhooks.subscriptions import masked, moment

_MOST = 10_000
_MOST_BYTES = 64 * 1024 * 1024
_OVERHEAD = 1_500  # bytes that a delivery takes beside its bodies
_CREDENTIALS = {"authorization", "cookie", "proxy-authorization"}


class Body(NamedTuple):
    """The bytes that are sent, their text, and the value that they were made of."""

    data: bytes
    text: str
    value: Any


@dataclass(eq=False, slots=True)
class Happening:
    """One event that came about. `given` are the values of its parameters; `at` is in seconds since the epoch. The body
    is made when it is first sent: `body` stays None when it must not be, and `refusal` says why."""

    api: str
    namespace: str
    event: str
    sequence: int
    at: float
    given: Mapping[str, Any]
    id: str
    changes: tuple[Any, ...] = ()
    body: Body | None = None
    refusal: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `at` is by the mock's clock, `duration` in real seconds; `response` is None when there was none, and
    `error` says why. `verdict` says in words how it went. Of the headers that are `hidden` only the end is shown."""

    number: int
    id: str
    at: float
    headers: Mapping[str, str] = field(repr=False)
    response: Response | None
    error: str
    duration: float
    delivered: bool
    verdict: str
    notes: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        """Request headers, the answer with its body as text, and the verdict."""
        answer = self.response
        shown = answer and {
            "status": answer.status,
            "headers": [list(pair) for pair in answer.headers],
            "body": answer.body.decode("utf-8", "replace"),
        }
        return {
            "number": self.number,
            "at": moment(self.at),
            "request": {"headers": self._shown()},
            "response": shown,
            "error": self.error,
            "duration_ms": round(self.duration * 1000, 3),
            "delivered": self.delivered,
            "verdict": self.verdict,
            "notes": list(self.notes),
        }

    def _shown(self) -> dict[str, str]:
        hidden = _CREDENTIALS | {name.lower() for name in self.hidden}
        return {name: masked(text) if name.lower() in hidden else text for name, text in self.headers.items()}


@dataclass(eq=False, slots=True)
class Delivery:
    """One event on its way to one subscription.

    `status` is pending until it is settled: delivered, failed (all attempts were), dropped (it was not tried, or not to
    the end), or refused (its body breaks the contract, or a rule failed); `reason` says why. While it is pending one
    attempt of its schedule waits or is under way. What is settled stays so, but that an attempt by hand may still
    deliver it. `next_attempt` is in seconds since the epoch, None when none follows.
    """

    id: str
    number: int
    tracking: str
    happening: Happening
    subscription: str
    url: str
    status: str = "pending"
    reason: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    next_attempt: float | None = None
    tries: int = 0  # attempts that the schedule has asked for
    begun: int = 0  # attempts that have a number

    @property
    def body(self) -> bytes:
        """What is sent; empty before it was made, and when it never was."""
        return self.happening.body.data if self.happening.body else b""

    @property
    def event(self) -> str:
        """Its name."""
        return self.happening.event

    @property
    def settled(self) -> bool:
        """Whether nothing follows any more."""
        return self.status != "pending"

    def next_number(self) -> int:
        """The number of an attempt that begins now, from 1."""
        self.begun += 1
        return self.begun

    def record(self, attempt: Attempt) -> None:
        """Keep an attempt that has ended."""
        insort(self.attempts, attempt, key=lambda each: each.number)

    def try_again(self, at: float) -> float:
        """Another attempt follows at that moment, which it gives."""
        self.next_attempt = at
        self.tries += 1
        return at

    def end(self, status: str, reason: str = "") -> None:
        """Settle it, unless it is settled otherwise already."""
        if not self.settled or status == "delivered":
            self.status, self.reason, self.next_attempt = status, reason, None

    @property
    def size(self) -> int:
        """About how many bytes it keeps in memory."""
        answers = sum(len(attempt.response.body) for attempt in self.attempts if attempt.response)
        return _OVERHEAD * (1 + len(self.attempts)) + 3 * len(self.body) + answers

    def as_json(self) -> dict[str, Any]:
        """All of it; the body as the text that was sent."""
        happening = self.happening
        return {
            "id": self.id,
            "number": self.number,
            "api": happening.api,
            "namespace": happening.namespace,
            "event": happening.event,
            "sequence": happening.sequence,
            "at": moment(happening.at),
            "subscription": self.subscription,
            "url": self.url,
            "status": self.status,
            "reason": self.reason,
            "body": happening.body.text if happening.body else None,
            "next_attempt": moment(self.next_attempt),
            "attempts": [attempt.as_json() for attempt in self.attempts],
        }


class Told(NamedTuple):
    """What a line of a log says: of an attempt, or of a delivery that none is made for (`attempt` and `duration` are
    None). `at` is by the mock's clock, `duration` in real seconds. Small, as it outlives what it tells of."""

    number: int
    at: float
    api: str
    namespace: str
    event: str
    delivery: str
    url: str
    status: str
    verdict: str
    attempt: int | None
    duration: float | None
    delivered: bool

    @classmethod
    def of(cls, number: int, delivery: Delivery, attempt: Attempt | None, verdict: str) -> Told:
        """The line of that number."""
        happening = delivery.happening
        what = (happening.api, happening.namespace, happening.event, delivery.id, delivery.url, delivery.status)
        if attempt is None:
            return cls(number, happening.at, *what, verdict or delivery.reason, None, None, False)
        return cls(number, attempt.at, *what, attempt.verdict, attempt.number, attempt.duration, attempt.delivered)


class DeliveryLog:
    """The latest deliveries, as many and as large as memory allows. Whoever calls holds the outbox's lock."""

    def __init__(self, most: int = _MOST, most_bytes: int = _MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[str, Delivery] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._bytes = 0
        #: The latest attempts in the order in which they ended, for whoever writes a log.
        self.attempts: deque[Told] = deque(maxlen=most)
        #: How many attempts have ended.
        self.told = 0

    def add(self, delivery: Delivery) -> None:
        """Keep a delivery; the oldest go when there are too many."""
        self._kept[delivery.id] = delivery
        self.weigh(delivery)

    def weigh(self, delivery: Delivery) -> None:
        """Take account of what a delivery has grown by."""
        if self._kept.get(delivery.id) is delivery:
            size = delivery.size
            self._bytes += size - self._sizes.get(delivery.id, 0)
            self._sizes[delivery.id] = size
        while len(self._kept) > self._most or (self._bytes > self._most_bytes and len(self._kept) > 1):
            oldest, _ = self._kept.popitem(last=False)
            self._bytes -= self._sizes.pop(oldest)

    def tell(self, delivery: Delivery, attempt: Attempt | None, reason: str = "") -> None:
        """Note how an attempt went; None: that there was none, for what `reason`."""
        self.told += 1
        self.attempts.append(Told.of(self.told, delivery, attempt, reason))
        self.weigh(delivery)

    def since(self, number: int) -> list[Told]:
        """The attempts after the one of that number, in order."""
        fresh = min(self.told - number, len(self.attempts))
        return list(islice(self.attempts, len(self.attempts) - fresh, None)) if fresh > 0 else []

    def get(self, delivery_id: str) -> Delivery | None:
        """A delivery by its id."""
        return self._kept.get(delivery_id)

    def of(self, api: str | None, namespace: str | None) -> list[Delivery]:
        """Those of an API and a namespace (None: of all), oldest first."""
        return [
            each
            for each in self._kept.values()
            if api in (None, each.happening.api) and namespace in (None, each.happening.namespace)
        ]

    def forget(self, api: str | None, namespace: str | None) -> None:
        """Forget those of an API and a namespace (None: of all)."""
        for delivery in self.of(api, namespace):
            del self._kept[delivery.id]
            self._bytes -= self._sizes.pop(delivery.id)
