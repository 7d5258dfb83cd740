"""The server that redirected connections end at: one thread for each, TLS or not as the client begins.

It starts with the first such connection and ends with the last `intercept`.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import threading
from typing import BinaryIO, cast

from mockserver.engine.problems import problem
from mockserver.exceptions import MockserverError
from mockserver.messages import Request
from mockserver.testing.intercept.certificates import server_context
from mockserver.testing.intercept.http1 import Malformed, read_request
from mockserver.testing.intercept.layers import layers
from mockserver.testing.intercept.wire import Ending, Passed, steps_of

_HANDSHAKE = 0x16  # the first byte that a TLS client sends
_NAMELESS = "localhost"  # shown to a client that does not say whom it means
_RESET = struct.pack("ii", 1, 0)  # lingering for no time at all: what is not sent yet is thrown away, and the peer told
_BACKLOG = 128
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Listener:
    """Ready when constructed; `port` is on 127.0.0.1."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self.port: int = self._socket.getsockname()[1]
        self._lock = threading.Lock()
        self._connections: dict[_Connection, threading.Thread] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._accept, name=f"mockserver-intercept-{self.port}", daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self._socket.accept()
            except OSError:
                return  # closed
            with self._lock:
                if self._closing.is_set():
                    raw.close()
                    return
                connection = _Connection(raw, self._closing)
                thread = threading.Thread(target=self._serve, args=(connection,), name=self._thread.name, daemon=True)
                self._connections[connection] = thread
            thread.start()

    def _serve(self, connection: _Connection) -> None:
        try:
            connection.serve()
        finally:
            with self._lock:
                self._connections.pop(connection, None)

    def drop_strays(self) -> None:
        """End the connections to hosts that are no longer intercepted, so that no client goes on with one."""
        with self._lock:
            strays = [each for each in self._connections if each.host and layers.owner(each.host) is None]
            threads = [self._connections[each] for each in strays]
        _end(strays, threads)

    def stop(self) -> None:
        """End all connections and threads."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept()
        self._socket.close()
        with self._lock:
            connections, threads = list(self._connections), list(self._connections.values())
        _end(connections, [self._thread, *threads])


def _end(connections: list[_Connection], threads: list[threading.Thread]) -> None:
    for connection in connections:
        connection.end()
    for thread in threads:
        if thread is not threading.current_thread():
            thread.join()


class _Connection:
    """One client. `host` is whom it has called last; empty before its first request."""

    def __init__(self, raw: socket.socket, closing: threading.Event) -> None:
        self.host = ""
        self._raw, self._socket = raw, raw
        self._closing = closing
        self._ended = threading.Event()

    def serve(self) -> None:
        try:
            if self._secure():
                self._serve_requests("https")
            else:
                self._serve_requests("http")
        except (OSError, Malformed):
            pass  # the client has gone, or speaks something else
        finally:
            self._ended.set()
            self._socket.close()

    def end(self) -> None:
        """From another thread: whatever it waits for, it waits no longer."""
        self._ended.set()
        with contextlib.suppress(OSError):
            self._raw.shutdown(socket.SHUT_RDWR)

    def _secure(self) -> bool:
        first = self._raw.recv(1, socket.MSG_PEEK)
        if not first or first[0] != _HANDSHAKE:
            return False
        self._raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secure = server_context(_NAMELESS).wrap_socket(self._raw, server_side=True, do_handshake_on_connect=False)
        self._raw = self._socket = secure  # before the handshake: it may have to be ended in the middle of it
        secure.do_handshake()
        return True

    def _serve_requests(self, scheme: str) -> None:
        with cast(BinaryIO, self._socket.makefile("rb")) as stream:
            while (request := read_request(stream, scheme, self._go_on)) is not None:
                if layers.owner(request.host) is None:
                    return  # the `intercept` has been closed since
                self.host = request.host
                if not self._answer(request):
                    return

    def _go_on(self) -> None:
        self._socket.sendall(_CONTINUE)

    def _answer(self, request: Request) -> bool:
        """Whether the connection stays open."""
        try:
            response = layers.answer(request.host, request)
        except MockserverError as error:  # no client could catch it here
            response = problem("internal-error", 500, str(error))
        for step in steps_of(response, request.method):
            if isinstance(step, bytes):
                self._socket.sendall(step)
            elif isinstance(step, Passed):
                continue
            elif isinstance(step, float):
                self._ended.wait(None if step == float("inf") else step)
            elif step is Ending.RESET:
                self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                return False
            else:
                return False
            if self._ended.is_set() or self._closing.is_set():
                return False
        said = f"{request.headers.get('connection', '')},{response.header('connection') or ''}".lower()
        return "close" not in said


_starting = threading.Lock()
_running: Listener | None = None


def listener() -> Listener:
    """The listener, started when there is none. Raises ConnectionRefusedError when the last `intercept` has just been
    closed."""
    global _running
    with _starting:
        if _running is None:
            if not layers.open:
                raise ConnectionRefusedError(errno.ECONNREFUSED, "nothing is intercepted any more")
            _running = Listener()
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
    if layers.open:
        running.drop_strays()
    else:
        running.stop()
