"""What stands behind the fixtures of the pytest plugin: loaded when a test first asks for one of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from mockserver.exceptions import MockserverError, UsageError
from mockserver.testing.lease import Lease
from mockserver.testing.mock_api import MockApi
from mockserver.testing.options import MockOptions, read_options

if TYPE_CHECKING:
    from mockserver.testing.intercept.context import Opener

#: What a marker without a name says of all APIs, and one with names of those alone.
_OF_ONE = ("settings", "start_state")
WIDER = """\
mock_api is fresh for every test, so a fixture of a wider scope cannot have it. There, use a server of your own:

    @pytest.fixture(scope="session")
    def server():
        with mockserver.MockServer("NAME") as server:
            yield server

and between tests server.check() and server.reset()."""


class Starter:
    """The value of the fixture `mock_api`: `mock_api("name", **options)` gives a running `MockApi`.

    `marked` are the names of the marker and `defaults` its options, on top of those of the configuration.
    """

    def __init__(
        self, lease: Lease, marked: tuple[str, ...], defaults: Mapping[str, Any], ini: Mapping[str, Any]
    ) -> None:
        self._lease, self._marked, self._defaults, self._ini = lease, marked, defaults, ini
        for name in marked:
            self(name)

    def __call__(self, name_or_path: str | PathLike[str] | None = None, **options: Any) -> MockApi:
        """A running API, by a name that ships or the path of a spec; without one, that of the marker. Raises SpecError,
        UsageError."""
        name = self._marker() if name_or_path is None else str(name_or_path)
        return self._lease.api(name, self.options(name, options))

    def options(self, name: str, given: Mapping[str, Any]) -> MockOptions:
        """The options of an API: as given, else the marker's, else those of the configuration."""
        meant = not self._marked or name in self._marked
        marked = {key: value for key, value in self._defaults.items() if meant or key not in _OF_ONE}
        return read_options({**self._ini, **marked, **given})

    def with_defaults(self, opener: Opener) -> Opener:
        """The same with the options of marker and configuration where the call itself says nothing."""

        def open_with(*apis: str, block: bool = False, allow: Collection[str] = (), **options: Any) -> Any:
            names = apis or self._marked
            known = {**self._ini, **self._defaults}
            if names != self._marked:
                known = {key: value for key, value in known.items() if key not in _OF_ONE}
            return opener(*names, block=block, allow=allow, **{**known, **options})

        return open_with

    def __repr__(self) -> str:
        return f"<mock_api: {', '.join(api.name for api in self._lease.apis) or 'nothing runs yet'}>"

    def _marker(self) -> str:
        if len(self._marked) == 1:
            return self._marked[0]
        if self._marked:
            raise UsageError("mock_api() is ambiguous", f"say which: {', '.join(self._marked)}")
        raise UsageError("mock_api() has no name", 'mock_api("name"), or @pytest.mark.mockserver("name")')


def make_starter(lease: Lease, markers: Iterable[Any], ini: Callable[[str], Any]) -> Starter:
    """The fixture of a test with these markers. Raises SpecError, UsageError."""
    names, options = options_of(markers)
    return Starter(lease, names, options, read_ini(ini))


def read_ini(get: Callable[[str], Any]) -> dict[str, Any]:
    """Options from the configuration, `mockserver_seed` and so on. Raises UsageError that names the key."""
    found: dict[str, Any] = {}
    for name, read in _INI.items():
        text = str(get(f"mockserver_{name}") or "").strip()
        if text:
            try:
                found[name] = read(text)
                read_options({name: found[name]})
            except (ValueError, MockserverError) as error:
                raise UsageError(f"mockserver_{name} in the configuration of pytest: {error}") from None
    return found


def _yes(text: str) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if text.lower() not in words:
        raise ValueError(f"true or false, not {text!r}")
    return words[text.lower()]


def _strict(text: str) -> bool | None:
    return None if text.lower() == "none" else _yes(text)


_INI: Mapping[str, Callable[[str], Any]] = {
    "seed": int,
    "strict": _strict,
    "auth": str,
    "start": str,
    "rate_limits": _yes,
}


def options_of(markers: Iterable[Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Names and options of the markers `mockserver` of a test, the nearest first: it wins."""
    names: tuple[str, ...] = ()
    options: dict[str, Any] = {}
    for marker in markers:
        names = names or tuple(map(str, marker.args))
        options = {**marker.kwargs, **options}
    read_options(options)
    return names, options


def shorten(error: BaseException) -> None:
    """Cut the traceback of an error behind the last line that is not this package's."""
    last = None
    step = error.__traceback__
    while step is not None:
        if not str(step.tb_frame.f_globals.get("__name__", "")).startswith("mockserver."):
            last = step
        step = step.tb_next
    if last is not None:
        last.tb_next = None
