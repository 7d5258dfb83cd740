"""The bodies of recorded messages as bytes. Recorders keep them in many ways: as text that was decoded, in base64, as
the fields of a form, not at all."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from mockserver.contract.serialization import is_json, parse_media_type

_FORM, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_GZIP = b"\x1f\x8b"
_LARGEST = 64 * 1024 * 1024  # bytes that a packed body may have
_PACKED = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})


class Content(NamedTuple):
    """A body. `known` is False where the recorder has not kept it, or not so that it can be read; `kind` is the media
    type that it names."""

    body: bytes
    known: bool
    kind: str


def posted(data: Mapping[str, Any], headers: Mapping[str, str], size: int) -> Content:
    """The body of a request. `size` is what the recorder says of its bytes, -1 for nothing."""
    kind = _text(data.get("mimeType"))
    declared = headers.get("content-type", "") or kind
    text, fields = data.get("text"), data.get("params")
    if isinstance(text, str) and (text or not fields):
        body, known = _decoded(text, data, declared)
        return Content(body, known and not _is_cut(data) and bool(body or size <= 0), kind)
    if isinstance(fields, list) and fields:
        body = _form(fields, declared)
        return Content(body, bool(body) and not _is_cut(data), kind)
    length = headers.get("content-length", "").strip()
    empty = size <= 0 and (not length or length == "0") and "transfer-encoding" not in headers
    return Content(b"", empty, kind)


def content_of(data: Mapping[str, Any], headers: Mapping[str, str], size: int) -> Content:
    """The body of an answer; `headers` by their names in lower-case."""
    kind = _text(data.get("mimeType"))
    text = data.get("text")
    if not isinstance(text, str) or not text:
        length = headers.get("content-length", "").strip()
        said = [_size(data.get("size")), size, int(length) if length.isdecimal() and len(length) < 18 else -1]
        return Content(b"", all(each <= 0 for each in said), kind)
    body, known = _decoded(text, data, headers.get("content-type", "") or kind)
    if known and _is_base64(data) and (packing := headers.get("content-encoding", "").strip().lower()):
        body, known = _unpacked(body, packing)
    return Content(body, known and not _is_cut(data), kind)


def _decoded(text: str, data: Mapping[str, Any], declared: str) -> tuple[bytes, bool]:
    """The bytes of a text, in the charset that the message declares."""
    if _is_base64(data):
        try:
            return base64.b64decode(text, validate=False), True
        except (binascii.Error, ValueError):
            return b"", False
    name, parameters = parse_media_type(declared)
    charset = parameters.get("charset", "utf-8")
    if not is_json(name) and charset.lower() not in ("utf-8", "utf8"):
        try:
            return text.encode(charset), True
        except (LookupError, ValueError):
            pass
    return text.encode("utf-8", "replace"), True


def _unpacked(body: bytes, packing: str) -> tuple[bytes, bool]:
    """A body in base64 that may still be packed: most recorders unpack it, and leave the header as it was."""
    try:
        if body.startswith(_GZIP) and packing in ("gzip", "x-gzip"):
            return _inflated(body, 16 + zlib.MAX_WBITS)
        if packing == "deflate" and body[:1] == b"\x78":
            return _inflated(body, zlib.MAX_WBITS)
    except zlib.error:
        return body, False
    if packing in _PACKED:
        try:
            body.decode()
        except UnicodeDecodeError:
            return body, False
    return body, True


def _inflated(body: bytes, bits: int) -> tuple[bytes, bool]:
    stream = zlib.decompressobj(bits)
    plain = stream.decompress(body, _LARGEST)
    return plain, stream.eof


def _form(fields: list[Any], declared: str) -> bytes:
    """The body that a form of these fields has; empty where it cannot be told."""
    name, parameters = parse_media_type(declared)
    named = [each for each in fields if isinstance(each, dict) and isinstance(each.get("name"), str)]
    if name == _MULTIPART and parameters.get("boundary"):
        return _multipart(named, parameters["boundary"].encode("utf-8", "replace"))
    if name not in (_FORM, ""):
        return b""
    return urlencode([(_plain(each["name"]), _plain(_text(each.get("value")))) for each in named]).encode()


def _multipart(fields: list[dict[str, Any]], boundary: bytes) -> bytes:
    lines: list[bytes] = []
    for field in fields:
        disposition = f'form-data; name="{_quoted(field["name"])}"'
        if isinstance(field.get("fileName"), str):
            disposition += f'; filename="{_quoted(field["fileName"])}"'
        lines += [b"--" + boundary, f"Content-Disposition: {disposition}".encode("utf-8", "replace")]
        if isinstance(field.get("contentType"), str) and field["contentType"].isprintable():
            lines.append(f"Content-Type: {field['contentType']}".encode("utf-8", "replace"))
        lines += [b"", _text(field.get("value")).encode("utf-8", "replace")]
    return b"\r\n".join([*lines, b"--" + boundary + b"--", b""])


def _quoted(text: str) -> str:
    return "".join(mark for mark in text if mark.isprintable()).replace('"', "%22")


def _is_base64(data: Mapping[str, Any]) -> bool:
    return any(_text(data.get(name)).lower() == "base64" for name in ("encoding", "_encoding"))


def _is_cut(data: Mapping[str, Any]) -> bool:
    """Whether the recorder says that it kept the beginning alone."""
    return bool(data.get("_truncated")) or "truncat" in _text(data.get("comment")).lower()


def _size(value: Any) -> int:
    try:
        return -1 if value is None or isinstance(value, (bool, str, list, dict)) else int(value)
    except (ValueError, TypeError, ArithmeticError):
        return -1


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
