"""Memory of an engine as more and more tokens come and go: it levels off, what is over is forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from bench.calls import API, GET_ONE, Case
from bench.figures import say, short, table
from bench.processes import LIMITS
from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.engine.grants import Wanted
from mockserver.messages import Request

_TOKENS = 10_000
_CALLS_EACH = 100  # after each new token, by the holders of the last so many
_HOLDERS = 300
_LIFE = 3_600  # seconds
_STEP = timedelta(seconds=_LIFE / 250)  # from one token to the next: 250 are live, and as many over but not forgotten
_MARKS = (1_000, 10_000, 100_000, 200_000, 500_000, 1_000_000)
_STEADY = 100_000  # calls after which the first tokens are long forgotten
_GROWTH = 1.15


def run(cases: Sequence[Case], rounds: int, seconds: int) -> bool:
    """Print the memory at each mark. Returns whether it levelled off."""
    if not Path("/proc/self/status").exists():
        say("\ntokens: skipped, this system has no /proc to read the memory of a process from")
        return True
    unlimited = {API: dict.fromkeys(LIMITS, 10**9)}
    engine = build_engine([API], Options(auth="strict", settings=unlimited, start=datetime(2025, 1, 15, tzinfo=UTC)))
    sizes, rows, statuses = {}, [], Counter[int]()
    headers: list[str] = []
    calls = 0
    began = perf_counter()
    for _ in range(_TOKENS):
        given = engine.issue_token(API, Wanted(expires_in=_LIFE))
        headers = [*headers[-_HOLDERS + 1 :], given["header"].partition(": ")[2]]
        for at in range(_CALLS_EACH):
            header = headers[(calls + at * 7) % len(headers)]
            statuses[engine.handle(Request("GET", GET_ONE.path, "", {"authorization": header})).status] += 1
        calls += _CALLS_EACH
        engine.advance(_STEP)
        if calls in _MARKS:
            sizes[calls] = _resident()
            rows.append([f"{calls:,}", short(sizes[calls]), *(f"{size:,}" for size in _known(engine))])
    took = perf_counter() - began
    if set(statuses) != {200, 401}:
        raise AssertionError(f"calls with a token that lives or is over are answered {dict(statuses)}")
    head = ("calls", "RSS, MB", "tokens with a record", "callers kept ready", "texts of forgotten tokens")
    table(
        f"Memory of an engine, {_TOKENS:,} tokens over {_STEP * _TOKENS // timedelta(hours=1)} virtual hours",
        head,
        rows,
    )
    last = sizes[_MARKS[-1]]
    bounded = last <= sizes[_STEADY] * _GROWTH
    say(
        f"\n{calls:,} calls in {took:.0f} s, {statuses[401] / calls:.0%} of them with a token that is over. From the "
        f"{_STEADY:,}th to the last: {last / sizes[_STEADY]:.2f} ×, "
        f"{'bounded' if bounded else f'NOT bounded: at most {_GROWTH} × is promised'}."
    )
    return bounded


def _known(engine: Engine) -> tuple[int, int, int]:
    """How much is known of tokens: records, callers kept ready, texts."""
    credential = next(iter(engine.apis[API].credentials.values()))
    issuing = engine.api(credential.issuer.api)
    space = issuing.space("")
    return len(space.state.tables[issuing.behaviour.token_table]), len(credential._held), len(space.once_issued)


def _resident() -> float:
    """Resident memory of this process in MB."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1000
