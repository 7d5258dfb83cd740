"""The threads that send: started when there is something to send, gone when there is nothing more for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

_PATIENCE = 1.0  # seconds that a thread without work stays
_BEAT = 0.5  # seconds between two looks at whether the program still runs


class Work(Protocol):
    """What there is to do. All but `run` is called under the lock."""

    def next(self) -> Callable[[], None] | None:
        """Something to be done now, if there is."""

    def wait(self) -> float:
        """Seconds until there is; infinity when nobody knows."""

    def idle(self) -> None:
        """There has been nothing for a while."""


class Workers:
    """At most `most` threads. They are no daemons, so that none is cut off half-way, but they end by themselves when
    the main thread has ended."""

    def __init__(self, work: Work, changed: threading.Condition, most: int) -> None:
        """`changed` is the lock of the work, notified whenever there may be more of it."""
        self._work, self._changed, self._most = work, changed, most
        self._threads: set[threading.Thread] = set()
        self._idle = 0
        self._started = 0
        self._closed = False

    def wake(self) -> None:
        """There may be something to do. The caller holds the lock."""
        if self._closed:
            return
        if self._idle:
            self._changed.notify_all()
        elif len(self._threads) < self._most:
            self._started += 1
            thread = threading.Thread(target=self._run, name=f"mockserver-webhooks-{self._started}")
            try:
                thread.start()
            except RuntimeError:  # the system gives no further one: those there are do it all
                if not self._threads:
                    raise
            else:
                self._threads.add(thread)  # it takes itself out, and waits for the lock until then

    def begin_in_child(self) -> None:
        """Go on in a forked process, which none of the threads has come along to."""
        self._threads = set()
        self._idle = 0

    def close(self) -> None:
        """End them, and wait for that."""
        with self._changed:
            self._closed = True
            threads = list(self._threads)
            self._changed.notify_all()
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join()

    def _run(self) -> None:
        with self._changed:
            try:
                while (act := self._awaited()) is not None:
                    if self._work.wait() <= 0:
                        self.wake()  # there is more than this thread can do
                    self._changed.release()
                    try:
                        act()
                    finally:
                        self._changed.acquire()
                        self._changed.notify_all()
            finally:
                self._threads.discard(threading.current_thread())
                if not self._threads:
                    self._work.idle()

    def _awaited(self) -> Callable[[], None] | None:
        """The next thing to do, waited for; None when this thread has nothing to wait for."""
        waited = 0.0
        while not self._closed and threading.main_thread().is_alive():
            act = self._work.next()
            if act is not None:
                return act
            pause = self._work.wait()
            if waited >= _PATIENCE and (pause == float("inf") or self._idle):
                return None
            if waited >= _PATIENCE:
                self._work.idle()
            step = max(min(_BEAT, pause), 0.001)
            self._idle += 1
            try:
                woken = self._changed.wait(step)
            finally:
                self._idle -= 1
            waited = 0.0 if woken else waited + step
        return None
