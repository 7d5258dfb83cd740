"""The page about webhooks: its examples are run, with a receiver behind the address that it names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mockserver.engine.engine import Engine
from tests.docs.blocks import ROOT, Section, read_page
from tests.docs.stage import Stage
from tests.webhooks.receiver import Receiver

PAGE = read_page(ROOT / "docs" / "webhooks.md")
ADDRESS = "http://127.0.0.1:8080/hooks"


class ClosedStage(Stage):
    """A stage whose engine sends nothing more at the end."""

    def engine(self) -> Engine:
        if self._engine is None:
            self._stack.callback(super().engine().close)
        return super().engine()


@pytest.mark.parametrize(
    "section", [each for each in PAGE.sections if each.blocks], ids=lambda section: section.heading
)
def test_the_examples_do_what_the_page_says(section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = [each for each in section.blocks if each.kind != "text"]
    with Receiver() as receiver, ClosedStage(tmp_path) as stage:
        if not any(each.kind == "console" for each in blocks):
            blocks = [replace(each, text=each.text.replace(ADDRESS, receiver.url)) for each in blocks]
        stage.play(replace(section, blocks=blocks))
