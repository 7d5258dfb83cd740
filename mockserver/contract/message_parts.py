"""What the checks of requests and of responses share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from mockserver.contract.model import MediaType
from mockserver.contract.schemas import Schema, Violation
from mockserver.contract.serialization import parse_media_type

REMEMBERED = 64  # answers kept per Content-Type text: a client that invents new ones must not fill the memory


def find_media_type(content: Mapping[str, MediaType], header: str) -> MediaType | None:
    """The documented media type that a Content-Type means: exact, then `type/*`, then `*/*`."""
    name = parse_media_type(header)[0]
    return content.get(name) or content.get(name.partition("/")[0] + "/*") or content.get("*/*")


def placed(violation: Violation, name: str, message: str) -> Violation:
    """A violation of a parameter's schema, told as one of the parameter."""
    return replace(violation, pointer=name + violation.pointer, message=message)


def position(schema: Schema | None, pointer: str) -> tuple[str, int]:
    """File and line of a node that stands in the same document as `schema`; `("", 0)` when there is none to ask."""
    if schema is None:
        return "", 0
    return schema.document.file, schema.document.locate(pointer)[0]


def either(names: Iterable[str]) -> str:
    return " or ".join(names) or "nothing"
