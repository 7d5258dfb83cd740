"""What becomes of a job: the endpoint is checked, the event sent, and what follows from how that went."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mockserver.behaviour.declared import Validation
from mockserver.behaviour.functions import plain
from mockserver.webhooks import handshake
from mockserver.webhooks.attempt import Outcome, fits, judged, post
from mockserver.webhooks.bodies import canonical
from mockserver.webhooks.deliveries import Attempt, Body, Delivery, DeliveryLog, Happening
from mockserver.webhooks.lanes import NEVER, Job, Lane
from mockserver.webhooks.sender import Unsendable
from mockserver.webhooks.subscriptions import at_moment

_TO_BE_CHECKED = ("pending", "failed")


class Sending:
    """Runs jobs. The network is waited for without the lock, everything else is changed under it."""

    def __init__(
        self, changed: threading.Condition, log: DeliveryLog, enqueue: Callable[[Lane, float, Delivery | None], Any]
    ) -> None:
        self._changed, self._log, self._enqueue = changed, log, enqueue

    def run(self, lane: Lane, job: Job, at: float) -> None:
        """Do a job as of the moment `at`. It comes to an end whatever happens: no event is lost without a word."""
        try:
            if job.delivery is None:
                self.check_again(lane, at)
            else:
                self._deliver(lane, job, job.delivery, at)
        except Exception as error:  # noqa: BLE001  # a fault of the mock's own, or of a rule in a way nobody foresaw
            with self._changed:
                self._refuse(job, f"it cannot be sent: {type(error).__name__}: {error}")
        finally:
            with self._changed:
                job.done = True

    def _deliver(self, lane: Lane, job: Job, delivery: Delivery, at: float) -> None:
        self.admit(lane, at)
        with self._changed:
            if lane.ended or lane.subscription.status != "active":  # who waits behind it would be told the same
                self.drop([job, *lane.take_due(at)], lane.ended or lane.subscription.reason)
                return
            if delivery.settled and not job.single:  # by hand, meanwhile
                return
            number = delivery.next_number()
        try:
            body = lane.sender.made(delivery.happening)
            attempt_id = lane.sender.draws(lane.subscription.namespace, f"{delivery.id}:{number}").uuid()
            headers = lane.sender.headers(delivery, body, lane.subscription, at, attempt=number, attempt_id=attempt_id)
        except Unsendable as error:
            with self._changed:
                self._refuse(job, str(error))
            return
        delivering = lane.sender.webhooks.delivering
        outcome = self._post(lane, headers, body, delivering.timeout)
        arrived, verdict = judged(outcome, delivering)
        answered = (outcome.response, outcome.error, outcome.duration, arrived, verdict, outcome.notes)
        attempt = Attempt(number, attempt_id, at, headers, *answered, hidden=frozenset(lane.subscription.headers))
        with self._changed:
            self._follow(lane, job, delivery, attempt)

    def _post(self, lane: Lane, headers: Mapping[str, str], body: Body, timeout: float) -> Outcome:
        with self._changed:
            line = lane.take_line()
        try:
            return post(line, headers, body.data, timeout)
        finally:
            with self._changed:
                lane.give_back(line)

    def _follow(self, lane: Lane, job: Job, delivery: Delivery, attempt: Attempt) -> None:
        delivering = lane.sender.webhooks.delivering
        status = attempt.response.status if attempt.response else 0
        delivery.record(attempt)
        if attempt.delivered:
            delivery.end("delivered")
        elif lane.ended:
            delivery.end("dropped", lane.ended)
        elif status and fits(status, delivering.disable):
            delivery.end("failed", attempt.verdict)
            lane.subscription.disable(attempt.verdict)
            self.drop(lane.take_due(NEVER), f"the subscription was ended: {attempt.verdict}")
        elif status and fits(status, delivering.stop):
            delivery.end("failed", attempt.verdict)
        elif not (job.single or delivery.settled):
            if delivery.tries < len(delivering.retries):
                due = delivery.try_again(attempt.at + delivering.retries[delivery.tries])
                self._enqueue(lane, due, delivery)
            else:
                tried = f"after {len(delivery.attempts)} attempts: " if len(delivery.attempts) > 1 else ""
                delivery.end("failed", tried + attempt.verdict)
        self._log.tell(delivery, attempt)

    def _refuse(self, job: Job, reason: str) -> None:
        job.unsent = reason
        if job.delivery is not None:
            job.delivery.end("refused", reason)
            self._log.tell(job.delivery, None, reason)

    def drop(self, jobs: Iterable[Job], reason: str) -> None:
        """Give attempts up. The caller holds the lock."""
        for job in jobs:
            job.done, job.unsent = True, reason
            if job.delivery is not None and not job.delivery.settled:
                job.delivery.end("dropped", reason)
                self._log.tell(job.delivery, None)

    # the check of an endpoint

    def admit(self, lane: Lane, at: float) -> None:
        """Check an endpoint that has not passed yet; the subscription tells how it went. Who comes while another checks
        waits for how that goes. Raises nothing for what a receiver does."""
        if lane.subscription.status in _TO_BE_CHECKED:
            with lane.checking:
                if lane.subscription.status in _TO_BE_CHECKED and not lane.ended:
                    self._check(lane, at)

    def check_again(self, lane: Lane, at: float) -> None:
        """Check an endpoint that has passed before, and goes on for a while when it does not any more."""
        with lane.checking:
            if lane.subscription.status == "active" and not lane.ended:
                self._check(lane, at)

    def _check(self, lane: Lane, at: float) -> None:
        check, subscription = lane.sender.webhooks.validation, lane.subscription
        assert check is not None  # the API declares one, or nobody would ask for it
        reason = self._failure(lane, check, at)
        with self._changed:
            if lane.ended:
                return
            subscription.next_validation = None
            if not reason:
                subscription.status, subscription.reason, subscription.failures = "active", "", 0
                subscription.validated_at = at
            elif subscription.status == "active":
                subscription.failures += 1
                subscription.reason = f"the check of the endpoint failed {subscription.failures} time(s): {reason}"
                if check.disable_after and subscription.failures >= check.disable_after:
                    subscription.disable(subscription.reason)
            else:
                subscription.status = "failed"
                subscription.reason = f"the endpoint has not passed its check: {reason}"
            if check.every is not None and subscription.status == "active":
                subscription.next_validation = at + check.every
                self._enqueue(lane, subscription.next_validation, None)

    def _failure(self, lane: Lane, check: Validation, at: float) -> str:
        """Why the check was not passed; empty when it was."""
        subscription, sender = lane.subscription, lane.sender
        draws = sender.draws(subscription.namespace, f"check:{subscription.id}:{at}")
        scope: dict[str, Any] = {**sender.names, "now": at_moment(at), "event": check.event, "with": {}}
        scope |= {"@draws": draws, "subscription": subscription.as_scope()}
        try:
            sent = plain(check.body.render(scope))
            data = canonical(sent)
            body = Body(data, data.decode(), sent)
            happening = Happening(subscription.api, subscription.namespace, check.event, 0, at, {}, draws.uuid())
            delivery = Delivery(draws.uuid(), 0, draws.hex(32), happening, subscription.id, subscription.url)
            headers = sender.headers(delivery, body, subscription, at, attempt=1, attempt_id=draws.uuid())
            outcome = self._post(lane, headers, body, check.timeout)
            reasons = []
            for secret in subscription.secrets or ("",):
                scope |= {"sent": sent, "secret": secret}
                wanted = plain(check.answer.render(scope)) if check.answer is not None else None
                reasons.append(handshake.judged(outcome, check, wanted, sent, secret))
        except Exception as error:  # noqa: BLE001  # whatever a rule does, the subscription says so
            return f"it cannot be made: {error}"
        return "" if "" in reasons else reasons[0]  # any of the secrets will do; the newest is told of
