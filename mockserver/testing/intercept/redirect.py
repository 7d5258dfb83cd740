"""The way of a connection to an intercepted host, whichever library makes it: its name leads to an address that does
not exist, a connection to that address is made to our listener, and the handshake there trusts our authority."""

from __future__ import annotations

import errno
import socket
import ssl
import urllib.request
from collections.abc import Callable
from typing import Any

from mockserver.testing.intercept.layers import layers
from mockserver.testing.intercept.listener import listener
from mockserver.testing.intercept.patches import Patch
from mockserver.testing.loopback.certificates import client_context
from mockserver.testing.loopback.hosts import host_of

#: Stands for every intercepted host between the look-up of its name and the connection. Nothing listens there.
SENTINEL = "127.77.0.1"
_SENTINELS = {SENTINEL, f"::ffff:{SENTINEL}"}


def make_patches(noticed: Callable[[], None]) -> list[Patch]:
    """The patches, not yet installed. `noticed` is called for every name that leads to the mock."""

    def getaddrinfo(patch: Patch) -> Any:
        def getaddrinfo(
            host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
        ) -> list[Any]:
            name = host_of(host)
            if patch.active and not flags & (socket.AI_PASSIVE | socket.AI_NUMERICHOST):
                if layers.owner(name) is not None:
                    noticed()
                    host = f"::ffff:{SENTINEL}" if family == socket.AF_INET6 else SENTINEL
                elif type in (0, socket.SOCK_STREAM) and (refusal := layers.refusal(name)) is not None:
                    raise refusal
            found: list[Any] = patch.before(host, port, family, type, proto, flags)
            if patch.active:
                layers.looked_up(name, (each[4][0] for each in found))
            return found

        return getaddrinfo

    def connect(patch: Patch) -> Any:
        def connect(self: socket.socket, address: Any) -> None:
            patch.before(self, _aim(self, address) if patch.active else address)

        return connect

    def connect_ex(patch: Patch) -> Any:
        def connect_ex(self: socket.socket, address: Any) -> int:
            try:
                aim = _aim(self, address) if patch.active else address
            except ConnectionRefusedError as error:
                return error.errno or errno.ECONNREFUSED
            return int(patch.before(self, aim))

        return connect_ex

    def wrap_socket(patch: Patch) -> Any:
        def wrap_socket(
            self: ssl.SSLContext,
            sock: socket.socket,
            server_side: bool = False,
            do_handshake_on_connect: bool = True,
            suppress_ragged_eofs: bool = True,
            server_hostname: Any = None,
            session: Any = None,
        ) -> ssl.SSLSocket:
            if patch.active and not server_side and layers.owner(host_of(server_hostname)) is not None:
                self, session = client_context(self), None
            wrapped: ssl.SSLSocket = patch.before(
                self, sock, server_side, do_handshake_on_connect, suppress_ragged_eofs, server_hostname, session
            )
            return wrapped

        return wrap_socket

    def wrap_bio(patch: Patch) -> Any:
        def wrap_bio(
            self: ssl.SSLContext,
            incoming: ssl.MemoryBIO,
            outgoing: ssl.MemoryBIO,
            server_side: bool = False,
            server_hostname: Any = None,
            session: Any = None,
        ) -> ssl.SSLObject:
            if patch.active and not server_side and layers.owner(host_of(server_hostname)) is not None:
                self, session = client_context(self), None
            wrapped: ssl.SSLObject = patch.before(self, incoming, outgoing, server_side, server_hostname, session)
            return wrapped

        return wrap_bio

    def proxy_bypass(patch: Patch) -> Any:
        def proxy_bypass(host: str, *more: Any) -> Any:
            if patch.active and layers.owner(host_of(host.rpartition(":")[0] or host)) is not None:
                return True
            return patch.before(host, *more)

        return proxy_bypass

    return [
        Patch(socket, "getaddrinfo", getaddrinfo),
        Patch(socket.socket, "connect", connect),
        Patch(socket.socket, "connect_ex", connect_ex),
        Patch(ssl.SSLContext, "wrap_socket", wrap_socket),
        Patch(ssl.SSLContext, "wrap_bio", wrap_bio),
        Patch(urllib.request, "proxy_bypass", proxy_bypass),
    ]


def _aim(sock: socket.socket, address: Any) -> Any:
    """Where a connection really goes. Raises ConnectionRefusedError for a host that is not to be called."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple) or not address:
        return address
    host = host_of(address[0])
    if host in _SENTINELS or layers.owner(host) is not None:
        if not layers.open:
            return address
        if sock.family == socket.AF_INET6:
            return ("::ffff:127.0.0.1", listener().port, *address[2:])
        return ("127.0.0.1", listener().port)
    if sock.type & socket.SOCK_STREAM and (refusal := layers.refusal(host)) is not None:
        raise refusal
    return address
