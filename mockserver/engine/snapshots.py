"""States that are kept by name, to be brought back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from mockserver.engine.api import Api
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.state.store import Namespace, State
from mockserver.state.windows import Windows

_MOST = 1_000


class _Kept(NamedTuple):
    """What a snapshot keeps of one namespace of one API."""

    state: State
    windows: Windows
    once_issued: Mapping[str, str] = {}


class Snapshots:
    """The snapshots of one mock."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[tuple[str, str], _Kept]] = {}
        self._number = 0

    def clear(self) -> None:
        """Forget all of them."""
        self._kept.clear()

    def keep(self, apis: Collection[Api]) -> str:
        """Keep the state of every namespace of these; gives the name. Raises UsageError when there are too many."""
        if len(self._kept) >= _MOST:
            raise UsageError(f"there are {_MOST} snapshots already", "reset forgets them")
        self._number += 1
        name = f"snapshot-{self._number}"
        self._kept[name] = {
            (api.name, space.name): _Kept(space.state, space.windows.copy(), dict(space.once_issued))
            for api in apis
            for space in list(api.spaces.values())
        }
        return name

    def bring_back(self, name: str, apis: Collection[Api]) -> None:
        """Bring one back. What came into being since goes back to the start. Raises UsageError."""
        kept = self._kept.get(name)
        if kept is None:
            hint = did_you_mean(name, self._kept, f"kept: {', '.join(self._kept) or 'none'}")
            raise UsageError(f"no snapshot is called '{name}'", hint)
        for api in apis:
            for space in list(api.spaces.values()):
                _bring_back(space, kept.get((api.name, space.name)) or _Kept(api.start_state(space.name), Windows()))
            for owner, namespace in kept:
                if owner == api.name and namespace not in api.spaces:
                    _bring_back(api.space(namespace), kept[(owner, namespace)])


def _bring_back(space: Namespace, kept: _Kept) -> None:
    with space.lock:
        space.set_state(kept.state)
        space.walks.clear()
        space.windows = kept.windows.copy()
        space.once_issued = dict(kept.once_issued)
