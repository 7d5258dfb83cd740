"""Valid bodies to start from, made new for each message: no two tell of the same thing at the same moment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from mockserver.checks.receiver.places import ABSENT, Path, leaves, put, value_at
from mockserver.contract.model import MediaType
from mockserver.contract.schemas import Schema
from mockserver.contract.serialization import is_json
from mockserver.exceptions import ExpressionError, UsageError
from mockserver.state.samples import Draws
from mockserver.webhooks.deliveries import Happening
from mockserver.webhooks.sender import Sender, Unsendable

_ID = re.compile(r"(?:^|[_\-.])(?:id|uuid|guid|key)$|[a-z](?:Id|ID|Uuid|Key)$")
_SHORTEST_ID = 6
_KINDS = ("0123456789", "abcdef", "ghijklmnopqrstuvwxyz", "ABCDEF", "GHIJKLMNOPQRSTUVWXYZ")


@dataclass(frozen=True, slots=True)
class Sample:
    """A valid body of an event; `others` are further documented ones. `moments` are where a value is another each time
    that the event comes about; `identities` where something is named, with the name; `embedded` where a text holds
    JSON of its own."""

    event: str
    value: Any
    schema: Schema | None
    others: Mapping[str, Any] = field(default_factory=dict)
    moments: tuple[Path, ...] = ()
    identities: Mapping[Path, str] = field(default_factory=dict)
    embedded: tuple[Path, ...] = ()

    @property
    def changing(self) -> frozenset[Path]:
        """Where no two messages are alike."""
        return frozenset((*self.moments, *self.identities))

    def keeps(self, value: Any) -> bool:
        """Whether a body keeps the contract."""
        return self.schema is None or self.schema.is_valid(value, direction="response")


class Samples:
    """The samples of an API's events."""

    def __init__(self, sender: Sender, events: Iterable[str], at: float) -> None:
        """`at` is the moment of the first message, in seconds since the epoch. Raises UsageError when an event has no
        valid body."""
        self._sender, self._at = sender, at
        self._samples = {event: self._made(event) for event in events}

    def of(self, event: str) -> Sample:
        """The sample of an event. KeyError when it is not among those."""
        return self._samples[event]

    def fresh(self, event: str, value: Any, number: int) -> Any:
        """`value`, as told of another thing at another moment: what bears the same `number` is about the same."""
        sample = self._samples[event]
        changed = value
        rendered = self._rendered(event, number) if sample.moments else None
        for path in sample.moments:
            changed = _replaced(changed, path, value_at(rendered, path))
        for path, name in sample.identities.items():
            changed = _replaced(changed, path, _renamed(name, self._sender.draws("", f"name:{number}:{name}")))
        for path in sample.embedded:
            changed = _replaced(changed, path, value_at(sample.value, path))
        return changed if sample.keeps(changed) else value

    def _made(self, event: str) -> Sample:
        schema = self._sender.schema(event)
        plain = Sample(event, None, schema)
        documented = {each.name: each.value for each in _examples(self._media(event)) if plain.keeps(each.value)}
        first, second = self._rendered(event, 1), self._rendered(event, 60_001)
        bodies = [*documented.items(), *([("rendered", first)] if first is not None else [])]
        if not bodies:
            raise UsageError(f"no valid body of '{event}' can be made", "give it an example in the contract")
        (_, value), *others = bodies
        if documented and first is not None:
            others = [each for each in others if each[0] != "rendered"]
        moments: list[Path] = []
        if first is not None and second is not None:
            again = dict(leaves(second))
            known = {path: type(leaf) for path, leaf in leaves(value)}
            for path, leaf in leaves(first):
                if again.get(path, ABSENT) != leaf and known.get(path) is type(leaf):
                    moments.append(path)
        embedded = tuple(path for path, leaf in leaves(value) if _holds_json(leaf))
        identities = _identities(value, {*moments, *embedded})
        for path, name in list(identities.items()):
            if not plain.keeps(put(value, path, _renamed(name, self._sender.draws("", "name")))):
                del identities[path]
        kept = tuple(path for path in moments if path not in embedded)
        return Sample(event, value, schema, dict(others), kept, identities, embedded)

    def _rendered(self, event: str, number: int) -> Any:
        """The body as the behaviour file has it, the `number`th millisecond after the beginning; None: it has none."""
        if event not in self._sender.webhooks.events and _examples(self._media(event)):
            return None
        try:
            given = self._sender.completed(event, {}, "")
            ids = self._sender.draws("", f"sample:{number}")
            at = self._at + number / 1000
            happening = Happening(self._sender.name, "", event, number, at, given, ids.uuid())
            return self._sender.made(happening).value
        except (Unsendable, ExpressionError):
            return None

    def _media(self, event: str) -> MediaType | None:
        body = self._sender.events[event].request_body
        return next((each for each in (body.content.values() if body else ()) if is_json(each.name)), None)


def _examples(media: MediaType | None) -> tuple[Any, ...]:
    return tuple(media.examples) if media is not None else ()


def _identities(value: Any, without: set[Path]) -> dict[Path, str]:
    """Where names of things stand. The outermost say whose account it is, and stay, when there are inner ones."""
    found = {
        path: leaf
        for path, leaf in leaves(value)
        if isinstance(leaf, str) and len(leaf) >= _SHORTEST_ID and names_something(path)
    }
    found = {path: leaf for path, leaf in found.items() if path not in without}
    depths = {len(path) for path in found}
    if len(depths) > 1:
        found = {path: leaf for path, leaf in found.items() if len(path) > min(depths)}
    return found


def names_something(path: Path) -> bool:
    """Whether what stands there is the name of a thing, as far as its member tells: `id`, `orderId`, `user_id`."""
    return bool(path) and _ID.search(str(path[-1])) is not None


def _renamed(name: str, draws: Draws) -> str:
    """Another name of the same form."""
    made = []
    for at, mark in enumerate(name):
        alphabet = next((each for each in _KINDS if mark in each), "")
        if alphabet == "0123456789" and at == 0 and mark != "0":
            alphabet = "123456789"
        made.append(draws.pick(alphabet) if alphabet else mark)
    return "".join(made)


def _replaced(value: Any, path: Path, new: Any) -> Any:
    """With `new` at the path, if something of the same type stands there."""
    held = value_at(value, path)
    return put(value, path, new) if held is not ABSENT and type(held) is type(new) else value


def _holds_json(leaf: Any) -> bool:
    if not isinstance(leaf, str) or leaf[:1] not in ("{", "["):
        return False
    try:
        orjson.loads(leaf)
    except orjson.JSONDecodeError:
        return False
    return True
