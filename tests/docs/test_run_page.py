"""The page about running a command: its examples are run, its options and exit codes are there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mockserver.cli.run import INTERNAL, run_command
from mockserver.testing.run.command import TIMED_OUT
from mockserver.testing.run.program import NOT_FOUND, NOT_RUNNABLE
from tests.docs.blocks import ROOT, Block, read_page
from tests.served import surroundings

PAGE = read_page(ROOT / "docs" / "run.md")
PROGRAMS = ("curl", "node", "java")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it needs processes as Linux has them")


def missing(block: Block) -> list[str]:
    return [name for name in PROGRAMS if re.search(rf"\b{name}\b", block.text) and shutil.which(name) is None]


@pytest.fixture
def environment(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One in which `mockserver` and `python` are what runs this."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, words in (("mockserver", "-m mockserver"), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n')
        (programs / name).chmod(0o755)
    around = {name: value for name, value in surroundings().items() if "proxy" not in name.lower()}
    return around | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "COLUMNS": "100",
        "MOCKSERVER_CACHE": str(tmp_path_factory.getbasetemp() / "specs"),
    }


@pytest.mark.parametrize("block", list(PAGE.blocks("console")), ids=lambda block: block.place)
def test_the_commands_print_what_the_page_shows(block: Block, environment: dict[str, str], tmp_path: Path) -> None:
    if absent := missing(block):
        pytest.skip(f"there is no {', '.join(absent)}")
    for each in PAGE.blocks():
        if "title" in each.options:
            (tmp_path / each.options["title"]).write_text(each.text)
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


def test_every_option_is_told() -> None:
    told = set(re.findall(r"`(--[a-z-]+)`", " ".join(row[0] for row in PAGE.section("Options").rows())))
    has = {option.opts[0] for option in run_command.params if option.opts[0].startswith("--")}
    assert told == (has | {"--quiet"}) - {"-q"}


def test_the_exit_codes_are_those_that_there_are() -> None:
    told = {row[0] for row in PAGE.section("Exit codes").rows()}
    assert {str(code) for code in (TIMED_OUT, NOT_FOUND, NOT_RUNNABLE, INTERNAL, 0, 1, 2)} == {
        each for each in told if each.isdecimal()
    }
