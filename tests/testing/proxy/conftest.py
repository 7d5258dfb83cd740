"""A proxy for desk.example and two more hosts, before a mock that writes down what it is asked."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mockserver.messages import Request, Response
from mockserver.testing.proxy import Proxy

HOSTS = ("desk.example", "eu.desk.example", "Zoo.Example")
ANSWER = Response(200, (("Content-Type", "text/plain"),), b"the mock\n")


class Desk:
    """`requests` are those that came, `answer` makes what they get."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests: list[Request] = []
        self.answer: Callable[[Request], Response] = lambda _: ANSWER
        self.proxies: list[Proxy] = []

    def handle(self, request: Request) -> Response:
        self.requests.append(request)
        return self.answer(request)

    def open(self, *, passthrough: bool = False, most_body: int = 1000) -> Proxy:
        """A proxy; without what the environment of whoever runs the tests says."""
        options = {"inherited": {}, "most_body": most_body, "folder": self.folder, "passthrough": passthrough}
        proxy = Proxy(self.handle, HOSTS, **options)  # type: ignore[arg-type]
        self.proxies.append(proxy)
        return proxy

    @property
    def port(self) -> int:
        return int(self.proxies[-1].url.rpartition(":")[2])

    def connect(self) -> socket.socket:
        """To the latest proxy."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def talk(self, sent: bytes) -> bytes:
        """What the proxy says until it ends the connection."""
        with self.connect() as client:
            client.sendall(sent)
            return rest(client)

    def tunnel(self, authority: str = "desk.example:443") -> socket.socket:
        """A connection on which the proxy has agreed to CONNECT."""
        client = self.connect()
        client.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
        assert head(client).startswith(b"HTTP/1.1 200 "), authority
        return client

    def secure(self, host: str = "desk.example", **options: object) -> ssl.SSLSocket:
        """A tunnel within which TLS is spoken, by a client that trusts nobody but the proxy."""
        context = ssl.create_default_context(cafile=self.proxies[-1].environment["DENO_CERT"])
        for name, value in options.items():
            getattr(context, name)(value)
        return context.wrap_socket(self.tunnel(f"{host}:443"), server_hostname=host)

    def settle(self) -> Proxy:
        """Stop the latest proxy: what its threads were still about to count is counted."""
        proxy = self.proxies[-1]
        proxy.stop()
        return proxy


def head(client: socket.socket) -> bytes:
    """What comes up to an empty line, and not a byte more."""
    found = b""
    while not found.endswith(b"\r\n\r\n") and (byte := client.recv(1)):
        found += byte
    return found


def rest(client: socket.socket) -> bytes:
    found = b""
    while data := client.recv(65536):
        found += data
    return found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    for proxy in desk.proxies:
        proxy.stop()
    names = {f"mockserver-proxy-{proxy.url.rpartition(':')[2]}" for proxy in desk.proxies}
    assert not [thread for thread in threading.enumerate() if thread.name in names], "a thread outlives its proxy"
