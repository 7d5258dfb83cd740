"""The page about checking services: its examples are run, every check and option is on it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from mockserver.checks.provider import CHECKS
from mockserver.cli.main import main
from mockserver.cli.provider import provider_command
from mockserver.web.server import ThreadedServer
from tests.checks.provider import wrong_provider as wrong
from tests.checks.provider.wrong_provider import Provider, wsgi
from tests.docs.blocks import ROOT, read_page

PAGE = read_page(ROOT / "docs" / "provider.md")
ADDRESS = "http://127.0.0.1:8080"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """Where the service of the page listens, and a credential for it."""
    monkeypatch.chdir(ROOT)
    provider = Provider(wrong.field_missing)
    with ThreadedServer(wsgi(provider)) as server:
        yield server.url, provider.token()


def test_the_command_prints_what_the_page_shows(served: tuple[str, str]) -> None:
    url, token = served
    (block,) = PAGE.blocks("console")
    command, _, printed = block.text.removeprefix("$ mockserver ").partition("\n")
    result = CliRunner().invoke(main, shlex.split(command.replace(ADDRESS, url)), env={"DEPOT_TOKEN": token})
    assert result.output.replace(url, ADDRESS).startswith(printed)
    assert result.exit_code == 1


def test_the_python_does_what_the_page_says(served: tuple[str, str]) -> None:
    url, token = served
    (block,) = PAGE.blocks("python")
    exec(compile(block.text.replace(ADDRESS, url), block.place, "exec"), {"token": token})  # noqa: S102  # the example


def test_every_option_is_told() -> None:
    told = set(re.findall(r"`(--?[A-Za-z-]+)`", " ".join(row[0] for row in PAGE.section("Run it").rows())))
    own = [each for each in provider_command.params if not str(each.name).startswith("report_")]
    assert told == {option for each in own for option in each.opts if option.startswith("-")}


def test_every_check_has_its_place() -> None:
    anchors = {rule.anchor.removeprefix("provider.md#") for rule in CHECKS.values()}
    assert anchors == set(CHECKS)
    assert anchors <= PAGE.anchors()
    assert {each.heading for each in PAGE.sections if each.level == 3} == set(CHECKS)
