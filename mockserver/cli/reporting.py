"""The options that every check has in common: which reports are written, and what makes it fail."""

from __future__ import annotations

import errno
import functools
import os
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import click

from mockserver.cli.screen import Screen, give_up
from mockserver.exceptions import UsageError

if TYPE_CHECKING:
    from mockserver.checks.baseline import Baseline
    from mockserver.checks.coverage.coverage import Coverage
    from mockserver.checks.settings import FailOn, Settings
    from mockserver.checks.stream import Event

_Command = TypeVar("_Command", bound=Callable[..., Any])
UNREPORTED = 2  # exit code when a report cannot be written


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What was asked for on the command line; None where nothing was said."""

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


def report_options(command: _Command) -> _Command:
    """Give a command the options of reports; it takes them as one parameter, `reports: ReportOptions`."""

    @functools.wraps(command)
    def wrapped(*args: Any, **given: Any) -> Any:
        said = {name: given.pop(f"report_{name}") for name in ReportOptions.__slots__}
        return command(*args, reports=ReportOptions(**said), **given)

    for option in reversed(_options()):
        wrapped = option(wrapped)
    return cast(_Command, wrapped)


def _options() -> list[Callable[[Any], Any]]:
    file = click.Path(path_type=Path, allow_dash=True)

    def written(name: str, what: str) -> Callable[[Any], Any]:
        return click.option(f"--{name}", f"report_{name}", type=file, metavar="FILE", help=f"Write {what}.")

    return [
        written("junit", "JUnit XML; - is the standard output, here and below"),
        written("json", "all that was found, as JSON"),
        written("sarif", "SARIF 2.1.0, which code hosts show beside the lines of the spec"),
        written("html", "one page to look at"),
        written("coverage", "what was covered, for `mockserver coverage combine`"),
        click.option("--github", "report_github", is_flag=True, help="Annotations and a summary for GitHub Actions."),
        click.option(
            "--baseline",
            "report_baseline",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Findings that are accepted.",
        ),
        click.option("--baseline-update", "report_baseline_update", is_flag=True, help="Accept what is found now."),
        click.option(
            "--fail-under",
            "report_fail_under",
            type=click.FloatRange(0, 100),
            metavar="PERCENT",
            help="Fail when less of the contract is covered.",
        ),
        click.option(
            "--fail-on",
            "report_fail_on",
            type=click.Choice(["error", "warning", "never"]),
            help="The least severity that fails; error unless pyproject.toml says otherwise.",
        ),
        click.option("-q", "--quiet", "report_quiet", is_flag=True, help="Show what is wrong, and nothing else."),
        click.option(
            "--colour/--no-colour",
            "--color/--no-color",
            "report_colour",
            default=None,
            help="Colour, wherever the text goes; on a terminal it is there by itself.",
        ),
    ]


class Reporting:
    """One run's reports: what it finds goes to `judgement`, all other events to `listener`, and `finish` ends it.

    Everything that the options ask for is looked at when an instance is made: raises UsageError for settings or a
    baseline that cannot be read and files that cannot be written. The text goes to the standard output, to the standard
    error with `err` or where a report takes the standard output. `rules` are the ids that the run looks for;
    `partial` says that it leaves out operations, so that what it does not find may be there all the same.
    """

    def __init__(
        self, options: ReportOptions, *, err: bool = False, rules: Collection[str] = (), partial: bool = False
    ) -> None:
        from mockserver.checks.judgement import Judgement
        from mockserver.reports.outlets import Outlets
        from mockserver.reports.text import TextReport

        self._options = options
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
            out=_write_out,
            say=self._say,
        )
        self._screen = Screen(err=err or self._outlets.to_stdout)
        self._text = TextReport(
            self._screen.write,
            width=self._screen.width,
            colour=self._screen.coloured(options.colour),
            quiet=options.quiet,
        )
        self.judgement = Judgement(
            self._tell,
            _settings(options),
            _baseline(options),
            rules=rules,
            partial=partial,
            update=options.baseline_update,
        )
        self.listener = self.judgement.tell

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._screen.progress(None)

    def finish(
        self,
        *,
        exchanges: int,
        duration: float,
        coverage: Coverage | None = None,
        reasons: Sequence[str] = (),
        code: int = 0,
    ) -> int:
        """End the run, write every report, and give the exit code: that of `Judgement.end`; 2 where a report cannot be
        written, unless the command has a `code` of its own."""
        from mockserver.checks.stream import Noted

        for option, given in (("--fail-under", self._options.fail_under), ("--coverage", self._options.coverage)):
            if coverage is None and given is not None:
                self.listener(Noted(f"{option} has nothing to speak of: this run counted no coverage"))
        found = self.judgement.end(
            exchanges=exchanges, duration=duration, coverage=coverage, reasons=reasons, code=code
        )
        wrong = [*self._wrong(self._outlets.write), *self._wrong(self._keep_baseline), *self._screen.wrong()]
        for each in wrong:
            _complain(each)
        return code or (UNREPORTED if wrong else found)

    def _tell(self, event: Event) -> None:
        from mockserver.checks.stream import Progress

        if isinstance(event, Progress):
            self._screen.progress(None if self._options.quiet else event)
            return
        self._outlets(event)
        self._text(event)

    def _say(self, text: str) -> None:
        self._screen.write(text)

    def _keep_baseline(self) -> None:
        from mockserver.reports.outlets import replace_file

        if self._options.baseline_update and self._options.baseline is not None:
            try:
                replace_file(self._options.baseline, self.judgement.baseline.as_bytes())
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                raise UsageError(f"the baseline {self._options.baseline} cannot be written: {why}") from None

    def _wrong(self, write: Callable[[], None]) -> list[str]:
        try:
            write()
        except UsageError as error:
            return [str(error)]
        return []


def _settings(options: ReportOptions) -> Settings:
    """What pyproject.toml says, and over it what the command line says."""
    from mockserver.checks.settings import read_settings

    settings = read_settings()
    if settings.rules or settings.ignore:  # only then is it worth the wait
        from mockserver.checks.rules import known_rules

        settings = read_settings(known=known_rules())
    if options.fail_on is not None:
        settings = replace(settings, fail_on=options.fail_on)
    if options.fail_under is not None:
        settings = replace(settings, fail_under=options.fail_under)
    return settings


def _baseline(options: ReportOptions) -> Baseline | None:
    from mockserver.checks.baseline import Baseline
    from mockserver.reports.outlets import must_be_writable

    if options.baseline is None:
        if options.baseline_update:
            raise UsageError("--baseline-update: which file?", "add --baseline FILE")
        return None
    if options.baseline_update:
        must_be_writable("baseline", options.baseline)
        if not options.baseline.exists():
            return Baseline()
    return Baseline.read(options.baseline)


def _write_out(content: bytes) -> None:
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except AttributeError:  # a standard output that was closed from the beginning
        raise OSError(errno.EBADF, "it is closed") from None
    except OSError:
        give_up(sys.stdout)
        raise


def _complain(text: str) -> None:
    try:
        click.echo(f"error: {text}", err=True)
    except OSError:  # nobody is left to hear it; the exit code says it
        pass
