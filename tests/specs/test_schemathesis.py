"""A second opinion: Schemathesis, which knows of no behaviour file, finds no fault in the mock of any shipped API."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mockserver import MockServer
from mockserver.engine.grants import Wanted
from mockserver.exceptions import UsageError
from mockserver.spec.catalog import shipped

CONFIG = Path(__file__).with_name("schemathesis.toml")
WITH_OPERATIONS = [
    name for name, folder in shipped().items() if re.search(r"^paths:", folder.openapi.read_text("utf-8"), re.M)
]


@pytest.mark.parametrize("name", WITH_OPERATIONS)
def test_schemathesis_finds_nothing(name: str, tmp_path: Path) -> None:
    with MockServer(name, auth="strict", rate_limits=False, strict=False) as server:
        command: list[str | Path] = [
            Path(sys.executable).with_name("st"),
            "--config-file",
            CONFIG,
            "run",
            shipped()[name].openapi,
        ]
        command += ["--url", server[name].url, "--seed", "1", "--max-examples", "10", "--continue-on-failure"]
        try:
            issued = server[name].engine.issue_token(name, Wanted())
            command += ["--header", issued["header"]]
        except UsageError:
            pass  # it issues tokens and asks for none
        environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
        ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        calls = len(server[name].requests)
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr
    assert calls > 20, ran.stdout
