"""A connection to the mock that is no socket: what a client writes is read as a request, what it reads is the answer.

Pauses of an answer are waited for, unless they are longer than the client would wait: then its timeout comes at once.
"""

from __future__ import annotations

import errno
import io
import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

from mockserver.messages import Request, Response
from mockserver.testing.loopback.http1 import read_request
from mockserver.testing.loopback.wire import Ending, Passed, Step, steps_of

_NEVER = threading.Event()  # nobody sets it: to wait for it is to let time pass


class Incoming:
    """The steps of an answer as a client meets them, read by read."""

    def __init__(self, steps: Iterator[Step]) -> None:
        self._steps = steps
        self._rest = b""

    def take(self, most: int, timeout: float | None) -> bytes | float:
        """The next bytes, none at the end; or the seconds to wait before asking again. Raises TimeoutError,
        ConnectionResetError as a socket does."""
        while not self._rest:
            step = next(self._steps, Ending.CLOSE)
            if isinstance(step, float):
                if math.isinf(step) or (timeout is not None and step > timeout):
                    raise TimeoutError("timed out")
                if isinstance(step, Passed):
                    continue
                return step
            if step is Ending.RESET:
                raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
            if step is Ending.CLOSE:
                return b""
            self._rest = step
        taken, self._rest = self._rest[:most], self._rest[most:]
        return taken

    def read(self, most: int, timeout: float | None) -> bytes:
        """The next bytes, waited for."""
        while isinstance(taken := self.take(most, timeout), float):
            _NEVER.wait(taken)
        return taken


class Socket:
    """As much of a socket as `http.client` needs."""

    def __init__(self, scheme: str, answer: Callable[[Request], Response]) -> None:
        self._scheme, self._answer = scheme, answer
        self._sent = bytearray()
        self._timeout: float | None = None

    def sendall(self, data: Any) -> None:
        self._sent += data

    def makefile(self, mode: str, *_: Any, **__: Any) -> io.BufferedReader:
        """What comes back for all that was sent."""
        request = read_request(io.BytesIO(bytes(self._sent)), self._scheme)
        assert request is not None  # nobody reads before he has written
        self._sent.clear()
        steps = steps_of(self._answer(request), request.method)
        return io.BufferedReader(_Reader(Incoming(steps), self))

    def settimeout(self, seconds: float | None) -> None:
        self._timeout = seconds

    def gettimeout(self) -> float | None:
        return self._timeout

    def setsockopt(self, *_: Any) -> None:
        pass

    def shutdown(self, how: int) -> None:
        pass

    def close(self) -> None:
        pass


class _Reader(io.RawIOBase):
    def __init__(self, incoming: Incoming, sock: Socket) -> None:
        self._incoming, self._sock = incoming, sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._incoming.read(len(buffer), self._sock.gettimeout())
        buffer[: len(data)] = data
        return len(data)
