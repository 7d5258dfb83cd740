"""`python -m bench`: choose the parts, run them one after another, print a markdown table for each."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence

from bench import (
    deliveries,
    engine,
    http,
    intercept,
    memory,
    plugin,
    provider,
    proxy,
    run,
    scale,
    start,
    strategies,
    tokens,
    traffic,
)
from bench.calls import CASES
from bench.figures import say
from bench.processes import NotUp
from bench.wrk import LoadFailed

PARTS = {
    "http": http.run,
    "engine": engine.run,
    "scale": scale.run,
    "start": start.run,
    "memory": memory.run,
    "tokens": tokens.run,
    "strategies": strategies.run,
    "deliveries": deliveries.run,
    "intercept": intercept.run,
    "proxy": proxy.run,
    "plugin": plugin.run,
    "run": run.run,
    "traffic": traffic.run,
    "provider": provider.run,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for. Returns the exit code: 1 when a promise is broken, else 0."""
    parser = argparse.ArgumentParser("python -m bench", description="Measure mockserver; see bench/README.md.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; none: all of them")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured, in turn (default 5)")
    parser.add_argument("--seconds", type=int, default=2, help="length of one load of wrk (default 2)")
    parser.add_argument(
        "--only", action="append", choices=[case.name for case in CASES], help="only this call (http and engine)"
    )
    chosen = parser.parse_args(arguments)
    for part in chosen.parts:
        if part not in PARTS:
            parser.error(f"no part is called '{part}' (there are: {', '.join(PARTS)})")
    if chosen.rounds < 1 or chosen.seconds < 1:
        parser.error("--rounds and --seconds are at least 1")
    cases = [case for case in CASES if not chosen.only or case.name in chosen.only]

    say(f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores")
    kept = True
    for part in chosen.parts or PARTS:
        try:
            kept = PARTS[part](cases, chosen.rounds, chosen.seconds) and kept
        except (LoadFailed, NotUp) as error:
            say(f"\n{part}: no figures: {error}")
            kept = False
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
