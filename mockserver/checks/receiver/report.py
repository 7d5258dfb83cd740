"""All verdicts on one receiver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mockserver.checks.verdict import Verdict, fails


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """The verdicts in the order of the cases. `str(report)` tells what failed."""

    api: str
    url: str
    seed: int
    examples: int
    verdicts: tuple[Verdict, ...]

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    def __getitem__(self, case_id: str) -> Verdict:
        """The verdict on a case. KeyError when it was not run."""
        for verdict in self.verdicts:
            if verdict.id == case_id:
                return verdict
        raise KeyError(case_id)

    @property
    def passed(self) -> bool:
        """Whether no error was found; warnings may have been."""
        return not fails(self.verdicts)

    @property
    def failures(self) -> tuple[Verdict, ...]:
        """What failed, errors and warnings."""
        return tuple(each for each in self.verdicts if each.failed)

    @property
    def errors(self) -> tuple[Verdict, ...]:
        """What failed as an error."""
        return tuple(each for each in self.failures if each.severity == "error")

    @property
    def warnings(self) -> tuple[Verdict, ...]:
        """What failed as a warning."""
        return tuple(each for each in self.failures if each.severity == "warning")

    def __str__(self) -> str:
        lines = [f"{self.api} to {self.url}: {len(self.errors)} errors, {len(self.warnings)} warnings"]
        return "\n".join([*lines, *(f"  {each}" for each in self.failures)])
