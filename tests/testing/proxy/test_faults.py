"""Faults of the network, through the proxy: the client meets what it would meet."""

from __future__ import annotations

import pytest
import requests

from mockserver.messages import Faulted, Response
from tests.testing.proxy.conftest import Desk, rest

ANSWER = Response(200, (("Content-Type", "application/json"),), b'{"tickets": []}')
FAULTS = {
    "CONNECTION_RESET_BY_PEER": requests.ConnectionError,
    "EMPTY_RESPONSE": requests.ConnectionError,
    "MALFORMED_RESPONSE_CHUNK": requests.exceptions.ChunkedEncodingError,
    "RANDOM_DATA_THEN_CLOSE": requests.ConnectionError,
    "TIMEOUT": requests.ReadTimeout,
}


def fetch(desk: Desk, url: str, timeout: float = 10) -> requests.Response:
    proxy = desk.proxies[-1]
    with requests.Session() as session:
        session.trust_env = False
        proxies = {"http": proxy.url, "https": proxy.url}
        return session.get(url, proxies=proxies, verify=proxy.environment["DENO_CERT"], timeout=timeout)


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_client_meets(desk: Desk, fault: str, scheme: str) -> None:
    desk.open()
    desk.answer = lambda _: Faulted.of(ANSWER, fault)
    with pytest.raises(FAULTS[fault]):
        fetch(desk, f"{scheme}://desk.example/tickets", timeout=0.2 if fault == "TIMEOUT" else 10)
    desk.answer = lambda _: ANSWER
    assert fetch(desk, f"{scheme}://desk.example/tickets").json() == {"tickets": []}


def test_an_answer_in_drops_arrives(desk: Desk) -> None:
    desk.open()
    desk.answer = lambda _: Faulted.of(ANSWER, "SLOW_DRIP", 0.05)
    assert fetch(desk, "https://desk.example/tickets").json() == {"tickets": []}


def test_who_is_kept_waiting_is_let_go_when_the_proxy_ends(desk: Desk) -> None:
    desk.open()
    desk.answer = lambda _: Faulted.of(ANSWER, "TIMEOUT")
    with desk.tunnel() as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        desk.settle()
        assert rest(client) == b""


def test_a_reset_is_one_on_the_socket(desk: Desk) -> None:
    desk.open()
    desk.answer = lambda _: Faulted.of(ANSWER, "CONNECTION_RESET_BY_PEER")
    with desk.tunnel() as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            rest(client)
