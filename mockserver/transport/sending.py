"""One request to a base URL, and the answer to it."""

from __future__ import annotations

from time import monotonic
from urllib.parse import quote, urlsplit

import urllib3
from urllib3.exceptions import (
    HTTPError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
    TimeoutError,
)

from mockserver import __version__
from mockserver.exceptions import TransportError, UsageError
from mockserver.messages import Request, Response
from mockserver.transport.line import PLAIN_MARKS

_MOST_BYTES = 64 * 1024 * 1024  # of an answer
_CHUNK = 64 * 1024


def send(request: Request, base_url: str, timeout: float = 10.0) -> Response:
    """Send `request` to `base_url` (`http://HOST:PORT`, perhaps with a path before the request's own).

    What is asked is what is sent: no proxy of the environment, no second try, no redirect followed, the body as it
    came. The scheme is that of `base_url`. `timeout` is in seconds, for the connection, for the head of the answer and
    for its body each. Raises TransportError when no answer comes, UsageError when there is nothing that can be sent.
    """
    pool = _pool(base_url, timeout)
    path = quote(urlsplit(base_url).path.rstrip("/"), safe=PLAIN_MARKS + "%")
    path += quote(request.path, safe=PLAIN_MARKS, errors="surrogateescape")
    with pool:
        try:
            answer = pool.urlopen(
                request.method,
                f"{path}?{request.query}" if request.query else path,
                request.body or None,
                {"user-agent": f"mockserver/{__version__}", "accept-encoding": "identity", **request.headers},
                retries=False,
                preload_content=False,
                decode_content=False,
            )
            try:
                body = _body(answer, base_url, timeout)
            finally:
                answer.close()
            return Response(answer.status, tuple(answer.headers.items()), body)
        except LocationParseError:  # a host that no name service takes
            raise _no_base_url(base_url) from None
        except (HTTPError, OSError) as error:
            raise _no_answer(error, base_url, timeout) from None
        except ValueError as error:
            raise UsageError(f"the request cannot be sent: {error}") from None


def _pool(base_url: str, timeout: float) -> urllib3.HTTPConnectionPool:
    """The way to one server. Raises UsageError for what is no base URL."""
    try:
        target = urlsplit(base_url)
        known = target.scheme in ("http", "https") and target.hostname and not (target.query or target.fragment)
        if known and target.port != 0:
            return urllib3.connection_from_url(base_url, timeout=timeout)
    except (ValueError, HTTPError):  # a port that is no number, a host that is none
        pass
    raise _no_base_url(base_url)


def _no_base_url(text: str) -> UsageError:
    return UsageError(f"{text[:80]!r} is no base URL", "write it as http://127.0.0.1:4010")


def _body(answer: urllib3.BaseHTTPResponse, base_url: str, timeout: float) -> bytes:
    """The body, as it came. Raises TransportError when it never ends."""
    end = monotonic() + timeout
    body = bytearray()
    while chunk := answer.read1(_CHUNK, decode_content=False):
        body += chunk
        if len(body) > _MOST_BYTES:
            raise TransportError(f"the answer of {base_url} has more than {_MOST_BYTES} bytes")
        if monotonic() > end:
            raise TransportError(f"the answer of {base_url} had not ended after {timeout:g} s")
    return bytes(body)


def _no_answer(error: Exception, base_url: str, timeout: float) -> TransportError:
    """What went wrong, in words."""
    if isinstance(error, NameResolutionError):
        return TransportError(f"the host of {base_url} is not known", listening=False)
    if isinstance(error, NewConnectionError):
        return TransportError(f"nothing listens at {base_url}", listening=False)
    if isinstance(error, TimeoutError):
        return TransportError(f"no answer from {base_url} within {timeout:g} s")
    if isinstance(error, SSLError):
        return TransportError(f"no secure connection to {base_url}: {error}")
    return TransportError(f"what answers at {base_url} does not speak HTTP: {_innermost(error)}")


def _innermost(error: BaseException) -> str:
    """What the exceptions that are wrapped in one another have to say at their core, in one short line."""
    while error.args and isinstance(error.args[-1], BaseException):
        error = error.args[-1]
    return " ".join((str(error) or type(error).__name__).split())[:100]
