"""Watches a running mock, and judges all that is called."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from queue import SimpleQueue
from typing import NamedTuple

from mockserver.checks.client.judge import ClientJudge
from mockserver.checks.coverage.coverage import Coverage
from mockserver.checks.findings import Finding
from mockserver.engine.engine import Engine
from mockserver.engine.journal import Exchange
from mockserver.state.store import Namespace

_MOST_SPACES = 1_000


class _Heard(NamedTuple):
    exchange: Exchange
    timed: bool
    space: Namespace | None


class Watch:
    """Sees every exchange of an engine from now on, also what a reset makes the journal forget, and judges it in a
    thread of its own.

    `apis` are those whose coverage counts; the calls of all that are served are judged. `tell` is told of each finding
    in that thread, and of the last ones in the thread that closes. What goes wrong in judging or telling stops nothing:
    `close` raises the first of it when all else is done. Raises UsageError for an API that is not served.
    """

    def __init__(
        self,
        engine: Engine,
        apis: Collection[str],
        *,
        exempt_tokens: Collection[str] = (),
        tell: Callable[[Finding], object],
    ) -> None:
        self.coverage = Coverage.of([engine.api(name) for name in apis])
        self.exchanges = 0
        self._engine, self._tell = engine, tell
        self._judge = ClientJudge(engine.apis, exempt_tokens=exempt_tokens)
        self._queue: SimpleQueue[_Heard | None] = SimpleQueue()
        self._spaces: OrderedDict[tuple[str, str], Namespace] = OrderedDict()
        self._told = engine.outbox.log.told
        self._fault: Exception | None = None
        self._closing, self._closed = threading.Lock(), False
        self._before = engine.journal.listener
        self._listener = self._hear
        engine.journal.listener = self._listener
        self._thread = threading.Thread(target=self._work, name="client-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Judge what was called so far, tell what is known only at the end, and watch no longer. Calling it again does
        nothing."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            journal = self._engine.journal
            if journal.listener is self._listener:
                journal.listener = self._before
            self._queue.put(None)
            self._thread.join()
            self._try(self._count_deliveries)
            self._try(self._tell_all, self._judge.end)
        if self._fault is not None:
            raise self._fault

    def _hear(self, exchange: Exchange) -> None:
        if self._before is not None:
            self._before(exchange)
        if self._closed:  # somebody else listens behind this
            return
        api = self._engine.apis.get(exchange.api)
        space = api.spaces.get(exchange.namespace) if api is not None else None
        self._queue.put(_Heard(exchange, not self._engine.clock.frozen, space))

    def _work(self) -> None:
        while (heard := self._queue.get()) is not None:
            self._look(heard)

    def _look(self, heard: _Heard) -> None:
        exchange, timed, space = heard
        self.exchanges += 1
        self._try(self.coverage.add, exchange)
        if space is not None:
            self._try(self._settle, exchange, space)
        self._try(self._tell_all, lambda: self._judge.see(exchange, timed=timed))
        if self._engine.outbox.log.told != self._told:
            self._try(self._count_deliveries)

    def _try(self, step: Callable[..., object], *words: object) -> None:
        """What goes wrong in one step must cost neither what the others find nor that somebody hears of it."""
        try:
            step(*words)
        except Exception as error:  # noqa: BLE001  # raised by `close`
            self._fault = self._fault or error

    def _tell_all(self, judged: Callable[[], Iterable[Finding]]) -> None:
        for finding in judged():
            self._tell(finding)

    def _settle(self, exchange: Exchange, space: Namespace) -> None:
        """A state that is not the one that was there before: the mock was reset."""
        key = (exchange.api, exchange.namespace)
        before = self._spaces.get(key)
        if before is space:
            return
        self._spaces[key] = space
        if len(self._spaces) > _MOST_SPACES:
            self._spaces.popitem(last=False)
        if before is not None:
            self._tell_all(lambda: self._judge.begin_anew(*key))

    def _count_deliveries(self) -> None:
        """Events that have arrived; the log of attempts outlives a reset."""
        for told in self._engine.outbox.attempts_since(self._told):
            self._told = told.number
            if told.delivered:
                self.coverage.add_event(told.api, told.event)
