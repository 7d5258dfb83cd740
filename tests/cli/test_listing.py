from __future__ import annotations

import json

from click.testing import CliRunner

from mockserver.cli.listing import table
from mockserver.cli.main import main
from mockserver.spec.catalog import shipped


def output(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["list", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_line_for_each_api_that_ships() -> None:
    header, *lines = output().splitlines()
    assert header.split() == ["api", "title", "version", "operations", "webhooks"]
    assert [line.split()[0] for line in lines] == sorted(shipped())


def test_json_counts_operations_and_evidence() -> None:
    plain = json.loads(output("--json"))
    rich = json.loads(output("--json", "--evidence"))
    assert [row["api"] for row in plain] == [row["api"] for row in rich] == sorted(shipped())
    for row in rich:
        assert row["operations"] + row["webhooks"] > 0
        assert min(row["documented"], row["observed"], row["assumed"]) >= 0
        assert row["documented"] + row["observed"] + row["assumed"] >= row["operations"]
    assert all("assumed" not in row for row in plain)


def test_columns_line_up_with_numbers_to_the_right() -> None:
    assert table([["api", "n"], ["a", 100], ["longer", 7]]) == "api       n\na       100\nlonger    7"
