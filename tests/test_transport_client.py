"""Many requests over one connection: what is sent, what comes back, and each way in which nothing does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest

from mockserver.exceptions import UsageError
from mockserver.messages import Request
from mockserver.transport import CallFailed, Client, Rate
from mockserver.web.server import ThreadedServer
from tests.test_transport import OK, Peer

GET = Request("GET", "/it")


class Echo:
    """Answers with what was asked, and remembers from which port."""

    def __init__(self) -> None:
        self.ports: list[str] = []

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterator[bytes]:
        self.ports.append(environ["REMOTE_PORT"])
        names = ("HTTP_AUTHORIZATION", "HTTP_ACCEPT_ENCODING", "HTTP_X_TENANT", "QUERY_STRING", "PATH_INFO")
        said = "\n".join(f"{name}={environ.get(name, '')}" for name in names)
        answer = f"{said}\n{environ['wsgi.input'].read().decode()}".encode()
        start("200 OK", [("Content-Length", str(len(answer))), ("X-Method", environ["REQUEST_METHOD"])])
        return iter([answer])


def test_a_connection_is_kept_and_requests_go_out_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    echo = Echo()
    with ThreadedServer(echo) as server, Client(f"{server.url}/base/", headers={"X-Tenant": "acme"}) as client:
        first = client.send(Request("PUT", "/a b", "q=%20", {"authorization": "Bearer t"}, b"body"))
        second = client.send(Request("DELETE", "/c", "", {"x-tenant": "other"}))
        third = client.send(Request("TRACE", "/"))
    assert first.status == 200
    assert first.body.decode().split("\n") == [
        *("HTTP_AUTHORIZATION=Bearer t", "HTTP_ACCEPT_ENCODING=identity", "HTTP_X_TENANT=acme"),
        *("QUERY_STRING=q=%20", "PATH_INFO=/base/a b", "body"),
    ]
    assert b"HTTP_X_TENANT=other" in second.body
    assert [each.header("x-method") for each in (first, second, third)] == ["PUT", "DELETE", "TRACE"]
    assert len(set(echo.ports)) == 1
    assert client.took > 0


def test_a_server_that_closes_each_time_is_called_anew() -> None:
    with Peer(OK) as peer, Client(peer.url) as client:
        assert [client.send(GET).body for _ in range(3)] == [b"ok"] * 3


def test_redirects_are_answers() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with Peer(moved) as peer, Client(peer.url) as client:
        answer = client.send(GET)
    assert (answer.status, answer.header("location")) == (302, "http://127.0.0.1:1/")


@pytest.mark.parametrize(
    ("answer", "why", "said", "begun"),
    [
        (b"", "broken", "the connection was closed without an answer", None),
        (b"SSH-2.0-OpenSSH_9\r\n", "foreign", "what came is no HTTP", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "broken", "in the middle of the body", b"half"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "broken", "in the middle of the body", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + b"x" * 99, "endless", "more than 64 bytes", b"x" * 99),
    ],
)
def test_what_is_no_whole_answer(answer: bytes, why: str, said: str, begun: bytes | None) -> None:
    with Peer(answer) as peer, Client(peer.url, most=64) as client, pytest.raises(CallFailed, match=said) as caught:
        client.send(GET)
    assert caught.value.why == why
    assert caught.value.listening
    assert (caught.value.begun.body if caught.value.begun is not None else None) == begun


@pytest.mark.parametrize(
    ("answer", "why", "begun"),
    [
        (b"", "timeout", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "endless", 200),
    ],
)
def test_who_stays_silent_is_given_up(answer: bytes, why: str, begun: int | None) -> None:
    with (
        Peer(answer, stays=True) as peer,
        Client(peer.url, timeout=0.05) as client,
        pytest.raises(CallFailed, match=r"0\.05 s") as caught,
    ):
        client.send(GET)
    assert (caught.value.why, caught.value.begun.status if caught.value.begun else None) == (why, begun)


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with Client(url) as client, pytest.raises(CallFailed, match="nothing listens at") as caught:
            client.send(GET)
    assert caught.value.why == "down"
    assert not caught.value.listening


def test_no_secure_connection_to_what_speaks_plainly() -> None:
    with (
        Peer(OK) as peer,
        Client(peer.url.replace("http:", "https:"), timeout=5) as client,
        pytest.raises(CallFailed, match="no secure connection") as caught,
    ):
        client.send(GET)
    assert caught.value.why == "insecure"


@pytest.mark.parametrize("url", ["localhost:4010", "ftp://h", "http://", "http://h:0", "http://u:p@h", "http://h/?q=1"])
def test_what_is_no_base_url(url: str) -> None:
    with pytest.raises(UsageError, match="is no base URL"):
        Client(url)


def test_a_rate_is_kept() -> None:
    with Peer(OK) as peer, Client(peer.url, rate=Rate(2, 0.05)) as client:
        began = monotonic()
        for _ in range(5):
            client.send(GET)
        assert monotonic() - began >= 0.1  # two at once, then two after each of two pauses


class Forgetful:
    """A server that answers once on each connection, keeps it open, and hangs up when it is used again."""

    def __init__(self) -> None:
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Forgetful:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                connection.recv(65536)
                connection.sendall(OK)
                connection.recv(65536)


def test_a_kept_connection_that_is_closed_meanwhile_is_made_anew_for_what_may_be_repeated() -> None:
    with Forgetful() as server, Client(server.url) as client:
        assert [client.send(GET).status for _ in range(3)] == [200] * 3
        assert server.connections == 3
        with pytest.raises(CallFailed, match="closed without an answer"):
            client.send(Request("POST", "/it", "", {}, b"x"))
