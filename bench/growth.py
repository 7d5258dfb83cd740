"""How `Engine.handle` grows with what a namespace holds: 1,000, 10,000 and 100,000 records of an API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from random import Random
from time import process_time_ns
from typing import Any, NamedTuple

import orjson

from bench.bare import calm_collector
from bench.figures import median, say, short, table
from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.messages import Request

SIZES = (1_000, 10_000, 100_000)
BATCH_NS = 200_000_000  # a call is made as often as goes into this, for each round
MOST_CALLS = 200
_NUMBERS = count()


class Call(NamedTuple):
    """A kind of call; `made` gives method, target and body of one, with something random in it. `most` is the goal in
    µs at 100,000 records, 0 for none; `nothing` is the status when it finds nothing, which may be."""

    title: str
    made: Callable[[Random, int], tuple[str, str, Any]]
    most: int = 0
    nothing: int = 200


class Subject(NamedTuple):
    """An API to measure: its spec as on the command line, records by resource for a size, and who calls it."""

    title: str
    spec: str
    records: Callable[[Random, int], dict[str, list[dict[str, Any]]]]
    calls: tuple[Call, ...]
    authorization: Callable[[Engine], str] | None = None


def measure(subject: Subject, rounds: int) -> None:
    """Measure every call at every size and print a table: time, growth, and what the first call of its kind takes."""
    took: dict[str, list[float]] = {call.title: [] for call in subject.calls}
    first: dict[str, float] = {}
    for size in SIZES:
        engine = _engine(subject, size)
        caller = {"authorization": subject.authorization(engine)} if subject.authorization else {}
        for call in subject.calls:
            requests = _requests(next(iter(engine.apis)), caller, call, size)
            first[call.title], later = _measured(engine, requests, call.nothing, rounds)
            took[call.title].append(later)
    rows = []
    for call in subject.calls:
        least, *_, most = took[call.title]
        grown, goal = f"{most / least:.1f} ×", f"{call.most:,}" if call.most else ""
        rows.append([call.title, *map(short, took[call.title]), grown, goal, short(first[call.title])])
    head = ("call", *(f"{size:,} records" for size in SIZES), "growth", "goal at most", "the very first call")
    table(f"Engine.handle, {subject.title}: µs of processor time for a call that was never made before", head, rows)
    missed = [call.title for call in subject.calls if call.most and took[call.title][-1] > call.most]
    say(f"\nGoals at {SIZES[-1]:,} records: {'missed: ' + ', '.join(missed) if missed else 'all reached'}.")


def _engine(subject: Subject, size: int) -> Engine:
    engine = build_engine([subject.spec], Options())
    api = next(iter(engine.apis))
    for resource, records in subject.records(Random(size), size).items():
        engine.replace_state(api, resource, records)
    calm_collector()
    return engine


def _measured(engine: Engine, requests: Iterator[Request], nothing: int, rounds: int) -> tuple[float, float]:
    """µs of the first call, which builds the index that it needs if there is none yet, and the median of later ones.
    What they change is undone between rounds."""
    space = next(iter(engine.apis.values())).space("")
    before = space.state
    first = _timed(engine, next(requests), nothing)
    if first > BATCH_NS:  # not to be waited for more often than needed
        rounds = 1
    took = []
    for _ in range(rounds):
        once = max(_timed(engine, next(requests), nothing), 1)
        took += [_timed(engine, next(requests), nothing) for _ in range(max(3, min(MOST_CALLS, BATCH_NS // once)))]
        space.set_state(before)
    return first / 1000, median(took) / 1000


def _timed(engine: Engine, request: Request, nothing: int) -> int:
    began = process_time_ns()
    answer = engine.handle(request)
    took = process_time_ns() - began
    if answer.status >= 300 and answer.status != nothing:
        raise AssertionError(f"{request.method} {request.path} is answered {answer.status}: {answer.body.decode()}")
    return took


def _requests(api: str, caller: dict[str, str], call: Call, size: int) -> Iterator[Request]:
    """Requests without end, none like another: a Host that was never seen makes one that nothing is remembered of."""
    random = Random(call.title)
    for number in _NUMBERS:
        method, target, body = call.made(random, size)
        path, _, query = target.partition("?")
        sent = b"" if body is None else orjson.dumps(body)
        headers = {"host": f"h{number}.example", "content-length": str(len(sent)), "content-type": "application/json"}
        yield Request(method, f"/{api}{path}", query, {**headers, **caller}, sent)
