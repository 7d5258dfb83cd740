"""Recorded traffic has real secrets in it. No report may have them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from mockserver.checks.findings import Finding, Shown
from mockserver.messages import Request

_MASK = "***"
_SHORTEST = 6  # characters of a secret that is looked for in texts: a shorter one stands in any
_WORDS = (
    r"(?:access|refresh|id|auth|bearer|session|csrf|xsrf|api|client|private|security|device)?[-_.]?"
    r"(?:token|secret|password|passwd|pwd|passphrase|apikey|api[-_]key|private[-_]key|credentials?|signature|assertion)"
)
#: A token that leads to the next page is none.
_NAME = rf"(?!\w*(?:next|prev|page|cursor|continu|sync))[\w.\-\[\]]{{0,40}}?{_WORDS}(?:[-_][\w]{{1,20}})?\]?"
#: `name=value` of a query or a form; `code` is what an authorization code flow calls its secret.
_FIELD = re.compile(
    rf"(?i)((?:(?:^|[?&;\s'\"]){_NAME}|[?&](?:code|key|sid|session(?:[-_]?id)?|sig|jwt))=)([^&;\s'\"]+)"
)
#: `"name": "value"` of JSON.
_MEMBER = re.compile(rf'(?i)("(?:{_NAME}|session[-_]?id|jwt)"\s*:\s*")((?:[^"\\]|\\.)*)')
#: A header in a line of shell.
_CURLED = re.compile(rf"(?i)(-H '(?:{_NAME}|[\w\-]*(?:auth|cookie|session)[\w\-]*): )([^']*)")
_HEADER = re.compile(rf"(?i){_NAME}|.*(?:auth|cookie|session|token|secret|signature|api[-_]?key).*")
_BEARER = re.compile(r"(?i)\b(bearer|basic|digest|oauth|[a-z]+-oauthtoken)\s+([\w.~+/=:\-]{6,})")
_WEB_TOKEN = re.compile(r"\beyJ[\w\-]{8,}\.[\w\-]{4,}(?:\.[\w\-]*)?")
_PLAIN = frozenset({"access-control-allow-headers", "access-control-expose-headers", "www-authenticate", "vary"})
_QUOTED = re.compile(r"[^\s;,=\"']{6,}")


def secrets_of(request: Request, token: str) -> tuple[str, ...]:
    """The values of a request that may stand nowhere else: its credential, and the values of its cookies."""
    cookies = (piece.partition("=")[2].strip() for piece in request.headers.get("cookie", "").split(";"))
    bearer = request.headers.get("authorization", "").rpartition(" ")[2]
    return tuple({each for each in (token, bearer, *cookies) if len(each) >= _SHORTEST})


def scrubbed(finding: Finding, secrets: Iterable[str] = ()) -> Finding:
    """The finding without secrets: neither those given nor what looks like one by its name or its form."""
    known = sorted({*secrets, *_named(finding)}, key=len, reverse=True)
    clean = partial(_clean, secrets=known)
    return replace(
        finding,
        message=clean(finding.message),
        where=_clean(finding.where, []),
        expected=clean(finding.expected),
        advice=clean(finding.advice),
        key=_clean(finding.key, []),  # which finding it is must not depend on what else is known
        exchanges=tuple(_shown(each, known) for each in finding.exchanges),
    )


def _shown(shown: Shown, secrets: list[str]) -> Shown:
    clean = partial(_clean, secrets=secrets)
    return replace(
        shown,
        url=clean(shown.url),
        headers=tuple(_header(name, clean(value)) for name, value in shown.headers),
        body=clean(shown.body),
        response_headers=tuple(_header(name, clean(value)) for name, value in shown.response_headers),
        response_body=clean(shown.response_body),
        trace=tuple(map(clean, shown.trace)),
        curl=_CURLED.sub(_without_value, clean(shown.curl)),
    )


def _named(finding: Finding) -> set[str]:
    """The values that stand by the name of a secret in one of the finding's exchanges: a message may quote them."""
    found = set()
    for shown in finding.exchanges:
        for text in (shown.url, shown.body, shown.response_body):
            found |= {value for pattern in (_FIELD, _MEMBER) for _, value in pattern.findall(text)}
        pairs = (*shown.headers, *shown.response_headers)
        found |= {value for name, value in pairs if _is_secret(name) and _QUOTED.fullmatch(value)}
    return {each for each in found if len(each) >= _SHORTEST}


def _header(name: str, value: str) -> tuple[str, str]:
    if not _is_secret(name) or value.endswith(_MASK):
        return name, value
    return name, _MASK


def _is_secret(name: str) -> bool:
    return name.lower() not in _PLAIN and _HEADER.fullmatch(name) is not None


def _clean(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, _MASK)
    text = _FIELD.sub(rf"\1{_MASK}", text)
    text = _MEMBER.sub(rf"\1{_MASK}", text)
    text = _BEARER.sub(_without_credential, text)
    return _WEB_TOKEN.sub(_MASK, text)


def _without_credential(found: re.Match[str]) -> str:
    return f"{found[1]} {_MASK}"


def _without_value(found: re.Match[str]) -> str:
    return found[0] if "$TOKEN" in found[2] else f"{found[1]}{_MASK}"
