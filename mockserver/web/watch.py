"""`serve --watch`: a changed spec replaces the engine; a broken one is told about and the old engine serves on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from mockserver.errors import MockserverError

if TYPE_CHECKING:
    from mockserver.engine.engine import Engine
    from mockserver.web.wsgi import Door

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})


def watched_folders(engine: Engine) -> set[Path]:
    """The folders in which the specs and fixtures of `engine` stand."""
    folders = set()
    for api in engine.apis.values():
        files = [api.folder.openapi, *api.folder.fixtures, *([api.folder.behaviour] if api.folder.behaviour else [])]
        folders |= {file.resolve().parent for file in files}
    return {folder for folder in folders if not folders.intersection(folder.parents)}


def watch(
    folders: Collection[Path],
    door: Door,
    rebuild: Callable[[], Engine],
    tell: Callable[[str], None],
    stop: threading.Event,
) -> None:
    """Blocks until `stop` is set. `tell` gets one text, which may have several lines, per change."""
    import watchfiles  # only who watches pays for it

    def is_spec(change: watchfiles.Change, path: str) -> bool:
        return Path(path).suffix.lower() in _SUFFIXES and watchfiles.DefaultFilter()(change, path)

    ready = False
    for changes in watchfiles.watch(
        *folders,
        watch_filter=is_spec,
        stop_event=stop,
        raise_interrupt=False,
        debounce=200,
        rust_timeout=200,
        yield_on_timeout=True,
    ):
        if changes:
            names = ", ".join(sorted({Path(path).name for _, path in changes}))
            tell(reload(door, rebuild, names))
        elif not ready:  # the first time that nothing happened: it is looking
            ready = True
            tell("watching " + ", ".join(sorted(map(str, folders))))


def reload(door: Door, rebuild: Callable[[], Engine], changed: str) -> str:
    """Swap in a new engine if one can be built; returns what to tell the user."""
    try:
        door.swap(rebuild())
    except MockserverError as error:
        problems = "".join(f"\n    {line}" for line in str(error).splitlines())
        return f"{changed} changed, but it is not served until this is put right:{problems}"
    return f"{changed} changed: reloaded, state starts anew"
