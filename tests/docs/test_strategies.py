"""The page about strategies: its examples run, its tables name what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mockserver.strategies
from tests.docs.blocks import ROOT, Section, read_page
from tests.docs.stage import Stage

PAGE = read_page(ROOT / "docs" / "strategies.md")
RUN = [section for section in PAGE.sections if section.blocks]


@pytest.mark.parametrize("section", RUN, ids=lambda section: section.heading)
def test_the_examples_do_what_the_page_says(section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKSERVER_CACHE", "off")
    monkeypatch.chdir(tmp_path)
    with Stage(tmp_path) as stage:
        stage.play(section)


def test_the_page_names_everything_that_is_public() -> None:
    text = (ROOT / "docs" / "strategies.md").read_text("utf-8")
    named = set(re.findall(r"\b[A-Za-z_]+\b", text))
    assert set(mockserver.strategies.__all__) - named <= {"Mutation"}
