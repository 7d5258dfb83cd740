"""The page about recorded traffic: its archive is judged, and what it claims of names and rules holds."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from mockserver.checks.conformance import ANSWER_RULES
from mockserver.cli.main import main
from mockserver.cli.reporting import report_options
from mockserver.cli.traffic import traffic_command
from tests.docs.blocks import ROOT, read_page

PAGE = read_page(ROOT / "docs" / "traffic.md")


@pytest.fixture(autouse=True)
def _archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = PAGE.blocks("json")
    Path(block.options["title"]).write_text(block.text)


def test_the_command_prints_what_the_page_shows() -> None:
    (block,) = PAGE.blocks("console")
    command, _, printed = block.text.removeprefix("$ mockserver ").partition("\n")
    result = CliRunner().invoke(main, shlex.split(command), env={"NO_COLOR": "1", "COLUMNS": None})
    assert re.fullmatch(re.escape(printed).replace("…", r"[^\n]*"), result.output), result.output
    assert result.exit_code == 1


def test_the_python_does_what_the_page_says() -> None:
    (block,) = PAGE.blocks("python")
    exec(compile(block.text, block.place, "exec"), {})  # noqa: S102  # the example itself


def test_every_option_of_its_own_is_told() -> None:
    @report_options
    def nothing() -> None:
        """It has the options of reports, and no other."""

    shared = {option for each in nothing.__click_params__ for option in each.opts}  # type: ignore[attr-defined]
    own = {option for each in traffic_command.params for option in each.opts if option.startswith("--")} - shared
    assert own == set(re.findall(r"`(--[a-z-]+)`", " ".join(row[0] for row in PAGE.section("Run it").rows())))


def test_every_rule_about_answers_is_named() -> None:
    text = "\n".join(PAGE.section("What is judged").lines)
    assert set(re.findall(r"`(\w+_\w+)`", text)) == set(ANSWER_RULES)
