"""The page on fuzzing a client: its suites are run, its table is held against the code. What it shows of
examples/fuzzed_client is looked at by tests/examples."""

from __future__ import annotations

import inspect
import re

import pytest

import mockserver
from mockserver.exceptions import UsageError
from mockserver.messages import Request
from mockserver.testing import cases, fixture, fuzz, verdict
from tests.docs.blocks import ROOT, Block, code, read_page

pytest_plugins = ["pytester"]

#: pytester forgets the modules that a test within has loaded; what holds parts in C must not be loaded twice.
LOADED = (cases, fixture, fuzz, verdict)
PAGE = read_page(ROOT / "docs" / "fuzzing-a-client.md")
SUITES = [block for block in PAGE.blocks("python") if block.options.get("title", "").startswith("test_")]


@pytest.mark.parametrize("block", SUITES, ids=lambda block: block.options["title"])
def test_the_suites_pass(block: Block, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    name = block.options["title"]
    (pytester.path / name).write_text(block.text)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--hypothesis-seed=1", name)
    assert result.ret == 0


def test_the_table_has_every_option_with_its_default() -> None:
    parameters = inspect.signature(mockserver.fuzz).parameters.values()
    named = {each.name: each.default for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY}
    rows = PAGE.section("What is fuzzed").rows()
    shown = {code(row[0]): code(row[1]) for row in rows}
    assert shown == {name: repr(value).replace("'", '"') for name, value in named.items()}


def test_the_message_on_the_page_is_the_real_one() -> None:
    section = " ".join(PAGE.section("What is fuzzed").lines)
    (said,) = re.findall(r"`(test_emails never called [^`]*)`", section)

    @mockserver.fuzz("zoho-assist", "listTechnicians")
    def test_emails(api: mockserver.MockApi) -> None:
        headers = {"authorization": f"Zoho-oauthtoken {api.token()}"}
        api.handle(Request("GET", "/zoho-assist/api/v2/customers", "", headers))

    with pytest.raises(UsageError) as caught:
        test_emails()
    assert str(caught.value) == said
