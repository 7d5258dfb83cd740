"""The measurements can be started and print their tables. What they measure is no test: machines differ."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from bench import figures, growth, intercept, scale, strategies, tokens, wrk
from bench.calls import CASES, load_script
from bench.http import run as run_http
from mockserver.strategies import from_schema

ROOT = Path(__file__).resolve().parents[2]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )


def test_help_names_the_parts() -> None:
    done = bench("--help")
    assert done.returncode == 0, done.stderr
    parts = ("http", "engine", "scale", "start", "memory", "tokens", "intercept", "strategies", "plugin")
    assert all(part in done.stdout for part in (*parts, "--rounds", "--seconds", "--only"))


@pytest.mark.parametrize("wrong", [["htpp"], ["engine", "--rounds", "0"], ["http", "--only", "nothing"]])
def test_what_it_does_not_know_is_refused(wrong: list[str]) -> None:
    done = bench(*wrong)
    assert done.returncode == 2
    assert "error:" in done.stderr


def test_the_engine_is_measured_step_by_step() -> None:
    done = bench("engine", "--rounds", "1", "--only", "get-one")
    assert done.returncode == 0, done.stderr
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines()]
    head = next(row for row in table if row[0] == "call")
    rows = [row for row in table if "GET one" in row[0]]
    assert [row[:2] for row in rows] == [
        [f"GET one, {kind}", sessions]
        for sessions in ("60", "1,000", "10,000")
        for kind in ("remembered", "not remembered")
    ]
    assert all(float(row[2].strip("*")) > 0 for row in rows)
    remembered, fresh = rows[:2]
    check = head.index("check response")
    assert remembered[check] == "", "an answer that is remembered is not checked again"
    assert fresh[check] != ""
    assert remembered[head.index("limit")] != "", "calls are counted while they are measured"
    assert remembered[head.index("authorise")] != ""


def test_tokens_are_forgotten_while_memory_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("_TOKENS", 60), ("_CALLS_EACH", 5), ("_MARKS", (100, 300)), ("_STEADY", 100)):
        monkeypatch.setattr(tokens, name, value)
    monkeypatch.setattr(tokens, "_STEP", timedelta(minutes=10))
    tokens.run(CASES, 1, 1)
    last = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("| 300 |"))
    records, _, texts = [int(cell) for cell in last.strip("| ").split(" | ")[2:]]
    assert records < 20  # an hour's live ones and an hour's others, beside those that the fixtures bring
    assert texts >= 48


@pytest.mark.parametrize("subject", scale.SUBJECTS, ids=[subject.title for subject in scale.SUBJECTS])
def test_every_call_is_measured_at_every_size(
    subject: growth.Subject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scale, "SUBJECTS", (subject,))
    monkeypatch.setattr(growth, "SIZES", (50, 100))
    monkeypatch.setattr(growth, "BATCH_NS", 1)
    monkeypatch.setattr(growth, "calm_collector", lambda: None)  # it would change the tests' own
    assert scale.run(CASES, 1, 1)
    said = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in said.splitlines() if "|" in line]
    assert rows[0][:4] == ["call", "50 records", "100 records", "growth"]
    assert [row[0] for row in rows[2:]] == [call.title for call in subject.calls]
    assert all(float(row[1].replace(",", "")) > 0 for row in rows[2:])
    assert "Goals at 100 records: " in said


def test_without_wrk_one_line_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    assert run_http(CASES, 1, 1)
    said = capsys.readouterr().out.strip()
    assert "skipped" in said
    assert "\n" not in said


def test_a_load_script_makes_the_calls_in_turn() -> None:
    changing = next(case for case in CASES if case.name == "list-changing")
    lines = load_script(changing).splitlines()
    made = [line.split('"')[1] for line in lines if "wrk.format" in line]
    assert made == (["PUT"] + ["GET"] * 9) * 2
    post = next(case for case in CASES if case.name == "post")
    assert '"POST", "/read/' in load_script(post, "/read")


@pytest.mark.parametrize("said", ["  Non-2xx or 3xx responses: 5", "  Socket errors: connect 0, read 1"])
def test_a_load_with_errors_is_no_measurement(said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown = f"    50%    1.50ms\n    99%  200.00us\n{said}\nRequests/sec:  1000.00\n"
    fake = tmp_path / "wrk"
    fake.write_text(f"#!/bin/sh\nprintf '%s' '{shown}'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(wrk.LoadFailed, match=said.split(":")[0].strip()):
        wrk.load("http://localhost", tmp_path / "no.lua", 1, 1)
    fake.write_text(fake.read_text().replace(said, ""))
    assert wrk.load("http://localhost", tmp_path / "no.lua", 1, 1) == (1000.0, 1.5, 0.2)


def test_generators_that_are_not_installed_are_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> strategies.Maker:
        raise ModuleNotFoundError("No module named 'other'")

    monkeypatch.setattr(strategies, "_EXAMPLES", 3)
    monkeypatch.setattr(strategies, "_OTHERS", {"hypothesis": lambda: from_schema, "other": missing})
    strategies.run(CASES, 1, 1)
    said = capsys.readouterr().out
    assert "other is not measured: No module named 'other'" in said
    assert "Median of the 4 ratios with objects, hypothesis: " in said
    rows = [line for line in said.splitlines() if line.startswith("| a")]
    assert len(rows) >= 6
    assert "documented" in said


def test_a_ratio_is_taken_within_each_round() -> None:
    assert figures.ratio([10.0, 40.0, 30.0], [5.0, 10.0, 10.0]) == "3.00 (2.00–4.00)"


def test_intercepted_calls_are_measured_by_every_library(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(intercept, "_CALLS", 2)
    assert intercept.run([case for case in CASES if case.name == "get-one"], 1, 1)
    rows = [line for line in capsys.readouterr().out.splitlines() if "GET one" in line]
    assert [row.split("|")[1].strip().split(",")[0] for row in rows] == [
        *("requests", "httpx", "httpx async"),
        *("urllib3", "urllib3"),
    ]
