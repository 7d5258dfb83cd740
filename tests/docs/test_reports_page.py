"""The page about reports: its examples are run, every option and every key is on it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from mockserver.checks.settings import read_settings
from mockserver.cli.reporting import ReportOptions, report_options
from mockserver.reports.github import MOST
from mockserver.reports.json_file import VERSION, json_of
from tests.docs.blocks import ROOT, Block, read_page
from tests.reports.stories import BROKEN, covered, told
from tests.served import surroundings

PAGE = read_page(ROOT / "docs" / "reports.md")


@pytest.fixture
def environment(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One in which `mockserver` is what runs this."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "mockserver").write_text(f'#!/bin/sh\nexec {sys.executable} -m mockserver "$@"\n')
    (programs / "mockserver").chmod(0o755)
    around = {name: value for name, value in surroundings().items() if "proxy" not in name.lower()}
    return around | {
        "COLUMNS": "100",
        "PATH": f"{programs}:{os.environ['PATH']}",
        "MOCKSERVER_CACHE": str(tmp_path_factory.getbasetemp() / "specs"),
    }


@pytest.mark.skipif(sys.platform != "linux" or shutil.which("curl") is None, reason="it needs a shell and curl")
@pytest.mark.parametrize("block", list(PAGE.blocks("console")), ids=lambda block: block.place)
def test_the_commands_print_what_the_page_shows(block: Block, environment: dict[str, str], tmp_path: Path) -> None:
    if "the gateway" in block.text:
        (file,) = PAGE.blocks("toml")
        (tmp_path / file.options["title"]).write_text(file.text)
    commands = [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]
    shown = "".join(line for line in block.text.splitlines(keepends=True) if not line.startswith("$ "))
    done = subprocess.run(
        ["sh", "-c", "; ".join(commands)],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    pattern = re.escape(shown).replace("…", r"[\s\S]*?")
    assert re.fullmatch(pattern, done.stdout), f"{block.place}: printed\n{done.stdout}"


def test_the_settings_are_settings(tmp_path: Path) -> None:
    (file,) = PAGE.blocks("toml")
    (tmp_path / "pyproject.toml").write_text(file.text)
    settings = read_settings(tmp_path)
    assert (settings.fail_on, settings.fail_under, len(settings.rules), len(settings.ignore)) == ("warning", 0.5, 2, 1)


def test_every_option_is_told() -> None:
    told_of = set(
        re.findall(r"`--([a-z-]+)`", " ".join(row[0] for row in PAGE.section("Which reports there are").rows()))
    )
    has = {name.replace("_", "-") for name in ReportOptions.__slots__}
    assert told_of == has | {"no-colour"}
    options = click.command()(report_options(lambda reports: reports)).params
    assert {each.name for each in options} == {f"report_{name}" for name in ReportOptions.__slots__}


def test_every_key_is_told() -> None:
    shown = json.loads(json_of(told([BROKEN], coverage=covered())))
    for title, keys in (("JSON", shown.keys()), ("A finding", shown["findings"][0].keys())):
        assert set(re.findall(r"`(\w+)`", " ".join(row[0] for row in PAGE.section(title).rows()))) == set(keys)
    said = {row[0].strip("`"): row[1] for row in PAGE.section("JSON").rows()}
    assert set(re.findall(r"`(\w+)`", said["coverage"])) == set(shown["coverage"])
    assert said["version"] == str(VERSION)


def test_how_many_are_shown() -> None:
    assert MOST == 10
    assert "ten of a level at most" in "\n".join(PAGE.section("GitHub").lines)
