"""The section `webhooks:` of a behaviour file -> `Webhooks`: events, how they are signed, and how they go out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from mockserver.behaviour.clauses import ExpressionReader
from mockserver.behaviour.declared import Resource, TokenKind
from mockserver.behaviour.declared_webhooks import Delivering, EventSpec, Signing, Validation, Webhooks
from mockserver.behaviour.functions import DRAWS, FUNCTIONS
from mockserver.behaviour.keys import KeyChecker, Keys, Place
from mockserver.behaviour.reading import Reader, lone_expression, unusable
from mockserver.behaviour.values import Value
from mockserver.exceptions import did_you_mean
from mockserver.expressions import Expression, Language
from mockserver.spec.references import join
from mockserver.state.clock import parse_duration

#: What the body of an event knows.
BODY_NAMES = ("with", "now", "settings", "server", "event", "sequence")
#: What the text that is signed knows, and every header.
SENDING_NAMES = (*BODY_NAMES, "body", "content", "timestamp", "delivery", "subscription")
_SIGNED_NAMES = ("signature", "signatures")
_WHEN_NAMES = ("settings", "server")
_CHECK_NAMES = ("now", "settings", "server", "event")
_ANSWER_NAMES = ("sent", "secret", "now", "settings", "server")
#: What is the same for all that is sent.
_SENT_WITH: Mapping[str, Keys] = {
    "delivery": dict.fromkeys(("id", "tracking", "attempt", "attempt_id", "event_id")),
    "subscription": dict.fromkeys(("id", "url", "client", "namespace", "api")),
}
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FRAMING = frozenset({"connection", "content-length", "host", "transfer-encoding"})
_LONGEST = 366 * 86_400.0  # seconds

T = TypeVar("T")


def read_webhooks(
    reader: Reader,
    keys: KeyChecker,
    language: Language,
    resources: Mapping[str, Resource],
    tokens: Mapping[str, TokenKind],
) -> Webhooks:
    """What the file says of webhooks; faults go to the reader. `language` is that of effects, for the values that
    stand for no parameter given: they are worked out where the event comes from. All else is worked out later and sees
    no records."""
    data: Mapping[str, Any] = reader.data.get("webhooks", {})
    sending = Language(frozenset(), frozenset(), FUNCTIONS, {}, language.constants)
    webhooks = _WebhookReader(reader, keys, sending, resources, tokens, Place())
    events = {}
    for name, entry in data.get("events", {}).items():
        pointer = join("/webhooks/events", name)
        known_event(reader, name, pointer, at_key=True)
        defaults = ExpressionReader(reader, keys, language, resources, tokens, Place())
        parameters = read_parameters(defaults, entry.get("with", {}), join(pointer, "with"))
        events[name] = webhooks.event(name, entry, pointer, parameters)
    delivering = webhooks.delivering(data.get("delivery", {}))
    return Webhooks(
        events=events,
        delivering=delivering,
        signing=webhooks.signing(data["signing"]) if "signing" in data else None,
        validation=webhooks.validation(data["validation"], delivering.timeout) if "validation" in data else None,
    )


def known_event(reader: Reader, name: str, pointer: str, *, at_key: bool = False) -> bool:
    """Whether the contract has an event of that name; it is noted when not."""
    if reader.has_event(name):
        return True
    has = f"it has {', '.join(reader.events)}" if reader.events else "it has none: they stand under webhooks"
    reader.problem(
        f"the contract has no webhook '{name}'", pointer, did_you_mean(name, reader.events, has), at_key=at_key
    )
    return False


def read_parameters(
    defaults: ExpressionReader, entries: Mapping[str, Any], pointer: str
) -> tuple[tuple[str, Expression | Value], ...]:
    """Parameters, with the values that stand for none given."""
    found = []
    for name, tree in entries.items():
        usable_parameter(defaults.reader, name, join(pointer, name))
        found.append((name, defaults.named(tree, join(pointer, name))))
    defaults.keys.done(defaults.place)
    return tuple(found)


def usable_parameter(reader: Reader, name: str, pointer: str) -> None:
    """A parameter must be something that `with.<name>` can say."""
    if unusable(name):
        reader.problem(f"an expression cannot say 'with.{name}'", pointer, unusable(name), at_key=True)


class _WebhookReader(ExpressionReader):
    """Reads what is worked out when something is sent. Its language has functions and settings, and no names yet."""

    def event(
        self, name: str, entry: Mapping[str, Any], pointer: str, parameters: tuple[tuple[str, Expression | Value], ...]
    ) -> EventSpec:
        known = frozenset(parameter for parameter, _ in parameters)
        body = self.placed(
            BODY_NAMES, Place(parameters=known), lambda: self.tree(entry["body"], join(pointer, "body")), draws=True
        )
        place = Place(parameters=known, known={**_SENT_WITH, "content": shape_of(entry["body"])})
        headers = None
        if "headers" in entry:
            at, tree = join(pointer, "headers"), entry["headers"]
            if isinstance(tree, str) and lone_expression(tree) is None:
                self.reader.problem(
                    "'headers' takes an object, or one expression that gives it", at, "write name: value"
                )
            self.header_names(tree if isinstance(tree, dict) else (), at)
            headers = self.placed(SENDING_NAMES, place, lambda: self.tree(tree, at), draws=True)
        return EventSpec(name, parameters, body, headers, self.reader.grade(entry))

    def signing(self, entry: Mapping[str, Any]) -> Signing:
        pointer = "/webhooks/signing"
        place = Place(known=_SENT_WITH)
        told = len(self.reader.problems)
        text = self.placed(SENDING_NAMES, place, lambda: self.tree(entry["text"], f"{pointer}/text"))
        if not (self.told(told) or _read(text) & {"body", "content"}):
            hint = "add ${{ body }}"
            self.reader.problem("what is signed leaves out the body", f"{pointer}/text", hint)
        self.header_names(entry["headers"], f"{pointer}/headers")
        names = (*SENDING_NAMES, *_SIGNED_NAMES)
        headers = self.placed(names, place, lambda: self.pairs(entry, "headers", pointer), draws=True)
        if not (self.told(told) or any(_read(value) & {*_SIGNED_NAMES} for _, value in headers)):
            hint = "write ${{ signature }} into one of them"
            self.reader.problem("no header shows the signature", f"{pointer}/headers", hint, at_key=True)
        secret = entry.get("secret", {})
        return Signing(
            hash=entry["hash"],
            encoding=entry.get("encoding", "hex"),
            text=text,
            headers=headers,
            secret_prefix=secret.get("prefix", ""),
            secret_encoding=secret.get("encoding", "text"),
            when=self.when(entry, pointer),
            evidence=self.reader.grade(entry),
        )

    def validation(self, entry: Mapping[str, Any], timeout: float) -> Validation:
        pointer = "/webhooks/validation"
        body = self.placed(_CHECK_NAMES, Place(), lambda: self.tree(entry["body"], f"{pointer}/body"), draws=True)
        answer = None
        if "answer" in entry:
            place = Place(known={"sent": shape_of(entry["body"])})
            answer = self.placed(_ANSWER_NAMES, place, lambda: self.tree(entry["answer"], f"{pointer}/answer"))
        return Validation(
            event=entry["event"],
            body=body,
            timeout=self.duration(entry["timeout"], f"{pointer}/timeout") if "timeout" in entry else timeout,
            statuses=tuple(entry.get("statuses", ("2XX",))),
            answer=answer,
            every=self.duration(entry["every"], f"{pointer}/every") if "every" in entry else None,
            disable_after=entry.get("disable_after", 0),
            when=self.when(entry, pointer),
            evidence=self.reader.grade(entry),
        )

    def delivering(self, entry: Mapping[str, Any]) -> Delivering:
        if not entry:
            return Delivering()
        pointer = "/webhooks/delivery"
        usual = Delivering()
        self.header_names(entry.get("headers", ()), f"{pointer}/headers")
        place = Place(known=_SENT_WITH)
        return Delivering(
            timeout=self.duration(entry["timeout"], f"{pointer}/timeout") if "timeout" in entry else usual.timeout,
            delivered=tuple(entry.get("delivered", usual.delivered)),
            headers=self.placed(SENDING_NAMES, place, lambda: self.pairs(entry, "headers", pointer), draws=True),
            retries=tuple(
                self.duration(text, join(pointer, "retries", at)) for at, text in enumerate(entry.get("retries", ()))
            ),
            stop=tuple(entry.get("stop", ())),
            disable=tuple(entry.get("disable", ())),
            most=entry.get("subscriptions", 0),
            evidence=self.reader.grade(entry),
        )

    def placed(self, names: Iterable[str], place: Place, read: Callable[[], T], *, draws: bool = False) -> T:
        """What `read` gives while the language has these names, and may draw or not."""
        outer = self.language
        functions = outer.functions
        self.language = Language(frozenset(names), frozenset(), functions, DRAWS if draws else {}, outer.constants)
        found = read()
        self.language = outer
        self.keys.done(place)
        return found

    def told(self, before: int) -> bool:
        """Whether something was found to be wrong since there were so many problems."""
        return len(self.reader.problems) > before

    def when(self, entry: Mapping[str, Any], pointer: str) -> Expression | None:
        if "when" not in entry:
            return None
        return self.placed(_WHEN_NAMES, Place(), lambda: self.expression(entry["when"], f"{pointer}/when"))

    def duration(self, text: str, pointer: str) -> float:
        """Seconds, from just above 0 to a year; what is wrong is noted and stands for a second."""
        try:
            seconds = parse_duration(text).total_seconds()
        except ValueError as error:
            self.reader.problem(str(error), pointer, "three seconds are PT3S, five minutes PT5M")
            return 1.0
        if not 0 < seconds <= _LONGEST:
            self.reader.problem(f"{text} is not between nothing and a year", pointer, "three seconds are PT3S")
        return seconds

    def header_names(self, names: Iterable[str], pointer: str) -> None:
        """Header names must be ones that HTTP knows, and none that frames the message."""
        for name in names:
            if name.lower() in _FRAMING:
                hint = "whoever sends the message sees to it"
                self.reader.problem(f"'{name}' is no header to set", join(pointer, name), hint, at_key=True)
            elif not _HEADER.fullmatch(name):
                hint = "letters, digits and hyphens"
                self.reader.problem(f"'{name:.60}' is no name of a header", join(pointer, name), hint, at_key=True)


def _read(value: Value) -> frozenset[str]:
    """The names that a value reads."""
    return frozenset[str]().union(*(expression.names for expression in value.expressions))


def shape_of(tree: Any) -> Keys | None:
    """The keys that a rendered template has, all the way down; None where they cannot be known."""
    if isinstance(tree, dict):
        return {key: shape_of(item) for key, item in tree.items()}
    if isinstance(tree, list) or (isinstance(tree, str) and lone_expression(tree) is not None):
        return None
    return {}
