"""`mockserver lint`."""

from __future__ import annotations

import sys

import click

from mockserver.cli.problems import shown
from mockserver.engine.assembly import build_engine
from mockserver.exceptions import Problem, SpecError
from mockserver.spec.catalog import shipped


@click.command("lint")
@click.argument("targets", nargs=-1, metavar="[API or PATH]...")
def lint_command(targets: tuple[str, ...]) -> None:
    """Every problem of a spec folder at once. Without an argument: all that ship.

    \b
    Examples:
      mockserver lint ./specs/my-api
      mockserver lint ./openapi.yaml
    """
    found = 0
    for target in targets or sorted(shipped()):
        problems, counts = inspect(target)
        for problem in problems:
            click.echo(shown(problem))
        if not problems:
            click.echo(f"{target}: ok ({counts})")
        found += len(problems)
    if found:
        click.echo(f"error: {found} problem{'s' if found != 1 else ''}", err=True)
        sys.exit(2)


def inspect(target: str) -> tuple[list[Problem], str]:
    """The problems of one spec, and what it holds, counted, when it has none."""
    from mockserver.checks.lint import lint  # it loads validators that `serve` must not wait for

    try:
        problems = lint(target)
        if problems:
            return problems, ""
        (api,) = build_engine([target]).apis.values()
    except SpecError as error:
        return list(error.problems), ""
    counts = {"operation": len(api.contract.operations), "webhook": len(api.contract.webhooks)}
    return [], ", ".join(f"{count} {what}{'s' if count != 1 else ''}" for what, count in counts.items())
