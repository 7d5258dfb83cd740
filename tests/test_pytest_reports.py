"""The reports of the plugin: small suites are run, with and without workers, and the files are looked at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.mocks import DESK

ROOT = Path(__file__).parents[1]
SUITE = f"""
import urllib.error, urllib.request
import pytest

DESK = {str(DESK)!r}

def call(api, path, method="GET", body=None):
    headers = {{"Authorization": "Bearer t", "Content-Type": "application/json"}}
    request = urllib.request.Request(api.url + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code

@pytest.mark.parametrize("name", ["one", "other", "third"])
def test_a_name_that_nobody_knows(mock_api, name):
    assert call(mock_api(DESK), f"/tickets?{{name}}=1&nobody=2") == 200

def test_what_is_meant(mock_api):
    api = mock_api(DESK)
    with api.expect_violation("createTicket"):
        call(api, "/tickets", "POST", b"{{}}")

def test_with_a_reset_between(mock_api):
    api = mock_api(DESK)
    call(api, "/tickets", "POST", b'{{"title": "x"}}')
    urllib.request.urlopen(urllib.request.Request(f"{{api.server_url}}/__admin/reset", b"{{}}",
                           {{"Content-Type": "application/json"}}), timeout=10).close()
"""


def run(folder: Path, *options: str, suite: str = SUITE, workers: int = 0) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(suite, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["-n", str(workers)] if workers else ["-p", "no:xdist"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    environment = {**clean, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.run(
        [*command, *options], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def report(folder: Path, workers: int = 0) -> dict[str, Any]:
    done = run(folder, "--mockserver-json=out/report.json", "--mockserver-coverage=out/coverage.json", workers=workers)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((folder / "out" / "report.json").read_text("utf-8"))
    return found


def without_times(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: value for name, value in each.items() if name != "exchanges"} for each in found["findings"]]


def test_workers_and_one_process_tell_the_same(tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    for folder in (alone, together):
        folder.mkdir()
    one, two = report(alone), report(together, workers=2)
    assert without_times(one) == without_times(two)
    assert (alone / "out" / "coverage.json").read_bytes() == (together / "out" / "coverage.json").read_bytes()
    told = {each["where"]: (each["rule"], each["times"], each["test"]) for each in one["findings"]}
    assert told["query nobody"] == ("undocumented-field", 3, "test_it.py::test_a_name_that_nobody_knows[one]")
    assert "contract-violation" not in {each["rule"] for each in one["findings"]}, "the test has expected it"


def test_what_a_reset_makes_the_journal_forget_is_covered(tmp_path: Path) -> None:
    done = run(tmp_path, "--mockserver-findings", "-k", "reset")
    assert done.returncode == 0, done.stderr
    assert any("operations" in line and " 1/" in line for line in done.stdout.splitlines()), done.stdout


def test_calls_are_shown_as_of_a_server_of_their_own(tmp_path: Path) -> None:
    shown = [each for finding in report(tmp_path)["findings"] for each in finding["exchanges"]]
    assert {each["number"] for each in shown} == {1}
    assert all(each["url"].startswith("/desk/") for each in shown), shown


@pytest.mark.parametrize("workers", [0, 2])
def test_findings_fail_the_run_when_they_are_to(tmp_path: Path, workers: int) -> None:
    done = run(tmp_path, "--mockserver-fail-on=warning", workers=workers)
    assert (done.returncode, "undocumented-field" in done.stdout) == (1, True), done.stdout
    assert "5 passed" in done.stdout
    assert run(tmp_path, "--mockserver-fail-on=error", workers=workers).returncode == 0


def test_too_little_coverage_fails_the_run(tmp_path: Path) -> None:
    done = run(tmp_path, "--mockserver-fail-under=99")
    assert done.returncode == 1, done.stdout
    assert "under 99 %" in done.stdout
    assert run(tmp_path, "--mockserver-fail-under=1").returncode == 0


def test_a_baseline_is_made_and_kept_to(tmp_path: Path) -> None:
    made = run(tmp_path, "--mockserver-baseline=b.json", "--mockserver-baseline-update", "--mockserver-fail-on=warning")
    assert made.returncode == 0, made.stdout
    assert run(tmp_path, "--mockserver-baseline=b.json", "--mockserver-fail-on=warning").returncode == 0


def test_all_files_are_written(tmp_path: Path) -> None:
    names = {"junit": "j.xml", "sarif": "s.sarif", "html": "h.html"}
    done = run(tmp_path, *(f"--mockserver-{name}={file}" for name, file in names.items()))
    assert done.returncode == 0, done.stdout + done.stderr
    assert ElementTree.parse(tmp_path / "j.xml").getroot().tag == "testsuites"
    assert json.loads((tmp_path / "s.sarif").read_text("utf-8"))["version"] == "2.1.0"
    assert "undocumented-field" in (tmp_path / "h.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--mockserver-fail-under=101"], "percentage from 0 to 100"),
        (["--mockserver-baseline=nowhere.json"], "nowhere.json"),
        (["--mockserver-baseline-update"], "--mockserver-baseline=FILE"),
        (["--mockserver-html=."], "is a folder"),
        (["--mockserver-html=a", "--mockserver-json=a"], "both write"),
    ],
)
def test_what_makes_no_sense_is_told_before_a_test_runs(tmp_path: Path, options: list[str], said: str) -> None:
    done = run(tmp_path, *options)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert said in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_two_contracts_of_one_name_are_not_counted_together(tmp_path: Path) -> None:
    for name, path in (("a", "/one"), ("b", "/two")):
        folder = tmp_path / name / "twin"
        folder.mkdir(parents=True)
        document = {
            "openapi": "3.1.0",
            "info": {"title": "Twin", "version": "1"},
            "paths": {path: {"get": {"operationId": "look", "responses": {"204": {"description": "nothing"}}}}},
        }
        (folder / "openapi.json").write_text(json.dumps(document), "utf-8")
    suite = """
def test_a(mock_api): mock_api("./a/twin")
def test_b(mock_api): mock_api("./b/twin")
"""
    done = run(tmp_path, "--mockserver-findings", suite=suite)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "different contracts called twin" in done.stdout
