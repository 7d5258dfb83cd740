"""`mockserver run` around the tests of the client: no word about the good one, each defect by the rule it breaks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NODE = shutil.which("node")
HERE = Path(__file__).parent
CLIENT = "./defects/client.js"
DEFECTS = [
    *("contract-violation", "retry-after-ignored", "blind-retry"),
    *("token-per-call", "secret-in-url", "polling-too-fast"),
]

pytestmark = pytest.mark.skipif(NODE is None, reason="there is no `node` on the PATH")


def judged(tmp_path: Path, *options: str, **environment: str) -> tuple[int, str, dict[str, Any]]:
    """The exit code, what was said on stderr, and the report."""
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "mockserver", "run", "zoho-assist", "--json", str(report), *options]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MOCKSERVER_", "ZOHO_"))}
    done = subprocess.run(
        [*command, "--", str(NODE), str(HERE / "test.js")],
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr, json.loads(report.read_text("utf-8"))


def test_there_is_nothing_to_say_of_the_client(tmp_path: Path) -> None:
    code, said, report = judged(tmp_path, "--fail-on", "warning")
    assert (code, report["findings"]) == (0, []), said
    assert "coverage" in said


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_is_told_by_its_rule(tmp_path: Path, defect: str) -> None:
    code, said, report = judged(tmp_path, "--fail-on", "warning", ASSIST_CLIENT=CLIENT, ASSIST_DEFECT=defect)
    assert code == 1, said
    found = {each["rule"]: each["severity"] for each in report["findings"]}
    assert defect in found, said
    assert {rule for rule, severity in found.items() if severity == "error"} <= {defect}, said
    assert defect in said
