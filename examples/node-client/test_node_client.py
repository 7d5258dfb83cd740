"""A client in another language: its own test is run against a mock, and Python looks at what it did."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mockserver import StartMock

NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="there is no `node` on the PATH")


def node(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [str(NODE), str(Path(__file__).parent / "test.js")]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MOCKSERVER_", "ZOHO_"))}
    return subprocess.run(command, env=clean | environment, capture_output=True, text=True, timeout=60, check=False)


def test_against_the_mock_of_a_test(mock_api: StartMock) -> None:
    assist = mock_api("zoho-assist", auth="strict")
    done = node({"MOCKSERVER_URL": assist.server_url, "ZOHO_ASSIST_TOKEN": assist.token()})
    assert done.returncode == 0, done.stdout + done.stderr
    assist.assert_called("createSession", times=1, body={"customerEmail": "ada@example.com"})
    assist.assert_called("endSession", times=1)
    assert [call.status for call in assist.requests.of("listTechnicians")].count(429) == 2


def test_it_fails_when_something_is_wrong(mock_api: StartMock) -> None:
    assist = mock_api("zoho-assist", auth="strict")
    assert node({"ZOHO_ASSIST_URL": assist.url, "ZOHO_ASSIST_TOKEN": "1000.made.up"}).returncode == 1
    assert node({"ZOHO_ASSIST_TOKEN": assist.token()}).returncode == 1
