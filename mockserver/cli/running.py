"""The mock that runs somewhere, as a command asks it: calls of its admin API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

from mockserver.exceptions import TransportError, UsageError
from mockserver.messages import Request

if TYPE_CHECKING:
    from mockserver.messages import Response

_PATIENCE = 10.0  # seconds
_START = "start it with: mockserver serve"
_ELSEWHERE = "name the mock's address with --url or MOCKSERVER_URL"
PROBLEM = "application/problem+json"


def ask_mock(
    url: str, method: str, path: str, body: dict[str, Any] | None = None, namespace: str = ""
) -> dict[str, Any]:
    """The JSON object that the admin API of the mock at `url` answers. Raises UsageError with what it refuses, when
    nobody answers, and when what answers is no mock."""
    from mockserver.transport import send  # it loads what `serve` must not wait for

    headers = {"x-mock-namespace": namespace, **({"content-type": "application/json"} if body is not None else {})}
    sent = b"" if body is None else json.dumps(body).encode()
    try:
        answer = send(Request(method, path, "", headers, sent), url, _PATIENCE)
    except TransportError as error:
        raise UsageError(str(error), _ELSEWHERE if error.listening else _START) from None
    found = _object(answer)
    if found is not None and answer.status < 300 and answer.header("content-type") == "application/json":
        return found
    if found is not None and _by_the_admin_api(answer):
        raise UsageError(str(found.get("detail")), str(found.get("hint", "")))
    raise UsageError(f"what answers at {url} is no mockserver", _ELSEWHERE)


def _by_the_admin_api(answer: Response) -> bool:
    """Whether it is a problem that the admin API tells of, and not one of an API that the mock serves."""
    of_an_api = answer.header("x-mockserver-problem") is not None and answer.status < 500
    return answer.header("content-type") == PROBLEM and not of_an_api


def _object(answer: Response) -> dict[str, Any] | None:
    try:
        value = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
