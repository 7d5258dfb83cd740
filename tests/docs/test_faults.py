"""The page about faults: its calls are made, its tables held against the kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.engine.faults import NETWORK_FAULTS, SPOILED_ANSWERS
from tests.docs.blocks import ROOT, Section, code, read_page
from tests.docs.stage import Stage

PAGE = read_page(ROOT / "docs" / "faults.md")


@pytest.mark.parametrize(
    "section", [each for each in PAGE.sections if each.blocks], ids=lambda section: section.heading
)
def test_the_examples_do_what_the_page_says(section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKSERVER_CACHE", "off")
    monkeypatch.chdir(tmp_path)
    with Stage(tmp_path) as stage:
        stage.play(section)


@pytest.mark.parametrize(
    ("heading", "kinds"), [("Faults of the network", NETWORK_FAULTS), ("Spoiled answers", SPOILED_ANSWERS)]
)
def test_the_kinds_are_those_that_there_are(heading: str, kinds: tuple[str, ...]) -> None:
    assert tuple(code(row[0]) for row in PAGE.section(heading).rows()) == kinds
