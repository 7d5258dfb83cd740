from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.contract.model import MediaType
from mockserver.contract.schemas import Schema
from mockserver.contract.serialization import BodyError, parse_media_type, read_body

BOUNDARY = "XyZ"
FORM = "application/x-www-form-urlencoded"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def media(schema: Schema | None, name: str = "", **encoding: Any) -> MediaType:
    return MediaType(name, schema, (), encoding, "")


def json_body(text: bytes) -> Any:
    return read_body(None, "application/json", text)


@pytest.mark.parametrize(
    ("header", "name", "parameters"),
    [
        ("application/json", "application/json", {}),
        (" Application/JSON ; Charset=UTF-8", "application/json", {"charset": "UTF-8"}),
        ('text/plain; a="x; y\\"z"; b=2', "text/plain", {"a": 'x; y"z', "b": "2"}),
        ("", "", {}),
        (";", "", {}),
        ("text/plain; junk", "text/plain", {}),
    ],
)
def test_media_types(header: str, name: str, parameters: dict[str, str]) -> None:
    assert parse_media_type(header) == (name, parameters)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")), st.lists))
def test_json_keeps_every_value(value: Any) -> None:
    assert json_body(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize("number", [2**63, 2**64, 2**64 + 1, -(2**63) - 1, 10**300])
def test_integers_of_any_size_stay_exact(number: int) -> None:
    assert json_body(json.dumps({"n": [number]}).encode()) == {"n": [number]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"a":\n  tru}', "line 2, column 3"),
        (b"{'a': 1}", "line 1, column 2"),
        (b"1 x", "unexpected content"),
        (b"", "the body is empty"),
        (b" \n", "the body is empty"),
        (b"NaN", "not JSON"),
        (b"[Infinity]", "not JSON"),
        (b"[1e999]", "too large (line 1, column 2)"),
        (b'"\\ud800"', "surrogate"),
        (b'{"a": "\xff"}', "not UTF-8 (line 1, column 8)"),
        (b'{\n"a": "\xff"}', "not UTF-8 (line 2, column 7)"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b"[" * 100_000, "nested more than 200 levels"),
        (b"[" * 100_000 + b"]" * 100_000, "nested more than 200 levels"),
        (b"[" * 201 + b"]" * 201, "nested more than 200 levels"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "nested more than 200 levels"),
        (b"[" + b"9" * 5000 + b"]", "too large"),
        (b'{"a": 1,}', "line 1"),
    ],
)
def test_malformed_json_is_refused_with_its_place(text: bytes, message: str) -> None:
    with pytest.raises(BodyError) as caught:
        json_body(text)
    assert message in str(caught.value)


def test_json_as_deep_as_allowed() -> None:
    assert json_body(b"[" * 200 + b"]" * 200)
    assert len(json_body(b"[" + b"[]," * 500 + b"[]]")) == 501


def test_the_last_of_duplicate_keys_wins() -> None:
    assert json_body(b'{"a": 1, "a": 2}') == {"a": 2}


@given(st.binary(max_size=60))
def test_no_body_is_worse_than_a_body_error(body: bytes) -> None:
    for content_type in ("application/json", FORM, MULTIPART, "text/plain", "application/problem+json", "x/y"):
        try:
            read_body(None, content_type, body)
        except BodyError:
            pass  # the only error that is allowed


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_no_multipart_body_is_worse_than_a_body_error(head: bytes, tail: bytes) -> None:
    body = b"--XyZ\r\n" + head + b"\r\n\r\n" + tail + b"\r\n--XyZ--"
    try:
        read_body(None, MULTIPART, body)
    except BodyError:
        pass  # the only error that is allowed


def test_other_media_types() -> None:
    assert read_body(None, "application/vnd.x+json", b"[1]") == [1]
    assert read_body(None, "text/plain", "ü".encode()) == "ü"
    assert read_body(None, "text/plain; charset=latin-1", b"\xfc") == "ü"
    assert read_body(None, "application/octet-stream", b"\xfc") == b"\xfc"
    assert read_body(None, "image/png", b"\x89") == b"\x89"
    assert read_body(media(None, "application/json"), "", b"[1]") == [1]


@pytest.mark.parametrize("content_type", ["text/plain", "text/plain; charset=utf-8", "text/plain; charset=nonsense"])
def test_text_in_another_charset_than_it_says(content_type: str) -> None:
    with pytest.raises(BodyError):
        read_body(None, content_type, b"\xff\xfe\xfd")


# --- forms -------------------------------------------------------------------------------------------------------

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "integer"}},
        "address": {"type": "object", "properties": {"zip": {"type": "integer"}}},
    },
}


def test_a_form_is_read_by_its_schema(schema: Callable[..., Schema]) -> None:
    body = urlencode(
        [("name", "12"), ("age", "12"), ("tags", "1"), ("tags", "2"), ("address", '{"zip": 1}'), ("x", "7")]
    )
    found = read_body(media(schema(PERSON)), FORM, body.encode())
    assert found == {"name": "12", "age": 12, "tags": [1, 2], "address": {"zip": 1}, "x": "7"}


def test_a_form_follows_its_encoding(schema: Callable[..., Schema]) -> None:
    comma, deep = {"style": "form", "explode": False}, {"style": "deepObject", "explode": True}
    encoding: dict[str, Any] = {"tags": comma, "address": deep}
    found = read_body(media(schema(PERSON), **encoding), FORM, b"tags=1,2&address[zip]=7")
    assert found == {"tags": [1, 2], "address": {"zip": 7}}


@pytest.mark.parametrize("body", [b"a=%FF", b"\xff=1", b"a=1&" * 10_000])
def test_a_malformed_form(body: bytes) -> None:
    with pytest.raises(BodyError):
        read_body(None, FORM, body)


# --- multipart ---------------------------------------------------------------------------------------------------


def part(disposition: str, content: bytes, content_type: str = "") -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n"
    if content_type:
        head += f"Content-Type: {content_type}\r\n"
    return head.encode() + b"\r\n" + content + b"\r\n"


def multipart(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


UPLOAD = {
    "type": "object",
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "raw": {"contentMediaType": "application/octet-stream"},
        "any": {},
        "note": {"type": "string"},
        "count": {"type": "integer"},
        "meta": {"type": "object"},
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
    },
}


def test_multipart_parts_are_read_by_their_schema(schema: Callable[..., Schema]) -> None:
    body = multipart(
        part('form-data; name="file"; filename="a.bin"', b"\x00\r\n\xff", "application/octet-stream"),
        part('form-data; name="raw"', b"\xfe"),
        part('form-data; name="any"; filename="a.txt"', b"\xfd"),
        part('form-data; name="note"; filename="n.txt"', b"hello", "text/plain"),
        part('form-data; name="count"', b"3"),
        part('form-data; name="meta"', b'{"a": 1}', "application/json"),
        part('form-data; name="files"; filename="1"', b"1"),
        part('form-data; name="unknown"', b"u"),
    )
    assert read_body(media(schema(UPLOAD)), MULTIPART, body) == {
        "file": b"\x00\r\n\xff",
        "raw": b"\xfe",
        "any": b"\xfd",
        "note": "hello",
        "count": 3,
        "meta": {"a": 1},
        "files": [b"1"],
        "unknown": "u",
    }


def test_repeated_parts_make_an_array(schema: Callable[..., Schema]) -> None:
    body = multipart(part('form-data; name="files"', b"1"), part('form-data; name="files"', b"2"))
    assert read_body(media(schema(UPLOAD)), MULTIPART, b"preamble\r\n" + body + b"epilogue") == {"files": [b"1", b"2"]}


@pytest.mark.parametrize(
    ("content_type", "body", "message"),
    [
        ("multipart/form-data", multipart(), "names no boundary"),
        (MULTIPART, b"", "does not end with its boundary"),
        (MULTIPART, part('form-data; name="a"', b"1"), "does not end with its boundary"),
        (MULTIPART, b"--XyZ\r\nno headers--XyZ--", "does not end with its boundary"),
        (MULTIPART, multipart(b"--XyZ\r\nContent-Disposition: form-data\r\n"), "no blank line"),
        (MULTIPART, multipart(part("form-data", b"")), "Content-Disposition"),
        (MULTIPART, multipart(part('attachment; name="a"', b"")), "Content-Disposition"),
        (MULTIPART, multipart(b"--XyZjunk\r\n\r\n\r\n"), "line of its own"),
        (MULTIPART, multipart(part('form-data; name="a"', b"{", "application/json")), "not JSON"),
        (MULTIPART, multipart(part('form-data; name="a"', b"\xff")), "not utf-8"),
        (MULTIPART, multipart(*[part('form-data; name="a"', b"")] * 1001), "more than 1000 parts"),
    ],
)
def test_malformed_multipart(content_type: str, body: bytes, message: str) -> None:
    with pytest.raises(BodyError, match=message):
        read_body(None, content_type, body)
