"""`serve --watch`: a changed spec replaces the engine; a broken one is told about and the old engine serves on."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.engine.engine import Engine
    from mockserver.web.wsgi import Door

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})


def watched_folders(engine: Engine) -> set[Path]:
    """The folders in which the specs and fixtures of `engine` stand."""
    folders = set()
    for api in engine.loaded:
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

    contents = {path: _digest(path) for folder in folders for path in _spec_files(folder)}
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
            found = {path: _digest(path) for path in {Path(path) for _, path in changes}}
            changed = {path for path, digest in found.items() if digest != contents.get(path, b"")}
            contents |= found
            if not changed:  # touched, or saved as it was: no reason to lose the state
                continue
            names = ", ".join(sorted({path.name for path in changed}))
            tell(reload(door, rebuild, names))
        elif not ready:  # the first time that nothing happened: it is looking
            ready = True
            tell("watching " + ", ".join(sorted(map(str, folders))))


def _spec_files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)


def _digest(path: Path) -> bytes:
    """What tells one content from another; empty when there is no such file."""
    try:
        return hashlib.blake2b(path.read_bytes()).digest()
    except OSError:
        return b""


def reload(door: Door, rebuild: Callable[[], Engine], changed: str) -> str:
    """Swap in a new engine if one can be built; returns what to tell the user."""
    try:
        door.swap(rebuild())
    except Exception as error:  # noqa: BLE001  # whatever a file half-way through an edit brings, watching goes on
        problems = "".join(f"\n    {line}" for line in str(error).splitlines())
        return f"{changed} changed, but it is not served until this is put right:{problems}"
    return f"{changed} changed: reloaded, state starts anew"
