"""What was sent, to whom, and what came back: deliveries, their attempts, and the log that keeps the latest."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from mockserver.messages import Response
from mockserver.webhooks.subscriptions import moment

_MOST = 10_000
_MOST_BYTES = 64 * 1024 * 1024
_OVERHEAD = 1_500  # bytes that a delivery takes beside its bodies


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
    `error` says why. `verdict` says in words how it went."""

    number: int
    id: str
    at: float
    headers: Mapping[str, str]
    response: Response | None
    error: str
    duration: float
    delivered: bool
    verdict: str
    notes: tuple[str, ...] = ()

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
            "request": {"headers": dict(self.headers)},
            "response": shown,
            "error": self.error,
            "duration_ms": round(self.duration * 1000, 3),
            "delivered": self.delivered,
            "verdict": self.verdict,
            "notes": list(self.notes),
        }


@dataclass(eq=False, slots=True)
class Delivery:
    """One event on its way to one subscription. `status` is pending, delivered, failed (all attempts were), dropped
    (it was not tried, or not to the end), or refused (its body breaks the contract, or a rule failed); `reason` says
    why. `next_attempt` is in seconds since the epoch, None when none follows."""

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


class DeliveryLog:
    """The latest deliveries, as many and as large as memory allows. Whoever calls holds the outbox's lock."""

    def __init__(self, most: int = _MOST, most_bytes: int = _MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[str, Delivery] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._bytes = 0
        #: The latest attempts in the order in which they ended, for whoever writes a log.
        self.attempts: deque[tuple[int, Delivery, Attempt | None]] = deque(maxlen=most)
        #: How many attempts have ended.
        self.told = 0

    def add(self, delivery: Delivery) -> None:
        """Keep a delivery; the oldest go when there are too many."""
        self._kept[delivery.id] = delivery
        self.weigh(delivery)

    def weigh(self, delivery: Delivery) -> None:
        """Take account of what a delivery has grown by."""
        if delivery.id in self._kept:
            size = delivery.size
            self._bytes += size - self._sizes.get(delivery.id, 0)
            self._sizes[delivery.id] = size
        while len(self._kept) > self._most or (self._bytes > self._most_bytes and len(self._kept) > 1):
            oldest, _ = self._kept.popitem(last=False)
            self._bytes -= self._sizes.pop(oldest)

    def tell(self, delivery: Delivery, attempt: Attempt | None) -> None:
        """Note how an attempt went; None: that there was none."""
        self.told += 1
        self.attempts.append((self.told, delivery, attempt))
        self.weigh(delivery)

    def since(self, number: int) -> list[tuple[int, Delivery, Attempt | None]]:
        """The attempts after the one of that number, in order."""
        fresh = min(self.told - number, len(self.attempts))
        return list(islice(self.attempts, len(self.attempts) - fresh, None)) if fresh > 0 else []

    def has_told(self, delivery: Delivery, number: int) -> bool:
        """Whether an attempt of a delivery has ended after the one of that number."""
        return any(each is delivery for _, each, _ in self.since(number))

    def get(self, delivery_id: str) -> Delivery | None:
        """A delivery by its id."""
        return self._kept.get(delivery_id)

    def all(self) -> list[Delivery]:
        """Those that are kept, oldest first."""
        return list(self._kept.values())

    def forget(self, api: str | None, namespace: str | None) -> None:
        """Forget those of an API and a namespace (None: of all)."""
        for delivery in self.all():
            happening = delivery.happening
            if api in (None, happening.api) and namespace in (None, happening.namespace):
                del self._kept[delivery.id]
                self._bytes -= self._sizes.pop(delivery.id)
