"""The desk API (tests/data/desk) as a test has it, and calls to it with and without a socket."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mockserver.messages import Request
from mockserver.testing.lease import Lease
from mockserver.testing.mock_api import MockApi
from mockserver.testing.options import read_options
from tests.mocks import DESK

NAME = "desk"
START = "2025-01-15T12:00:00Z"


class Answer(NamedTuple):
    status: int
    json: Any


@contextmanager
def desk(**options: Any) -> Iterator[MockApi]:
    """A desk whose clock stands, without a verdict at the end."""
    lease = Lease()
    try:
        yield lease.api(str(DESK), read_options({"start": START, **options}))
    finally:
        lease.close()


def call(api: MockApi, line: str, body: Any = None, *, token: str | None = "test", **headers: str) -> Answer:
    """`call(api, "GET /tickets?limit=3")`, within this process."""
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    sent = {**headers, **({"authorization": f"Bearer {token}"} if token is not None else {})}
    raw = b"" if body is None else json.dumps(body).encode()
    if raw:
        sent.setdefault("content-type", "application/json")
    response = api.handle(Request(method, f"/{api.name}{path}", query, sent, raw))
    return Answer(response.status, json.loads(response.body) if response.body else None)


def fetch(url: str, method: str = "GET", *, token: str | None = "test") -> Answer:
    """The answer over the network, on a connection of its own."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, headers={"Authorization": f"Bearer {token}"} if token else {})
        response = connection.getresponse()
        raw = response.read()
        return Answer(response.status, json.loads(raw) if raw else None)
    finally:
        connection.close()
