"""From the start of the process to the first answer of an API, all shipped specs served; and what was imported."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.calls import GET_ONE, POST_SESSION, PUT_BUSY, Case
from bench.figures import median, say, short, table
from bench.processes import Server, bare, mockserver, record_answers

#: Slow to import, and of no use before somebody asks for what they do.
_NOT_LOADED = (
    *(
        "hypothesis",
        "hypothesis_jsonschema",
        "faker",
        "jsonschema",
        "jsonschema_path",
        "rstr",
        "openapi_spec_validator",
    ),
    *("pytest", "requests", "waitress"),
)
_IMPORT = re.compile(r"^import time:\s+\d+ \|\s+\d+ \|\s+(\w+)", re.MULTILINE)
_GOAL = 0.6  # seconds


def run(cases: Sequence[Case], rounds: int, seconds: int) -> bool:
    """Print how long each kind of start takes, and whether a module was loaded that should not be."""
    took: dict[str, list[float]] = {"mockserver, documents cached": [], "mockserver, cache empty": [], "bare Flask": []}
    with TemporaryDirectory(prefix="mockserver-bench-") as name:
        folder = Path(name)
        with mockserver(folder / "first.log", MOCKSERVER_CACHE=str(folder / "warm")) as server:
            record_answers(server, folder / "answers.json")
        for number in range(rounds):
            for cache, kind in (
                ("warm", "mockserver, documents cached"),
                (f"cold-{number}", "mockserver, cache empty"),
            ):
                began = perf_counter()
                with mockserver(folder / "ours.log", MOCKSERVER_CACHE=str(folder / cache)) as server:
                    took[kind].append(_answered(server) - began)
            began = perf_counter()
            with bare("flask", folder / "answers.json", folder / "flask.log") as server:
                took["bare Flask"].append(_answered(server) - began)
        loaded = _loaded(folder)
    yardstick = took["bare Flask"]
    rows = [
        [
            kind,
            short(median(each)),
            f"{short(min(each))}–{short(max(each))}",
            short(median(one / other for one, other in zip(each, yardstick, strict=True))),
            "" if each is yardstick else short(_GOAL),
        ]
        for kind, each in took.items()
    ]
    head = ("start to first answer", "s, median", "s, least–most", "/ bare Flask", "goal")
    table(f"Start: all shipped APIs, {rounds} rounds", head, rows)
    wrong = sorted(loaded.intersection(_NOT_LOADED))
    verdict = f"loaded, and should not be: {', '.join(wrong)}" if wrong else f"none of {', '.join(_NOT_LOADED)}"
    say(f"\nImported by `serve` until it has answered a GET, a POST and a PUT: {len(loaded)} packages; {verdict}.")
    return not wrong


def _answered(server: Server) -> float:
    """When the first call was answered, as `perf_counter` has it."""
    status, _, body = server.ask(GET_ONE)
    now = perf_counter()
    if status != 200:
        raise AssertionError(f"{GET_ONE.path} is answered {status}: {body.decode()}")
    return now


def _loaded(folder: Path) -> set[str]:
    """The packages that the processes of `serve` themselves say they import, until they have answered some calls."""
    log = folder / "imports.log"
    with mockserver(log, MOCKSERVER_CACHE=str(folder / "warm"), PYTHONPROFILEIMPORTTIME="1") as server:
        for call in (GET_ONE, POST_SESSION, PUT_BUSY):
            server.ask(call)
    return set(_IMPORT.findall(log.with_suffix(".err").read_text("utf-8", "replace")))
