"""The worlds of the tests of this process: one server for all of them, and for each test an engine of its own.

What is expensive is done once: contracts and behaviour files are loaded when a test first names them, engines are reset
and used again, the server starts with the first test that wants a URL. A world has a name that never comes back, so
that a call which comes too late cannot reach the test that runs by then.
"""

from __future__ import annotations

import atexit
import itertools
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver.engine.journal import Exchange
from mockserver.messages import Request, Response
from mockserver.testing.journal import Call
from mockserver.testing.late import nowhere_response, over_response, refuse
from mockserver.testing.loaded import Shelf
from mockserver.testing.options import MockOptions
from mockserver.testing.reused import Reused, WorldRoutes
from mockserver.web.access import Access
from mockserver.web.server import ThreadedServer
from mockserver.web.wsgi import Door, LatePages

if TYPE_CHECKING:
    from mockserver.engine.engine import Engine
    from mockserver.testing.mock_api import MockApi
    from mockserver.web.wsgi import StartResponse, WSGIApp

_THREADS = 16  # of the shared server: so many calls may hang at once before others have to wait
_MOST_POOLED = 64
_MOST_SEEN = 2_000  # calls of a world that wait for who listens


class Seen(NamedTuple):
    """A call of a world. `timed`: its time can be trusted, since the clock did not stand still."""

    exchange: Exchange
    timed: bool


class World:
    """What one test has to itself: an engine with state, clock, faults and journal, and the name of its address."""

    def __init__(self, worlds: Worlds, name: str, options: MockOptions, reused: Reused) -> None:
        self.name, self.options = name, options
        self.engine: Engine = reused.engine
        self.door = Door(self.engine, LatePages(lambda: _pages(self.door)))
        self.over = False
        self._worlds, self._reused = worlds, reused
        self._lock = threading.Lock()
        self._under_way = 0
        self.first = self.engine.journal.last_seq
        self._last: list[Exchange] | None = None
        #: The APIs that the test has asked for, by name; each judges its own calls, the first one those of nobody.
        self.mocks: dict[str, MockApi] = {}
        #: Whether listeners are told of calls while more are to come, which belong to the same row.
        self.goes_on = False
        self._seen: list[Seen] = []
        self._seeing = threading.Lock()
        self._told = self.engine.outbox.log.told
        self._arrived: list[tuple[str, str]] = []
        self.engine.journal.listener = self._see if worlds.listeners else None

    def _see(self, exchange: Exchange) -> None:
        with self._seeing:
            self._seen.append(Seen(exchange, not self.engine.clock.frozen))

    @property
    def url(self) -> str:
        """Where the shared server answers for this world; it is started when somebody first asks."""
        return f"{self._worlds.server_url()}/@{self.name}"

    @property
    def inside(self) -> str:
        """The part of the path that leads into the world."""
        return f"/@{self.name}"

    def add(self, name_or_path: str, options: MockOptions) -> str:
        """Let the world serve one more API; gives its name. Raises SpecError, UsageError."""
        name = self._reused.add(self._worlds.shelf.find(name_or_path), options, self._worlds.shelf)
        self.engine.routes = WorldRoutes(self.engine.apis, self.name)
        self.door.swap(self.engine)
        return name

    @property
    def called(self) -> int:
        """How many calls there were."""
        return self.engine.journal.last_seq - self.first

    def exchanges(self) -> list[Exchange]:
        """All calls of the world, oldest first, also when it is over; the journal keeps the last 10,000."""
        return self.engine.journal.since(self.first) if self._last is None else self._last

    def calls(self) -> list[Call]:
        """The same as a test sees them, numbered from 1."""
        prefix, first = self.inside, self.first
        return [Call(exchange, exchange.seq - first, prefix) for exchange in self.exchanges()]

    def handle(self, request: Request) -> Response:
        """Answer a request within this process; 503 when the world is over."""
        if not self.enter():
            return over_response(self.name)
        try:
            return self.engine.handle(request)
        finally:
            self.leave()

    def serve(self, door: Door, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request that came through a server."""
        if not self.enter():
            return refuse(over_response(self.name), start_response)
        try:
            path = environ["PATH_INFO"].removeprefix(self.inside)
            if path == "/__admin" or path.startswith("/__admin/"):
                environ = {**environ, "PATH_INFO": path}
            return door(environ, start_response)
        finally:
            self.leave()

    def enter(self) -> bool:
        """A call begins; False when it came too late."""
        with self._lock:
            if self.over:
                return False
            self._under_way += 1
            return True

    def leave(self) -> None:
        """A call is done. Now and then listeners are told, so that a long test does not fill the memory."""
        with self._lock:
            if len(self._seen) >= _MOST_SEEN and not self.over:
                self._worlds.tell(self, goes_on=True)
            self._under_way -= 1

    def take(self) -> list[Seen]:
        """What was called since the last time, if anybody listens; also what a reset has made the journal forget."""
        with self._seeing:
            seen, self._seen = self._seen, []
        attempts = self.engine.outbox.attempts_since(self._told)
        self._told = attempts[-1].number if attempts else self._told
        self._arrived = [(each.api, each.event) for each in attempts if each.delivered]
        return seen

    def arrived(self) -> list[tuple[str, str]]:
        """(API, event) of every delivery that a receiver has taken, between the last time that calls were taken and the
        one before; also of those that a reset has made the outbox forget."""
        return self._arrived

    def rewind(self) -> None:
        """State, clock, faults and journal back to the start, at the same address: between two runs of one test. Its
        calls are numbered from 1 again."""
        self._worlds.tell(self)
        self.engine.reset()
        self.first = self.engine.journal.last_seq

    def end(self) -> None:
        """The test is over. Its engine is used again, unless a call is still under way in it."""
        with self._lock:
            if self.over:
                return
            self._last = self.exchanges()
            self.over = True
            idle = self._under_way == 0
        self._worlds.ended(self, self._reused, idle)


class Worlds:
    """All worlds of this process. Safe to use from many threads."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        #: Told of every world that ends or begins anew, or was called very often, with its calls: for reports. One at
        #: a time, from any thread.
        self.listeners: list[Callable[[World, Sequence[Seen]], object]] = []
        self._lock, self._telling = threading.Lock(), threading.Lock()
        self._numbers = itertools.count(1)
        self._pool: list[tuple[tuple[Any, ...], Reused]] = []
        self._open: dict[str, World] = {}
        self._server: ThreadedServer | None = None

    def begin(self, options: MockOptions) -> World:
        """A world in which nothing has happened and no API is served yet. Whoever begins it ends it."""
        key = options.shared
        with self._lock:
            name = f"w{next(self._numbers)}"
            places = reversed(range(len(self._pool)))  # the one that was used last knows most of what is asked for
            at = next((at for at in places if self._pool[at][0] == key), None)
            reused = self._pool.pop(at)[1] if at is not None else None
        world = World(self, name, options, reused or Reused(options))
        self._open[name] = world
        return world

    def ended(self, world: World, reused: Reused, idle: bool) -> None:
        """Take a world back."""
        self._open.pop(world.name, None)
        self.tell(world)
        world.engine.journal.listener = None
        if not idle:
            reused.close()
            return
        reused.clear()
        with self._lock:
            self._pool.append((world.options.shared, reused))
            surplus = self._pool.pop(0)[1] if len(self._pool) > _MOST_POOLED else None
        if surplus is not None:
            surplus.close()

    def tell(self, world: World, *, goes_on: bool = False) -> None:
        """Tell the listeners of the calls of a world, which are about to be forgotten; `goes_on`: more of the same row
        are to come."""
        if self.listeners:
            with self._telling:
                world.goes_on = goes_on
                seen = world.take()
                for listener in self.listeners:
                    listener(world, seen)

    def server_url(self) -> str:
        """`http://127.0.0.1:PORT` of the server that all worlds share."""
        server = self._server
        if server is None or not server.is_running:
            with self._lock:
                server = self._server
                if server is None or not server.is_running:  # a test may have ended its thread
                    server = self._server = ThreadedServer(self._answer, threads=_THREADS)
        return server.url

    def _answer(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI application of the shared server."""
        path: str = environ["PATH_INFO"]
        if not path.startswith("/@"):
            return refuse(nowhere_response(path), start_response)
        name = path[2:].partition("/")[0]
        world = self._open.get(name)
        if world is None:
            return refuse(over_response(name), start_response)
        return world.serve(world.door, environ, start_response)

    def close(self) -> None:
        """End every world, and the server."""
        for world in list(self._open.values()):
            world.end()
        with self._lock:
            pool, self._pool = self._pool, []
            server, self._server = self._server, None
        for _, reused in pool:
            reused.close()
        if server is not None:
            server.stop()


def _pages(door: Door) -> WSGIApp:
    from mockserver.web.app import create_pages  # Flask: not before somebody asks for a page

    return create_pages(door, Access("127.0.0.1"))


_worlds: Worlds | None = None
_making = threading.Lock()
_of_parents: list[Worlds | None] = []


def worlds() -> Worlds:
    """The worlds of this process, made when a test first asks for one."""
    global _worlds
    with _making:
        if _worlds is None:
            _worlds = Worlds()
            atexit.register(_worlds.close)
        return _worlds


def _forked() -> None:
    """A child begins anew. What it inherited is its parent's: it is kept, so that nothing of it is closed here."""
    global _worlds, _making
    if _worlds is not None:
        atexit.unregister(_worlds.close)
    _of_parents.append(_worlds)
    _worlds, _making = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
