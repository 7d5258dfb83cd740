"""`mockserver list`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click
import orjson

from mockserver.engine.assembly import build_engine
from mockserver.spec.catalog import shipped


@click.command("list")
@click.option("--evidence", is_flag=True, help="Count what is documented, observed and assumed.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_command(evidence: bool, as_json: bool) -> None:
    """The APIs that ship, their operations and webhooks counted.

    Evidence tells how far to trust a green test: what the vendor documents, what was observed of the real service, and
    what is only assumed.
    """
    names = sorted(shipped())
    engine = build_engine(names) if names else None  # no name at all would mean: all
    rows: list[dict[str, Any]] = []
    for name, api in engine.apis.items() if engine else ():
        contract = api.contract
        row: dict[str, Any] = {
            "api": name,
            "title": contract.title,
            "version": contract.version,
            "operations": len(contract.operations),
            "webhooks": len(contract.webhooks),
        }
        if evidence and engine:
            row |= engine.evidence(name)
        rows.append(row)
    if as_json:
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
    elif rows:
        click.echo(table([list(rows[0]), *(row.values() for row in rows)]))
    else:
        click.echo("no API ships with this installation")


def table(rows: Sequence[Iterable[Any]]) -> str:
    """Columns wide enough for their longest cell; numbers to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    numeric = [all(cell.isdecimal() for cell in column[1:]) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(cell.rjust(w) if n else cell.ljust(w) for cell, w, n in zip(row, widths, numeric, strict=True))
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)
