"""To the real host and back: bytes in both directions, as they come."""

from __future__ import annotations

import selectors
import socket
import threading

from mockserver.testing.loopback.hosts import is_loopback

_PATIENCE = 10.0  # seconds for a connection
_IDLE = 600.0  # seconds in which no byte moves, after which nobody believes in the other end any more
_PIECE = 64 * 1024


class Unreachable(Exception):
    """The real host could not be called. `status` is what a proxy says then."""

    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason
        super().__init__(reason)


class Way:
    """A connection to a real host. `end` may come from another thread at any time, also while it is being made."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._ended = threading.Event()
        self.socket: socket.socket | None = None

    def open(self, not_to: int) -> socket.socket:
        """Connected. A proxy that calls itself, at the port `not_to`, would do so for ever. Raises Unreachable."""
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Unreachable(502, "there is no such host") from None
        failed: OSError = OSError("it has no address")
        for family, kind, protocol, _, address in found:
            if self._port == not_to and is_loopback(str(address[0])):
                raise Unreachable(400, "this is the proxy itself")
            self.socket = socket.socket(family, kind, protocol)
            try:
                if self._ended.is_set():
                    raise ConnectionAbortedError("the proxy has ended")
                self.socket.settimeout(_PATIENCE)
                self.socket.connect(address)
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return self.socket
            except OSError as error:
                self.socket.close()
                failed = error
        if isinstance(failed, TimeoutError):
            raise Unreachable(504, f"no connection within {_PATIENCE:g} s")
        raise Unreachable(502, (failed.strerror or str(failed)).lower())

    def end(self) -> None:
        """Whoever waits for it waits no longer."""
        self._ended.set()
        if self.socket is not None:
            try:
                self.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is not connected

    def close(self) -> None:
        """Give it back."""
        if self.socket is not None:
            self.socket.close()


class _Direction:
    """From `source` to `sink`: a piece is sent whole before the next is read, so that the slower end sets the pace."""

    def __init__(self, source: socket.socket, sink: socket.socket, first: bytes = b"") -> None:
        self.source, self.sink = source, sink
        self.pending = memoryview(first)
        self.over = False

    def read(self) -> None:
        try:
            data = self.source.recv(_PIECE)
        except BlockingIOError:
            return
        if data:
            self.pending = memoryview(data)
            self.write()  # there is room for it, as a rule
        else:
            self.over = True
            self.sink.shutdown(socket.SHUT_WR)

    def write(self) -> None:
        try:
            self.pending = self.pending[self.sink.send(self.pending) :]
        except BlockingIOError:
            return


def relay(client: socket.socket, real: socket.socket, ended: threading.Event, first: bytes = b"") -> None:
    """Carry bytes both ways, `first` before all others, until both ends have said that there are no more: one that has
    said so is still listened to by the other. Ends with `ended`, too, provided that something happens on a socket then.
    Raises OSError when either end breaks the connection."""
    for each in (client, real):
        each.setblocking(False)
    there, back = _Direction(client, real, first), _Direction(real, client)
    with selectors.DefaultSelector() as selector:
        while not (there.over and back.over) and not ended.is_set():
            for each, outward, inward in ((client, there, back), (real, back, there)):
                _watch(selector, each, outward, inward)
            happened = selector.select(_IDLE)
            if not happened:
                return
            for key, events in happened:
                outward, inward = (there, back) if key.fileobj is client else (back, there)
                if events & selectors.EVENT_WRITE and inward.pending:
                    inward.write()
                if events & selectors.EVENT_READ and not (outward.pending or outward.over):
                    outward.read()


def _watch(selector: selectors.BaseSelector, each: socket.socket, outward: _Direction, inward: _Direction) -> None:
    wanted = 0 if outward.pending or outward.over else selectors.EVENT_READ
    if inward.pending:
        wanted |= selectors.EVENT_WRITE
    known = selector.get_map().get(each)
    if known is None:
        if wanted:
            selector.register(each, wanted)
    elif not wanted:
        selector.unregister(each)
    elif known.events != wanted:
        selector.modify(each, wanted)
