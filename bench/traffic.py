"""A recorded archive of 200 MB: how long it takes to read and to judge, and how much memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.calls import API, Case
from bench.figures import median, say, short, table
from mockserver.state.clock import format_time
from mockserver.testing.har import as_har
from mockserver.testing.recording import CLOCK, Recorder

_SIZE = 200_000_000  # bytes
_LONGER = 6_000  # characters that browsers write beside each entry
_MOST = 200.0  # MB of memory
_JUDGE = """
import resource, sys
from pathlib import Path
from time import perf_counter
from mockserver.checks.traffic import judge_traffic, read_har
path, api = Path(sys.argv[2]), sys.argv[3]
began = perf_counter()
if sys.argv[1] == "read":
    count = sum(1 for _ in read_har(path))
else:
    count = judge_traffic(path, [api], tell=lambda finding: None).exchanges
print(count, perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
"""


def run(cases: Sequence[Case], rounds: int, seconds: int) -> bool:
    """Print seconds and memory. Returns whether the memory stayed below what is promised."""
    if sys.platform == "win32":
        say("\ntraffic: skipped, this system does not tell the memory of a process")
        return True
    with TemporaryDirectory(prefix="mockserver-bench-") as name:
        path = Path(name, "recorded.har")
        _write(path)
        found = {what: [_measured(what, path) for _ in range(rounds)] for what in ("read", "judge")}
    rows = [
        [
            what,
            f"{each[0][0]:,.0f}",
            short(median(took for _, took, _ in each)),
            short(max(memory for _, _, memory in each)),
        ]
        for what, each in found.items()
    ]
    head = ("", "entries", "s, median", "resident memory at its highest, MB")
    table(f"An archive of {_SIZE // 1_000_000} MB, {rounds} rounds", head, rows)
    highest = max(memory for each in found.values() for _, _, memory in each)
    kept = highest < _MOST
    say(f"\nMemory: {'bounded' if kept else 'NOT bounded'}, at most {_MOST:.0f} MB is promised.")
    return kept


def _write(path: Path) -> None:
    """The exchanges of an API over and over, one second after another."""
    entries = json.loads(as_har(Recorder(API).record(), CLOCK))["log"]["entries"]
    with path.open("w", encoding="utf-8") as file:
        file.write('{"log": {"version": "1.2", "entries": [')
        number = 0
        while file.tell() < _SIZE:
            began = format_time(CLOCK + timedelta(seconds=number), 3)
            entry = {**entries[number % len(entries)], "startedDateTime": began, "time": 12, "_more": "x" * _LONGER}
            file.write(("," if number else "") + json.dumps(entry))
            number += 1
        file.write("]}}")


def _measured(what: str, path: Path) -> tuple[float, float, float]:
    """Entries, seconds and the highest resident memory in MB, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _JUDGE, what, str(path), API], capture_output=True, text=True, check=True
    )
    count, took, memory = map(float, done.stdout.split())
    return count, took, memory
