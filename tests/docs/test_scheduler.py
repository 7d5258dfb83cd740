"""The page about the shipped zoom-scheduler: its calls are made, its tables held against the files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mockserver.engine.assembly import Options, build_engine
from tests.docs.blocks import ROOT, Section, read_page
from tests.docs.stage import START, ShippedStage

API = "zoom-scheduler"
PAGE = read_page(ROOT / "docs" / f"{API}.md")


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The specs are parsed once per run, and the cache of whoever runs the tests stays as it is."""
    monkeypatch.setenv("MOCKSERVER_CACHE", str(tmp_path_factory.getbasetemp() / "specs"))


@pytest.mark.parametrize(
    "section", [each for each in PAGE.sections if each.blocks], ids=lambda section: section.heading
)
def test_the_calls_are_answered_as_the_page_says(section: Section, tmp_path: Path) -> None:
    with ShippedStage(tmp_path, API) as stage:
        stage.play(section)


def test_the_settings_are_those_of_the_file() -> None:
    settings = build_engine([API], Options(start=START)).apis[API].settings
    said = {name.strip("`"): value.strip("`") for name, value, _ in PAGE.section("Settings").rows()}
    assert said == {name: value if isinstance(value, str) else json.dumps(value) for name, value in settings.items()}


def test_the_actions_and_their_parameters_are_those_of_the_file() -> None:
    section = PAGE.section("Bookings")
    text = "\n".join(section.lines)
    actions = build_engine([API], Options(start=START)).actions(API)
    assert [row[0].strip("`") for row in section.rows()] == [action["name"] for action in actions]
    for action in actions:
        assert all(f"`{name}`" in text for name in action["parameters"])
