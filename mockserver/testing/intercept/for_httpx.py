"""httpx without a socket: its transports ask the mock and build the library's own response.

A fault of the network or a delay goes through the HTTP/1.1 connection of httpcore, over a stream that exists in memory
only: so the exceptions are the library's own.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from mockserver.messages import Faulted, Request, Response
from mockserver.testing.intercept.layers import layers
from mockserver.testing.intercept.memory import Incoming
from mockserver.testing.intercept.patches import Patch
from mockserver.testing.loopback.hosts import host_of
from mockserver.testing.loopback.http1 import make_request, reason_of, sent_headers
from mockserver.testing.loopback.wire import steps_of

#: Imported by the library's users, never by us.
LIBRARY = "httpx._transports.default"


def make_patches() -> list[Patch]:
    """The patches for `httpx`, which is imported."""
    import httpx

    def handle_request(patch: Patch) -> Any:
        def handle_request(self: Any, request: Any) -> Any:
            host = host_of(request.url.raw_host)
            if not patch.active or layers.owner(host) is None:
                return patch.before(self, request)
            body = b"".join(request.stream)
            answer = layers.answer(host, _asked(request, body))
            if not _goes_wrong(answer):
                return _built(answer, request)
            broken = _emptied(httpx.HTTPTransport, _OneCall(answer))
            return patch.pristine(broken, _again(request, body))

        return handle_request

    def handle_async_request(patch: Patch) -> Any:
        async def handle_async_request(self: Any, request: Any) -> Any:
            host = host_of(request.url.raw_host)
            if not patch.active or layers.owner(host) is None:
                return await patch.awaited_before(self, request)
            body = b"".join([part async for part in request.stream])
            answer = layers.answer(host, _asked(request, body))
            if not _goes_wrong(answer):
                return _built(answer, request)
            broken = _emptied(httpx.AsyncHTTPTransport, _OneAsyncCall(answer))
            return await patch.pristine(broken, _again(request, body))

        return handle_async_request

    return [
        Patch(httpx.HTTPTransport, "handle_request", handle_request),
        Patch(httpx.AsyncHTTPTransport, "handle_async_request", handle_async_request),
    ]


def _asked(request: Any, body: bytes) -> Request:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
    return make_request(request.method, str(request.url), headers, body)


def _goes_wrong(answer: Response) -> bool:
    return isinstance(answer, Faulted) and bool(answer.fault or answer.delay)


def _built(answer: Response, request: Any) -> Any:
    import httpx

    return httpx.Response(
        answer.status,
        headers=[(name.encode(), value.encode()) for name, value in sent_headers(answer, request.method)],
        stream=httpx.ByteStream(answer.body),
        extensions={"http_version": b"HTTP/1.1", "reason_phrase": reason_of(answer.status).encode()},
    )


def _again(request: Any, body: bytes) -> Any:
    """The request with a body that can still be read."""
    import httpx

    return httpx.Request(
        request.method,
        request.url,
        headers=request.headers,
        stream=httpx.ByteStream(body),
        extensions=request.extensions,
    )


def _emptied(transport: Any, calls: Any) -> Any:
    """A transport that has `calls` in the place of its pool of connections."""
    made = transport.__new__(transport)
    made._pool = calls
    return made


def _httpcore() -> ModuleType:
    return sys.modules["httpcore"]  # every transport has imported it


class _OneCall:
    """A pool of connections, for one call."""

    def __init__(self, answer: Response) -> None:
        self._answer = answer

    def handle_request(self, request: Any) -> Any:
        stream = _Stream(self._answer, request.method.decode())
        return _httpcore().HTTP11Connection(origin=request.url.origin, stream=stream).handle_request(request)


class _OneAsyncCall(_OneCall):
    async def handle_async_request(self, request: Any) -> Any:
        stream = _AsyncStream(self._answer, request.method.decode())
        connection = _httpcore().AsyncHTTP11Connection(origin=request.url.origin, stream=stream)
        return await connection.handle_async_request(request)


class _Stream:
    """A network stream of httpcore: what is written is thrown away, what is read are the steps of the answer."""

    def __init__(self, answer: Response, method: str) -> None:
        self._incoming = Incoming(steps_of(answer, method))

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._incoming.read(max_bytes, timeout)
        except TimeoutError as error:
            raise _httpcore().ReadTimeout(error) from error
        except OSError as error:
            raise _httpcore().ReadError(error) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        pass

    def close(self) -> None:
        pass

    def get_extra_info(self, info: str) -> Any:
        return None


class _AsyncStream(_Stream):
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # type: ignore[override]
        try:
            while isinstance(taken := self._incoming.take(max_bytes, timeout), float):
                await sys.modules["anyio"].sleep(taken)  # httpcore runs on it, under any event loop
            return taken
        except TimeoutError as error:
            raise _httpcore().ReadTimeout(error) from error
        except OSError as error:
            raise _httpcore().ReadError(error) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # type: ignore[override]
        pass

    async def aclose(self) -> None:
        pass
