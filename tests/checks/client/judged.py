"""A mock whose calls are judged as they come."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from mockserver.checks.client import ClientJudge
from mockserver.checks.findings import Finding
from mockserver.engine.faults import FaultOrder
from mockserver.engine.journal import Exchange
from tests.mocks import Answer, Mock, desk

DOCUMENTED = (
    (
        "openapi.yaml",
        "      responses: &one\n",
        '      responses: &one\n        "429": {$ref: "#/components/responses/Problem"}\n',
    ),
    (
        "openapi.yaml",
        '        "200":\n          description: Tickets',
        '        "429": {$ref: "#/components/responses/Problem"}\n        "200":\n          description: Tickets',
    ),
)
#: A quota of the desk API, and the error that tells of it.
QUOTA = (
    *DOCUMENTED,
    (
        "behaviour.yaml",
        "  too_many: {status: 409}",
        """  too_many: {status: 409}
  rate_limited: {status: 429, headers: {Retry-After: "${{ quota.retry_after }}"}}""",
    ),
    (
        "behaviour.yaml",
        "resources:",
        "quotas:\n  minute: {limit: 3, window: PT1M, per: token, operations: [listTickets, getTicket]}\nresources:",
    ),
)


class Judged:
    """A mock and the judge of whoever calls it. The clock stands still but is trusted, unless `timed` is false."""

    def __init__(self, mock: Mock, *, timed: bool = True, exempt: Collection[str] = ()) -> None:
        self.mock, self.timed = mock, timed
        self.judge = ClientJudge(mock.engine.apis, exempt_tokens=exempt)
        self.findings: list[Finding] = []
        mock.engine.journal.listener = self._see

    def _see(self, exchange: Exchange) -> None:
        exchange.duration = 0.0  # real time has nothing to do with a clock that stands still
        self.findings += self.judge.see(exchange, timed=self.timed)

    def call(self, line: str, json: Any = None, *, form: dict[str, str] | None = None, **named: Any) -> Answer:
        """As `Mock.call`, a moment after the last one."""
        self.passes(0.001)
        if form is not None:
            content = {"content-type": "application/x-www-form-urlencoded"}
            return self.mock.call(line, body=urlencode(form).encode(), headers=content, **named)
        return self.mock.call(line, **named) if json is None else self.mock.call(line, json, **named)

    def passes(self, seconds: float) -> None:
        """Time passes."""
        self.mock.engine.advance(timedelta(seconds=seconds))

    def order(self, operation: str, **given: Any) -> None:
        """Something goes wrong with the next call."""
        self.mock.engine.faults.add(FaultOrder(self.mock.name, operation, **given))

    def end(self) -> list[str]:
        """The rules that have spoken, when all is over."""
        self.findings += self.judge.end()
        return self.rules

    @property
    def rules(self) -> list[str]:
        """The rules that have spoken so far, in order."""
        return [each.rule for each in self.findings]

    @property
    def only(self) -> Finding:
        """The one finding."""
        (found,) = self.findings
        return found


def judged(*changes: tuple[str, str, str], timed: bool = True, exempt: Collection[str] = (), **options: Any) -> Judged:
    """The desk API, with changes."""
    return Judged(desk(*changes, **options), timed=timed, exempt=exempt)
