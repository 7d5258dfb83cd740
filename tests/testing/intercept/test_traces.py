"""Whatever happens inside, outside everything is what it was: the very same objects."""

from __future__ import annotations

import gc
import socket
import ssl
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import requests
import urllib3

from mockserver.exceptions import UsageError
from mockserver.testing.intercept import intercept
from tests.mocks import DESK
from tests.testing.intercept.clients import CLIENTS

NAME = str(DESK)
URL = "https://desk.example/tickets"
AUTH = {"Authorization": "Bearer test"}
PATCHED: list[tuple[Any, str]] = [
    (socket, "getaddrinfo"),
    (socket.socket, "connect"),
    (socket.socket, "connect_ex"),
    (ssl.SSLContext, "wrap_socket"),
    (ssl.SSLContext, "wrap_bio"),
    (urllib.request, "proxy_bypass"),
    (requests.Session, "get_adapter"),
    (httpx.HTTPTransport, "handle_request"),
    (httpx.AsyncHTTPTransport, "handle_async_request"),
]


def standing() -> list[tuple[Any, Any]]:
    """What stands there now: in the owner itself, and as it is found."""
    return [(vars(owner).get(name), getattr(owner, name)) for owner, name in PATCHED]


def same(one: list[tuple[Any, Any]], other: list[tuple[Any, Any]]) -> bool:
    return all(a is c and b is d for (a, b), (c, d) in zip(one, other, strict=True))


@contextmanager
def without_a_trace() -> Iterator[None]:
    before, threads = standing(), set(threading.enumerate())
    yield
    assert same(before, standing())
    assert {each for each in set(threading.enumerate()) - threads if "intercept" in each.name} == set()


def test_nothing_stays_after_calls_of_every_kind() -> None:
    with without_a_trace(), intercept(NAME):
        for (owner, name), (_, before) in zip(PATCHED, standing(), strict=True):
            assert getattr(owner, name) is before
        for client in CLIENTS.values():
            client("GET", URL, AUTH)


def test_everything_is_patched_inside() -> None:
    before = standing()
    with intercept(NAME):
        assert all(inside is not outside for (_, inside), (_, outside) in zip(standing(), before, strict=True))


def test_nothing_stays_after_an_exception() -> None:
    def fail() -> None:
        CLIENTS["urllib3"]("GET", URL, AUTH)
        raise RuntimeError

    with without_a_trace(), pytest.raises(RuntimeError), intercept(NAME), intercept(NAME):
        fail()


def test_nothing_stays_when_it_cannot_be_entered() -> None:
    with without_a_trace(), pytest.raises(UsageError):
        intercept("no-such-thing-anywhere").start()


def test_nothing_stays_after_a_broken_contract() -> None:
    with without_a_trace(), pytest.raises(AssertionError), intercept(NAME):
        requests.post(URL, json={"title": 3}, headers=AUTH, timeout=5)


def test_an_open_connection_is_ended() -> None:
    with without_a_trace(), urllib3.PoolManager(retries=False) as pool:
        with intercept(NAME):
            pool.request("GET", URL, headers=AUTH)
        with pytest.raises(urllib3.exceptions.HTTPError):
            pool.request("GET", URL, headers=AUTH)


def test_a_silent_client_does_not_hold_up_the_end() -> None:
    with without_a_trace():
        with intercept(NAME):
            silent = socket.create_connection(("desk.example", 443))
            CLIENTS["http.client"]("GET", URL, AUTH)
        silent.close()


def test_a_tool_that_is_put_on_top_and_outlives_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    original = requests.Session.get_adapter
    opened = intercept(NAME)
    opened.start()
    below = requests.Session.get_adapter
    seen: list[str] = []

    def on_top(self: requests.Session, url: str) -> Any:
        seen.append(url)
        return below(self, url)

    monkeypatch.setattr(requests.Session, "get_adapter", on_top)
    opened.stop()
    assert requests.Session.get_adapter is on_top
    with pytest.raises(requests.ConnectionError):
        requests.get(URL, timeout=5)
    assert seen == [URL]
    with intercept(NAME):
        assert requests.get(URL, headers=AUTH, timeout=5).status_code == 200
    monkeypatch.setattr(requests.Session, "get_adapter", original)


@pytest.mark.parametrize(
    "kept",
    [lambda: requests.Session.get_adapter, lambda: httpx.HTTPTransport.handle_request],
    ids=["requests", "httpx"],
)
def test_what_somebody_has_kept_does_what_the_original_does(kept: Callable[[], Any], free_server: str) -> None:
    with intercept(NAME):
        replacement = kept()
    assert replacement is not kept()
    if replacement.__name__ == "get_adapter":
        with requests.Session() as session:
            assert replacement(session, URL) is session.get_adapter(URL)
    else:
        with httpx.HTTPTransport() as transport:
            assert replacement(transport, httpx.Request("GET", free_server)).status_code == 200


@pytest.fixture
def free_server() -> Iterator[str]:
    """A server that nobody intercepts."""
    from mockserver.engine.assembly import build_engine
    from mockserver.web.server import ThreadedServer
    from mockserver.web.wsgi import Door

    engine = build_engine([NAME])
    with ThreadedServer(Door(engine, lambda *_: [b""])) as server:
        yield f"{server.url}/desk/status"


def test_other_hosts_are_untouched(free_server: str) -> None:
    with intercept(NAME) as desk:
        for client in CLIENTS.values():
            assert client("GET", free_server, {}).status == 200
        assert len(desk.requests) == 0


LATE = """
import sys
from mockserver.testing.intercept import intercept
assert not {"requests", "httpx", "aiohttp", "pytest", "trustme"} & sys.modules.keys(), "too much is imported"
with intercept(sys.argv[1]) as desk:
    import requests, httpx
    for client in (requests, requests, httpx, httpx):
        assert client.get("https://desk.example/tickets", headers={"Authorization": "Bearer x"}).status_code == 200
    from mockserver.testing.intercept import listener
    from mockserver.testing.intercept.installed import _waiting
    assert len(desk.requests) == 4
    assert not _waiting, _waiting
original = requests.Session.get_adapter
assert original.__module__ == "requests.sessions", original
"""

HIDDEN = """
import sys
for name in ("requests", "httpx", "aiohttp", "httpcore", "anyio"):
    sys.modules[name] = None
from mockserver.testing.intercept import intercept
import urllib.request
with intercept(sys.argv[1]):
    asked = urllib.request.Request("https://desk.example/tickets", headers={"Authorization": "Bearer x"})
    with urllib.request.urlopen(asked) as answer:
        assert answer.status == 200
"""

OPEN = """
import sys
from mockserver.testing.intercept import intercept
intercept(sys.argv[1]).start()
"""


def run(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *options, "-c", code, NAME]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_library_that_is_imported_inside_is_intercepted() -> None:
    done = run(LATE)
    assert done.returncode == 0, done.stderr


def test_a_library_that_is_not_installed_is_not_missed() -> None:
    done = run(HIDDEN)
    assert done.returncode == 0, done.stderr


def test_left_open_at_the_end_of_the_process_is_warned_of() -> None:
    done = run(OPEN, "-W", "always::ResourceWarning")
    assert done.returncode == 0, done.stderr
    assert "ResourceWarning: intercept(desk) was opened at <string>:4 and never closed" in done.stderr


def test_no_socket_is_left_to_the_collector() -> None:
    with intercept(NAME):
        CLIENTS["aiohttp"]("GET", URL, AUTH)
        CLIENTS["urllib3"]("GET", URL, AUTH)
    gc.collect()  # what is not closed warns here, and a warning is an error
