from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from mockserver.exceptions import UsageError
from mockserver.messages import Response
from mockserver.web.address import base_url, claim
from mockserver.web.app import create_app
from mockserver.web.server import ThreadedServer


@pytest.fixture
def server(engine: Any) -> Iterator[ThreadedServer]:
    with ThreadedServer(create_app(engine)) as running:
        yield running


def talk(server: ThreadedServer, data: bytes, *, answer: bool = True) -> bytes:
    """Send bytes on a connection of their own; the first bytes of the answer, or hang up at once."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(data)
        return connection.recv(65536) if answer else b""


def test_it_is_ready_when_constructed(server: ThreadedServer, engine: Any) -> None:
    engine.answer = Response(201, (("Content-Type", "application/json"), ("X-One", "1")), b'{"a": 1}')
    answer = requests.post(f"{server.url}/pets/pets?x=1", json={"a": 1}, timeout=5)
    assert (answer.status_code, answer.json(), answer.headers["X-One"]) == (201, {"a": 1}, "1")
    assert engine.requests[0].body == b'{"a": 1}'
    assert requests.get(f"{server.url}/__admin/health", timeout=5).json()["status"] == "ok"


def test_any_number_at_once_each_with_its_own_engine(engine: Any) -> None:
    engines = [type(engine)() for _ in range(5)]
    servers = [ThreadedServer(create_app(each)) for each in engines]
    for number, server in enumerate(servers):
        for _ in range(number):
            requests.get(f"{server.url}/pets/pets", timeout=5)
    assert [len(each.requests) for each in engines] == [0, 1, 2, 3, 4]
    for server in servers:
        server.stop()


def test_stopping_frees_the_port_ends_the_threads_and_may_be_repeated(engine: Any) -> None:
    before = threading.active_count()
    server = ThreadedServer(create_app(engine))
    session = requests.Session()
    session.get(f"{server.url}/pets/pets", timeout=5)  # its connection stays open
    server.stop()
    server.stop()
    session.close()
    assert threading.active_count() == before
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{server.url}/pets/pets", timeout=5)
    with ThreadedServer(create_app(engine), port=server.port) as again:
        assert requests.get(f"{again.url}/pets/pets", timeout=5).status_code == 200


def test_it_stops_while_another_thread_wakes_it(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The descriptor that wakes the server must not be closed while `stop` is still about to write to it."""
    server = ThreadedServer(create_app(engine))
    trigger = server._server.trigger
    pull = trigger._physical_pull

    def pulled_by_a_worker_just_before() -> None:
        pull()
        server._thread.join(0.2)
        pull()

    monkeypatch.setattr(trigger, "_physical_pull", pulled_by_a_worker_just_before)
    server.stop()
    assert trigger._closed


def test_many_start_and_stop_under_load_and_leave_nothing_behind(engine: Any) -> None:
    threads, sockets = threading.active_count(), _open_files()
    for _ in range(30):
        server = ThreadedServer(create_app(engine))
        callers = [threading.Thread(target=_call_until_refused, args=(server,)) for _ in range(3)]
        stoppers = [threading.Thread(target=server.stop) for _ in range(2)]
        for thread in (*callers, *stoppers):
            thread.start()
        for thread in (*callers, *stoppers):
            thread.join(10)
            assert not thread.is_alive()
    assert threading.active_count() <= threads  # one of an earlier test may have ended meanwhile
    assert _open_files() <= sockets


def _call_until_refused(server: ThreadedServer) -> None:
    try:
        while talk(server, b"GET /pets/pets HTTP/1.0\r\n\r\n"):
            pass
    except OSError:
        pass  # it has stopped


def _open_files() -> int:
    """The descriptors of this process; 0 where the system does not tell."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def test_it_says_nothing_on_stderr(server: ThreadedServer, capfd: pytest.CaptureFixture[str]) -> None:
    talk(server, b"nonsense\r\n\r\n")
    talk(server, b"POST /pets/pets HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf", answer=False)
    logging.getLogger("waitress.queue").warning("a deep queue")
    assert capfd.readouterr() == ("", "")


HOSTILE: dict[str, Callable[[ThreadedServer], object]] = {
    "no HTTP": lambda s: talk(s, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    "hangs up in the headers": lambda s: talk(s, b"GET /pets/pets HTT", answer=False),
    "hangs up in the body": lambda s: talk(s, b"POST /x HTTP/1.1\r\nContent-Length: 99\r\n\r\n{", answer=False),
    "hangs up in a chunk": lambda s: talk(
        s, b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n99\r\n{", answer=False
    ),
    "hangs up before the answer": lambda s: talk(s, b"GET /pets/pets HTTP/1.1\r\n\r\n", answer=False),
    "a 200 kB header": lambda s: requests.get(f"{s.url}/pets/pets", headers={"X-Big": "x" * 200_000}, timeout=5),
    "10,000 query pairs": lambda s: requests.get(f"{s.url}/pets/pets?{'a=1&' * 10_000}", timeout=5),
    "a NUL and no UTF-8 in the path": lambda s: talk(s, b"GET /pets/%00%ff%fe HTTP/1.1\r\n\r\n"),
}


@pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_client_does_not_stop_the_service(
    server: ThreadedServer, engine: Any, attack: Callable[[ThreadedServer], object]
) -> None:
    attack(server)
    requests.get(f"{server.url}/after", timeout=5)
    assert engine.requests[-1].path == "/after"
    assert not any(request.body for request in engine.requests), "half a body has acted"


def test_a_body_in_chunks_arrives_whole(server: ThreadedServer, engine: Any) -> None:
    requests.post(f"{server.url}/pets/pets", data=iter([b'{"a":', b" 1}"]), timeout=5)
    assert json.loads(engine.requests[0].body) == {"a": 1}


def test_a_head_request_gets_headers_alone(server: ThreadedServer, engine: Any) -> None:
    engine.answer = Response(200, (("Content-Type", "application/json"), ("Content-Length", "8")))
    answer = talk(server, b"HEAD /pets/pets HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.lower().count(b"content-length: 8") == 1
    assert answer.endswith(b"\r\n\r\n")


class TestAddress:
    def test_a_free_port_is_found(self) -> None:
        ip, port = claim("localhost", 0)
        assert ip == "127.0.0.1"
        assert port > 0

    def test_one_in_use_is_told_apart_before_anything_starts(self) -> None:
        with socket.socket() as taken:
            # As granian listens: without a probe of its own a second server would share the port unnoticed.
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with pytest.raises(UsageError, match=f"port {port} on 127.0.0.1 is in use .*--port"):
                claim("127.0.0.1", port)

    @pytest.mark.parametrize("host", ["no.such.host.invalid", "300.1.1.1", "a" * 300, "192.0.2.1"])
    def test_a_host_that_is_not_here(self, host: str) -> None:
        with pytest.raises(UsageError, match="cannot listen on"):
            claim(host, 0)

    def test_urls_can_be_opened(self) -> None:
        assert base_url("127.0.0.1", 80) == "http://127.0.0.1:80"
        assert base_url("0.0.0.0", 80) == "http://127.0.0.1:80"
        assert base_url("::", 80) == "http://[::1]:80"
