"""What the tests of a process brought to light about their clients, for the reports of a whole run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mockserver.checks.client import ClientJudge, TokenUse
from mockserver.checks.coverage.coverage import Coverage
from mockserver.checks.findings import Finding
from mockserver.exceptions import UsageError
from mockserver.testing.journal import Call
from mockserver.testing.worlds import Seen, World

if TYPE_CHECKING:
    from mockserver.contract.schemas import Violation
    from mockserver.engine.api import Api
    from mockserver.engine.journal import Exchange


class Gathering:
    """Findings and coverage of many tests. What a worker has gathered is sent as JSON and merged."""

    def __init__(self) -> None:
        self.exchanges = 0
        self._findings: dict[str, Finding] = {}
        self._coverage: dict[str, Coverage] = {}
        self._left_out: dict[str, str] = {}
        self._going_on: dict[str, _Judging] = {}
        self._tokens, self._is_all = TokenUse(), True

    @property
    def findings(self) -> list[Finding]:
        """Each once, with how often it was seen."""
        return list(self._findings.values())

    @property
    def notes(self) -> list[str]:
        """What could not be counted, and why."""
        return list(self._left_out.values())

    @property
    def apis(self) -> tuple[str, ...]:
        """The APIs that tests started, sorted."""
        return tuple(sorted(self._coverage))

    def coverage(self) -> Coverage:
        """Of all APIs that tests started."""
        total = Coverage.of(())
        for name in self.apis:
            total.merge(self._coverage[name])
        return total

    def add(self, world: World, seen: Sequence[Seen], test: str = "") -> None:
        """Judge the calls of a world. Violations that its test meant to bring about are nobody's fault."""
        served = world.engine.apis
        for api in served.values():
            self._cover(api.name, Coverage.of((api,)))
        judging = self._going_on.pop(world.name, None) or _Judging(self._tokens)
        judging.apis.update(served)
        judge = judging.judge
        found: list[Finding] = []
        for each in seen:
            exchange = _as_served(world, each.exchange)
            if exchange.api in self._coverage and exchange.api not in self._left_out:
                self._coverage[exchange.api].add(exchange)
            exchange.violations = _unexpected(world, each.exchange, exchange.seq)
            found += judge.see(exchange, timed=each.timed)
        if world.goes_on:
            self._going_on[world.name] = judging
        else:
            found += judge.end()
        self.exchanges += len(seen)
        for finding in found:
            self._take(replace(finding, test=test))
        for name, event in world.arrived():
            if name in self._coverage:
                self._coverage[name].add_event(name, event)

    def settle(self) -> None:
        """All is over. What tokens were used for can only be told by who has seen all tests: not with workers."""
        for finding in self._tokens.findings() if self._is_all else ():
            self._take(finding)

    def _take(self, finding: Finding) -> None:
        taken = self._findings.get(finding.fingerprint)
        if taken is not None:  # whichever worker was first: the same test is named
            finding = taken.merged(finding) if taken.test <= finding.test else finding.merged(taken)
        self._findings[finding.fingerprint] = finding

    def _cover(self, name: str, coverage: Coverage) -> None:
        """Count an API from here on. Two contracts of one name cannot be counted together: the first is."""
        known = self._coverage.setdefault(name, coverage)
        if known is not coverage and name not in self._left_out:
            try:
                known.merge(coverage)
            except UsageError:
                self._left_out[name] = f"tests start different contracts called {name}: only calls of the first count"

    def as_json(self) -> dict[str, Any]:
        """All of it, for another process."""
        return {
            "exchanges": self.exchanges,
            "findings": [each.as_json() for each in self.findings],
            "coverage": {name: each.as_json() for name, each in self._coverage.items()},
            "left_out": self._left_out,
        }

    def merge(self, gathered: Mapping[str, Any]) -> None:
        """Add what another process has gathered, as `as_json` gives it."""
        self._is_all = False
        self.exchanges += gathered["exchanges"]
        for each in gathered["findings"]:
            self._take(Finding.from_json(each))
        for name, each in gathered["coverage"].items():
            self._cover(name, Coverage.from_json(each))
        self._left_out |= gathered["left_out"]


class _Judging:
    """The judge of a world, and the APIs that it knows: a test may start one more at any time."""

    def __init__(self, tokens: TokenUse) -> None:
        self.apis: dict[str, Api] = {}
        self.judge = ClientJudge(self.apis, token_use=tokens)


def _as_served(world: World, exchange: Exchange) -> Exchange:
    """The exchange as a server of its own would have seen it: numbered from 1, without the name of the world."""
    copied = copy(exchange)
    copied.seq = exchange.seq - world.first
    path = exchange.request.path
    if path.startswith(f"{world.inside}/"):
        copied.request = exchange.request._replace(path=path.removeprefix(world.inside))
    return copied


def _unexpected(world: World, exchange: Exchange, number: int) -> list[Violation]:
    """The violations that the test did not mean to bring about."""
    mocks = world.mocks
    mock = mocks.get(exchange.api) or next(iter(mocks.values()), None)
    if not exchange.violations or mock is None:
        return exchange.violations
    call = Call(exchange, number, world.inside)
    return [
        each
        for each in exchange.violations
        if mock.options.strict is not False and not any(expected.covers(call, each) for expected in mock.expected)
    ]
