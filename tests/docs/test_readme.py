"""The README cannot lie: its calls are made, its files are run, its output is compared."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from click.testing import CliRunner

from mockserver.cli.main import main
from mockserver.engine.assembly import Options, build_engine
from mockserver.web.app import create_app
from mockserver.web.log import text_lines
from mockserver.web.server import ThreadedServer

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
_BLOCK = re.compile(r"^```(\w+)(?: title=(\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(kind: str) -> list[tuple[str, str]]:
    """(title, text) of the fenced blocks of a kind."""
    return [(title, text) for found, title, text in _BLOCK.findall(README) if found == kind]


def calls() -> list[tuple[list[str], str]]:
    """(words of the command, output) of every call of a running mock."""
    found: list[tuple[list[str], str]] = []
    for _, text in blocks("console"):
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            if command.startswith(("curl ", "mockserver token ")):
                found.append((shlex.split(command), output))
    return found


def curl(words: list[str], base: str) -> str:
    """What curl would print for these words, called at `base`."""
    url = next(word for word in words if word.startswith("http"))
    options = dict(pairwise(words))
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    target = urlsplit(url)
    address = f"{base}{target.path}" + (f"?{target.query}" if target.query else "")
    body = options.get("-d")
    return requests.request("POST" if body else "GET", address, headers=headers, data=body, timeout=10).text


def test_every_call_is_answered_as_shown() -> None:
    engine = build_engine((), Options(start=datetime(2025, 1, 15, 12, tzinfo=UTC)))
    assert len(calls()) >= 6
    with ThreadedServer(create_app(engine).wsgi_app) as server:
        for words, output in calls():
            if words[0] == "curl":
                printed = curl(words[1:], server.url)
            else:
                printed = CliRunner().invoke(main, words[1:], env={"MOCKSERVER_URL": server.url}).output
            assert printed.strip() == output.strip(), words


def test_the_violation_is_logged_as_shown() -> None:
    shown = next(text for _, text in blocks("text") if "violation:" in text)
    message = shown.splitlines()[1].split(": ", 2)[2]
    engine = build_engine((), Options())
    app = create_app(engine)
    response = app.test_client().post(
        "/zoho-assist/api/v2/sessions",
        json={"sessionType": "remote"},
        headers={"Authorization": "Zoho-oauthtoken any-token"},
    )
    violation = engine.journal.find()[-1].violations[0]
    assert response.status_code == 400
    assert f"{violation.message} ({violation.hint})" == message


def test_the_refusal_is_logged_as_shown() -> None:
    shown = next(text for _, text in blocks("text") if " 403 " in text)
    engine = build_engine((), Options())
    client = create_app(engine).test_client()
    order = {"api": "zoho-assist", "scopes": "ZohoAssist.sessions.READ"}
    name, _, value = client.post("/__admin/tokens", json=order).get_json()["header"].partition(": ")
    client.get("/zoho-assist/api/v2/technicians", headers={name: value})
    assert text_lines(engine.journal.find()[-1]).splitlines()[1] == shown.splitlines()[1]


def test_the_suite_does_what_is_shown(tmp_path: Path) -> None:
    for title, text in blocks("python"):
        (tmp_path / title).write_text(text, "utf-8")
    shown = next(text for _, text in blocks("text") if text.startswith("$ pytest"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    said = run.stdout.replace(f"{ROOT}{os.sep}", "")
    for line in shown.splitlines()[1:]:
        assert line.removesuffix("…").strip() in said, said
    assert "1 failed, 2 passed" in run.stdout


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no `node` on the PATH")
def test_run_says_what_is_shown() -> None:
    shown = next(text for _, text in blocks("text") if text.startswith("$ mockserver run zoho-assist -- node"))
    command, _, output = shown.partition("\n")
    defect = {"ASSIST_CLIENT": "./defects/client.js", "ASSIST_DEFECT": "retry-after-ignored", "COLUMNS": "100"}
    words = [sys.executable, "-m", *shlex.split(command)[1:]]
    run = subprocess.run(words, cwd=ROOT, env={**os.environ, **defect}, capture_output=True, text=True, timeout=60)
    assert run.returncode == 1
    for line in output.splitlines():
        assert line.removesuffix("…").rstrip() in run.stderr, run.stderr


def test_lint_says_what_is_shown() -> None:
    shown = next(text for _, text in blocks("text") if text.startswith("$ mockserver lint"))
    command, _, output = shown.partition("\n")
    assert CliRunner().invoke(main, shlex.split(command)[2:]).output == output
