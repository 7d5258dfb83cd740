"""Calls that are let through to the real host, here a server of the test that a made-up name leads to."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.testing.proxy import tunnel
from mockserver.testing.proxy.tunnel import relay
from tests.testing.proxy.conftest import Desk, head, rest

REAL = "real.example"
_FIRST = b"more than a socket holds" * 50_000


@contextmanager
def server(talk: Callable[[socket.socket], None], context: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a server that takes one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)

        def serve() -> None:
            connection, _ = listening.accept()
            with connection if context is None else context.wrap_socket(connection, server_side=True) as secure:
                secure.settimeout(10)
                talk(secure)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture(autouse=True)
def _real_example_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def found(host: str, *arguments: object, **named: object) -> object:
        if host.endswith(".example") and host != REAL:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return look_up("127.0.0.1" if host == REAL else host, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", found)


def test_tls_reaches_the_real_host_untouched(desk: Desk) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(REAL).configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    desk.open(passthrough=True)

    def talk(connection: socket.socket) -> None:
        connection.sendall(connection.recv(100).upper())

    with (
        server(talk, context) as port,
        desk.tunnel(f"{REAL}:{port}") as client,
        trusting.wrap_socket(client, server_hostname=REAL) as secure,
    ):
        secure.sendall(b"hello")
        assert secure.recv(100) == b"HELLO"
    assert desk.requests == []
    assert desk.settle().refused == {}


def test_either_end_may_fall_silent_first_and_nothing_is_lost(desk: Desk) -> None:
    desk.open(passthrough=True)
    sent, returned = bytes(range(256)) * 20_000, bytes(range(255, -1, -1)) * 20_000
    got = bytearray()

    def talk(connection: socket.socket) -> None:
        got.extend(rest(connection))  # up to the end, and answers only then
        connection.sendall(returned)

    with server(talk) as port, desk.tunnel(f"{REAL}:{port}") as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        assert rest(client) == returned
    assert got == sent

    def first(connection: socket.socket) -> None:
        connection.sendall(returned)
        connection.shutdown(socket.SHUT_WR)
        got[:] = rest(connection)

    with server(first) as port, desk.tunnel(f"{REAL}:{port}") as client:
        assert rest(client) == returned
        client.sendall(sent)
    assert got == sent


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(there=st.lists(st.binary(min_size=1), max_size=8), back=st.lists(st.binary(min_size=1), max_size=8))
def test_what_goes_in_comes_out(there: list[bytes], back: list[bytes]) -> None:
    client, near = socket.socketpair()
    far, real = socket.socketpair()
    with client, near, far, real:
        carrying = threading.Thread(target=relay, args=(near, far, threading.Event(), _FIRST))
        carrying.start()
        assert real.recv(1) == _FIRST[:1]  # the rest waits until somebody reads
        for end, pieces in ((client, there), (real, back)):
            for piece in pieces:
                end.sendall(piece)
            end.shutdown(socket.SHUT_WR)
        assert rest(real) == _FIRST[1:] + b"".join(there)
        assert rest(client) == b"".join(back)
        carrying.join(10)
        assert not carrying.is_alive()


def test_a_call_by_http_is_forwarded(desk: Desk) -> None:
    desk.open(passthrough=True)
    got = []

    def talk(connection: socket.socket) -> None:
        got.append(head(connection) + connection.recv(100))
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nthe real one")

    with server(talk) as port:
        sent = f"POST http://me@{REAL}:{port}/a%20b?c=1 HTTP/1.1\r\nHost: elsewhere\r\nX-Own: 1\r\n"
        headers = "Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic x\r\nTransfer-Encoding: chunked\r\n\r\n"
        answer = desk.talk(f"{sent}{headers}2\r\n{{}}\r\n0\r\n\r\n".encode())
    assert answer.endswith(b"\r\n\r\nthe real one")
    wanted = f"POST /a%20b?c=1 HTTP/1.1\r\nhost: {REAL}:{port}\r\nx-own: 1\r\ntransfer-encoding: chunked\r\n"
    assert got == [f"{wanted}connection: close\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n".encode()]


def test_on_one_connection_the_mock_may_be_called_first(desk: Desk) -> None:
    desk.open(passthrough=True)

    def talk(connection: socket.socket) -> None:
        assert head(connection).startswith(b"GET / HTTP/1.1\r\n")
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with server(talk) as port:
        answers = desk.talk(
            f"GET http://zoo.example/ HTTP/1.1\r\n\r\nGET http://{REAL}:{port}/ HTTP/1.1\r\n\r\n".encode()
        )
    assert b"the mock\nHTTP/1.1 204 No Content" in answers
    assert len(desk.requests) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_always_let_through(desk: Desk, host: str) -> None:
    desk.open(passthrough=False)
    with server(lambda connection: connection.sendall(b"here")) as port, desk.tunnel(f"{host}:{port}") as client:
        assert rest(client) == b"here"
    assert desk.settle().refused == {}


def test_the_hosts_of_an_api_are_never_let_through(desk: Desk) -> None:
    desk.open(passthrough=True)
    answer = desk.talk(b"GET http://desk.example/ HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.endswith(b"the mock\n")


@pytest.mark.parametrize("line", ["CONNECT {}", "GET http://{}/"])
def test_a_host_that_cannot_be_reached(desk: Desk, line: str) -> None:
    desk.open(passthrough=True)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"{REAL}:{closed.getsockname()[1]}"
    for authority, reason in (("nowhere.example:80", "there is no such host"), (nobody, "connection refused")):
        answer = desk.talk(f"{line.format(authority)} HTTP/1.1\r\n\r\n".encode()).decode()
        assert answer.startswith(f"HTTP/1.1 502 {authority} cannot be reached: {reason}\r\n")
        assert answer.endswith(f"mockserver: {authority} cannot be reached: {reason}\n")


def test_https_in_the_open_is_for_the_mock_alone(desk: Desk) -> None:
    desk.open(passthrough=True)
    assert b"send CONNECT" in desk.talk(f"GET https://{REAL}/ HTTP/1.1\r\n\r\n".encode())


def test_open_tunnels_end_with_the_proxy(desk: Desk) -> None:
    desk.open(passthrough=True)
    ended = []
    with server(lambda connection: ended.append(rest(connection))) as port, desk.tunnel(f"{REAL}:{port}") as client:
        desk.settle()
        assert rest(client) == b""
    assert ended == [b""]


def test_a_tunnel_in_which_nothing_moves_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tunnel, "_IDLE", 0.05)
    desk.open(passthrough=True)
    silent: list[bytes] = []
    with server(lambda connection: silent.append(rest(connection))) as port, desk.tunnel(f"{REAL}:{port}") as client:
        assert rest(client) == b""


def test_a_connection_that_is_being_made_ends_with_the_proxy(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tunnel, "_PATIENCE", 60.0)
    desk.open(passthrough=True)
    with socket.socket() as full, socket.socket() as one, socket.socket() as two, desk.connect() as client:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for each in (one, two):  # nobody takes them, so that there is no room for a third
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        client.sendall(f"CONNECT {REAL}:{full.getsockname()[1]} HTTP/1.1\r\n\r\n".encode())
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)
        desk.settle()
        assert not [thread for thread in threading.enumerate() if thread.name == f"mockserver-proxy-{desk.port}"]
