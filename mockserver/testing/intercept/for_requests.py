"""requests without a socket: the session gets an adapter that asks the mock and builds the library's own response.

What is more than one plain answer (a fault of the network, a delay, an adapter that retries) goes through urllib3
itself, over a connection that exists in memory only: so retries and exceptions are the library's own.
"""

from __future__ import annotations

import email.message
import sys
from collections.abc import Callable, Iterable
from functools import cache
from io import BytesIO
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from mockserver.messages import Faulted, Request, Response
from mockserver.testing.intercept.layers import layers
from mockserver.testing.intercept.memory import Socket
from mockserver.testing.intercept.patches import Patch
from mockserver.testing.loopback.hosts import host_of
from mockserver.testing.loopback.http1 import make_request, reason_of, sent_headers

#: Imported by the library's users, never by us.
LIBRARY = "requests.sessions"


def make_patches() -> list[Patch]:
    """The patches for `requests`, which is imported."""

    def get_adapter(patch: Patch) -> Any:
        def get_adapter(self: Any, url: str) -> Any:
            adapter = patch.before(self, url)
            if not patch.active:
                return adapter
            host = host_of(urlsplit(url).hostname or "")
            # An adapter with a way of sending of its own has its reasons; what it sends is redirected.
            own_way = getattr(type(adapter), "send", None) is not _library().HTTPAdapter.send
            if own_way or layers.owner(host) is None:
                return adapter
            return _door()(adapter, host)

        return get_adapter

    return [Patch(sys.modules[LIBRARY].Session, "get_adapter", get_adapter)]


def _library() -> ModuleType:
    return sys.modules["requests.adapters"]


@cache
def _door() -> type[Any]:
    import requests
    from requests.packages import urllib3  # type: ignore[attr-defined]

    errors = urllib3.exceptions
    HeaderDict, RawResponse = urllib3._collections.HTTPHeaderDict, urllib3.response.HTTPResponse  # noqa: N806
    plain_pool, secure_pool = _pools(urllib3)

    class Door(requests.adapters.BaseAdapter):
        """Sends what `adapter` would send, to the mock."""

        def __init__(self, adapter: Any, host: str) -> None:
            super().__init__()
            self._adapter, self._host = adapter, host

        def send(
            self,
            request: Any,
            stream: bool = False,
            timeout: Any = None,
            verify: Any = True,
            cert: Any = None,
            proxies: Any = None,
        ) -> Any:
            adapter = self._adapter
            adapter.add_headers(request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies=proxies)
            body = _body_of(request.body)
            if not _is_plain(adapter.max_retries):
                return self._over_memory(request, body, timeout, lambda asked: layers.answer(self._host, asked))
            asked = make_request(request.method, request.url, request.headers.items(), body)
            response = layers.answer(self._host, asked)
            if isinstance(response, Faulted) and (response.fault or response.delay):
                return self._over_memory(request, body, timeout, lambda _: response)
            return adapter.build_response(request, _raw(response, request))

        def _over_memory(self, request: Any, body: bytes, timeout: Any, answer: Callable[[Request], Response]) -> Any:
            url = urlsplit(request.url)
            pool = (secure_pool if url.scheme == "https" else plain_pool)(url.hostname, url.port)
            pool.answer = answer
            if not isinstance(timeout, (tuple, urllib3.Timeout)):
                timeout = (timeout, timeout)
            if isinstance(timeout, tuple):
                timeout = urllib3.Timeout(connect=timeout[0], read=timeout[1])
            try:
                raw = pool.urlopen(
                    method=request.method,
                    url=request.path_url,
                    body=body or None,
                    headers=request.headers,
                    redirect=False,
                    assert_same_host=False,
                    preload_content=False,
                    decode_content=False,
                    retries=self._adapter.max_retries,
                    timeout=timeout,
                )
            except errors.MaxRetryError as error:
                if isinstance(error.reason, errors.ResponseError):
                    raise requests.exceptions.RetryError(error, request=request) from error
                raise requests.exceptions.ConnectionError(error, request=request) from error
            except errors.ReadTimeoutError as error:
                raise requests.exceptions.ReadTimeout(error, request=request) from error
            except (errors.ProtocolError, OSError) as error:
                raise requests.exceptions.ConnectionError(error, request=request) from error
            return self._adapter.build_response(request, raw)

        def close(self) -> None:
            self._adapter.close()

    def _raw(response: Response, request: Any) -> Any:
        headers = sent_headers(response, request.method)
        cookies = [value for name, value in headers if name.lower() == "set-cookie"]
        return RawResponse(
            body=BytesIO(response.body),
            headers=HeaderDict(headers),
            status=response.status,
            version=11,
            version_string="HTTP/1.1",
            reason=reason_of(response.status),
            preload_content=False,
            decode_content=False,
            original_response=_Original(cookies) if cookies else None,
            request_method=request.method,
            request_url=request.url,
        )

    return Door


class _Original:
    """What the library reads cookies from, and asks whether it has ended."""

    def __init__(self, cookies: Iterable[str]) -> None:
        self.msg = email.message.Message()
        for cookie in cookies:
            self.msg["Set-Cookie"] = cookie

    def isclosed(self) -> bool:
        return True

    def close(self) -> None:
        pass


def _pools(urllib3: Any) -> tuple[type[Any], type[Any]]:
    """Pools whose connections exist in memory only; `answer` gives what comes back."""

    class InMemory:
        answer: Callable[[Request], Response]

        def connect(self) -> None:
            self.sock = Socket(self.scheme, self.answer)  # type: ignore[attr-defined]
            self.is_verified = True

        @property
        def is_connected(self) -> bool:
            return self.sock is not None

    plain, secure = (_own(getattr(urllib3.connection, name)) for name in ("HTTPConnection", "HTTPSConnection"))

    class Plain(InMemory, plain):  # type: ignore[misc, valid-type]
        scheme = "http"

    class Secure(InMemory, secure):  # type: ignore[misc, valid-type]
        scheme = "https"

    class PlainPool(urllib3.HTTPConnectionPool):  # type: ignore[misc]
        ConnectionCls = Plain

        def _new_conn(self) -> Any:
            connection = super()._new_conn()
            connection.answer = self.answer
            return connection

    class SecurePool(urllib3.HTTPSConnectionPool):  # type: ignore[misc]
        ConnectionCls = Secure

        def _new_conn(self) -> Any:
            connection = super()._new_conn()
            connection.answer = self.answer
            return connection

    PlainPool.__qualname__ = PlainPool.__name__ = "HTTPConnectionPool"  # it stands in messages
    SecurePool.__qualname__ = SecurePool.__name__ = "HTTPSConnectionPool"
    return PlainPool, SecurePool


def _own(connection: type[Any]) -> type[Any]:
    """The library's own class where another tool has put one of its own in its place, for as long as a cassette runs:
    that one would call out."""
    return next((each for each in connection.__mro__ if each.__module__ == "urllib3.connection"), connection)


def _is_plain(retries: Any) -> bool:
    """Whether one answer settles the call, whatever it is."""
    return not retries.total and not retries.status_forcelist


def _body_of(body: Any) -> bytes:
    """The bytes of a prepared body: text, bytes, a file or an iterable of either."""
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        return _body_of(body.read())
    return b"".join(map(_body_of, body))
