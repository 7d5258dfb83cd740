"""Spec folders: those that ship, and those that a user points at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import mockserver
from mockserver.exceptions import UsageError, did_you_mean

_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class SpecFolder:
    """One API as files. `name` is fit for a URL (`[a-z0-9-]`); `fixtures` in the order of their names."""

    name: str
    openapi: Path
    behaviour: Path | None
    fixtures: tuple[Path, ...]


def shipped() -> dict[str, SpecFolder]:
    """The APIs that ship with mockserver by name, sorted, from an installed wheel or from a checkout."""
    package = _package()
    root = package / "_shipped"
    if not root.is_dir():  # a checkout: specs/ and fixtures/ stand beside the package
        root = package.parent
    folders = sorted(path for path in root.glob("specs/*") if _one_of(path, "openapi"))
    found = [_folder(path, root / "fixtures" / path.name) for path in folders]
    return {folder.name: folder for folder in found}


def find(name_or_path: str) -> SpecFolder:
    """The spec folder of a shipped API's name, of a folder that holds `openapi.yaml`, or of a single OpenAPI file.

    A shipped name wins over a folder of that name in the current directory, which is still to be had as `./name`.
    UsageError: there is no such thing.
    """
    known = shipped()
    if name_or_path in known:
        return known[name_or_path]
    path = Path(name_or_path)
    try:
        if name_or_path and path.is_dir():
            return _folder(path, path.absolute().parent.parent / "fixtures" / path.absolute().name)
        if path.is_file():
            return _file(path)
    except OSError as error:  # a name too long for a file, a folder that may not be read
        raise UsageError(f"'{name_or_path[:80]}' cannot be read: {error.strerror}") from None
    ships = f"these ship: {', '.join(known)}" if known else ""
    if re.search(r"[/\\]|\.(ya?ml|json)$", name_or_path):
        raise UsageError(f"there is no file or folder '{name_or_path}'", did_you_mean(path.name, _siblings(path)))
    raise UsageError(f"unknown API '{name_or_path}'", did_you_mean(name_or_path, known, ships or "give a path"))


def related(name: str, folder: SpecFolder) -> SpecFolder | None:
    """The API of that name beside another one, else among those that ship; None when there is none."""
    parent = folder.openapi.absolute().parent.parent
    for beside in _siblings(parent / name):
        if _slug(beside) == name and _one_of(parent / beside, "openapi"):
            return _folder(parent / beside, parent.parent / "fixtures" / beside)
    return shipped().get(name)


def _package() -> Path:
    return Path(str(mockserver.__file__)).parent


def _folder(path: Path, sibling_fixtures: Path) -> SpecFolder:
    openapi = _one_of(path, "openapi")
    if openapi is None:
        others = sorted(other.name for other in path.iterdir() if other.suffix in _SUFFIXES)
        hint = f"to use a single file, name it: {path / others[0]}" if others else ""
        raise UsageError(f"the folder '{path}' holds no openapi.yaml", hint)
    own = path / "fixtures"
    fixtures = _data_files(own if own.is_dir() else sibling_fixtures)
    return SpecFolder(_slug(path.absolute().name), openapi, _one_of(path, "behaviour"), fixtures)


def _file(path: Path) -> SpecFolder:
    if path.stem == "openapi" and path.suffix in _SUFFIXES:
        folder = path.absolute().parent
        beside = _folder(path.parent, folder.parent.parent / "fixtures" / folder.name)
        return SpecFolder(beside.name, path, beside.behaviour, beside.fixtures)
    return SpecFolder(_slug(path.stem), path, None, ())


def _one_of(folder: Path, stem: str) -> Path | None:
    return next((path for suffix in _SUFFIXES if (path := folder / f"{stem}{suffix}").is_file()), None)


def _data_files(folder: Path) -> tuple[Path, ...]:
    if not folder.is_dir():
        return ()
    return tuple(sorted(p for p in folder.iterdir() if p.suffix in _SUFFIXES and not p.name.startswith(".")))


def _siblings(path: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in path.absolute().parent.iterdir())
    except (OSError, ValueError):
        return []


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "api"
