"""What is asked of the reports of a run, on a command line or in the options of pytest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.checks.settings import FailOn


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What was asked for; None where nothing was said. `fail_under` is a percentage."""

    junit: Path | None = None
    json: Path | None = None
    sarif: Path | None = None
    html: Path | None = None
    coverage: Path | None = None
    github: bool = False
    baseline: Path | None = None
    baseline_update: bool = False
    fail_under: float | None = None
    fail_on: FailOn | None = None
    quiet: bool = False
    colour: bool | None = None
