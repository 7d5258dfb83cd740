"""A connection to one receiver that is kept from one message to the next."""

from __future__ import annotations

import builtins
import http.client
import io
import re
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from http.client import HTTPResponse
from ipaddress import ip_address
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from mockserver.exceptions import TransportError, UsageError
from mockserver.messages import Response

_CHUNK = 64 * 1024
#: What may stand in a path as it is, beside letters and digits (RFC 3986).
PLAIN_MARKS = "/:@!$&'()*+,;=~-._"
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_BREAK = re.compile(r"[\x00\r\n]")
#: What says where a message ends, and who takes it: that is for the transport to say.
_FRAMING = {
    *("connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "proxy-connection", "te"),
    *("trailer", "transfer-encoding", "upgrade"),
}
_BROKEN = "the connection broke in the middle of the answer's body"


def check_headers(headers: Mapping[str, str]) -> None:
    """Raises UsageError for headers that a `Line` does not send: a name that is none, a value that would end its line,
    or what would say anew where the message ends and who takes it."""
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or _HEADER_BREAK.search(value):
            raise UsageError(f"the header {name[:80]!r} cannot be sent with the value {value[:80]!r}")
        if name.lower() in _FRAMING:
            raise UsageError(f"the header {name!r} is not for you to send", "it follows from the URL and the body")
        try:
            value.encode("latin-1")
        except UnicodeEncodeError:
            raise UsageError(f"the header {name!r} holds characters beyond Latin-1, which cannot be sent") from None


class Reply(NamedTuple):
    """What came back on a `Line`, and what was odd about it, in words."""

    response: Response
    notes: tuple[str, ...] = ()


class Line:
    """A connection to one URL that is kept from one request to the next. For one thread at a time; `close` may come
    from any.

    `post` has one deadline for all of it: looking the host up aside, connecting, TLS, sending, and the head of the
    answer, which cannot be stretched by sending it in small pieces.
    """

    def __init__(self, url: str, *, remote: bool = True) -> None:
        """Unless `remote` no address is called that is not of this machine, whatever the host is called and leads to.
        Raises UsageError for what is no http(s) URL with a host."""
        self.url, self._remote = url, remote
        self._secure, self._host, self._port, self._authority, self._target = _read_url(url)
        self._connection: socket.socket | None = None
        self._closed = False

    def post(self, headers: Mapping[str, str], body: bytes, timeout: float, most: int = 64 * 1024) -> Reply:
        """POST `body`. No proxy, no redirect followed; of the answer's body `most` bytes are read at most, and only
        until the deadline: what was cut is noted, and the connection is closed.

        A kept connection that the receiver has closed meanwhile is replaced by a fresh one. When that is seen only
        after sending, with no byte of an answer, the request is sent once more, which is noted. Raises TransportError
        when no answer comes, UsageError when the headers cannot be sent.
        """
        message = self._head(headers, len(body)) + body
        end = monotonic() + timeout
        if self._is_kept():
            try:
                return self._exchange(message, end, timeout, most)
            except _Unheard:
                note = "the receiver had closed the kept connection: sent again on a fresh one"
            reply = self._fresh(message, end, timeout, most)
            return reply._replace(notes=(note, *reply.notes))
        return self._fresh(message, end, timeout, most)

    def close(self) -> None:
        """End the connection; who waits for an answer on it gets a TransportError."""
        self._closed = True
        connection = self._connection
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def abandon(self) -> None:
        """Let go of a connection that another process has as well, for which it stays as it is."""
        self._closed = True
        self._drop()

    def _is_kept(self) -> bool:
        connection = self._connection
        if connection is None:
            return False
        try:
            connection.settimeout(0)
            connection.recv(1)  # the end, or something that nobody has asked for
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            pass
        self._drop()
        return False

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _fresh(self, message: bytes, end: float, timeout: float, most: int) -> Reply:
        try:
            self._connection = None if self._closed else self._connected(end)
        except _Elsewhere as error:
            said = f"{self._host} leads to {error}, which is not this machine, and nothing is sent there"
            raise TransportError(said) from None
        except socket.gaierror:
            raise TransportError(f"the host of {self.url} is not known", listening=False) from None
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or str(error)
            raise TransportError(f"no secure connection to {self.url}: {reason.replace('_', ' ').lower()}") from None
        except builtins.TimeoutError:
            raise TransportError(f"no connection to {self.url} within {timeout:g} s") from None
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise TransportError(f"nothing listens at {self.url} ({reason})", listening=False) from None
        if self._closed:  # perhaps while it was being connected
            self._drop()
            raise TransportError(f"the connection to {self.url} was closed by the mock")
        try:
            return self._exchange(message, end, timeout, most)
        except _Unheard as error:
            raise TransportError(str(error)) from None

    def _connected(self, end: float) -> socket.socket:
        failed: OSError | None = None
        for family, kind, protocol, _, address in socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM):
            if not (self._remote or _is_of_this_machine(str(address[0]))):
                raise _Elsewhere(address[0])
            connection = socket.socket(family, kind, protocol)
            try:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.settimeout(_left(end))
                connection.connect(address)
                if self._secure:
                    connection.settimeout(_left(end))
                    return _tls().wrap_socket(connection, server_hostname=self._host)
                return connection
            except OSError as error:
                connection.close()
                failed = error
                if isinstance(error, ssl.SSLError):
                    break
        raise failed or OSError("no address")

    def _exchange(self, message: bytes, end: float, timeout: float, most: int) -> Reply:
        """Send on the connection there is, and read. Raises _Unheard when it ends without a byte of an answer."""
        connection = self._connection
        assert connection is not None
        stream = _Timed(connection, end)
        answer = HTTPResponse(stream, method="POST")  # type: ignore[arg-type]  # it asks for `makefile` alone
        kept = False
        try:
            connection.settimeout(_left(end))
            notes: tuple[str, ...] = ()
            try:
                connection.sendall(message)
            except ConnectionError:  # who refuses a message need not hear it out: what was said by then counts
                notes = ("the receiver answered before all of the message was sent",)
            answer.begin()
            if stream.ended:  # http.client takes the end of the connection for the end of the head
                raise http.client.HTTPException
            body, cut = self._body(answer, timeout, most)
            notes += cut
            kept = not (answer.will_close or notes or self._closed)
            return Reply(Response(answer.status, tuple(answer.getheaders()), body), notes)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._failure(error, stream, timeout) from None
        finally:
            answer.close()
            if not kept:
                self._drop()

    def _failure(self, error: Exception, stream: _Timed, timeout: float) -> Exception:
        """Why there is no answer, in words."""
        if self._closed:
            return TransportError(f"the connection to {self.url} was closed by the mock")
        if isinstance(error, builtins.TimeoutError):
            begun = "the head of the answer had begun but not ended" if stream.got else "no answer"
            return TransportError(f"{begun} from {self.url} within {timeout:g} s")
        if isinstance(error, (ConnectionError, ssl.SSLError)) and not stream.got:
            return _Unheard(f"{self.url} closed the connection without an answer")
        if isinstance(error, (ConnectionError, ssl.SSLError)) or stream.ended:
            return TransportError(f"the connection to {self.url} broke in the middle of the answer's head")
        said = " ".join((str(error) or type(error).__name__).split())[:100]
        return TransportError(f"what answers at {self.url} does not speak HTTP: {said}")

    def _body(self, answer: HTTPResponse, timeout: float, most: int) -> tuple[bytes, tuple[str, ...]]:
        """The body as far as it is read, and why it was not read further."""
        body = bytearray()
        try:
            while len(body) <= most:
                chunk = answer.read1(_CHUNK)
                if not chunk:
                    missing = answer.length
                    return bytes(body), (_BROKEN,) if missing else ()
                body += chunk
        except builtins.TimeoutError:
            return bytes(body), (f"the body of the answer had not ended after {timeout:g} s",)
        except (http.client.HTTPException, ValueError, OSError):
            return bytes(body), (_BROKEN,)
        return bytes(body[:most]), (f"the body of the answer was cut after {most:,} bytes",)

    def _head(self, headers: Mapping[str, str], length: int) -> bytes:
        check_headers(headers)
        lines = [f"POST {self._target} HTTP/1.1", f"host: {self._authority}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, f"content-length: {length}", "", ""]).encode("latin-1")


class _Unheard(Exception):
    """A connection ended without a byte of an answer."""


class _Elsewhere(Exception):
    """A host leads to an address of another machine."""


class _Timed(io.RawIOBase):
    """What comes in on a connection until a moment, however small the pieces. `got` is whether anything has."""

    def __init__(self, connection: socket.socket, end: float) -> None:
        self._connection, self._end = connection, end
        self.got = self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_left(self._end))
        size = self._connection.recv_into(buffer)
        if size:
            self.got = True
        else:
            self.ended = True
        return size

    def makefile(self, mode: str) -> io.BufferedReader:
        """As of a socket."""
        return io.BufferedReader(self)


def _left(end: float) -> float:
    left = end - monotonic()
    if left <= 0:
        raise builtins.TimeoutError
    return left


def _is_of_this_machine(address: str) -> bool:
    found = ip_address(address)
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _read_url(url: str) -> tuple[bool, str, int, str, str]:
    """Whether it is https, host, port, the Host header, and what is asked for. Raises UsageError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        name = host.encode("ascii" if ":" in host else "idna").decode() if host else ""
    except ValueError:  # a port that is no number, a host that is none
        raise _no_url(url) from None
    if parts.scheme not in ("http", "https") or not name or port == 0 or _HEADER_BREAK.search(url) or " " in name:
        raise _no_url(url)
    if parts.username is not None or parts.password is not None:
        raise UsageError("a URL with a name or a password in it is not called", "send them as a header")
    secure = parts.scheme == "https"
    shown = f"[{name}]" if ":" in name else name
    authority = shown if port is None else f"{shown}:{port}"
    target = quote(parts.path or "/", safe=PLAIN_MARKS + "%")
    if parts.query:
        target += "?" + quote(parts.query, safe=PLAIN_MARKS + "%?[]")
    return secure, name, port or (443 if secure else 80), authority, target


def _no_url(url: str) -> UsageError:
    return UsageError(f"{url[:80]!r} is no URL that can be called", "write it as http://127.0.0.1:8080/hooks")
