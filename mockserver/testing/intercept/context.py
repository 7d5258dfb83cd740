"""`intercept`: as a context manager, as a decorator, and what the fixture of the same name is made of."""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from os import PathLike, fspath
from types import FrameType, TracebackType
from typing import Any, Protocol, TypeVar, overload

from mockserver.exceptions import UsageError, did_you_mean
from mockserver.spec.catalog import find, shipped
from mockserver.testing.intercept.installed import install, uninstall
from mockserver.testing.intercept.layers import Layer, layers
from mockserver.testing.intercept.listener import settle
from mockserver.testing.lease import Lease
from mockserver.testing.loopback.hosts import is_loopback
from mockserver.testing.mock_api import MockApi
from mockserver.testing.options import MockOptions, read_options
from mockserver.testing.worlds import World

_Class = TypeVar("_Class", bound=type)
_Result = TypeVar("_Result")
_OF_ONE = {"settings", "start_state"}
_ALL = "mocks"  # the parameter by which a decorated function gets all mocks


class Mocks(Mapping[str, MockApi]):
    """Several APIs that are intercepted together, by name."""

    def __init__(self, apis: Collection[MockApi]) -> None:
        self._apis = {api.name: api for api in apis}

    def __getitem__(self, name: str) -> MockApi:
        if name not in self._apis:
            hint = did_you_mean(str(name), self._apis, f"intercepted: {', '.join(self._apis)}")
            raise NotIntercepted(f"'{name}' is not intercepted here", hint)
        return self._apis[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._apis)

    def __len__(self) -> int:
        return len(self._apis)

    def __repr__(self) -> str:
        return f"<mocks of {', '.join(self._apis)}>"


class NotIntercepted(UsageError, KeyError):
    """An API was asked for that this `intercept` does not name."""

    __str__ = Exception.__str__


class intercept:  # noqa: N801  # it is written as a function is
    """Calls to the documented hosts of `apis` reach mocks of them, with no change of URL. APIs are names that ship,
    folders, or OpenAPI files; none given: all that ship. `with intercept("name") as api:` gives the MockApi, of several
    a mapping by name.

    With `block` every other host but this machine is refused, except those in `allow`. `options` are those of
    `MockServer`. As a decorator it wraps a function, a coroutine function, a generator or, of a class, every method
    whose name begins with `test`; a parameter that is called like an API, with underscores, gets its MockApi, one that
    is called `mocks` all of them.

    Libraries are patched for the whole process while any `intercept` is open; the one that was opened last answers.
    Raises UsageError and SpecError on entering; on leaving without an exception ContractViolated, unless `strict` is
    False.
    """

    def __init__(
        self, *apis: str | PathLike[str], block: bool = False, allow: Collection[str] = (), **options: Any
    ) -> None:
        for api in apis:
            if not isinstance(api, (str, PathLike)):
                raise UsageError(f"an API is named by text, not by {api!r:.80}", 'intercept("name")')
        if isinstance(allow, str):
            raise UsageError(f"allow is a list of hosts, not {allow!r:.80}", f"allow=[{allow!r}]")
        self._apis, self._block = tuple(fspath(api) for api in apis) or tuple(shipped()), block
        self._allow = frozenset(host.lower() for host in allow)
        self._options = {api: _options_of(api, options, len(self._apis)) for api in self._apis}
        self._lock = threading.Lock()
        self._entered: list[ExitStack] = []

    def __enter__(self) -> Any:
        with ExitStack() as stack:
            lease = stack.enter_context(Lease())
            found = self._open(lease, stack, _caller())
            with self._lock:
                self._entered.append(stack.pop_all())
        return found

    def _open(self, lease: Lease, stack: ExitStack, opened: str) -> Any:
        """Intercept until `stack` is closed."""
        mocks = [lease.api(api, self._options[api]) for api in self._apis]
        shared = self._options[self._apis[0]]
        world = lease.world(shared)

        def serve(name: str) -> object:
            with layers.lock:
                folder = world.engine.api(name).folder
                if name in world.engine.apis:
                    return None
                said = name if shipped().get(name) == folder else str(folder.openapi)
                return lease.api(said, replace(shared, settings={}, start_state=None))

        def close() -> None:
            with layers.lock:
                layers.drop(layer)
                if not layers.open:
                    uninstall()
            settle()

        layer = Layer(world, _hosts(world, mocks), self._block, self._allow, opened, serve, close)
        with layers.lock:
            install()
            layers.push(layer)
        stack.callback(close)
        return mocks[0] if len(mocks) == 1 else Mocks(mocks)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            stack = self._entered.pop()
        stack.__exit__(kind, error, at)

    def start(self) -> Any:
        """As on entering, for those who cannot use `with`. Whoever starts it stops it."""
        return self.__enter__()

    def stop(self) -> None:
        """As on leaving. Raises UsageError when it was not started."""
        if not self._entered:
            raise UsageError("this intercept is not open", "start() comes before stop()")
        self.__exit__(None, None, None)

    @overload
    def __call__(self, target: _Class) -> _Class: ...
    @overload
    def __call__(self, target: Callable[..., _Result]) -> Callable[..., _Result]: ...
    def __call__(self, target: Any) -> Any:
        """`target`, within an `intercept` of its own for each call."""
        return self._class(target) if isinstance(target, type) else self._function(target)

    def _class(self, target: type) -> type:
        for name in dir(target):
            if name.startswith("test") and inspect.isfunction(method := inspect.getattr_static(target, name)):
                setattr(target, name, self._function(method))
        return target

    def _function(self, target: Callable[..., Any]) -> Any:
        if inspect.isasyncgenfunction(target):
            raise UsageError(
                f"intercept cannot decorate {target.__qualname__}, an async generator", "use it inside, by with"
            )
        signature = inspect.signature(target)
        wanted = {name: api for name, api in self._parameters().items() if name in signature.parameters}

        def given(mocks: Any) -> dict[str, Any]:
            known = {mocks.name: mocks} if isinstance(mocks, MockApi) else mocks
            return {name: known[api] if api else Mocks(list(known.values())) for name, api in wanted.items()}

        wrapper: Any
        if inspect.iscoroutinefunction(target):

            async def coroutine(*arguments: Any, **named: Any) -> Any:
                with self as mocks:
                    return await target(*arguments, **given(mocks), **named)

            wrapper = coroutine
        elif inspect.isgeneratorfunction(target):

            def generator(*arguments: Any, **named: Any) -> Any:
                with self as mocks:
                    return (yield from target(*arguments, **given(mocks), **named))

            wrapper = generator
        else:

            def function(*arguments: Any, **named: Any) -> Any:
                with self as mocks:
                    return target(*arguments, **given(mocks), **named)

            wrapper = function
        functools.update_wrapper(wrapper, target)
        if wanted:  # pytest would look for fixtures of that name
            kept = [parameter for name, parameter in signature.parameters.items() if name not in wanted]
            wrapper.__signature__ = signature.replace(parameters=kept)
        return wrapper

    def _parameters(self) -> dict[str, str]:
        """What a parameter may be called, and the API that it gets; `` for all of them."""
        names = [_name_of(api) for api in self._apis]
        return {**{name.replace("-", "_"): name for name in names}, _ALL: ""}


def _options_of(api: str, given: Mapping[str, Any], apis: int) -> MockOptions:
    """The options of one of several APIs: `settings` and `start_state` are then by the name of the API."""
    own = {}
    for name in _OF_ONE & given.keys():
        value = given[name]
        if isinstance(value, Mapping) and (apis > 1 or _name_of(api) in value):
            value = value.get(_name_of(api))
        own[name] = value
    return read_options({**given, **own})


def _name_of(api: str) -> str:
    """What an API is called; one that is not there is refused later, on entering."""
    try:
        return find(api).name
    except UsageError:
        return api


def _hosts(world: World, mocks: Collection[MockApi]) -> dict[str, str]:
    """The documented hosts of the APIs and of those whose tokens hold at them. Raises UsageError for an API without."""
    hosts: dict[str, str] = {}
    own = [mock.name for mock in mocks]
    trusted = [rules.issuer for name in own for rules in world.engine.api(name).behaviour.security.values()]
    for name in [*own, *(name for name in trusted if name and name not in own)]:
        documented = [host for server in world.engine.api(name).contract.servers for host in server.hosts]
        called = [host for host in documented if not is_loopback(host)]
        if name in own and not called:
            why = f"its servers are {', '.join(documented)}" if documented else "it has no servers with a host"
            raise UsageError(f"{name} documents no host that could be intercepted: {why}", "call MockApi.url instead")
        for host in called:
            hosts.setdefault(host, name)
    return hosts


def _caller() -> str:
    """File and line of whoever opens an `intercept`."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in {"mockserver", "contextlib"}:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else "an unknown place"


class Opener(Protocol):
    """What the fixture gives: called as `intercept` is, open until the test is over."""

    def __call__(self, *apis: str, block: bool = False, allow: Collection[str] = (), **options: Any) -> Any: ...


@contextmanager
def intercepted(lease: Lease) -> Iterator[Opener]:
    """For a fixture: a function that is called like `intercept`, any number of times, and answers what it gives. All
    that it opens is closed at the end. The APIs are those of `lease`, whose owner judges and closes it."""
    with ExitStack() as stack:

        def opener(*apis: str, block: bool = False, allow: Collection[str] = (), **options: Any) -> Any:
            return intercept(*apis, block=block, allow=allow, **options)._open(lease, stack, _caller())

        yield opener
