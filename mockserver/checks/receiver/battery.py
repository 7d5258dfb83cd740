"""Runs the cases against one receiver, one verdict after the other."""

from __future__ import annotations

import socket
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from mockserver.checks.receiver.accepting import accept_cases
from mockserver.checks.receiver.case import Bench, Case, Finding
from mockserver.checks.receiver.handshakes import handshake_cases
from mockserver.checks.receiver.messages import Composer, Message, curl, is_large
from mockserver.checks.receiver.refusing import refuse_cases
from mockserver.checks.receiver.report import ReceiverReport
from mockserver.checks.receiver.samples import Samples
from mockserver.checks.receiver.surviving import survive_cases
from mockserver.checks.receiver.wire import Wire
from mockserver.checks.verdict import Result, Verdict
from mockserver.engine.assembly import Options, build_engine
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.state.clock import Stopwatch

_PAGE = "docs/receiver.md"
_MOST_HANGS = 2  # of one kind; when one kind had them, one of each further kind
_IN_TIME = "accept-in-time"


class Battery:
    """All cases for one receiver, ready to run. Iterate once over it for the verdicts; `close` it, or use `with`."""

    def __init__(
        self,
        api: str,
        url: str,
        secret: str,
        *,
        events: Collection[str] = (),
        examples: int = 100,
        seed: int = 0,
        remote: bool = False,
        only: Collection[str] = (),
        skip: Collection[str] = (),
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """As `check_receiver`. Nothing is sent yet."""
        if not 0 <= examples <= 1_000_000:
            raise UsageError(f"0 to 1,000,000 events are generated, not {examples}")
        self._stack = ExitStack()
        try:
            self._prepare(api, url, secret, tuple(events), seed, remote, settings)
            self.examples, self.seed = examples, seed
            bench = self._bench
            every = [
                *handshake_cases(bench),
                *accept_cases(bench, examples, seed),
                *refuse_cases(bench),
                *survive_cases(bench),
            ]
            self.cases = _chosen(_distinct(every), only, skip)
            _somebody_listens(url)
        except BaseException:
            self._stack.close()
            raise
        self._accepted: dict[str, bool] = {}
        self._hangs: Counter[str] = Counter()
        self._late = self._dead = ""
        self._folder: Path | None = None

    def _prepare(
        self,
        api: str,
        url: str,
        secret: str,
        events: tuple[str, ...],
        seed: int,
        remote: bool,
        settings: Mapping[str, Any] | None,
    ) -> None:
        given = {Path(api).name: dict(settings)} if settings else {}
        engine = self._stack.enter_context(build_engine([api], Options(seed=seed, settings=given)))
        (self.api,) = engine.apis
        self.url = url
        sender = engine.outbox.sender(self.api)
        composer = Composer(sender, url, secret, engine.clock, remote=remote)
        for event in events:
            sender.check_event(event)
        chosen = tuple(event for event in sender.events if not events or event in events)
        first = next(iter(sender.events))
        samples = Samples(sender, dict.fromkeys((first, *chosen)), composer.now())
        wire = Wire(url, sender.webhooks.delivering)
        self._stack.callback(wire.close)
        self._bench = Bench(composer, samples, wire, chosen, first)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._stack.close()

    def report(self, verdicts: Collection[Verdict]) -> ReceiverReport:
        """The verdicts as one value."""
        return ReceiverReport(self.api, self.url, self.seed, self.examples, tuple(verdicts))

    def __iter__(self) -> Iterator[Verdict]:
        for case in self.cases:
            reason = self._reason_to_skip(case)
            yield self._verdict(case, None, 0.0, reason) if reason else self._run(case)

    def _reason_to_skip(self, case: Case) -> str:
        if self._dead or case.reason:
            return self._dead or case.reason
        if self._late and case.kind != "handshake":
            return self._late
        tired = any(hangs >= _MOST_HANGS for kind, hangs in self._hangs.items() if kind != case.kind)
        if self._hangs[case.kind] >= (1 if tired else _MOST_HANGS):
            return f"the receiver hung {self._hangs[case.kind]} times in cases of this kind"
        if case.proves or case.kind == "handshake" or case.id == _IN_TIME:
            return ""
        if case.event:
            return "" if self._accepted.get(case.event, True) else f"the documented {case.event} itself was not taken"
        return ""

    def _run(self, case: Case) -> Verdict:
        wire = self._bench.wire
        hangs, began = wire.hangs, Stopwatch.read()
        finding = case.run(self._bench)
        taken = Stopwatch.read() - began
        self._hangs[case.kind] += wire.hangs > hangs
        if case.proves:
            self._accepted[case.event] = finding.passed
        if case.id == _IN_TIME and not finding.passed and not (finding.answer and finding.answer.broke):
            self._late = f"{case.id}: the receiver does not answer in time, so nothing else can be told"
        if not finding.passed and finding.answer is not None and finding.answer.broke:
            finding = finding._replace(came=f"{finding.came}; {self._after(case)}")
        return self._verdict(case, finding, taken)

    def _after(self, case: Case) -> str:
        """Whether the receiver lives on, in words."""
        answer = self._bench.wire.send(self._bench.fresh(self._bench.first))
        if answer.status:
            return f"it still lives: a valid event afterwards was answered {answer.status}"
        self._dead = f"the receiver is gone since {case.id}: {answer.outcome.error}"
        return f"the receiver is gone: {answer.outcome.error}"

    def _verdict(self, case: Case, finding: Finding | None, taken: float, reason: str = "") -> Verdict:
        anchor = f"{_PAGE}#{case.anchor}"
        if finding is None:
            return Verdict(case.id, case.title, case.kind, case.severity, "skipped", reason=reason, anchor=anchor)
        outcome: Result = "pass" if finding.passed else "fail"
        advice = "; ".join(filter(None, (case.advice, finding.advice)))
        return Verdict(
            *(case.id, case.title, case.kind, finding.severity or case.severity, outcome, finding.expected),
            *(finding.came, advice, "", self._curl(case, finding.message, finding.passed), anchor, taken),
        )

    def _curl(self, case: Case, message: Message | None, passed: bool) -> str:
        if message is None:
            return ""
        if not is_large(message):
            return curl(message, self.url)
        if passed:
            return ""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="mockserver-receiver-"))
        file = self._folder / f"{case.id}.json"
        file.write_bytes(message.body)
        return curl(message, self.url, file)


def check_receiver(
    api: str,
    url: str,
    secret: str,
    *,
    events: Collection[str] = (),
    examples: int = 100,
    seed: int = 0,
    remote: bool = False,
    only: Collection[str] = (),
    skip: Collection[str] = (),
    settings: Mapping[str, Any] | None = None,
) -> ReceiverReport:
    """Put the receiver at `url` to the test: what `api` (a name that ships, or a path) may send to it, what it must
    refuse, what it must survive. All of it is signed with `secret`, which the receiver must know.

    `examples` events of each kind are generated, the same for the same `seed`. `events` narrows the kinds; `only` and
    `skip` choose cases by id, with `*` and `?`. `remote` allows a receiver on another machine. `settings` override
    those of the API. Raises UsageError for what cannot be, also when nobody listens; SpecError for a wrong spec.
    """
    chosen: dict[str, Any] = {"events": events, "examples": examples, "seed": seed, "remote": remote}
    with Battery(api, url, secret, **chosen, only=only, skip=skip, settings=settings) as battery:
        return battery.report(list(battery))


def _distinct(cases: list[Case]) -> list[Case]:
    """Each id once: values that differ in signs alone get a number."""
    seen: Counter[str] = Counter()
    found = []
    for case in cases:
        seen[case.id] += 1
        number = seen[case.id]
        found.append(case if number == 1 else _renamed(case, f"{case.id}-{number}"))
    return found


def _renamed(case: Case, case_id: str) -> Case:
    return replace(case, id=case_id)


def _chosen(cases: list[Case], only: Collection[str], skip: Collection[str]) -> list[Case]:
    ids = [case.id for case in cases]
    for pattern in (*only, *skip):
        if not any(fnmatchcase(case_id, pattern) for case_id in ids):
            families = sorted({case.anchor for case in cases})
            hint = did_you_mean(
                pattern, [*ids, *families], "a case by its id, or with *: accept-*, refuse-*, survive-*"
            )
            raise UsageError(f"no case is called '{pattern[:80]}'", hint)
    return [
        case
        for case in cases
        if (not only or any(fnmatchcase(case.id, pattern) for pattern in only))
        and not any(fnmatchcase(case.id, pattern) for pattern in skip)
    ]


def _somebody_listens(url: str) -> None:
    """Raises UsageError when nobody takes a connection at all."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), 5).close()
    except OSError as error:
        reason = (error.strerror or str(error) or type(error).__name__).lower()
        raise UsageError(f"nothing listens at {url} ({reason})", "start the receiver, then check it") from None
