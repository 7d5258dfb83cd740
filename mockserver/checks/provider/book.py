"""What a check has found so far, and what it has looked at: in the end a verdict for each operation and check."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from mockserver.checks.findings import Finding
from mockserver.checks.provider.hiding import without
from mockserver.checks.provider.rules import CHECKS, OF_ANSWERS, OF_SEQUENCES
from mockserver.checks.verdict import Severity, Verdict
from mockserver.strategies.links import Link

#: What a project makes of a finding: how much it weighs, and who accepts it; None where it is turned off.
Standing: TypeAlias = Callable[[Finding], tuple[Severity, str] | None]


def as_found(finding: Finding) -> tuple[Severity, str]:
    """Where no project has a say."""
    return finding.severity, ""


class Book:
    """Findings by what tells them apart; only those of the `enabled` checks count."""

    def __init__(self, enabled: Collection[str], secrets: Collection[str] = ()) -> None:
        """No finding shows one of the `secrets`."""
        self.enabled, self._secrets = frozenset(enabled), secrets
        self.findings: dict[str, Finding] = {}
        self._looked: set[tuple[str, str]] = set()
        self._accepted: dict[tuple[str, str], str] = {}
        self._skipped: dict[tuple[str, str], str] = {}
        #: Operations that were left out, or left in the middle, and why.
        self.left: dict[str, str] = {}

    def looked(self, operation: str, *checks: str) -> None:
        """These checks have looked at an operation."""
        self._looked.update((operation, check) for check in checks)

    def answered(self, operation: str) -> None:
        """An answer of an operation was looked at."""
        self.looked(operation, *OF_ANSWERS)

    def skip(self, operation: str, check: str, reason: str) -> None:
        """A check has nothing to look at in an operation."""
        self._skipped.setdefault((operation, check), reason)

    def leave(self, operation: str, reason: str) -> None:
        """An operation is left out, or left in the middle."""
        self.left.setdefault(operation, reason)

    def take(self, finding: Finding) -> None:
        """Keep a finding; of those that say the same the one with the smallest example."""
        if finding.rule in self.enabled:
            finding = without(finding, self._secrets)
            known = self.findings.get(finding.fingerprint)
            if known is None or _size(finding) < _size(known):
                self.findings[finding.fingerprint] = finding

    def verdicts(
        self, links: Mapping[str, Link], left: Mapping[str, str], standing: Standing = as_found
    ) -> Iterator[Verdict]:
        """One for each operation and check; of those that are `left` out one that says why. `standing` is what the
        project makes of a finding."""
        broken: dict[tuple[str, str], list[Finding]] = {}
        for finding in self.findings.values():
            stands = standing(finding)
            if stands is None:
                continue
            severity, accepted = stands
            if accepted:
                self._accepted.setdefault((finding.operation, finding.rule), f"accepted: {accepted}")
            else:
                weighed = replace(finding, severity=severity)
                broken.setdefault((finding.operation, finding.rule), []).append(weighed)
        for name, link in links.items():
            for check in CHECKS:
                if check in self.enabled:
                    yield self._verdict(link, check, broken.get((name, check), []))
        for name, reason in left.items():
            yield Verdict(f"{name}: all", "the operation is left out", name, "error", "skipped", reason=reason)

    def _verdict(self, link: Link, check: str, broken: list[Finding]) -> Verdict:
        rule, name = CHECKS[check], link.operation.id
        id = f"{name}: {check}"
        if broken:
            first = broken[0]
            curl = first.exchanges[-1].curl if first.exchanges else ""
            came = "; ".join(dict.fromkeys(each.message for each in broken[:3]))
            more = f"; and {len(broken) - 3} more" if len(broken) > 3 else ""
            return Verdict(
                *(id, rule.title, name, max((each.severity for each in broken), key=_weight), "fail"),
                expected=first.expected,
                came=came + more,
                advice=first.advice,
                curl=curl,
                anchor=rule.anchor,
            )
        reason = self._accepted.get((name, check), "")
        if (name, check) in self._looked and not reason:
            return Verdict(id, rule.title, name, rule.severity, "pass", anchor=rule.anchor)
        reason = reason or self._skipped.get((name, check)) or self.left.get(name) or _why_not(link, check)
        return Verdict(id, rule.title, name, rule.severity, "skipped", reason=reason, anchor=rule.anchor)


def _weight(severity: Severity) -> int:
    return int(severity == "error")


def _size(finding: Finding) -> tuple[int, int]:
    return len(finding.exchanges), sum(len(each.curl) for each in finding.exchanges)


def fitting(link: Link) -> set[str]:
    """The checks of sequences that mean something for an operation."""
    found: set[str] = set()
    if link.use("key") is not None or link.use("parent") is not None:
        found |= {"use_after_free", "ensure_resource_availability", "unknown_is_missed"}
    if link.verb in ("create", "read", "update", "replace"):
        found.add("read_after_write")
    if link.verb == "list":
        found |= {"list_after_write", "count_after_write"}
    if link.verb in ("create", "delete"):
        found.add("count_after_write")
    if link.reading:
        found.add("reads_change_nothing")
    if link.reading or link.repeatable or link.verb == "delete":
        found.add("idempotence")
    return found


def _why_not(link: Link, check: str) -> str:
    if check in OF_SEQUENCES and check not in fitting(link):
        return "it means nothing for this operation"
    if check in OF_SEQUENCES:
        return "no sequence has called it"
    if check == "max_response_time":
        return "no limit is given (--max-response-time)"
    return "nothing was called that it looks at"
