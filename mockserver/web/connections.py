"""Takes the connection of a request away from the server that has accepted it, so that anything can be done to it.

No WSGI server hands its sockets over. waitress has them as objects of Python. granian keeps them out of sight: there
the connection is found among the descriptors of this process. Where only one can be meant, its reading side is shut,
upon which granian lets go of it without a word. Where several could be, granian is given an answer that is shorter
than its Content-Length says: it drops the connection of that answer, and since the descriptors of all have been
doubled before, the dropped one is known by that, still open, and untouched unless granian was quick enough to send the
head. That is kept back on the way (TCP_CORK), and a reset throws it away.
"""

from __future__ import annotations

import os
import socket
import stat
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from mockserver.state.clock import Stopwatch

_ESTABLISHED = 1
_PATIENCE = 2.0  # seconds until a server that should let go of a connection is taken to keep it
_LOOK = 0.001
#: Where `struct tcp_info` of Linux has what we read: milliseconds since data was sent and received, bytes received.
_SENT, _RECEIVED, _BYTES = slice(44, 48), slice(52, 56), slice(128, 136)
_one_at_a_time = threading.Lock()


class Held(NamedTuple):
    """A connection of the server's: its descriptor, what that stands for, and a second descriptor of ours."""

    number: int
    inode: int
    socket: socket.socket

    @property
    def dropped(self) -> bool:
        """Whether the server has closed its own descriptor."""
        try:
            return os.fstat(self.number).st_ino != self.inode
        except OSError:
            return True

    @property
    def established(self) -> bool:
        """Whether neither side has ended it."""
        return is_established(self.socket)

    def may_wait(self) -> bool:
        """Whether a request may be waiting on it: something has come, and nothing has surely gone out since."""
        info = self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        sent, received, size = (int.from_bytes(info[part], sys.byteorder) for part in (_SENT, _RECEIVED, _BYTES))
        return size > 0 and sent >= received


def can_be_found(environ: Mapping[str, Any]) -> bool:
    """Whether the server is granian with HTTP/1 on Linux, whose descriptors can be looked through."""
    old = environ.get("SERVER_PROTOCOL", "").startswith("HTTP/1")
    return sys.platform == "linux" and environ.get("SERVER_SOFTWARE") == "Granian" and old


def is_established(connection: socket.socket) -> bool:
    """Whether neither side has ended a TCP connection. On Linux only."""
    try:
        return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _ESTABLISHED
    except OSError:
        return False


def has_ended(connection: socket.socket) -> bool:
    """Whether the client has gone. Our reading side may have been shut, so the kernel is asked, where it says."""
    if hasattr(socket, "TCP_INFO"):
        return not is_established(connection)
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def only_one(port: int) -> socket.socket | None:
    """The connection on which a request waits, when it can be but one; the server has let go of it. Else None."""
    with _one_at_a_time:
        waiting = []
        for held in _connections(port):
            if held.may_wait():
                waiting.append(held)
            else:
                held.socket.close()
        if len(waiting) == 1 and waiting[0].established:
            found = waiting.pop()
            with suppress(OSError):  # the client has gone meanwhile
                found.socket.shutdown(socket.SHUT_RD)
            if _comes_true(lambda: found.dropped):
                return found.socket
            found.socket.close()
        for held in waiting:
            held.socket.close()
        return None


class Snatch:
    """The body of an answer that is too short, for granian. `act` gets the connection of that answer, in a thread of
    its own, once it was dropped."""

    def __init__(self, port: int, act: Callable[[socket.socket], None]) -> None:
        _one_at_a_time.acquire()
        self._held = list(_connections(port))
        self._act = act
        for held in self._held:
            _cork(held.socket, True)
        threading.Thread(target=self._wait, name="mockserver-fault", daemon=True).start()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        raise StopIteration

    def close(self) -> None:
        """Nothing: what is done here would only give the server time."""

    def _wait(self) -> None:
        threading.Event().wait(_LOOK)  # first the server, undisturbed
        _comes_true(lambda: self._dropped() is not None)
        found = self._dropped()
        for held in self._held:
            if held is not found:
                _cork(held.socket, False)
                held.socket.close()
        _one_at_a_time.release()
        if found is not None:
            self._act(found.socket)

    def _dropped(self) -> Held | None:
        """The connection that the server has let go of, and no other has ended."""
        return next((held for held in self._held if held.dropped and held.established), None)


def _connections(port: int) -> Iterator[Held]:
    """The connections that this process has accepted on `port`, each with a descriptor of ours."""
    seen: set[int] = set()
    for number in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        try:
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            double = socket.socket(fileno=os.dup(number))
        except OSError:  # it was closed under our eyes
            continue
        inode = os.fstat(double.fileno()).st_ino
        if inode not in seen and _is_accepted(double, port):
            seen.add(inode)
            yield Held(number, inode, double)
        else:
            double.close()


def _is_accepted(connection: socket.socket, port: int) -> bool:
    if connection.family not in (socket.AF_INET, socket.AF_INET6) or connection.type != socket.SOCK_STREAM:
        return False
    try:
        connection.getpeername()
        return bool(connection.getsockname()[1] == port)
    except OSError:
        return False


def _cork(connection: socket.socket, held_back: bool) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, int(held_back))


def _comes_true(condition: Callable[[], bool]) -> bool:
    pause, end = threading.Event(), Stopwatch.read() + _PATIENCE
    while not condition():
        if Stopwatch.read() > end:
            return False
        pause.wait(_LOOK)
    return True
