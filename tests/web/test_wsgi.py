from __future__ import annotations

import io
from typing import Any

import pytest

from mockserver.messages import Response
from mockserver.web.wsgi import Door


class Called:
    """One call of a WSGI application: what it said, and whether it handed over to the pages."""

    def __init__(
        self, engine: Any, path: str = "/pets/pets", method: str = "GET", body: Any = b"", **environ: str
    ) -> None:
        self.pages = False
        stream = body if hasattr(body, "read") else io.BytesIO(body)
        full = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "wsgi.url_scheme": "http",
            "wsgi.input": stream,
            "SERVER_NAME": "x",
            **environ,
        }
        self.body = b"".join(Door(engine, self._page)(full, self._start))

    def _start(self, status: str, headers: list[tuple[str, str]]) -> None:
        self.status, self.headers = status, headers

    def _page(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        self.pages = True
        start("200 OK", [])
        return [b"page"]


def test_a_request_reaches_the_engine_as_it_was_sent(engine: Any) -> None:
    Called(
        engine,
        "/pets/pets/1",
        "POST",
        b'{"a": 1}',
        QUERY_STRING="a=1&a=%20b",
        CONTENT_LENGTH="8",
        CONTENT_TYPE="application/json",
        HTTP_HOST="localhost:4010",
        HTTP_X_ONE_TWO="3",
    )
    (request,) = engine.requests
    assert request.method == "POST"
    assert request.path == "/pets/pets/1"
    assert request.query == "a=1&a=%20b"
    assert request.body == b'{"a": 1}'
    assert request.scheme == "http"
    assert request.headers == {
        "content-length": "8",
        "content-type": "application/json",
        "host": "localhost:4010",
        "x-one-two": "3",
    }


def test_the_answer_goes_out_as_the_engine_gave_it(engine: Any) -> None:
    engine.answer = Response(429, (("Retry-After", "3"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")), b"later")
    called = Called(engine)
    assert called.status == "429 Too Many Requests"
    assert called.headers == [("Retry-After", "3"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    assert called.body == b"later"


def test_a_status_without_a_phrase_is_sent_all_the_same(engine: Any) -> None:
    engine.answer = Response(599)
    assert Called(engine).status.startswith("599 ")


@pytest.mark.parametrize(
    ("raw", "path"),
    [(b"/pets/caf\xc3\xa9", "/pets/café"), (b"/pets/\xff", "/pets/\udcff"), (b"/pets/a\x00b", "/pets/a\x00b")],
)
def test_paths_are_utf_8_and_what_is_not_stays_visible(engine: Any, raw: bytes, path: str) -> None:
    Called(engine, raw.decode("latin-1"))
    assert engine.requests[0].path == path


class TestBody:
    def test_not_touched_when_none_is_announced(self, engine: Any) -> None:
        Called(engine, body=io.BytesIO(b"left over"))
        assert engine.requests[0].body == b""

    def test_over_the_limit_it_is_not_read(self, engine: Any) -> None:
        stream = io.BytesIO(b"x" * 1001)
        Called(engine, method="POST", body=stream, CONTENT_LENGTH="1001")
        assert stream.tell() == 0
        assert engine.requests[0].headers["content-length"] == "1001"

    def test_at_the_limit_it_is_read(self, engine: Any) -> None:
        Called(engine, method="POST", body=b"x" * 1000, CONTENT_LENGTH="1000")
        assert len(engine.requests[0].body) == 1000

    def test_in_chunks_it_is_read_one_byte_past_the_limit_so_that_the_engine_sees_it(self, engine: Any) -> None:
        Called(engine, method="POST", body=b"x" * 5000, HTTP_TRANSFER_ENCODING="chunked")
        assert len(engine.requests[0].body) == 1001

    def test_half_of_one_never_acts(self, engine: Any) -> None:
        called = Called(engine, method="POST", body=b"{}", CONTENT_LENGTH="300")
        assert called.status == "400 Bad Request"
        assert engine.requests == []

    def test_a_connection_that_breaks_is_half_a_body(self, engine: Any) -> None:
        class Broken(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                raise ConnectionResetError

        assert Called(engine, method="POST", body=Broken(), CONTENT_LENGTH="3").status == "400 Bad Request"

    @pytest.mark.parametrize("length", ["-1", "abc", "0", "", "9" * 5000])
    def test_a_length_that_is_none_reads_nothing(self, engine: Any, length: str) -> None:
        Called(engine, method="POST", body=b"abc", CONTENT_LENGTH=length)
        assert engine.requests[0].body == b""


class TestPages:
    @pytest.mark.parametrize("path", ["/", "/favicon.ico", "/__admin", "/__admin/health"])
    def test_of_ours_go_to_flask(self, engine: Any, path: str) -> None:
        assert Called(engine, path, HTTP_HOST="localhost:4010").pages

    @pytest.mark.parametrize("path", ["/__administer", "/pets/__admin", "//", "/favicon.ico/x"])
    def test_all_else_goes_to_the_engine(self, engine: Any, path: str) -> None:
        assert not Called(engine, path).pages

    def test_writing_to_the_root_is_no_page(self, engine: Any) -> None:
        assert not Called(engine, "/", "POST").pages

    @pytest.mark.parametrize("host", ["api.pets.example", "API.Pets.example:80", "api.pets.test:8443", "api.pets.test"])
    def test_a_documented_host_is_always_the_api(self, engine: Any, host: str) -> None:
        assert not Called(engine, "/", HTTP_HOST=host).pages
        assert not Called(engine, "/__admin/health", HTTP_HOST=host).pages


def test_header_names_that_clients_invent_take_no_memory_for_ever(engine: Any) -> None:
    door = Door(engine, lambda environ, start: [])
    for number in range(5000):
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/x", "wsgi.url_scheme": "http", f"HTTP_X_{number}": "1"}
        door(environ, lambda *_: None)
        assert engine.requests.pop().headers == {f"x-{number}": "1"}
    assert len(door._names) <= 1100


def test_a_swapped_engine_answers_from_the_next_request_on(engine: Any) -> None:
    other = type(engine)()
    door = Door(engine, lambda environ, start: [])
    door.swap(other)
    door({"REQUEST_METHOD": "GET", "PATH_INFO": "/x", "wsgi.url_scheme": "http"}, lambda *_: None)
    assert len(other.requests) == 1
    assert engine.requests == []
