"""What becomes of a job: the endpoint is checked, the event sent, and what follows from how that went."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from mockserver.behaviour.declared import Validation
from mockserver.behaviour.functions import plain
from mockserver.exceptions import ExpressionError
from mockserver.webhooks import handshake
from mockserver.webhooks.attempt import Outcome, fits, judged, post
from mockserver.webhooks.bodies import canonical
from mockserver.webhooks.deliveries import Attempt, Body, Delivery, DeliveryLog, Happening
from mockserver.webhooks.lanes import Job, Lane
from mockserver.webhooks.sender import Unsendable


class Sending:
    """Runs jobs. The network is waited for without the lock, everything else is changed under it."""

    def __init__(
        self, changed: threading.Condition, log: DeliveryLog, enqueue: Callable[[Lane, float, Delivery | None], None]
    ) -> None:
        self._changed, self._log, self._enqueue = changed, log, enqueue

    def run(self, lane: Lane, job: Job, at: float) -> None:
        """Do a job as of the moment `at`."""
        delivery, subscription = job.delivery, lane.subscription
        if delivery is None:
            self.validate(lane, at)
            return
        with lane.validation:
            if subscription.status in ("pending", "failed"):
                self.validate(lane, at)
        if subscription.status != "active":
            with self._changed:  # who waits behind it would be told the same
                self.drop(lane, [delivery, *lane.take_due(at)], subscription.reason)
            return
        number = len(delivery.attempts) + 1
        try:
            body = lane.sender.made(delivery.happening)
            attempt_id = lane.sender.draws(subscription.namespace, f"{delivery.id}:{number}").uuid()
            headers = lane.sender.headers(delivery, body, subscription, at, attempt=number, attempt_id=attempt_id)
        except Unsendable as error:
            with self._changed:
                self._end(delivery, "refused", str(error))
                self._log.tell(delivery, None)
            return
        delivering = lane.sender.webhooks.delivering
        outcome = self._post(lane, headers, body, delivering.timeout)
        arrived, verdict = judged(outcome, delivering)
        attempt = Attempt(
            number,
            attempt_id,
            at,
            headers,
            outcome.response,
            outcome.error,
            outcome.duration,
            arrived,
            verdict,
            outcome.notes,
        )
        with self._changed:
            if not lane.closed:
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
        delivery.attempts.append(attempt)
        status = attempt.response.status if attempt.response else 0
        if attempt.delivered:
            self._end(delivery, "delivered", "")
        elif status and fits(status, delivering.disable):
            lane.subscription.status = "disabled"
            lane.subscription.reason = attempt.verdict
            self._end(delivery, "failed", attempt.verdict)
            self.drop(lane, lane.take_due(float("inf")), f"the subscription was ended: {attempt.verdict}")
        elif status and fits(status, delivering.stop):
            self._end(delivery, "failed", attempt.verdict)
        elif job.single:
            if delivery.next_attempt is None and delivery.status != "delivered":
                self._end(delivery, "failed", attempt.verdict)
        elif delivery.tries < len(delivering.retries):
            if delivery.status != "delivered":  # it may have been sent by hand in between
                delivery.next_attempt = attempt.at + delivering.retries[delivery.tries]
                delivery.tries += 1
                self._enqueue(lane, delivery.next_attempt, delivery)
        elif delivery.status != "delivered":
            tried = f"after {len(delivery.attempts)} attempts: " if len(delivery.attempts) > 1 else ""
            self._end(delivery, "failed", tried + attempt.verdict)
        self._log.tell(delivery, attempt)

    def drop(self, lane: Lane, deliveries: Iterable[Delivery], reason: str) -> None:
        """Give deliveries up. The caller holds the lock."""
        for delivery in deliveries:
            if delivery.status != "delivered":
                self._end(delivery, "dropped", reason)
            self._log.tell(delivery, None)

    def _end(self, delivery: Delivery, status: str, reason: str) -> None:
        delivery.status, delivery.reason, delivery.next_attempt = status, reason, None

    # the check of an endpoint

    def validate(self, lane: Lane, at: float) -> None:
        """Check an endpoint; the subscription tells how it went. Raises nothing for what a receiver does."""
        check, subscription = lane.sender.webhooks.validation, lane.subscription
        assert check is not None  # the API declares one, or nobody would ask for it
        reason = self._checked(lane, check, at)
        with self._changed:
            if lane.closed:
                return
            if not reason:
                subscription.status, subscription.reason, subscription.failures = "active", "", 0
                subscription.validated_at = at
            elif subscription.status == "active":  # it has passed before, and goes on for a while
                subscription.failures += 1
                subscription.reason = f"the check of the endpoint failed {subscription.failures} time(s): {reason}"
                if check.disable_after and subscription.failures >= check.disable_after:
                    subscription.status = "disabled"
            else:
                subscription.status = "failed"
                subscription.reason = f"the endpoint has not passed its check: {reason}"
            subscription.next_validation = None
            if check.every is not None and subscription.status == "active":
                subscription.next_validation = at + check.every
                self._enqueue(lane, subscription.next_validation, None)

    def _checked(self, lane: Lane, check: Validation, at: float) -> str:
        """Why the check was not passed; empty when it was."""
        subscription, sender = lane.subscription, lane.sender
        draws = sender.draws(subscription.namespace, f"check:{subscription.id}:{at}")
        now = datetime.fromtimestamp(at, UTC)
        scope: dict[str, Any] = {**sender.names, "now": now, "event": check.event, "@draws": draws, "with": {}}
        scope["subscription"] = subscription.as_scope()
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
        except (ExpressionError, Unsendable, ValueError) as error:
            return f"it cannot be made: {error}"
        return "" if "" in reasons else reasons[0]  # any of the secrets will do; the newest is told of
