"""Signals that come while a command runs: not for us, but for it."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

#: What is passed on to the command. Those that nobody may catch, and those that tell of a fault of our own, are not.
PASSED_ON = (
    *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH),
    *(signal.SIGTSTP, signal.SIGCONT),
)


@contextmanager
def leaving_in_order() -> Iterator[None]:
    """SIGTERM and SIGHUP end this process by an exception, as Ctrl-C does, so that it leaves nothing behind."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with _handling((signal.SIGTERM, signal.SIGHUP), leave):
        yield


class Caught:
    """The signals that come within a `with`, by number, in order. In another thread than the main one there are none.

    `fileno()` becomes readable when there is one. A signal that was ignored before stays so.
    """

    def __enter__(self) -> Self:
        self._read, self._written = socket.socketpair()
        self._read.setblocking(False)
        self._written.setblocking(False)
        self._before = -1
        self._handled = _handling(PASSED_ON, lambda *_: None)
        self._handled.__enter__()
        if _may_handle():
            self._before = signal.set_wakeup_fd(self._written.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, *error: Any) -> None:
        if _may_handle():
            signal.set_wakeup_fd(self._before)
        self._handled.__exit__(None, None, None)
        self._read.close()
        self._written.close()

    def fileno(self) -> int:
        """To be polled."""
        return self._read.fileno()

    def read(self) -> list[int]:
        """Those that have come since the last look."""
        try:
            return [number for number in self._read.recv(4096) if number in PASSED_ON]
        except BlockingIOError:
            return []

    def stop(self) -> None:
        """Stop this process and those of its group, as Ctrl-Z does; returns when it is continued. Where nobody could
        continue it the system does not stop it, either."""
        if not _may_handle() or signal.getsignal(signal.SIGTSTP) == signal.SIG_IGN:
            return
        before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(0, signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, before)


@contextmanager
def _handling(numbers: tuple[signal.Signals, ...], handler: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    before = {}
    if _may_handle():
        for number in numbers:
            if (was := signal.getsignal(number)) not in (signal.SIG_IGN, None):
                before[number] = was
                signal.signal(number, handler)
    try:
        yield
    finally:
        for number, was in before.items():
            signal.signal(number, was)


def _may_handle() -> bool:
    return threading.current_thread() is threading.main_thread()
