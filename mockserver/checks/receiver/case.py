"""One case of the battery, what it finds, and what all cases work with."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from mockserver.checks.receiver.messages import Composer, Message
from mockserver.checks.receiver.samples import Samples
from mockserver.checks.receiver.wire import Answer, Wire
from mockserver.checks.verdict import Severity

_SLUG = re.compile(r"[^a-z0-9]+")


class Finding(NamedTuple):
    """What a case has found. `message` is what was sent last, or what was refused; `severity` is set where it depends
    on what came."""

    passed: bool
    came: str
    message: Message | None
    expected: str = ""
    advice: str = ""
    severity: Severity | None = None
    answer: Answer | None = None


class Bench:
    """What cases work with. `first` is the event that the contract names first: others may follow upon it."""

    def __init__(self, composer: Composer, samples: Samples, wire: Wire, events: tuple[str, ...], first: str) -> None:
        self.composer, self.samples, self.wire = composer, samples, wire
        self.events, self.first = events, first

    @property
    def arrived(self) -> str:
        """What an answer must be for an event to count as delivered, in words."""
        delivering = self.composer.sender.webhooks.delivering
        return f"{' or '.join(delivering.delivered)} within {delivering.timeout:g} s"

    def fresh(self, event: str, value: Any = None, **signed: Any) -> Message:
        """A message about something that was never told of, with the sample's value when none is given; `signed` as
        for `Composer.compose`."""
        return self.about(self.composer.next_number(), event, value, **signed)

    def about(
        self, thing: int, event: str, value: Any = None, *, delivery: int | None = None, **signed: Any
    ) -> Message:
        """A message about the thing of that number; the delivery has a number of its own."""
        value = self.samples.of(event).value if value is None else value
        number = self.composer.next_number() if delivery is None else delivery
        return self.composer.compose(event, self.samples.fresh(event, value, thing), number, **signed)

    def told(self, event: str, value: Any = None) -> tuple[Message, Answer]:
        """Send a fresh message. Where the event may follow upon the first one, that goes before, about the same."""
        message = self.announced(event, value)
        answer = self.wire.send(message)
        if answer.resent:  # either the connection was too old, or it crashed and has seen the message now
            self.wire.renew()
            message = self.announced(event, value)
            self.wire.renew()
            answer = self.wire.send(message)
        return message, answer

    def announced(self, event: str, value: Any = None) -> Message:
        """A fresh message that was not sent yet; the first event about the same thing was."""
        thing = self.composer.next_number()
        if event != self.first:
            self.wire.send(self.about(thing, self.first))
        return self.about(thing, event, value)


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `id` stays the same from run to run. `event` is what must be accepted for the case to tell anything
    (empty: none); with `proves` it is this case that shows it. With a `reason` it is not run."""

    id: str
    title: str
    kind: str
    anchor: str
    run: Callable[[Bench], Finding]
    severity: Severity = "error"
    advice: str = ""
    event: str = ""
    proves: bool = False
    reason: str = ""


def slug(text: str) -> str:
    """Text as a part of an id: `payload.kind = custom` gives `payload-kind-custom`."""
    for sign, word in (("[]", "empty"), ("{}", "empty"), ('""', "empty"), ("= null", "null")):
        text = text.replace(f"= {sign}" if sign in ("[]", "{}", '""') else sign, word)
    return _SLUG.sub("-", text.lower()).strip("-")
