"""A run as JSON."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from mockserver import __version__
from mockserver.checks.findings import Finding
from mockserver.checks.settings import Ignored, Settings
from mockserver.checks.stream import Began
from mockserver.reports.json_file import json_of
from tests.reports.stories import BROKEN, ODD, TEXTS, covered, findings, told
from tests.reports.test_junit import VERDICTS


def test_all_of_it() -> None:
    settings = Settings(ignore=(Ignored("deprecated-operation", reason="soon"),), fail_under=90)
    shown = json.loads(json_of(told([BROKEN, ODD], settings=settings, verdicts=VERDICTS, coverage=covered())))
    findings, coverage = shown.pop("findings"), shown.pop("coverage")
    reason = shown["reasons"].pop()
    assert [each.pop("duration_ms") for each in shown["verdicts"]] == [250.0, 0.0, 0.0, 0.0]
    assert [each["id"] for each in shown.pop("verdicts")] == ["a-fine", "b-wrong", "c-odd", "d-left"]
    assert shown == {
        "version": 1,
        "mockserver": __version__,
        "kind": "run",
        "title": "node test.js",
        "apis": ["shop"],
        "about": {"seed": 7},
        "passed": False,
        "exit_code": 1,
        "reasons": ["the contract was not kept: 1 error"],
        "fail_on": "error",
        "exchanges": 124,
        "duration_ms": 3200.0,
        "notes": [],
    }
    assert [each["accepted"] for each in findings] == ["", "soon"]
    assert findings[0]["fingerprint"] == BROKEN.fingerprint
    assert Finding.from_json({name: value for name, value in findings[0].items() if name != "accepted"}) == BROKEN
    assert reason.startswith("coverage is ")
    assert (coverage["under"], coverage["apis"]["shop"]["touched"]) == (90, coverage["touched"])
    assert coverage["missing"][0]["why"]


def test_numbers_and_values_that_json_does_not_know() -> None:
    began = Began("run", "", about={"seed": 2**70, "only": ("a",), "at": None, "of": BROKEN.place})
    shown = json.loads(json_of(told(began=began)))["about"]
    assert shown == {"seed": str(2**70), "only": ["a"], "at": None, "of": str(BROKEN.place)}


@given(st.lists(findings(), max_size=3), TEXTS)
def test_whatever_was_found_it_is_valid_and_the_same_again(found: list, odd: str) -> None:  # type: ignore[type-arg]
    story = told(found, reasons=[odd], code=1, began=Began("run", odd, (odd,), {odd: odd}))
    assert len(json.loads(json_of(story))["findings"]) == len(story.found)
    assert json_of(story) == json_of(story)
