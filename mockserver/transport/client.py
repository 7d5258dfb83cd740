"""Many requests to one base URL, one after another: over one connection, no faster than allowed, whatever answers."""

from __future__ import annotations

import ssl
import threading
from collections import deque
from collections.abc import Mapping
from time import monotonic
from typing import Literal, NamedTuple, Self, TypeAlias
from urllib.parse import quote, urlsplit

import urllib3
from urllib3.exceptions import (
    HTTPError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    SSLError,
    TimeoutError,
)

from mockserver import __version__
from mockserver.exceptions import TransportError, UsageError
from mockserver.messages import Request, Response
from mockserver.transport.line import PLAIN_MARKS

_CHUNK = 64 * 1024
_MOST = 16 * 1024 * 1024  # bytes of a body, unless told otherwise
_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
Why: TypeAlias = Literal["down", "timeout", "broken", "foreign", "endless", "insecure"]


class Rate(NamedTuple):
    """At most so many calls in so many seconds."""

    calls: int
    seconds: float


class CallFailed(TransportError):
    """No whole answer came. `why`: nobody is there (`down`), it took too long (`timeout`), the connection `broke`, what
    came is no HTTP (`foreign`), the body did not end (`endless`), no TLS connection came about (`insecure`). `begun` is
    the answer as far as it came, None when nothing of it did."""

    def __init__(self, message: str, why: Why, begun: Response | None = None) -> None:
        super().__init__(message, listening=why != "down")
        self.why, self.begun = why, begun


class Client:
    """Calls one server. Not for several threads. `took` is how many seconds the last call lasted."""

    def __init__(
        self,
        base_url: str,
        *,
        timeout: float = 10.0,
        headers: Mapping[str, str] | None = None,
        rate: Rate | None = None,
        most: int = _MOST,
    ) -> None:
        """`base_url` is `http://HOST:PORT`, perhaps with a path before that of each request; `headers` go with each
        unless it has them itself. `timeout` is in seconds, for the connection, the head of an answer and its body each;
        of a body `most` bytes are read. Raises UsageError for what is no base URL."""
        self.url = base_url.rstrip("/")
        self.timeout, self.took = timeout, 0.0
        self._headers = {name.lower(): text for name, text in (headers or {}).items()}
        self._rate, self._most = rate, most
        self._calls: deque[float] = deque(maxlen=rate.calls if rate is not None else 0)
        self._path, self._pool = _opened(self.url, timeout)
        self._kept = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._pool.close()

    def send(self, request: Request) -> Response:
        """What is answered to a request, which may have to wait for its turn.

        What is asked is what is sent: no proxy of the environment, no redirect followed, the body as it came, and no
        second try but of a safe method on a kept connection that the server has closed meanwhile. Raises CallFailed
        when no whole answer comes, UsageError when there is nothing that can be sent.
        """
        self._wait()
        began = monotonic()
        try:
            return self._sent(request)
        except CallFailed as failed:
            if failed.why != "broken" or failed.begun is not None or not self._kept or request.method not in _SAFE:
                raise
            self._kept = False
            return self._sent(request)
        finally:
            self.took = monotonic() - began

    def _wait(self) -> None:
        """Until the rate allows one more call."""
        if self._rate is None:
            return
        if len(self._calls) == self._rate.calls:
            left = self._calls[0] + self._rate.seconds - monotonic()
            if left > 0:
                threading.Event().wait(left)
        self._calls.append(monotonic())

    def _sent(self, request: Request) -> Response:
        target = self._path + quote(request.path, safe=PLAIN_MARKS, errors="surrogateescape")
        usual = {"user-agent": f"mockserver/{__version__}", "accept-encoding": "identity", **self._headers}
        try:
            answer = self._pool.urlopen(
                request.method,
                f"{target}?{request.query}" if request.query else target,
                request.body or None,
                {**usual, **request.headers},
                retries=False,
                preload_content=False,
                decode_content=False,
            )
        except LocationParseError:
            raise _no_base_url(self.url) from None
        except (HTTPError, OSError) as error:
            raise self._failed(error) from None
        except ValueError as error:
            raise UsageError(f"the request cannot be sent: {error}") from None
        return self._read(answer)

    def _read(self, answer: urllib3.BaseHTTPResponse) -> Response:
        end = monotonic() + self.timeout
        headers = tuple(answer.headers.items())
        body = bytearray()

        def begun() -> Response:
            return Response(answer.status, headers, bytes(body))

        whole = False
        try:
            while chunk := answer.read1(_CHUNK, decode_content=False):
                body += chunk
                if len(body) > self._most:
                    raise CallFailed(f"the body has more than {self._most:,} bytes", "endless", begun())
                if monotonic() > end:
                    raise CallFailed(f"the body had not ended after {self.timeout:g} s", "endless", begun())
            whole = True
        except TimeoutError:
            raise CallFailed(f"the body had not ended after {self.timeout:g} s", "endless", begun()) from None
        except (HTTPError, OSError, ValueError):
            raise CallFailed("the connection broke in the middle of the body", "broken", begun()) from None
        finally:
            self._kept = whole
            if whole:
                answer.release_conn()
            else:
                answer.close()
        return begun()

    def _failed(self, error: Exception) -> CallFailed:
        """What went wrong, in words."""
        inner = _innermost(error)
        if isinstance(error, NameResolutionError):
            return CallFailed(f"the host of {self.url} is not known", "down")
        if isinstance(error, NewConnectionError):
            return CallFailed(f"nothing listens at {self.url}", "down")
        if isinstance(error, TimeoutError):
            return CallFailed(f"no answer within {self.timeout:g} s", "timeout")
        if isinstance(error, SSLError) or isinstance(inner, ssl.SSLError):
            return CallFailed(f"no secure connection to {self.url}: {_line(inner)}", "insecure")
        if isinstance(error, ProtocolError) and isinstance(inner, ConnectionError):
            return CallFailed("the connection was closed without an answer", "broken")
        return CallFailed(f"what came is no HTTP: {_line(inner)}", "foreign")


def _opened(base_url: str, timeout: float) -> tuple[str, urllib3.HTTPConnectionPool]:
    """The path that comes before all others, and the way to the server."""
    try:
        target = urlsplit(base_url)
        known = target.scheme in ("http", "https") and target.hostname and not (target.query or target.fragment)
        if known and target.port != 0 and target.username is None:
            pool = urllib3.connection_from_url(base_url, timeout=timeout, maxsize=1)
            return quote(target.path.rstrip("/"), safe=PLAIN_MARKS + "%"), pool
    except (ValueError, HTTPError):  # a port that is no number, a host that is none
        pass
    raise _no_base_url(base_url)


def _no_base_url(text: str) -> UsageError:
    return UsageError(f"{text[:80]!r} is no base URL", "write it as http://127.0.0.1:4010")


def _innermost(error: BaseException) -> BaseException:
    while error.args and isinstance(error.args[-1], BaseException):
        error = error.args[-1]
    return error


def _line(error: BaseException) -> str:
    return " ".join((str(error) or type(error).__name__).split())[:100]


__all__ = ["CallFailed", "Client", "Rate"]
