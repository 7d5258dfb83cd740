"""The options that every check has in common: which reports are written, and what makes it fail."""

from __future__ import annotations

import errno
import functools
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import click

from mockserver.cli.screen import Screen, give_up
from mockserver.cli.values import Percent
from mockserver.reports.wanted import ReportOptions

if TYPE_CHECKING:
    from mockserver.checks.coverage.coverage import Coverage
    from mockserver.checks.stream import Event

__all__ = ["ReportOptions", "Reporting", "report_options"]

_Command = TypeVar("_Command", bound=Callable[..., Any])
UNREPORTED = 2  # exit code when a report cannot be written


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
            type=Percent(),
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
    """One run's reports on a terminal, a context manager: what it finds goes to `judgement`, all other events to
    `listener`, and `finish` ends it.

    Raises UsageError when it is made, as Reports does; `rules` and `partial` are those of Reports. The text goes to the
    standard output, to the standard error with `err` or where a report takes the standard output.
    """

    def __init__(
        self, options: ReportOptions, *, err: bool = False, rules: Collection[str] = (), partial: bool = False
    ) -> None:
        from mockserver.reports.reports import Reports
        from mockserver.reports.text import TextReport

        self._quiet = options.quiet
        self._reports = Reports(options, self._show, rules=rules, partial=partial, out=_write_out, say=self._say)
        self._screen = Screen(err=err or self._reports.to_stdout)
        self._text = TextReport(
            self._screen.write,
            width=self._screen.width,
            colour=self._screen.coloured(options.colour),
            quiet=options.quiet,
        )
        self.judgement = self._reports.judgement
        self.listener = self._reports.listener

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
        found, wrong = self._reports.finish(
            exchanges=exchanges, duration=duration, coverage=coverage, reasons=reasons, code=code
        )
        wrong += self._screen.wrong()
        for each in wrong:
            _complain(each)
        return code or (UNREPORTED if wrong else found)

    def _show(self, event: Event) -> None:
        from mockserver.checks.stream import Progress

        if isinstance(event, Progress):
            self._screen.progress(None if self._quiet else event)
        else:
            self._text(event)

    def _say(self, text: str) -> None:
        self._screen.write(text)


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
