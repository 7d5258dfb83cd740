"""A listener on this machine with a thread for each connection, all of which end when it stops."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from mockserver.engine.problems import problem
from mockserver.exceptions import MockserverError
from mockserver.messages import Request, Response
from mockserver.state.clock import Stopwatch
from mockserver.testing.loopback.http1 import Malformed
from mockserver.testing.loopback.wire import Ending, Passed, steps_of

_RESET = struct.pack("ii", 1, 0)  # lingering for no time at all: what is not sent yet is thrown away, and the peer told
_BACKLOG = 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_OUT_OF_DESCRIPTORS = 0.05  # seconds until it is tried again
_LONGEST_END = 5.0


class Connection:
    """One client, in a thread of its own. `socket` is the one that is spoken on: secure after `secure`."""

    def __init__(self, raw: socket.socket) -> None:
        self.socket = raw
        self.ended = threading.Event()

    def run(self) -> None:
        """All that happens on it; it is closed then."""
        try:
            self.serve()
        except (OSError, Malformed):
            pass  # the client has gone, or speaks something else
        finally:
            self.ended.set()
            self.socket.close()

    def serve(self) -> None:
        """What happens on it."""
        raise NotImplementedError

    def end(self) -> None:
        """From another thread: whatever it waits for, it waits no longer."""
        self.ended.set()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def secure(self, context: ssl.SSLContext) -> None:
        """Go on by TLS. Raises OSError when the client does not."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secure = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.socket = secure  # before the handshake: it may have to be ended in the middle of it
        if self.ended.is_set():
            raise ConnectionAbortedError
        secure.do_handshake()

    def go_on(self) -> None:
        """Give leave to send a body."""
        self.socket.sendall(_CONTINUE)

    def deliver(self, request: Request, handle: Callable[[Request], Response]) -> bool:
        """Send what `handle` answers, with what goes wrong on the way. Whether the connection stays open."""
        try:
            response = handle(request)
        except MockserverError as error:  # no client could catch it here
            response = problem("internal-error", 500, str(error))
        for step in steps_of(response, request.method):
            if isinstance(step, bytes):
                self.socket.sendall(step)
            elif isinstance(step, Passed):
                continue
            elif isinstance(step, float):
                self.ended.wait(None if step == float("inf") else step)
            elif step is Ending.RESET:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                return False
            else:
                return False
            if self.ended.is_set():
                return False
        said = f"{request.headers.get('connection', '')},{response.header('connection') or ''}".lower()
        return "close" not in said


_Connection = TypeVar("_Connection", bound=Connection)


class Listener(Generic[_Connection]):
    """Ready when constructed; `port` is on 127.0.0.1."""

    def __init__(self, name: str, connection: Callable[[socket.socket], _Connection]) -> None:
        self._connection = connection
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self.port: int = self._socket.getsockname()[1]
        self._lock = threading.Lock()
        self._connections: dict[_Connection, threading.Thread] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._accept, name=f"{name}-{self.port}", daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                raw, _ = self._socket.accept()
            except OSError:  # closed, the client has gone already, or there are too many open files
                self._closing.wait(_OUT_OF_DESCRIPTORS)
                continue
            with self._lock:
                if self._closing.is_set():
                    raw.close()
                    return
                connection = self._connection(raw)
                thread = threading.Thread(target=self._serve, args=(connection,), name=self._thread.name, daemon=True)
                self._connections[connection] = thread
            try:
                thread.start()
            except RuntimeError:  # as many threads as there may be: this client is turned away
                with self._lock:
                    del self._connections[connection]
                raw.close()

    def _serve(self, connection: _Connection) -> None:
        try:
            connection.run()
        finally:
            with self._lock:
                self._connections.pop(connection, None)

    def end(self, strays: Callable[[_Connection], bool]) -> None:
        """End the connections that are meant."""
        with self._lock:
            found = [each for each in self._connections if strays(each)]
            threads = [self._connections[each] for each in found]
        _end(found, threads)

    def settle(self, seconds: float) -> None:
        """Let the connections whose clients have gone come to their end. All of `seconds` pass only while a client has
        not gone."""
        with self._lock:
            threads = list(self._connections.values())
        _join(threads, seconds)

    def stop(self) -> None:
        """End all connections and threads."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept()
        self._socket.close()
        with self._lock:
            connections, threads = list(self._connections), list(self._connections.values())
        _end(connections, [self._thread, *threads])


def _end(connections: Iterable[Connection], threads: Iterable[threading.Thread]) -> None:
    for connection in connections:
        connection.end()
    _join(threads, _LONGEST_END)  # one may be looking a name up, which nothing can end


def _join(threads: Iterable[threading.Thread], seconds: float) -> None:
    until = Stopwatch.read() + seconds
    for thread in threads:
        if thread is not threading.current_thread():
            thread.join(max(0.0, until - Stopwatch.read()))
