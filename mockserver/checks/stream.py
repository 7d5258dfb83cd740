"""The events of one run, of whatever kind, in the order in which they come: what reports are written from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from mockserver.checks.findings import Finding
from mockserver.checks.verdict import Verdict

if TYPE_CHECKING:
    from mockserver.checks.coverage.coverage import Coverage

Kind: TypeAlias = Literal["run", "tests", "provider", "traffic", "coverage"]


@dataclass(frozen=True, slots=True)
class Began:
    """A run began. `title` says what it is in a few words; `about` is what it was asked for, by name."""

    kind: Kind
    title: str
    apis: tuple[str, ...] = ()
    about: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """So much of `total` is done; `label` is what is under way."""

    done: int
    total: int
    label: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A check went this way: one for each operation and check of a service."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Found:
    """Something is wrong. `accepted` says who has accepted it (`baseline`, or the reason that pyproject.toml gives);
    empty when nobody has."""

    finding: Finding
    accepted: str = ""


@dataclass(frozen=True, slots=True)
class Covered:
    """What of the contract was touched. `under` is the percentage that is asked for, None for none."""

    coverage: Coverage
    under: float | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """Something to know that is no finding: a rule that could not be looked at, a baseline entry that is stale."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A run is over. `exchanges` were seen in `duration` seconds; `reasons` say why it failed (none: it did not), `own`
    those of them that it has for itself, whatever was found. `code` is the exit code, `fail_on` the least severity that
    failed it."""

    exchanges: int
    duration: float
    code: int
    reasons: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    fail_on: Literal["error", "warning", "never"] = "error"

    def fails(self, severity: str) -> bool:
        """Whether a finding of this severity that nobody has accepted failed the run."""
        return self.fail_on == "warning" or severity == self.fail_on


Event: TypeAlias = Began | Progress | Checked | Found | Covered | Noted | Ended
#: Whoever listens to a run.
Listener: TypeAlias = Callable[[Event], object]


class Story:
    """All that was told of a run, for reports that need the whole of it. An instance is a Listener."""

    def __init__(self) -> None:
        self.began = Began("run", "")
        self.verdicts: list[Verdict] = []
        self.found: list[Found] = []
        self.covered: Covered | None = None
        self.notes: list[str] = []
        self.ended = Ended(0, 0.0, 0)

    def __call__(self, event: Event) -> None:
        if isinstance(event, Began):
            self.began = event
        elif isinstance(event, Checked):
            self.verdicts.append(event.verdict)
        elif isinstance(event, Found):
            self.found.append(event)
        elif isinstance(event, Covered):
            self.covered = event
        elif isinstance(event, Noted):
            self.notes.append(event.text)
        elif isinstance(event, Ended):
            self.ended = event

    @property
    def open(self) -> Sequence[Finding]:
        """The findings that nobody has accepted, errors first."""
        found = [each.finding for each in self.found if not each.accepted]
        return sorted(found, key=lambda each: each.severity != "error")

    @property
    def failed(self) -> bool:
        """Whether the run failed."""
        return bool(self.ended.code)
