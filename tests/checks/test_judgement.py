"""What all findings come to: an exit code, and events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.checks.baseline import Baseline
from mockserver.checks.findings import Finding
from mockserver.checks.judgement import Judgement
from mockserver.checks.settings import Ignored, Settings
from mockserver.checks.stream import Began, Covered, Ended, Event, Found, Noted, Story
from tests.reports.stories import BROKEN, LOST, ODD, covered


def judged(
    findings: Sequence[Finding], settings: Settings | None = None, baseline: Baseline | None = None, **options: Any
) -> tuple[int, Story]:
    story = Story()
    judge = {name: options.pop(name) for name in ("rules", "update", "partial") if name in options}
    judgement = Judgement(story, settings or Settings(), baseline, **judge)
    judgement.tell(Began("run", "", options.pop("apis", ("shop",))))
    for each in findings:
        judgement.take(each)
    return judgement.end(exchanges=1, duration=1.0, **options), story


def test_nothing_found_is_fine() -> None:
    code, story = judged([])
    assert (code, story.ended) == (0, Ended(1, 1.0, 0))


@pytest.mark.parametrize(
    ("findings", "fail_on", "code", "reasons"),
    [
        ([BROKEN, ODD], "error", 1, ("the contract was not kept: 1 error",)),
        ([ODD], "error", 0, ()),
        ([ODD], "warning", 1, ("the contract was not kept: 1 warning",)),
        ([BROKEN, LOST, ODD], "warning", 1, ("the contract was not kept: 2 errors, 1 warning",)),
        ([BROKEN], "never", 0, ()),
    ],
)
def test_the_least_severity_that_fails(findings: list[Finding], fail_on: Any, code: int, reasons: Any) -> None:
    found, story = judged(findings, Settings(fail_on=fail_on))
    assert (found, story.ended.reasons, story.ended.fail_on) == (code, reasons, fail_on)


def test_a_command_keeps_its_own_code_and_says_why() -> None:
    code, story = judged([BROKEN], reasons=["the command ended with 3"], code=3)
    assert code == story.ended.code == 3
    assert story.ended.reasons == ("the command ended with 3", "the contract was not kept: 1 error")
    assert story.ended.own == ("the command ended with 3",)


def test_errors_come_first_and_equal_findings_are_one() -> None:
    _, story = judged([ODD, BROKEN, replace(BROKEN, message="the same in other words", test="t::b")])
    assert [(each.finding.rule, each.finding.times) for each in story.found] == [
        ("contract-violation", 2),
        ("deprecated-operation", 1),
    ]
    assert story.found[0].finding.test == "t::b"
    assert len(story.found[0].finding.exchanges) == 2


def test_a_rule_can_be_off_or_weigh_more_or_less() -> None:
    assert judged([BROKEN], Settings(rules={"contract-violation": "off"}))[1].found == []
    code, story = judged([BROKEN], Settings(rules={"contract-violation": "warning"}))
    assert (code, story.found[0].finding.severity) == (0, "warning")
    assert judged([ODD], Settings(rules={"deprecated-operation": "error"}))[0] == 1


def test_whichever_is_seen_first_the_heavier_one_counts() -> None:
    lighter = replace(BROKEN, severity="warning")
    for order in ([BROKEN, lighter], [lighter, BROKEN], [lighter, lighter, BROKEN]):
        code, story = judged(order)
        assert (code, [each.finding.severity for each in story.found]) == (1, ["error"])


def test_a_pattern_speaks_for_all_rules_that_it_fits() -> None:
    assert judged([BROKEN, LOST], Settings(rules={"un*": "off", "contract-*": "off"}))[1].found == []
    longer = Settings(rules={"deprecated-*": "error", "*": "off"})
    assert [each.finding.severity for each in judged([BROKEN, ODD], longer)[1].found] == ["error"]
    exact = Settings(rules={"deprecated-operation*": "off", "deprecated-operation": "error"})
    assert judged([ODD], exact)[0] == 1


def test_a_rule_that_is_off_loses_nothing_of_the_baseline() -> None:
    off = Settings(rules={"deprecated-*": "off"})
    judgement = Judgement(Story(), off, Baseline.of([ODD, BROKEN]), update=True)
    judgement.end(exchanges=1, duration=1.0)
    assert [each.rule for each in judgement.baseline.entries.values()] == ["deprecated-operation"]


def test_what_is_ignored_is_told_with_its_reason_and_fails_nothing() -> None:
    entry = Ignored("contract-violation", operation="createOrder", reason="the vendor takes it")
    code, story = judged([BROKEN], Settings(ignore=(entry,)))
    assert (code, story.found, story.notes) == (0, [Found(BROKEN, "the vendor takes it")], [])


def test_an_entry_that_fits_nothing_is_noted_where_the_run_could_have_seen_it() -> None:
    entry = Ignored("contract-violation", "shop", reason="x")
    assert judged([], Settings(ignore=(entry,)))[1].notes == [
        "ignored in pyproject.toml, but not found: contract-violation shop"
    ]
    assert judged([], Settings(ignore=(entry,)), apis=("other",))[1].notes == []
    assert judged([], Settings(ignore=(entry,)), rules=["blind-retry"])[1].notes == []
    assert judged([], Settings(ignore=(entry,)), code=3)[1].notes == []
    assert judged([], Settings(ignore=(entry,)), partial=True)[1].notes == []


def test_the_baseline_accepts() -> None:
    code, story = judged([BROKEN], baseline=Baseline.of([BROKEN]))
    assert (code, story.found) == (0, [Found(BROKEN, "baseline")])
    assert judged([BROKEN, LOST], baseline=Baseline.of([BROKEN]))[0] == 1


def test_what_the_baseline_has_and_nobody_finds_is_noted() -> None:
    _, story = judged([], baseline=Baseline.of([BROKEN]))
    (note,) = story.notes
    assert note.startswith("in the baseline, but not found any more: contract-violation (shop createOrder body /name);")
    assert judged([], baseline=Baseline.of([BROKEN]), code=1)[1].notes == []


def test_an_update_accepts_what_is_found_and_drops_what_is_not() -> None:
    story = Story()
    judgement = Judgement(story, Settings(), Baseline.of([ODD]), update=True)
    judgement.take(BROKEN)
    assert judgement.end(exchanges=1, duration=1.0) == 0
    assert judgement.baseline == Baseline.of([BROKEN])
    assert story.notes == ["baseline: 1 added, 1 removed, 1 in all"]
    assert story.found == [Found(BROKEN, "baseline")]


def test_an_update_keeps_what_the_run_did_not_look_at() -> None:
    ways: list[dict[str, Any]] = [
        {"rules": ["contract-violation"]},
        {"partial": True},
        {"apis": ["other"]},
        {"code": 3},
    ]
    for way in ways:
        judge = {name: way[name] for name in ("rules", "partial") if name in way}
        judgement = Judgement(Story(), Settings(), Baseline.of([ODD]), update=True, **judge)
        judgement.tell(Began("run", "", tuple(way.get("apis", ()))))
        judgement.take(BROKEN)
        judgement.end(exchanges=1, duration=1.0, code=way.get("code", 0))
        assert judgement.baseline == Baseline.of([ODD, BROKEN]), way


def test_what_was_found_of_an_operation_that_is_not_called_now_is_kept() -> None:
    called, other = (
        replace(ODD, api="shop", operation="listOrders"),
        replace(BROKEN, api="shop", operation="createOrder"),
    )
    story = Story()
    judgement = Judgement(story, Settings(), Baseline.of([called, other]), update=True)
    judgement.tell(Began("run", "", ("shop",)))
    judgement.end(exchanges=1, duration=1.0, coverage=covered())
    assert [each.operation for each in judgement.baseline.entries.values()] == ["createOrder"]


def test_a_run_that_calls_nothing_forgets_nothing() -> None:
    judgement = Judgement(Story(), Settings(), Baseline.of([BROKEN]), update=True)
    judgement.end(exchanges=0, duration=1.0)
    assert judgement.baseline == Baseline.of([BROKEN])


def test_an_ignored_finding_does_not_enter_the_baseline() -> None:
    judgement = Judgement(Story(), Settings(ignore=(Ignored("contract-violation", reason="x"),)), update=True)
    judgement.take(BROKEN)
    judgement.end(exchanges=1, duration=1.0)
    assert judgement.baseline == Baseline()


def test_too_little_coverage_fails() -> None:
    coverage = covered()
    code, story = judged([], Settings(fail_under=99.5), coverage=coverage)
    (reason,) = story.ended.reasons
    assert code == 1
    assert reason.startswith("coverage is ")
    assert reason.endswith(" %, under 99.5 %")
    assert story.covered == Covered(coverage, 99.5)
    assert judged([], Settings(fail_under=0), coverage=coverage)[0] == 0
    assert judged([], Settings(fail_under=99.5))[0] == 0


def test_the_events_come_in_order() -> None:
    events: list[Event] = []
    judgement = Judgement(events.append, Settings(ignore=(Ignored("x", reason="y"),)))
    judgement.tell(Began("run", ""))
    judgement.take(BROKEN)
    judgement.end(exchanges=1, duration=1.0, coverage=covered())
    assert [type(each) for each in events] == [Began, Found, Noted, Covered, Ended]


@given(st.permutations([BROKEN, replace(BROKEN, exchanges=()), ODD, LOST, ODD]))
def test_the_order_in_which_things_were_found_tells_nothing(found: list[Finding]) -> None:
    _, story = judged(found)
    assert [(each.finding.rule, each.finding.times) for each in story.found] == [
        ("contract-violation", 2),
        ("undocumented-call", 1),
        ("deprecated-operation", 2),
    ]
