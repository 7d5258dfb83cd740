"""`mockserver check`: code that is not ours, put to the test."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import orjson

from mockserver.checks.verdict import Verdict, fails
from mockserver.cli.provider import provider_command
from mockserver.cli.traffic import traffic_command
from mockserver.cli.values import Setting
from mockserver.exceptions import UsageError

FAILED = 1


@click.group("check")
def check_command() -> None:
    """Put code that talks with an API to the test."""


check_command.add_command(provider_command)
check_command.add_command(traffic_command)


@check_command.command("receiver")
@click.argument("api")
@click.option("--to", "url", required=True, metavar="URL", help="Where the receiver listens.")
@click.option(
    "--secret",
    default="",
    envvar="MOCKSERVER_WEBHOOK_SECRET",
    show_envvar=True,
    metavar="SECRET",
    help="The secret that the receiver knows.",
)
@click.option("--event", "events", multiple=True, metavar="EVENT", help="This event; none said: all.")
@click.option(
    "--examples",
    type=click.IntRange(0, 1_000_000),
    default=100,
    show_default=True,
    help="How many events of each kind are generated.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of ids and generated events.")
@click.option("--only", multiple=True, metavar="ID", help="This case; * and ? stand for anything.")
@click.option("--skip", multiple=True, metavar="ID", help="Not this case.")
@click.option(
    "--setting",
    "settings",
    type=Setting(),
    multiple=True,
    metavar="API.NAME=VALUE",
    help="Override a setting of the API.",
)
@click.option("--allow-remote", is_flag=True, help="Let it go to another machine.")
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@click.option("--junit", "junit_file", type=click.Path(path_type=Path), metavar="FILE", help="Write JUnit XML.")
@click.option("--json", "as_json", is_flag=True, help="All verdicts, as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Show what failed, and nothing else.")
def receiver_command(
    api: str,
    url: str,
    secret: str,
    events: tuple[str, ...],
    examples: int,
    seed: int,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    settings: tuple[tuple[str, str, Any], ...],
    allow_remote: bool,
    strict: bool,
    junit_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Send what API may send to a receiver of its events, what it must refuse, and what it must survive.

    It is exit code 1 when a case fails with an error.

    \b
    Examples:
      mockserver check receiver my-api --to http://127.0.0.1:8080/hooks --secret S
      mockserver check receiver my-api --to URL --secret S --only 'refuse-*' --junit report.xml
    """
    from mockserver.checks.leftovers import nothing_left_behind
    from mockserver.checks.receiver import Battery  # it loads what `serve` must not wait for

    if junit_file is not None:
        _must_be_writable(junit_file)
    given = _settings_of(api, settings)
    with (
        nothing_left_behind(),
        Battery(
            *(api, url, secret),
            events=events,
            examples=examples,
            seed=seed,
            remote=allow_remote,
            only=only,
            skip=skip,
            settings=given,
        ) as battery,
    ):
        verdicts = list(_told(battery, quiet=quiet, silent=as_json))
        report = battery.report(verdicts)
    said = {"api": report.api, "url": url, "seed": seed, "examples": examples}
    if junit_file is not None:
        from mockserver.reports.junit import junit

        _write(junit_file, junit(f"receiver.{report.api}", verdicts, properties=said, strict=strict))
    passed = not fails(verdicts, strict=strict)
    if as_json:
        shown = {**said, "passed": passed, "verdicts": [each.as_json() for each in verdicts]}
        click.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())
    return 0 if passed else FAILED


def _told(verdicts: Iterable[Verdict], *, quiet: bool, silent: bool) -> Iterable[Verdict]:
    """The verdicts, each shown as it comes."""
    from mockserver.reports.text import details, line, summary

    seen = []
    for verdict in verdicts:
        seen.append(verdict)
        if not silent and (verdict.failed or not quiet):
            click.echo(line(verdict))
            if verdict.failed:
                click.echo("\n".join(details(verdict)))
        yield verdict
    if not silent and not (quiet and not fails(seen, strict=True)):
        click.echo(summary(seen))


def _settings_of(api: str, settings: Iterable[tuple[str, str, Any]]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, key, value in settings:
        if name != Path(api).name:
            raise UsageError(f"settings for '{name}', which is not checked", f"write {Path(api).name}.{key}=VALUE")
        given[key] = value
    return given


def _must_be_writable(file: Path) -> None:
    """Raises UsageError before anything is sent."""
    existed = file.exists()
    try:
        with file.open("ab"):
            pass
        if not existed:
            file.unlink()
    except OSError as error:
        raise _unwritable(file, error) from None


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise _unwritable(file, error) from None


def _unwritable(file: Path, error: OSError) -> UsageError:
    return UsageError(f"{file} cannot be written: {(error.strerror or str(error)).lower()}")
