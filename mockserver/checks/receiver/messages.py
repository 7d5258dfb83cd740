"""Messages as an API sends them, and as somebody might who wants to be taken for it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mockserver.exceptions import ExpressionError, UsageError
from mockserver.state.clock import Clock
from mockserver.webhooks.bodies import canonical
from mockserver.webhooks.deliveries import Body, Delivery, Happening
from mockserver.webhooks.sender import Sender, Unsendable
from mockserver.webhooks.subscribing import Order
from mockserver.webhooks.subscriptions import Subscription

_LONGEST_INLINE = 16 * 1024  # bytes of a body that still stands in a line of shell


class Message(NamedTuple):
    """One POST: its headers, and its body as bytes and as the value that they were made of."""

    event: str
    headers: Mapping[str, str]
    body: bytes
    value: Any

    def with_headers(self, changes: Mapping[str, str | None]) -> Message:
        """With other headers; None takes one away. Names in any case."""
        gone = {name.lower() for name in changes}
        kept = {name: value for name, value in self.headers.items() if name.lower() not in gone}
        return self._replace(headers=kept | {name: value for name, value in changes.items() if value is not None})

    def with_body(self, value: Any) -> Message:
        """With another body under the same headers."""
        return self._replace(body=canonical(value), value=value)


class Composer:
    """Makes messages, signed for the moment in which they are made. The same seed and number give the same ids."""

    def __init__(self, sender: Sender, url: str, secret: str, clock: Clock, *, remote: bool) -> None:
        """Raises UsageError for a URL or a secret that cannot be."""
        self.sender, self.url, self.secret = sender, url, secret
        self._clock, self._remote = clock, remote
        order = Order(url, secret, "", None, {}, 1, remote)
        order.check(sender)
        self._subscriptions: dict[str, Subscription] = {}
        self._given: dict[str, Mapping[str, Any]] = {}
        self._count = 0

    def next_number(self) -> int:
        """The number of a message that nobody has sent yet, from 1."""
        self._count += 1
        return self._count

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock.timestamp()

    def compose(
        self, event: str, value: Any, number: int, *, age: float = 0.0, secret: str | None = None, attempt: int = 1
    ) -> Message:
        """A message, signed `age` seconds ago (negative: in time to come), with `secret` in place of the right one.
        Raises UsageError when the headers cannot be made."""
        at = self.now() - age
        ids = self.sender.draws("", f"check:{number}")
        happening = Happening(self.sender.name, "", event, number, at, self._parameters(event), ids.uuid())
        delivery = Delivery(ids.uuid(), number, ids.hex(32), happening, "", self.url)
        attempt_id = ids.uuid() if attempt == 1 else self.sender.draws("", f"check:{number}:{attempt}").uuid()
        data = canonical(value)
        try:
            headers = self.sender.headers(
                *(delivery, Body(data, data.decode(), value), self._subscription(secret), at),
                attempt=attempt,
                attempt_id=attempt_id,
            )
        except Unsendable as error:
            raise UsageError(f"no message of '{event}' can be made: {error}") from None
        return Message(event, headers, data, value)

    def _subscription(self, secret: str | None) -> Subscription:
        secret = self.secret if secret is None else secret
        if secret not in self._subscriptions:
            order = Order(self.url, secret, "", None, {}, 1, self._remote)
            self._subscriptions[secret] = order.fulfilled(self.sender, 1, self.now())
        return self._subscriptions[secret]

    def _parameters(self, event: str) -> Mapping[str, Any]:
        if event not in self._given:
            try:
                self._given[event] = self.sender.completed(event, {}, "")
            except ExpressionError:  # the default looks for a record that is not there
                self._given[event] = {}
        return self._given[event]


def curl(message: Message, url: str, file: Path | None = None) -> str:
    """A message as a line of shell. A large body is read from `file`."""
    words = ["curl", "-i", url]
    for name, value in message.headers.items():
        words += ["-H", f"{name}: {value}" if value.strip() else f"{name};"]  # so curl sends an empty header
    words += ["--data-binary", f"@{file}" if file else message.body.decode("utf-8", "replace")]
    return shlex.join(words)


def is_large(message: Message) -> bool:
    """Whether the body is too large for a line of shell."""
    return len(message.body) > _LONGEST_INLINE
