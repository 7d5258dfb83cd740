"""The parsed form of YAML documents, kept in the user's cache folder: reading JSON is some fifty times faster.

An entry is named by the content that it was made from, so it never goes stale; an edited file has another name.
The cache is a convenience: what goes wrong with it (no space, no rights, a damaged file) is never the user's problem.
"""

from __future__ import annotations

import os
import sys
import threading
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

FORMAT = b"mockserver-document-1\n"  # to be changed whenever the same text would be parsed to something else
MAX_ENTRIES = 200
_DIGEST = 32


class Cache:
    """A folder of parsed documents; `folder` None is a cache that holds nothing."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def get(self, raw: bytes) -> Any:
        """The document that was stored for the text `raw`, or None."""
        if self.folder is None:
            return None
        key = _key(raw)
        try:
            entry = (self.folder / f"{key.hex()}.json").read_bytes()
        except OSError:
            return None
        head = len(FORMAT) + _DIGEST
        payload = entry[head:]
        if entry[:head] != FORMAT + _checksum(payload, key):
            return None
        try:
            return orjson.loads(payload)
        except orjson.JSONDecodeError:
            return None

    def put(self, raw: bytes, data: Any) -> None:
        """Store `data` for the text `raw`, unless JSON cannot hold it exactly or the folder cannot be written."""
        if self.folder is None:
            return
        key = _key(raw)
        try:
            payload = orjson.dumps(data)
        except TypeError:  # an integer beyond 64 bits, which orjson would not give back exactly
            return
        path = self.folder / f"{key.hex()}.json"
        draft = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.tmp")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_bytes(FORMAT + _checksum(payload, key) + payload)
            draft.replace(path)
            self._prune(self.folder)
        except OSError:
            return

    @staticmethod
    def _prune(folder: Path) -> None:
        """Drop the oldest half once there are too many: edited files leave their old forms behind."""
        entries = [entry for entry in folder.iterdir() if entry.suffix in (".json", ".tmp")]
        if len(entries) > MAX_ENTRIES:
            entries.sort(key=lambda entry: entry.stat().st_mtime)
            for entry in entries[: len(entries) - MAX_ENTRIES // 2]:
                entry.unlink()


def default_cache() -> Cache:
    """The cache where `MOCKSERVER_CACHE` says (`off` or a folder), else in the user's cache folder."""
    chosen = os.environ.get("MOCKSERVER_CACHE", "")
    if chosen:
        return Cache(None if chosen == "off" else Path(chosen))
    root = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME", "")
    if not Path(root).is_absolute():
        try:
            root = str(Path.home() / ".cache")
        except RuntimeError:  # this user has no home
            return Cache(None)
    return Cache(Path(root, "mockserver", "documents"))


def _key(raw: bytes) -> bytes:
    return blake2b(raw, digest_size=_DIGEST, person=b"mockserver doc").digest()


def _checksum(payload: bytes, key: bytes) -> bytes:
    # Keyed by the text's digest: an entry that was renamed, so belongs to another text, does not pass either.
    return blake2b(payload, digest_size=_DIGEST, key=key).digest()
