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
from mockserver.webhooks.deliveries import Delivery, DeliveryLog, Happening, Told
from mockserver.webhooks.edits import Change, checked
from mockserver.webhooks.forking import goes_on
from mockserver.webhooks.lanes import NEVER, Job, Lane
from mockserver.webhooks.sender import Sender
from mockserver.webhooks.sending import Sending
from mockserver.webhooks.subscribers import Subscribers
from mockserver.webhooks.subscribing import Order
from mockserver.webhooks.subscriptions import Subscription, WebhookTarget
from mockserver.webhooks.workers import Workers

MOST_AT_ONCE = 100_000
_MOST_WAITING = 10_000  # for one subscription
_PATIENCE = 30.0  # seconds that a call waits for what it has sent


class Outbox:
    """What the APIs of one mock send. Safe to call from many threads; no thread runs before something is sent."""

    def __init__(
        self, senders: Mapping[str, Sender], clock: Clock, *, workers: int = 8, patience: float = _PATIENCE
    ) -> None:
        """`senders` by the name of their API; to so many at once as there are `workers`. A call that waits for what it
        has sent does so for `patience` real seconds at most."""
        self._senders, self._clock, self._patience = dict(senders), clock, patience
        self._changed = threading.Condition(threading.RLock())
        self._steering = threading.RLock()  # held by whoever moves the clock
        self._holds = self._running = self._order = self._made = 0
        self._subscribers = Subscribers()
        self._events: Counter[tuple[str, str]] = Counter()
        self._closed = False
        self.log = DeliveryLog()
        self._workers = Workers(self, self._changed, workers)
        self._sending = Sending(self._changed, self.log, self._enqueue)
        goes_on(self)

    def serve(self, senders: Mapping[str, Sender]) -> None:
        """Send what these have from here on. An API whose sender is the same goes on as it is; what any other had comes
        to an end, and what one that is new was registered with begins."""
        with self._changed:
            before, self._senders = self._senders, dict(senders)
            for api in dict.fromkeys([*before, *senders]):
                if before.get(api) is not senders.get(api):
                    self._end(self._subscribers.of(api, None), "its API is not served any more")
                    self._forget(api, None)
                    self._begin(api)

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
        nothing can be signed with, a header that must not be sent, one subscription too many.
        """
        sender = self.sender(api)
        order = Order(url, secret, namespace, events, headers or {}, concurrency, remote)
        order.check(sender)
        with self._changed:
            lane = self._subscribers.add(sender, order, self._clock.timestamp(), check=validate)
        self._sending.admit(lane, self._clock.timestamp())
        return lane.subscription

    def register(self, targets: Sequence[WebhookTarget], *, remote: bool = False) -> None:
        """Begin with these subscriptions, now and after each reset; an endpoint is checked before its first delivery.
        Raises UsageError as `subscribe` does."""
        with self._changed:
            self._subscribers.targets, self._subscribers.remote = tuple(targets), remote
            for target in targets:
                self._subscribers.begin(target, self.sender(target.api), self._clock.timestamp())

    def _begin(self, api: str | None) -> None:
        """Begin with what was registered for an API (None: for all that are served)."""
        for target in self._subscribers.targets:
            if api in (None, target.api) and target.api in self._senders:
                self._subscribers.begin(target, self._senders[target.api], self._clock.timestamp())

    def unsubscribe(self, api: str, id: str, namespace: str = "") -> None:
        """End a subscription; what waits for it is dropped. Raises UsageError when there is none."""
        with self._changed:
            self._end([self._subscribers.named(api, id, namespace)], "the subscription was ended")

    def _end(self, lanes: Iterable[Lane], reason: str) -> None:
        for lane in lanes:
            self._subscribers.remove(lane, reason)
            self._sending.drop(lane.take_due(NEVER), reason)
        self._changed.notify_all()

    def subscriptions(self, api: str | None = None, namespace: str | None = None) -> list[Subscription]:
        """Those of an API and a namespace (None: of all), oldest first."""
        with self._changed:
            return [lane.subscription for lane in self._subscribers.of(api, namespace)]

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
            told = [len(self._take(api, namespace, each, now)) for each in emissions]
            if any(told):
                self._workers.wake()
        return told

    def emit(
        self, api: str, event: str, fields: Mapping[str, Any] | None = None, namespace: str = ""
    ) -> list[Delivery]:
        """Send an event by hand. `fields` are parameters of the event, else paths into its body; the rest is as the
        API's rules have it. Returns when each subscription was tried once, or when that takes too long: such a delivery
        is pending, and goes on. Raises UsageError, ExpressionError."""
        sender = self.sender(api)
        sender.check_event(event)
        known = sender.parameters(event)
        given = {name: value for name, value in (fields or {}).items() if name in known}
        changes = [Change(path, value) for path, value in (fields or {}).items() if path not in known]
        changed = checked(changes, sender.schema(event))
        given = sender.completed(event, given, namespace)
        with self._changed:
            now = self._clock.timestamp()
            made = self._take(api, namespace, Emission(event, given, now), now, changed)
            self._workers.wake()
            self._await(lambda: all(each.attempts or each.settled for each in made))
        return made

    def delivery(self, id: str) -> Delivery:
        """A delivery that the log has. Raises UsageError when it has none of that id."""
        with self._changed:
            found = self.log.get(id)
        if found is None:
            raise UsageError(f"the log has no delivery {id!r:.80}", "it keeps the latest 10,000")
        return found

    def redeliver(self, delivery_id: str) -> Delivery:
        """Send a delivery once more: the same bytes, signed anew; nothing follows when it fails. Returns when it was
        tried, or when that takes too long. Raises UsageError when the log does not have it, or it cannot be sent: its
        subscription has ended, say."""
        with self._changed:
            delivery = self.delivery(delivery_id)
            lane = self._subscribers.get(delivery.subscription)
            if lane is None:
                raise UsageError(f"the subscription {delivery.subscription} has ended", "subscribe again, and emit")
            job = self._enqueue(lane, self._clock.timestamp(), delivery, single=True)
            self._workers.wake()
            self._await(lambda: job.done)
        if job.unsent:
            raise UsageError(f"it was not sent again: {job.unsent}")
        return delivery

    def _await(self, condition: Callable[[], bool]) -> None:
        self._changed.wait_for(lambda: self._closed or condition(), self._patience)

    def _take(
        self, api: str, namespace: str, emission: Emission, now: float, changes: tuple[Change, ...] = ()
    ) -> list[Delivery]:
        """Number an event, and queue it for whom it concerns."""
        if self._closed or api not in self._senders:
            return []
        self._events[api, namespace] += 1
        concerned = self._subscribers.concerned(api, namespace, emission.event) if self._subscribers else ()
        if not concerned:
            return []
        sequence = self._events[api, namespace]
        ids = concerned[0].sender.draws(namespace, f"{sequence}:event")
        happening = Happening(
            api, namespace, emission.event, sequence, emission.at, emission.given, ids.uuid(), changes
        )
        made = []
        for lane in concerned:
            subscription = lane.subscription
            ids = lane.sender.draws(namespace, f"{sequence}:{subscription.id}")
            self._made += 1
            delivery = Delivery(ids.uuid(), self._made, ids.hex(32), happening, subscription.id, subscription.url)
            self.log.add(delivery)
            made.append(delivery)
            job = self._enqueue(lane, min(emission.at, now), delivery)
            if subscription.status == "disabled":
                self._sending.drop([lane.withdraw(job)], subscription.reason)
            elif len(lane.waiting) > _MOST_WAITING:
                self._sending.drop([lane.withdraw(job)], f"{_MOST_WAITING:,} wait for this subscription already")
        return made

    def _enqueue(self, lane: Lane, due: float, delivery: Delivery | None, *, single: bool = False) -> Job:
        self._order += 1
        job = Job(due, self._order, delivery, single)
        lane.add(job)
        return job

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
                for each in self.log.of(api, namespace)
                if event in (None, each.event) and status in (None, each.status)
            ]
        return found if limit is None else found[max(len(found) - limit, 0) :]

    def attempts_since(self, number: int) -> list[Told]:
        """How the attempts went that have ended after the one of that number, and what was given up."""
        with self._changed:
            return self.log.since(number)

    # time

    @property
    def next_due(self) -> float:
        """When the next attempt is due that could be sent, in seconds since the epoch; infinity when none is."""
        if not self._subscribers or self._closed:
            return NEVER
        with self._changed:
            return self._subscribers.next_due

    @contextmanager
    def held(self, *, patiently: bool = True) -> Iterator[None]:
        """While this holds, nothing is sent but by `run_due`. What is under way ends first, and whoever else holds has
        done so. Unless `patiently`: a receiver that calls the mock before it answers would wait for itself."""
        steers = self._steering.acquire(blocking=patiently)
        try:
            with self._changed:
                self._holds += 1
                if patiently:
                    self._changed.wait_for(lambda: not self._running)
            try:
                yield
            finally:
                with self._changed:
                    self._holds -= 1
                self.look()
        finally:
            if steers:
                self._steering.release()

    def look(self) -> None:
        """Look again when something is due: the clock may stand elsewhere, or run now."""
        with self._changed:
            if self.wait() < NEVER:
                self._workers.wake()

    def run_due(self, until: float, most: int = MOST_AT_ONCE) -> int:
        """Send what is due at `until`, at most so many attempts, in order of time, each as if it were its moment; what
        an attempt that fails brings about may be due in the same run. Returns how many were made."""
        ran = 0
        with self.held(patiently=False):
            while ran < most:
                with self._changed:
                    act = self._first(until, 0.0)
                if act is None:
                    break
                act()
                ran += 1
        return ran

    def settle(self, timeout: float) -> bool:
        """Wait, at most `timeout` real seconds, until nothing that is due is under way or waits. Whether that came."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closed or not (self._running or self._is_due()), timeout)

    def _is_due(self) -> bool:
        now = self._clock.timestamp()
        return any(lane.due <= now for lane in self._subscribers)

    def reset(self, api: str | None = None, namespace: str | None = None) -> None:
        """Forget subscriptions, deliveries and numbers of an API and a namespace (None: of all), and begin anew with
        what was registered."""
        with self._changed:
            self._end(self._subscribers.of(api, namespace), "the mock was reset")
            self._forget(api, namespace)
            if api is None and namespace is None:
                self._made = 0
            if not namespace:
                self._begin(api)

    def _forget(self, api: str | None, namespace: str | None) -> None:
        def wanted(of_api: str, of_namespace: str) -> bool:
            return api in (None, of_api) and namespace in (None, of_namespace)

        self.log.forget(api, namespace)
        self._subscribers.forget(wanted)
        for key in [key for key in self._events if wanted(*key)]:
            del self._events[key]

    def close(self) -> None:
        """Send nothing more: connections are closed, threads are ended and waited for."""
        with self._changed:
            self._closed = True
            for lane in self._subscribers:
                lane.end("the mock was closed")
            self._changed.notify_all()
        self._workers.close()

    # what the threads ask (`workers.Work`)

    def next(self) -> Callable[[], None] | None:
        """Something to send now, if there is and nobody holds it back."""
        if self._holds:
            return None
        now = self._clock.timestamp()
        return self._first(now, now)

    def _first(self, until: float, now: float) -> Callable[[], None] | None:
        """The first job that is due by `until`, under way from now on; it is to be done as of `now`, or when it is due
        if that is later."""
        lane = None if self._closed else self._subscribers.first(until)
        if lane is None:
            return None
        job = lane.take()
        self._running += 1

        def act() -> None:
            try:
                self._sending.run(lane, job, max(now, job.due))
            finally:
                with self._changed:
                    if job in lane.under_way:  # not in a child of the process that began it
                        lane.under_way.remove(job)
                        self._running -= 1
                    self._changed.notify_all()

        return act

    def wait(self) -> float:
        """Seconds until something can be sent; infinity when only a call can bring it about."""
        if self._holds or self._closed:
            return NEVER
        left = self._subscribers.next_due - self._clock.timestamp()
        return NEVER if left > 0 and self._clock.frozen else left

    def idle(self) -> None:
        """Nothing was to be sent for a while: no connection is kept for nothing."""
        for lane in self._subscribers:
            lane.hang_up()

    # in a process that was forked

    def begin_in_child(self) -> None:
        """Go on in a forked process: threads, and what they had under way, are the parent's. The locks may have been
        held at that moment, by threads that are not here to let them go."""
        threading.Condition.__init__(self._changed, threading.RLock())  # the others have it as well
        self._steering = threading.RLock()
        self._holds = self._running = 0
        self._workers.begin_in_child()
        for lane in self._subscribers:
            self._sending.drop(lane.begin_in_child(), "the process was forked while it was under way")
