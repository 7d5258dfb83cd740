"""What comes of all findings: merged, weighed by what the project has decided, told, and made an exit code."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, cast

from mockserver.checks.baseline import Baseline
from mockserver.checks.findings import Finding
from mockserver.checks.settings import Ignored, Settings
from mockserver.checks.stream import Began, Covered, Ended, Event, Found, Listener, Noted
from mockserver.checks.verdict import Severity

if TYPE_CHECKING:
    from mockserver.checks.coverage.coverage import Coverage

BROKEN = 1
BY_BASELINE = "baseline"


class Judgement:
    """Takes findings while a run lasts, from any thread, and says at its end what they come to.

    `rules` are those that the run looks for; what settings and baseline say of others is then not called stale. Nothing
    is where the run is `partial`: it left out operations, or kinds of calls; that may show as late as at its end. With
    `update`, an option that is called `update_by`, the findings of the run are accepted, and `baseline` is afterwards
    what is to be kept.
    """

    def __init__(
        self,
        listener: Listener,
        settings: Settings,
        baseline: Baseline | None = None,
        *,
        rules: Collection[str] = (),
        partial: bool = False,
        update: bool = False,
        update_by: str = "--baseline-update",
    ) -> None:
        self.baseline = baseline or Baseline()
        self._listener, self._settings = listener, settings
        self._rules, self.partial = frozenset(rules), partial
        self._update, self._update_by = update, update_by
        self._apis: tuple[str, ...] = ()
        self._taken: dict[str, Finding] = {}
        self._lock = Lock()

    def tell(self, event: Event) -> None:
        """Pass an event on. Of `Began` it keeps which APIs the run looks at."""
        if isinstance(event, Began):
            self._apis = event.apis
        self._listener(event)

    def take(self, finding: Finding) -> None:
        """One more finding; one that is like another makes that one more frequent."""
        if self._settings.level(finding.rule) == "off":
            return
        fingerprint = finding.fingerprint
        with self._lock:
            taken = self._taken.get(fingerprint)
            self._taken[fingerprint] = finding if taken is None else taken.merged(finding)

    def standing(self, finding: Finding) -> tuple[Severity, str] | None:
        """What `end` will make of a finding: its severity, and who accepts it; None where its rule is turned off."""
        if self._settings.level(finding.rule) == "off":
            return None
        weighed = self._weighed(finding)
        entry = self._settings.ignored(weighed)
        by = BY_BASELINE if self._update or self.baseline.accepts(finding) else ""
        return weighed.severity, entry.reason if entry is not None else by

    def end(
        self,
        *,
        exchanges: int,
        duration: float,
        coverage: Coverage | None = None,
        reasons: Sequence[str] = (),
        code: int = 0,
    ) -> int:
        """Tell all that is left to tell, and give the exit code: `code` unless it is 0, which is what the command has
        to say for itself and `reasons` say in words; else 1 where the contract was broken or too little of it was
        covered, else 0. `duration` is in seconds."""
        findings = self._findings()
        ignored = {id(each): entry for each in findings if (entry := self._settings.ignored(each)) is not None}
        left = [each for each in findings if id(each) not in ignored]
        whole = not (code or self.partial) and exchanges > 0
        uncalled = frozenset(_uncalled(coverage)) if coverage is not None else frozenset()
        notes = [
            *self._unused(set(ignored.values()), whole=whole),
            *self._settle(left, whole=whole, uncalled=uncalled),
        ]
        blamed: list[Finding] = []
        for finding in findings:
            by = BY_BASELINE if self.baseline.accepts(finding) else ""
            accepted = ignored[id(finding)].reason if id(finding) in ignored else by
            self._listener(Found(finding, accepted))
            if not accepted:
                blamed.append(finding)
        for note in notes:
            self._listener(Noted(note))
        if coverage is not None:
            self._listener(Covered(coverage, self._settings.fail_under))
        why = [*self._broken(blamed), *self._uncovered(coverage)]
        code = code or (BROKEN if why else 0)
        self._listener(Ended(exchanges, duration, code, (*reasons, *why), tuple(reasons), self._settings.fail_on))
        return code

    def _findings(self) -> list[Finding]:
        """All that were taken, with the severity that the project gives them; errors first."""
        with self._lock:
            found = list(self._taken.values())
        weighed = (self._weighed(each) for each in found)
        return sorted(
            weighed,
            key=lambda each: (
                *(each.severity != "error", each.rule, each.api, each.operation, each.where, each.message),
                each.fingerprint,
            ),
        )

    def _weighed(self, finding: Finding) -> Finding:
        level = self._settings.level(finding.rule)
        return finding if level in (finding.severity, None) else replace(finding, severity=cast(Severity, level))

    def _settle(
        self, findings: Sequence[Finding], *, whole: bool, uncalled: Collection[tuple[str, str]]
    ) -> Iterator[str]:
        """Bring the baseline up to date where that was asked for. A run that is not whole forgets nothing, and none
        forgets what was found of an operation that it has not called."""
        gone = self.baseline.stale(findings, self._apis, self._rules) if whole else []
        stale = [
            entry
            for entry in gone
            if self._settings.level(entry.rule) != "off" and (entry.api, entry.operation) not in uncalled
        ]
        if not self._update:
            for entry in stale:
                yield f"in the baseline, but not found any more: {entry}; {self._update_by} drops it"
            return
        before = self.baseline
        self.baseline = before.without(stale).joined(Baseline.of(findings))
        added = len(self.baseline.entries.keys() - before.entries.keys())
        yield f"baseline: {added} added, {len(stale)} removed, {len(self.baseline.entries)} in all"

    def _unused(self, used: Collection[Ignored], *, whole: bool) -> Iterator[str]:
        for entry in self._settings.ignore if whole else ():
            seen = (not self._rules or "*" in entry.rule or entry.rule in self._rules) and (
                not self._apis or not entry.api or "*" in entry.api or entry.api in self._apis
            )
            if entry not in used and seen and self._settings.level(entry.rule) != "off":
                yield f"ignored in pyproject.toml, but not found: {entry}"

    def _broken(self, findings: Sequence[Finding]) -> Iterator[str]:
        failing = {"error": ("error",), "warning": ("error", "warning"), "never": ()}[self._settings.fail_on]
        counts = [(name, sum(each.severity == name for each in findings)) for name in failing]
        said = [f"{count} {name}{'s' if count > 1 else ''}" for name, count in counts if count]
        if said:
            yield f"the contract was not kept: {', '.join(said)}"

    def _uncovered(self, coverage: Coverage | None) -> Iterator[str]:
        under = self._settings.fail_under
        if coverage is not None and under is not None:
            percent = coverage.count().percent
            if percent < under:
                yield f"coverage is {math.floor(percent * 10) / 10:.1f} %, under {under:g} %"


def _uncalled(coverage: Coverage) -> Iterator[tuple[str, str]]:
    """(API, operation) of all that was never called."""
    for api in coverage.apis:
        yield from ((api, row.operation) for row in coverage.rows(api) if row.operation and not row.calls)
