"""The page on mocks in a test suite: its suites are run, what it shows of their output is held against it."""

from __future__ import annotations

import re
import shlex

import jsonschema
import pytest
import yaml

from mockserver.reports import outlets, text
from mockserver.testing import fixture, reporting, tally, verdict, wording
from mockserver.testing.options import OPTION_NAMES
from mockserver.testing.server import MockServer
from tests.docs.blocks import ROOT, Block, code, read_page

pytest_plugins = ["pytester"]

PAGE = read_page(ROOT / "docs" / "pytest.md")
SUITES = {block.options["title"]: block for block in PAGE.blocks("python")}
SHOWN = list(PAGE.blocks("console"))
#: What a suite within this process would be the first to import, it would take along when it ends.
LOADED = (jsonschema, yaml, fixture, outlets, reporting, tally, text, verdict, wording)
with MockServer("zoho-assist", "zoho-accounts") as server:
    server.check()


def played(block: Block, pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    name = block.options["title"]
    (pytester.path / name).write_text(block.text)
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", name, *words)


@pytest.mark.parametrize(
    "name", [name for name in SUITES if name not in ("test_verdict.py", "test_calls.py", "test_refused.py")]
)
def test_the_suites_pass(name: str, pytester: pytest.Pytester) -> None:
    assert played(SUITES[name], pytester).ret == pytest.ExitCode.OK


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block.text.partition("\n")[0])
def test_the_suites_print_what_is_shown(block: Block, pytester: pytest.Pytester) -> None:
    command, *expected = block.text.rstrip("\n").split("\n")
    _, _, name, *words = shlex.split(command)
    printed = played(SUITES[name], pytester, *words).outlines
    patterns = [re.compile(".*".join(map(re.escape, line.split("…")))) for line in expected]
    starts = [at for at, line in enumerate(printed) if patterns[0].fullmatch(line)]
    assert any(
        len(printed) >= at + len(patterns)
        and all(pattern.fullmatch(printed[at + further]) for further, pattern in enumerate(patterns))
        for at in starts
    ), "\n".join(printed)


def test_the_options_are_those_of_the_code() -> None:
    assert [code(row[0]) for row in PAGE.section("Options").rows()] == list(OPTION_NAMES)
