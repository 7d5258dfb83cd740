"""`mockserver coverage`: what several runs have touched of a contract, taken together."""

from __future__ import annotations

from pathlib import Path

import click

from mockserver.cli.screen import Screen
from mockserver.cli.values import Percent
from mockserver.exceptions import UsageError

_UNDER = 1


@click.group("coverage")
def coverage_command() -> None:
    """What of a contract was touched by one run or several."""


@coverage_command.command("combine")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Write what they come to, to combine again."
)
@click.option(
    "--json", "as_json", metavar="FILE", help="Write the numbers and what is missing; - is stdout, in place of text."
)
@click.option("--fail-under", type=Percent(), metavar="PERCENT", help="Exit 1 when the total is less.")
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    metavar="N",
    help="How many tests to propose.",
)
def combine_command(
    files: tuple[str, ...], out: Path | None, as_json: str | None, fail_under: float | None, limit: int
) -> int:
    """The coverage of several runs, or of the processes of one, as one.

    \b
    Examples:
      mockserver coverage combine unit.json end-to-end.json
      mockserver coverage combine 'coverage-*.json' --out coverage.json --fail-under 60

    FILE is what `--coverage FILE` has written. What is touched in any of them is touched. The exit code is 1 when the
    total is under what --fail-under asks for.
    """
    from mockserver.checks.coverage.files import expanded, read_all, write_coverage, write_file
    from mockserver.checks.coverage.summary import percent_of, summary
    from mockserver.engine.json_text import dumps_indented
    from mockserver.reports.coverage_text import next_tests, table
    from mockserver.reports.outlets import refuse_the_same
    from mockserver.reports.plain import one_line

    screen = Screen(err=False)
    if out is not None and as_json is not None:
        refuse_the_same({"out": out, "json": Path(as_json)})
    coverage = read_all(expanded(files))
    if out is not None:
        write_coverage(coverage, out)
    shown = dumps_indented(summary(coverage, limit)) if as_json is not None else b""
    if as_json == "-":
        _print(screen, shown.decode())
    else:
        if as_json is not None:
            write_file(Path(as_json), shown)
        lines = table(coverage, screen.width)
        if proposed := next_tests(coverage, limit, screen.width):
            lines += ["", "most worth testing next:", *proposed]
        _print(screen, "".join(f"{one_line(line)}\n" for line in lines))
    count = coverage.count()
    if fail_under is not None and count.percent < fail_under:
        said = f"{percent_of(count):g} % of the contract is touched, {fail_under:g} % is asked for"
        click.echo(f"error: {said}", err=True)
        return _UNDER
    return 0


def _print(screen: Screen, text: str) -> None:
    screen.write(text)
    for wrong in screen.wrong():
        raise UsageError(wrong)
