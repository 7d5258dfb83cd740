"""Annotations and the summary of a workflow run."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.checks.places import Place
from mockserver.checks.settings import Ignored, Settings
from mockserver.checks.stream import Began, Story
from mockserver.reports.github import github_of, summary_of
from tests.reports.stories import BROKEN, LOST, ODD, TEXTS, covered, findings, told

COMMAND = re.compile(r"::(error|warning|notice) ((?:[a-z]+=[^,:\r\n]*)(?:,[a-z]+=[^,:\r\n]*)*)::([^\r\n]*)")


def commands(story: Story) -> list[tuple[str, dict[str, str], str]]:
    """The commands as GitHub reads them."""
    found = []
    for line in github_of(story).split("\n")[:-1]:
        match = COMMAND.fullmatch(line)
        assert match is not None, line
        properties = dict(each.split("=", 1) for each in match[2].split(","))
        found.append((match[1], {name: plain(value) for name, value in properties.items()}, plain(match[3])))
    return found


def plain(text: str) -> str:
    for mark in ("\r", "\n", ":", ","):
        text = text.replace(f"%{ord(mark):02X}", mark)
    return text.replace("%25", "%")


def test_a_finding_is_an_annotation_at_the_line_of_the_spec() -> None:
    error, warning = commands(told([BROKEN, ODD]))
    assert error[:2] == (
        "error",
        {"title": "contract-violation: shop createOrder", "file": "specs/shop/openapi.yaml", "line": "12"},
    )
    assert error[2].split("\n") == [
        "name is too short",
        "expected: at least 1 character",
        "POST /shop/orders?limit=3 -> 400",
        "advice: send what the contract asks for",
    ]
    assert warning == ("warning", {"title": "deprecated-operation: shop listOrders"}, "listOrders is deprecated")


def test_what_means_something_in_a_command_is_escaped() -> None:
    finding = replace(BROKEN, rule="a,b:c", message="100 %\n::error::x\r", place=Place("a:b,c%.yaml", 0), exchanges=())
    said = github_of(told([finding]))
    assert said.count("\n") == 1
    assert said.startswith(
        "::error title=a%2Cb%3Ac%3A shop createOrder,file=a%3Ab%2Cc%25.yaml::100 %25%0A::error::x\\r%0A"
    )


def test_ten_of_a_level_and_then_how_many_more() -> None:
    found = [replace(ODD, key=str(number)) for number in range(14)] + [BROKEN]
    said = commands(told(found))
    assert [level for level, _, _ in said] == ["error", *["warning"] * 9, "notice"]
    assert said[-1][2] == "… and 5 more warnings"
    assert [level for level, _, _ in commands(told(found[:10]))] == ["warning"] * 10


def test_what_was_accepted_is_not_shown() -> None:
    assert github_of(told([BROKEN], settings=Settings(ignore=(Ignored("*", reason="x"),)))) == ""


def test_a_failure_without_a_finding_says_why() -> None:
    assert commands(told(reasons=["the command ended with 3"], code=3)) == [
        ("error", {"title": "mockserver"}, "the command ended with 3")
    ]


def test_a_file_of_the_working_folder_is_told_by_the_way_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ((_, properties, _),) = commands(told([replace(BROKEN, place=Place(str(tmp_path / "openapi.yaml"), 3))]))
    assert properties["file"] == "openapi.yaml"


def test_the_summary_is_a_table() -> None:
    text = summary_of(told([BROKEN, ODD, LOST], coverage=covered()))
    assert text.startswith("### node test.js: failed\n\n124 exchanges in 3.2 s.\n")
    assert "- the contract was not kept: 2 errors\n" in text
    assert "| error | contract-violation | shop createOrder | name is too short | 1 |\n" in text
    assert re.search(r"\| in all \| \d+ \| \d+ \| [\d.]+ \|\n", text)
    accepted = summary_of(told([BROKEN], settings=Settings(ignore=(Ignored("*", reason="so be it"),))))
    assert accepted.startswith("### node test.js: passed\n")
    assert "Accepted: 1 (so be it)" in accepted


@given(st.lists(findings(), max_size=3), TEXTS)
def test_whatever_was_found_it_is_only_that(found: list, odd: str) -> None:  # type: ignore[type-arg]
    story = told(found, reasons=[odd], code=1, began=Began("run", odd))
    assert {level for level, _, _ in commands(story)} <= {"error", "warning"}
    text = summary_of(story)
    text.encode()
    assert "<" not in text
    assert all(row.count("|") in (0, 6) for row in text.split("\n"))
