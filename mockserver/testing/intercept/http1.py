"""HTTP/1.1 as bytes: a request read from a stream, an answer as the steps in which a server sends it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from mockserver.messages import Request, Response

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_BODILESS = frozenset({204, 304})
_MOST_HEADERS = 1_000
_LONGEST_LINE = 64 * 1024


class Malformed(Exception):
    """What came is no HTTP request."""


def reason_of(status: int) -> str:
    """`Not Found` for 404; empty for a status that has no name."""
    return _REASONS.get(status, "")


def make_request(method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> Request:
    """A request as a client library has it before it goes out: the whole URL, headers in any case."""
    target = urlsplit(url)
    host = target.netloc.rpartition("@")[2]
    lowered = _joined(headers)
    lowered.setdefault("host", host)
    path = unquote(target.path, "utf-8", "surrogateescape") if "%" in target.path else target.path
    return Request(method, path or "/", target.query, lowered, body, target.scheme)


def _joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """By lower-case name; a repeated header is joined with a comma, cookies with a semicolon."""
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        if key in found:
            value = f"{found[key]}{'; ' if key == 'cookie' else ', '}{value}"
        found[key] = value
    return found


def read_request(stream: BinaryIO, scheme: str, go_on: Callable[[], None] = lambda: None) -> Request | None:
    """The next request; None when there is no more. `go_on` is called when the client waits for leave to send its body.
    Raises Malformed, and OSError as `stream` does."""
    line = b"\r\n"
    while line in (b"\r\n", b"\n"):
        line = stream.readline(_LONGEST_LINE)
    if not line:
        return None
    words = line.decode("latin-1").split()
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise Malformed(repr(line[:80]))
    pairs: list[tuple[str, str]] = []
    while (line := stream.readline(_LONGEST_LINE)) not in (b"\r\n", b"\n"):
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or len(pairs) >= _MOST_HEADERS:
            raise Malformed(repr(line[:80]))
        pairs.append((name.strip(), value.strip()))
    headers = _joined(pairs)
    if headers.get("expect", "").lower() == "100-continue":
        go_on()
    method, target, version = words
    url = target if not target.startswith("/") else f"{scheme}://{headers.get('host', '')}{target}"
    body = _read_body(stream, headers)
    try:
        request = make_request(method, url, headers.items(), body)
    except ValueError as error:  # a host that is none
        raise Malformed(str(error)) from None
    if version == "HTTP/1.0" and "connection" not in headers:
        request = request._replace(headers={**request.headers, "connection": "close"})
    return request


def _read_body(stream: BinaryIO, headers: Mapping[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _read_chunks(stream)
    length = headers.get("content-length", "0")
    if not length.isdecimal():
        raise Malformed(f"Content-Length: {length[:80]}")
    body = stream.read(int(length))
    if len(body) < int(length):
        raise Malformed("half a body")
    return body


def _read_chunks(stream: BinaryIO) -> bytes:
    body = bytearray()
    while True:
        try:
            size = int(stream.readline(_LONGEST_LINE).partition(b";")[0], 16)
        except ValueError:
            raise Malformed("a chunk without its size") from None
        if not size:
            break
        body += stream.read(size)
        stream.readline(_LONGEST_LINE)
    while stream.readline(_LONGEST_LINE).strip():
        pass  # trailers
    return bytes(body)


def sent_headers(response: Response, method: str) -> list[tuple[str, str]]:
    """The headers of an answer as a server sends them, with the length of the body where there can be one."""
    headers = list(response.headers)
    names = {name.lower() for name, _ in headers}
    if response.status in _BODILESS or names & {"content-length", "transfer-encoding"}:
        return headers
    if method == "HEAD" and not response.body:
        return headers
    return [*headers, ("Content-Length", str(len(response.body)))]


def head_bytes(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    """Status line and headers, up to the empty line."""
    lines = [f"HTTP/1.1 {status} {reason_of(status)}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")
