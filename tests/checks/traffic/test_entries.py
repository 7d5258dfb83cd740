"""One entry as a request and a response, as browsers, proxies and other recorders write them."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.checks.traffic import HarEntry, har_entry
from mockserver.messages import Faulted
from tests.checks.traffic.recorded import BEARER, TICKET, entry, headers, request, response

NOON = datetime(2025, 1, 15, 12, tzinfo=UTC).timestamp()


def read(asked: Any = None, answered: Any = None, **more: Any) -> HarEntry:
    found = har_entry(1, entry(asked, answered, **more))
    assert found.wrong == ""
    return found


def posted(data: dict[str, Any] | None, kind: str = "application/json", **more: Any) -> HarEntry:
    asked = request("POST https://desk.example/tickets", headers={"Content-Type": kind}, **more)
    return read(asked if data is None else {**asked, "postData": data})


# --- requests ------------------------------------------------------------------------------------------------------


def test_a_request_is_what_was_sent() -> None:
    found = read(request("post https://Desk.Example:443/tickets/a%20b%C3%A9?x=%2F&y=1#part", {"title": "x"}))
    asked = found.request
    assert (asked.method, asked.path, asked.query) == ("POST", "/tickets/a bé", "x=%2F&y=1")
    assert (asked.scheme, asked.host, asked.headers["host"]) == ("https", "desk.example", "desk.example")
    assert (asked.headers["authorization"], json.loads(asked.body)) == (BEARER, {"title": "x"})


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://127.0.0.1:4010/desk/tickets", "127.0.0.1:4010"),
        ("http://[::1]:4010/desk", "[::1]:4010"),
        ("https://user:word@desk.example/", "desk.example"),
        ("http://desk.example:80", "desk.example"),
    ],
)
def test_the_host_is_that_of_the_url(url: str, host: str) -> None:
    found = read(request(f"GET {url}", headers={":authority": "other.example", "Host": "third.example"}))
    assert found.request.headers["host"] == host
    assert found.request.path.startswith("/")


def test_pseudo_headers_go_and_repeated_ones_are_joined() -> None:
    asked = request()
    asked["headers"] = [
        *headers({":method": "GET", ":path": "/", "Accept": "a", "Cookie": "a=1"}),
        *headers({"accept": "b", "cookie": "b=2"}),
        {"name": 7, "value": "x"},
        {"value": "x"},
        "odd",
    ]
    held = dict(read(asked).request.headers)
    assert held == {"accept": "a, b", "cookie": "a=1; b=2", "host": "desk.example"}


def test_cookies_and_queries_that_stand_elsewhere_alone() -> None:
    pairs = [{"name": "a", "value": "1 2"}, {"name": "b", "value": "é"}]
    found = read(request(cookies=pairs, queryString=pairs))
    assert found.request.headers["cookie"] == "a=1 2; b=é"
    assert found.request.query == "a=1+2&b=%C3%A9"
    both = read(request("GET https://desk.example/?c=3", headers={"Cookie": "c=3"}, cookies=pairs, queryString=pairs))
    assert (both.request.headers["cookie"], both.request.query) == ("c=3", "c=3")


@pytest.mark.parametrize(
    ("data", "kind", "body"),
    [
        ({"text": '{"title": "é"}'}, "application/json", '{"title": "é"}'.encode()),
        ({"text": "é"}, "text/plain; charset=iso-8859-1", b"\xe9"),
        ({"text": "日"}, "text/plain; charset=iso-8859-1", "日".encode()),
        ({"text": "x"}, "text/plain; charset=martian", b"x"),
        ({"text": base64.b64encode(b"\x00\xff").decode(), "encoding": "base64"}, "image/png", b"\x00\xff"),
        ({"text": base64.b64encode(b"\x00\xff").decode(), "_encoding": "base64"}, "image/png", b"\x00\xff"),
        (
            {"params": [{"name": "a", "value": "1 2"}, {"name": "b", "value": "&"}, {"name": "c"}]},
            "application/x-www-form-urlencoded",
            b"a=1+2&b=%26&c=",
        ),
        ({"text": "a=1", "params": [{"name": "a", "value": "1"}]}, "application/x-www-form-urlencoded", b"a=1"),
        (
            {
                "params": [
                    {"name": "a", "value": "1"},
                    {"name": "file", "fileName": "x.png", "contentType": "image/png"},
                ]
            },
            "multipart/form-data; boundary=XX",
            (
                b'--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--XX\r\nContent-Disposition: form-data; '
                b'name="file"; filename="x.png"\r\nContent-Type: image/png\r\n\r\n\r\n--XX--\r\n'
            ),
        ),
    ],
)
def test_bodies_that_were_posted(data: dict[str, Any], kind: str, body: bytes) -> None:
    found = posted(data, kind)
    assert (found.request.body, found.asked) == (body, True)


def test_the_media_type_may_stand_with_the_body_alone() -> None:
    asked = request("POST https://desk.example/tickets")
    asked["postData"] = {"mimeType": "application/json", "text": "{}"}
    assert read(asked).request.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("data", "more"),
    [
        (None, {"bodySize": 12}),
        (None, {"headers": {"Content-Length": "12", "Content-Type": "application/json"}}),
        ({"text": ""}, {"bodySize": 12}),
        ({"text": "{", "comment": "Truncated at 1 byte"}, {}),
        ({"text": "{", "_truncated": True}, {}),
        ({"text": "é", "encoding": "base64"}, {}),
    ],
)
def test_a_body_that_was_not_recorded_is_not_known(data: dict[str, Any] | None, more: dict[str, Any]) -> None:
    asked = request("POST https://desk.example/tickets", **more)
    assert not read(asked if data is None else {**asked, "postData": data}).asked


@pytest.mark.parametrize("more", [{}, {"bodySize": -1}, {"headers": {"Content-Length": "0"}}])
def test_no_body_is_known_to_be_none(more: dict[str, Any]) -> None:
    found = read(request("POST https://desk.example/tickets", **more))
    assert (found.request.body, found.asked) == (b"", True)


# --- answers -------------------------------------------------------------------------------------------------------

PACKED = json.dumps(TICKET).encode()


def coded(body: bytes) -> dict[str, str]:
    return {"text": base64.b64encode(body).decode(), "encoding": "base64"}


@pytest.mark.parametrize(
    ("content", "packing"),
    [
        ({"text": PACKED.decode()}, ""),
        ({"text": PACKED.decode()}, "gzip"),
        ({"text": PACKED.decode()}, "br"),
        (coded(PACKED), ""),
        (coded(PACKED), "gzip"),
        (coded(gzip.compress(PACKED)), "gzip"),
        (coded(zlib.compress(PACKED)), "deflate"),
        (coded(PACKED), "br"),
    ],
)
def test_a_body_is_unpacked_once(content: dict[str, str], packing: str) -> None:
    found = read(None, response(headers={"Content-Encoding": packing, "Content-Length": "3"}, content=content))
    assert (found.response.body, found.answered) == (PACKED, True)


@pytest.mark.parametrize(
    "answered",
    [
        response(text="", content={"size": 12}),
        response(text="", content={"size": 0}, headers={"Content-Length": "12"}),
        response(text="", content={"size": 0}, bodySize=12),
        response(content={"text": "{", "comment": "body truncated"}),
        response(headers={"Content-Encoding": "gzip"}, content=coded(gzip.compress(PACKED)[:-9])),
        response(headers={"Content-Encoding": "zstd"}, content=coded(b"(\xb5/\xfd\x00")),
    ],
    ids=["size", "length", "bodySize", "cut", "half of it", "unknown packing"],
)
def test_a_body_that_cannot_be_read_is_not_known(answered: Any) -> None:
    assert not read(None, answered).answered


def test_bytes_that_were_never_packed_are_known() -> None:
    found = read(None, response(content=coded(b"\x00\xff")))
    assert (found.response.body, found.answered) == (b"\x00\xff", True)


def test_an_answer_without_headers_says_so() -> None:
    answered = response()
    answered["headers"] = []
    found = read(None, answered)
    assert not found.told
    assert found.response.header("content-type") == "application/json"
    assert read().told


def test_cookies_that_were_set_in_one_line() -> None:
    found = read(None, response(headers={"Set-Cookie": "a=1\nb=2"}))
    assert [value for name, value in found.response.headers if name == "Set-Cookie"] == ["a=1", "b=2"]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"_error": "net::ERR_CONNECTION_RESET"}, "CONNECTION_RESET_BY_PEER"),
        ({"_error": "net::ERR_TIMED_OUT"}, "TIMEOUT"),
        ({"statusText": "Request timeout"}, "TIMEOUT"),
        ({}, "EMPTY_RESPONSE"),
    ],
)
def test_no_answer_is_a_fault_of_the_network(said: dict[str, str], fault: str) -> None:
    for status in (0, -1, None, "", True):
        found = read(None, {**response(0, {}), "status": status, **said})
        assert isinstance(found.response, Faulted)
        assert (found.response.status, found.response.fault, found.left_out) == (0, fault, "")


# --- which entries are calls ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "answered", "more", "why"),
    [
        (request("GET wss://desk.example/live"), None, {}, "WebSockets"),
        (request(headers={"Upgrade": "websocket"}), response(101), {}, "WebSockets"),
        (request(), response(101), {"_webSocketMessages": []}, "WebSockets"),
        (request("GET data:text/plain,x"), None, {}, "no HTTP"),
        (request("CONNECT https://desk.example:443"), None, {}, "tunnels of a proxy"),
        (
            request("OPTIONS https://desk.example/tickets", headers={"Access-Control-Request-Method": "PUT"}),
            response(204),
            {},
            "preflights of a browser",
        ),
        (request(), None, {"_fromCache": "disk"}, "answered from a cache"),
        (request(), response(0), {"_error": "net::ERR_BLOCKED_BY_CLIENT"}, "never sent"),
        (request(), {**response(0), "_error": "net::ERR_NAME_NOT_RESOLVED"}, {}, "never sent"),
        (request("OPTIONS https://desk.example/tickets"), response(204), {}, ""),
        (request(headers={"Upgrade": "h2c"}), None, {}, ""),
    ],
)
def test_what_is_no_call_of_a_client_says_why(asked: Any, answered: Any, more: dict[str, Any], why: str) -> None:
    assert read(asked, answered, **more).left_out == why


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        (None, "it is no object"),
        ({}, "it has no request"),
        ({"request": {}}, "it has no response"),
        ({"request": {}, "response": {}}, "its request has no method"),
        ({"request": {"method": "GET", "url": 7}, "response": {}}, "its request has no url"),
        (
            {"request": {"method": "GET", "url": "http://[::"}, "response": {}},
            "its url cannot be read: Invalid IPv6 URL",
        ),
        ({"request": {"method": "GET", "url": "https:///x"}, "response": {}}, "its url has no host"),
        (
            {"request": {"method": "GET", "url": "http://a:x/"}, "response": {}},
            "its url cannot be read: Port could not be",
        ),
    ],
)
def test_what_cannot_be_understood_says_why(value: Any, wrong: str) -> None:
    assert har_entry(3, value).wrong.startswith(wrong)
    assert har_entry(3, value).number == 3


# --- times ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2025-01-15T12:00:00Z", NOON),
        ("2025-01-15T12:00:00.250Z", NOON + 0.25),
        ("2025-01-15T14:00:00.0000000+02:00", NOON),
        ("2025-01-15T04:00:00-0800", NOON),
        ("2025-01-15T12:00:00", NOON),
        ("yesterday", None),
        ("2025-13-45T99:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        (1736942400000, None),
        (None, None),
    ],
)
def test_when_a_call_began(text: Any, at: float | None) -> None:
    assert read(startedDateTime=text).at == at


@pytest.mark.parametrize(("time", "seconds"), [(250, 0.25), ("12.5", 0.0125), (0, None), (-1, None), (None, None)])
def test_how_long_a_call_took(time: Any, seconds: float | None) -> None:
    assert read(time=time).seconds == seconds


# --- anything ------------------------------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("base64")
NAMES = st.sampled_from(
    [
        *("request", "response", "method", "url", "headers", "name", "value", "status", "content", "text", "encoding"),
        *("postData", "params", "mimeType", "cookies", "queryString", "startedDateTime", "time", "size", "bodySize"),
        *("_error", "comment", "fileName", "contentType"),
    ]
)
ANY = st.recursive(
    SCALARS, lambda one: st.lists(one, max_size=3) | st.dictionaries(NAMES, one, max_size=5), max_leaves=20
)


def spoilt(value: Any, places: list[int], by: Any) -> Any:
    """The value with something else at one of its places."""
    if not places or not isinstance(value, (dict, list)) or not value:
        return by
    keys = sorted(value) if isinstance(value, dict) else range(len(value))
    key = keys[places[0] % len(keys)]
    changed = spoilt(value[key], places[1:], by)
    return {**value, key: changed} if isinstance(value, dict) else [*value[:key], changed, *value[key + 1 :]]


@given(value=ANY)
def test_any_value_is_an_entry_of_some_kind(value: Any) -> None:
    assert isinstance(har_entry(1, value), HarEntry)


@given(places=st.lists(st.integers(0, 20), max_size=5), by=ANY)
def test_an_entry_with_anything_in_it_is_an_entry(places: list[int], by: Any) -> None:
    form = {"mimeType": "multipart/form-data; boundary=X", "params": [{"name": "a", "value": "b", "fileName": "c"}]}
    good = entry(
        request("POST https://desk.example/tickets?a=1", cookies=[], postData=form), response(content=coded(b"x"))
    )
    found = har_entry(1, spoilt(good, places, by))
    assert isinstance(found.request.body, bytes)
    assert isinstance(found.response.body, bytes)
    assert all(isinstance(text, str) for pair in found.response.headers for text in pair)
