"""Which headers prove who sends and when: found by signing in several ways and looking at what changes."""

from __future__ import annotations

import re
from typing import NamedTuple

from mockserver.checks.receiver.case import Bench
from mockserver.checks.receiver.messages import Message
from mockserver.checks.receiver.places import leaves, put
from mockserver.webhooks.signing import made_secret

_VERSION = re.compile(r"\bv(\d+)(?=[=,])")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_AN_HOUR = 3600


class Proof(NamedTuple):
    """The headers of a scheme, by what they do. `timed`: the signature covers the moment."""

    signatures: tuple[str, ...]
    timestamps: tuple[str, ...]
    timed: bool
    stranger: str  # a secret of the right form that the receiver does not know

    @property
    def headers(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.signatures, *self.timestamps)


def proof_of(bench: Bench, event: str) -> Proof | None:
    """None when nothing is signed."""
    sender = bench.composer.sender
    signing = sender.webhooks.signing
    if signing is None or not sender.signs:
        return None
    stranger = made_secret(signing, sender.draws("", "stranger"))
    names = {name.lower() for name, _ in signing.headers}
    number = bench.composer.next_number()
    right = _headers(bench.about(number, event, delivery=number), names)
    other = _headers(bench.about(number, event, delivery=number, secret=stranger), names)
    older = _headers(bench.about(number, event, delivery=number, age=_AN_HOUR), names)
    signatures = tuple(name for name in right if right[name] != other.get(name))
    timestamps = tuple(name for name in right if name not in signatures and right[name] != older.get(name))
    return Proof(signatures, timestamps, any(right[name] != older.get(name) for name in signatures), stranger)


def _headers(message: Message, names: set[str]) -> dict[str, str]:
    return {name: value for name, value in message.headers.items() if name.lower() in names}


def altered_body(bench: Bench, message: Message, proof: Proof) -> Message | None:
    """One letter of the body is another; None when no letter counts for the signature."""
    for path, leaf in leaves(message.value):
        at = next((at for at, mark in enumerate(leaf) if mark in _LETTERS), -1) if isinstance(leaf, str) else -1
        if at < 0:
            continue
        letter = _LETTERS[(_LETTERS.index(leaf[at]) + 1) % len(_LETTERS)]
        altered = put(message.value, path, leaf[:at] + letter + leaf[at + 1 :])
        number = bench.composer.next_number()
        one = bench.composer.compose(message.event, message.value, number)
        other = bench.composer.compose(message.event, altered, number)
        if any(one.headers[name] != other.headers[name] for name in proof.signatures):
            return message.with_body(altered)
    return None


def altered_timestamp(message: Message, proof: Proof, at: float) -> Message | None:
    """The moment that is shown is ten seconds earlier than the one that was signed; None when none is shown."""
    changes: dict[str, str | None] = {}
    for name in proof.headers:
        value = message.headers[name]
        for moment in (int(at), int(at) - 1, int(at) + 1):  # a second may have begun meanwhile
            if str(moment) in value:
                changes[name] = value.replace(str(moment), str(moment - 10), 1)
                break
    return message.with_headers(changes) if changes else None


def without(message: Message, names: tuple[str, ...]) -> Message:
    """Without these headers."""
    return message.with_headers(dict.fromkeys(names))


def resigned(message: Message, proof: Proof, digest: str, new: str) -> Message:
    """With `new` in place of the digest, wherever it is shown."""
    return message.with_headers({name: message.headers[name].replace(digest, new) for name in proof.signatures})


def digest_in(message: Message, other: Message, proof: Proof) -> str:
    """The digest itself, without what stands around it: what is different under another secret."""
    one, two = message.headers[proof.signatures[0]], other.headers[proof.signatures[0]]
    words = re.findall(r"[0-9A-Za-z+/_-]{20,}=*", one)
    return next((word for word in words if word not in two), "")


def other_version(message: Message, proof: Proof) -> Message | None:
    """The same digest as of another version of the scheme; None when no version is shown."""
    changes: dict[str, str | None] = {}
    for name in proof.signatures:
        value = message.headers[name]
        later = _VERSION.sub(lambda found: f"v{int(found[1]) + 1}", value)
        if later != value:
            changes[name] = later
    return message.with_headers(changes) if changes else None
