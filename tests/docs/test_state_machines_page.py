"""The page about sequences of calls: its examples run, its tables name what there is."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from mockserver.strategies import state_machine_for
from tests.docs.blocks import ROOT, Section, read_page
from tests.docs.stage import Stage

FILE = ROOT / "docs" / "state-machines.md"
RUN = [section for section in read_page(FILE).sections if any(block.kind != "text" for block in section.blocks)]


@pytest.mark.parametrize("section", RUN, ids=lambda section: section.heading)
def test_the_examples_do_what_the_page_says(section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKSERVER_CACHE", "off")
    monkeypatch.chdir(tmp_path)
    with Stage(tmp_path) as stage:
        for block in section.inherited:
            if "title" in block.options:
                stage.run(block)
        for block in section.blocks:
            if block.kind != "text":
                stage.run(block)


def test_the_page_names_every_option_and_every_check() -> None:
    text = FILE.read_text("utf-8")
    options = set(inspect.signature(state_machine_for).parameters) - {"api"}
    assert options <= set(re.findall(r"^\| `(\w+)` \|", text, re.M))
    sources = [path.read_text("utf-8") for path in (ROOT / "mockserver" / "strategies").glob("*.py")]
    checks = {name for source in sources for name in re.findall(r'broken\(\s*"(\w+)"', source)}
    assert len(checks) > 8
    assert checks <= set(re.findall(r"`(\w+)`", text))
