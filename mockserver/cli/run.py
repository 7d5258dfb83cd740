"""`mockserver run`."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mockserver.cli.reporting import Reporting, ReportOptions, report_options
from mockserver.cli.values import Setting, Size, Time
from mockserver.cli.webhook import OfApi, targets
from mockserver.engine.assembly import Options
from mockserver.exceptions import UsageError
from mockserver.spec.catalog import shipped
from mockserver.state.clock import parse_duration
from mockserver.webhooks.subscriptions import WebhookTarget

if TYPE_CHECKING:
    from mockserver.testing.run.command import Outcome
    from mockserver.testing.run.program import CannotRun
    from mockserver.testing.run.session import RunOptions, Session

INTERNAL, INTERRUPTED = 70, 130
_EXAMPLE = "mockserver run my-api -- npm test"
_COMMAND = f"{__name__}.command"
_SHORT = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)?")
_LONGEST_TITLE = 200
_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}


class Span(click.ParamType[float]):
    """`90`, `1.5s`, `500ms`, `5m`, `1h` or `PT1M30S` -> seconds, more than none."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value).strip()
        try:
            match = _SHORT.fullmatch(text)
            seconds = float(match[1]) * _SECONDS[match[2] or ""] if match else parse_duration(text).total_seconds()
        except ValueError:
            self.fail(f"{value!r} is no length of time; write seconds, or 500ms, 5m, 1h, PT1M30S", param, ctx)
        if not 0 < seconds < 10**8:
            self.fail(f"{value!r} must be more than nothing, and less than three years", param, ctx)
        return seconds


class Variable(click.ParamType[tuple[str, str]]):
    """`NAME=VALUE` -> (name, text)."""

    name = "variable"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value[0], value[1]
        name, equals, text = str(value).partition("=")
        if not (equals and name) or "\0" in text or re.search(r"[\s\0]", name):
            self.fail(f"{value!r} sets no variable; write it as NAME=VALUE", param, ctx)
        return name, text


class RunCommand(click.Command):
    """What stands after `--` is the command, word by word, whatever it looks like."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ours = args[: args.index("--")] if "--" in args else args
        if not ctx.resilient_parsing and not any(word in ctx.help_option_names for word in ours):
            ctx.meta[_COMMAND] = _command(args)
        return super().parse_args(ctx, ours)


def _command(args: Sequence[str]) -> tuple[str, ...]:
    """The words after `--`. Raises UsageError when there are none."""
    if "--" in args:
        at = args.index("--")
        if args[at + 1 :]:
            return tuple(args[at + 1 :])
        raise UsageError("there is no command after --", f"such as: {_EXAMPLE}")
    known = shipped()
    for at, word in enumerate(args):
        if not word.startswith("-") and word not in known and (at or len(args) > 1) and shutil.which(word):
            meant = [*args[:at], "--", *args[at:]]
            raise UsageError("a command stands after --, and there is none", f"mockserver run {shlex.join(meant)}")
    raise UsageError("no command is given", f"it stands after --, such as: {_EXAMPLE}")


@click.command("run", cls=RunCommand)
@click.argument("apis", nargs=-1, metavar="[API or PATH]... -- COMMAND...")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; none said: a free one.")
@click.option("--timeout", type=Span(), metavar="SECONDS", help="End the command after so long, also 5m or PT90S.")
@click.option("--keep", is_flag=True, help="Go on serving when all is said, until Ctrl-C.")
@click.option(
    "--env",
    "variables",
    type=Variable(),
    multiple=True,
    metavar="NAME=VALUE",
    help="A variable for the command; {url}, {my-api.url} and {my-api.token} are filled in.",
)
@click.option("--proxy", is_flag=True, help="Answer for the real hosts, too, by a proxy that the command is told of.")
@click.option("--passthrough", is_flag=True, help="With --proxy: let calls of other hosts go there.")
@click.option(
    "--auth",
    type=click.Choice(["lenient", "strict"]),
    default="lenient",
    show_default=True,
    help="lenient: any well-formed credential may do everything, but for tokens of the mock's own; strict: only those.",
)
@click.option("--strict", is_flag=True, help="Refuse what would only be warned about.")
@click.option("--no-rate-limits", is_flag=True, help="Count no quotas: no request is one too many.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of ids and sample values.")
@click.option("--clock", type=Time(), metavar="TIME", help="Freeze the clock at this RFC 3339 moment.")
@click.option(
    "--body-limit", type=Size(), default="10MiB", show_default=True, help="Longest request body; over it: 413."
)
@click.option(
    "--setting",
    "settings",
    type=Setting(),
    multiple=True,
    metavar="API.NAME=VALUE",
    help="Override a setting of an API.",
)
@click.option(
    "--webhook",
    "webhooks",
    type=OfApi("url"),
    multiple=True,
    metavar="API=URL",
    help="Send the events of an API there.",
)
@click.option(
    "--webhook-secret",
    "webhook_secrets",
    type=OfApi("secret"),
    multiple=True,
    envvar="MOCKSERVER_WEBHOOK_SECRETS",
    metavar="API=SECRET",
    help="What they are signed with; else MOCKSERVER_WEBHOOK_SECRETS, else one made from the seed.",
)
@report_options
def run_command(
    apis: tuple[str, ...],
    port: int,
    timeout: float | None,
    keep: bool,
    variables: tuple[tuple[str, str], ...],
    proxy: bool,
    passthrough: bool,
    auth: str,
    strict: bool,
    no_rate_limits: bool,
    seed: int,
    clock: datetime | None,
    body_limit: int,
    settings: tuple[tuple[str, str, Any], ...],
    webhooks: tuple[tuple[str, str], ...],
    webhook_secrets: tuple[tuple[str, str], ...],
    reports: ReportOptions,
) -> int:
    """Run a command under the mock, then tell what it did wrong, and what of the contract it never touched.

    The command finds the mock by its environment: MOCKSERVER_URL, and for each API its own, such as MY_API_URL and
    MY_API_TOKEN. It is exit code 1 when the contract was broken; a command that fails has its own.

    \b
    Examples:
      mockserver run my-api -- npm test
      mockserver run my-api --env API_BASE={my-api.url} -- go test ./...
      mockserver run --proxy --timeout 5m --junit report.xml -- mvn -B verify
      mockserver run my-api --fail-under 60 --html report.html -- sh -c 'pytest && ./smoke.sh'
    """
    if sys.platform == "win32":
        raise UsageError("`run` needs processes as Linux and macOS have them", "run it under WSL")
    if passthrough and not proxy:
        raise UsageError("--passthrough is about what --proxy refuses", "add --proxy")
    from mockserver.testing.run.session import RunOptions

    by_api: dict[str, dict[str, Any]] = {}
    for api, name, value in settings:
        by_api.setdefault(api, {})[name] = value
    context = click.get_current_context()
    if context.get_parameter_source("webhook_secrets") is ParameterSource.ENVIRONMENT:
        told = {api for api, _ in webhooks}  # the environment may hold those of other mocks, too
        webhook_secrets = tuple(each for each in webhook_secrets if each[0] in told)
    engine = Options(
        auth=auth,
        strict=strict,
        seed=seed,
        start=clock,
        body_limit=body_limit,
        settings=by_api,
        rate_limits=not no_rate_limits,
        webhooks=tuple(WebhookTarget(*each) for each in targets(webhooks, webhook_secrets)),
    )
    command: tuple[str, ...] = context.meta[_COMMAND]
    options = RunOptions(
        command,
        apis,
        engine,
        port=port,
        timeout=timeout,
        variables=variables,
        proxy=proxy,
        passthrough=passthrough,
    )
    return _run(options, reports, keep=keep)


def _run(options: RunOptions, reports: ReportOptions, *, keep: bool) -> int:
    from mockserver.checks.client import RULES
    from mockserver.checks.stream import Began
    from mockserver.testing.run.program import CannotRun
    from mockserver.testing.run.session import Session
    from mockserver.testing.run.signals import leaving_in_order

    with leaving_in_order(), Reporting(reports, err=True, rules=RULES) as reporting:
        try:
            session = Session(options, reporting.judgement.take)
        except CannotRun as error:
            return _not_run(options, reports, reporting, error)
        with session:
            if not reports.quiet:
                _say(_announcement(session))
            about = {"url": session.url, "auth": options.engine.auth, "seed": options.engine.seed}
            reporting.listener(Began("run", _title(options.command), session.apis, about))
            outcome = session.run()
            code = _judged(session, outcome, reporting)
            if keep and not outcome.asked:
                _stay(session)
    return code


def _not_run(options: RunOptions, reports: ReportOptions, reporting: Reporting, error: CannotRun) -> int:
    """The exit code where there is no such command. A report that was asked for says so, too: else one of an earlier
    run would be taken for it."""
    from mockserver.checks.stream import Began

    if not any((reports.junit, reports.json, reports.sarif, reports.html, reports.github)):
        _say(f"error: {error}")
        return error.code
    reporting.listener(Began("run", _title(options.command)))
    return reporting.finish(exchanges=0, duration=0.0, reasons=(str(error),), code=error.code)


def _judged(session: Session, outcome: Outcome, reporting: Reporting) -> int:
    """The exit code, when all is told. Whatever becomes of the report, that of a command that failed stays."""
    from mockserver.checks.stream import Noted

    try:
        ran = session.judge(outcome)
        for note in ran.notes:
            reporting.listener(Noted(note))
        return reporting.finish(
            exchanges=ran.exchanges,
            duration=ran.duration,
            coverage=ran.coverage,
            reasons=tuple(filter(None, (outcome.reason, ran.fault))),
            code=outcome.code or (INTERNAL if ran.fault else 0),
        )
    except KeyboardInterrupt:
        return outcome.code or INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the command has been run, and whoever called us waits for its exit code
        _say(f"error: the report could not be made: {type(error).__name__}: {error}")
        return outcome.code or INTERNAL


def _stay(session: Session) -> None:
    _say(f"the mock stays on {session.url}; Ctrl-C stops it")
    try:
        session.stay()
    except (KeyboardInterrupt, SystemExit):
        _say("mockserver stopped")


def _title(command: Sequence[str]) -> str:
    """The command as reports name it: they may be read by more people than the words after --token."""
    from mockserver.checks.secrets import command_without_secrets

    title = shlex.join(command_without_secrets(command)).replace("'***'", "***")
    return title if len(title) <= _LONGEST_TITLE else f"{title[:_LONGEST_TITLE]}…"


def _announcement(session: Session) -> str:
    """What is served where, on one line."""
    beside = [name for name in session.served if name not in session.apis]
    tokens = f", tokens by {', '.join(beside)}" if beside else ""
    if len(session.apis) == 1:
        return f"mockserver: {session.apis[0]} on {session.url}/{session.apis[0]}{tokens}"
    return f"mockserver: {', '.join(session.apis)} on {session.url}{tokens}"


def _say(text: str) -> None:
    try:
        click.echo(text, err=True)
    except OSError:
        pass  # nobody reads it any more
