"""Secrets in what is shown of an exchange, beside the headers that findings mask by themselves."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import replace
from urllib.parse import unquote_plus

from mockserver.checks.findings import Shown
from mockserver.messages import Request

MASK = "***"
_SHORTEST = 6  # characters: a shorter text is found by accident
_MOST = 100_000  # bytes of a body that is looked at
_NAMES = (
    r"(?:(?:access|refresh|id|auth|oauth|session|bearer)[_-]?)?token"
    r"|(?:x[_-])?api[_-]?key|access[_-]?key|private[_-]?key"
    r"|(?:client[_-]?)?secret|password|passwd|pwd|passphrase|credentials?"
    r"|authorization|bearer|jwt|code[_-]verifier|client[_-]assertion"
)
_NAME = re.compile(_NAMES, re.I)
_FIELD = re.compile(rf"(?i)(?<![\w-])((?:{_NAMES})=)([^&\s'\"#]+)")
_MEMBER = re.compile(rf'(?i)("(?:{_NAMES})"\s*:\s*")((?:[^"\\]|\\.)+)')


def is_secret(name: str) -> bool:
    """Whether a parameter of this name holds a secret, as far as names tell."""
    return _NAME.fullmatch(name) is not None


def secrets_in(request: Request, token: str, known: Container[str]) -> list[str]:
    """The secrets that a request carries, the longest first: its credential, what stands by the name of one, and what
    is `known` to be one."""
    body = request.body[:_MOST].decode("utf-8", "replace")
    found = {token, *(value for text in (request.query, body) for _, value in _FIELD.findall(text))}
    found |= {value for _, value in _MEMBER.findall(body)}
    found.update(piece for piece in request.path.split("/") if piece in known)
    for piece in request.query.split("&"):
        value = piece.partition("=")[2]
        if unquote_plus(value) in known:
            found |= {value, unquote_plus(value)}
    return sorted((each for each in found if len(each) >= _SHORTEST), key=lambda each: (-len(each), each))


def hidden(text: str, secrets: Iterable[str]) -> str:
    """The text without these, and without what stands by the name of a secret."""
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, MASK)
    return _MEMBER.sub(rf"\1{MASK}", _FIELD.sub(rf"\1{MASK}", text))


def without_secrets(shown: Shown, secrets: Iterable[str]) -> Shown:
    """What is shown of an exchange, without these and without what stands by the name of a secret."""

    def clean(text: str) -> str:
        return hidden(text, secrets)

    return replace(
        shown,
        url=clean(shown.url),
        headers=tuple((name, clean(value)) for name, value in shown.headers),
        body=clean(shown.body),
        response_headers=tuple((name, clean(value)) for name, value in shown.response_headers),
        response_body=clean(shown.response_body),
        trace=tuple(map(clean, shown.trace)),
        curl=clean(shown.curl),
    )
