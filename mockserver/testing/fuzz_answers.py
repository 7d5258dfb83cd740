"""What one example of a fuzzed test is answered: the responses drawn for it, handed out call by call."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mockserver.contract.model import MediaType, Operation
from mockserver.engine.faults import Reply
from mockserver.engine.json_text import dumps
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.messages import Faulted, Request, Response

_KEYS = ("status", "headers", "body", "raw")


class Fuzzed:
    """The calls of `operation` are answered by the one of `responses`, or when they are a `walk` through a list by one
    page after the other. Without an operation the mock answers by itself."""

    def __init__(self, operation: str, responses: tuple[Response, ...], *, walk: bool = False) -> None:
        self.operation, self.responses, self.walk = operation, responses, walk

    def __repr__(self) -> str:
        statuses = ", ".join(str(response.status) for response in self.responses)
        return f"<{self.operation} answers {statuses}>" if self.operation else "<as it answers by itself>"


class Replies:
    """Hands out the responses of one example; asked from the threads of a server.

    `breaks` says of a response how it breaks the contract (empty: it does not). More than `most` calls are not
    answered: the connection is cut, and `endless` is true.
    """

    def __init__(self, fuzzed: Fuzzed, breaks: Callable[[Response], str], most: int) -> None:
        self.fuzzed, self.most = fuzzed, most
        self.answered = 0
        self.verdict = ""  # how the client broke the contract, as text
        self._breaks = breaks
        self._lock = threading.Lock()
        self._pages: dict[tuple[str, str, bytes], int] = {}  # by what was asked: who asks twice is answered the same

    @property
    def endless(self) -> bool:
        """Whether the client asked more often than anybody should."""
        return self.answered > self.most

    def __call__(self, request: Request) -> Reply:
        with self._lock:
            self.answered += 1
            if self.endless:
                cut = Faulted.of(Response(503), "CONNECTION_RESET_BY_PEER")
                return Reply(cut, "a cut: there were too many calls", "too many calls")
            number = 0
            if self.fuzzed.walk:
                number = self._pages.setdefault((request.path, request.query, request.body), len(self._pages))
        response = self._page(number)
        return Reply(response, "the fuzzed response", self._breaks(response))

    def _page(self, number: int) -> Response:
        pages = self.fuzzed.responses
        if number < len(pages):
            return pages[number]
        beyond = _emptied(pages[-1])
        return pages[-1] if self._breaks(beyond) else beyond


def _emptied(page: Response) -> Response:
    """The page behind the last one: the same without items."""
    value = json_of(page)
    lists = sorted(_lists(value), key=lambda found: (len(found), not _holds_objects(value, found)))
    if not lists:
        return page
    path = lists[0]
    if not path:
        return page._replace(body=b"[]")
    inner = value
    for token in path[:-1]:
        inner = inner[token]
    inner[path[-1]] = []
    return page._replace(body=dumps(value))


def _lists(value: Any) -> Iterator[list[Any]]:
    """The paths of all lists in a value."""
    waiting: list[tuple[list[Any], Any]] = [([], value)]
    while waiting:
        path, inner = waiting.pop(0)
        if isinstance(inner, list):
            yield path
        elif isinstance(inner, dict):
            waiting += [([*path, name], each) for name, each in inner.items()]


def _holds_objects(value: Any, path: list[Any]) -> bool:
    for token in path:
        value = value[token]
    return bool(value) and isinstance(value[0], dict)


def json_of(response: Response) -> Any:
    """The body as a value. ValueError when it is no JSON."""
    return json.loads(response.body)


# --- as an argument of the decorator -----------------------------------------------------------------------------


def as_mapping(response: Response, operation: Operation) -> dict[str, Any]:
    """A response as the `reproduce` of `fuzz` takes it, without what goes without saying."""
    found: dict[str, Any] = {}
    if response.status != _success(operation):
        found["status"] = response.status
    if headers := unusual_headers(response, operation):
        found["headers"] = dict(headers)
    try:
        value = json_of(response)
    except ValueError:
        value = None
    if response.body and (value is None or dumps(value) != response.body):
        try:
            found["raw"] = response.body.decode()
        except UnicodeDecodeError:
            found["raw"] = response.body
    elif response.body:
        found["body"] = value
    return found


def from_mapping(given: Any, operation: Operation) -> Response:
    """The response that such a mapping describes. Raises UsageError."""
    if not isinstance(given, Mapping):
        raise UsageError(f"reproduce is a response, not {given!r:.80}", 'reproduce={"body": {}}, as a failure shows it')
    for key in given:
        if key not in _KEYS:
            hint = did_you_mean(str(key), _KEYS, f"known: {', '.join(_KEYS)}")
            raise UsageError(f"reproduce has an unknown key {key!r}", hint)
    status = given.get("status", _success(operation))
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise UsageError(f"the status in reproduce must be from 200 to 599, not {status!r:.80}")
    raw = given.get("raw", b"")
    body = dumps(given["body"]) if "body" in given else raw.encode() if isinstance(raw, str) else bytes(raw)
    headers: dict[str, str] = dict(given.get("headers", {}))
    kind = _content_type(operation, status)
    if body and kind and "content-type" not in {name.lower() for name in headers}:
        headers = {"Content-Type": kind, **headers}
    return Response(status, tuple(headers.items()), body)


def unusual_headers(response: Response, operation: Operation) -> Sequence[tuple[str, str]]:
    """The headers of a response but for the Content-Type that everybody expects."""
    usual = ("content-type", _content_type(operation, response.status))
    return [(name, text) for name, text in response.headers if (name.lower(), text) != usual]


def media_of(operation: Operation, status: int) -> MediaType | None:
    """The media type that a documented response has first."""
    spec = operation.response_for(status)
    return next(iter(spec.content.values()), None) if spec is not None else None


def _content_type(operation: Operation, status: int) -> str:
    media = media_of(operation, status)
    return "" if media is None else "application/json" if "*" in media.name else media.name


def _success(operation: Operation) -> int:
    return next((status for status in operation.documented_statuses() if status < 400), 200)
