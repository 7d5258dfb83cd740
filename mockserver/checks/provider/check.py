"""The whole check of a live service, from the first call to the verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mockserver.checks.findings import Finding
from mockserver.checks.provider.book import Book, Standing, as_found
from mockserver.checks.provider.calling import Called, Caller, Gone, Throttled
from mockserver.checks.provider.cases import Cases
from mockserver.checks.provider.contact import known_records, refuse
from mockserver.checks.provider.credentials import Credentials
from mockserver.checks.provider.examining import MOST_EDGES, Examination
from mockserver.checks.provider.hiding import hidden
from mockserver.checks.provider.judging import Judge
from mockserver.checks.provider.sequences import Sequences, sequences_for
from mockserver.checks.provider.wanted import Wanted
from mockserver.checks.stream import Listener, Progress
from mockserver.checks.verdict import Verdict
from mockserver.engine.api import Api
from mockserver.exceptions import UsageError
from mockserver.messages import Request, Response
from mockserver.state.clock import Stopwatch
from mockserver.strategies.adapter import Sent
from mockserver.strategies.kit import Kit
from mockserver.strategies.links import Link
from mockserver.transport import Client

_FIRST = 10  # operations that are called once before anything else
_CUT = 2  # exit code where the service went away
_STOPPED = 130  # exit code where somebody pressed Ctrl-C
_IMPATIENT = 3  # first calls that the service may put off


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a check. `findings` are in the order in which they were met; `calls` were made in `duration`
    seconds. `code` is 0 when the check came to its end, else the exit code, and `reasons` say why. `notes` tell what
    was left out because the service wanted it so."""

    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    calls: int
    duration: float
    code: int = 0
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class ProviderCheck:
    """Is a live service true to the contract?"""

    def __init__(self, api: Api, client: Client, credentials: Credentials, wanted: Wanted, tell: Listener) -> None:
        """`tell` hears of `Progress`. Raises UsageError for what cannot be asked."""
        self._api, self._wanted, self._tell = api, wanted.checked(api), tell
        self._caller = Caller(client, credentials, max_wait=wanted.max_wait)
        self._judge = Judge(api, client.url, limit=wanted.max_response_time)
        self._book = Book(wanted.enabled(), credentials.secrets)
        self._kit = Kit(api, call=self._call, operations=None, headers=None, act=None, state=None, reset=None)
        self._links, self._left = wanted.links(self._kit.links)
        self._kit.chosen = wanted.asked_for_records(self._kit.links)
        self._done, self._label = 0, ""
        #: How many calls an operation may take, about.
        shares = {"examples": 2, "coverage": MOST_EDGES, "fuzzing": wanted.examples * 3 // 2}
        self._each = sum(calls for phase, calls in shares.items() if phase in wanted.phases)

    def run(self) -> Result:
        """Put the service to the test."""
        began = Stopwatch.read()
        code, reasons = 0, list[str]()
        try:
            self._check()
        except Gone as gone:
            code, reasons = _CUT, [self._how_far(str(gone))]
        except KeyboardInterrupt:
            code, reasons = _STOPPED, [self._how_far("stopped")]
        return Result(
            tuple(self._book.findings.values()),
            tuple(self.verdicts()),
            self._caller.calls,
            Stopwatch.read() - began,
            code,
            tuple(reasons),
            tuple(self._left_out()),
        )

    def verdicts(self, standing: Standing = as_found) -> list[Verdict]:
        """One for each operation and check. `standing` is what the project makes of a finding: one that is accepted
        fails nothing."""
        return list(self._book.verdicts({each.operation.id: each for each in self._links}, self._left, standing))

    def _left_out(self) -> Iterator[str]:
        why: dict[str, list[str]] = {}
        for name, reason in self._book.left.items():
            why.setdefault(reason, []).append(name)
        for reason, names in why.items():
            few = f"{', '.join(names[:5])}{'…' if len(names) > 5 else ''}"
            yield f"not looked at to the end: {few}: {reason}"

    def contact(self) -> list[str]:
        """Make the first calls: is there anybody, is it the API, and does it know us? What is to be noted of that.
        Raises UsageError where nobody answers, or nobody who could be meant."""
        first: list[tuple[Link, Called, list[Finding]]] = []
        for link in self._links[:_FIRST]:
            request = self._cases(link, {}).plain()
            if request is not None:
                self._label = link.operation.id
                try:
                    called = self._caller.call(link.operation, request)
                except Gone as gone:
                    raise UsageError(f"{gone}: there is nothing to check", _hint(self._caller)) from None
                except Throttled as throttled:
                    self._book.leave(link.operation.id, str(throttled))
                    if not first and len(self._book.left) == min(_IMPATIENT, len(self._links)):
                        hint = "wait a while, or give it more time with --max-wait"
                        raise UsageError(f"{self._caller.url} wants to be left alone: {throttled}", hint) from None
                    continue
                first.append((link, called, self._judge.findings(link.operation, called)))
        return refuse(self._caller, self._api, first)

    def _check(self) -> None:
        wanted = self._wanted
        records = known_records(self._kit, self._links)
        examination = Examination(self._caller, self._judge, self._book, wanted, self._advance)
        for number, link in enumerate(self._links):
            self._label, self._done = link.operation.id, number * self._each
            cases = self._cases(link, records)
            try:
                if "examples" in wanted.phases:
                    examination.examples(cases)
                    examination.probes(cases)
                if "coverage" in wanted.phases:
                    examination.bounds(cases)
                if "fuzzing" in wanted.phases:
                    examination.made_up(cases)
            except Throttled as throttled:
                self._book.leave(link.operation.id, str(throttled))
        if "stateful" in wanted.phases:
            self._label, self._done = "sequences of calls", len(self._links) * self._each
            links = {link.operation.id: link for link in self._links}
            sequences = Sequences(
                *(self._api, self._caller, self._judge, self._book, wanted, links, records, self._advance)
            )
            try:
                sequences.run()
            except Throttled as throttled:
                for name in links:
                    self._book.leave(name, str(throttled))

    def _cases(self, link: Link, records: Any) -> Cases:
        return Cases(self._kit, link, records, type_ignored=self._api.behaviour.content_type_ignored)

    def _call(self, name: str, sent: Sent) -> Response:
        """A call that looks for records: judged like any other."""
        operation = self._api.contract.operations[name]
        called = self._caller.call(operation, Request(*sent))
        if any(link.operation.id == name for link in self._links):
            self._book.answered(name)
            for each in self._judge.findings(operation, called):
                self._book.take(each)
        return called.response

    def _advance(self) -> None:
        self._done += 1
        sequences = sequences_for(self._wanted.examples) if "stateful" in self._wanted.phases else 0
        total = self._each * len(self._links) + sequences
        self._tell(Progress(min(self._done, total), total, self._label))

    def _how_far(self, said: str) -> str:
        where = f" at {self._label}" if self._label else ""
        last = self._caller.last
        curl = f"; the last call was {self._judge.shown(last).curl}" if last is not None else ""
        told = f"{said}: the check ended after {self._caller.calls} calls{where}{curl}"
        return hidden(told, self._caller.credentials.secrets)


def _hint(caller: Caller) -> str:
    failed = caller.last.failed if caller.last is not None else None
    if failed is not None and failed.why == "insecure":
        return "for a certificate of your own set SSL_CERT_FILE to the file of whoever has signed it"
    return "start it, or mend --url"


__all__ = ["ProviderCheck", "Result"]
