"""Coverage in files: what one run writes and `coverage combine` reads."""

from __future__ import annotations

from collections.abc import Iterable
from glob import glob, has_magic
from pathlib import Path

import orjson

from mockserver.checks.coverage.coverage import Coverage
from mockserver.checks.replacing import replace_file
from mockserver.engine.json_text import dumps_indented
from mockserver.exceptions import UsageError, did_you_mean


def coverage_bytes(coverage: Coverage) -> bytes:
    """What stands in a coverage file."""
    return dumps_indented(coverage.as_json())


def write_coverage(coverage: Coverage, path: Path) -> None:
    """Write a coverage file. Raises UsageError where it cannot be."""
    write_file(path, coverage_bytes(coverage))


def write_file(path: Path, data: bytes) -> None:
    """Write a file as a whole or not at all. Raises UsageError where it cannot be."""
    try:
        replace_file(path, data)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise UsageError(f"{path} cannot be written: {reason}") from None


def read_coverage(path: Path) -> Coverage:
    """What a coverage file holds. Raises UsageError that names the file, for one that is none too."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}", did_you_mean(path.name, _siblings(path))) from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder", f"name the files in it, as in {path / '*.json'}") from None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise UsageError(f"{path} cannot be read: {reason}") from None
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        said = "is empty" if not raw.strip() else f"is no JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        hint = "was the run that writes it cut short? Let it run again"
        raise UsageError(f"{path} {said}", hint) from None
    return Coverage.from_json(data, str(path))


def read_all(paths: Iterable[Path]) -> Coverage:
    """The files merged. Raises UsageError that names the file, or both that do not go together."""
    merged = Coverage()
    for path in paths:
        merged.merge(read_coverage(path))
    return merged


def expanded(names: Iterable[str]) -> list[Path]:
    """The files that are meant, each once: a pattern that no shell has expanded means what fits it. Raises UsageError
    for one that nothing fits."""
    found: dict[Path, None] = {}
    for name in names:
        fitting = [name]
        if has_magic(name) and not _is_file(name):
            fitting = sorted(glob(name, recursive=True))  # noqa: PTH207  # a pattern may be absolute
        if not fitting:
            raise UsageError(f"no file fits '{name}'", "did the runs write coverage, with `--coverage FILE`?")
        found.update(dict.fromkeys(map(Path, fitting)))
    return list(found)


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except OSError:  # a name too long for a file
        return False


def _siblings(path: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        return []
