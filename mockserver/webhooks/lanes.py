"""What waits for one subscription, in order of the moment at which it is due, and the connections that are kept."""

from __future__ import annotations

import threading
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from mockserver.webhooks.deliveries import Delivery
from mockserver.webhooks.sender import Sender
from mockserver.webhooks.subscriptions import Subscription

if TYPE_CHECKING:
    from mockserver.transport import Line

NEVER = float("inf")


class Job(NamedTuple):
    """Something that is due: an attempt of `delivery`, or (None) another check of the endpoint."""

    due: float
    order: int
    delivery: Delivery | None
    single: bool = False  # sent again by hand: nothing follows when it fails


class Lane:
    """One subscription's way out. All but the connections is read and changed under the outbox's lock."""

    def __init__(self, subscription: Subscription, sender: Sender) -> None:
        self.subscription, self.sender = subscription, sender
        self.waiting: list[Job] = []
        self.running = 0
        self.closed = False
        self.validation = threading.Lock()
        self._lines: list[Line] = []
        self._busy: set[Line] = set()

    @property
    def due(self) -> float:
        """When the first job is due; infinity when none waits."""
        return self.waiting[0].due if self.waiting else NEVER

    @property
    def is_free(self) -> bool:
        """Whether one more may be sent beside those under way."""
        return self.running < self.subscription.concurrency

    def add(self, job: Job) -> None:
        """Let a job wait."""
        heappush(self.waiting, job)

    def take(self) -> Job:
        """The first job, which is under way from now on."""
        self.running += 1
        return heappop(self.waiting)

    def take_due(self, until: float) -> list[Delivery]:
        """All deliveries that are due by then, out of the queue, in order."""
        found = sorted(job for job in self.waiting if job.due <= until and job.delivery is not None)
        self.waiting = [job for job in self.waiting if job.due > until or job.delivery is None]
        heapify(self.waiting)
        return [job.delivery for job in found if job.delivery is not None]

    def take_line(self) -> Line:
        """A connection that is not in use."""
        from mockserver.transport import Line  # it loads what nobody needs who sends nothing

        line = self._lines.pop() if self._lines else Line(self.subscription.url)
        self._busy.add(line)
        return line

    def give_back(self, line: Line) -> None:
        """Keep a connection for the next attempt."""
        self._busy.discard(line)
        if self.closed:
            line.close()
        else:
            self._lines.append(line)

    def hang_up(self, *, all: bool = False) -> None:
        """Close the connections that are not in use; with `all`, for ever, those too that are."""
        for line in self._lines:
            line.close()
        self._lines.clear()
        if all:
            self.closed = True
            for line in [*self._busy]:
                line.close()
