"""Servers for the engine: `serve` in a process of its own (granian), `ThreadedServer` beside a test (waitress).

`performance.md` of the project says why two: granian takes three times the load but runs the application in a process
that it makes; waitress runs in a thread of the caller's.
"""

from __future__ import annotations

import logging
import multiprocessing
import select
import signal
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from mockserver.engine.assembly import build_engine
from mockserver.exceptions import MockserverError
from mockserver.state.clock import Stopwatch
from mockserver.web.address import base_url, claim
from mockserver.web.worker import ServeOptions, Worker

if TYPE_CHECKING:
    from mockserver.engine.engine import Engine
    from mockserver.web.wsgi import WSGIApp

_KILL_AFTER = 1  # seconds that a request under way may hold up the end
_THREADS = 64  # as many clients may stall in the middle of a body before others have to wait
_BEAT = 0.002  # seconds between two looks at what is under way


class ServerCrashed(MockserverError):
    """The server process ended without being asked to."""


def serve(options: ServeOptions, announce: Callable[[Engine, str], str]) -> None:
    """Serve until SIGINT or SIGTERM. `announce(engine, base_url)` gives the text to write when it is ready.

    Raises SpecError and UsageError before anything is started; ServerCrashed when the server process dies.
    """
    from granian.constants import Interfaces  # 70 ms that a spec error need not wait for
    from granian.server import MPServer

    engine = build_engine(options.apis, options.engine)
    address = claim(options.host, options.port)
    worker = Worker(options, address, announce(engine, base_url(*address)), engine)
    if sys.platform == "linux":
        # Python 3.14 starts from a fork server, for which the engine would have to be built a second time.
        multiprocessing.set_start_method("fork", force=True)
    server = MPServer(
        "mockserver",
        address=address[0],
        port=address[1],
        interface=Interfaces.WSGI,
        blocking_threads=_THREADS,
        workers_kill_timeout=_KILL_AFTER,
        respawn_failed_workers=False,  # its state died with it
        log_enabled=False,
    )
    server.on_startup(lambda: _stop_on_hangup(server))
    try:
        server.serve(target_loader=worker, wrap_loader=False)
    except SystemExit:
        pass  # raised when the worker ended first: because it crashed, or by a Ctrl-C that reached both at once
    if not server.interrupt_signal:
        raise ServerCrashed("the server process ended unexpectedly")


def _stop_on_hangup(server: Any) -> None:
    """granian would answer a closed terminal with fresh workers."""
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, server.signal_handler_interrupt)


class ThreadedServer:
    """Serves a WSGI application from a thread of this process; ready when constructed, any number at once.

    `url` is its base URL. `stop()` ends it and waits for that; used as a context manager it stops by itself.
    """

    def __init__(self, app: WSGIApp, *, host: str = "127.0.0.1", port: int = 0, threads: int = 4) -> None:
        from waitress.server import create_server

        logger = logging.getLogger("waitress")
        if logger.level == logging.NOTSET:  # it reports queue depths and broken connections on stderr
            logger.setLevel(logging.CRITICAL)
        ip, _ = claim(host, port)
        self._sockets: dict[int, Any] = {}
        # The stubs know neither its port nor its trigger.
        self._server: Any = cast(Any, create_server)(
            app,
            map=self._sockets,
            host=ip,
            port=port,  # 0 goes to the socket itself: no other server can come between
            threads=threads,
            ident=None,
            connection_limit=1000,
            asyncore_use_poll=True,  # select() ends at file descriptor 1024
        )
        self.port = int(self._server.effective_port)
        self.url = base_url(ip, self.port)
        self._stopping = threading.Lock()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"mockserver-{self.port}", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether it still takes connections."""
        return self._thread.is_alive()

    def settle(self, seconds: float) -> bool:
        """Wait until all that has been sent here is read and answered, for so many seconds at most; whether it is. An
        open connection on which nothing comes is not waited for."""
        deadline, pause = Stopwatch.read() + seconds, threading.Event()
        while self.is_running:
            if self._looks_quiet(deadline):
                return True
            if Stopwatch.read() >= deadline:
                return False
            pause.wait(_BEAT)
        return True

    def stop(self) -> None:
        """End all connections, then the threads. Calling it again, also from another thread, does nothing."""
        with self._stopping:
            if self._thread.is_alive():
                self._server.trigger.pull_trigger(self._close)
                self._woken.set()
                self._thread.join()

    def __enter__(self) -> ThreadedServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        self._server.run()  # returns when no socket is left
        self._server.task_dispatcher.shutdown()
        # Every thread that could wake the server has ended, or is about to leave `pull_trigger`. Closed any sooner, the
        # trigger's descriptor could be another file's when they write to it.
        self._woken.wait()
        if not self._server.task_dispatcher.threads:
            self._server.trigger.close()

    def _looks_quiet(self, deadline: float) -> bool:
        """Asks in the server's own thread: only there nothing is between two of the places where it could be."""
        quiet, asked = [], threading.Event()

        def ask() -> None:
            try:
                quiet.append(self._is_quiet())
            finally:
                asked.set()

        with self._stopping:  # the trigger is there as long as the thread runs
            if not self._thread.is_alive():
                return True
            self._server.trigger.pull_trigger(ask)
        asked.wait(max(0.0, deadline - Stopwatch.read()))
        return any(quiet)

    def _is_quiet(self) -> bool:
        channels = list(self._server.active_channels.values())
        if any(each.requests or each.request is not None for each in channels):
            return False
        waiting = select.poll()
        for each in (self._server, *channels):
            waiting.register(each.socket, select.POLLIN)
        if waiting.poll(0):
            return False
        dispatcher = self._server.task_dispatcher
        with dispatcher.lock:  # a client that has hung up has no channel, and what it asked for may still run
            return not (dispatcher.queue or dispatcher.active_count)

    def _close(self) -> None:
        """In the server's own thread, so that no socket goes from under it. The trigger stays open until the end."""
        server = self._server
        server.trigger.del_channel()
        server.asyncore.dispatcher.close(server)  # the listening socket; its own close() would take the trigger along
        server.asyncore.close_all(self._sockets, ignore_all=True)
