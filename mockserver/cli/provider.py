"""`mockserver check provider`."""

from __future__ import annotations

import math
import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from mockserver.cli.reporting import ReportOptions, report_options
from mockserver.exceptions import UsageError

if TYPE_CHECKING:
    from mockserver.engine.api import Api
    from mockserver.transport import Rate

_DAY = 86_400
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_RATE = re.compile(r"(\d+)\s*/\s*([smh])")
_PHASES = "examples,coverage,fuzzing,stateful"


class _Header(click.ParamType[tuple[str, str]]):
    """`Name: value` -> (name, value)."""

    name = "header"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value[0], value[1]
        name, colon, text = str(value).partition(":")
        if not (colon and name.strip()):
            self.fail(f"{value!r} is no header; write it as 'Name: value'", param, ctx)
        return name.strip(), text.strip()


class _RateText(click.ParamType[tuple[int, float]]):
    """`10/s`, `600/m` -> (calls, seconds)."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, float]:
        if isinstance(value, tuple):
            return int(value[0]), float(value[1])
        found = _RATE.fullmatch(str(value).strip())
        if found is None or not int(found[1]):
            self.fail(f"{value!r} is no rate; write it as 10/s, 600/m or 5000/h", param, ctx)
        if len(found[1]) > 6:
            self.fail(f"{value!r} is no limit: leave it out", param, ctx)
        return int(found[1]), _UNITS[found[2]]


class _Seconds(click.ParamType[float]):
    """A number of seconds above zero, up to a day; with `zero` none at all will do, too."""

    name = "seconds"

    def __init__(self, *, zero: bool = False) -> None:
        self._zero = zero

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not (0 < seconds <= _DAY or (self._zero and seconds == 0)):
            self.fail(
                f"{value!r} is no number of seconds {'from' if self._zero else 'above'} 0 up to {_DAY:,}", param, ctx
            )
        return seconds


class _Names(click.ParamType[tuple[str, ...]]):
    """`a,b` -> (a, b)."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(each.strip() for each in str(value).split(",") if each.strip())


@click.command("provider")
@click.argument("api")
@click.option("--url", required=True, metavar="URL", help="Where the API is served.")
@click.option(
    "--token",
    "tokens",
    multiple=True,
    metavar="TOKEN",
    help="The credential, or SCHEME=TOKEN where there are several; else <API>_TOKEN or MOCKSERVER_TOKEN.",
)
@click.option(
    "-H", "--header", "headers", type=_Header(), multiple=True, metavar="'NAME: VALUE'", help="Sent with each call."
)
@click.option("--allow-writes", is_flag=True, help="Call what may change something, too.")
@click.option(
    "-n",
    "--examples",
    "--max-examples",
    "examples",
    type=click.IntRange(1, 1_000_000),
    default=100,
    show_default=True,
    help="How many requests are made up for each operation; half as many wrong ones come on top.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of all that is made up.")
@click.option("--checks", type=_Names(), default="", metavar="A,B", help="These checks alone; * and ? as ever.")
@click.option("--exclude-checks", type=_Names(), default="", metavar="A,B", help="Not these checks.")
@click.option("--operation", "operations", multiple=True, metavar="ID", help="This operation; * and ? as ever.")
@click.option("--exclude-operation", "excluded", multiple=True, metavar="ID", help="Not this operation.")
@click.option("--phases", type=_Names(), default=_PHASES, show_default=True, metavar="A,B", help="What is done.")
@click.option("--rate-limit", type=_RateText(), metavar="N/s", help="At most so many calls: 10/s, 600/m, 5000/h.")
@click.option(
    "--timeout",
    type=_Seconds(),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a call may have no answer.",
)
@click.option(
    "--max-response-time",
    type=_Seconds(),
    metavar="SECONDS",
    help="A slower answer is a finding.",
)
@click.option(
    "--max-wait",
    type=_Seconds(zero=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a call waits when the service says 429.",
)
@report_options
def provider_command(
    api: str,
    url: str,
    tokens: tuple[str, ...],
    headers: tuple[tuple[str, str], ...],
    allow_writes: bool,
    examples: int,
    seed: int,
    checks: tuple[str, ...],
    exclude_checks: tuple[str, ...],
    operations: tuple[str, ...],
    excluded: tuple[str, ...],
    phases: tuple[str, ...],
    rate_limit: tuple[int, float] | None,
    timeout: float,
    max_response_time: float | None,
    max_wait: float,
    reports: ReportOptions,
) -> int:
    """Call a live service, and look whether it keeps the contract of API.

    API is a name that ships, a folder, or an OpenAPI file. Unless --allow-writes is given only operations are called
    that change nothing. It is exit code 1 when the contract is broken, 2 when the service cannot be called.

    \b
    Examples:
      mockserver check provider my-api --url http://127.0.0.1:4010/my-api
      mockserver check provider ./openapi.yaml --url https://sandbox.example.com --token T --rate-limit 5/s
      mockserver check provider my-api --url URL --allow-writes --operation 'create*' --junit report.xml
    """
    provider = _provider()
    from mockserver.checks.stream import Began, Checked, Noted
    from mockserver.cli.reporting import Reporting
    from mockserver.engine.assembly import build_engine
    from mockserver.transport import Client, check_headers

    check_headers(dict(headers))
    twice = [name for name, _ in headers if [each.lower() for each, _ in headers].count(name.lower()) > 1]
    if twice:
        raise UsageError(f"the header {twice[0]} is given twice", "write its values in one, with commas between")
    if reports.fail_under is not None or reports.coverage is not None:
        raise UsageError("`check provider` counts no coverage", "leave out --fail-under and --coverage")
    engine = build_engine([api])
    served = next(iter(engine.apis.values()))
    wanted = provider.Wanted(
        allow_writes=allow_writes,
        examples=examples,
        seed=seed,
        checks=checks,
        exclude_checks=exclude_checks,
        operations=operations,
        exclude_operations=excluded,
        phases=phases,
        max_response_time=max_response_time,
        max_wait=max_wait,
    ).checked(served)
    partial = bool(operations or excluded) or set(phases) != set(provider.PHASES)
    credentials = provider.Credentials(served, tokens or _token_of(served.name), dict(headers))
    with (
        Client(_before(url, served), timeout=timeout, rate=_rate(rate_limit)) as client,
        Reporting(reports, rules=wanted.enabled(), partial=partial) as reporting,
        provider.nothing_left_behind(),
    ):
        about = {"url": client.url, "examples": examples, "seed": seed, "phases": ", ".join(phases)}
        writes = "reading and writing" if allow_writes else "reading only"
        check = provider.ProviderCheck(served, client, credentials, wanted, reporting.listener)
        notes = check.contact()
        reporting.listener(Began("provider", f"{served.name} at {client.url}, {writes}", (served.name,), about))
        result = check.run()
        for verdict in check.verdicts(reporting.judgement.standing):
            reporting.listener(Checked(verdict))
        for finding in result.findings:
            reporting.judgement.take(finding)
        for note in (*notes, *result.notes):
            reporting.listener(Noted(note))
        return reporting.finish(
            exchanges=result.calls, duration=result.duration, reasons=result.reasons, code=result.code
        )


def _provider() -> Any:
    """What does the check. Raises UsageError without Hypothesis, which not everybody has installed."""
    try:
        from mockserver.checks import provider
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        raise UsageError("`check provider` needs Hypothesis", "pip install hypothesis") from None
    return provider


def _before(url: str, api: Api) -> str:
    """The URL without the path of the contract's server, which each request has."""
    servers = api.contract.servers
    path = servers[0].base_path.rstrip("/") if servers else ""
    whole = url.rstrip("/")
    return whole.removesuffix(path) if path and urlsplit(whole).path.endswith(path) else url


def _rate(given: tuple[int, float] | None) -> Rate | None:
    from mockserver.transport import Rate

    return Rate(*given) if given is not None else None


def _token_of(api: str) -> tuple[str, ...]:
    """The credential that the environment holds."""
    own = re.sub(r"\W", "_", api).upper() + "_TOKEN"
    found = os.environ.get(own) or os.environ.get("MOCKSERVER_TOKEN") or ""
    return (found,) if found else ()
