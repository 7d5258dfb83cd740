"""`check provider` against the mock in a process of its own: every operation of every API that ships, reading and
writing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from bench.calls import Call, Case
from bench.figures import median, say, short, table
from bench.processes import NotUp, Server, mockserver
from mockserver.checks.provider import Credentials, ProviderCheck, Wanted
from mockserver.engine.api import Api
from mockserver.engine.assembly import build_engine
from mockserver.transport import Client

_EXAMPLES = 100
_GOAL = 60.0  # seconds for all of them
_HEAD = ("API", "operations", "calls", "seconds", "calls per second", "findings")


class _Took(NamedTuple):
    calls: int
    seconds: float
    findings: int


def run(cases: Sequence[Case], rounds: int, seconds: int) -> bool:
    """Check all APIs, each round on a fresh mock; prints seconds. False where something is found: the mock is true."""
    apis = [api for api in build_engine().apis.values() if api.contract.operations]
    took: dict[str, list[_Took]] = {api.name: [] for api in apis}
    for seed in range(max(1, min(rounds, 3))):
        with (
            TemporaryDirectory() as folder,
            mockserver(Path(folder) / "log", "--auth", "strict", "--no-rate-limits") as server,
        ):
            for api in apis:
                took[api.name].append(_checked(api, server, seed))
    rows = [_row(api, took[api.name]) for api in apis]
    total = [sum(took[api.name][number].seconds for api in apis) for number in range(len(took[apis[0].name]))]
    operations = sum(len(api.contract.operations) for api in apis)
    rows.append(["**all**", str(operations), "", f"**{short(median(total))}**", "", ""])
    found = sum(each.findings for several in took.values() for each in several)
    table(f"check provider: {_EXAMPLES} examples for each operation (goal: all under {_GOAL:g} s)", _HEAD, rows)
    if found:
        say(f"\n{found} findings in the mock, which must be true to its contract")
    return not found


def _row(api: Api, took: Sequence[_Took]) -> list[str]:
    calls, seconds = median([each.calls for each in took]), median([each.seconds for each in took])
    found = sum(each.findings for each in took)
    operations = str(len(api.contract.operations))
    return [api.name, operations, short(calls), short(seconds), short(calls / seconds), str(found)]


def _checked(api: Api, server: Server, seed: int) -> _Took:
    began = perf_counter()
    with Client(f"{server.url}/{api.name}") as client:
        credentials = Credentials(api, _token(api, server))
        wanted = Wanted(allow_writes=True, examples=_EXAMPLES, seed=seed)
        check = ProviderCheck(api, client, credentials, wanted, lambda event: None)
        check.contact()
        result = check.run()
    if result.code:
        raise NotUp("; ".join(result.reasons))
    for each in result.findings:
        say(f"{api.name} {each.operation}: {each.rule}: {each.message} (seed {seed})")
    return _Took(result.calls, perf_counter() - began, len(result.findings))


def _token(api: Api, server: Server) -> list[str]:
    """A credential, where the API takes one that is issued."""
    wanted = json.dumps({"api": api.name}).encode()
    status, _, body = server.ask(Call("POST", "/__admin/tokens", wanted))
    return [json.loads(body)["access_token"]] if status < 300 else []
