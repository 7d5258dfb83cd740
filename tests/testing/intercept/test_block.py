"""`block=True`: every other host is refused by the client library's own error, which explains."""

from __future__ import annotations

import asyncio
import socket
import urllib.error
from typing import Any

import aiohttp
import httpx
import pytest
import requests
import urllib3

from mockserver.testing.intercept import intercept
from tests.mocks import DESK
from tests.testing.intercept.clients import CLIENTS, Client

NAME = str(DESK)
OWN = {
    "requests": requests.ConnectionError,
    "urllib3": urllib3.exceptions.NewConnectionError,
    "urllib": urllib.error.URLError,
    "http.client": ConnectionRefusedError,
    "httpx": httpx.ConnectError,
    "httpx-async": httpx.ConnectError,
    "aiohttp": aiohttp.ClientConnectorError,
}


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize("url", ["https://elsewhere.example/x", "http://192.0.2.7/x"])
def test_other_hosts_are_refused(name: str, url: str) -> None:
    host = url.split("/")[2]
    with intercept(NAME, block=True), pytest.raises(OWN[name]) as caught:
        CLIENTS[name]("GET", url, {})
    error: BaseException | None = caught.value
    if (name, host) == ("httpx-async", "192.0.2.7"):  # anyio words it itself, and has ours as the cause
        while error is not None and not isinstance(error, ConnectionRefusedError):
            error = error.__cause__ or error.__context__
    said = str(error)
    assert f"block=True) at {__file__}:" in said
    assert f"lets no call out to {host}; it answers for desk (desk.example); allow=['{host}'] would" in said


def test_what_is_intercepted_and_this_machine_are_called(client: Client) -> None:
    with intercept(NAME, block=True) as desk:
        assert client("GET", "https://desk.example/tickets", {"Authorization": "Bearer x"}).status == 200
        assert client("GET", f"{desk.url}/tickets", {"Authorization": "Bearer x"}).status == 200


def test_a_host_may_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[Any] = []

    def getaddrinfo(host: str, port: int, *_: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.9", port))]

    def connect(_: socket.socket, address: Any) -> None:
        called.append(address)
        raise ConnectionRefusedError("nobody is there")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket.socket, "connect", connect)
    with intercept(NAME, block=True, allow=["Elsewhere.example"]):
        with pytest.raises(requests.ConnectionError, match="nobody is there"):
            requests.get("http://elsewhere.example/", timeout=5)
        with pytest.raises(requests.ConnectionError, match=r"lets no call out to 192\.0\.2\.10"):
            requests.get("http://192.0.2.10/", timeout=5)
    assert called == [("192.0.2.9", 80)]


def test_the_innermost_decides() -> None:
    with intercept(NAME, block=True):
        with intercept(NAME), pytest.raises(socket.gaierror):
            socket.getaddrinfo("no-such-host.invalid", 80)
        with pytest.raises(ConnectionRefusedError, match="lets no call out"):
            socket.getaddrinfo("no-such-host.invalid", 80)


def test_asyncio_by_its_own_means_is_refused_and_redirected() -> None:
    async def statuses() -> list[bytes]:
        found = []
        loop = asyncio.get_running_loop()
        for _ in range(2):
            reader, writer = await asyncio.open_connection("desk.example", 443, ssl=True)
            writer.write(b"GET /status HTTP/1.1\r\nHost: desk.example\r\nConnection: close\r\n\r\n")
            found.append((await reader.read()).split(b"\r\n")[0])
            writer.close()
            await writer.wait_closed()
        ((family, kind, _, _, address), *_) = await loop.getaddrinfo("desk.example", 80, type=socket.SOCK_STREAM)
        with socket.socket(family, kind) as raw:
            raw.setblocking(False)
            await loop.sock_connect(raw, address)
            await loop.sock_sendall(raw, b"GET /status HTTP/1.0\r\nHost: desk.example\r\n\r\n")
            found.append((await loop.sock_recv(raw, 1000)).split(b"\r\n")[0])
        with pytest.raises(OSError, match="lets no call out"):
            await asyncio.open_connection("elsewhere.example", 443)
        return found

    with intercept(NAME, block=True):
        assert asyncio.run(statuses()) == [b"HTTP/1.1 200 OK"] * 3


def test_names_addresses_and_datagrams() -> None:
    with intercept(NAME, block=True):
        assert socket.getaddrinfo("desk.example.", 80, socket.AF_INET6, socket.SOCK_STREAM)[0][0] is socket.AF_INET6
        assert socket.getaddrinfo(b"DESK.example", 80)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.connect(("192.0.2.7", 9))  # sends nothing
        with socket.socket() as stream:
            assert stream.connect_ex(("192.0.2.7", 9)) == 111
            assert stream.connect_ex(("desk.example", 80)) == 0
        with socket.create_server(("127.0.0.1", 0)) as own, socket.create_connection(own.getsockname()):
            pass
