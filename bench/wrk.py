"""Load from wrk: a Debian package, so it may be missing."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
_QUANTILE = r"^\s+{}%\s+([\d.]+)(us|ms|s|m)$"


class Load(NamedTuple):
    """What one load showed: requests per second; milliseconds in which half and 99 % of them were answered."""

    rate: float
    p50: float
    p99: float


class LoadFailed(Exception):
    """Some request of a load was not answered as it should have been, so that its figures would mean nothing."""


def installed() -> bool:
    """Whether there is a wrk to run."""
    return shutil.which("wrk") is not None


def load(url: str, script: Path, connections: int, seconds: int) -> Load:
    """Put load on `url` by one thread of wrk. Raises LoadFailed."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    shown = done.stdout
    if done.returncode or "Non-2xx" in shown or "Socket errors" in shown:
        raise LoadFailed(f"{url} with {script.name}, {connections} connections:\n{shown}{done.stderr}")
    rate = re.search(r"^Requests/sec:\s+([\d.]+)$", shown, re.MULTILINE)
    if rate is None or float(rate[1]) == 0:
        raise LoadFailed(f"{url}: nothing was answered\n{shown}")
    return Load(float(rate[1]), _quantile(shown, 50), _quantile(shown, 99))


def _quantile(shown: str, percent: int) -> float:
    found = re.search(_QUANTILE.format(percent), shown, re.MULTILINE)
    if found is None:
        raise LoadFailed(f"wrk reports no {percent}% latency:\n{shown}")
    return float(found[1]) * _UNITS[found[2]]
