"""Walks over lists that are shown in pages: what a list was read from when somebody asked for its first page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from mockserver.state.table import Table

_MOST_WALKS = 256


class Walk(NamedTuple):
    """The tables, which never change, and the moment at which a walk began."""

    tables: Mapping[str, Table]
    began: datetime


class Walks:
    """The walks of one namespace, by whatever tells them apart. The caller holds the lock of the namespace.

    Memory stays bounded: of more than 256 the oldest goes. One that is gone is no harm, its next page is cut from the
    list as it is.
    """

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[bytes, Walk] = {}

    def begin(self, key: bytes, walk: Walk, lasts: timedelta) -> None:
        """Remember a walk, in the place of an older one with the same key. Those that began so long ago are over, and
        need not keep old tables alive."""
        self._kept.pop(key, None)
        while self._kept:
            oldest = next(iter(self._kept))
            if len(self._kept) < _MOST_WALKS and walk.began - self._kept[oldest].began < lasts:
                break
            del self._kept[oldest]
        self._kept[key] = walk

    def end(self, key: bytes) -> None:
        """Forget the walk under `key`, if there is one."""
        self._kept.pop(key, None)

    def find(self, key: bytes, now: datetime, lasts: timedelta) -> Walk | None:
        """The walk under `key`, if it began less than `lasts` ago; a clock that was set back to before it ends it."""
        walk = self._kept.get(key)
        if walk is None:
            return None
        if timedelta() <= now - walk.began < lasts:
            return walk
        del self._kept[key]
        return None

    def clear(self) -> None:
        """Forget all of them: the state that they were read from is no longer that of the namespace."""
        self._kept.clear()
