"""Webhooks: how fast signed deliveries go out, and what they cost the requests that a mock answers meanwhile."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from time import perf_counter, perf_counter_ns

from bench.calls import Case
from bench.figures import ratio, say, short, table
from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.messages import Request
from mockserver.state.store import Emission

_API = Path(__file__).parents[1] / "tests" / "data" / "bazaar"
_NAME, _EVENT, _SECRET = "bazaar", "order.placed", "a secret of the bench"
_DELIVERIES = 10_000
_AT_ONCE = 8
_GOAL = 10.0  # seconds
_GROWTH = 1.25
_MOST = 1.05
_CALLS = 1_000  # in each round


def run(cases: Sequence[Case], rounds: int, seconds: int) -> bool:
    """Print both tables. Returns whether the promises are kept."""
    with _sink(answers=True) as answering, _sink(answers=False) as hanging:
        fast = _throughput(answering, rounds)
        return _cost(answering, hanging, rounds) and fast


def _throughput(url: str, rounds: int) -> bool:
    took, sizes = [], []
    with _engine() as engine:
        engine.outbox.subscribe(_NAME, url, _SECRET, concurrency=_AT_ONCE)
        at = engine.clock.timestamp()
        given = engine.outbox.sender(_NAME).completed(_EVENT, {}, "")
        for _ in range(rounds + 1):  # the first fills the log, which has an end
            began = perf_counter()
            for _ in range(_DELIVERIES):
                engine.outbox.accept(_NAME, "", [Emission(_EVENT, given, at)])
            if not engine.outbox.settle(120):
                raise AssertionError("deliveries are not through after two minutes")
            took.append(perf_counter() - began)
            sizes.append(_resident())
            statuses = {each.status for each in engine.outbox.deliveries()}
            if statuses != {"delivered"}:
                raise AssertionError(f"deliveries to a sink that takes all are {statuses}")
    rows = [
        [str(number), f"{each:.2f}", short(_DELIVERIES / each), short(size)]
        for number, (each, size) in enumerate(zip(took, sizes, strict=True), 1)
    ]
    table(
        f"{_DELIVERIES:,} signed deliveries to a local sink, {_AT_ONCE} at once", ("run", "s", "per s", "RSS, MB"), rows
    )
    bounded = sizes[-1] <= sizes[0] * _GROWTH
    kept = median(took) < _GOAL and bounded
    growth = f"memory {sizes[-1] / sizes[0]:.2f} × that after the first run"
    say(f"\nMedian {median(took):.2f} s (goal {_GOAL:.0f}), {growth}.")
    return kept


def _cost(answering: str, hanging: str, rounds: int) -> bool:
    """The same call with nobody subscribed, with a receiver that hangs, and with one that answers, in turn."""
    rows, worst = [], 0.0
    for title, call, emits in (("GET, emits nothing", _get, False), ("POST, emits an event", _post, True)):
        times: dict[str, list[float]] = {"": [], hanging: [], answering: []}
        for _ in range(rounds):
            for url, each in _round(times, call).items():
                times[url].append(each)
        none = times[""]
        rows.append([title, short(median(none)), ratio(times[hanging], none), ratio(times[answering], none)])
        if not emits:
            worst = max(median(times[url]) / median(none) for url in (hanging, answering))
    head = ("request", "µs, nobody subscribed", "× receiver hangs", "× receiver answers")
    table(f"What deliveries cost a request, engine alone, {rounds} rounds", head, rows)
    say(f"\nA request that emits nothing: {worst:.2f} × (goal: at most {_MOST} ×).")
    return worst <= _MOST


def _round(urls: Iterable[str], call: Callable[[Engine], object]) -> dict[str, float]:
    """Microseconds of a call by URL, the median. Deliveries that a call brings about begin while it lasts, and end
    before the next: two that share a processor would be measured as one."""
    with ExitStack() as stack:
        engines = {url: stack.enter_context(_engine()) for url in urls}
        for url, engine in engines.items():
            if url:
                engine.outbox.subscribe(_NAME, url, _SECRET)
                given = engine.outbox.sender(_NAME).completed(_EVENT, {}, "")
                engine.outbox.accept(_NAME, "", [Emission(_EVENT, given, engine.clock.timestamp())])
        found: dict[str, list[float]] = {url: [] for url in engines}
        for _ in range(_CALLS):
            for url, engine in engines.items():
                began = perf_counter_ns()
                call(engine)
                found[url].append((perf_counter_ns() - began) / 1000)
                if url.endswith("?answers"):
                    engine.outbox.settle(5)
    return {url: median(each) for url, each in found.items()}


def _get(engine: Engine) -> object:
    return engine.handle(Request("GET", f"/{_NAME}/orders", "", {"authorization": "Bearer x"}))


def _post(engine: Engine) -> object:
    headers = {"authorization": "Bearer x", "content-type": "application/json"}
    answer = engine.handle(Request("POST", f"/{_NAME}/orders", "", headers, b'{"item": "tea", "amount": 2.5}'))
    if answer.status != 201:
        raise AssertionError(f"a POST is answered {answer.status}")
    return answer


@contextmanager
def _engine() -> Iterator[Engine]:
    with build_engine([str(_API)], Options(start=datetime(2025, 1, 15, tzinfo=UTC))) as engine:
        yield engine
        engine.outbox.reset()


def _resident() -> float:
    status = Path("/proc/self/status")
    lines = status.read_text("ascii").splitlines() if status.exists() else ["VmRSS: 1000"]
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1000


class _Answering(asyncio.Protocol):
    """Takes every request, reads no further than it must."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._held = transport, b""

    def data_received(self, data: bytes) -> None:
        held = self._held + data
        while (end := held.find(b"\r\n\r\n")) >= 0:
            at = held.find(b"content-length: ") + 16
            size = end + 4 + int(held[at : held.find(b"\r\n", at)])
            if len(held) < size:
                break
            held = held[size:]
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        self._held = held


def _serve(ready: Connection, answers: bool) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(
            _Answering if answers else asyncio.Protocol, "127.0.0.1", 0
        )
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def _sink(*, answers: bool) -> Iterator[str]:
    """A receiver in a process of its own; its URL."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, answers), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/hooks?{'answers' if answers else 'hangs'}"
    finally:
        process.terminate()
        process.join()
        assert not [each for each in threading.enumerate() if "mockserver-webhooks" in each.name]
