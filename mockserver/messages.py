"""An HTTP request and an HTTP response, free of any framework.

Named tuples: immutable, and the cheapest object that Python builds, which counts once per request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

#: What may stand in a path as it is, beside letters and digits (RFC 3986).
_PATH_MARKS = "/:@!$&'()*+,;=~-._"
_QUERY_MARKS = _PATH_MARKS + "?%[]"  # what is encoded already stays as it was sent


class Request(NamedTuple):
    """One request as the engine sees it.

    `path` is percent-decoded (WSGI gives no other, so `%2F` is a slash through every door), still with the prefix of
    the API; `query` is the raw query string without `?`. Header names are lower-case; a repeated header is joined
    with a comma where the server keeps both. `scheme` is `http` or `https`.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = {}
    body: bytes = b""
    scheme: str = "http"

    @property
    def host(self) -> str:
        """The Host header without port, lower-case; empty when the client sent none."""
        return host_name(self.headers.get("host", ""))

    @property
    def url(self) -> str:
        """The whole URL as the client called it, percent-encoded; `localhost` when it sent no Host header."""
        host = quote(self.headers.get("host", "") or "localhost", safe=":[]")
        path = quote(self.path, safe=_PATH_MARKS, errors="surrogateescape")
        query = quote(self.query, safe=_QUERY_MARKS, errors="surrogateescape")
        return f"{self.scheme}://{host}{path}?{query}" if query else f"{self.scheme}://{host}{path}"


class Response(NamedTuple):
    """One response: `headers` in order, names as they go out; `body` as bytes (empty for none)."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of header `name` (any case), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


class Faulted(Response):
    """A response that is not to arrive as it is. `fault` is what the network does to it (empty: nothing) and `delay`
    how many seconds it is held back; whoever sends it sees to both."""

    fault: str = ""
    delay: float = 0.0

    @classmethod
    def of(cls, response: Response, fault: str = "", delay: float = 0.0) -> Faulted:
        """`response`, with what is to happen to it."""
        faulted = cls(*response)
        faulted.fault, faulted.delay = fault, delay
        return faulted


def host_name(header: str) -> str:
    """The host that a Host header names: without port, lower-case."""
    return (header.rsplit(":", 1)[0] if header[-1:].isdigit() and ":" in header else header).lower()
