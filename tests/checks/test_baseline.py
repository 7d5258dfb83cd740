"""The file of findings that are accepted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver import __version__
from mockserver.checks.baseline import Baseline
from mockserver.exceptions import UsageError
from tests.reports.stories import BROKEN, LOST, ODD, findings


def test_the_file_is_sorted_and_says_what_was_accepted(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    file.write_bytes(Baseline.of([ODD, BROKEN]).as_bytes())
    assert json.loads(file.read_text()) == {
        "version": 1,
        "mockserver": __version__,
        "findings": [
            {
                "fingerprint": BROKEN.fingerprint,
                "rule": "contract-violation",
                "api": "shop",
                "operation": "createOrder",
                "where": "body /name",
                "message": "name is too short",
            },
            {
                "fingerprint": ODD.fingerprint,
                "rule": "deprecated-operation",
                "api": "shop",
                "operation": "listOrders",
                "where": "",
                "message": "listOrders is deprecated",
            },
        ],
    }
    assert Baseline.of([BROKEN, ODD]).as_bytes() == file.read_bytes()


def test_what_is_accepted_is_known_again_by_its_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    file.write_bytes(Baseline.of([BROKEN, ODD]).as_bytes())
    baseline = Baseline.read(file)
    assert baseline.accepts(replace(BROKEN, message="said in other words", times=9))
    assert not baseline.accepts(LOST)
    assert [str(each) for each in baseline.stale([BROKEN])] == ["deprecated-operation (shop listOrders)"]


def test_a_run_says_nothing_of_what_it_did_not_look_at() -> None:
    baseline = Baseline.of([BROKEN, ODD, LOST])
    assert [each.rule for each in baseline.stale([], ["other"])] == ["undocumented-call"]
    assert [each.rule for each in baseline.stale([], [], ["deprecated-operation"])] == ["deprecated-operation"]
    assert len(baseline.stale([])) == 3


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "it is empty"),
        ("{", "line 1: it is no JSON"),
        ("[]", "it names no version"),
        ('{"findings": []}', "it names no version"),
        ('{"version": 2, "findings": []}', "it is of version 2; this mockserver reads version 1"),
        (
            '{"version": 9, "mockserver": "3.0", "findings": []}',
            "it is of version 9, written by mockserver 3.0; this mockserver reads version 1",
        ),
        ('{"version": 1}', "/findings is no list"),
        ('{"version": 1, "findings": [3]}', "/findings/0 has no fingerprint"),
        ('{"version": 1, "findings": [{"fingerprint": "a", "rule": 3}]}', "/findings/0 holds something that is no"),
    ],
)
def test_what_is_no_baseline_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(content)
    with pytest.raises(UsageError) as error:
        Baseline.read(file)
    assert str(error.value).startswith(f"{file} is no baseline: {complaint}")
    assert str(error.value).endswith("(make it anew with --baseline-update)")


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no baseline .*none\.json \(--baseline-update makes it\)"):
        Baseline.read(tmp_path / "none.json")
    with pytest.raises(UsageError, match="cannot be read: is a directory"):
        Baseline.read(tmp_path)


@given(st.lists(findings(), max_size=4))
def test_whatever_was_found_can_be_accepted(tmp_path_factory: pytest.TempPathFactory, found: list) -> None:  # type: ignore[type-arg]
    file = tmp_path_factory.getbasetemp() / "any-baseline.json"
    file.write_bytes(Baseline.of(found).as_bytes())
    again = Baseline.read(file)
    assert all(again.accepts(each) for each in found)
    assert again.as_bytes() == file.read_bytes()
