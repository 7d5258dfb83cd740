"""The page about checking receivers: its examples are run, every case and option is on it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from mockserver.checks.receiver import Battery
from mockserver.cli.check import receiver_command
from mockserver.cli.main import main
from tests.checks.receiver.reference import SECRET, NoReplayWindow
from tests.docs.blocks import ROOT, read_page

PAGE = read_page(ROOT / "docs" / "receiver.md")
ADDRESS = "http://127.0.0.1:8080/hooks"


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The specs are parsed once per run, and the cache of whoever runs the tests stays as it is."""
    monkeypatch.setenv("MOCKSERVER_CACHE", str(tmp_path_factory.getbasetemp() / "specs"))


@pytest.fixture
def url() -> Iterator[str]:
    with NoReplayWindow() as receiver:
        yield receiver.url


def test_the_command_prints_what_the_page_shows(url: str) -> None:
    (block,) = PAGE.blocks("console")
    command, _, printed = block.text.removeprefix("$ mockserver ").partition("\n")
    result = CliRunner().invoke(main, shlex.split(command.replace(ADDRESS, url)))
    assert re.sub(r"-H .*", "-H …", result.output.replace(url, ADDRESS)) == printed
    assert result.exit_code == 0


def test_the_python_does_what_the_page_says(url: str) -> None:
    (block,) = PAGE.blocks("python")
    exec(compile(block.text.replace(ADDRESS, url), block.place, "exec"), {})  # noqa: S102  # the example itself


def test_every_option_is_told() -> None:
    told = set(re.findall(r"`(--[a-z-]+)`", " ".join(row[0] for row in PAGE.section("Run it").rows())))
    assert told == {option for each in receiver_command.params for option in each.opts if option.startswith("--")}


@pytest.mark.parametrize("api", ["zoom-scheduler", "auvious-appointments"])
def test_every_case_has_its_place(api: str, url: str) -> None:
    with Battery(api, url, SECRET) as battery:
        anchors = {case.anchor for case in battery.cases}
    assert anchors <= PAGE.anchors()
    if api == "zoom-scheduler":
        own = {anchor for anchor in PAGE.anchors() if re.match(r"(accept|refuse|survive)-|handshake$", anchor)}
        assert anchors == own
