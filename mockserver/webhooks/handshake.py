"""The check of an endpoint: what is sent, and whether the answer proves that the receiver knows the secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from mockserver.behaviour.declared import Validation
from mockserver.webhooks.attempt import Outcome, fits

_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
_SHOWN = 80


def judged(outcome: Outcome, check: Validation, expected: Any, sent: Any, secret: str) -> str:
    """Why the check was not passed; empty when it was. `expected` is what the answer must hold (None: anything)."""
    answer = outcome.response
    if answer is None:
        return outcome.error
    if not fits(answer.status, check.statuses):
        return f"answered {answer.status}, and the check wants {' or '.join(check.statuses)}"
    if expected is None:
        return ""
    if not answer.body:
        return f"answered {answer.status} without a body, and the check wants JSON with {', '.join(expected)}"
    try:
        came = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        begins = answer.body[:40].decode("utf-8", "replace")
        return f"the answer is no JSON, it begins with {begins!r}; wanted: JSON with {', '.join(expected)}"
    return next(_differences(expected, came, "", sent, secret), "")


def _differences(expected: Any, came: Any, at: str, sent: Any, secret: str) -> Iterator[str]:
    if isinstance(expected, Mapping):
        if not isinstance(came, Mapping):
            yield f"{at or 'the answer'} is {_shown(came)}, and must be an object with {', '.join(expected)}"
            return
        for name, value in expected.items():
            place = f"{at}.{name}" if at else name
            if name in came:
                yield from _differences(value, came[name], place, sent, secret)
            else:
                yield f"the answer lacks {place}" + _near(name, came)
    elif expected != came:
        reason = _mistake(expected, came, sent, secret)
        yield f"{at}: expected {_shown(expected)}, came {_shown(came)}" + (f"; {reason}" if reason else "")


def _near(name: str, came: Mapping[str, Any]) -> str:
    near = next((each for each in came if each.lower().replace("_", "") == name.lower().replace("_", "")), None)
    has = f"it has {', '.join(list(came)[:5])}" if came else "it is empty"
    return f"; it has {near}, and names are compared as they are written" if near else f"; {has}"


def _mistake(expected: Any, came: Any, sent: Any, secret: str) -> str:
    """The most likely reason why a value is another; empty when there is none."""
    if not isinstance(expected, str) or not isinstance(came, str):
        return ""
    if came.strip() == expected:
        return "there is white space around it"
    if not _HEX_DIGEST.fullmatch(expected):
        return "it must come back as it was sent" if expected in _texts(sent) else ""
    if came.lower() == expected:
        return "the digits must be in lower case"
    if came in (base64.b64encode(bytes.fromhex(expected)).decode(), _url_safe(expected)):
        return "it is base64, and hexadecimal is wanted"
    for text in _texts(sent):
        if came == text:
            return "it came back as it was sent, and must be hashed with the secret"
        if came == hashlib.sha256(text.encode()).hexdigest():
            return "it was hashed without the secret: HMAC is wanted"
        if text and came == hmac.digest(text.encode(), secret.encode(), "sha256").hex():
            return "secret and text have changed places: the secret is the key"
    if _HEX_DIGEST.fullmatch(came.lower()):
        return "a digest, but of another secret or another text: is it the same secret on both sides?"
    return ""


def _url_safe(digest: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _shown(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
