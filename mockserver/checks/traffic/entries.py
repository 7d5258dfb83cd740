"""One entry of an HTTP Archive as a request and a response, whichever program wrote it. Nothing here raises: what
cannot be understood says so of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

from mockserver.checks.traffic.contents import Content, content_of, posted
from mockserver.messages import Faulted, Request, Response

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_PORTS = {"http": 80, "https": 443}
#: Words by which recorders say that a request never reached anybody.
_NEVER_SENT = (
    *("blocked", "name_not_resolved", "enotfound", "unknown_host", "connection_refused", "econnrefused"),
    *("internet_disconnected", "address_unreachable", "_cert_", "_ssl_"),
)
_FAULTS = (("timed_out", "TIMEOUT"), ("timeout", "TIMEOUT"), ("reset", "CONNECTION_RESET_BY_PEER"))
_OTHERWISE = "EMPTY_RESPONSE"


class HarEntry(NamedTuple):
    """What was recorded of one call. `number` counts the entries of the file from 1.

    `at` is when the call began, in seconds since the epoch, None where that cannot be read; `seconds` is how long it
    took, None where nobody measured it. `response` is a Faulted one without a status where no answer came. `asked` and
    `answered` say what is known of the bodies, `told` whether the headers of the answer are. `left_out` says why this
    is no call of a client, `wrong` why it could not be understood; `page` that a browser asked for it as a part of a
    page.
    """

    number: int
    request: Request = Request("", "")
    response: Response = Response(0)
    at: float | None = None
    seconds: float | None = None
    asked: bool = True
    answered: bool = True
    told: bool = True
    left_out: str = ""
    wrong: str = ""
    page: bool = False


def har_entry(number: int, value: Any) -> HarEntry:
    """The entry that a JSON value is."""
    try:
        return _entry(number, value)
    except _Odd as odd:
        return HarEntry(number, wrong=str(odd))


class _Odd(Exception):
    """An entry that cannot be understood, and why."""


def _entry(number: int, value: Any) -> HarEntry:
    if not isinstance(value, dict):
        raise _Odd("it is no object")
    asked, answered = _part(value, "request"), _part(value, "response")
    method, url = asked.get("method"), asked.get("url")
    if not isinstance(method, str) or not method.strip():
        raise _Odd("its request has no method")
    if not isinstance(url, str) or not url.strip():
        raise _Odd("its request has no url")
    address = _address(url)
    headers = _headers(asked.get("headers"))
    sent = posted(_dict(asked.get("postData")), headers, _number(asked.get("bodySize")))
    if "content-type" not in headers and sent.kind:
        headers["content-type"] = sent.kind
    if "cookie" not in headers and (cookies := _cookies(asked.get("cookies"))):
        headers["cookie"] = cookies
    headers["host"] = _netloc(address)
    query = address.query or _query(asked.get("queryString"))
    path = unquote(address.path or "/", errors="surrogateescape")
    request = Request(method.strip().upper(), path, query, headers, sent.body, address.scheme)
    response, came, told = _response(value, answered)
    return HarEntry(
        number,
        request,
        response,
        _moment(value.get("startedDateTime")),
        _seconds(value.get("time")),
        sent.known,
        came.known,
        told,
        _no_call(value, request, response, answered, address.scheme),
        page=_is_page(value, request, response, came.kind),
    )


def _part(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = value.get(name)
    if not isinstance(part, dict):
        raise _Odd(f"it has no {name}")
    return part


def _address(url: str) -> SplitResult:
    try:
        address = urlsplit(url.strip())
        _ = address.port, address.hostname
    except ValueError as error:
        raise _Odd(f"its url cannot be read: {error}") from None
    if not address.scheme:
        raise _Odd("its url has no scheme")
    if address.scheme in ("http", "https", "ws", "wss") and not address.hostname:
        raise _Odd("its url has no host")
    return address


def _netloc(address: SplitResult) -> str:
    host = (address.hostname or "").encode("utf-8", "replace").decode()
    host = f"[{host}]" if ":" in host else host
    return host if address.port in (None, _PORTS.get(address.scheme)) else f"{host}:{address.port}"


def _no_call(
    value: Mapping[str, Any], request: Request, response: Response, answered: Mapping[str, Any], scheme: str
) -> str:
    """Why this is no call of a client's to a service; empty when it is one."""
    upgrade = request.headers.get("upgrade", "").lower()
    if scheme in ("ws", "wss") or "_webSocketMessages" in value or (upgrade == "websocket" and response.status < 300):
        return "WebSockets"
    if scheme not in ("http", "https"):
        return "no HTTP"
    if request.method == "CONNECT":
        return "tunnels of a proxy"
    if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
        return "preflights of a browser"
    if value.get("_fromCache"):
        return "answered from a cache"
    if not response.status and any(word in _complaint(value, answered) for word in _NEVER_SENT):
        return "never sent"
    return ""


def _is_page(value: Mapping[str, Any], request: Request, response: Response, kind: str) -> bool:
    if value.get("_resourceType") in ("document", "script", "stylesheet", "image", "font", "media", "manifest"):
        return True
    shown = (response.header("content-type") or kind).lower()
    known = shown.startswith(("text/html", "text/css", "image/", "font/")) or "javascript" in shown
    return known and request.method == "GET" and 200 <= response.status < 400


# --- parts of a message --------------------------------------------------------------------------------------------


def _response(value: Mapping[str, Any], answered: Mapping[str, Any]) -> tuple[Response, Content, bool]:
    """The response, what is known of its body, and whether its headers are known."""
    said = answered.get("status")
    if isinstance(said, str) and said.strip() and _converted(said, int) is None:
        raise _Odd("the status of its response is no number")
    status = _number(answered.get("status"))
    if not 100 <= status <= 999:
        said = _complaint(value, answered)
        fault = next((fault for word, fault in _FAULTS if word in said), _OTHERWISE)
        return Faulted.of(Response(0), fault), Content(b"", True, ""), True
    headers: list[tuple[str, str]] = []
    for name, text in _pairs(answered.get("headers")):
        if not name.startswith(":"):
            lines = text.split("\n") if name.lower() == "set-cookie" else [text]
            headers += [(name, line.strip()) for line in lines]
    found = content_of(
        _dict(answered.get("content")),
        {name.lower(): text for name, text in headers},
        _number(answered.get("bodySize")),
    )
    told = bool(headers or not found.body)
    if not headers and found.kind:
        headers.append(("Content-Type", found.kind))
    return Response(status, tuple(headers), found.body), found, told


def _complaint(value: Mapping[str, Any], answered: Mapping[str, Any]) -> str:
    """What the recorder says of a call without an answer."""
    said = (each.get(name) for each in (value, answered) for name in ("_error", "error", "statusText", "comment"))
    return " ".join(text for text in said if isinstance(text, str)).lower().replace(" ", "_").replace("-", "_")


def _headers(value: Any) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, text in _pairs(value):
        lowered = name.strip().lower()
        if lowered and not lowered.startswith(":"):
            between = "; " if lowered == "cookie" else ", "
            headers[lowered] = f"{headers[lowered]}{between}{text}" if lowered in headers else text
    return headers


def _cookies(value: Any) -> str:
    return "; ".join(f"{name}={text}" for name, text in _pairs(value))


def _query(value: Any) -> str:
    return urlencode([(_encodable(name), _encodable(text)) for name, text in _pairs(value)])


def _pairs(value: Any) -> Iterable[tuple[str, str]]:
    """The pairs of a list of `{"name": …, "value": …}`; some recorders write an object."""
    if isinstance(value, dict):
        return [(name, text) for name, text in value.items() if isinstance(name, str) and isinstance(text, str)]
    if not isinstance(value, list):
        return []
    items = [each for each in value if isinstance(each, dict)]
    found = [(each.get("name"), each.get("value", "")) for each in items]
    return [(name, "" if text is None else str(text)) for name, text in found if isinstance(name, str)]


# --- values --------------------------------------------------------------------------------------------------------


def _moment(value: Any) -> float | None:
    """Seconds since the epoch; without an offset a time is UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return moment.timestamp() if _FIRST <= moment <= _LAST else None
    except (ValueError, OverflowError):
        return None


def _seconds(value: Any) -> float | None:
    """How long a call took, of milliseconds."""
    found = _converted(value, float)
    return found / 1000 if found is not None and 0 < found < 1e12 else None


def _number(value: Any) -> int:
    """An integer, -1 for anything else."""
    found = _converted(value, int)
    return -1 if found is None else found


def _converted(value: Any, kind: Callable[[Any], Any]) -> Any:
    try:
        return None if isinstance(value, (bool, dict, list)) or value is None else kind(value)
    except (ValueError, TypeError, ArithmeticError):
        return None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
