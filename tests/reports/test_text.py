"""Verdicts as lines for people."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.checks.settings import Ignored, Settings
from mockserver.checks.stream import Began, Checked, Event, Noted, Story
from mockserver.checks.verdict import Verdict
from mockserver.reports.text import TextReport, details, line, summary
from tests.reports.stories import BROKEN, CALL, LOST, ODD, TEXTS, covered, findings, told
from tests.reports.test_junit import VERDICTS


def test_a_line_for_each() -> None:
    assert [line(verdict) for verdict in VERDICTS] == [
        "pass  a-fine",
        "FAIL  b-wrong",
        "warn  c-odd",
        "skip  d-left (it is gone)",
    ]


def test_details_leave_out_what_there_is_not() -> None:
    assert list(details(VERDICTS[1])) == [
        "      case:     Wrong",
        "      expected: 4XX",
        "      came:     answered 200",
        "      advice:   check it",
        "      again:    curl -i 'http://x'",
    ]


def test_the_summary_counts() -> None:
    assert summary(VERDICTS) == "1 passed, 1 error, 1 warning, 1 skipped"
    assert summary([VERDICTS[1]] * 2) == "0 passed, 2 errors"
    assert summary([Verdict("a", "A", "accept", "error", "pass")]) == "1 passed"


# a whole run


def shown(story: Story, **options: Any) -> str:
    """What a terminal of 80 columns shows of a run."""
    said: list[str] = []
    report = TextReport(said.append, **{"width": 80, **options})
    events: list[Event] = [story.began, *map(Checked, story.verdicts), *story.found, *map(Noted, story.notes)]
    events += [story.covered] if story.covered is not None else []
    for event in (*events, story.ended):
        report(event)
    return "".join(said)


def test_findings_are_grouped_by_rule_errors_first() -> None:
    text = shown(told([ODD, BROKEN, BROKEN, LOST]))
    heads = [each for each in text.split("\n") if re.match("(error|warning): ", each)]
    assert [re.findall(r"^(\w+): .*\[(.*)\]$", each)[0] for each in heads] == [
        ("error", "contract-violation"),
        ("error", "undocumented-call"),
        ("warning", "deprecated-operation"),
    ]
    assert text.endswith("failed: the contract was not kept: 2 errors (124 exchanges in 3.2 s)\n")


def test_a_finding_says_all_that_helps() -> None:
    assert f"""\
  shop createOrder (2 times)
    body /name: name is too short
    expected: at least 1 character
    spec:     specs/shop/openapi.yaml:12: minLength: 1
    advice:   send what the contract asks for
    test:     test_client.py::test_orders
    call:     POST /shop/orders?limit=3 -> 400
    again:    {CALL.curl}
""" in shown(told([replace(BROKEN, test="test_client.py::test_orders"), BROKEN]))


def test_what_is_to_be_copied_is_never_broken() -> None:
    text = shown(told([replace(BROKEN, message="too short " * 30)]), width=40)
    assert CALL.curl in text
    assert all(len(each) <= 40 for each in text.split("\n") if "too short" in each)


def test_many_of_a_rule_and_a_curl_that_is_long_are_cut() -> None:
    found = [replace(BROKEN, key=str(number), exchanges=()) for number in range(23)]
    assert "  … and 3 more of contract-violation; --html and --json show all\n" in shown(told(found))
    long = replace(BROKEN, exchanges=(replace(CALL, curl="x" * 5000),))
    assert "again:    (a curl line of 5000 characters; --html and --json show it)" in shown(told([long]))


def test_what_was_accepted_takes_one_line() -> None:
    settings = Settings(ignore=(Ignored("contract-violation", reason="the vendor takes it"),))
    assert shown(told([BROKEN], settings=settings)) == (
        "accepted: contract-violation shop createOrder body /name (the vendor takes it)\n\n"
        "passed: nothing is wrong, 1 accepted (124 exchanges in 3.2 s)\n"
    )


def test_all_is_well() -> None:
    assert shown(told()) == "passed: nothing is wrong (124 exchanges in 3.2 s)\n"
    assert shown(told([ODD, replace(ODD, key="2")])).endswith("\npassed with 2 warnings (124 exchanges in 3.2 s)\n")


def test_why_it_failed_comes_last() -> None:
    text = shown(told([BROKEN], reasons=["the command ended with exit code 3"], code=3))
    assert text.split("\n\n")[-1] == (
        "failed: the command ended with exit code 3; the contract was not kept: 1 error\n  (124 exchanges in 3.2 s)\n"
    )
    assert shown(told(code=3)) == "failed: exit code 3 (124 exchanges in 3.2 s)\n"


def test_coverage_and_what_to_test_next() -> None:
    text = shown(told(coverage=covered()))
    assert text.startswith("contract coverage\n")
    assert "\nmost worth testing next\n1. " in text
    assert re.search(r"passed: nothing is wrong, \d+ % of the contract covered \(", text)


def test_verdicts_that_failed_are_told_as_they_come() -> None:
    said: list[str] = []
    report = TextReport(said.append, width=80)
    report(Began("provider", "shop at http://x", ("shop",)))
    for verdict in VERDICTS:
        report(Checked(verdict))
    assert "".join(said) == "shop at http://x\n\nFAIL  b-wrong\nwarn  c-odd\n"
    assert "checks: 1 passed, 1 error, 1 warning, 1 skipped\n  1 skipped: it is gone\n" in shown(
        told(verdicts=VERDICTS)
    )


def test_quiet_shows_what_is_wrong_and_nothing_else() -> None:
    settings = Settings(ignore=(Ignored("*", reason="x"), Ignored("none", reason="x")))
    assert shown(told([BROKEN], settings=settings, coverage=covered()), quiet=True) == ""
    text = shown(told([BROKEN], coverage=covered()), quiet=True)
    assert text.startswith("error: ")
    assert "coverage" not in text


def test_colour_is_there_when_asked_for() -> None:
    text = shown(told([BROKEN, ODD]), colour=True)
    assert "\x1b[31merror: " in text
    assert "\x1b[33mwarning: " in text
    assert text.count("\x1b[0m") == len(re.findall(r"\x1b\[[1-9]", text))
    assert "\x1b[32mpassed" in shown(told(), colour=True)
    assert "\x1b" not in shown(told([BROKEN, ODD]))


@pytest.mark.parametrize("odd", ["\x1b[2J", "a\nfailed: no", "\u202eabc", "\ud800", "\x9b31m"])
def test_what_does_not_show_is_escaped(odd: str) -> None:
    finding = replace(BROKEN, message=odd, operation=odd, where=odd, test=odd, expected=odd)
    text = shown(told([finding], reasons=[odd], code=1, began=Began("traffic", odd)))
    assert odd not in text
    text.encode()


@given(st.lists(findings(), max_size=3), TEXTS, st.integers(1, 200), st.booleans())
def test_whatever_was_found_it_can_be_shown(found: list, odd: str, width: int, colour: bool) -> None:  # type: ignore[type-arg]
    verdict = Verdict(odd, odd, odd, "error", "fail", odd, odd, odd)
    text = shown(told(found, reasons=[odd], code=1, verdicts=[verdict]), width=width, colour=colour)
    text.encode()
    assert not re.search("[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f-\x9f]", text)


def test_a_run_that_nothing_was_called_in_does_not_say_that_all_is_well() -> None:
    story = told()
    story.ended = replace(story.ended, exchanges=0)
    assert shown(story) == "passed: nothing was called (0 exchanges in 3.2 s)\n"
