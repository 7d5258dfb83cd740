"""What a check has to say of one case: the value that every report is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning"]
Result: TypeAlias = Literal["pass", "fail", "skipped"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one case went.

    `id` is kebab-case and stays the same from run to run; `kind` is the group that it belongs to. `severity` is what it
    weighs when it fails. `reason` says why it was skipped. `curl` repeats what was sent, `anchor` is where the
    documentation speaks of it (`page.md#heading`), `duration` is in real seconds.
    """

    id: str
    title: str
    kind: str
    severity: Severity
    outcome: Result
    expected: str = ""
    came: str = ""
    advice: str = ""
    reason: str = ""
    curl: str = ""
    anchor: str = ""
    duration: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether it was not as it should be, as an error or as a warning."""
        return self.outcome == "fail"

    def as_json(self) -> dict[str, Any]:
        """All of it, `duration` in milliseconds."""
        shown = asdict(self)
        shown["duration_ms"] = round(shown.pop("duration") * 1000, 3)
        return shown

    def __str__(self) -> str:
        if self.outcome == "pass":
            return f"{self.id}: pass"
        if self.outcome == "skipped":
            return f"{self.id}: skipped: {self.reason}"
        return f"{self.id}: {self.severity}: expected {self.expected}; came: {self.came}; {self.advice}"


def fails(verdicts: Iterable[Verdict], *, strict: bool = False) -> bool:
    """Whether any verdict is a failed error; with `strict`, or a failed warning."""
    return any(each.failed and (strict or each.severity == "error") for each in verdicts)
