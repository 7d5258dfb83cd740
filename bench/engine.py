"""`Engine.handle` without HTTP: what a call costs, and which step of the story takes how much of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from time import perf_counter_ns, process_time_ns
from typing import Any, NamedTuple

from bench.bare import calm_collector
from bench.calls import API, GET_LIST, GET_ONE, POST_SESSION, Call, Case
from bench.figures import median, short, table
from bench.processes import LIMITS
from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.engine.grants import Wanted
from mockserver.messages import Request

_SESSIONS = (60, 1_000, 10_000)  # the fixtures have about 60
_BATCHES = 10  # in each round
_BATCH_NS = 20_000_000  # a batch is so many calls that it lasts about this long
_MOST_CALLS = 500
_DAY = 86_400
_CLOCKED = 20  # calls with a clock around each step, for each batch
_STEPS = {
    "find the API": "_target",
    "match": "_match",
    "authenticate": "_authenticate",
    "authorise": "_authorise",
    "limit": "_limit",
    "check request": "_check_request",
    "apply": "_apply",
    "check response": "_checked",
}
_HEAD = ("call", "sessions", "µs in all", *_STEPS, "journal", "between the steps")


class _Subject(NamedTuple):
    """A kind of call. One that is not `repeated` has never been answered before, so nothing remembered helps."""

    case: str
    title: str
    call: Call
    repeated: bool


_SUBJECTS = (
    _Subject("get-one", "GET one, remembered", GET_ONE, True),
    _Subject("get-one", "GET one, not remembered", GET_ONE, False),
    _Subject("list", "GET list, remembered", GET_LIST, True),
    _Subject("list", "GET list, not remembered", GET_LIST, False),
    _Subject("post", "POST session", POST_SESSION, True),
)


def run(cases: Sequence[Case], rounds: int, seconds: int) -> bool:
    """Measure the calls that `cases` name and print a table of microseconds."""
    names = {case.name for case in cases}
    rows: list[list[str]] = []
    subjects = [subject for subject in _SUBJECTS if subject.case in names]
    for sessions in _SESSIONS if subjects else ():
        engine = _engine(sessions)
        for subject in subjects:
            requests = _requests(engine, subject)
            whole = _whole(engine, subject, requests, rounds * _BATCHES)
            steps = _steps(engine, requests, rounds * _BATCHES * _CLOCKED)
            rest = max(0.0, whole - sum(steps.values()))
            spent = [short(steps[step]) if step in steps else "" for step in (*_STEPS, "journal")]
            rows.append([subject.title, f"{sessions:,}", f"**{short(whole)}**", *spent, short(rest)])
    table("Engine.handle: µs per call without HTTP, and µs in each step", _HEAD, rows)
    return True


def _engine(sessions: int) -> Engine:
    """An engine with so many sessions in its state and with a journal that is full."""
    engine = build_engine([API], Options(settings={API: dict.fromkeys(LIMITS, 10**9)}))
    known = engine.records(API, "session")
    made = [{**known[i % len(known)], "sessionId": f"{i:010}"} for i in range(sessions)]
    engine.replace_state(API, "session", made)
    once = next(_requests(engine, _SUBJECTS[0]))
    for _ in range(engine.options.journal_size):
        engine.handle(once)
    calm_collector()
    return engine


def _requests(engine: Engine, subject: _Subject) -> Iterator[Request]:
    """Requests without end, with a token that was issued, for all scopes by their names. A Host that was never seen
    makes one that nothing is remembered of."""
    call = subject.call
    headers = {name.lower(): value for name, value in call.headers.items()}
    headers["authorization"] = engine.issue_token(API, Wanted(expires_in=_DAY))["header"].partition(": ")[2]
    headers["content-length"] = str(len(call.body))
    for number in count():
        host = "localhost" if subject.repeated else f"h{number}.example"
        yield Request(call.method, call.path, "", {**headers, "host": host}, call.body)


def _whole(engine: Engine, subject: _Subject, requests: Iterator[Request], batches: int) -> float:
    """The median over batches of processor time for a call, in µs."""
    began = perf_counter_ns()
    for _ in range(3):
        answer = engine.handle(next(requests))
    if answer.status >= 300:
        raise AssertionError(f"{subject.title} is answered {answer.status}: {answer.body.decode()}")
    size = max(1, min(_MOST_CALLS, _BATCH_NS * 3 // (perf_counter_ns() - began)))
    took = []
    for _ in range(batches):
        batch = [next(requests) for _ in range(size)]
        with _restored(engine):
            handle = engine.handle
            start = process_time_ns()
            for request in batch:
                handle(request)
            took.append((process_time_ns() - start) / size / 1000)
    return median(took)


@contextmanager
def _restored(engine: Engine) -> Iterator[None]:
    """Whatever happens to the state inside has not happened afterwards."""
    before = {name: space.state for name, space in engine.apis[API].spaces.items()}
    yield
    for name, state in before.items():
        engine.apis[API].spaces[name].set_state(state)


class _Clocks:
    """Clocks around the steps of one engine. A step's time is without the steps that it calls itself."""

    def __init__(self) -> None:
        self.spent: dict[str, int] = defaultdict(int)
        self._nested = [0]

    def around(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            self._nested.append(0)
            began = perf_counter_ns()
            try:
                return function(*arguments)
            finally:
                took = perf_counter_ns() - began
                self.spent[step] += took - self._nested.pop()
                self._nested[-1] += took

        return timed


def _steps(engine: Engine, requests: Iterator[Request], calls: int) -> dict[str, float]:
    """The median over calls of the time in each step that was entered, in µs, less what the clock itself takes."""
    clocks = _Clocks()
    places = [(engine, method, step) for step, method in _STEPS.items()] + [(engine.journal, "record", "journal")]
    nothing = clocks.around("nothing", lambda *_: None)
    seen: dict[str, list[int]] = defaultdict(list)
    for owner, method, step in places:
        setattr(owner, method, clocks.around(step, getattr(owner, method)))
    try:
        with _restored(engine):
            for _ in range(calls):
                request = next(requests)
                clocks.spent.clear()
                engine.handle(request)
                nothing(request)
                for step, took in clocks.spent.items():
                    seen[step].append(took)
    finally:
        for owner, method, _ in places:
            delattr(owner, method)
    own = median(seen.pop("nothing"))
    return {step: max(0.0, (median(took) - own) / 1000) for step, took in seen.items()}
