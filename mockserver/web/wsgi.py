"""The door for HTTP: WSGI bytes -> `Request` -> engine -> bytes.

It stands in front of Flask's own dispatch (`app.wsgi_app = Door(…)`), which costs more than all the rest of a request.
Flask gets what is not an API: `/__admin/…`, the index at `/`, the icon. A request for a documented host of an API is
always the API's, whatever its path.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mockserver.messages import Faulted, Request
from mockserver.state.clock import Stopwatch
from mockserver.web.sabotage import send

if TYPE_CHECKING:
    from mockserver.engine.engine import Engine

StartResponse = Callable[..., Any]
WSGIApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_MOST_DIGITS = 18  # of a Content-Length; Python refuses to read thousands of them
_REMEMBERED_NAMES = 1024  # clients choose header names, so the memory for them has an end


class _HeaderNames(dict[str, str]):
    """environ key -> header name as a `Request` has it; empty for a key that is no header. Worked out once per key."""

    def __missing__(self, key: str) -> str:
        if key.startswith("HTTP_") or key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = key.removeprefix("HTTP_").replace("_", "-").lower()
        else:
            name = ""
        if len(self) < _REMEMBERED_NAMES:
            self[key] = name
        return name


class LatePages:
    """Pages that are made at the first request for one: Flask takes a hundred milliseconds to import, and most runs of
    a mock never need it."""

    def __init__(self, make: Callable[[], WSGIApp]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._pages: WSGIApp | None = None

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        with self._lock:
            if self._pages is None:
                self._pages = self._make()
        return self._pages(environ, start_response)


class Door:
    """The WSGI application that is served. `engine` may be swapped while requests are under way; `began` is when the
    door opened, by the stopwatch."""

    def __init__(self, engine: Engine, pages: WSGIApp) -> None:
        self._pages = pages
        self.began = Stopwatch.read()
        self._names = _HeaderNames()
        self.swap(engine)

    def swap(self, engine: Engine) -> None:
        """Answer from `engine` from the next request on."""
        self._hosts = documented_hosts(engine)
        self._limit = engine.options.body_limit
        self.engine = engine

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        if (path in ("/", "/favicon.ico", "/__admin") or path.startswith("/__admin/")) and self._is_page(environ, path):
            return self._pages(environ, start_response)

        query: str = environ.get("QUERY_STRING", "")
        # PEP 3333 hands over bytes dressed as latin-1. Bytes that are no UTF-8 stay visible as surrogates: the engine
        # answers those with 400.
        if not path.isascii():
            path = path.encode("latin-1").decode("utf-8", "surrogateescape")
        if not query.isascii():
            query = query.encode("latin-1").decode("utf-8", "surrogateescape")

        names = self._names
        headers = {name: value for key, value in environ.items() if (name := names[key])}

        body = b""
        length = environ.get("CONTENT_LENGTH")
        if length:
            expected = int(length[:_MOST_DIGITS]) if length.isdecimal() else 0
            # Over the limit nothing is read: the engine answers 413 from the header.
            if 0 < expected <= self._limit:
                body = _read(environ, expected)
                if len(body) < expected:
                    # The client has gone half-way through. Nobody waits for an answer, and half a body must not act.
                    start_response("400 Bad Request", [("Content-Length", "0")])
                    return [b""]
        elif "HTTP_TRANSFER_ENCODING" in environ:
            body = _read(environ, self._limit + 1)

        response = self.engine.handle(
            Request(environ["REQUEST_METHOD"], path, query, headers, body, environ["wsgi.url_scheme"])
        )
        if response.__class__ is Faulted:
            return send(environ, start_response, response)
        status, answer_headers, answer = response
        start_response(_STATUS_LINES.get(status) or f"{status} Unknown", list(answer_headers))
        return [answer]

    def _is_page(self, environ: Mapping[str, Any], path: str) -> bool:
        if path == "/" and environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return False
        return Request("", "", headers={"host": environ.get("HTTP_HOST", "")}).host not in self._hosts


def documented_hosts(engine: Engine) -> frozenset[str]:
    """All hosts that the served contracts name, without ports, in lower-case."""
    return frozenset(
        host.partition(":")[0]
        for api in engine.apis.values()
        for server in api.contract.servers
        for host in server.hosts
    )


def _read(environ: Mapping[str, Any], size: int) -> bytes:
    try:
        body: bytes = environ["wsgi.input"].read(size)
    except OSError:  # the connection broke: as if nothing more had come
        return b""
    return body
