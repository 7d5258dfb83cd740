"""SARIF 2.1.0, as code hosts read it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver import __version__
from mockserver.checks.places import Place
from mockserver.checks.settings import Ignored, Settings
from mockserver.checks.stream import Began, Story
from mockserver.reports.sarif import sarif_of
from tests.reports.stories import BROKEN, CALL, LOST, ODD, TEXTS, findings, told

DATA = Path(__file__).with_name("data")
SCHEMA = jsonschema_rs.validator_for(json.loads((DATA / "sarif-2.1.0.json").read_text("utf-8")), validate_formats=True)


def run_of(story: Story) -> dict[str, Any]:
    document = json.loads(sarif_of(story))
    assert (document["version"], len(document["runs"])) == ("2.1.0", 1)
    run: dict[str, Any] = document["runs"][0]
    assert [each.message for each in SCHEMA.iter_errors(document)] == []
    assert not list(complaints(run))
    return run


def complaints(run: dict[str, Any]) -> Iterator[str]:
    """What the specification asks of a run, as far as this report uses it."""
    rules = run["tool"]["driver"]["rules"]
    if len({rule["id"] for rule in rules}) != len(rules):
        yield "two rules of one id"
    for rule in rules:
        if not (rule["shortDescription"]["text"] and rule["defaultConfiguration"]["level"] in ("error", "warning")):
            yield f"a rule without description or level: {rule}"
    for result in run["results"]:
        if not result["message"]["text"]:
            yield "a result without message"
        if rules[result["ruleIndex"]]["id"] != result["ruleId"]:
            yield "a result of another rule than it says"
        if result["level"] not in ("error", "warning") or result["occurrenceCount"] < 1:
            yield "a result that weighs nothing"
        for each in result["suppressions"]:
            if each["kind"] not in ("inSource", "external"):
                yield "a suppression of no kind"
        for location in result.get("locations", ()):
            physical = location["physicalLocation"]
            address = physical["artifactLocation"]
            if urlsplit(address["uri"]).scheme != ("" if "uriBaseId" in address else "file"):
                yield f"an address that is neither relative nor of a file: {address}"
            if physical.get("region", {"startLine": 1})["startLine"] < 1:
                yield "a line before the first"
    (invocation,) = run["invocations"]
    if not isinstance(invocation["executionSuccessful"], bool) or not isinstance(invocation["exitCode"], int):
        yield "an invocation that ended nowhere"


def test_a_finding_stands_beside_the_line_of_the_spec() -> None:
    run = run_of(told([BROKEN]))
    (result,) = run["results"]
    (location,) = result.pop("locations")
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "specs/shop/openapi.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 12, "snippet": {"text": "minLength: 1"}},
    }
    assert result["ruleId"] == "contract-violation"
    assert (result["level"], result["suppressions"], result["occurrenceCount"]) == ("error", [], 1)
    assert result["message"]["text"].split("\n") == [
        "shop createOrder: name is too short",
        "Expected: at least 1 character",
        "Advice: send what the contract asks for",
        "Call: POST /shop/orders?limit=3 -> 400",
    ]
    assert result["partialFingerprints"] == {
        "primaryLocationLineHash": f"{BROKEN.fingerprint}:1",
        "mockserver/v1": BROKEN.fingerprint,
    }
    assert result["properties"]["curl"] == CALL.curl


def test_the_tool_says_what_its_rules_mean() -> None:
    driver = run_of(told([BROKEN, ODD, replace(ODD, rule="some_check", advice="do not")]))["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("mockserver", __version__)
    assert [rule["id"] for rule in driver["rules"]] == ["contract-violation", "deprecated-operation", "some_check"]
    assert driver["rules"][0]["help"]["markdown"].startswith("**")
    assert "docs/client-rules.md#contract-violation" in driver["rules"][0]["help"]["markdown"]
    assert driver["rules"][2]["help"]["text"] == "do not"


@pytest.mark.parametrize(
    ("file", "address"),
    [
        ("a b/ö.yaml", {"uri": "a%20b/%C3%B6.yaml", "uriBaseId": "%SRCROOT%"}),
        ("./x/../openapi.yaml", {"uri": "openapi.yaml", "uriBaseId": "%SRCROOT%"}),
        ("/opt/specs/openapi.yaml", {"uri": "file:///opt/specs/openapi.yaml"}),
        ("../openapi.yaml", {"uri": "file:///…/openapi.yaml"}),
    ],
)
def test_where_a_file_lies(file: str, address: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (result,) = run_of(told([replace(BROKEN, place=Place(file, 0))]))["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert "region" not in physical
    expected = {name: value.replace("/…", str(tmp_path.parent)) for name, value in address.items()}
    assert physical["artifactLocation"] == expected


def test_a_file_of_the_working_folder_is_told_by_the_way_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (result,) = run_of(told([replace(BROKEN, place=Place(str(tmp_path / "openapi.yaml"), 3))]))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "openapi.yaml"


def test_what_is_of_no_file_has_no_place() -> None:
    (result,) = run_of(told([LOST]))["results"]
    assert "locations" not in result


def test_what_was_accepted_is_suppressed() -> None:
    settings = Settings(ignore=(Ignored("contract-violation", reason="the vendor takes it"),))
    (result,) = run_of(told([BROKEN], settings=settings))["results"]
    (suppression,) = result["suppressions"]
    assert suppression == {"kind": "external", "status": "accepted", "justification": "the vendor takes it"}


def test_how_the_run_ended() -> None:
    (invocation,) = run_of(told([BROKEN]))["invocations"]
    assert invocation == {
        "executionSuccessful": True,
        "exitCode": 1,
        "exitCodeDescription": "the contract was not kept: 1 error",
    }
    (invocation,) = run_of(told(reasons=["it was killed"], code=137))["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 137)
    assert invocation["toolExecutionNotifications"] == [{"level": "error", "message": {"text": "it was killed"}}]


@given(st.lists(findings(), max_size=3), TEXTS)
def test_whatever_was_found_it_is_valid(found: list, odd: str) -> None:  # type: ignore[type-arg]
    run_of(told(found, reasons=[odd], code=1, began=Began("run", odd, (odd,))))
