"""Faults on a real socket, as the clients of others see them: under waitress, and under `serve`."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import requests

from mockserver.engine.faults import Delay, FaultOrder
from mockserver.state.clock import Stopwatch
from mockserver.web.app import create_app
from mockserver.web.server import ThreadedServer
from tests.mocks import DESK, Mock, serve
from tests.served import Served, surroundings

HEADERS = {"Authorization": "Bearer test"}
REQUEST = b"GET /desk/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer test\r\n\r\n"


class Door:
    """A mock that is served: `order` sets a fault, however it is done there."""

    def __init__(self, url: str, order: Callable[..., Any]) -> None:
        self.url, self.order = url, order
        self.tickets = f"{url}/desk/tickets"
        target = urlsplit(url)
        self.address = (str(target.hostname), target.port or 0)

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=10)

    def raw(self, request: bytes = REQUEST) -> bytes:
        """All that comes until the connection ends; raises what ends it."""
        with self.connect() as connection:
            connection.sendall(request)
            got = b""
            while chunk := connection.recv(65536):
                got += chunk
            return got

    def works(self) -> bool:
        return requests.get(self.tickets, headers=HEADERS, timeout=10).status_code == 200


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Mock, ThreadedServer]]:
    mock = serve(DESK, start=None)
    with ThreadedServer(create_app(mock.engine)) as server:
        yield mock, server


@pytest.fixture(scope="module")
def process() -> Iterator[Served]:
    served = Served([str(DESK)], surroundings())
    yield served
    served.close()


@pytest.fixture(params=["waitress", "granian"])
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    if request.param == "waitress":
        mock, server = request.getfixturevalue("running")
        mock.engine.reset()
        yield Door(server.url, lambda **given: mock.engine.faults.add(FaultOrder("desk", **given)))
        return
    url = request.getfixturevalue("process").url
    requests.post(f"{url}/__admin/reset", timeout=10)

    def order(delay: Delay | None = None, **given: Any) -> None:
        body = {"api": "desk", **given, **({"delay": delay.as_json()} if delay else {})}
        assert requests.post(f"{url}/__admin/faults", json=body, timeout=10).status_code == 201

    yield Door(url, order)


def test_a_reset_is_one(door: Door) -> None:
    door.order(fault="CONNECTION_RESET_BY_PEER")
    with pytest.raises(ConnectionResetError):
        door.raw()
    assert door.works()


def test_an_empty_response_is_a_proper_end_without_a_byte(door: Door) -> None:
    door.order(fault="EMPTY_RESPONSE", times=2)
    assert door.raw() == b""
    with pytest.raises(requests.ConnectionError, match="without response"):
        requests.get(door.tickets, headers=HEADERS, timeout=10)
    assert door.works()


def test_random_data_is_no_http(door: Door) -> None:
    door.order(fault="RANDOM_DATA_THEN_CLOSE", times=2)
    got = door.raw()
    assert got
    assert b"HTTP" not in got
    connection = http.client.HTTPConnection(*door.address, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", "/desk/tickets", headers=HEADERS)
        with pytest.raises(http.client.BadStatusLine):
            connection.getresponse()
    assert door.works()


def test_a_malformed_chunk_follows_a_good_head(door: Door) -> None:
    door.order(fault="MALFORMED_RESPONSE_CHUNK", times=3)
    head, _, body = door.raw().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"transfer-encoding: chunked" in head.lower()
    assert body
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(door.tickets, headers=HEADERS, timeout=10)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(door.tickets, headers=HEADERS, timeout=10)
    assert door.works()


def test_a_client_that_waits_for_nothing_gives_up_by_itself(door: Door) -> None:
    door.order(fault="TIMEOUT")
    with pytest.raises(requests.ReadTimeout):
        requests.get(door.tickets, headers=HEADERS, timeout=0.1)
    assert door.works()


def test_a_body_comes_in_drops(door: Door) -> None:
    door.order(fault="SLOW_DRIP", delay=Delay.fixed(0.3))
    began = Stopwatch.read()
    with door.connect() as connection:
        connection.sendall(REQUEST)
        head = connection.recv(65536)
        pieces = 1
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        body = head.partition(b"\r\n\r\n")[2]
        while len(body) < length:
            body += connection.recv(65536)
            pieces += 1
    assert pieces > 5
    assert Stopwatch.read() - began >= 0.25
    assert door.works()


def test_a_delay_is_a_delay(door: Door) -> None:
    door.order(delay=Delay.fixed(0.2), times=1)
    began = Stopwatch.read()
    assert door.works()
    assert Stopwatch.read() - began >= 0.2


@pytest.mark.parametrize("fault", ["CONNECTION_RESET_BY_PEER", "EMPTY_RESPONSE"])
def test_connections_of_others_live_on(door: Door, fault: str) -> None:
    sessions = [requests.Session() for _ in range(5)]
    for session in sessions:
        assert session.get(door.tickets, headers=HEADERS, timeout=10).status_code == 200
    before = [session.get(door.tickets, headers=HEADERS, timeout=10, stream=True) for session in sessions]
    own = [_own_port(answer) for answer in before]
    for answer in before:
        answer.content  # noqa: B018  # read, so that the connection is free
    door.order(fault=fault, times=3)
    for _ in range(3):
        with contextlib.suppress(ConnectionResetError):
            assert door.raw() == b""
    after = [session.get(door.tickets, headers=HEADERS, timeout=10, stream=True) for session in sessions]
    assert [_own_port(answer) for answer in after] == own
    for answer in after:
        answer.content  # noqa: B018
    for session in sessions:
        session.close()


def _own_port(answer: requests.Response) -> int:
    connection: Any = answer.raw.connection
    return int(connection.sock.getsockname()[1])


@pytest.mark.parametrize("fault", ["CONNECTION_RESET_BY_PEER", "MALFORMED_RESPONSE_CHUNK", "RANDOM_DATA_THEN_CLOSE"])
def test_no_client_takes_it_for_an_answer_while_others_call(door: Door, fault: str) -> None:
    door.order(fault=fault, times=20)
    over = threading.Event()
    wrong: list[int] = []

    def call_on() -> None:
        with requests.Session() as session:
            while not over.is_set():
                answer = session.get(f"{door.url}/@other/desk/tickets", headers=HEADERS, timeout=10)
                wrong.extend([answer.status_code] if answer.status_code != 200 else [])

    others = [threading.Thread(target=call_on) for _ in range(3)]
    for other in others:
        other.start()
    try:
        for _ in range(20):
            with pytest.raises(requests.RequestException):
                requests.get(door.tickets, headers=HEADERS, timeout=10)
    finally:
        over.set()
        for other in others:
            other.join()
    assert wrong == []
    assert door.works()


def test_a_server_that_nobody_knows_drips_and_else_gives_no_answer(running: tuple[Mock, ThreadedServer]) -> None:
    mock, _ = running
    mock.engine.reset()
    client = create_app(mock.engine).test_client()
    mock.engine.faults.add(FaultOrder("desk", fault="SLOW_DRIP", delay=Delay.fixed(0.01)))
    assert isinstance(client.get("/desk/tickets", headers=HEADERS).get_json(), dict)
    mock.engine.faults.add(FaultOrder("desk", fault="EMPTY_RESPONSE"))
    with pytest.raises(ConnectionAbortedError, match="EMPTY_RESPONSE"):
        client.get("/desk/tickets", headers=HEADERS)


def test_faults_leave_neither_descriptors_nor_threads(running: tuple[Mock, ThreadedServer]) -> None:
    mock, server = running
    mock.engine.reset()
    mock.engine.faults.add(FaultOrder("desk", fault="CONNECTION_RESET_BY_PEER", times=30))
    door = Door(server.url, lambda: None)
    assert _descriptors() is not None
    before = _descriptors()
    for _ in range(30):
        with pytest.raises(ConnectionResetError):
            door.raw()
    _join_faults()
    assert door.works()
    assert _descriptors() <= before + 3


def test_what_hangs_ends_with_the_server() -> None:
    mock = serve(DESK, start=None)
    mock.engine.faults.add(FaultOrder("desk", fault="TIMEOUT", times=None))
    with ThreadedServer(create_app(mock.engine)) as server:
        connection = Door(server.url, lambda: None).connect()
        connection.sendall(REQUEST)
        while not len(mock.engine.journal):
            threading.Event().wait(0.001)
    with connection:
        assert connection.recv(10) == b""
    _join_faults()


def _descriptors() -> int:
    folder = Path("/proc/self/fd") if Path("/proc/self/fd").is_dir() else Path("/dev/fd")
    return len(os.listdir(folder))  # noqa: PTH208  # a count, no paths


def _join_faults() -> None:
    for thread in threading.enumerate():
        if thread.name == "mockserver-fault":
            thread.join(10)
            assert not thread.is_alive()
