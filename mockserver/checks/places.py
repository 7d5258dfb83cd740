"""Where the contract says so: the line of a spec file that a message is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.contract.direction import at_pointer
from mockserver.exceptions import SpecError
from mockserver.spec.loader import Document, load_document

if TYPE_CHECKING:
    from mockserver.contract.schemas import Violation
    from mockserver.engine.api import Api


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a spec file. `line` counts from 1 (0: the text is not to be had); `fragment` is what stands there."""

    file: str
    line: int = 0
    pointer: str = ""
    fragment: str = ""

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Place:
        """What `as_json` gives."""
        return cls(data["file"], data["line"], data["pointer"], data["fragment"])

    def __str__(self) -> str:
        said = f"{self.file}:{self.line}" if self.line else self.file
        return f"{said}: {self.fragment}" if self.fragment else said


def place_of(violation: Violation, api: Api) -> Place:
    """Where the contract says what was broken."""
    if violation.file and violation.line:
        document = _document(api, violation.file)
        fragment = document.positions.fragment(violation.line) if document is not None else ""
        return Place(violation.file, violation.line, violation.schema, fragment)
    return place_at(violation.schema, api)


def place_at(pointer: str, api: Api) -> Place:
    """The line of what a JSON pointer into the contract means, or of its nearest ancestor that is there."""
    file = api.contract.file
    document = _document(api, file)
    if document is None:
        return Place(file, 0, pointer)
    line, _ = document.locate(_nearest(document, pointer), at_key=True)
    return Place(file, line, pointer, document.positions.fragment(line) if line else "")


def _nearest(document: Document, pointer: str) -> str:
    """The pointer, or what of it leads somewhere."""
    while pointer:
        try:
            at_pointer(document.data, pointer)
        except (KeyError, ValueError):
            pointer = pointer.rpartition("/")[0]
        else:
            return pointer
    return ""


def _document(api: Api, file: str) -> Document | None:
    """The text of a spec file, read again: nobody needs it before something is wrong."""
    for schema in api.contract.schemas.values():
        for document in schema.schemas.library.documents.values():
            if document.file == file:
                return document
    for path in (api.folder.openapi, Path(file)):
        if path.name == Path(file).name:
            try:
                return load_document(path, shown_as=file)
            except SpecError:
                continue
    return None
