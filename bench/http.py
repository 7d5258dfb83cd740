"""Requests per second through HTTP: mockserver with everything on, a bare Flask route, a bare WSGI application.

Each server is started once. A round puts the same load on one after the other, so that what else the machine does
meets all of them; a ratio is taken within a round, and the median over the rounds is reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench import wrk
from bench.calls import API, READ, Case, load_script
from bench.figures import median, ratio, say, short, table
from bench.processes import UNLIMITED, Server, bare, mockserver, record_answers

_CONNECTIONS = (1, 16)
_WARM_UP = 1  # seconds
_HEAD = (
    *("call", "connections", "mockserver req/s", "Flask req/s", "WSGI req/s"),
    *("mockserver / Flask", "goal", "mockserver / WSGI"),
    *("mockserver p50, p99 ms", "Flask p50, p99 ms", "WSGI p50, p99 ms"),
)


class _Target(NamedTuple):
    """A server under load. The bare ones are asked beneath `prefix` when they shall read the body too."""

    kind: str
    server: Server
    prefix: str = ""


def run(cases: Sequence[Case], rounds: int, seconds: int) -> bool:
    """Measure the cases and print a table."""
    if not wrk.installed():
        say("\nhttp: skipped, there is no wrk on the PATH (Debian, Ubuntu: apt-get install wrk)")
        return True
    rows: list[list[str]] = []
    with TemporaryDirectory(prefix="mockserver-bench-") as name, ExitStack() as running:
        folder = Path(name)
        ours = running.enter_context(mockserver(folder / "ours.log", API, *UNLIMITED))
        record_answers(ours, folder / "answers.json")
        ours.reset()
        servers = {"ours": ours}
        for kind in ("flask", "wsgi"):
            servers[kind] = running.enter_context(bare(kind, folder / "answers.json", folder / f"{kind}.log"))
        for case in cases:
            for connections in _CONNECTIONS:
                loads = _measure(case, connections, servers, rounds, seconds, folder)
                rows.append(_row(case.title, case, connections, loads, ""))
                if case.grows:
                    rows.append(_row(f"{case.title}, the bare ones read the body too", case, connections, loads, READ))
    table(f"HTTP: {rounds} alternating rounds of {seconds} s", _HEAD, rows)
    return True


def _measure(
    case: Case, connections: int, servers: Mapping[str, Server], rounds: int, seconds: int, folder: Path
) -> dict[str, list[wrk.Load]]:
    """The loads by kind of server and prefix, one for each round."""
    targets = [_Target(kind, server) for kind, server in servers.items()]
    if case.grows:
        targets += [_Target(kind, server, READ) for kind, server in servers.items() if kind != "ours"]
    scripts = {}
    for prefix in {target.prefix for target in targets}:
        scripts[prefix] = folder / f"{case.name}{prefix.replace('/', '-')}.lua"
        scripts[prefix].write_text(load_script(case, prefix), "utf-8")
    loads: dict[str, list[wrk.Load]] = {target.kind + target.prefix: [] for target in targets}
    for number in range(-1, rounds):  # the first one only warms up
        for target in targets:
            duration = seconds if number >= 0 else _WARM_UP
            load = wrk.load(target.server.url, scripts[target.prefix], connections, duration)
            if number >= 0:
                loads[target.kind + target.prefix].append(load)
            if target.kind == "ours" and case.grows:
                target.server.reset()
    return loads


def _row(title: str, case: Case, connections: int, loads: Mapping[str, list[wrk.Load]], prefix: str) -> list[str]:
    each = [loads["ours"], loads[f"flask{prefix}"], loads[f"wsgi{prefix}"]]
    ours, flask, wsgi = ([load.rate for load in kind] for kind in each)
    return [
        title,
        str(connections),
        *(short(median(rates)) for rates in (ours, flask, wsgi)),
        ratio(ours, flask),
        f"{case.goal:.1f}" if connections == _CONNECTIONS[-1] else "",
        ratio(ours, wsgi),
        *(f"{short(median(load.p50 for load in kind))}, {short(median(load.p99 for load in kind))}" for kind in each),
    ]
