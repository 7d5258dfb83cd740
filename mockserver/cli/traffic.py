"""`mockserver check traffic`."""

from __future__ import annotations

from pathlib import Path

import click

from mockserver.cli.reporting import Reporting, ReportOptions, report_options
from mockserver.state.clock import Stopwatch

_BROKEN = 2


@click.command("traffic")
@click.argument("file", metavar="FILE.har", type=click.Path(path_type=Path))
@click.argument("apis", nargs=-1, required=True, metavar="API|PATH...")
@click.option(
    "--base-url",
    "base_urls",
    multiple=True,
    metavar="[API=]URL",
    help="Where an API was called, beside its documented hosts and below its name; with several, API=URL.",
)
@report_options
def traffic_command(file: Path, apis: tuple[str, ...], base_urls: tuple[str, ...], reports: ReportOptions) -> int:
    """Judge traffic that was recorded as an HTTP Archive (HAR): what the client asked of API, what the service
    answered, and what of the contract was touched.

    It is exit code 1 when either broke the contract, 2 when FILE cannot be read to its end.

    \b
    Examples:
      mockserver check traffic recorded.har my-api
      mockserver check traffic recorded.har my-api --base-url https://staging.example/v2
      mockserver check traffic recorded.har.gz my-api other-api --junit report.xml
    """
    from mockserver.checks.client import RULES
    from mockserver.checks.conformance import ANSWER_RULES
    from mockserver.checks.stream import Began, Noted, Progress
    from mockserver.checks.traffic import HarFile, Traffic

    began = Stopwatch.read()
    with Reporting(reports, rules=[*RULES, *ANSWER_RULES]) as reporting:
        har = HarFile(file)
        traffic = Traffic(apis, base_urls, tell=reporting.judgement.take)
        about = {"file": str(file), "base_urls": list(base_urls)}
        reporting.listener(Began("traffic", f"{file.name} against {', '.join(traffic.apis)}", traffic.apis, about))
        traffic.read(har, lambda done, total: reporting.listener(Progress(done, total, file.name)))
        for note in traffic.notes():
            reporting.listener(Noted(note))
        return reporting.finish(
            exchanges=traffic.exchanges,
            duration=Stopwatch.read() - began,
            coverage=traffic.coverage,
            reasons=[str(traffic.broken)] if traffic.broken is not None else [],
            code=_BROKEN if traffic.broken is not None else 0,
        )
