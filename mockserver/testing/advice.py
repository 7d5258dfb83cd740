"""What a good client does about an error, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.behaviour.quotas import whole_window
from mockserver.contract.model import Operation
from mockserver.engine.api import Api
from mockserver.exceptions import ExpressionError

_IDEMPOTENT = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")
_OVERLOADED = (429, 503)


def advice_for(api: Api, operation: Operation, status: int, error: str, *, narrow: bool = False) -> str:
    """The advice for an error of that status and name; `narrow`: it is one of a token whose scopes or roles do not
    reach."""
    declared = api.behaviour.errors.get(error)
    if declared is not None and declared.advice:
        return declared.advice
    if narrow:
        return f"Do not repeat the call with this token: ask for one with {_wanted(operation)}."
    if error in _refusals(api, operation) or (status == 401 and not error):
        return (
            "Get a new access token, once, and repeat the call; if that is refused too, ask the user to sign in again."
        )
    if status in _OVERLOADED:
        wait = retry_after(api, operation, status, error)
        if wait:
            return f"Wait as long as Retry-After says (at most {wait} s), then repeat the call."
        return "Wait before repeating the call, longer each time."
    if status >= 500:
        if operation.method in _IDEMPOTENT:
            return "Repeat the call later, a few times, waiting longer each time."
        return "Look first whether the call has had its effect, then repeat it later, waiting longer each time."
    if status < 400:
        return f"Read the answer before going on: the status {status} is no success here."
    return f"Do not repeat the call as it is: {_WHY.get(status, 'correct the request first')}."


_WHY: Mapping[int, str] = {
    401: "the caller is not who it must be",
    403: "the caller may not do this",
    404: "what it names is not there, so forget its id",
    405: "the method is not meant for this path",
    409: "something else must change first; read how things stand",
    410: "what it names is gone, so forget its id",
    412: "read how things stand, then decide again",
}


def _refusals(api: Api, operation: Operation) -> set[str]:
    """The errors of a credential that is not good (any more)."""
    found: set[str] = set()
    for credential in api.plan(operation).authenticator.first:
        if credential.looks_up:
            rules = credential.rules
            found |= {rules.expired, rules.revoked, rules.unknown, rules.missing, rules.malformed}
    return found


def _wanted(operation: Operation) -> str:
    ways = [
        " and ".join(name for _, names in requirement.schemes for name in names) for requirement in operation.security
    ]
    return " or ".join(dict.fromkeys(way for way in ways if way))


def retry_after(api: Api, operation: Operation, status: int, error: str) -> str:
    """What Retry-After says with an error that no call has run into; empty when the error has no such header."""
    declared = api.behaviour.errors.get(error)
    if declared is None:
        return ""
    names: dict[str, Any] = {"quota": whole_window(api.behaviour.quotas, error), "settings": api.settings}
    try:
        headers = declared.headers.render(names)
    except (ExpressionError, KeyError):  # it depends on the request
        return ""
    return next((str(value) for name, value in headers.items() if name.lower() == "retry-after"), "")
