"""`MockServer`: mocks outside of pytest, in a unittest, a notebook, a script."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import TracebackType
from typing import Any

from mockserver.exceptions import UsageError, did_you_mean
from mockserver.spec.catalog import shipped
from mockserver.testing.account import of_unmet, unmet
from mockserver.testing.mock_api import MockApi
from mockserver.testing.options import MockOptions, read_options
from mockserver.testing.remarks import remark
from mockserver.testing.verdict import ContractViolated, verdict
from mockserver.testing.worlds import World, worlds
from mockserver.web.access import Access
from mockserver.web.server import ThreadedServer
from mockserver.web.wsgi import Door, LatePages, WSGIApp


class MockServer:
    """A server of one's own for some APIs (none given: all that ship), any number of them at once.

    `with MockServer("zoo") as server: server["zoo"].url`. It listens on `port` (0: a free one) from `start` to `stop`,
    or for the length of a `with`, whose clean exit raises ContractViolated when a client broke the contract. `settings`
    and `start_state` are by the name of the API when there are several: `settings={"zoo": {…}}`.
    """

    def __init__(self, *apis: str, host: str = "127.0.0.1", port: int = 0, **options: Any) -> None:
        self._names, self._host, self._port = apis, host, port
        self._given = options
        read_options({name: value for name, value in options.items() if name not in _OF_ONE})
        self._world: World | None = None
        self._server: ThreadedServer | None = None
        self._apis: dict[str, MockApi] = {}
        self._judged = 0

    def start(self) -> MockServer:
        """Listen; ready on return. Raises UsageError (an unknown API, a port in use), SpecError."""
        if self._server is not None:
            return self
        common = read_options({name: value for name, value in self._given.items() if name not in _OF_ONE})
        world = self._world = worlds().begin(common)
        try:
            for name_or_path in self._names or shipped():
                self._add(world, name_or_path)
            door = Door(world.engine, LatePages(lambda: _pages(door, self._host)))
            self._server = _listen(partial(world.serve, door), self._host, self._port)
        except BaseException:
            self._end()
            raise
        return self

    def _add(self, world: World, name_or_path: str) -> None:
        options = read_options({**self._given, **{name: self._own(name, name_or_path) for name in _OF_ONE}})
        name = world.add(name_or_path, options)
        api = self._apis[name] = _Served(world, name, options, self)
        if options.start_state is not None:
            api.load_state(options.start_state)

    def _own(self, option: str, name_or_path: str) -> Any:
        """An option that belongs to one API."""
        given = self._given.get(option)
        if not isinstance(given, dict) or (len(self._names) == 1 and name_or_path not in given):
            return given
        return given.get(name_or_path)

    def stop(self) -> None:
        """End all connections and give the port back. What was called can no longer be asked for."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()
        self._end()

    def _end(self) -> None:
        world, self._world = self._world, None
        self._apis = {}
        if world is not None:
            world.end()

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`; each API stands beneath it by its name. Raises UsageError when it is not running."""
        if self._server is None:
            raise UsageError("the server is not running", "with MockServer(…) as server:, or server.start()")
        return self._server.url

    def __getitem__(self, name: str) -> MockApi:
        """One of its APIs. Raises UsageError."""
        if self._server is None:
            raise UsageError("the server is not running", "with MockServer(…) as server:, or server.start()")
        if name not in self._apis:
            hint = did_you_mean(name, self._apis, f"served: {', '.join(self._apis)}")
            raise UsageError(f"the server has no API '{name}'", hint)
        return self._apis[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._apis)

    def check(self) -> None:
        """Raises ContractViolated when a client broke the contract since the last look. Warns of faults that were
        ordered since the last reset, and that no call has met."""
        __tracebackhide__ = True
        if self._world is None:
            return
        since, self._judged = self._judged, self._world.called
        if found := [finding for api in self._apis.values() for finding in verdict(api, since)]:
            raise ContractViolated(found, self._world.calls())
        for order in unmet(self._world):
            remark(of_unmet(order))

    def reset(self) -> None:
        """State, clock, faults and journal back to the start, at the same address: between two tests."""
        if self._world is not None:
            worlds().tell(self._world)
            self._world.engine.reset()
            self._judged = self._world.called
            for api in self._apis.values():
                api.expected.clear()
                if api.options.start_state is not None:
                    api.load_state(api.options.start_state)

    def __enter__(self) -> MockServer:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        __tracebackhide__ = True
        try:
            if kind is None:
                self.check()
        finally:
            self.stop()

    def __repr__(self) -> str:
        return f"<MockServer {', '.join(self._apis or self._names)}{f' at {self.url}' if self._server else ''}>"


class _Served(MockApi):
    """An API at the address of its own server."""

    def __init__(self, world: World, name: str, options: MockOptions, server: MockServer) -> None:
        super().__init__(world, name, options)
        self._server = server

    @property
    def url(self) -> str:
        return f"{self._server.url}/{self.name}"

    @property
    def server_url(self) -> str:
        return self._server.url


_OF_ONE = ("settings", "start_state")


def _listen(app: WSGIApp, host: str, port: int) -> ThreadedServer:
    if not 0 <= port <= 65535:
        raise UsageError(f"the port must be a whole number from 0 to 65535, not {port!r:.80}")
    try:
        return ThreadedServer(app, host=host, port=port, threads=16)
    except UsageError as error:  # its hint is for the command line
        message = str(error).removesuffix(f" ({error.hint})")
        raise UsageError(message, "leave port out, or port=0, for a free one") from None
    except OSError as error:
        raise UsageError(f"cannot listen on {host}:{port}: {error}") from None


def _pages(door: Door, host: str) -> WSGIApp:
    from mockserver.web.app import create_pages  # Flask: not before somebody asks for a page

    return create_pages(door, Access(host, False))
