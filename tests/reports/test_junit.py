"""JUnit XML as CI systems read it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import xmlschema
from hypothesis import given
from hypothesis import strategies as st

from mockserver.checks.settings import Ignored, Settings
from mockserver.checks.stream import Began, Story
from mockserver.checks.verdict import Verdict
from mockserver.reports.junit import junit, junit_of
from tests.reports.stories import BROKEN, LOST, ODD, TEXTS, covered, findings, told

XSD = xmlschema.XMLSchema(str(Path(__file__).parent / "data" / "junit-10.xsd"))

VERDICTS = [
    Verdict("a-fine", "Fine", "accept", "error", "pass", duration=0.25),
    Verdict(
        "b-wrong", "Wrong", "refuse", "error", "fail", "4XX", "answered 200", "check it", curl="curl -i 'http://x'"
    ),
    Verdict("c-odd", "Odd", "refuse", "warning", "fail", "4XX", "answered 204", "think of it", curl="curl http://y"),
    Verdict("d-left", "Left", "survive", "error", "skipped", reason="it is gone"),
]


def read(**options: bool) -> ElementTree.Element:
    return ElementTree.fromstring(
        junit("receiver.shop", VERDICTS, properties={"url": "http://x", "seed": 0}, **options)
    )


def case(root: ElementTree.Element, name: str) -> ElementTree.Element:
    found = root.find(f".//testcase[@name='{name}']")
    assert found is not None
    return found


def test_one_case_for_each_verdict() -> None:
    root = read()
    (suite,) = root
    assert (root.tag, suite.get("name")) == ("testsuites", "receiver.shop")
    assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped", "time")] == [
        "4",
        "1",
        "0",
        "1",
        "0.250",
    ]
    assert [each.get("name") for each in suite.iter("testcase")] == ["a-fine", "b-wrong", "c-odd", "d-left"]
    assert case(root, "a-fine").get("classname") == "receiver.shop.accept"
    assert {each.get("name"): each.get("value") for each in suite.findall("properties/property")} == {
        "url": "http://x",
        "seed": "0",
    }


def test_a_failure_says_all_that_there_is_to_say() -> None:
    failure = case(read(), "b-wrong").find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("error", "answered 200")
    assert failure.text == "expected: 4XX\ncame: answered 200\nadvice: check it\ncurl -i 'http://x'"
    severity = case(read(), "b-wrong").find("properties/property[@name='severity']")
    assert severity is not None
    assert severity.get("value") == "error"


def test_a_warning_fails_when_strict_alone() -> None:
    assert case(read(), "c-odd").find("failure") is None
    assert "warning: answered 204" in (case(read(), "c-odd").findtext("system-out") or "")
    strict = case(read(strict=True), "c-odd").find("failure")
    assert strict is not None
    assert strict.get("type") == "warning"


def test_what_was_skipped_says_why() -> None:
    skipped = case(read(), "d-left").find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "it is gone"


@given(st.text(), st.text(st.characters(exclude_categories=())))
def test_whatever_an_answer_holds_it_is_well_formed(plain: str, odd: str) -> None:
    verdict = Verdict("a", plain, "accept", "error", "fail", odd, plain, odd, curl=odd)
    root = ElementTree.fromstring(junit(odd, [verdict], properties={"x": odd}))
    assert len(list(root.iter("testcase"))) == 1


# of a story


def tree(story: Story) -> ElementTree.Element:
    content = junit_of(story)
    XSD.validate(content.decode())
    return ElementTree.fromstring(content)


def cases(root: ElementTree.Element) -> dict[str, str]:
    """`classname / name` of each case, and how it went."""
    return {
        f"{each.get('classname')} / {each.get('name')}": "fail" if each.find("failure") is not None else "pass"
        for each in root.iter("testcase")
    }


def test_an_operation_is_a_case_and_so_is_a_rule_that_found_something_of_none() -> None:
    root = tree(told([BROKEN, ODD, LOST]))
    assert cases(root) == {
        "shop.operation / createOrder": "fail",
        "shop.operation / listOrders": "pass",
        "no API.rule / undocumented-call": "fail",
        "mockserver run / node test.js": "pass",
    }
    assert (root.get("tests"), root.get("failures"), root.get("time")) == ("4", "2", "3.200")
    failure = case(root, "createOrder").find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("error", "contract-violation: name is too short")
    assert (failure.text or "").split("\n")[:4] == [
        "error: contract-violation: name is too short",
        "where: body /name",
        "expected: at least 1 character",
        "spec: specs/shop/openapi.yaml:12: minLength: 1",
    ]
    assert "warning: deprecated-operation" in (case(root, "listOrders").findtext("system-out") or "")


def test_operations_that_were_called_and_are_fine_are_cases_too() -> None:
    assert cases(tree(told(coverage=covered()))) == {
        "shop.operation / listOrders": "pass",
        "mockserver run / node test.js": "pass",
    }


def test_what_failed_the_run_fails_here() -> None:
    assert cases(tree(told([ODD], settings=Settings(fail_on="warning"))))["shop.operation / listOrders"] == "fail"
    assert cases(tree(told([BROKEN], settings=Settings(fail_on="never"))))["shop.operation / createOrder"] == "pass"
    accepted = Settings(ignore=(Ignored("contract-violation", reason="x"),))
    assert "shop.operation / createOrder" not in cases(tree(told([BROKEN], settings=accepted)))


def test_the_run_and_its_coverage_are_cases() -> None:
    root = tree(
        told(settings=Settings(fail_under=99), reasons=["the command ended with 3"], code=3, coverage=covered())
    )
    assert cases(root)["mockserver run / node test.js"] == "fail"
    assert cases(root)["mockserver run / coverage"] == "fail"
    assert "the command ended with 3" in (case(root, "node test.js").findtext("failure") or "")
    assert cases(tree(told(settings=Settings(fail_under=0), coverage=covered())))["mockserver run / coverage"] == "pass"
    properties = {each.get("name"): each.get("value") for each in root.iter("property")}
    assert properties == {"title": "node test.js", "seed": "7"}


def test_verdicts_are_cases_and_findings_are_not_told_twice() -> None:
    began = Began("provider", "shop at http://x", ("shop",))
    root = tree(told([BROKEN, replace(LOST, api="shop")], verdicts=VERDICTS, began=began))
    assert cases(root) == {
        "shop.accept / a-fine": "pass",
        "shop.refuse / b-wrong": "fail",
        "shop.refuse / c-odd": "pass",
        "shop.survive / d-left": "pass",
        "shop.rule / undocumented-call": "fail",
        "mockserver provider / shop at http://x": "pass",
    }
    assert root[0].get("skipped") == "1"


@given(st.lists(findings(), max_size=3), TEXTS)
def test_whatever_was_found_it_is_valid(found: list, odd: str) -> None:  # type: ignore[type-arg]
    verdict = Verdict("a", odd, odd, "error", "fail", odd, odd, odd, curl=odd, reason=odd)
    tree(told(found, reasons=[odd], code=1, began=Began("run", odd, (odd,), {odd: odd})))
    tree(told(found, verdicts=[verdict], began=Began("provider", odd, (odd,))))
