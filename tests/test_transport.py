"""Requests over a real socket: to a server that answers, and to all that does not."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from mockserver import __version__
from mockserver.exceptions import TransportError, UsageError
from mockserver.messages import Request
from mockserver.transport import Line, send

TLS = 0x16  # how a handshake begins
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Peer:
    """A socket that takes connections and answers each with the same bytes, whatever is asked. `asked` is what was."""

    def __init__(self, answer: bytes, *, stays: bool = False) -> None:
        self.asked: list[bytes] = []
        self._answer, self._stays = answer, stays
        self._ends = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Peer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.asked.append(_whole(connection))
                connection.sendall(self._answer)
                if self._stays:
                    self._ends.wait(10)


def _whole(connection: socket.socket) -> bytes:
    """A request with its body, however many pieces it comes in; of what is no HTTP the first piece."""
    asked = b""
    while piece := connection.recv(65536):
        asked += piece
        head, blank, body = asked.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if asked[0] == TLS or (blank and len(body) >= (int(length[1]) if length else 0)):
            break
    return asked


@contextmanager
def dead_url() -> Iterator[str]:
    """A port that belongs to somebody who does not listen."""
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{owner.getsockname()[1]}"


def test_what_is_asked_is_what_is_sent() -> None:
    with Peer(OK) as peer:
        request = Request("POST", "/a b/ü%2F", "q=1&r=%20", {"x-one": "1", "host": "api.example"}, b"\x00body")
        answer = send(request, peer.url + "/base/")
    head, _, body = peer.asked[0].partition(b"\r\n\r\n")
    first, *headers = head.decode().split("\r\n")
    assert (answer.status, answer.body) == (200, b"ok")
    assert first == "POST /base/a%20b/%C3%BC%252F?q=1&r=%20 HTTP/1.1"
    assert {name.lower(): value for name, _, value in (line.partition(": ") for line in headers)} == {
        "host": "api.example",
        "user-agent": f"mockserver/{__version__}",
        "accept-encoding": "identity",
        "content-length": "5",
        "x-one": "1",
    }
    assert body == b"\x00body"


def test_the_answer_comes_back_as_it_was() -> None:
    packed = b"\x1f\x8b not unpacked"
    head = (
        b"HTTP/1.1 418 T\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked"
    )
    with Peer(head + b"\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)) as peer:
        answer = send(Request("GET", "/"), peer.url)
    assert (answer.status, answer.body) == (418, packed)
    assert [value for name, value in answer.headers if name == "Set-Cookie"] == ["a=1", "b=2"]


def test_no_redirect_is_followed() -> None:
    with Peer(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n") as peer:
        assert send(Request("GET", "/"), peer.url).header("location") == "/elsewhere"
    assert len(peer.asked) == 1


def test_no_proxy_of_the_environment_stands_between(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with Peer(OK) as peer:
        assert send(Request("GET", "/"), peer.url).status == 200


def test_nobody_listens() -> None:
    with dead_url() as url, pytest.raises(TransportError, match=r"^nothing listens at http://127") as caught:
        send(Request("GET", "/"), url)
    assert not caught.value.listening


def test_a_host_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(TransportError, match=r"the host of http://nowhere\.invalid is not known") as caught:
        send(Request("GET", "/"), "http://nowhere.invalid")
    assert not caught.value.listening


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_somebody_who_never_ends_his_answer(sent: bytes) -> None:
    with (
        Peer(sent, stays=True) as peer,
        pytest.raises(TransportError, match=r"no answer from \S+ within 0.05 s") as caught,
    ):
        send(Request("GET", "/"), peer.url, timeout=0.05)
    assert caught.value.listening


def test_a_body_that_goes_on_and_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mockserver.transport.sending._MOST_BYTES", 1000)
    with Peer(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001) as peer, pytest.raises(TransportError, match="more than 1000"):
        send(Request("GET", "/"), peer.url)


def test_a_body_that_drips(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(range(0, 1000, 7))
    monkeypatch.setattr("mockserver.transport.sending.monotonic", lambda: next(times))
    with Peer(OK) as peer, pytest.raises(TransportError, match="had not ended after 5 s"):
        send(Request("GET", "/"), peer.url, timeout=5)


@pytest.mark.parametrize(
    "sent",
    [
        b"",  # hangs up
        b"220 mail.example ESMTP ready\r\n",
        b"\x15\x03\x03\x00\x02\x02\x46",  # an alert of TLS
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
    ],
)
def test_what_is_no_http(sent: bytes) -> None:
    with Peer(sent) as peer, pytest.raises(TransportError, match=r"does not speak HTTP: .") as caught:
        send(Request("GET", "/"), peer.url)
    assert "\n" not in str(caught.value)


def test_https_where_there_is_none() -> None:
    with Peer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as peer:
        url = peer.url.replace("http", "https", 1)
        with pytest.raises(TransportError, match=f"no secure connection to {url}"):
            send(Request("GET", "/"), url)


@pytest.mark.parametrize(
    "url",
    [
        *("", "127.0.0.1:4010", "localhost", "ftp://127.0.0.1", "http://", "http://127.0.0.1:port", "http://h:99999"),
        *("http://h:0", "http://[::1", "http://h/?a=b", "http://h/#x", "http://" + "x" * 300),
    ],
)
def test_what_is_no_base_url(url: str) -> None:
    with pytest.raises(UsageError, match=r"is no base URL \(write it as http://127.0.0.1:4010\)"):
        send(Request("GET", "/"), url)


@pytest.mark.parametrize(
    "request_of",
    [
        lambda: Request("GET", "/", headers={"x": "a\r\nb: c"}),
        lambda: Request("GET", "/", headers={"x": "€"}),
        lambda: Request("GET\r\n", "/"),
    ],
)
def test_what_cannot_be_sent_is_not(request_of: Callable[[], Request]) -> None:
    with Peer(OK) as peer, pytest.raises(UsageError, match=r"^the request cannot be sent: "):
        send(request_of(), peer.url)


class TestLine:
    """A connection that is kept, to one URL."""

    def test_what_is_posted_is_what_was_given(self) -> None:
        with Peer(OK) as peer:
            line = Line(f"{peer.url}/a b?q=1")
            reply = line.post({"X-One": "1"}, b"{}", 5)
            line.close()
        assert (reply.response.status, reply.response.body, reply.notes) == (200, b"ok", ())
        assert peer.asked == [
            b"POST /a%%20b?q=1 HTTP/1.1\r\nhost: %s\r\nX-One: 1\r\ncontent-length: 2\r\n\r\n{}"
            % peer.url.removeprefix("http://").encode()
        ]

    def test_a_connection_that_was_closed_meanwhile_is_replaced(self) -> None:
        with Peer(OK) as peer:  # it closes after each answer, without a word
            line = Line(peer.url)
            replies = [line.post({}, b"%d" % number, 5) for number in range(5)]
            line.close()
        assert [reply.response.status for reply in replies] == [200] * 5
        assert [asked.rpartition(b"\r\n")[2] for asked in peer.asked] == [b"0", b"1", b"2", b"3", b"4"]

    def test_a_head_in_small_pieces_has_one_deadline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        times = iter(range(100))
        monkeypatch.setattr("mockserver.transport.line.monotonic", lambda: next(times) / 2)
        head = b"HTTP/1.1 200 OK\r\n"
        with Peer(head, stays=True) as peer:
            line = Line(peer.url)
            with pytest.raises(TransportError, match=r"had begun but not ended .* within 2 s"):
                line.post({}, b"", 2)
            line.close()

    def test_nobody_listens(self) -> None:
        with dead_url() as url, pytest.raises(TransportError, match=r"nothing listens at .*refused") as caught:
            Line(url).post({}, b"", 5)
        assert not caught.value.listening

    def test_a_connection_that_is_closed_from_elsewhere(self) -> None:
        with Peer(b"", stays=True) as peer:
            line = Line(peer.url)

            def close() -> None:
                assert _until(lambda: bool(peer.asked))
                line.close()

            closing = threading.Thread(target=close)
            closing.start()
            with pytest.raises(TransportError):
                line.post({}, b"", 10)
            closing.join(10)

    def test_a_connection_that_is_closed_while_it_is_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Peer(OK) as peer:
            line = Line(peer.url)
            connected = line._connected

            def close_then(end: float) -> socket.socket:
                connection = connected(end)
                line.close()
                return connection

            monkeypatch.setattr(line, "_connected", close_then)
            with pytest.raises(TransportError, match="was closed by the mock"):
                line.post({}, b"", 5)
        assert peer.asked in ([], [b""])

    def test_an_answer_that_comes_before_the_message_is_through_counts(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:

            def refuse() -> None:
                connection, _ = server.accept()
                with connection:
                    connection.recv(100)
                    connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")

            refusing = threading.Thread(target=refuse)
            refusing.start()
            line = Line(f"http://127.0.0.1:{server.getsockname()[1]}/")
            reply = line.post({}, b"x" * 30_000_000, 10)
            line.close()
            refusing.join(10)
        assert reply.response.status == 413
        assert reply.notes == ("the receiver answered before all of the message was sent",)

    def test_a_name_of_this_machine_that_leads_elsewhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 80))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        line = Line("http://hooks.localhost/", remote=False)
        with pytest.raises(TransportError, match=r"^hooks.localhost leads to 10.0.0.1, which is not this machine"):
            line.post({}, b"", 5)

    @pytest.mark.parametrize(
        "headers",
        [
            *({"x": "a\r\nb: c"}, {"x y": "1"}, {"x": "€"}, {"": "1"}, {"Host": "elsewhere"}),
            *({"content-length": "0"}, {"Transfer-Encoding": "chunked"}, {"connection": "close"}),
        ],
    )
    def test_headers_that_cannot_be_sent(self, headers: dict[str, str]) -> None:
        with pytest.raises(UsageError, match="header"):
            Line("http://127.0.0.1:1").post(headers, b"", 5)

    @pytest.mark.parametrize(
        "url", ["", "127.0.0.1:80", "ftp://h", "http://", "http://h:port", "http://h:0", "http://[::1"]
    )
    def test_what_is_no_url(self, url: str) -> None:
        with pytest.raises(UsageError, match="no URL that can be called"):
            Line(url)


def _until(condition: Callable[[], bool]) -> bool:
    pause = threading.Event()
    return any(condition() or pause.wait(0.01) for _ in range(1000))
