"""What the pytest plugin costs: a mock per test, a call through the socket, a whole suite, and pytest's own start."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, perf_counter_ns

import requests

from bench.calls import API, POST_SESSION, Case
from bench.figures import median, say, short, table
from mockserver.spec.catalog import shipped
from mockserver.testing.lease import Lease
from mockserver.testing.options import read_options

_TIMES = 300  # in each round
_TESTS = 1_000
_GOALS = {"mock": 1.0, "call": 1.0, "suite": 10.0, "import": 20.0}
_SUITE = f"""
import pytest, requests

SESSION = requests.Session()
SESSION.trust_env = False

@pytest.mark.parametrize("number", range({_TESTS}))
def test_it(mock_api, number):
    api = mock_api("{API}")
    SESSION.headers["Authorization"] = f"Zoho-oauthtoken {{api.token()}}"
    made = SESSION.post(api.url + "/api/v2/sessions", json=BODY)
    assert made.ok, made.text
    assert SESSION.get(api.url + "/api/v2/sessions").status_code == 200
    assert SESSION.get(api.url + "/api/v2/technicians").status_code == 200
"""


def run(cases: Sequence[Case], rounds: int, seconds: int) -> bool:
    """Measure all four; prints tables."""
    _mocks(rounds)
    _calls(rounds)
    _suite(rounds)
    _start(rounds)
    return True


def _mocks(rounds: int) -> None:
    """A fresh mock with all its fixtures, given back at the end."""
    rows = []
    for name in shipped():
        each = [_timed(lambda name=name: _mock(name), _TIMES) for _ in range(rounds)]  # type: ignore[misc]
        worst = max(most for _, most in each)
        rows.append([name, f"**{short(median(usual for usual, _ in each))}**", short(worst)])
    table(f"mock_api: a mock for one test, ms (goal {_GOALS['mock']:g})", ("API", "median", "most"), rows)


def _mock(name: str) -> None:
    with Lease() as lease:
        assert lease.api(name, read_options({})).state is not None


def _calls(rounds: int) -> None:
    with Lease() as lease, requests.Session() as session:
        api = lease.api(API, read_options({"rate_limits": False}))
        session.trust_env = False
        session.headers["Authorization"] = f"Zoho-oauthtoken {api.token()}"
        url = f"{api.url}/api/v2/technicians"
        each = [_timed(lambda: session.get(url).content, _TIMES) for _ in range(rounds)]
    row = [
        "requests.Session, GET list",
        f"**{short(median(usual for usual, _ in each))}**",
        short(max(m for _, m in each)),
    ]
    table(f"A call through the socket, ms (goal {_GOALS['call']:g})", ("client", "median", "most"), [row])


def _suite(rounds: int) -> None:
    with TemporaryDirectory(prefix="mockserver-bench-") as name:
        (Path(name) / "test_suite.py").write_text(f"{_SUITE}\nBODY = {json.loads(POST_SESSION.body)!r}\n")
        rows = []
        for title, words in (("one process", ()), ("pytest -n 2", ("-n", "2"))):
            took = [_pytest(name, *words) for _ in range(min(rounds, 3))]
            rows.append([title, f"**{short(median(took))}**", f"{short(min(took))}–{short(max(took))}"])
    table(f"{_TESTS:,} tests of 3 calls each, s (goal {_GOALS['suite']:g})", ("how", "median", "least–most"), rows)


def _pytest(folder: str, *words: str) -> float:
    began = perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if f"{_TESTS} passed" not in done.stdout:
        raise AssertionError(done.stdout[-2000:] + done.stderr[-2000:])
    return perf_counter() - began


def _start(rounds: int) -> None:
    """What importing the plugin takes in a process that has imported pytest."""
    code = (
        "import time, pytest; began = time.perf_counter(); import mockserver.pytest_plugin; "
        "print((time.perf_counter() - began) * 1000)"
    )
    took = [float(subprocess.check_output([sys.executable, "-c", code], text=True)) for _ in range(rounds * 2)]
    say(f"\nImporting the plugin: **{short(median(took))} ms** (goal {_GOALS['import']:g}).")


def _timed(act: Callable[[], object], times: int) -> tuple[float, float]:
    """The median and the most of many turns, in ms."""
    act()
    each = []
    for _ in range(times):
        began = perf_counter_ns()
        act()
        each.append((perf_counter_ns() - began) / 1e6)
    return median(each), max(each)
