"""The page about `intercept`: its files are run as a test-suite, its names are those of the code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from mockserver.testing.intercept import redirect
from mockserver.testing.options import OPTION_NAMES
from tests.docs.blocks import ROOT, read_page

PAGE = read_page(ROOT / "docs" / "intercept.md")


def test_the_files_pass(tmp_path: Path) -> None:
    blocks = list(PAGE.blocks("python"))
    for block in blocks:
        (tmp_path / block.options["title"]).write_text(block.text)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    run = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stdout + run.stderr
    tests = sum(len(re.findall(r"def test_", block.text)) for block in blocks)
    assert f"{tests} passed" in run.stdout


def test_the_options_are_those_that_there_are() -> None:
    text = " ".join(PAGE.section("What it gives").lines)
    listed = re.search(r"The options are the same too: ([^.]*)\.", text)
    assert listed is not None
    assert re.findall(r"`(\w+)`", listed[1]) == list(OPTION_NAMES)


def test_what_is_patched_is_named() -> None:
    text = " ".join(PAGE.section("How it works").lines)
    for patch in redirect.make_patches(lambda: None):
        assert patch.name in text
    assert all(name in text for name in ("get_adapter", "handle_request", "handle_async_request"))
