"""Requests as bytes, over a connection that is redirected: what a client library would never send, too."""

from __future__ import annotations

import socket
import ssl

import pytest
import trustme
import urllib3

from mockserver.testing.intercept import listener
from mockserver.testing.mock_api import MockApi

AUTH = b"Authorization: Bearer x\r\n"
HOST = b"Host: desk.example\r\n"


def talk(*parts: bytes) -> bytes:
    """What comes back until the connection ends; each part is sent when something has come for the one before."""
    with socket.create_connection(("desk.example", 80), timeout=5) as client:
        found = b""
        for at, part in enumerate(parts):
            if at:
                found += client.recv(1000)
            client.sendall(part)
        while data := client.recv(10_000):
            found += data
        return found


def test_a_connection_is_kept_unless_somebody_closes_it(desk: MockApi) -> None:
    answers = talk(
        b"GET /status HTTP/1.1\r\n" + HOST + b"\r\n" + b"GET /status HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    )
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert talk(b"GET /status HTTP/1.0\r\n" + HOST + b"\r\n").count(b"HTTP/1.1 200 OK") == 1


def test_a_client_that_asks_for_leave_gets_it(desk: MockApi) -> None:
    head = b"POST /tickets HTTP/1.1\r\nConnection: close\r\nContent-Type: application/json\r\n" + HOST + AUTH
    answer = talk(head + b"Content-Length: 14\r\nExpect: 100-continue\r\n\r\n", b'{"title": "x"}')
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert b"HTTP/1.1 200 OK" in answer


def test_repeated_headers_and_absolute_targets(desk: MockApi) -> None:
    head = b"GET http://desk.example/status?a=1 HTTP/1.1\r\nConnection: close\r\n" + HOST
    talk(head + b"Cookie: a=1\r\nCookie: b=2\r\nAccept: a/b\r\nAccept: c/d\r\n\r\n")
    (call,) = desk.requests
    assert (call.path, call.query) == ("/status", "a=1")
    assert (call.headers["cookie"], call.headers["accept"]) == ("a=1; b=2", "a/b, c/d")


def test_chunks_with_trailers(desk: MockApi) -> None:
    head = b"POST /tickets HTTP/1.1\r\nConnection: close\r\nContent-Type: application/json\r\n" + HOST + AUTH
    chunks = b'9\r\n{"title":\r\n5;x=y\r\n "x"}\r\n0\r\nX-Sum: 1\r\n\r\n'
    assert b"HTTP/1.1 200 OK" in talk(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET /status HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /status HTTP/1.1\r\nHost: [\r\n\r\n",
        b"GET /status HTTP/1.1\r\nHost: desk.example\r\nContent-Length: many\r\n\r\n",
        b"POST /tickets HTTP/1.1\r\nHost: desk.example\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /status HTTP/1.1\r\nHost: nobody.example\r\n\r\n",
        b"\x16\x03\x01\x00\x05hello",
    ],
)
def test_what_is_no_request_to_an_intercepted_host_ends_the_connection(desk: MockApi, sent: bytes) -> None:
    assert b"HTTP/1.1" not in talk(sent)
    assert len(desk.requests) == 0
    assert talk(b"GET /status HTTP/1.0\r\n" + HOST + b"\r\n").startswith(b"HTTP/1.1 200")


def test_another_authority_is_not_trusted_by_a_client_that_checks_no_names(
    desk: MockApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("desk.example").configure_cert(own)
    monkeypatch.setattr(listener, "server_context", lambda _: own)
    nameless = ssl.create_default_context()
    nameless.check_hostname = False
    with (
        urllib3.PoolManager(ssl_context=nameless, assert_hostname=False, retries=False) as pool,
        pytest.raises(urllib3.exceptions.SSLError, match="certificate verify failed"),
    ):
        pool.request("GET", "https://desk.example/status")
