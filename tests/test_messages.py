from __future__ import annotations

import pytest

from mockserver.messages import Request, Response


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("api.example.com", "api.example.com"),
        ("API.Example.COM:8443", "api.example.com"),
        ("127.0.0.1:4010", "127.0.0.1"),
        ("localhost", "localhost"),
        ("[::1]:4010", "[::1]"),
        ("[::1]", "[::1]"),
        ("host.v2", "host.v2"),
        ("", ""),
    ],
)
def test_the_host_without_its_port(header: str, host: str) -> None:
    assert Request("GET", "/", headers={"host": header}).host == host


def test_without_a_host_header() -> None:
    assert Request("GET", "/").host == ""


def test_headers_of_a_response_in_any_case() -> None:
    response = Response(200, (("Content-Type", "text/plain"), ("X-Two", "1"), ("x-two", "2")))
    assert response.header("content-type") == "text/plain"
    assert response.header("X-TWO") == "1"
    assert response.header("absent") is None


def test_messages_do_not_change() -> None:
    for message in (Request("GET", "/"), Response(200)):
        with pytest.raises(AttributeError):
            message.body = b"x"  # type: ignore[misc]
