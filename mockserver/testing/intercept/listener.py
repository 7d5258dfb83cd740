"""The server that redirected connections end at: TLS or not as the client begins.

It starts with the first such connection and ends with the last `intercept`.
"""

from __future__ import annotations

import errno
import socket
import threading
from typing import BinaryIO, cast

from mockserver.messages import Request, Response
from mockserver.testing.intercept.layers import layers
from mockserver.testing.loopback.certificates import server_context
from mockserver.testing.loopback.http1 import read_request
from mockserver.testing.loopback.serving import Connection, Listener

_HANDSHAKE = 0x16  # the first byte that a TLS client sends
_NAMELESS = "localhost"  # shown to a client that does not say whom it means


class _Redirected(Connection):
    """One client. `host` is whom it has called last; empty before its first request."""

    host = ""

    def serve(self) -> None:
        first = self.socket.recv(1, socket.MSG_PEEK)
        if first and first[0] == _HANDSHAKE:
            self.secure(server_context(_NAMELESS))
            self._serve_requests("https")
        else:
            self._serve_requests("http")

    def _serve_requests(self, scheme: str) -> None:
        with cast(BinaryIO, self.socket.makefile("rb")) as stream:
            while (request := read_request(stream, scheme, self.go_on)) is not None:
                if layers.owner(request.host) is None:
                    return  # the `intercept` has been closed since
                self.host = request.host
                if not self.deliver(request, _by_host):
                    return


def _by_host(request: Request) -> Response:
    return layers.answer(request.host, request)


_starting = threading.Lock()
_running: Listener[_Redirected] | None = None


def listener() -> Listener[_Redirected]:
    """The listener, started when there is none. Raises ConnectionRefusedError when the last `intercept` has just been
    closed."""
    global _running
    with _starting:
        if _running is None:
            if not layers.open:
                raise ConnectionRefusedError(errno.ECONNREFUSED, "nothing is intercepted any more")
            _running = Listener("mockserver-intercept", _Redirected)
        return _running


def settle() -> None:
    """After an `intercept` was closed: end what nobody may use any more, and the listener with the last of them."""
    global _running
    with _starting:
        running = _running
        if running is None:
            return
        if not layers.open:
            _running = None
    if layers.open:  # no client goes on with a host that is no longer intercepted
        running.end(lambda each: bool(each.host) and layers.owner(each.host) is None)
    else:
        running.stop()
