"""The reports of the plugin: small suites are run, in this process and with workers, and the files are looked at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml

from mockserver.checks.coverage import coverage
from mockserver.checks.provider import CHECKS
from mockserver.reports import coverage_text, github, json_file, junit, sarif
from mockserver.reports.html import html_of
from mockserver.testing import cases, fixture, plugin_options, reporting
from tests.mocks import DESK
from tests.testing.desks import desk, fetch

pytest_plugins = ["pytester"]
#: A suite within this process takes along what it is the first to import; what holds parts in C cannot be loaded twice.
LOADED: tuple[object, ...] = (
    jsonschema,
    yaml,
    coverage,
    coverage_text,
    CHECKS,
    github,
    json_file,
    junit,
    sarif,
    html_of,
)
LOADED += (cases, fixture, plugin_options, reporting)
ROOT = Path(__file__).parents[1]
QUICK = (
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:randomly",
    "-p",
    "no:schemathesis",
)  # the last takes a second to load
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


@pytest.fixture(scope="module", autouse=True)
def _the_server_runs() -> None:
    with desk() as api:
        fetch(f"{api.server_url}/__admin/health")


@pytest.fixture(autouse=True)
def _no_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GITHUB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")


def run(pytester: pytest.Pytester, *options: str, suite: str = SUITE) -> pytest.RunResult:
    pytester.makepyfile(test_it=suite)
    return pytester.runpytest_inprocess(*QUICK, "-p", "no:xdist", *options)


def run_apart(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(SUITE, "utf-8")
    command = [sys.executable, "-m", "pytest", *QUICK, *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def last_line(done: pytest.RunResult) -> str:
    """How the report says that the run ended."""
    return next(
        line for line in reversed(done.outlines) if line.startswith(("passed", "failed")) and "exchange" in line
    )


def without_times(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The findings without times; a file is named from the folder in which the API was loaded."""
    for each in found["findings"]:
        each["place"]["file"] = str(ROOT / each["place"]["file"])
    return [{name: value for name, value in each.items() if name != "exchanges"} for each in found["findings"]]


def accepted(file: Path) -> list[str]:
    return [each["fingerprint"] for each in json.loads(file.read_text("utf-8"))["findings"]]


def test_workers_and_one_process_tell_the_same(pytester: pytest.Pytester, tmp_path: Path) -> None:
    run(pytester, "--mockserver-baseline=b.json", "--mockserver-baseline-update")
    before = pytester.path / "b.json"
    (tmp_path / "b.json").write_bytes(before.read_bytes())
    options = ["-k", "name or meant", "--mockserver-json=out/report.json", "--mockserver-coverage=out/coverage.json"]
    options += ["--mockserver-baseline=b.json", "--mockserver-baseline-update", "--mockserver-fail-under=99"]
    alone = run(pytester, *options)
    together = run_apart(tmp_path, "-n", "2", *options)
    assert (alone.ret, together.returncode) == (1, 1), together.stdout + together.stderr
    assert "4 passed" in together.stdout
    assert "note: the baseline only grows, since not all tests were run: some were deselected" in together.stdout
    one, two = (json.loads((folder / "out" / "report.json").read_text("utf-8")) for folder in (pytester.path, tmp_path))
    assert without_times(one) == without_times(two)
    assert one["notes"] == two["notes"]
    files = [(folder / "out" / "coverage.json").read_text("utf-8") for folder in (pytester.path, tmp_path)]
    assert files[0].replace(f"{ROOT}/", "") == files[1].replace(f"{ROOT}/", "")
    told = {each["where"]: (each["rule"], each["times"], each["test"]) for each in one["findings"]}
    assert told["query nobody"] == ("undocumented-field", 3, "test_it.py::test_a_name_that_nobody_knows[one]")
    assert "contract-violation" not in {each["rule"] for each in one["findings"]}, "the test has expected it"


def test_what_a_reset_makes_the_journal_forget_is_covered(pytester: pytest.Pytester) -> None:
    done = run(pytester, "--mockserver-findings", "-k", "reset")
    assert done.ret == 0
    assert any("operations" in line and " 1/" in line for line in done.outlines)


def test_calls_are_shown_as_of_a_server_of_their_own(pytester: pytest.Pytester) -> None:
    run(pytester, "--mockserver-json=report.json")
    report = json.loads((pytester.path / "report.json").read_text("utf-8"))
    shown = [each for finding in report["findings"] for each in finding["exchanges"]]
    assert {each["number"] for each in shown} == {1}
    assert all(each["url"].startswith("/desk/") for each in shown), shown


@pytest.mark.parametrize(
    ("said", "options", "code"),
    [
        ("", [], 0),
        ("", ["--mockserver-fail-on=error"], 0),
        ("", ["--mockserver-fail-on=warning"], 1),
        ('fail-on = "warning"', [], 1),
        ('fail-on = "warning"', ["--mockserver-fail-on=never"], 0),
        ("fail-under = 99", [], 1),
        ("", ["--mockserver-fail-under=99"], 1),
        ("fail-under = 99", ["--mockserver-fail-under=1"], 0),
    ],
)
def test_a_run_fails_when_it_is_to(pytester: pytest.Pytester, said: str, options: list[str], code: int) -> None:
    pytester.makepyprojecttoml(f"[tool.mockserver]\n{said}\n")
    done = run(pytester, "--mockserver-findings", *options)
    assert done.ret == code
    done.assert_outcomes(passed=5)
    done.stdout.fnmatch_lines(["*undocumented-field*"])
    assert last_line(done).startswith("failed: " if code else "passed with "), done.stdout.str()


FAILING = (
    SUITE
    + """
def test_other(mock_api):
    assert call(mock_api(DESK), "/tickets") == 500

def test_third(mock_api):
    raise AssertionError
"""
)


def test_tests_that_failed_are_a_reason_of_their_own(pytester: pytest.Pytester) -> None:
    done = run(pytester, "--mockserver-fail-on=warning", "--mockserver-junit=j.xml", suite=FAILING)
    assert done.ret == 1
    assert last_line(done).startswith("failed: 2 tests failed; the contract was not kept: ")
    failures = ElementTree.parse(pytester.path / "j.xml").getroot().findall(".//failure")
    assert "2 tests failed" in [each.get("message") for each in failures]
    done = run(pytester, "--mockserver-findings", "-k", "test_third", suite=FAILING)
    assert last_line(done).startswith("failed: 1 test failed (0 exchanges in ")


def test_a_baseline_is_made_and_kept_to(pytester: pytest.Pytester) -> None:
    update = ("--mockserver-baseline=b.json", "--mockserver-baseline-update", "--mockserver-fail-on=warning")
    assert run(pytester, *update).ret == 0
    assert accepted(pytester.path / "b.json")
    assert run(pytester, "--mockserver-baseline=b.json", "--mockserver-fail-on=warning").ret == 0


LOST = """
def pytest_collection_finish(session):
    session.config.pluginmanager.getplugin("mockserver-reporting").pytest_testnodedown(object())
"""
FEWER = SUITE.replace("nobody", "somebody")


@pytest.mark.parametrize(
    ("options", "suite", "conftest", "why"),
    [
        (["-k", "none"], FEWER, "", "some were deselected"),
        (["-k", "reset"], FEWER, "", "some were deselected"),
        (["--deselect=test_it.py::test_what_is_meant"], FEWER, "", "some were deselected"),
        (["test_it.py::test_what_is_meant"], FEWER, "", "it was said which"),
        (["test_it.py"], FEWER, "", "it was said which"),
        (["--ignore=other"], FEWER, "", "--ignore"),
        ([], FEWER, LOST, "a worker was lost"),
        (["--maxfail=1"], FEWER + "\ndef test_bad(): raise AssertionError", "", "the run was stopped"),
        ([], FEWER + "\ndef test_bad(): raise AssertionError", "", None),
    ],
)
def test_what_was_not_run_stays_in_the_baseline(
    pytester: pytest.Pytester, options: Iterable[str], suite: str, conftest: str, why: str | None
) -> None:
    update = ("--mockserver-baseline=b.json", "--mockserver-baseline-update")
    run(pytester, *update)
    before = accepted(pytester.path / "b.json")
    if conftest:
        pytester.makeconftest(conftest)
    done = run(pytester, *update, *options, suite=suite)
    assert set(before) <= set(accepted(pytester.path / "b.json")), done.stdout.str()
    done.stdout.fnmatch_lines(["note: baseline: * added, 0 removed, *"])
    if why:
        done.stdout.fnmatch_lines([f"note: the baseline only grows, since not all tests were run: *{why}"])
    else:
        assert "only grows" not in done.stdout.str()


@pytest.mark.parametrize("options", [[], ["."]])
def test_what_is_not_found_by_the_whole_suite_goes(pytester: pytest.Pytester, options: list[str]) -> None:
    update = ("--mockserver-baseline=b.json", "--mockserver-baseline-update")
    run(pytester, *update)
    before = accepted(pytester.path / "b.json")
    done = run(pytester, *update, *options, suite=FEWER)
    assert set(before) - set(accepted(pytester.path / "b.json")), done.stdout.str()


def test_all_files_are_written(pytester: pytest.Pytester) -> None:
    names = {"junit": "j.xml", "sarif": "s.sarif", "html": "h.html"}
    done = run(pytester, *(f"--mockserver-{name}={file}" for name, file in names.items()))
    assert done.ret == 0
    assert ElementTree.parse(pytester.path / "j.xml").getroot().tag == "testsuites"
    assert json.loads((pytester.path / "s.sarif").read_text("utf-8"))["version"] == "2.1.0"
    assert "undocumented-field" in (pytester.path / "h.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--mockserver-fail-under=101"], "--mockserver-fail-under is 101 (give a percentage from 0 to 100)"),
        (["--mockserver-baseline=nowhere.json"], "nowhere.json (--mockserver-baseline-update makes it)"),
        (
            ["--mockserver-baseline-update"],
            "--mockserver-baseline-update: which file? (add --mockserver-baseline FILE)",
        ),
        (["--mockserver-html=."], "is a folder"),
        (["--mockserver-html=a", "--mockserver-json=a"], "--mockserver-json and --mockserver-html both write"),
    ],
)
def test_what_makes_no_sense_is_told_before_a_test_runs(
    pytester: pytest.Pytester, options: list[str], said: str
) -> None:
    done = run(pytester, *options)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert said in done.stderr.str()
    assert "Traceback" not in done.stderr.str()


def test_two_contracts_of_one_name_are_not_counted_together(pytester: pytest.Pytester) -> None:
    for name, path in (("a", "/one"), ("b", "/two")):
        folder = pytester.path / name / "twin"
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
    done = run(pytester, "--mockserver-findings", suite=suite)
    assert done.ret == 0
    done.stdout.fnmatch_lines(["*different contracts called twin*"])
    assert last_line(done).startswith("passed: nothing was called, ")


def test_what_was_called_is_written_as_a_whole_or_not_at_all(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = pytester.path / "called.json"
    file.write_text("old")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    done = run(pytester, f"--mockserver-report={file}")
    done.stdout.fnmatch_lines([f"the report could not be written to {file}: No space left on device"])
    assert file.read_text() == "old"
