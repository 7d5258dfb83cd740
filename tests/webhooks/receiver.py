"""A receiver on a real socket that does what a test tells it to, and remembers what came."""

from __future__ import annotations

import hmac
import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple


class Came(NamedTuple):
    """One request as it arrived, and the connection that it arrived on, by number."""

    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


TLS = 0x16  # how a handshake begins
Answer = Callable[[Came], bytes | None]


def answer(status: int = 200, body: bytes = b"", *headers: str) -> bytes:
    """The bytes of an answer."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Receiver:
    """Answers each request with what `say` gives for it: bytes that stand for themselves, or None to hang up. After
    bytes that are no whole answer it waits for the end, `pieces` apart if it is to drip."""

    def __init__(
        self, say: Answer | bytes = b"", *, drips: bool = False, stays: bool = True, linger: bool = False
    ) -> None:
        self.say: Answer = say if callable(say) else lambda came: say or answer()
        self.came: list[Came] = []
        self.connections = 0
        self.most_at_once = 0
        self._drips, self._stays, self._linger = drips, stays, linger
        self._busy = 0
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hooks"

    def __enter__(self) -> Receiver:
        self._threads.append(threading.Thread(target=self._accept))
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(10)
        self._socket.close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):  # it has gone already
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection, self.connections))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection:
            with self._lock:
                self._open.add(connection)
            try:
                while not self._ends.is_set() and (came := self._read(connection, number)) is not None:
                    with self._lock:
                        self.came.append(came)
                        self._busy += 1
                        self.most_at_once = max(self.most_at_once, self._busy)
                    try:
                        said = self.say(came)
                    finally:
                        with self._lock:
                            self._busy -= 1
                    if said is None:
                        break
                    self._send(connection, said)
                    if not self._stays:
                        break
            except OSError:
                pass
            finally:
                with self._lock:
                    self._open.discard(connection)
                if self._linger:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _send(self, connection: socket.socket, said: bytes) -> None:
        if not self._drips:
            connection.sendall(said)
            return
        for at in range(len(said)):
            if self._ends.wait(0.01):
                return
            connection.sendall(said[at : at + 1])

    def _read(self, connection: socket.socket, number: int) -> Came | None:
        asked = b""
        while b"\r\n\r\n" not in asked:
            piece = connection.recv(65536)
            if not piece:
                return None
            asked += piece
            if asked[0] == TLS:
                connection.sendall(answer(400))
                return None
        head, _, body = asked.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        while len(body) < int(headers["content-length"]):
            body += connection.recv(65536)
        return Came(first.split()[1], headers, body, number)


def digest(secret: str, text: str | bytes) -> str:
    """HMAC-SHA-256 in hexadecimal."""
    return hmac.new(secret.encode(), text.encode() if isinstance(text, str) else text, "sha256").hexdigest()
