"""A body as bytes -> a value, by media type.

JSON keeps integers exact whatever their size; what no JSON text may hold is refused with line and column. Form bodies
are read by the schema, multipart ones too: a part becomes bytes where the contract says that it is a file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mockserver.contract.coercion import coerce, expects
from mockserver.contract.json_text import BodyError, read_json
from mockserver.contract.model import MediaType, Parameter
from mockserver.contract.parameters import ABSENT, read_parameter
from mockserver.contract.queries import split_query
from mockserver.contract.schemas import Schema

_MOST_PARTS = 1000
_PARAMETER = re.compile(r';\s*([^=;\s]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')


def parse_media_type(header: str) -> tuple[str, dict[str, str]]:
    """`text/html; charset="utf-8"` -> `("text/html", {"charset": "utf-8"})`. Type and parameter names in lower-case."""
    name, semicolon, rest = header.partition(";")
    parameters = {}
    for found in _PARAMETER.finditer(semicolon + rest):
        value = found[2].strip()
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        parameters[found[1].lower()] = value
    return name.strip().lower(), parameters


def is_json(name: str) -> bool:
    """Is the media type (lower-case, no parameters) JSON?"""
    return name == "application/json" or name.endswith("+json") or name == "text/json"


def read_body(media_type: MediaType | None, content_type: str, body: bytes) -> Any:
    """The value of a body. BodyError when it is malformed.

    `content_type` is the header as sent; empty: the documented media type counts. JSON gives JSON types, forms an
    object, `text/*` a string, all else bytes.
    """
    name, parameters = parse_media_type(content_type)
    if not name and media_type is not None:
        name = media_type.name
    if is_json(name):
        return read_json(body)
    schema = media_type.schema if media_type is not None else None
    encoding = media_type.encoding if media_type is not None else {}
    if name == "application/x-www-form-urlencoded":
        return _read_form(_text(body, "utf-8"), schema, encoding)
    if name == "multipart/form-data":
        return _read_multipart(body, parameters.get("boundary", ""), schema, encoding)
    if name.startswith("text/"):
        return _text(body, parameters.get("charset", "utf-8"))
    return body


def _text(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset)
    except LookupError:
        raise BodyError(f"the charset '{charset[:40]}' is unknown") from None
    except ValueError:
        raise BodyError(f"the body is not {charset}") from None


# --- forms -------------------------------------------------------------------------------------------------------


def _read_form(text: str, schema: Schema | None, encoding: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    try:
        pairs = split_query(text)
        known = schema.properties() if schema is not None else {}
        result: dict[str, Any] = {}
        for name, part in known.items():
            value = read_parameter(form_field(name, part, encoding.get(name, {})), pairs)
            if value is not ABSENT:
                result[name] = value
        for name, _ in pairs:
            outer = name.partition("[")[0]
            if name not in result and not (outer in result and outer in known):
                result[name] = read_parameter(form_field(name, None, {}), pairs)
    except ValueError as error:
        raise BodyError(f"the form is malformed: {error}") from None
    return result


def form_field(name: str, schema: Schema | None, encoding: Mapping[str, Any]) -> Parameter:
    """A field of a form read as a query parameter is; an object without a style travels as JSON."""
    plain = "style" not in encoding and "explode" not in encoding
    media_type = encoding.get("contentType")
    if media_type is None and plain and expects(schema) == "object":
        media_type = "application/json"
    if media_type is not None and not is_json(str(media_type)):
        media_type = None
    style = str(encoding.get("style", "form"))
    explode = bool(encoding.get("explode", style == "form"))
    return Parameter(name, "query", False, style, explode, False, False, schema, media_type, None, "")


# --- multipart ---------------------------------------------------------------------------------------------------


def _read_multipart(
    body: bytes, boundary: str, schema: Schema | None, encoding: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    if not boundary:
        raise BodyError("the Content-Type of the multipart body names no boundary")
    known = schema.properties() if schema is not None else {}
    values: dict[str, list[Any]] = {}
    for headers, content in _parts(body, b"--" + boundary.encode("utf-8", "replace")):
        kind, disposition = parse_media_type(headers.get("content-disposition", ""))
        name = disposition.get("name")
        if kind != "form-data" or name is None:
            raise BodyError("a part of the multipart body has no 'Content-Disposition: form-data; name=…'")
        part = known.get(name)
        values.setdefault(name, []).append(_part_value(headers, disposition, content, part, encoding.get(name, {})))
    result: dict[str, Any] = {}
    for name, found in values.items():
        wants_array = name in known and expects(known[name]) == "array"
        single = len(found) == 1 and (not wants_array or isinstance(found[0], list))
        result[name] = found[0] if single else found
    return result


def _parts(body: bytes, delimiter: bytes) -> list[tuple[dict[str, str], bytes]]:
    pieces = (b"\r\n" + body).split(b"\r\n" + delimiter)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise BodyError("the multipart body does not end with its boundary")
    if len(pieces) - 2 > _MOST_PARTS:
        raise BodyError(f"the multipart body has more than {_MOST_PARTS} parts")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> tuple[dict[str, str], bytes]:
    start = piece.find(b"\r\n")  # what stands before, on the line of the boundary, is padding
    if start < 0 or piece[:start].strip(b" \t"):
        raise BodyError("a boundary of the multipart body is not on a line of its own")
    head, blank, content = piece[start:].partition(b"\r\n\r\n")
    if not blank:
        raise BodyError("a part of the multipart body has no blank line after its headers")
    headers = {}
    for line in head.split(b"\r\n"):
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return headers, content


def _part_value(
    headers: Mapping[str, str],
    disposition: Mapping[str, str],
    content: bytes,
    schema: Schema | None,
    encoding: Mapping[str, Any],
) -> Any:
    sent, parameters = parse_media_type(headers.get("content-type", ""))
    declared = sent or str(encoding.get("contentType", "")).partition(",")[0].strip().lower()
    kind = expects(schema)
    if schema is not None and kind == "array" and not is_json(declared):
        schema = schema.items()
        kind = expects(schema)
    if _is_file(schema, declared, "filename" in disposition or "filename*" in disposition):
        return content
    if is_json(declared) or (kind == "object" and not declared):
        return read_json(content)
    return coerce(_text(content, parameters.get("charset", "utf-8")), schema)


def _is_file(schema: Schema | None, declared: str, has_filename: bool) -> bool:
    """Files are what the schema calls binary; where it says nothing about the type, what the client sends as a file."""
    if schema is not None:
        facets = [facet.data for facet in schema.facets() if isinstance(facet.data, dict)]
        if any(data.get("format") == "binary" for data in facets):
            return True
        if any("contentMediaType" in data and "contentEncoding" not in data for data in facets):
            return not any(str(data.get("contentMediaType", "")).startswith("text/") for data in facets)
        if schema.possible_types():
            return False
    return has_filename or declared == "application/octet-stream"
