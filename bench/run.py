"""What `mockserver run` costs: from its start to that of the command, and the report of 50,000 exchanges."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import CLOCK_MONOTONIC, clock_gettime, perf_counter

from bench.calls import Case
from bench.figures import median, say, short, table
from mockserver.checks.client import Watch
from mockserver.checks.judgement import Judgement
from mockserver.checks.settings import Settings
from mockserver.checks.stream import Began, Event
from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.grants import Wanted
from mockserver.engine.journal import Exchange
from mockserver.messages import Request
from mockserver.reports.outlets import Outlets
from mockserver.reports.text import TextReport

_GOAL_START = 0.8  # seconds
_GOAL_REPORT = 5.0
_EXCHANGES = 50_000
#: What the command does: it says when it has begun, on the clock that all processes share.
_COMMAND = (sys.executable, "-I", "-S", "-c", "import time; print(time.clock_gettime(time.CLOCK_MONOTONIC))")


def run(cases: Sequence[Case], rounds: int, seconds: int) -> bool:
    """Print both."""
    one = [_started("zoho-assist") for _ in range(rounds)]
    everything = [_started() for _ in range(rounds)]
    reports = [_reported() for _ in range(rounds)]
    rows = [
        [name, short(median(took)), f"{short(min(took))}–{short(max(took))}", short(goal)]
        for name, took, goal in (
            ("start to command, one API", one, _GOAL_START),
            ("start to command, all that ship", everything, _GOAL_START),
            ("judge, coverage and all reports of 50,000 exchanges", reports, _GOAL_REPORT),
        )
    ]
    table(f"run, {rounds} rounds", ("", "s, median", "s, least–most", "goal"), rows)
    say("\nStart to command includes the start of an interpreter for it, some 10 ms.")
    return True


def _started(*apis: str) -> float:
    """Seconds from the start of `mockserver run` to that of its command."""
    began = clock_gettime(CLOCK_MONOTONIC)
    command = [sys.executable, "-m", "mockserver", "run", *apis, "--", *_COMMAND]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout) - began


def _reported() -> float:
    """Seconds from the first of 50,000 exchanges, which are there already, to the last report that is written."""
    with TemporaryDirectory(prefix="mockserver-bench-") as name, build_engine(("zoho-assist",), Options()) as engine:
        token = engine.issue_token("zoho-assist", Wanted())["header"].partition(": ")[2]
        headers = {"authorization": token, "content-type": "application/json", "host": "127.0.0.1"}
        requests = [
            *(
                Request("GET", f"/zoho-assist/api/v2/technicians/tech_12{number % 6}", "", headers)
                for number in range(7)
            ),
            Request("GET", "/zoho-assist/api/v2/sessions", "status=open&unknown=1", headers),
            Request("POST", "/zoho-assist/api/v2/sessions", "", headers, b'{"sessionType": 5}'),
            Request("GET", "/zoho-assist/api/v2/nowhere", "", headers),
        ]
        exchanges: list[Exchange] = []
        engine.journal.listener = exchanges.append
        for number in range(_EXCHANGES):
            engine.handle(requests[number % len(requests)])
        engine.journal.listener = None
        folder = Path(name)
        files = {each: folder / each for each in ("junit", "json", "sarif", "html", "coverage")}
        began = perf_counter()
        outlets = Outlets(**files)  # type: ignore[arg-type]
        text = TextReport(lambda _: None)

        def listen(event: Event) -> None:
            outlets(event)
            text(event)

        judgement = Judgement(listen, Settings())
        watch = Watch(engine, ("zoho-assist",), tell=judgement.take)
        judgement.tell(Began("run", "bench", ("zoho-assist",)))
        told: Callable[[Exchange], object] | None = engine.journal.listener
        assert told is not None
        for exchange in exchanges:
            told(exchange)
        watch.close()
        judgement.end(exchanges=watch.exchanges, duration=0.0, coverage=watch.coverage)
        outlets.write()
        took = perf_counter() - began
        assert watch.exchanges == _EXCHANGES
        assert all(path.stat().st_size > 1000 for path in files.values())
        return took
