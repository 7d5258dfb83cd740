"""One event made and sent by hand, outside of any outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mockserver.exceptions import UsageError
from mockserver.webhooks.attempt import judged, post
from mockserver.webhooks.deliveries import Attempt, Body, Delivery, Happening
from mockserver.webhooks.edits import Change, checked
from mockserver.webhooks.sender import Sender, Unsendable
from mockserver.webhooks.subscribing import Order


class Made(NamedTuple):
    """An event that is ready to go out: signed for the moment `at` (seconds since the epoch), to another machine only
    when `remote`."""

    sender: Sender
    event: str
    url: str
    headers: Mapping[str, str]
    body: Body
    attempt_id: str
    at: float
    remote: bool = False


def made_by_hand(
    sender: Sender,
    event: str,
    url: str,
    secret: str = "",
    changes: Sequence[Change] = (),
    *,
    remote: bool = False,
    at: float,
) -> Made:
    """An event with the default values of its parameters, and then these changes. Raises UsageError for what cannot
    be, as a body that breaks the contract; ExpressionError when a default fails."""
    order = Order(url, secret, remote=remote)
    sender.check_event(event)
    order.check(sender)
    subscription = order.fulfilled(sender, 1, at)
    given = sender.completed(event, {}, "")
    ids = sender.draws("", "1:event")
    happening = Happening(sender.name, "", event, 1, at, given, ids.uuid(), checked(changes, sender.schema(event)))
    delivery = Delivery(ids.uuid(), 1, ids.hex(32), happening, subscription.id, url)
    attempt_id = ids.uuid()
    try:
        body = sender.made(happening)
        headers = sender.headers(delivery, body, subscription, at, attempt=1, attempt_id=attempt_id)
    except Unsendable as error:
        raise UsageError(str(error)) from None
    return Made(sender, event, url, headers, body, attempt_id, at, remote)


def sent_by_hand(made: Made) -> Attempt:
    """Send it once, and say how that went."""
    from mockserver.transport import Line  # it loads what nobody needs who sends nothing

    delivering = made.sender.webhooks.delivering
    line = Line(made.url, remote=made.remote)
    try:
        outcome = post(line, made.headers, made.body.data, delivering.timeout)
    finally:
        line.close()
    arrived, verdict = judged(outcome, delivering)
    answered = (outcome.response, outcome.error, outcome.duration, arrived, verdict, outcome.notes)
    return Attempt(1, made.attempt_id, made.at, made.headers, *answered)
