"""The outbox of a mock: who has subscribed, what waits to be sent, and what was sent.

What is due now is sent by threads. What is due later waits for the clock. A running one brings it by itself; when it is
moved, all that falls due on the way is sent before the move is over, in order of time and each at its own moment.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mockserver.exceptions import UsageError, did_you_mean
from mockserver.state.clock import Clock
from mockserver.state.store import Emission
from mockserver.webhooks.deliveries import Attempt, Delivery, DeliveryLog, Happening
from mockserver.webhooks.edits import Change, checked
from mockserver.webhooks.lanes import NEVER, Job, Lane
from mockserver.webhooks.sender import Sender
from mockserver.webhooks.sending import Sending
from mockserver.webhooks.signing import made_secret
from mockserver.webhooks.subscribing import Order
from mockserver.webhooks.subscriptions import Subscription, WebhookTarget
from mockserver.webhooks.workers import Workers

MOST_AT_ONCE = 100_000
_MOST_WAITING = 10_000  # for one subscription
_MOST_SUBSCRIPTIONS = 1_000  # of all APIs and namespaces


class Outbox:
    """What the APIs of one mock send. Safe to call from many threads; no thread runs before something is sent."""

    def __init__(self, senders: Mapping[str, Sender], clock: Clock, *, workers: int = 8) -> None:
        """`senders` by the name of their API; to so many at once as there are `workers`."""
        self._senders, self._clock = senders, clock
        self._changed = threading.Condition(threading.RLock())
        self._steering = threading.RLock()  # held by whoever moves the clock
        self._holds = self._running = self._order = self._made = 0
        self._lanes: dict[str, Lane] = {}
        self._events: Counter[tuple[str, str]] = Counter()
        self._subscribed: Counter[tuple[str, str]] = Counter()
        self._targets: tuple[WebhookTarget, ...] = ()
        self._remote = self._closed = False
        self.log = DeliveryLog()
        self._workers = Workers(self, self._changed, workers)
        self._sending = Sending(self._changed, self.log, self._enqueue)

    def serve(self, senders: Mapping[str, Sender]) -> None:
        """Send what these have from here on; subscriptions to any other end."""
        with self._changed:
            kept = self._senders
            self._senders = dict(senders)
            gone = [lane for lane in self._lanes.values() if senders.get(lane.subscription.api) is not lane.sender]
            self._remove(gone, "its API is not served any more")
            for api in kept:
                self._forget(api, None)

    # who is told

    def subscribe(
        self,
        api: str,
        url: str,
        secret: str | Sequence[str] = "",
        *,
        namespace: str = "",
        events: Collection[str] | None = None,
        headers: Mapping[str, str] | None = None,
        concurrency: int = 1,
        validate: bool = True,
        remote: bool = False,
    ) -> Subscription:
        """Send the events of an API (None: all) to `url`, signed by the secret, or by several, the newest first.

        With `validate` the endpoint is checked at once where the API checks it; the subscription that comes back tells
        by its `status` and `reason` whether it has passed. `concurrency` is how many may be under way at the same time.
        Raises UsageError for what cannot be: an unknown API or event, a URL that must not be called, a secret that
        nothing can be signed with, one subscription too many.
        """
        lane = self._add(api, url, secret, namespace, events, headers, concurrency, remote)
        if validate and lane.sender.validates:
            lane.subscription.status = "pending"
            self._sending.validate(lane, self._clock.timestamp())
        return lane.subscription

    def register(self, targets: Sequence[WebhookTarget], *, remote: bool = False) -> None:
        """Begin with these subscriptions, now and after each reset; an endpoint is checked before its first delivery.
        Raises UsageError as `subscribe` does."""
        self._targets, self._remote = tuple(targets), remote
        for target in targets:
            self._begin(target)

    def _begin(self, target: WebhookTarget) -> None:
        sender = self.sender(target.api)
        secret = target.secret or made_secret(sender.webhooks.signing, sender.draws("", f"secret:{target.url}"))
        lane = self._add(target.api, target.url, secret, "", None, None, 1, self._remote)
        if lane.sender.validates:
            lane.subscription.status = "pending"

    def _add(
        self,
        api: str,
        url: str,
        secret: str | Sequence[str],
        namespace: str,
        events: Collection[str] | None,
        headers: Mapping[str, str] | None,
        concurrency: int,
        remote: bool,
    ) -> Lane:
        sender = self.sender(api)
        order = Order(url, secret, namespace, events, headers or {}, concurrency, remote)
        order.check(sender)
        with self._changed:
            most = sender.webhooks.delivering.most
            there = len(self.subscriptions(api, namespace))
            if (most and there >= most) or len(self._lanes) >= _MOST_SUBSCRIPTIONS:
                raise UsageError(f"{api} has {there} subscriptions, and more are not allowed", "end one of them")
            self._subscribed[api, namespace] += 1
            subscription = order.fulfilled(sender, self._subscribed[api, namespace], self._clock.timestamp())
            lane = self._lanes[subscription.id] = Lane(subscription, sender)
        return lane

    def unsubscribe(self, api: str, id: str, namespace: str = "") -> None:
        """End a subscription; what waits for it is dropped. Raises UsageError when there is none."""
        with self._changed:
            lane = self._lanes.get(id)
            if lane is None or lane.subscription.api != api or lane.subscription.namespace != namespace:
                known = [each.id for each in self.subscriptions(api, namespace)]
                there = f"there are: {', '.join(known)}" if known else "there is none"
                raise UsageError(f"{api} has no subscription {id!r:.80}", did_you_mean(str(id), known, there))
            self._remove([lane], "the subscription was ended")

    def _remove(self, lanes: Iterable[Lane], reason: str) -> None:
        for lane in lanes:
            self._sending.drop(lane, lane.take_due(NEVER), reason)
            lane.hang_up(all=True)
            del self._lanes[lane.subscription.id]
        self._changed.notify_all()

    def subscriptions(self, api: str | None = None, namespace: str | None = None) -> list[Subscription]:
        """Those of an API and a namespace (None: of all), oldest first."""
        with self._changed:
            found = [lane.subscription for lane in self._lanes.values()]
        return [each for each in found if api in (None, each.api) and namespace in (None, each.namespace)]

    def sender(self, api: str) -> Sender:
        """What an API sends. Raises UsageError."""
        if api not in self._senders:
            served = f"served: {', '.join(self._senders)}"
            raise UsageError(f"no API is called {api!r:.80}", did_you_mean(str(api), self._senders, served))
        return self._senders[api]

    # what is sent

    def accept(self, api: str, namespace: str, emissions: Sequence[Emission]) -> list[int]:
        """Take events that have come about, and return at once. For each, how many subscriptions get it."""
        with self._changed:
            now = self._clock.timestamp()
            told = [len(self._take(api, namespace, each.event, each.given, each.at, now)) for each in emissions]
            if any(told):
                self._workers.wake()
        return told

    def emit(
        self, api: str, event: str, fields: Mapping[str, Any] | None = None, namespace: str = ""
    ) -> list[Delivery]:
        """Send an event by hand. `fields` are parameters of the event, else paths into its body; the rest is as the
        API's rules have it. Returns when each subscription was tried once. Raises UsageError, ExpressionError."""
        sender = self.sender(api)
        sender.check_event(event)
        known = sender.parameters(event)
        given = {name: value for name, value in (fields or {}).items() if name in known}
        changes = [Change(path, value) for path, value in (fields or {}).items() if path not in known]
        changed = checked(changes, sender.schema(event))
        given = sender.completed(event, given, namespace)
        with self._changed:
            now = self._clock.timestamp()
            made = self._take(api, namespace, event, given, now, now, changed)
            self._workers.wake()
            self._changed.wait_for(lambda: self._closed or all(each.attempts or each.settled for each in made))
        return made

    def redeliver(self, delivery_id: str) -> Delivery:
        """Send a delivery once more: the same bytes, signed anew; nothing follows when it fails. Returns when it was
        tried. Raises UsageError when the log does not have it, or its subscription is gone."""
        with self._changed:
            delivery = self.log.get(delivery_id)
            if delivery is None:
                raise UsageError(f"the log has no delivery {delivery_id!r:.80}", "it keeps the latest 10,000")
            lane = self._lanes.get(delivery.subscription)
            if lane is None:
                raise UsageError(f"the subscription {delivery.subscription} has ended", "subscribe again, and emit")
            told = self.log.told
            self._enqueue(lane, self._clock.timestamp(), delivery, True)
            self._workers.wake()
            self._changed.wait_for(lambda: self._closed or lane.closed or self.log.has_told(delivery, told))
        return delivery

    def _take(
        self,
        api: str,
        namespace: str,
        event: str,
        given: Mapping[str, Any],
        at: float,
        due: float,
        changes: tuple[Change, ...] = (),
    ) -> list[Delivery]:
        """Number an event, and queue it for whom it concerns."""
        if self._closed or api not in self._senders:
            return []
        self._events[api, namespace] += 1
        if not self._lanes:
            return []
        sequence = self._events[api, namespace]
        happening: Happening | None = None
        made = []
        for lane in self._lanes.values():
            subscription = lane.subscription
            if subscription.api != api or subscription.namespace != namespace or not subscription.wants(event):
                continue
            if happening is None:
                ids = lane.sender.draws(namespace, f"{sequence}:event")
                happening = Happening(api, namespace, event, sequence, at, given, ids.uuid(), changes)
            ids = lane.sender.draws(namespace, f"{sequence}:{subscription.id}")
            self._made += 1
            delivery = Delivery(ids.uuid(), self._made, ids.hex(32), happening, subscription.id, subscription.url)
            self.log.add(delivery)
            made.append(delivery)
            if subscription.status == "disabled":
                self._sending.drop(lane, [delivery], subscription.reason)
            elif len(lane.waiting) >= _MOST_WAITING:
                self._sending.drop(lane, [delivery], f"{_MOST_WAITING:,} wait for this subscription already")
            else:
                self._enqueue(lane, min(at, due), delivery)
        return made

    def _enqueue(self, lane: Lane, due: float, delivery: Delivery | None, single: bool = False) -> None:
        if not lane.closed:
            self._order += 1
            lane.add(Job(due, self._order, delivery, single))

    def deliveries(
        self,
        api: str | None = None,
        namespace: str | None = None,
        *,
        event: str | None = None,
        status: str | None = None,
        limit: int | None = None,
    ) -> list[Delivery]:
        """What the log has, oldest first; with a `limit`, the latest so many."""
        with self._changed:
            found = [
                each
                for each in self.log.all()
                if api in (None, each.happening.api)
                and namespace in (None, each.happening.namespace)
                and event in (None, each.happening.event)
                and status in (None, each.status)
            ]
        return found if limit is None else found[max(len(found) - limit, 0) :]

    def attempts_since(self, number: int) -> list[tuple[int, Delivery, Attempt | None]]:
        """The attempts after the one of that number, each with its own; None where none was made."""
        with self._changed:
            return self.log.since(number)

    # time

    @property
    def next_due(self) -> float:
        """When the next attempt is due, in seconds since the epoch; infinity when none is."""
        if not self._lanes:
            return NEVER
        with self._changed:
            return min((lane.due for lane in self._lanes.values()), default=NEVER)

    @contextmanager
    def held(self) -> Iterator[None]:
        """While this holds, nothing is sent but by `run_due`; what is under way ends first."""
        with self._steering:
            with self._changed:
                self._holds += 1
                self._changed.wait_for(lambda: not self._running)
            try:
                yield
            finally:
                with self._changed:
                    self._holds -= 1
                    if self._lanes and self.wait() <= 0:
                        self._workers.wake()

    def run_due(self, until: float, most: int = MOST_AT_ONCE) -> int:
        """Send what is due at `until`, at most so many attempts, in order of time, each as if it were its moment; what
        an attempt that fails brings about may be due in the same run. Returns how many were made."""
        ran = 0
        with self.held():
            while ran < most:
                with self._changed:
                    lane = self._first(until)
                    job = lane.take() if lane is not None else None
                if lane is None or job is None:
                    break
                try:
                    self._sending.run(lane, job, job.due)
                finally:
                    with self._changed:
                        lane.running -= 1
                ran += 1
        return ran

    def settle(self, timeout: float) -> bool:
        """Wait, at most `timeout` real seconds, until nothing that is due is under way or waits. Whether that came."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closed or not (self._running or self._is_due()), timeout)

    def _is_due(self) -> bool:
        now = self._clock.timestamp()
        return any(lane.due <= now for lane in self._lanes.values())

    def reset(self, api: str | None = None, namespace: str | None = None) -> None:
        """Forget subscriptions, deliveries and numbers of an API and a namespace (None: of all), and begin anew with
        what was registered."""
        with self._changed:
            gone = self.subscriptions(api, namespace)
            self._remove([self._lanes[each.id] for each in gone], "the mock was reset")
            self._forget(api, namespace)
            if api is None and namespace is None:
                self._made = 0
            for target in self._targets:
                if api in (None, target.api) and not namespace:
                    self._begin(target)

    def _forget(self, api: str | None, namespace: str | None) -> None:
        self.log.forget(api, namespace)
        for counted in (self._events, self._subscribed):
            for key in [key for key in counted if api in (None, key[0]) and namespace in (None, key[1])]:
                del counted[key]

    def close(self) -> None:
        """Send nothing more: connections are closed, threads are ended and waited for."""
        with self._changed:
            self._closed = True
            for lane in self._lanes.values():
                lane.hang_up(all=True)
            self._changed.notify_all()
        self._workers.close()

    # what the threads ask (`workers.Work`)

    def next(self) -> Callable[[], None] | None:
        """Something to send now, if there is and nobody holds it back."""
        if self._holds or self._closed:
            return None
        lane = self._first(self._clock.timestamp())
        if lane is None:
            return None
        job = lane.take()
        self._running += 1

        def act() -> None:
            try:
                self._sending.run(lane, job, max(self._clock.timestamp(), job.due))
            finally:
                with self._changed:
                    lane.running -= 1
                    self._running -= 1

        return act

    def wait(self) -> float:
        """Seconds until something can be sent; infinity when only a call can bring it about."""
        if self._holds or self._closed:
            return NEVER
        due = min((lane.due for lane in self._lanes.values() if lane.is_free), default=NEVER)
        left = due - self._clock.timestamp()
        return NEVER if left > 0 and self._clock.frozen else left

    def idle(self) -> None:
        """Nothing was to be sent for a while: no connection is kept for nothing."""
        for lane in self._lanes.values():
            lane.hang_up()

    def _first(self, until: float) -> Lane | None:
        """The lane whose first job is due first, of those that are free."""
        found, first = None, (until, self._order + 1)
        for lane in self._lanes.values():
            if lane.waiting and lane.is_free and (at := lane.waiting[0][:2]) <= first:
                found, first = lane, at
        return found
