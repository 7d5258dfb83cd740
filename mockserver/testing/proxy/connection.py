"""One client of the proxy: what it asks for, and who answers."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, NamedTuple, cast
from urllib.parse import urlsplit

from mockserver.messages import Request, Response, host_name
from mockserver.testing.loopback.certificates import server_context
from mockserver.testing.loopback.hosts import host_of, is_loopback
from mockserver.testing.loopback.http1 import Head, Malformed, Stream, read_body, read_head, request_of, wants_leave
from mockserver.testing.loopback.serving import Connection
from mockserver.testing.proxy.tally import Tally
from mockserver.testing.proxy.tunnel import Unreachable, Way, relay
from mockserver.testing.proxy.wording import refused_reason, refused_text, shown

_HANDSHAKE = 0x16  # the first byte that a TLS client sends
_SILENCE = 120.0  # seconds after which a client that says nothing, or takes nothing, is given up
_FAREWELL = 1.0  # seconds in which a client that was refused may still be sending
_TEXT = "text/plain; charset=utf-8"
#: Between a client and its proxy alone.
_HOP = frozenset({"proxy-connection", "proxy-authorization", "connection", "keep-alive"})
#: What a client says when it does not take a certificate, whichever library it uses.
_DISTRUST = re.compile(r"ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_\w+|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)")
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+)(:(?P<port>[0-9]{1,5}))?")


class Service(NamedTuple):
    """What all connections of a proxy share. Bodies over `most_body` bytes are not read further."""

    handle: Callable[[Request], Response]
    hosts: frozenset[str]
    passthrough: bool
    most_body: int
    tally: Tally
    port: Callable[[], int]

    def may_pass(self, host: str) -> bool:
        """Whether a host of no API may be called for real."""
        return self.passthrough or is_loopback(host)


class Exact:
    """Reads from a socket what is asked for and not a byte more: whoever comes next finds the rest."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw

    def readline(self, limit: int, /) -> bytes:
        line = b""
        while len(line) < limit and not line.endswith(b"\n"):
            seen = self._raw.recv(limit - len(line), socket.MSG_PEEK)
            if not seen:
                break
            line += self.read(seen.find(b"\n") + 1 or len(seen))
        return line

    def read(self, size: int, /) -> bytes:
        data = bytearray()
        while len(data) < size and (piece := self._raw.recv(min(size - len(data), 1 << 16))):
            data += piece
        return bytes(data)


class Client(Connection):
    """A client that speaks to the proxy: `CONNECT host:port`, or a request with the whole URL."""

    def __init__(self, raw: socket.socket, service: Service) -> None:
        super().__init__(raw)
        self._service = service
        self._way: Way | None = None

    def end(self) -> None:
        super().end()
        if self._way is not None:
            self._way.end()

    def serve(self) -> None:
        self.socket.settimeout(_SILENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._listen(Exact(self.socket))
        except Malformed as error:
            said = f"mockserver: this is an HTTP proxy, and what came is no HTTP/1.1 request to one: {error}\n"
            self._refuse(400, "not an HTTP/1.1 request to a proxy", said)

    def _listen(self, stream: Exact) -> None:
        first = self.socket.recv(1, socket.MSG_PEEK)
        if first and not (first.isalpha() or first in b"\r\n"):  # it may be waiting for us to say something
            tls = "TLS: the URL of the proxy begins with http://" if first[0] == _HANDSHAKE else repr(first)
            raise Malformed(tls)
        while (head := read_head(stream)) is not None:
            if head.method == "CONNECT":
                return self._connect(head)
            if not self._plain(head, stream):
                return None
        return None

    def _plain(self, head: Head, stream: Exact) -> bool:
        """A request with the whole URL. Whether the connection stays open."""
        target = head.target
        if target.startswith("/"):
            target = f"http://{head.headers.get('host', '')}{target}"
        try:
            parts = urlsplit(target)
            host, port = host_of(parts.hostname or ""), parts.port or 80
        except ValueError:
            raise Malformed(repr(target[:80])) from None
        if parts.scheme not in ("http", "https") or not host:
            raise Malformed(repr(target[:80]))
        if host in self._service.hosts:
            head.headers["host"] = parts.netloc.rpartition("@")[2]
            return self._answer(head, stream, parts.scheme)
        if not self._service.may_pass(host):
            self._refuse_host(host)
        elif parts.scheme == "https":
            self._refuse(501, "CONNECT is the way", "mockserver: for https to a real host send CONNECT\n")
        elif (real := self._reach(host, port)) is not None:
            origin = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
            relay(self.socket, real, self.ended, _forwarded(head, origin, parts.netloc.rpartition("@")[2]))
        return False

    def _connect(self, head: Head) -> None:
        authority = _AUTHORITY.fullmatch(head.target)
        if authority is None:
            raise Malformed(f"CONNECT {head.target[:80]}")
        host, port = host_of(authority["host"].strip("[]")), int(authority["port"] or 443)
        if host in self._service.hosts:
            self._agree()
            self._impersonate(host)
        elif not self._service.may_pass(host):
            self._refuse_host(host)
        elif (real := self._reach(host, port)) is not None:
            self._agree()
            relay(self.socket, real, self.ended)

    def _agree(self) -> None:
        self.socket.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")

    def _reach(self, host: str, port: int) -> socket.socket | None:
        """The real host; None when the client was told that it cannot be reached."""
        self._way = Way(host, port)
        try:
            return self._way.open(self._service.port())
        except Unreachable as error:
            said = f"{shown(host)}:{port} cannot be reached: {error.reason}"
            self._refuse(error.status, said, f"mockserver: {said}\n")
            return None

    def run(self) -> None:
        super().run()
        if self._way is not None:
            self._way.close()

    # for a host of an API

    def _impersonate(self, host: str) -> None:
        first = self.socket.recv(1, socket.MSG_PEEK)
        if not first:
            return
        secure = first[0] == _HANDSHAKE
        if secure and not self._shake_hands(host):
            return
        with cast(BinaryIO, self.socket.makefile("rb")) as stream:
            try:
                head = read_head(stream)
            except ConnectionError:
                head = None
            if head is None and secure and not self.ended.is_set():
                self._service.tally.fall_silent(host)
            while head is not None:
                if "://" not in head.target and not head.target.startswith("/"):
                    raise Malformed(repr(head.target[:80]))
                head.headers.setdefault("host", host)
                if not self._answer(head, stream, "https" if secure else "http"):
                    return
                head = read_head(stream)

    def _shake_hands(self, host: str) -> bool:
        try:
            self.secure(server_context(host, exact=True))
            return True
        except ssl.SSLError as error:
            if _DISTRUST.search(error.reason or ""):
                self._service.tally.distrust(host)
            elif isinstance(error, ssl.SSLEOFError) and not self.ended.is_set():
                self._service.tally.fall_silent(host)
        except ConnectionError:
            if not self.ended.is_set():
                self._service.tally.fall_silent(host)
        return False

    def _answer(self, head: Head, stream: Stream, scheme: str) -> bool:
        """The mock's answer. Whether the connection stays open."""
        headers = head.headers
        host = host_name(headers["host"])
        if host_of(host) not in self._service.hosts:
            self._refuse_host(host, 421)
            return False
        self._service.tally.ask(host_of(host))
        if "websocket" in headers.get("upgrade", "").lower():
            self._refuse(501, "no WebSocket here", "mockserver: the mock speaks HTTP, and no WebSocket\n")
            return False
        if wants_leave(head):
            self.go_on()
        most = self._service.most_body
        length = headers.get("content-length", "")
        if length.isdecimal() and len(length) < 19 and int(length) > most:
            body, whole = b"", False  # the engine answers 413 by the header
        else:
            body = read_body(stream, headers, most)
            whole = len(body) <= most
        for name in ("proxy-connection", "proxy-authorization"):
            headers.pop(name, None)
        stays = self.deliver(request_of(head, scheme, body), self._service.handle)
        if stays and not whole:
            self._part()
        return stays and whole

    # refusals

    def _refuse_host(self, host: str, status: int = 403) -> None:
        self._service.tally.refuse(host)
        self._refuse(status, refused_reason(host), refused_text(host, self._service.hosts))

    def _refuse(self, status: int, reason: str, text: str) -> None:
        body = text.encode()
        head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: {_TEXT}\r\nContent-Length: {len(body)}\r\n"
        self.socket.sendall(f"{head}Connection: close\r\n\r\n".encode() + body)
        self._part()

    def _part(self) -> None:
        """End the connection so that the client reads what it was told: what it still sends, unread, would make of the
        proper end a reset, which overtakes the answer."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
            self.socket.settimeout(_FAREWELL)
            while self.socket.recv(1 << 16) and not self.ended.is_set():
                pass


def _forwarded(head: Head, origin: str, host: str) -> bytes:
    """A head as the real host wants it. The body follows as it comes, and the connection ends with the answer."""
    kept = [(name, value) for name, value in head.headers.items() if name not in _HOP and name != "host"]
    lines = [f"{head.method} {origin} {head.version}", f"host: {host}", *(f"{name}: {value}" for name, value in kept)]
    return "\r\n".join([*lines, "connection: close", "", ""]).encode("latin-1")
