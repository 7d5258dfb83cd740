"""A subscription as it is asked for, and what must be right about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from mockserver.exceptions import UsageError
from mockserver.webhooks.sender import Sender
from mockserver.webhooks.subscriptions import Subscription, check_url

_MOST_CONCURRENT = 64


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asks for who subscribes; see `Outbox.subscribe`. `made_secret`: nobody has given the secret."""

    url: str
    secret: str | Sequence[str] = field(default="", repr=False)
    namespace: str = ""
    events: Collection[str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    concurrency: int = 1
    remote: bool = False
    made_secret: bool = False

    @property
    def secrets(self) -> tuple[str, ...]:
        """All secrets, the newest first."""
        return (self.secret,) if isinstance(self.secret, str) else tuple(self.secret)

    def check(self, sender: Sender) -> None:
        """Raises UsageError for what cannot be."""
        if not sender.events:
            raise UsageError(f"{sender.name} sends no events", "its contract names no webhooks")
        check_url(self.url, remote=self.remote)
        for secret in self.secrets or ("",):
            sender.check_secret(secret)
        for event in self.events or ():
            sender.check_event(event)
        if not 1 <= self.concurrency <= _MOST_CONCURRENT:
            raise UsageError(f"at once go 1 to {_MOST_CONCURRENT} deliveries, not {self.concurrency}")
        from mockserver.transport import check_headers  # it loads what nobody needs who sends nothing

        check_headers(self.headers)
        sender.check_unsigned(self.headers)

    def fulfilled(self, sender: Sender, number: int, at: float, status: str = "active") -> Subscription:
        """The subscription, the API's `number`th of its namespace."""
        draws = sender.draws(self.namespace, f"subscription:{number}")
        return Subscription(
            f"sub_{draws.hex(12)}",
            sender.name,
            self.namespace,
            self.url,
            tuple(each for each in self.secrets if each),
            draws.alphanumeric(22),
            at,
            None if self.events is None else frozenset(self.events),
            self.headers,
            self.concurrency,
            status,
            made_secret=self.made_secret,
            remote=self.remote,
        )
