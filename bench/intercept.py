"""A call of a documented URL under `intercept`, against the same call to the mock's own address through a socket."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from time import perf_counter_ns
from typing import Any, NamedTuple

import httpx
import requests
import urllib3

from bench.calls import API, CASES, GET_LIST, GET_ONE, POST_SESSION, Call, Case
from bench.figures import median, ratio, short, table
from bench.processes import LIMITS
from mockserver.testing.intercept import intercept
from mockserver.testing.mock_api import MockApi

_CALLS = 200  # in each round, of each kind
_GOAL = 0.6  # ms for a call of requests
_CALLED = {"get-one": GET_ONE, "list": GET_LIST, "post": POST_SESSION}
_HEAD = ("client", "call", "intercepted, ms", "mock's own address, ms", "ratio")
_Send = Callable[[str, Call], int]


class _Way(NamedTuple):
    """A client library, kept open as a program would keep it."""

    title: str
    open: Callable[[ExitStack], _Send]


def run(cases: Sequence[Case], rounds: int, seconds: int) -> bool:
    """Measure the calls that `cases` name with each library; prints milliseconds and ratios."""
    names = [case.name for case in cases if case.name in _CALLED]
    rows = [row for way in _WAYS for name in names for row in _measured(way, name, rounds)]
    table(f"intercept: one call, the median of {_CALLS} (goal: requests under {_GOAL} ms)", _HEAD, rows)
    return True


def _measured(way: _Way, name: str, rounds: int) -> Iterator[list[str]]:
    call = _CALLED[name]
    title = next(case.title for case in CASES if case.name == name)
    with _intercepted() as api, ExitStack() as stack:
        send = way.open(stack)
        host = next(iter(api.engine.api(API).contract.servers)).hosts[0]
        real = f"https://{host}{call.path.removeprefix(f'/{API}')}"
        own = api.url.removesuffix(f"/{API}") + call.path
        pairs = [(_round(send, real, call, api), _round(send, own, call, api)) for _ in range(rounds)]
    ours, theirs = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    yield [way.title, title, f"**{short(median(ours))}**", short(median(theirs)), ratio(ours, theirs)]


def _round(send: _Send, url: str, call: Call, api: MockApi) -> float:
    """The median of many calls, in ms. What they leave behind is taken away."""
    before = api.snapshot()
    for _ in range(5):
        if (status := send(url, call)) >= 300:
            raise AssertionError(f"{call.method} {url} is answered {status}")
    took = []
    for _ in range(_CALLS):
        began = perf_counter_ns()
        send(url, call)
        took.append((perf_counter_ns() - began) / 1e6)
    api.restore(before)
    return median(took)


@contextmanager
def _intercepted() -> Iterator[MockApi]:
    with intercept(API, settings=dict.fromkeys(LIMITS, 10**9)) as api:
        yield api


def _requests(stack: ExitStack) -> _Send:
    session = stack.enter_context(requests.Session())
    return lambda url, call: session.request(call.method, url, data=call.body, headers=call.headers).status_code


def _httpx(stack: ExitStack) -> _Send:
    client = stack.enter_context(httpx.Client())
    return lambda url, call: client.request(call.method, url, content=call.body, headers=call.headers).status_code


def _httpx_async(stack: ExitStack) -> _Send:
    runner = stack.enter_context(asyncio.Runner())
    client = httpx.AsyncClient()
    stack.callback(lambda: runner.run(client.aclose()))

    async def send(url: str, call: Call) -> int:
        return (await client.request(call.method, url, content=call.body, headers=call.headers)).status_code

    return lambda url, call: runner.run(send(url, call))


def _urllib3(stack: ExitStack) -> _Send:
    pool: Any = stack.enter_context(urllib3.PoolManager())
    return lambda url, call: int(pool.request(call.method, url, body=call.body, headers=call.headers).status)


def _urllib3_anew(stack: ExitStack) -> _Send:
    context = ssl.create_default_context()  # half the time of a call would be reading the authorities of the world

    def send(url: str, call: Call) -> int:
        with urllib3.PoolManager(ssl_context=context) as pool:
            return pool.request(call.method, url, body=call.body, headers=call.headers).status

    return send


_WAYS = (
    _Way("requests, in process", _requests),
    _Way("httpx, in process", _httpx),
    _Way("httpx async, in process", _httpx_async),
    _Way("urllib3, redirected, TLS, connection kept", _urllib3),
    _Way("urllib3, redirected, TLS, connection made anew", _urllib3_anew),
)
