"""`$ref` within and between the files of one spec folder. Nothing is fetched over the network."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

from mockserver.exceptions import SpecError, did_you_mean
from mockserver.spec.loader import Document, load_document
from mockserver.spec.positions import cut, join, split, step

__all__ = ["Library", "Resolved", "join", "split"]

_URL = re.compile(r"//|[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a reference means: the document that holds it, its JSON pointer there, and the value."""

    document: Document
    pointer: str
    data: Any


class Library:
    """All documents of one spec folder, each loaded at most once, when a `$ref` first needs it.

    `documents` maps the absolute URI of each loaded file to its document.
    """

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        self._anchors: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    def load(self, path: Path, *, shown_as: str | None = None) -> Document:
        """The document at `path`, from memory when it was loaded before. SpecError: it cannot be read."""
        try:
            uri = Path(os.path.abspath(path)).as_uri()
        except ValueError:  # a NUL in the path
            return load_document(path, shown_as=shown_as)
        with self._lock:
            document = self.documents.get(uri)
            if document is None:
                document = self.documents[uri] = load_document(path, shown_as=shown_as)
        return document

    def resolve(self, ref: str, base: Document, *, at: str) -> Resolved:
        """What `ref` means in `base`, one step; `at` is the pointer in `base` of the object that holds the `$ref`.

        SpecError, with the place of the `$ref`: it leads to no file, to no node, or over the network.
        """
        place = _Place(ref, base, at)
        if not isinstance(ref, str):
            place.fail("must be text")
        target, _, fragment = ref.partition("#")
        document = self._document(target, place) if target else base
        pointer = unquote(fragment)
        if pointer and not pointer.startswith("/"):
            pointer = self._anchor(pointer, document, place)
        return Resolved(document, pointer, _walk(document, pointer, place))

    def follow(self, node: Any, base: Document, pointer: str) -> Resolved:
        """`node` (at `pointer` of `base`) itself, or what its `$ref` means in the end.

        SpecError: as `resolve`, or the references go in a circle.
        """
        here = Resolved(base, pointer, node)
        seen: list[tuple[str, str]] = []
        while isinstance(here.data, dict) and "$ref" in here.data:
            ref = here.data["$ref"]
            if isinstance(ref, dict):  # `$ref` as the name of a property
                break
            seen.append((here.document.uri, here.pointer))
            step = self.resolve(ref, here.document, at=here.pointer)
            if (step.document.uri, step.pointer) in seen:
                _Place(ref, here.document, here.pointer).fail("leads back to itself and never to a value")
            here = step
        return here

    def _document(self, target: str, place: _Place) -> Document:
        base = place.base
        if _URL.match(target):
            hint = "download the file beside this one and refer to it by its relative path"
            place.fail("is a URL: only files beside this one are read", hint)
        relative = unquote(target)
        if relative.startswith(("/", "\\")):
            place.fail("is an absolute path", "write it relative to this file")
        path = _path(base).parent / relative
        if os.path.abspath(path) == str(_path(base)):
            return base
        shown_as = os.path.normpath(Path(base.file).parent / relative)
        if not _exists(path):
            siblings = [entry.name for entry in _entries(path.parent)]
            place.fail(f"points to a file that does not exist: {cut(shown_as)}", did_you_mean(path.name, siblings))
        return self.load(path, shown_as=shown_as)

    def _anchor(self, name: str, document: Document, place: _Place) -> str:
        anchors = self._anchors.get(document.uri)
        if anchors is None:
            anchors = self._anchors[document.uri] = dict(_anchors(document.data))
        if name not in anchors:
            hint = did_you_mean(name, anchors, "a JSON pointer starts with '#/'")
            place.fail(f"points to the anchor '{name}', which {document.file} lacks", hint)
        return anchors[name]


@dataclass(frozen=True, slots=True)
class _Place:
    """A `$ref` and where it stands, to complain about it."""

    ref: Any
    base: Document
    at: str

    def fail(self, reason: str, hint: str = "") -> NoReturn:
        pointer = self.at if self.at.endswith("/$ref") else join(self.at, "$ref")
        raise SpecError(self.base.problem(f"$ref '{cut(str(self.ref))}' {reason}", pointer, hint)) from None


def _path(document: Document) -> Path:
    # urllib.request.url2pathname would do this, and import an HTTP client for it.
    path = unquote(urlsplit(document.uri).path)
    return Path(path[1:] if re.match("/[A-Za-z]:", path) else path)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long for a file
        return False


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (OSError, ValueError):
        return []


def _walk(document: Document, pointer: str, place: _Place) -> Any:
    node = document.data
    walked = ""
    for token in split(pointer):
        try:
            node = step(node, token)
        except LookupError:
            _complain(node, token, walked, place, document.file)
        walked = join(walked, token)
    return node


def _complain(node: Any, token: str, walked: str, place: _Place, file: str) -> NoReturn:
    holder = f"'{walked}' of {file}" if walked else file
    reason = f"points nowhere: {holder} has no '{cut(token)}'"
    if isinstance(node, list):
        place.fail(f"{reason}, it is a list of {len(node)}")
    if isinstance(node, dict) and "$ref" in node:
        place.fail(reason, f"'{walked}' is a $ref itself: refer to what it means")
    place.fail(reason, did_you_mean(token, node) if isinstance(node, dict) else "")


def _anchors(data: Any) -> Iterator[tuple[str, str]]:
    """The `$anchor`s of a document, with the pointers of their schemas."""
    pending = [("", data)]
    while pending:
        pointer, node = pending.pop()
        if isinstance(node, dict):
            for keyword in ("$anchor", "$dynamicAnchor"):
                if isinstance(node.get(keyword), str):
                    yield node[keyword], pointer
            pending.extend((join(pointer, key), value) for key, value in node.items())
        elif isinstance(node, list):
            pending.extend((join(pointer, index), value) for index, value in enumerate(node))
