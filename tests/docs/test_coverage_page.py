"""The page about coverage: its examples are run, every dimension, page and option is on it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockserver.checks.coverage.coverage import DIMENSIONS, Coverage
from mockserver.checks.coverage.files import write_coverage
from mockserver.checks.coverage.pages import BEYOND, EMPTY, FIRST, LARGEST, LAST, MIDDLE
from mockserver.cli.coverage import combine_command
from mockserver.messages import Request
from mockserver.web.admin_coverage import COVERAGE_CALLS
from tests.docs.blocks import ROOT, code, read_page
from tests.docs.stage import Stage

PAGE = read_page(ROOT / "docs" / "coverage.md")
TOKEN = {"authorization": "Bearer anything"}


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("MOCKSERVER_CACHE", "off")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    with Stage(tmp_path) as stage:
        for block in PAGE.blocks("yaml"):
            stage.run(block)
        yield stage


def written(stage: Stage, file: str) -> None:
    """The calls so far as a coverage file; then nothing has been called."""
    engine = stage.engine()
    coverage = Coverage.of(engine.apis.values())
    for exchange in engine.journal.since(0):
        coverage.add(exchange)
    write_coverage(coverage, stage.folder / file)
    engine.journal.clear()


def test_the_examples_do_what_the_page_says(stage: Stage) -> None:
    for block in PAGE.blocks("http"):
        stage.run(block)
    written(stage, "unit.json")
    engine = stage.engine()
    for article in ("Desk", "Chair"):
        body = json.dumps({"article": article}).encode()
        engine.handle(Request("POST", "/orders/orders", "", {**TOKEN, "content-type": "application/json"}, body))
    engine.journal.clear()
    for query in ("status=open", "page=2&status=open"):
        assert engine.handle(Request("GET", "/orders/orders", query, TOKEN)).status == 200
    written(stage, "end-to-end.json")
    (block,) = PAGE.blocks("console")
    stage.run(block)


def test_every_dimension_and_every_page_is_told() -> None:
    assert tuple(code(row[0]) for row in PAGE.section("What is counted").rows()) == DIMENSIONS
    assert {code(row[0]) for row in PAGE.section("Pages").rows()} == {FIRST, MIDDLE, LAST, EMPTY, BEYOND, LARGEST}


def test_every_option_and_filter_is_told() -> None:
    told = {code(row[0]) for row in PAGE.section("Several runs as one").rows()}
    assert told == {option for each in combine_command.params for option in each.opts if option.startswith("--")}
    named = set(re.findall(r"(\w+)=", COVERAGE_CALLS[0][1]))
    assert named <= {code(row[0]) for row in PAGE.section("Of a running mock").rows()}
