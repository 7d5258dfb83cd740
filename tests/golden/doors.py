"""The two ways in which a golden case reaches the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import NamedTuple, Protocol
from urllib.parse import unquote_to_bytes

from mockserver.engine.engine import Engine
from mockserver.messages import Request, Response
from mockserver.web.app import create_app
from mockserver.web.server import ThreadedServer

#: Headers that a server adds to every answer.
_OF_THE_SERVER = frozenset({"date", "server", "content-length", "connection", "via"})


class WireRequest(NamedTuple):
    """A request as it goes over the wire: `target` is percent-encoded, with its query."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Door(Protocol):
    """Sends a request and gives the answer."""

    def send(self, request: WireRequest) -> Response: ...


class InProcess:
    """Straight into `Engine.handle`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def send(self, request: WireRequest) -> Response:
        path, _, query = request.target.partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        if request.body:
            headers["content-length"] = str(len(request.body))
        decoded = unquote_to_bytes(path).decode("utf-8", "surrogateescape")
        return self._engine.handle(Request(request.method, decoded, query, headers, request.body))


class Socket:
    """Over HTTP/1.1 to a server that runs in a thread."""

    def __init__(self, port: int) -> None:
        self._port = port

    def send(self, request: WireRequest) -> Response:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                connection.putheader(name, value)
            if request.body:
                connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders(request.body or None)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        # Whoever asks with HEAD gets the length from the mock, not from the server.
        added = _OF_THE_SERVER - ({"content-length"} if request.method == "HEAD" else set())
        headers = tuple((name, value) for name, value in answer.getheaders() if name.lower() not in added)
        return Response(answer.status, headers, body)


@contextmanager
def over_socket(engine: Engine) -> Iterator[Door]:
    """A server for the engine, and the way to it."""
    with ThreadedServer(create_app(engine)) as server:
        yield Socket(server.port)
