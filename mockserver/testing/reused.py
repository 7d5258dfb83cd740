"""An engine that serves one test after another, and the APIs that it keeps ready between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from mockserver.engine.api import Api
from mockserver.engine.assembly import make_api
from mockserver.engine.engine import Engine
from mockserver.engine.routes import Routes, Target
from mockserver.exceptions import UsageError
from mockserver.messages import Request
from mockserver.spec.catalog import related
from mockserver.state.clock import Clock
from mockserver.testing.options import MockOptions

if TYPE_CHECKING:
    from mockserver.testing.loaded import Loaded, Shelf

_Key: TypeAlias = tuple[Any, ...]  # the folder as it was, the settings, the very APIs whose tokens hold
_MOST_READY = 32


class WorldRoutes(Routes):
    """Routes of an engine that answers under `/@name/`, which is its one and only state: so what is drawn from the
    name of a namespace is the same whichever test runs before."""

    def __init__(self, apis: Mapping[str, Api], world: str) -> None:
        super().__init__(apis)
        self._world = world

    def target(self, request: Request) -> Target:
        """As ever; the world's own name leads to the state without a name."""
        target = super().target(request)
        return target._replace(namespace="") if target.namespace == self._world else target


class Reused:
    """One engine with fixed options. Which APIs it serves changes from test to test."""

    def __init__(self, options: MockOptions) -> None:
        self._options = options.engine()
        self._clock = Clock(options.start)
        self._ready: dict[_Key, Api] = {}
        self._served: dict[str, tuple[_Key, Api]] = {}
        self._issuing: dict[str, tuple[_Key, Api]] = {}
        self.engine = Engine({}, self._options, self._clock)

    def add(self, loaded: Loaded, options: MockOptions, shelf: Shelf) -> str:
        """Serve one more API from here on; gives its name. Raises SpecError, UsageError."""
        name = loaded.folder.name
        if name in self._served:
            raise UsageError(f"two APIs are called '{name}'", "rename one of the folders")
        issuers = self._issuers(loaded, options, shelf)
        key = (loaded.stamp, options.settings_text(), *(held for _, held in issuers.values()))
        issuing = self._issuing.get(name)
        if issuing is not None and issuing[0] != key:
            others = ", ".join(each for each in self._served if each != name)
            raise UsageError(f"{others} takes the tokens of {name} as it is by default", f"start {name} before it")
        # One that issues already has issued, perhaps: it goes on as it is.
        api = issuing[1] if issuing is not None else self._api(key, loaded, options, shelf, issuers)
        self._served[name] = (key, api)
        self._issuing.pop(name, None)
        self._issuing.update({other: held for other, held in issuers.items() if other not in self._served})
        self.engine.serve_only(
            {each: api for each, (_, api) in self._served.items()},
            {each: api for each, (_, api) in self._issuing.items()},
        )
        return name

    def _issuers(self, loaded: Loaded, options: MockOptions, shelf: Shelf) -> dict[str, tuple[_Key, Api]]:
        """The other APIs whose tokens hold at this one, those that they trust included."""
        found: dict[str, tuple[_Key, Api]] = {}
        parts = shelf.parts(loaded, options.settings, options.settings_text())
        for rules in parts.behaviour.security.values():
            name = rules.issuer
            if not name or name == loaded.folder.name or name in found:
                continue
            held = self._served.get(name) or self._issuing.get(name)
            if held is None:
                folder = related(name, loaded.folder)
                assert folder is not None  # the behaviour file was held against it
                other = shelf.find(str(folder.openapi))
                plain = MockOptions()
                inner = self._issuers(other, plain, shelf)
                key = (other.stamp, plain.settings_text(), *(each for _, each in inner.values()))
                held = (key, self._api(key, other, plain, shelf, inner))
                found.update(inner)
            found[name] = held
        return found

    def _api(
        self, key: _Key, loaded: Loaded, options: MockOptions, shelf: Shelf, issuers: Mapping[str, tuple[_Key, Api]]
    ) -> Api:
        api = self._ready.get(key)
        if api is None:
            parts = shelf.parts(loaded, options.settings, options.settings_text())
            api = make_api(loaded.folder, parts, self._options, self._clock)
            api.trust({api.name: api.issuer, **{name: other.issuer for name, (_, other) in issuers.items()}})
            if len(self._ready) >= _MOST_READY:
                self._ready.clear()
            self._ready[key] = api
        api.reset()
        return api

    def clear(self) -> None:
        """Forget all that a test did, and serve nothing."""
        self.engine.reset()
        self.engine.serve_only({}, {})
        self._served.clear()
        self._issuing.clear()

    def close(self) -> None:
        """No test will use the engine again."""
        self.engine.close()
