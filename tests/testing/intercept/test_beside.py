"""Other tools that stand in for the network, active outside and inside: each answers for its own URLs."""

from __future__ import annotations

import asyncio
import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import requests
import responses
import respx
import vcr  # type: ignore[import-untyped]

from mockserver.testing.intercept import for_requests, intercept
from tests.mocks import DESK
from tests.testing.intercept.test_traces import without_a_trace

NAME = str(DESK)
OURS, THEIRS = "https://desk.example/tickets", "https://elsewhere.example/hello"
AUTH = {"Authorization": "Bearer test"}
CASSETTE = f"""version: 1
interactions:
- request: {{method: GET, uri: "{THEIRS}", body: null, headers: {{}}}}
  response: {{status: {{code: 200, message: OK}}, headers: {{Content-Type: [text/plain]}}, body: {{string: theirs}}}}
"""

Tool = Callable[[Path], AbstractContextManager[Any]]
Get = Callable[[str], tuple[int, str]]


@contextmanager
def by_responses(_: Path) -> Iterator[None]:
    with responses.RequestsMock() as mock:
        mock.get(THEIRS, body="theirs")
        yield


@contextmanager
def by_respx(_: Path) -> Iterator[None]:
    with respx.mock() as mock:
        mock.get(THEIRS).respond(text="theirs")
        yield


@contextmanager
def by_vcr(folder: Path) -> Iterator[None]:
    (folder / "cassette.yaml").write_text(CASSETTE)
    with vcr.use_cassette(
        str(folder / "cassette.yaml"),
        record_mode="none",
        allow_playback_repeats=True,
        ignore_hosts=["desk.example"],
        before_record_request=lambda request: None if request.host == "desk.example" else request,
    ):
        yield


def get_by_requests(url: str) -> tuple[int, str]:
    answer = requests.get(url, headers=AUTH, timeout=5)
    return answer.status_code, answer.text


def get_by_httpx(url: str) -> tuple[int, str]:
    answer = httpx.get(url, headers=AUTH)
    return answer.status_code, answer.text


def get_by_httpx_async(url: str) -> tuple[int, str]:
    async def call() -> tuple[int, str]:
        async with httpx.AsyncClient() as client:
            answer = await client.get(url, headers=AUTH)
            return answer.status_code, answer.text

    return asyncio.run(call())


def get_by_aiohttp(url: str) -> tuple[int, str]:
    async def call() -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(url, headers=AUTH) as answer:
            return answer.status, await answer.text()

    return asyncio.run(call())


def get_by_http_client(url: str) -> tuple[int, str]:
    host, _, path = url.removeprefix("https://").partition("/")
    connection = http.client.HTTPSConnection(host, timeout=5)
    try:
        connection.request("GET", f"/{path}", headers=AUTH)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


PAIRS: list[tuple[Tool, Get]] = [
    (by_responses, get_by_requests),
    (by_respx, get_by_httpx),
    (by_respx, get_by_httpx_async),
    (by_vcr, get_by_requests),
    (by_vcr, get_by_httpx),
    (by_vcr, get_by_httpx_async),
    (by_vcr, get_by_aiohttp),
    (by_vcr, get_by_http_client),
]


@pytest.mark.parametrize("outside", [True, False], ids=["outside", "inside"])
@pytest.mark.parametrize(("tool", "get"), PAIRS, ids=[f"{a.__name__}-{b.__name__}" for a, b in PAIRS])
@pytest.mark.parametrize("block", [False, True], ids=["open", "block"])
def test_each_answers_for_its_own(tool: Tool, get: Get, outside: bool, block: bool, tmp_path: Path) -> None:
    with without_a_trace(), ExitStack() as stack:
        if outside:
            stack.enter_context(tool(tmp_path))
        desk = stack.enter_context(intercept(NAME, block=block))
        if not outside:
            stack.enter_context(tool(tmp_path))
        for _ in range(2):
            assert get(THEIRS) == (200, "theirs")
            assert get(OURS)[0] == 200
        assert len(desk.requests) == 2


@pytest.mark.parametrize("tool", [by_responses, by_respx, by_vcr])
@pytest.mark.parametrize("ours_first", [True, False])
def test_they_may_end_in_any_order(tool: Tool, ours_first: bool, tmp_path: Path) -> None:
    with without_a_trace():
        theirs, opened = tool(tmp_path), intercept(NAME)
        for each in (opened, theirs) if ours_first else (theirs, opened):
            each.__enter__()
        assert get_by_requests(OURS)[0] == get_by_httpx(OURS)[0] == 200
        for url, get in ((THEIRS, get_by_requests), (THEIRS, get_by_httpx)):
            if (tool, get) not in ((by_responses, get_by_httpx), (by_respx, get_by_requests)):
                assert get(url) == (200, "theirs")
        for each in (opened, theirs) if ours_first else (theirs, opened):
            each.__exit__(None, None, None)
        with pytest.raises(requests.ConnectionError):
            get_by_requests(OURS)
        with pytest.raises(httpx.ConnectError):
            get_by_httpx(OURS)
        with intercept(NAME):
            pass  # a tool that ended last has put back what it found: ours, which goes with the next one


def test_what_responses_lets_through_reaches_the_mock() -> None:
    with intercept(NAME) as desk, responses.RequestsMock() as mock:
        mock.add_passthru("https://desk.example")
        with requests.Session() as session:
            adapter = session.get_adapter("https://elsewhere.example")
            prepared = session.prepare_request(requests.Request("GET", OURS, headers=AUTH))
            assert adapter.send(prepared).status_code == 200
        assert len(desk.requests) == 1


def test_a_cassette_that_ran_at_the_first_call_leaves_nothing_behind(tmp_path: Path) -> None:
    """While one runs, other classes stand in the place of urllib3's: what is made of them would call out later."""
    for_requests._door.cache_clear()  # as in a process that has made no call yet
    try:
        with by_vcr(tmp_path), intercept(NAME):
            assert requests.get(OURS, headers=AUTH, timeout=5).status_code == 200
        with intercept(NAME) as desk:
            desk.delay("listTickets", 2)
            with pytest.raises(requests.ReadTimeout):
                requests.get(OURS.replace("https", "http"), headers=AUTH, timeout=1)
            names = [thread.name for thread in threading.enumerate()]
        assert not any(name.startswith("mockserver-intercept") for name in names), "it went through a socket"
        assert len(desk.requests) == 1
    finally:
        for_requests._door.cache_clear()
