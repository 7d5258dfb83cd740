"""HTTP/1.1 as bytes: a request read from a stream, an answer as the steps in which a server sends it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from mockserver.messages import Request, Response

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_BODILESS = frozenset({204, 304})
_MOST_HEADERS = 1_000
_LONGEST_LINE = 64 * 1024
_LENGTH = re.compile(r"[0-9]{1,18}")  # Python refuses to read thousands of digits
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")


class Stream(Protocol):
    """What requests are read from. Both give less than was asked for only at the end."""

    def readline(self, limit: int, /) -> bytes: ...
    def read(self, size: int, /) -> bytes: ...


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


class Head(NamedTuple):
    """What comes before a body. Names of headers are lower-case."""

    method: str
    target: str
    version: str
    headers: dict[str, str]


def read_head(stream: Stream) -> Head | None:
    """The next head; None when there is no more. Raises Malformed, and OSError as `stream` does."""
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
    method, target, version = words
    return Head(method, target, version, _joined(pairs))


def wants_leave(head: Head) -> bool:
    """Whether the client waits for a word before it sends its body."""
    return head.headers.get("expect", "").lower() == "100-continue"


def request_of(head: Head, scheme: str, body: bytes) -> Request:
    """The request that a head begins. Raises Malformed for a target that is none."""
    target = head.target
    url = target if not target.startswith("/") else f"{scheme}://{head.headers.get('host', '')}{target}"
    try:
        request = make_request(head.method, url, head.headers.items(), body)
    except ValueError as error:  # a host that is none
        raise Malformed(str(error)) from None
    if head.version == "HTTP/1.0" and "connection" not in head.headers:
        request = request._replace(headers={**request.headers, "connection": "close"})
    return request


def read_request(stream: Stream, scheme: str, go_on: Callable[[], None] = lambda: None) -> Request | None:
    """The next request; None when there is no more. `go_on` is called when the client waits for leave to send its body.
    Raises Malformed, and OSError as `stream` does."""
    head = read_head(stream)
    if head is None:
        return None
    if wants_leave(head):
        go_on()
    return request_of(head, scheme, read_body(stream, head.headers))


def read_body(stream: Stream, headers: Mapping[str, str], most: float = math.inf) -> bytes:
    """The body; no more than a byte over `most` of one that is larger, of which the rest is left on the stream.
    Raises Malformed."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _read_chunks(stream, most)
    length = headers.get("content-length", "0")
    if not _LENGTH.fullmatch(length):
        raise Malformed(f"Content-Length: {length[:80]}")
    wanted = int(min(int(length), most + 1))
    body = stream.read(wanted)
    if len(body) < wanted:
        raise Malformed("half a body")
    return body


def _read_chunks(stream: Stream, most: float) -> bytes:
    body = bytearray()
    while len(body) <= most:
        size = stream.readline(_LONGEST_LINE).partition(b";")[0].strip()
        if not _CHUNK_SIZE.fullmatch(size):
            raise Malformed("a chunk without its size")
        if not int(size, 16):
            while stream.readline(_LONGEST_LINE).strip():
                pass  # trailers
            break
        body += stream.read(int(min(int(size, 16), most + 1 - len(body))))
        if len(body) <= most:
            stream.readline(_LONGEST_LINE)
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
