"""`mockserver fixtures`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import click

from mockserver.cli.values import Time
from mockserver.exceptions import UsageError


@click.group("fixtures")
def fixtures_command() -> None:
    """Recorded exchanges, for tests that want no server."""


@fixtures_command.command("export")
@click.argument("api", metavar="API|PATH")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The folder to write into.")
@click.option(
    "--format",
    "shape",
    type=click.Choice(["files", "har"]),
    default="files",
    show_default=True,
    help="A JSON file for each exchange, or one HTTP Archive (HAR 1.2).",
)
@click.option(
    "--operation", "operations", multiple=True, metavar="ID", help="This operation, or event; none said: all."
)
@click.option("--seed", type=int, default=0, show_default=True, help="What ids and tokens are drawn from.")
@click.option(
    "--clock", type=Time(), metavar="TIME", help="The moment of all exchanges.  [default: 2025-01-15T12:00:00Z]"
)
@click.option("--force", is_flag=True, help="Overwrite files that say something else.")
def export_command(
    api: str,
    out: Path,
    shape: str,
    operations: tuple[str, ...],
    seed: int,
    clock: datetime | None,
    force: bool,
) -> None:
    """Each operation with each status that is documented for it, as files: the request, the answer to its last byte,
    and how it was brought about. Each event, as a receiver gets it.

    Nothing is overwritten that says something else, unless --force is given. The same seed and clock write the same
    bytes.

    \b
    Examples:
      mockserver fixtures export my-api --out tests/answers
      mockserver fixtures export my-api --operation listOrders --out tests/answers
      mockserver fixtures export ./openapi.yaml --format har --out recorded
    """
    from mockserver.testing.har import as_har  # all of this makes APIs, which `serve` does in its own way
    from mockserver.testing.recording import CLOCK, Recorder

    at = clock or CLOCK
    recorder = Recorder(api, seed=seed, clock=at)
    exchanges = list(recorder.record(operations))
    if shape == "har":
        files = {f"{recorder.api.name}.har": as_har(exchanges, at)}
    else:
        files = {exchange.file: exchange.as_bytes() for exchange in exchanges}
    write_files(out, files, force=force)
    count = len(exchanges)
    click.echo(f"{count} exchange{'s' if count != 1 else ''} of {recorder.api.name} in {out}")


def write_files(folder: Path, files: Mapping[str, bytes], *, force: bool) -> None:
    """Write files into a folder, which is made if need be: all of them, or none when one says something else already.
    Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not force:
            _refuse_others(folder, files)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise UsageError(f"'{error.filename or folder}' cannot be written: {error.strerror}") from None


def _refuse_others(folder: Path, files: Mapping[str, bytes]) -> None:
    others = [name for name, content in files.items() if _held(folder / name) not in (None, content)]
    if others:
        more = f", and {len(others) - 1} more files" if others[1:] else ""
        raise UsageError(f"{folder / others[0]} says something else{more}", "--force overwrites")


def _held(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
