"""The page on pipelines: what is to be pasted parses, names options that exist, and the script of the action works."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from mockserver.cli.main import main
from tests.docs.blocks import ROOT, read_page

PAGE = read_page(ROOT / "docs" / "ci.md")
PIPELINES = {block.options["title"]: yaml.safe_load(block.text) for block in PAGE.blocks("yaml")}
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))


def steps_of(pipeline: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in pipeline.get("jobs", {}).values():
        yield from job["steps"]


def commands() -> list[str]:
    """Every line of shell on the page that calls mockserver."""
    found = [line[2:] for block in PAGE.blocks("console") for line in block.text.splitlines() if line.startswith("$ ")]
    found += [step["run"] for pipeline in PIPELINES.values() for step in steps_of(pipeline) if "run" in step]
    found += PIPELINES[".gitlab-ci.yml"]["contract"]["script"]
    return [each for each in found if re.match(r"(/\S+/)?mockserver ", each)]


def test_there_are_pipelines_of_both() -> None:
    assert set(PIPELINES) == {
        ".github/workflows/contract.yml",
        ".github/workflows/contract-by-hand.yml",
        ".gitlab-ci.yml",
    }
    assert len(commands()) >= 9


@pytest.mark.parametrize("line", commands())
def test_every_command_is_one(line: str) -> None:
    """Parsed by the command line itself, which knows no option that is not there."""
    command: click.Command | None = main
    context = click.Context(main)
    words = shlex.split(line)[1:]
    while isinstance(command, click.Group):
        _, command, words = command.resolve_command(context, words)
    assert command is not None
    command.make_context("mockserver", words)


def test_the_action_is_given_inputs_that_it_has() -> None:
    used = [
        step for step in steps_of(PIPELINES[".github/workflows/contract.yml"]) if "/mockserver@" in step.get("uses", "")
    ]
    assert used
    assert set(used[0]["with"]) <= set(ACTION["inputs"])


def test_every_input_of_the_action_is_used() -> None:
    text = (ROOT / "action.yml").read_text("utf-8")
    for name in ACTION["inputs"]:
        assert f"inputs.{name}" in text, name


def action_script(tmp_path: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """The last step of the action, as a runner would run it."""
    step = ACTION["runs"]["steps"][-1]
    given = {**{name: each.get("default", "") for name, each in ACTION["inputs"].items()}, **inputs}
    environment = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], text)
        for name, text in step["env"].items()
    }
    program = tmp_path / "mockserver" / "bin" / "mockserver"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mockserver "$@"\n', "utf-8")
    program.chmod(0o755)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "MOCKSERVER_"))}
    return subprocess.run(
        ["bash", "-e", "-c", step["run"]],
        cwd=tmp_path,
        env={**clean, **environment, "RUNNER_TEMP": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_action_runs_the_command_and_leaves_the_reports(tmp_path: Path) -> None:
    call = 'curl -s -H "Authorization: Zoho-oauthtoken $ZOHO_ASSIST_TOKEN" $ZOHO_ASSIST_URL/api/v2/technicians'
    done = action_script(tmp_path, run=f"echo one two; {call}", apis="zoho-assist", options="--strict")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "one two" in done.stdout
    folder = tmp_path / ACTION["inputs"]["report"]["default"]
    names = {"junit.xml", "report.json", "report.sarif", "index.html", "coverage.json"}
    assert {each.name for each in folder.iterdir()} == names


def test_the_action_fails_with_the_contract(tmp_path: Path) -> None:
    call = 'curl -s -X POST -H "Authorization: Zoho-oauthtoken t" $ZOHO_ASSIST_URL/api/v2/sessions -d "[]"'
    done = action_script(tmp_path, run=call, apis="zoho-assist")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "::error " in done.stdout + done.stderr


def test_gitlab_reads_the_coverage(tmp_path: Path) -> None:
    pattern = PIPELINES[".gitlab-ci.yml"]["contract"]["coverage"].strip("/")
    command = [sys.executable, "-m", "mockserver", "run", "zoho-lens", "--no-colour", "--", "true"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    found = re.findall(pattern, done.stderr, re.MULTILINE)
    assert len(found) == 1, done.stderr
    assert 0 <= float(found[0]) <= 100
