"""The page about the shipped zoho-accounts: its calls are made, its tables held against the files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mockserver.engine.assembly import Options, build_engine
from tests.docs.blocks import ROOT, Section, read_page
from tests.docs.stage import START, ShippedStage

PAGE = read_page(ROOT / "docs" / "zoho-accounts.md")


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The specs are parsed once per run, and the cache of whoever runs the tests stays as it is."""
    monkeypatch.setenv("MOCKSERVER_CACHE", str(tmp_path_factory.getbasetemp() / "specs"))


@pytest.mark.parametrize(
    "section", [each for each in PAGE.sections if each.blocks], ids=lambda section: section.heading
)
def test_the_calls_are_answered_as_the_page_says(section: Section, tmp_path: Path) -> None:
    with ShippedStage(tmp_path, "zoho-accounts", "zoho-assist") as stage:
        stage.play(section)


def test_the_settings_are_those_of_the_file() -> None:
    settings = build_engine(["zoho-accounts"], Options(start=START)).apis["zoho-accounts"].settings
    said = {name.strip("`"): value.strip("`") for name, value, _ in PAGE.section("Limits and settings").rows()}
    assert list(said) == list(settings)
    assert {name: str(value) for name, value in settings.items() if name != "data_centres"} == {
        name: value for name, value in said.items() if name != "data_centres"
    }


def test_everybody_on_the_page_is_in_the_account() -> None:
    state = json.dumps(build_engine(["zoho-accounts"], Options(start=START)).state("zoho-accounts"))
    for row in PAGE.section("Who is there").rows():
        for text in re.findall("`([^`]+)`", row[1]):
            assert f'"{text}"' in state
