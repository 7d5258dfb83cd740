"""The section `webhooks:` of a behaviour file as values: what an API sends by itself, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mockserver.behaviour.values import Value
from mockserver.expressions import Expression


@dataclass(frozen=True, slots=True)
class Signing:
    """How what is sent is signed: HMAC with `hash` over `text`, in `encoding` (hex, base64).

    `headers` may show it as `signature`. `secret_prefix` is cut off the secret, of which the rest is read as
    `secret_encoding` (text, hex, base64). Nothing is signed while `when` does not hold.
    """

    hash: str
    encoding: str
    text: Value
    headers: tuple[tuple[str, Value], ...]
    secret_prefix: str
    secret_encoding: str
    when: Expression | None
    evidence: str


@dataclass(frozen=True, slots=True)
class Validation:
    """The check of an endpoint: `body` is sent as `event`, and the answer must have one of `statuses` and hold `answer`
    (None: anything), within `timeout` seconds. It comes again `every` so many seconds (None: never); so many failures
    in a row as `disable_after` says end the subscription (0: none do)."""

    event: str
    body: Value
    timeout: float
    statuses: tuple[str, ...]
    answer: Value | None
    every: float | None
    disable_after: int
    when: Expression | None
    evidence: str


@dataclass(frozen=True, slots=True)
class Delivering:
    """How events go out. An attempt that is answered within `timeout` seconds by one of `delivered` (`204`, `2XX`) has
    arrived; else another follows after each of `retries` (seconds since the attempt before). One of `stop` ends the
    delivery at once, one of `disable` the subscription. `most` subscriptions are allowed (0: any)."""

    timeout: float = 10.0
    delivered: tuple[str, ...] = ("2XX",)
    headers: tuple[tuple[str, Value], ...] = ()
    retries: tuple[float, ...] = ()
    stop: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()
    most: int = 0
    evidence: str = "documented"


@dataclass(frozen=True, slots=True)
class EventSpec:
    """One event by its name under `webhooks` of the contract. `parameters` (`with` in expressions) hold the values
    that stand for none given. `headers` come on top of those that every delivery has."""

    name: str
    parameters: tuple[tuple[str, Expression | Value], ...]
    body: Value
    headers: Value | None
    evidence: str


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What an API sends by itself, and how."""

    events: Mapping[str, EventSpec] = field(default_factory=dict)
    delivering: Delivering = field(default_factory=Delivering)
    signing: Signing | None = None
    validation: Validation | None = None
