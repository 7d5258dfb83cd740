"""All subscriptions of a mock, each with its lane: how many there may be, their numbers, which it begins with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from mockserver.exceptions import UsageError, did_you_mean
from mockserver.webhooks.lanes import NEVER, Lane
from mockserver.webhooks.sender import Sender
from mockserver.webhooks.signing import made_secret
from mockserver.webhooks.subscribing import Order
from mockserver.webhooks.subscriptions import WebhookTarget

_MOST = 1_000  # of all APIs and namespaces


class Subscribers:
    """Whoever calls holds the outbox's lock."""

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}
        self._numbers: Counter[tuple[str, str]] = Counter()
        #: What the mock begins with, now and after each reset.
        self.targets: tuple[WebhookTarget, ...] = ()
        #: Whether those may be other machines.
        self.remote = False

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    def __bool__(self) -> bool:
        return bool(self._lanes)

    def of(self, api: str | None, namespace: str | None) -> list[Lane]:
        """Those of an API and a namespace (None: of all), oldest first."""
        return [
            lane
            for lane in self._lanes.values()
            if api in (None, lane.subscription.api) and namespace in (None, lane.subscription.namespace)
        ]

    def get(self, id: str) -> Lane | None:
        """The lane of a subscription by its id."""
        return self._lanes.get(id)

    def named(self, api: str, id: str, namespace: str) -> Lane:
        """One of an API and a namespace by its id. Raises UsageError when there is none."""
        found = {lane.subscription.id: lane for lane in self.of(api, namespace)}
        if id not in found:
            there = f"there are: {', '.join(found)}" if found else "there is none"
            raise UsageError(f"{api} has no subscription {id!r:.80}", did_you_mean(str(id), found, there))
        return found[id]

    def add(self, sender: Sender, order: Order, at: float, *, check: bool) -> Lane:
        """One more, for an order that is in order. With `check` it gets nothing before its endpoint is checked, where
        the API checks it. Raises UsageError when there are too many."""
        there = len(self.of(sender.name, order.namespace))
        most = sender.webhooks.delivering.most
        if most and there >= most:
            raise UsageError(f"{sender.name} has {there} subscriptions, and more are not allowed", "end one of them")
        if len(self._lanes) >= _MOST:
            raise UsageError(f"the mock has {_MOST:,} subscriptions, and takes no more", "end one of them, or reset")
        self._numbers[sender.name, order.namespace] += 1
        status = "pending" if check and sender.validates else "active"
        subscription = order.fulfilled(sender, self._numbers[sender.name, order.namespace], at, status)
        lane = self._lanes[subscription.id] = Lane(subscription, sender)
        return lane

    def begin(self, target: WebhookTarget, sender: Sender, at: float) -> None:
        """Begin with a subscription. Raises UsageError for what cannot be."""
        signing = sender.webhooks.signing
        secret = target.secret or made_secret(signing, sender.draws("", f"secret:{target.url}"))
        order = Order(target.url, secret, remote=self.remote, made_secret=not target.secret)
        order.check(sender)
        self.add(sender, order, at, check=True)

    def remove(self, lane: Lane, reason: str) -> None:
        """One less."""
        del self._lanes[lane.subscription.id]
        lane.end(reason)

    def forget(self, wanted: Callable[[str, str], bool]) -> None:
        """Number anew those of the APIs and namespaces that are wanted."""
        for key in [key for key in self._numbers if wanted(*key)]:
            del self._numbers[key]

    # time

    @property
    def next_due(self) -> float:
        """When the first job is due that could be sent; infinity when none waits but where others are under way."""
        return min((lane.due for lane in self._lanes.values() if lane.is_free), default=NEVER)

    def first(self, until: float) -> Lane | None:
        """The lane whose first job is due first, by then, of those that are free."""
        found, first = None, (until, NEVER)
        for lane in self._lanes.values():
            if lane.waiting and lane.is_free:
                job = lane.waiting[0]
                if (job.due, job.order) <= first:
                    found, first = lane, (job.due, job.order)
        return found

    def concerned(self, api: str, namespace: str, event: str) -> Sequence[Lane]:
        """Whom an event concerns."""
        return [lane for lane in self.of(api, namespace) if lane.subscription.wants(event)]
