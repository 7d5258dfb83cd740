"""What spec folders say, loaded once per process: a test that names an API again finds it ready.

A folder is loaded again when one of its files is another than it was: tests write specs of their own, and notebooks
stay open while somebody edits one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from mockserver.engine.assembly import Parts, read_parts
from mockserver.spec.catalog import SpecFolder, find

Stamp: TypeAlias = tuple[tuple[str, int, int], ...]
_MOST = 64


class Loaded(NamedTuple):
    """A folder as it was when it was looked at."""

    folder: SpecFolder
    stamp: Stamp


class Shelf:
    """Folders by the name or path that tests give, and what was read from them. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._found: dict[tuple[str, str], tuple[SpecFolder, Stamp]] = {}
        self._parts: dict[tuple[Stamp, str], Parts] = {}

    def find(self, name_or_path: str) -> Loaded:
        """The folder of a name or path as it is now. Raises UsageError."""
        key = (name_or_path, os.curdir if not _is_path(name_or_path) else str(Path.cwd()))
        known = self._found.get(key)
        if known is not None and stamp_of(known[0]) == known[1]:
            return Loaded(*known)
        folder = find(name_or_path)
        loaded = Loaded(folder, stamp_of(folder))
        if len(self._found) >= _MOST:
            self._found.clear()
        self._found[key] = (loaded.folder, loaded.stamp)
        return loaded

    def parts(self, loaded: Loaded, settings: Mapping[str, Any], text: str) -> Parts:
        """What the folder says under `settings` (`text`: the same, to tell them by). Raises SpecError, UsageError."""
        key = (loaded.stamp, text)
        with self._lock:  # two threads that want the same wait for one of them
            parts = self._parts.get(key)
            if parts is None:
                parts = read_parts(loaded.folder, settings)
                if len(self._parts) >= _MOST:
                    self._parts.clear()
                self._parts[key] = parts
            return parts


def stamp_of(folder: SpecFolder) -> Stamp:
    """Size and time of change of all that belongs to a folder; empty entries for what has gone."""
    files = [folder.openapi, folder.openapi.parent, *folder.fixtures]
    if folder.behaviour is not None:
        files.append(folder.behaviour)
    if folder.fixtures:
        files.append(folder.fixtures[0].parent)
    return tuple(map(_look, files))


def _look(path: Path) -> tuple[str, int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116  # once per test and file: a third of the time of Path.stat
    except OSError:
        return str(path), 0, 0
    return str(path), found.st_mtime_ns, found.st_size


def _is_path(name: str) -> bool:
    return os.sep in name or "/" in name or "." in name
