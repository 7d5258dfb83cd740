"""What waits for one subscription, in order of the moment at which it is due, and the connections that are kept."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from mockserver.webhooks.deliveries import Delivery
from mockserver.webhooks.sender import Sender
from mockserver.webhooks.subscriptions import Subscription

if TYPE_CHECKING:
    from mockserver.transport import Line

NEVER = float("inf")


@dataclass(order=True, slots=True)
class Job:
    """Something that is due: an attempt of `delivery`, or (None) another check of the endpoint. `single`: sent again by
    hand, so nothing follows when it fails. Once it is `done`, `unsent` says why nothing was sent, if nothing was."""

    due: float
    order: int
    delivery: Delivery | None = field(compare=False)
    single: bool = field(default=False, compare=False)
    done: bool = field(default=False, compare=False)
    unsent: str = field(default="", compare=False)


class Lane:
    """One subscription's way out. All but the connections is read and changed under the outbox's lock."""

    def __init__(self, subscription: Subscription, sender: Sender) -> None:
        self.subscription, self.sender = subscription, sender
        self.waiting: list[Job] = []
        self.under_way: list[Job] = []
        #: Why it has ended; empty while it has not.
        self.ended = ""
        #: Held by whoever checks the endpoint.
        self.checking = threading.Lock()
        self._lines: list[Line] = []
        self._busy: set[Line] = set()

    @property
    def due(self) -> float:
        """When the first job is due; infinity when none waits."""
        return self.waiting[0].due if self.waiting else NEVER

    @property
    def is_free(self) -> bool:
        """Whether one more may be sent beside those under way."""
        return len(self.under_way) < self.subscription.concurrency

    def add(self, job: Job) -> None:
        """Let a job wait."""
        heappush(self.waiting, job)

    def withdraw(self, job: Job) -> Job:
        """A job that waits does so no more."""
        self.waiting.remove(job)
        heapify(self.waiting)
        return job

    def take(self) -> Job:
        """The first job, which is under way from now on."""
        job = heappop(self.waiting)
        self.under_way.append(job)
        return job

    def take_due(self, until: float) -> list[Job]:
        """All attempts that are due by then, out of the queue, in order."""
        found = sorted(job for job in self.waiting if job.due <= until and job.delivery is not None)
        self.waiting = [job for job in self.waiting if job.due > until or job.delivery is None]
        heapify(self.waiting)
        return found

    def take_line(self) -> Line:
        """A connection that is not in use."""
        from mockserver.transport import Line  # it loads what nobody needs who sends nothing

        line = self._lines.pop() if self._lines else Line(self.subscription.url, remote=self.subscription.remote)
        self._busy.add(line)
        return line

    def give_back(self, line: Line) -> None:
        """Keep a connection for the next attempt."""
        self._busy.discard(line)
        if self.ended:
            line.close()
        else:
            self._lines.append(line)

    def hang_up(self) -> None:
        """Close the connections that are not in use."""
        for line in self._lines:
            line.close()
        self._lines.clear()

    def end(self, reason: str) -> None:
        """Close all connections, those in use as well, for ever."""
        self.ended = reason
        self.hang_up()
        for line in [*self._busy]:
            line.close()

    def begin_in_child(self) -> list[Job]:
        """Go on in a process that was forked: connections and what is under way are the parent's. Gives the latter."""
        left, self.under_way = self.under_way, []
        self.checking = threading.Lock()
        for line in [*self._lines, *self._busy]:
            line.abandon()
        self._lines, self._busy = [], set()
        for job in [*self.waiting, *left]:
            if job.delivery is not None:
                job.delivery.happening.lock = threading.Lock()
        return left
