"""What nobody else may see: credentials, wherever a service has put them, and `$TOKEN` as a shell takes it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import replace
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

from mockserver.checks.findings import Finding, Shown

_MASK = "***"
_SHORTEST = 6  # characters of a secret that is looked for: a shorter one stands in any text
_PIECE = re.compile(r"\$'(?:\\.|[^'\\])*'|'[^']*'|\"[^\"]*\"")
_PLAIN = re.compile(r"[\w\-:. /=?&%,;~+@*()\[\]{}]*")


def forms_of(secret: str) -> set[str]:
    """How a secret may be written: as it is, in a URL, in JSON, in HTML."""
    forms = {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        escape(secret),
    }
    return {each for each in forms if len(each) >= _SHORTEST}


def hidden(text: str, secrets: Collection[str]) -> str:
    """The text without the secrets, each of which is given in all its forms, the longest first."""
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, _MASK)
    return text


def without(finding: Finding, secrets: Collection[str]) -> Finding:
    """The finding without the secrets, in no part of it."""
    if not secrets:
        return finding
    parts = ("message", "where", "expected", "advice", "key")
    clean: dict[str, Any] = {name: hidden(getattr(finding, name), secrets) for name in parts}
    return replace(finding, **clean, exchanges=tuple(_shown(each, secrets) for each in finding.exchanges))


def _shown(shown: Shown, secrets: Collection[str]) -> Shown:
    parts = ("url", "body", "response_body", "network", "curl")
    clean: dict[str, Any] = {name: hidden(getattr(shown, name), secrets) for name in parts}
    pairs: dict[str, Any] = {
        name: tuple((key, hidden(value, secrets)) for key, value in getattr(shown, name))
        for name in ("headers", "response_headers")
    }
    return replace(shown, **clean, **pairs)


def pasted(line: str) -> str:
    """A line of shell in which `$TOKEN` is filled in, and nothing else: only that stands in double quotes."""
    return _PIECE.sub(_with_token, line)


def _with_token(found: re.Match[str]) -> str:
    piece = found[0]
    if "$TOKEN" not in piece or piece.startswith('"'):
        return piece
    start, inner = ("$'", piece[2:-1]) if piece.startswith("$") else ("'", piece[1:-1])
    parts = inner.split("$TOKEN")
    if start == "'" and all(map(_PLAIN.fullmatch, parts)):
        return f'"{inner}"'
    return '"$TOKEN"'.join(f"{start}{each}'" if each else "" for each in parts)
