"""Does to a connection what a fault says: an answer that comes late, in drops, not at all, or is no HTTP."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any

from mockserver.engine.faults import LONGEST_DELAY
from mockserver.messages import Faulted
from mockserver.state.clock import Stopwatch
from mockserver.web.connections import Snatch, can_be_found, has_ended, only_one

#: Seconds over which SLOW_DRIP spreads a body when the order names none, and into how many pieces at most.
DRIP_SECONDS = 5.0
_MOST_DROPS = 50
_BEAT = 0.05  # seconds between two looks at whether the client or the server has gone
_LAST_READ = 0.2
_GARBAGE = bytes(range(128, 256)) + b"\r\n\r\n"
_NO_CHUNK = b"this is no chunk\r\n"
_NEVER_REACHED = "1000000"  # bytes that a head announces which should not arrive: nobody takes what follows for all
_WITHOUT_BODY = (204, 304)

Alive = Callable[[], bool]


class Sabotaged(ConnectionAbortedError):
    """Raised under a server whose connections are out of reach, so that it gives no answer."""


def send(environ: Mapping[str, Any], start_response: Callable[..., Any], answer: Faulted) -> Iterable[bytes]:
    """Send an answer with what is to happen to it.

    A delay alone holds this thread. A fault takes the connection away from the server and goes on in a thread of its
    own, which ends with the client, with the server, or after `LONGEST_DELAY`.
    """
    channel = getattr(environ.get("waitress.client_disconnected"), "__self__", None)
    alive: Alive = (lambda: bool(channel.server.accepting)) if channel else threading.main_thread().is_alive
    fault = answer.fault
    if fault == "SLOW_DRIP" and not answer.body:
        fault = ""  # there is nothing that could drip; it is as late as it would have been
    if not fault:
        pause(answer.delay, alive)
        start_response(_status_line(answer.status), list(answer.headers))
        return [answer.body]
    act = partial(_act, answer, environ["REQUEST_METHOD"], alive)
    if channel is not None:
        from waitress.channel import ClientDisconnected

        _in_a_thread(act, channel.socket.dup())
        raise ClientDisconnected  # waitress closes its own end of it without a byte
    if environ.get("SERVER_SOFTWARE") == "Granian":
        return _under_granian(environ, start_response, answer, act, alive)
    if fault == "SLOW_DRIP":
        start_response(_status_line(answer.status), _framed(answer))
        return _Drops(answer, alive)
    raise Sabotaged(f"{fault}, as was ordered")


def pause(seconds: float, alive: Alive) -> None:
    """Wait in real time, `LONGEST_DELAY` at most, or until `alive` says no."""
    bell, end = threading.Event(), Stopwatch.read() + min(seconds, LONGEST_DELAY)
    while (left := end - Stopwatch.read()) > 0 and alive():
        bell.wait(min(left, _BEAT))


def _under_granian(
    environ: Mapping[str, Any],
    start_response: Callable[..., Any],
    answer: Faulted,
    act: Callable[..., None],
    alive: Alive,
) -> Iterable[bytes]:
    port, found = int(environ["SERVER_PORT"]), can_be_found(environ)
    connection = only_one(port) if found else None
    if connection is not None:
        _in_a_thread(act, connection)
    elif answer.fault == "SLOW_DRIP":
        start_response(_status_line(answer.status), _framed(answer))
        return _Drops(answer, alive)
    elif answer.fault == "EMPTY_RESPONSE" or not found:
        pause(answer.delay, alive)
    else:
        pause(answer.delay if answer.fault != "TIMEOUT" else 0, alive)
        start_response("200 OK", [("Content-Length", _NEVER_REACHED)])
        return Snatch(port, partial(act, waited=True))
    # Two framings at once: granian notices, sends nothing, and ends the connection properly.
    start_response("200 OK", [("Content-Length", "1"), ("Transfer-Encoding", "chunked")])
    return [b"-"]


def _in_a_thread(act: Callable[[socket.socket], None], connection: socket.socket) -> None:
    threading.Thread(target=act, args=(connection,), name="mockserver-fault", daemon=True).start()


def _act(answer: Faulted, method: str, alive: Alive, connection: socket.socket, waited: bool = False) -> None:
    """Do it to the connection, which is ours alone, and close it. A client that has gone is no matter."""
    with connection, suppress(OSError):
        connection.settimeout(10)
        if answer.fault == "TIMEOUT":
            _hold(connection, answer.delay or LONGEST_DELAY, alive)
            return
        if answer.fault != "SLOW_DRIP" and not waited:
            pause(answer.delay, alive)
        if answer.fault == "CONNECTION_RESET_BY_PEER":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        if answer.fault == "RANDOM_DATA_THEN_CLOSE":
            connection.sendall(_GARBAGE)
        elif answer.fault == "MALFORMED_RESPONSE_CHUNK":
            head = [header for header in answer.headers if header[0].lower() != "content-length"]
            connection.sendall(_head(answer.status or 200, [*head, ("Transfer-Encoding", "chunked")]) + _NO_CHUNK)
        elif answer.fault == "SLOW_DRIP":
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(_head(answer.status, _framed(answer)))
            for drop in _Drops(answer, alive) if method != "HEAD" else ():
                connection.sendall(drop)
        connection.shutdown(socket.SHUT_WR)
        # What the client has sent and nobody has read would turn the proper end into a reset.
        connection.settimeout(_LAST_READ)
        while connection.recv(65536):
            pass


def _hold(connection: socket.socket, seconds: float, alive: Alive) -> None:
    """Say nothing until the client has gone."""
    end = Stopwatch.read() + seconds
    while Stopwatch.read() < end and alive() and not has_ended(connection):
        pause(_BEAT, alive)


class _Drops:
    """A body in pieces, evenly over the time that the answer is to take."""

    def __init__(self, answer: Faulted, alive: Alive) -> None:
        size = max(1, -(-len(answer.body) // _MOST_DROPS))
        self._pieces = [answer.body[at : at + size] for at in range(0, len(answer.body), size)]
        self._gap = (answer.delay or DRIP_SECONDS) / len(self._pieces)
        self._alive = alive

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self._pieces or not self._alive():
            raise StopIteration
        pause(self._gap, self._alive)
        return self._pieces.pop(0)

    def close(self) -> None:
        """Whoever drank has had enough."""
        self._pieces.clear()


def _framed(answer: Faulted) -> list[tuple[str, str]]:
    kept = [header for header in answer.headers if header[0].lower() != "content-length"]
    return kept if answer.status in _WITHOUT_BODY else [*kept, ("Content-Length", str(len(answer.body)))]


def _head(status: int, headers: list[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {_status_line(status)}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace")


def _status_line(status: int) -> str:
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
    return f"{status} {phrase}"
