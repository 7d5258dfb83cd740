"""A run as a page."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mockserver
from mockserver.checks.findings import Finding
from mockserver.checks.settings import Ignored, Settings
from mockserver.checks.stream import Began, Covered, Found, Noted, Story
from mockserver.checks.verdict import Verdict
from mockserver.reports.html import html_of
from mockserver.reports.html.bodies import indented
from mockserver.reports.html.tags import visible
from tests.reports.html_tree import Node, read
from tests.reports.stories import BROKEN, CALL, LOST, ODD, TEXTS, covered, findings, told

STYLE = Path(mockserver.__file__).parent / "reports/html/style.css"


def page(*found: Finding, **more: object) -> Node:
    return read(html_of(told(found, **more)))  # type: ignore[arg-type]


def finding_of(root: Node, finding: Finding) -> Node:
    return root.one("details", id=f"f-{finding.fingerprint}")


def facts(node: Node) -> dict[str, str]:
    listed = node.all("dl")[0]
    return dict(zip((e.words for e in listed.all("dt")), (e.words for e in listed.all("dd")), strict=True))


def test_the_summary_says_what_was_run_and_what_came_of_it() -> None:
    root = page(BROKEN, ODD, coverage=covered(), settings=Settings(fail_under=60))
    assert root.one("html").attributes == {"lang": "en"}
    assert root.one("title").text == "Failed: node test.js · mockserver"
    assert root.one("h1").text == "node test.js"
    assert root.one("p", class_="verdict").words == "Failed"
    reasons = [each.text for each in root.one("ul", class_="reasons").all("li")]
    assert reasons[0] == "The contract was not kept: 1 error"
    assert reasons[1].startswith("Coverage is ")
    assert facts(root.one("main")) == {
        "API": "shop",
        "Exchanges": "124",
        "Duration": "3.2 s",
        "Exit code": "1",
        "Seed": "7",
    }
    tiles = [each.words for each in root.one("nav").all("a")]
    assert tiles[:2] == ["1 error", "1 warning"]
    assert tiles[2].endswith("% covered")


def test_a_run_without_findings_passes() -> None:
    root = page(began=Began("traffic", "a.har"))
    assert root.one("p", class_="verdict").words == "Passed"
    assert root.one("section", id="findings").words == "Findings Nothing is wrong."
    assert root.all("details") == []
    assert not root.all("section", id="coverage")


def test_a_run_that_failed_by_itself_is_not_called_fine() -> None:
    root = page(reasons=["the command ended with 3"], code=3)
    assert root.one("ul", class_="reasons").words == "The command ended with 3"
    assert "Nothing is wrong" not in root.text


def test_a_finding_is_shown_with_all_that_is_known_of_it() -> None:
    shown = replace(CALL, trace=("matched createOrder", "400: name"))
    finding = replace(BROKEN, exchanges=(shown,), times=12, test="orders a thing", evidence="assumed", advice="name it")
    node = finding_of(page(finding), finding)
    assert node.all("summary")[0].words == "createOrder name is too short body /name ×12"
    known = facts(node)
    assert known["Where"] == "body /name"
    assert known["Expected"] == "at least 1 character"
    assert known["Advice"] == "Name it"
    assert known["Contract"].startswith("specs/shop/openapi.yaml:12 /paths")
    assert known["Contract"].endswith("minLength: 1")
    assert known["Seen"] == "12 times; first in orders a thing"
    assert known["Fingerprint"] == finding.fingerprint
    assert "documents nothing" in known["Certainty"]
    request, answer, curl = [each.text for each in node.one("section").all("pre")]
    assert request.startswith("POST /shop/orders?limit=3\nauthorization: Bearer ***\n\n{")
    assert answer.startswith("400 Bad Request\n\n{")
    assert curl == CALL.curl
    assert [each.text for each in node.one("ol").all("li")] == list(shown.trace)


def test_a_rule_is_explained_once_for_all_its_findings() -> None:
    first, second = BROKEN, replace(BROKEN, where="body /price", message="price is missing")
    section = page(first, second, ODD).all("section", class_="rule")[0]
    heading = section.one("h3").words
    assert heading.startswith("✕ Error")
    assert heading.endswith("2")
    said = section.one("p", class_="advice").words
    assert "contract-violation" in said
    assert "docs/client-rules.md#contract-violation" in said
    assert len(section.all("details", class_="finding")) == 2


def test_errors_stand_before_warnings_and_only_the_first_is_open() -> None:
    shown = page(ODD, BROKEN, LOST).all("details", class_="finding")
    assert [each.attributes["data-severity"] for each in shown] == ["error", "error", "warning"]
    assert ["open" in each.attributes for each in shown] == [True, False, False]


@pytest.mark.parametrize(
    ("where", "marked"),
    [
        ("body /name", ['"name": ""']),
        ("body /name/deeper", ['"name": ""']),
        ("body", []),
        ("query limit", ["limit=3"]),
        ("query Limit", ["limit=3"]),
        ("header authorization", ["authorization: Bearer ***"]),
        ("400 body /error", ['"error": "name"']),
        ("400 header authorization", []),
        ("400", []),
        ("body /" + "other", []),
        ("", []),
    ],
)
def test_what_a_finding_is_about_is_marked(where: str, marked: list[str]) -> None:
    finding = replace(BROKEN, where=where)
    assert [each.words for each in finding_of(page(finding), finding).all("mark")] == marked


def test_accepted_findings_are_folded_and_say_who_accepted_them() -> None:
    settings = Settings(ignore=(Ignored("deprecated-operation", reason="it goes in May"),))
    root = page(BROKEN, ODD, settings=settings)
    folded = root.one("details", id="accepted")
    assert folded.all("summary")[0].words == "1 accepted finding"
    assert facts(finding_of(folded, ODD))["Accepted"] == "it goes in May"
    assert not folded.all("details", id=f"f-{BROKEN.fingerprint}")
    assert [each.words for each in root.one("nav").all("a")] == ["1 error", "0 warnings", "1 accepted"]


def test_what_the_filter_offers_is_what_there_is() -> None:
    root = page(BROKEN, ODD, LOST)
    offered = {
        each.attributes["name"]: [o.attributes["value"] for o in each.all("option")] for each in root.all("select")
    }
    assert offered == {
        "severity": ["", "error", "warning"],
        "rule": ["", "contract-violation", "deprecated-operation", "undocumented-call"],
    }
    assert "hidden" in root.one("div", class_="filter").attributes
    assert not page(BROKEN).all("div", class_="filter")


def test_coverage_names_every_item() -> None:
    counted = covered()
    section = page(coverage=counted, settings=Settings(fail_under=99)).one("section", id="coverage")
    total = counted.count()
    assert f"{total.touched} of {total.total} items; 99 % is asked for: too little" in section.words
    for row in counted.rows("shop"):
        for dimension, items in row.cells.items():
            names = [name for name, _ in items]
            told_ = {each.words.partition(" ×")[0] for each in section.all("li")}
            assert dimension == "operations" or set(names) <= told_
    [matrix] = section.all("table", class_="matrix")
    head = [each.words for each in matrix.one("thead").all("th")]
    assert head[:2] == ["operation", "calls"]
    first = next(each for each in counted.rows("shop") if each.calls)
    shown = next(each for each in matrix.all("tbody") if each.all("th")[0].words == f"{first.method} {first.path}")
    statuses = shown.all("td")[head.index("statuses") - 1]
    items = first.cells["statuses"]
    assert statuses.words == f"{sum(bool(times) for _, times in items)}/{len(items)}"
    next_tests = [each.words for each in section.one("ol", class_="next").all("li")]
    assert next_tests
    assert len(next_tests) == len(counted.missing(12))


def test_a_hundred_percent_is_only_said_of_all() -> None:
    class Nearly:
        def __init__(self) -> None:
            self.apis = ()

        def count(self, *_: object) -> object:
            from mockserver.checks.coverage.items import Count

            return Count(9999, 10000)

        def missing(self, *_: object) -> list[object]:
            return []

    story = told()
    story.covered = Covered(Nearly())  # type: ignore[arg-type]
    assert read(html_of(story)).one("strong", class_="figure").text == "99.9 %"


CHECKS = ("not_a_server_error", "ignored_auth")


def verdict(operation: str, check: str, outcome: str, **more: str) -> Verdict:
    return Verdict(f"{operation}: {check}", "", operation, "error", outcome, **more)  # type: ignore[arg-type]


def test_verdicts_about_operations_and_checks_are_a_matrix() -> None:
    given_ = [verdict(name, check, "pass") for name in ("getOrder", "listOrders", "addOrder") for check in CHECKS]
    given_[1] = verdict("getOrder", "ignored_auth", "fail", came="200", curl="curl http://x")
    given_[2] = verdict("listOrders", CHECKS[0], "skipped", reason="no time")
    given_.append(verdict("dropOrder", "all", "skipped", reason="it writes"))
    section = page(verdicts=given_).one("section", id="checks")
    table = section.one("table")
    assert [each.words for each in table.one("thead").all("th")] == ["not a server error", "ignored auth"]
    rows = {each.one("th").words: [e.words for e in each.all("td")] for each in table.one("tbody").all("tr")}
    assert rows == {
        "getOrder": ["✓passed", "✕failed"],
        "listOrders": ["–skipped", "✓passed"],
        "addOrder": ["✓passed", "✓passed"],
    }
    assert "7 checks: 4 passed, 2 skipped, 1 failed." in section.words
    assert section.one("pre", class_="curl").text == "curl http://x"
    skipped = section.one("details")
    assert skipped.all("summary")[0].words == "Why 2 checks were skipped"
    told_ = [each.words for each in skipped.all("li")]
    assert told_ == ["no time: listOrders: not_a_server_error", "it writes: dropOrder: all"]


def test_other_verdicts_are_a_list_with_what_failed_first() -> None:
    given_ = [
        Verdict("accept-fine", "takes it", "accept", "error", "pass"),
        Verdict("refuse-old", "refuses what is old", "refuse", "warning", "fail", came="answered 200"),
    ]
    section = page(verdicts=given_).one("section", id="checks")
    first, second = section.one("ul", class_="verdicts").all("li")
    assert first.words.startswith("! warned refuse-old refuses what is old")
    assert "answered 200" in first.words
    assert second.words == "✓ passed accept-fine takes it"


def test_notes_are_told() -> None:
    story = told()
    story(Noted("a rule could not be looked at"))
    assert "A rule could not be looked at" in read(html_of(story)).one("section", id="notes").words


def test_the_page_asks_for_nothing_and_runs_nothing_but_its_own() -> None:
    content = html_of(told([BROKEN, ODD], coverage=covered()))
    root = read(content)
    policy = root.one("meta", http_equiv="Content-Security-Policy").attributes["content"] or ""
    for name in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(root.one(name).text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    for node in root.all():
        assert not {"src", "srcset", "action", "style", "poster", "data"} & node.attributes.keys()
        assert not any(name.startswith("on") for name in node.attributes)
        link = node.attributes.get("href")
        assert link is None or link.startswith(("#", "data:image/svg+xml,"))
        if link and link.startswith("#"):
            assert len(root.all(id=link[1:])) == 1
    assert not re.search(r"url\(|@import|https?:", STYLE.read_text())
    assert not re.search(r"fetch\(|https?:|XMLHttp|import\(", root.one("script").text)


def test_headings_do_not_skip_a_level_and_ids_are_unique() -> None:
    root = page(BROKEN, ODD, LOST, coverage=covered(), verdicts=[verdict("a", "b", "fail")])
    levels = [int(each.tag[1]) for each in root.all() if re.fullmatch(r"h[1-6]", each.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [each.attributes["id"] for each in root.all() if "id" in each.attributes]
    assert len(ids) == len(set(ids))


def test_the_same_story_gives_the_same_bytes() -> None:
    story = told([BROKEN, ODD], coverage=covered())
    assert html_of(story) == html_of(story)


@given(findings(), TEXTS)
def test_whatever_a_finding_holds_the_page_stays_the_page(finding: Finding, title: str) -> None:
    story = Story()
    story(Began("run", title, (title,), {"command": [title]}))
    story(Found(finding, "" if len(title) % 2 else title))
    story(Noted(title))
    root = read(html_of(story))
    assert [each.tag for each in root.children if isinstance(each, Node)] == ["html"]
    assert len(root.all("script")) == 1
    assert not root.all("failure")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", root.text)
    message = visible(finding.message)
    assert message[:300] in root.text


def test_text_that_would_deceive_is_made_visible() -> None:
    finding = replace(BROKEN, message="user\u202etxt.exe \x1b[31m \ud800 a\u200bb \u2066 </script>")
    summary = finding_of(page(finding), finding).all("summary")[0]
    assert r"user\u202etxt.exe \x1b[31m \ud800 a\u200bb \u2066 </script>" in summary.words
    assert [each.text for each in summary.all("i")] == [r"\u202e", r"\x1b", r"\ud800", r"\u200b", r"\u2066"]


def test_a_long_body_is_cut_and_says_so_but_shows_what_it_is_about() -> None:
    content = json.dumps({"items": [{"id": each} for each in range(3000)], "last": "here"})
    shown = replace(CALL, body=content, response_body="x" * 100_000, curl="curl " + "y" * 100_000)
    finding = replace(BROKEN, where="body /items/2500/id", exchanges=(shown,))
    node = finding_of(page(finding), finding)
    request, answer, curl = node.one("section").all("pre")
    assert node.one("mark").words == '"id": 2500'
    assert request.text.count("\n") < 1000
    assert "lines)" in request.text
    assert answer.text.endswith("… (100,000 characters)")
    assert "data-copy" not in curl.attributes
    assert "cut: too long" in node.text


def test_a_thousand_findings_are_a_page_that_opens() -> None:
    body = json.dumps({"items": [{"name": "<&" * 20}] * 300})
    shown = replace(CALL, body=body, response_body=body, headers=(("x", "<" * 300),) * 5)
    found = [replace(BROKEN, key=str(each), exchanges=(shown,) * 3) for each in range(1000)]
    content = html_of(told(found))
    assert len(content) < 5_000_000
    root = read(content)
    assert len(root.all("details", class_="finding")) == 1000
    assert "left out: the page would be too long" in root.text
    assert root.all("section", class_="exchange")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.sampled_from([None, 1, "\t"]))
def test_indenting_changes_white_space_only(value: object, indent: int | str | None) -> None:
    given_ = json.dumps(value, indent=indent)
    lines = indented(given_)
    if lines is None:
        assert re.search(r"\\ud[89a-f]", given_)  # half a character is no text
        return
    found = "\n".join(line.text for line in lines)
    assert found == json.dumps(json.loads(given_), indent=2)
    assert all(line.pointer is None or at_pointer(value, line.pointer) is not None for line in lines)


def at_pointer(value: object, pointer: str) -> tuple[object]:
    for each in pointer.split("/")[1:]:
        key = each.replace("~1", "/").replace("~0", "~")
        value = value[int(key)] if isinstance(value, list) else value[key]  # type: ignore[index]
    return (value,)


def test_numbers_are_shown_as_they_were_sent() -> None:
    lines = indented('{"id":123456789012345678901234567890,"price":1.10}')
    assert lines is not None
    assert [line.text for line in lines[1:3]] == ['  "id": 123456789012345678901234567890,', '  "price": 1.10']


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_colour_of_text_can_be_read(scheme: int) -> None:
    colours = {
        name: pair.split(", ")[scheme]
        for name, pair in re.findall(r"--([a-z-]+): light-dark\((#\w{6}, #\w{6})\)", STYLE.read_text())
    }
    on = {"ground": {"text", "soft", "link", "error", "warning", "pass"}}
    on |= {"card": on["ground"], "marked": {"text"}}
    on |= {"error-card": {"error", "text"}, "warning-card": {"warning", "text"}}
    for ground, texts in on.items():
        for name in texts:
            light, dark = sorted((_luminance(colours[name]), _luminance(colours[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{name} on {ground}"
