"""The pages on errors as tests and on recorded answers: what they show is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

# pytester forgets the modules that a test within has loaded; what holds parts in C must not be loaded twice.
from mockserver.engine.assembly import build_engine
from mockserver.testing import cases, exchanges, fixture, recording, worlds
from tests.docs.blocks import ROOT, Block, Section, read_page
from tests.docs.stage import Stage

pytest_plugins = ["pytester"]
LOADED = (build_engine(["zoho-assist"]), yaml, cases, exchanges, fixture, recording, worlds)

ERRORS = read_page(ROOT / "docs" / "errors-as-tests.md")
ANSWERS = read_page(ROOT / "docs" / "fixtures.md")
FILES = list(ERRORS.blocks("python"))


@pytest.mark.parametrize("block", FILES, ids=lambda block: block.options["title"])
def test_the_suites_pass(block: Block, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    name = block.options["title"]
    (pytester.path / name).write_text(block.text)
    result = pytester.runpytest_inprocess("-v", "-p", "no:cacheprovider", name)
    assert result.ret == 0
    for console in ERRORS.blocks("console"):
        if console.text.splitlines()[0].endswith(name):
            printed = [re.sub(r" +\[.*", "", line) for line in result.outlines if "::" in line]
            assert printed == console.text.splitlines()[1:]


@pytest.mark.parametrize(
    "section", [section for section in ANSWERS.sections if section.blocks], ids=lambda section: section.heading
)
def test_the_answers_are_what_the_page_says(section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Stage(tmp_path) as stage:
        stage.play(section)


def test_the_attributes_are_those_that_there_are() -> None:
    rows = ERRORS.section("What the test gets").rows()
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(listed) == sorted(cases.Case.__slots__)
    rows = ANSWERS.section("Answers without a server").rows()
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(listed) == sorted({*exchanges.Fixture.__slots__, "json", "text"} - {"api", "operation"})
