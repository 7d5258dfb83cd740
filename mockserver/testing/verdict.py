"""What a test is told about its client: every violation that it did not expect, and every fault of the mock itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mockserver.testing import wording
from mockserver.testing.journal import Call

if TYPE_CHECKING:
    from mockserver.contract.schemas import Violation
    from mockserver.testing.mock_api import MockApi

_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `kind` is violation, fault (of the mock itself) or missing (an expected violation that
    never came); `title` says it in one line, `text` in full."""

    kind: str
    title: str
    text: str
    call: Call | None = None
    violation: Violation | None = None


class ContractViolated(AssertionError):
    """A test is over, and its client has broken the contract. `findings` say how."""

    def __init__(self, findings: Sequence[Finding], calls: Sequence[Call] = ()) -> None:
        self.findings = tuple(findings)
        super().__init__(told(findings, calls))


def verdict(api: MockApi, since: int = 0) -> list[Finding]:
    """The findings of one API of a test, in the order of its calls. Calls up to number `since` have been judged."""
    served = api.world.engine.apis.get(api.name)
    found = []
    for call in api.judged_calls():
        if call.number <= since:
            continue
        if call.fault:
            title = f"{call.operation or call.line}: the mock itself failed: {call.fault}"
            found.append(Finding("fault", title, "\n".join(wording.faulty(call)), call))
        elif api.options.strict is not False:
            for violation in call.violations:
                if not any(each.covers(call, violation) for each in api.expected):
                    text = "\n".join(wording.broken(call, violation, served))
                    found.append(Finding("violation", wording.headline(call, violation), text, call, violation))
    for each in api.expected:
        if each.is_missed():
            title, _, text = each.complaint().partition("\n")
            found.append(Finding("missing", title, text))
    return found


def told(findings: Sequence[Finding], calls: Sequence[Call] = ()) -> str:
    """Findings as text; the first line says the first of them. Warnings of the same calls come last."""
    first = findings[0]
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    lines = [f"{first.title}{more}"]
    for finding in findings[:_MOST_SHOWN]:
        if len(findings) > 1:
            lines += ["", finding.title]
        if finding.text:
            lines += [finding.text]
    if len(findings) > _MOST_SHOWN:
        lines += ["", f"and {len(findings) - _MOST_SHOWN} more findings"]
    if warnings := wording.warned(calls):
        lines += ["", "warnings, which fail no test:", *warnings]
    if any(finding.kind == "violation" for finding in findings):
        lines += ["", _way_out(findings)]
    return "\n".join(lines)


def _way_out(findings: Sequence[Finding]) -> str:
    finding = next(each for each in findings if each.violation is not None)
    assert finding.call is not None
    assert finding.violation is not None
    words = [f'"{finding.call.operation}"'] if finding.call.operation else []
    key = "pointer" if finding.violation.pointer else "location"
    words.append(f'{key}="{getattr(finding.violation, key)}"')
    return f"meant to happen? api.expect_violation({', '.join(words)}) expects it, strict=False allows all"
