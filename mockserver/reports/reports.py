"""The reports of one run, from the options that ask for them to the exit code: for commands and for pytest alike."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mockserver.checks.baseline import Baseline
from mockserver.checks.judgement import Judgement
from mockserver.checks.replacing import replace_file
from mockserver.checks.rules import known_rules
from mockserver.checks.settings import FailOn, Settings, read_settings
from mockserver.checks.stream import Event, Listener, Noted, Progress
from mockserver.exceptions import UsageError
from mockserver.reports.outlets import Outlets, must_be_writable
from mockserver.reports.wanted import ReportOptions

if TYPE_CHECKING:
    from mockserver.checks.coverage.coverage import Coverage


class Reports:
    """What a run finds goes to `judgement`, all other events to `listener`, and `finish` ends it.

    Everything that the options ask for is looked at when an instance is made: raises UsageError for settings or a
    baseline that cannot be read and files that cannot be written; it calls the options by their names after `prefix`.
    `show` is told all events; a report on the standard output is given to `out`, lines of annotations to `say`. `rules`
    are the ids that the run looks for, `partial` says that it leaves something out, as Judgement has them. `fail_on` is
    the least severity that fails where neither the options nor pyproject.toml name one.
    """

    def __init__(
        self,
        options: ReportOptions,
        show: Listener,
        *,
        rules: Collection[str] = (),
        partial: bool = False,
        fail_on: FailOn = "error",
        out: Callable[[bytes], object] | None = None,
        say: Callable[[str], object] | None = None,
        prefix: str = "--",
    ) -> None:
        self._options, self._show, self._prefix = options, show, prefix
        summary = os.environ.get("GITHUB_STEP_SUMMARY") if options.github else None
        self._outlets = Outlets(
            junit=options.junit,
            json=options.json,
            sarif=options.sarif,
            html=options.html,
            coverage=options.coverage,
            baseline=options.baseline,
            github=options.github,
            summary=Path(summary) if summary else None,
            out=out,
            say=say,
            prefix=prefix,
        )
        self.judgement = Judgement(
            self._tell,
            self._settings(fail_on),
            self._baseline(),
            rules=rules,
            partial=partial,
            update=options.baseline_update,
            update_by=f"{prefix}baseline-update",
        )
        # The working folder may be another one when the run is over.
        self._kept = options.baseline.absolute() if options.baseline_update and options.baseline is not None else None
        self.listener = self.judgement.tell

    @property
    def to_stdout(self) -> bool:
        """Whether the standard output is taken by a report."""
        return self._outlets.to_stdout

    def finish(
        self,
        *,
        exchanges: int,
        duration: float,
        coverage: Coverage | None = None,
        reasons: Sequence[str] = (),
        code: int = 0,
    ) -> tuple[int, list[str]]:
        """End the run, write every report and the baseline. Gives the exit code of `Judgement.end`, and what could not
        be written."""
        for name, given in (("fail-under", self._options.fail_under), ("coverage", self._options.coverage)):
            if coverage is None and given is not None:
                said = f"{self._prefix}{name} has nothing to speak of: this run counted no coverage"
                self.listener(Noted(said))
        found = self.judgement.end(
            exchanges=exchanges, duration=duration, coverage=coverage, reasons=reasons, code=code
        )
        return found, [*_wrong(self._outlets.write), *_wrong(self._keep_baseline)]

    def _tell(self, event: Event) -> None:
        if not isinstance(event, Progress):
            self._outlets(event)
        self._show(event)

    def _settings(self, fail_on: FailOn) -> Settings:
        """What pyproject.toml says, and over it what the options say."""
        settings = read_settings(fail_on=fail_on)
        if settings.rules or settings.ignore:  # only then is it worth the wait
            settings = read_settings(known=known_rules(), fail_on=fail_on)
        if self._options.fail_on is not None:
            settings = replace(settings, fail_on=self._options.fail_on)
        under = self._options.fail_under
        if under is None:
            return settings
        if not 0 <= under <= 100:
            raise UsageError(f"{self._prefix}fail-under is {under:g}", "give a percentage from 0 to 100")
        return replace(settings, fail_under=under)

    def _baseline(self) -> Baseline | None:
        file, prefix = self._options.baseline, self._prefix
        if file is None:
            if self._options.baseline_update:
                raise UsageError(f"{prefix}baseline-update: which file?", f"add {prefix}baseline FILE")
            return None
        if self._options.baseline_update:
            must_be_writable("baseline", file, prefix)
            if not file.exists():
                return Baseline()
        return Baseline.read(file, update_by=f"{prefix}baseline-update")

    def _keep_baseline(self) -> None:
        if self._kept is not None:
            try:
                replace_file(self._kept, self.judgement.baseline.as_bytes())
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                raise UsageError(f"the baseline {self._options.baseline} cannot be written: {why}") from None


def _wrong(write: Callable[[], None]) -> list[str]:
    try:
        write()
    except UsageError as error:
        return [str(error)]
    return []
