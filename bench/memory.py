"""Resident memory of the server process as it answers more and more requests: it levels off, the journal is a ring."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.calls import API, GET_LIST, GET_ONE, POST_SESSION, PUT_BUSY, PUT_ONLINE, Call, Case
from bench.figures import say, short, table
from bench.processes import UNLIMITED, Server, exchange, mockserver

_MARKS = (0, 1_000, 10_000, 20_000, 50_000, 100_000)
#: One in ten changes a record, one in twenty adds one.
_MIX = (
    PUT_BUSY,
    *[GET_ONE] * 6,
    GET_LIST,
    *[GET_ONE] * 3,
    PUT_ONLINE,
    *[GET_ONE] * 5,
    GET_LIST,
    GET_LIST,
    POST_SESSION,
)
_SESSIONS = f"/__admin/state/{API}/session"
_PUT_BACK = 2_000  # requests between two resets of the sessions, which leave the journal as it is
_GROWTH = 1.15  # from the mark where the journal is full to the last one


def run(cases: Sequence[Case], rounds: int, seconds: int) -> bool:
    """Print the memory at each mark. Returns whether it levelled off."""
    if not Path("/proc/self/status").exists():
        say("\nmemory: skipped, this system has no /proc to read the memory of a process from")
        return True
    with (
        TemporaryDirectory(prefix="mockserver-bench-") as name,
        mockserver(Path(name, "ours.log"), API, *UNLIMITED) as server,
    ):
        sizes = _sizes(server, _worker(server.pid))
    full, last = sizes[20_000], sizes[_MARKS[-1]]
    rows = [[f"{mark:,}", short(size), f"{size - sizes[0]:+.1f}"] for mark, size in sizes.items()]
    table("Memory of the server process", ("requests answered", "RSS, MB", "since the start, MB"), rows)
    bounded = last <= full * _GROWTH
    say(
        f"\nFrom the 20,000th request (the journal has long been full) to the last one: {last / full:.2f} ×, "
        f"{'bounded' if bounded else f'NOT bounded: at most {_GROWTH} × is promised'}."
    )
    return bounded


def _sizes(server: Server, worker: int) -> dict[int, float]:
    connection = server.connect()
    _, _, kept = exchange(connection, Call("GET", _SESSIONS))
    sizes = {0: _resident(worker)}
    for number in range(1, _MARKS[-1] + 1):
        call = _MIX[number % len(_MIX)]
        status, _, body = exchange(connection, call)
        if status >= 300:
            raise AssertionError(f"{call.method} {call.path} is answered {status}: {body.decode()}")
        if number % _PUT_BACK == 0:
            exchange(connection, Call("PUT", _SESSIONS, kept))
        if number in _MARKS:
            sizes[number] = _resident(worker)
    _, _, journal = exchange(connection, Call("GET", "/__admin/requests?limit=1"))
    connection.close()
    seen = json.loads(journal)["last_seq"]
    if seen < _MARKS[-1]:
        raise AssertionError(f"the journal has numbered {seen} exchanges only: it was off")
    return sizes


def _worker(parent: int) -> int:
    """The process that answers: granian makes it."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text("ascii").split()
    if len(children) != 1:
        raise AssertionError(f"one worker process was expected, there are {len(children)}")
    return int(children[0])


def _resident(pid: int) -> float:
    """Resident memory in MB."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1000
