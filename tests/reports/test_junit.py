"""JUnit XML as CI systems read it."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from mockserver.checks.verdict import Verdict
from mockserver.reports.junit import junit

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
