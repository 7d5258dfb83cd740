"""What a state machine says when an answer is not what was to be expected."""

from __future__ import annotations

import shlex
from typing import NamedTuple
from urllib.parse import quote

from mockserver.messages import Request
from mockserver.strategies.adapter import Answer, Sent
from mockserver.strategies.answers import brief
from mockserver.strategies.links import Link

#: What is between a client and a server, and no part of a call.
_LEFT_OUT = frozenset({"host", "content-length", "connection", "transfer-encoding"})


class Exchange(NamedTuple):
    """One call of a sequence: its step in words, what was sent and what came back."""

    step: str
    link: Link
    sent: Sent
    answer: Answer


class SequenceBroken(AssertionError):
    """A step was answered otherwise than the calls before it let expect. `check` is the name of what was looked at,
    `operation` the one that was called; `what` is wrong, what was `expected`, and `why`, each in a few words."""

    def __init__(
        self, check: str, operation: str, message: str, *, what: str = "", expected: str = "", why: str = ""
    ) -> None:
        self.check, self.operation = check, operation
        self.what, self.expected, self.why = what or message, expected, why
        super().__init__(message)


def broken(check: str, exchange: Exchange, what: str, expected: str, why: str) -> SequenceBroken:
    """The error that tells of a call: `what` is wrong, what was `expected`, and `why`."""
    lines = [
        f"{check}: {exchange.link.operation.id}: {what}",
        f"  {exchange.step}",
        f"    {curl_of(exchange.sent)}",
        f"  answer:   {brief(exchange.answer)}",
        f"  expected: {expected}",
        f"  because:  {why}",
    ]
    operation = exchange.link.operation.id
    return SequenceBroken(check, operation, "\n".join(lines), what=what, expected=expected, why=why)


def curl_of(request: Request, base: str = "$URL") -> str:
    """A request as a line of shell; `base` is the address of the API."""
    words = ["-X", request.method] if request.method != ("POST" if request.body else "GET") else []
    path = quote(request.path, safe="/:@!$&'()*+,;=~-._", errors="surrogateescape")
    path += f"?{request.query}" if request.query else ""
    for name, value in request.headers.items():
        if name not in _LEFT_OUT:
            words += ["-H", f"{name.title()}: {value}"]
    if request.body:
        words += ["--data-binary", request.body.decode("utf-8", "replace")]
    return " ".join(["curl", f'"{base}"{shlex.quote(path)}', *map(shlex.quote, words)])
