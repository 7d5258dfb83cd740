"""A command that finds what it is told to find: `python -m tests.cli.reported --find broken,odd`."""

from __future__ import annotations

import click

from mockserver.checks.stream import Began, Progress
from mockserver.cli.main import Program
from mockserver.cli.reporting import Reporting, ReportOptions, report_options
from tests.reports.stories import BROKEN, LOST, ODD, covered

FINDINGS = {"broken": BROKEN, "odd": ODD, "lost": LOST}


@click.group(cls=Program)
def program() -> None:
    pass


@program.command("find")
@click.argument("names", nargs=-1)
@click.option("--code", default=0)
@click.option("--err", is_flag=True)
@click.option("--covered", "with_coverage", is_flag=True)
@report_options
def find_command(names: tuple[str, ...], code: int, err: bool, with_coverage: bool, reports: ReportOptions) -> int:
    """Find something."""
    with Reporting(reports, err=err) as reporting:
        reporting.listener(Began("traffic", "a run – of sorts", ("shop",)))
        for number, name in enumerate(names):
            reporting.listener(Progress(number, len(names), name))
            reporting.judgement.take(FINDINGS[name])
        return reporting.finish(
            exchanges=3,
            duration=0.5,
            coverage=covered() if with_coverage else None,
            reasons=["it was to fail"] if code else [],
            code=code,
        )


if __name__ == "__main__":
    program()
