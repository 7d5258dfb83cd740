"""What runs inside the server process of `serve`: the application, and beside it log, watch, an eye on the parent."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mockserver.engine.assembly import Options, build_engine
from mockserver.web.access import Access
from mockserver.web.address import is_listening
from mockserver.web.log import JournalLog, LogFormat
from mockserver.web.watch import watch, watched_folders
from mockserver.web.wsgi import Door, LatePages, WSGIApp

if TYPE_CHECKING:
    from mockserver.engine.engine import Engine

_BEAT = 0.05  # seconds between two looks at the journal
_PATIENCE = 2000  # tenths of a beat until a server that does not listen is taken for broken
_READ_LATER = (
    *("HOME", "USERPROFILE", "LOCALAPPDATA", "SYSTEMROOT", "XDG_", "MOCKSERVER_"),
    *("TZ", "LANG", "LC_", "TERM", "NO_COLOR", "TMP", "TEMP", "SSL_CERT_"),
)


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What `serve` is asked for. `apis` are names or paths, none for all that ship; port 0 is any free one."""

    apis: tuple[str, ...] = ()
    engine: Options = field(default_factory=Options)
    host: str = "127.0.0.1"
    port: int = 4010
    log_format: LogFormat = "text"
    watch: bool = False
    allow_remote_admin: bool = False


class Worker:
    """Loads the application in the server process: `Worker(…)() -> WSGI application`.

    A forked process inherits the engine that the parent built. A spawned one gets the options by pickle and builds its
    own. `ready` is written once the server takes connections.
    """

    def __init__(
        self, options: ServeOptions, address: tuple[str, int], ready: str, engine: Engine | None = None
    ) -> None:
        self._options = options
        self._address = address
        self._ready = ready
        self._engine = engine

    def __reduce__(self) -> tuple[Any, ...]:
        return Worker, (self._options, self._address, self._ready)

    def __call__(self) -> WSGIApp:
        options = self._options
        _drop_environment()
        engine = self._engine or _built(options)
        access = Access(self._address[0], options.allow_remote_admin)
        door = Door(engine, LatePages(lambda: _pages(door, access)))
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        log = JournalLog(door, sys.stdout, options.log_format)
        threading.Thread(target=self._attend, args=(log,), name="mockserver-log").start()
        if options.watch:
            threading.Thread(
                target=watch,
                args=(watched_folders(engine), door, lambda: _rebuilt(options, door)),
                kwargs={"tell": log.note, "stop": threading.Event()},
                name="mockserver-watch",
                daemon=True,
            ).start()
        gc.collect()
        gc.set_threshold(100_000, 50, 10)  # a request leaves no cycles behind, only entries of journal and state
        gc.freeze()  # the contract lives as long as the process: later collections need not look through it
        return door

    def _attend(self, log: JournalLog) -> None:
        """Says when the server is ready, then keeps the log until the server has stopped, and writes the rest of it.

        Not a daemon: the process ends when this thread has seen its main thread end.
        """
        pause = threading.Event()
        main = threading.main_thread()
        parent = os.getppid()
        if _comes_true(lambda: is_listening(*self._address), pause):
            log.write(self._ready)
        while main.is_alive():
            log.pump()
            if os.getppid() != parent:  # killed without a chance to stop us
                os.kill(os.getpid(), signal.SIGTERM)
                main.join()
            pause.wait(_BEAT)
        log.door.engine.close()
        log.pump()


def _built(options: ServeOptions) -> Engine:
    """A new engine, in which the tokens hold that were announced: the same draws give the same text again."""
    engine = build_engine(options.apis, options.engine)
    for api in engine.apis:
        engine.sample_request(api)
    return engine


def _rebuilt(options: ServeOptions, door: Door) -> Engine:
    """The engine that takes the place of the one there is, which sends nothing more."""
    engine = _built(options)
    door.engine.close()
    return engine


def _comes_true(condition: Callable[[], bool], pause: threading.Event) -> bool:
    return any(condition() or pause.wait(_BEAT / 10) for _ in range(_PATIENCE))


def _pages(door: Door, access: Access) -> WSGIApp:
    from mockserver.web.app import create_pages  # Flask: not before somebody asks for a page

    return create_pages(door, access)


def _drop_environment() -> None:
    """The server copies the environment into every request's environ, where HTTP_PROXY looks like a header `Proxy`.

    What nothing here reads is a cost per request besides, so only what is read later stays.
    """
    for name in list(os.environ):
        if not name.startswith(_READ_LATER):
            del os.environ[name]
