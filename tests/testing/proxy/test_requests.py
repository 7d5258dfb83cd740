"""What a client may say to the proxy for a host of an API, and what the mock is asked then."""

from __future__ import annotations

import errno
import resource
import socket

import pytest

from mockserver.messages import Request, Response
from mockserver.testing.proxy import connection
from tests.testing.proxy.conftest import Desk, head, rest

GET = b"GET /status?a=1 HTTP/1.1\r\nHost: desk.example\r\n"
LAST = GET + b"Connection: close\r\n\r\n"
POST = b"POST /tickets HTTP/1.1\r\nHost: desk.example\r\nConnection: close\r\n"


def of_call(request: Request) -> tuple[str, str, str]:
    return request.method, request.url, request.body.decode()


def test_a_call_by_https_within_a_tunnel(desk: Desk) -> None:
    desk.open()
    with desk.secure() as client:
        client.sendall(b"POST /tickets/%C3%A9?a=%2F HTTP/1.1\r\nHost: desk.example\r\nContent-Length: 2\r\n\r\n{}")
        assert head(client) == b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n"
    (request,) = desk.requests
    assert of_call(request) == ("POST", "https://desk.example/tickets/%C3%A9?a=%2F", "{}")
    assert desk.settle().asked == {"desk.example": 1}


def test_a_connection_is_kept_and_requests_may_be_sent_ahead(desk: Desk) -> None:
    desk.open()
    desk.answer = lambda request: Response(200, (), request.query.encode())
    with desk.secure() as client:
        for round_ in range(3):
            client.sendall(b"GET /?%d HTTP/1.1\r\nHost: desk.example\r\n\r\n" % round_)
            assert b"Content-Length: 1\r\n" in head(client)
            assert client.recv(1) == b"%d" % round_
        client.sendall(b"GET /?x HTTP/1.1\r\nHost: desk.example\r\n\r\n" + LAST)
        answers = rest(client)
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert answers.index(b"\r\n\r\nx") < answers.index(b"\r\n\r\na=1")


def test_a_call_by_http_has_the_whole_url(desk: Desk) -> None:
    desk.open()
    sent = b"GET http://user:word@desk.example:8080/status HTTP/1.1\r\nHost: elsewhere.example\r\n"
    headers = b"Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic c2VjcmV0\r\n\r\n"
    answers = desk.talk(sent + headers + LAST.replace(b"/status", b"http://zoo.example/status"))
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert [each.url for each in desk.requests] == ["http://desk.example:8080/status", "http://zoo.example/status?a=1"]
    assert not [name for each in desk.requests for name in each.headers if name.startswith("proxy-")]


def test_a_client_that_sends_https_in_the_open_is_understood(desk: Desk) -> None:
    desk.open()
    desk.talk(b"GET https://desk.example/status HTTP/1.1\r\nHost: desk.example\r\nConnection: close\r\n\r\n")
    (request,) = desk.requests
    assert request.url == "https://desk.example/status"


def test_a_tunnel_may_follow_a_call_on_one_connection(desk: Desk) -> None:
    desk.open()
    with desk.connect() as client:
        client.sendall(b"GET http://desk.example/first HTTP/1.1\r\nHost: desk.example\r\n\r\n")
        assert head(client).startswith(b"HTTP/1.1 200 OK")
        assert client.recv(100) == b"the mock\n"
        client.sendall(b"CONNECT desk.example:443 HTTP/1.1\r\n\r\n" + LAST)  # and nobody waits for the answer
        assert head(client).startswith(b"HTTP/1.1 200 Connection established")
        assert head(client).startswith(b"HTTP/1.1 200 OK")
    assert [each.path for each in desk.requests] == ["/first", "/status"]


@pytest.mark.parametrize("authority", ["desk.example:8443", "DESK.example.:443", "zoo.example:443", "desk.example"])
def test_a_host_may_be_written_in_any_way_and_have_any_port(desk: Desk, authority: str) -> None:
    desk.open()
    with desk.tunnel(authority) as client:
        client.sendall(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert rest(client).startswith(b"HTTP/1.1 200 OK")
    (request,) = desk.requests
    assert request.scheme == "http"
    assert request.host in ("desk.example", "zoo.example")


def test_the_host_header_decides_within_a_tunnel(desk: Desk) -> None:
    desk.open()
    with desk.secure() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: eu.desk.example:443\r\n\r\n")
        assert head(client).startswith(b"HTTP/1.1 200 OK")
        client.recv(100)
        client.sendall(b"GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n")
        assert rest(client).startswith(b"HTTP/1.1 421 mockserver answers for no host elsewhere.example\r\n")
    assert [each.host for each in desk.requests] == ["eu.desk.example"]
    assert desk.settle().refused == {"elsewhere.example": 1}


def test_a_client_that_asks_for_leave_gets_it(desk: Desk) -> None:
    desk.open()
    with desk.secure() as client:
        client.sendall(POST + b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert head(client) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"body")
        assert head(client).startswith(b"HTTP/1.1 200 OK")
    assert desk.requests[0].body == b"body"


@pytest.mark.parametrize("secure", [True, False])
def test_chunks_with_trailers(desk: Desk, secure: bool) -> None:
    desk.open()
    with desk.secure() if secure else desk.tunnel() as client:
        client.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\n{\r\n\r\n1\r\n}\r\n0\r\nX-Sum: 1\r\n\r\n")
        assert head(client).startswith(b"HTTP/1.1 200 OK")
    assert desk.requests[0].body == b"{\r\n}"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b"Content-Length: 5000\r\n\r\n" + bytes(5000), 0),
        (b"Content-Length: 5000\r\nExpect: 100-continue\r\n\r\n", 0),
        (b"Transfer-Encoding: chunked\r\n\r\n1000\r\n" + bytes(4096) + b"\r\n0\r\n\r\n", 1001),
    ],
)
def test_a_body_over_the_limit_is_not_read_and_the_answer_arrives_all_the_same(
    desk: Desk, sent: bytes, read: int
) -> None:
    desk.open(most_body=1000)
    desk.answer = lambda request: Response(413, (), b"too large")
    with desk.secure() as client:
        client.sendall(POST.replace(b"Connection: close\r\n", b"") + sent)
        assert rest(client).endswith(b"too large")
    assert len(desk.requests[0].body) == read


def test_only_http_1_1_is_offered(desk: Desk) -> None:
    desk.open()
    with desk.secure(set_alpn_protocols=["h2", "http/1.1"]) as client:
        assert client.selected_alpn_protocol() == "http/1.1"
    with desk.secure(set_alpn_protocols=["h2"]) as client:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert rest(client).startswith(b"HTTP/1.1 400 ")
    assert desk.requests == []


def test_an_offer_to_speak_something_else_is_passed_over(desk: Desk) -> None:
    desk.open()
    with desk.tunnel() as client:
        client.sendall(GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n" + LAST)
        assert rest(client).count(b"HTTP/1.1 200 OK") == 2


def test_a_websocket_is_refused_in_words(desk: Desk) -> None:
    desk.open()
    with desk.secure() as client:
        client.sendall(GET + b"Connection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: x\r\n\r\n")
        answer = rest(client)
    assert answer.startswith(b"HTTP/1.1 501 no WebSocket here\r\n")
    assert answer.endswith(b"the mock speaks HTTP, and no WebSocket\n")
    assert desk.requests == []


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"\x16\x03\x01\x00\x05hello", b"TLS: the URL of the proxy begins with http://"),
        (b"\x05\x01\x00", b"no HTTP/1.1 request"),
        (b"nonsense\r\n\r\n", b"nonsense"),
        (b"CONNECT desk.example:https HTTP/1.1\r\n\r\n", b"CONNECT desk.example:https"),
        (b"CONNECT / HTTP/1.1\r\n\r\n", b"CONNECT /"),
        (b"GET ftp://desk.example/ HTTP/1.1\r\n\r\n", b"ftp://desk.example/"),
        (b"GET http://[desk/ HTTP/1.1\r\n\r\n", b"http://[desk/"),
        (b"GET http://desk.example:99999/ HTTP/1.1\r\n\r\n", b"99999"),
        (b"GET http:///status HTTP/1.1\r\n\r\n", b"http:///status"),
        (b"GET http://desk.example/ HTTP/2.0\r\n\r\n", b"HTTP/2.0"),
        (b"GET http://desk.example/ HTTP/1.1\r\nno colon\r\n\r\n", b"no colon"),
        (b"GET http://desk.example/ HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"Content-Length: many"),
        (b"GET http://desk.example/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", b"a chunk without its size"),
        (b"G" * 70_000 + b"\r\n\r\n", b"GGG"),
    ],
)
def test_garbage_is_answered_in_words(desk: Desk, sent: bytes, said: bytes) -> None:
    desk.open()
    answer = desk.talk(sent)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert said in answer.partition(b"\r\n\r\n")[2]
    assert desk.requests == []
    assert desk.talk(LAST).startswith(b"HTTP/1.1 200 OK"), "the next client is served"


@pytest.mark.parametrize("sent", [b"", b"CONN", b"GET http://desk.example/ HTTP/1.1\r\nHost:", POST + b"\r\n"[:1]])
def test_half_a_request_is_none(desk: Desk, sent: bytes) -> None:
    desk.open()
    with desk.connect() as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        assert b" 200 " not in rest(client)
    with desk.secure() as secure:
        secure.sendall(POST + b"Content-Length: 10\r\n\r\nhalf")
    desk.settle()
    assert desk.requests == []


def test_stalled_clients_end_with_the_proxy(desk: Desk) -> None:
    desk.open()
    clients = [desk.connect(), desk.connect(), desk.tunnel(), desk.tunnel(), desk.secure(), desk.secure()]
    clients[1].sendall(b"CONNECT desk.example:443 HTTP/1.1\r\nHost")
    clients[3].sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a handshake
    clients[5].sendall(POST + b"Content-Length: 10\r\n\r\nhalf")
    desk.settle()
    for client in clients:
        client.settimeout(5)
        try:
            assert rest(client) == b""
        except OSError:
            pass  # it was reset, or TLS misses its proper end
        client.close()
    assert desk.requests == []
    with pytest.raises(ConnectionRefusedError):
        desk.connect()


def test_a_client_that_stalls_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_SILENCE", 0.05)
    desk.open()
    with desk.connect() as nothing, desk.tunnel() as tunnel, desk.secure() as secure:
        tunnel.sendall(b"GET / HTTP/1.1\r\nHost")
        for client in (nothing, tunnel, secure):
            assert rest(client) == b""
    proxy = desk.settle()
    assert proxy.untrusted == {}, "to be silent is no distrust"


def test_too_many_open_files_are_no_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [OSError(errno.EMFILE, "too many open files")] * 2
    accept = socket.socket.accept

    def flaky(listening: socket.socket) -> object:
        if failures:
            raise failures.pop()
        return accept(listening)

    monkeypatch.setattr(socket.socket, "accept", flaky)
    desk.open()
    assert desk.talk(LAST).startswith(b"HTTP/1.1 200 OK")
    assert not failures


def test_a_thousand_clients_at_once(desk: Desk) -> None:
    desk.open()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4096), hard), hard))
    clients = []
    try:
        clients = [desk.connect() for _ in range(1000)]
        for client in clients:
            client.sendall(b"CONNECT desk.example:443 HTTP/1.1\r\n\r\n" + GET + b"\r\n")
        for client in clients:
            assert head(client).startswith(b"HTTP/1.1 200 Connection established")
            assert head(client).startswith(b"HTTP/1.1 200 OK")
    finally:
        desk.settle()
        for client in clients:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(desk.requests) == 1000
