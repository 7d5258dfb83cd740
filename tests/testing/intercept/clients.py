"""The client libraries that people use, each as one function: a call in, the answer out."""

from __future__ import annotations

import asyncio
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
import httpx
import requests
import urllib3

_TIMEOUT = 10.0
_CHUNK = 8192


class Got(NamedTuple):
    """An answer. `headers` in order, names in lower-case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


Client = Callable[..., Got]


def lowered(pairs: object) -> list[tuple[str, str]]:
    return [(str(name).lower(), str(value)) for name, value in pairs]  # type: ignore[attr-defined]


def by_requests(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    timeout: float = _TIMEOUT,
    stream: bool = False,
) -> Got:
    with requests.Session() as session:
        answer = session.request(method, url, headers=headers, data=body or None, timeout=timeout, stream=stream)
        content = b"".join(answer.iter_content(_CHUNK)) if stream else answer.content
        return Got(answer.status_code, lowered(answer.raw.headers.items()), content)


def by_urllib3(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    timeout: float = _TIMEOUT,
    stream: bool = False,
) -> Got:
    with urllib3.PoolManager() as pool:
        answer = pool.request(
            method, url, headers=headers, body=body or None, timeout=timeout, retries=False, preload_content=not stream
        )
        content = b"".join(answer.stream(_CHUNK)) if stream else answer.data
        return Got(answer.status, lowered(answer.headers.items()), content)


def by_urllib(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    timeout: float = _TIMEOUT,
    stream: bool = False,
) -> Got:
    request = urllib.request.Request(url, body or None, dict(headers), method=method)
    try:
        answer = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return Got(answer.status, lowered(answer.headers.items()), read(answer, stream))


def by_http_client(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    timeout: float = _TIMEOUT,
    stream: bool = False,
) -> Got:
    target = urlsplit(url)
    kind = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
    connection = kind(target.netloc, timeout=timeout)
    try:
        path = f"{target.path}?{target.query}" if target.query else target.path
        connection.request(method, path, body or None, dict(headers))
        answer = connection.getresponse()
        return Got(answer.status, lowered(answer.getheaders()), read(answer, stream))
    finally:
        connection.close()


def read(answer: http.client.HTTPResponse, stream: bool) -> bytes:
    return b"".join(iter(lambda: answer.read(_CHUNK), b"")) if stream else answer.read()


def by_httpx(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    timeout: float = _TIMEOUT,
    stream: bool = False,
) -> Got:
    with (
        httpx.Client(timeout=timeout) as client,
        client.stream(method, url, headers=headers, content=body or None) as answer,
    ):
        content = b"".join(answer.iter_bytes()) if stream else answer.read()
        return Got(answer.status_code, lowered(answer.headers.multi_items()), content)


def by_httpx_async(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    timeout: float = _TIMEOUT,
    stream: bool = False,
) -> Got:
    async def call() -> Got:
        async with (
            httpx.AsyncClient(timeout=timeout) as client,
            client.stream(method, url, headers=headers, content=body or None) as answer,
        ):
            content = b"".join([part async for part in answer.aiter_bytes()]) if stream else await answer.aread()
            return Got(answer.status_code, lowered(answer.headers.multi_items()), content)

    return asyncio.run(call())


def by_aiohttp(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    timeout: float = _TIMEOUT,
    stream: bool = False,
) -> Got:
    async def call() -> Got:
        limit = aiohttp.ClientTimeout(total=timeout)
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.request(method, url, headers=headers, data=body or None) as answer,
        ):
            if stream:
                content = b"".join([part async for part in answer.content.iter_chunked(_CHUNK)])
            else:
                content = await answer.read()
            return Got(answer.status, lowered(answer.headers.items()), content)

    return asyncio.run(call())


CLIENTS: dict[str, Client] = {
    "requests": by_requests,
    "urllib3": by_urllib3,
    "urllib": by_urllib,
    "http.client": by_http_client,
    "httpx": by_httpx,
    "httpx-async": by_httpx_async,
    "aiohttp": by_aiohttp,
}
