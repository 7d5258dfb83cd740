"""Hosts of no API, and clients that do not trust the proxy: refused in words, and counted."""

from __future__ import annotations

import ssl

import pytest

from tests.testing.proxy.conftest import Desk, head, rest

GET = b"GET / HTTP/1.1\r\nHost: desk.example\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"CONNECT eu.desk.exampel:443 HTTP/1.1\r\nHost: eu.desk.exampel:443\r\n\r\n",
        b"GET http://eu.desk.exampel/ HTTP/1.1\r\nHost: eu.desk.exampel\r\n\r\n",
        b"POST http://eu.desk.exampel/ HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + bytes(1_000_000),
    ],
)
def test_a_host_of_no_api_is_refused_in_words(desk: Desk, sent: bytes) -> None:
    desk.open()
    answer = desk.talk(sent)
    line, _, body = answer.decode().partition("\r\n")
    assert line == "HTTP/1.1 403 mockserver answers for no host eu.desk.exampel"
    assert "eu.desk.exampel is a host of no API that is served here (did you mean eu.desk.example?)" in body
    assert "Served: desk.example, eu.desk.example, zoo.example." in body
    assert "--passthrough" in body
    assert desk.requests == []
    assert desk.settle().refused == {"eu.desk.exampel": 1}


@pytest.mark.parametrize("host", ["www.desk.example", "example", "desk.example.org", "192.0.2.1"])
def test_only_the_documented_hosts_are_those_of_an_api(desk: Desk, host: str) -> None:
    desk.open()
    assert desk.talk(f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode()).startswith(b"HTTP/1.1 403 ")
    assert desk.settle().refused == {host: 1}


def test_what_a_client_sends_as_a_host_cannot_write_headers(desk: Desk) -> None:
    desk.open()
    answer = desk.talk(b"CONNECT a\x0bb\xe9:443 HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    answer = desk.talk(b"CONNECT a\xe9:443 HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403 mockserver answers for no host a?\r\n")


@pytest.mark.parametrize(
    "line", ["CONNECT 127.0.0.1:{}", "GET http://localhost:{}/", "GET http://0.0.0.0:{}/", "GET /"]
)
def test_the_proxy_does_not_call_itself(desk: Desk, line: str) -> None:
    desk.open()
    answer = desk.talk(f"{line.format(desk.port)} HTTP/1.1\r\nHost: 127.0.0.1:{desk.port}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"this is the proxy itself" in answer


def test_a_certificate_is_for_the_host_of_the_tunnel_alone(desk: Desk) -> None:
    proxy = desk.open()
    context = ssl.create_default_context(cafile=proxy.environment["DENO_CERT"])
    with desk.tunnel("desk.example:443") as client, pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        context.wrap_socket(client, server_hostname="eu.desk.example")
    assert desk.settle().untrusted == {"desk.example": 1}


def test_a_client_that_does_not_trust_the_proxy_is_counted(desk: Desk) -> None:
    desk.open()
    for _ in range(2):
        with desk.tunnel() as client, pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(client, server_hostname="desk.example")
    proxy = desk.settle()
    assert proxy.untrusted == {"desk.example": 2}
    (remark,) = proxy.remarks
    assert remark.startswith("desk.example: the client ended the connection 2 times because it does not trust")


def leave_after_the_handshake(desk: Desk) -> None:
    """As Node does, which looks at the certificate afterwards and says nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with desk.tunnel() as client:
        context.wrap_socket(client, server_hostname="desk.example").close()


def test_one_that_gives_no_reason_is_counted_too(desk: Desk) -> None:
    desk.open()
    leave_after_the_handshake(desk)
    assert desk.settle().untrusted == {"desk.example": 1}


def test_but_a_connection_that_was_made_ahead_is_no_distrust(desk: Desk) -> None:
    desk.open()
    leave_after_the_handshake(desk)
    with desk.secure() as client:
        client.sendall(GET)
        assert rest(client).startswith(b"HTTP/1.1 200 OK")
    proxy = desk.settle()
    assert proxy.untrusted == {}
    assert proxy.remarks == []


def test_no_common_ground_is_no_distrust(desk: Desk) -> None:
    desk.open()
    with desk.tunnel() as client:
        client.sendall(b"\x16\x03\x01\x00\x05hello")
        rest(client)
    assert desk.settle().untrusted == {}


def test_what_a_user_is_told_afterwards(desk: Desk) -> None:
    proxy = desk.open()
    (remark,) = proxy.remarks
    assert remark == (
        "nothing came through the proxy: if the client calls desk.example, eu.desk.example, zoo.example, it does not "
        "look at HTTPS_PROXY; what to do stands in docs/proxy.md, by language"
    )
    for _ in range(3):
        desk.talk(b"CONNECT metrics.example:443 HTTP/1.1\r\n\r\n")
    assert desk.settle().remarks == [
        "metrics.example: refused 3 times, as it is a host of no API that is served; --passthrough would let it through"
    ]


def test_a_refusal_leaves_the_others_alone(desk: Desk) -> None:
    desk.open()
    with desk.secure() as client:
        desk.talk(b"CONNECT metrics.example:443 HTTP/1.1\r\n\r\n")
        client.sendall(GET)
        assert head(client).startswith(b"HTTP/1.1 200 OK")
