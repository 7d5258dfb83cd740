"""`mockserver run` as a real process, around real commands."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import requests
from click.testing import CliRunner

from mockserver.cli.main import main
from tests.testing.run.commands import POLITE, STUBBORN, python, sh

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it needs processes as POSIX has them")

#: Calls the mock at each path that it is given.
CLIENT = """
import os, sys, urllib.error, urllib.request
for path in sys.argv[1:]:
    try:
        urllib.request.urlopen(os.environ["PETS_URL"] + path).read()
    except urllib.error.HTTPError as error:
        error.close()
"""
START = (sys.executable, "-m", "mockserver", "run")


class Running:
    """A process with pipes; `end` waits until nobody holds them any more, and gives all that was written."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [*START, *words], stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment, start_new_session=True
        )

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline()

    def said(self, pattern: str) -> re.Match[str]:
        """The next line on the standard error in which the pattern is found."""
        assert self.process.stderr
        for line in self.process.stderr:
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"no {pattern}")

    def end(self, typed: str = "") -> tuple[int, str, str]:
        out, err = self.process.communicate(typed, timeout=20)
        return self.process.returncode, out, err


Run = Callable[..., Running]


@pytest.fixture
def run(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[Run]:
    """`run(*words)` starts `mockserver run` with these words."""
    environment = environment | {"MOCKSERVER_CACHE": str(tmp_path_factory.getbasetemp() / "specs")}
    del environment["HTTP_PROXY"]
    started: list[Running] = []

    def start(*words: str | Path) -> Running:
        started.append(Running([str(word) for word in words], environment))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


def test_the_command_finds_the_mock_and_its_output_is_untouched(run: Run, pets: Path) -> None:
    line = 'echo "$PETS_URL"; echo "$MOCKSERVER_URL/pets"; echo "[$PETS_TOKEN] $OWN"; echo wrong >&2'
    code, out, err = run(pets, "--env", "OWN=<{pets.url}>", "--", *sh(line)).end()
    first, second, third = out.splitlines()
    assert first == second
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/pets", first)
    assert third == f"[] <{first}>"
    announced, wrong, *report = err.splitlines()
    assert (announced, wrong) == (f"mockserver: pets on {first}", "wrong")
    assert any(line.startswith("passed") for line in report)
    assert "\x1b" not in err
    assert code == 0


def test_a_token_that_it_gives_is_accepted_where_only_those_are(run: Run) -> None:
    call = """
import os, urllib.request
headers = {"Authorization": "Zoho-oauthtoken " + os.environ["ZOHO_ASSIST_TOKEN"]}
url = os.environ["ZOHO_ASSIST_URL"] + "/api/v2/technicians"
print(urllib.request.urlopen(urllib.request.Request(url, headers=headers)).status, os.environ["ZOHO_ACCOUNTS_URL"])
"""
    code, out, err = run("zoho-assist", "--auth", "strict", "--", *python(call)).end()
    assert re.fullmatch(r"200 http://127\.0\.0\.1:\d+/zoho-accounts\n", out), err
    assert "zoho-assist on http" in err
    assert "tokens by zoho-accounts" in err
    assert code == 0


def test_a_client_that_keeps_the_contract_passes_and_one_that_breaks_it_does_not(
    run: Run, pets: Path, tmp_path: Path
) -> None:
    good = run(pets, "--coverage", tmp_path / "coverage.json", "--", *python(CLIENT), "/pets")
    bad = run(pets, "--json", tmp_path / "found.json", "--", *python(CLIENT), "/nothing")
    assert good.end()[0] == 0
    code, _, err = bad.end()
    assert code == 1
    assert "FAILED" in err.upper()
    assert json.loads((tmp_path / "coverage.json").read_text())
    assert "nothing" in (tmp_path / "found.json").read_text()


def test_too_little_of_the_contract_is_exit_code_1(run: Run, pets: Path) -> None:
    code, _, err = run(pets, "--fail-under", "50", "--", "true").end()
    assert code == 1
    assert "coverage is 0.0 %, under 50 %" in err


def test_the_words_after_the_dashes_are_the_commands(run: Run, pets: Path) -> None:
    words = ["--port", "--help", "-h", "--", "-", "", "a b"]
    assert run(pets, "-q", "--", "printf", "%s\\n", *words).end() == (0, "\n".join([*words, ""]), "")


def test_standard_input_is_the_commands(run: Run, pets: Path) -> None:
    assert run(pets, "-q", "--", "cat").end("one\ntwo\n") == (0, "one\ntwo\n", "")


def test_a_command_that_fails_keeps_its_exit_code_whatever_is_found(run: Run, pets: Path, tmp_path: Path) -> None:
    line = f'{sys.executable} -IS -c "$0" /nothing; exit 3'
    code, _, err = run(pets, "--junit", tmp_path / "junit.xml", "--", *sh(line), CLIENT).end()
    assert code == 3
    assert "the command failed with exit code 3" in err
    assert ElementTree.parse(tmp_path / "junit.xml").find(".//failure") is not None


def test_a_command_that_hangs_is_ended_and_reported_on(run: Run, pets: Path, tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    code, _, err = run(pets, "--timeout", "100ms", "--junit", junit, "--", "sleep", "60").end()
    assert code == 124
    assert "the command had not ended after 0.1 s, and was ended" in err
    assert ElementTree.parse(junit).getroot() is not None


#: Calls the mock so often, and goes without having heard an answer.
HURLING = """
import http.client, os, sys, urllib.parse
url = urllib.parse.urlsplit(os.environ["PETS_URL"])
for _ in range(int(sys.argv[1])):
    client = http.client.HTTPConnection(url.netloc)
    client.request("GET", url.path + "/pets")
    client.close()
os._exit(0)
"""


def test_what_it_sends_last_counts_too(run: Run, pets: Path, tmp_path: Path) -> None:
    code, _, err = run(pets, "--json", tmp_path / "found.json", "--", *python(HURLING), "10").end()
    assert code == 0, err
    assert json.loads((tmp_path / "found.json").read_text())["exchanges"] == 10


def test_a_command_that_calls_nothing_is_told_what_it_may_have_missed(run: Run, pets: Path, tmp_path: Path) -> None:
    said = "the command called nothing of pets: does it read PETS_URL or MOCKSERVER_URL?"
    silent, proxied = run(pets, "--", "true"), run(pets, "--proxy", "--", "true")
    calling = run(pets, "--", *python(CLIENT), "/pets")
    code, _, err = silent.end()
    assert (code, " ".join(err.split()).count(f"note: {said}")) == (0, 1)
    assert "called nothing" not in calling.end()[2]
    told = proxied.end()[2]
    assert "nothing came through the proxy" in " ".join(told.split())
    assert "called nothing" not in told


def test_one_of_many_apis_stands_for_all(run: Run) -> None:
    err = " ".join(run("zoho-lens", "zoho-meeting", "--", "true").end()[2].split())
    assert "the command called nothing: does it read MOCKSERVER_URL, or ZOHO_LENS_URL and its like?" in err


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGTERM, 5), (signal.SIGINT, 5), (signal.SIGHUP, 5)])
def test_signals_are_passed_on_and_the_report_is_written(
    run: Run, pets: Path, number: signal.Signals, expected: int
) -> None:
    running = run(pets, "--", *python(POLITE))
    assert running.line() == "ready\n"
    running.process.send_signal(number)
    code, out, err = running.end()
    assert (code, out) == (expected, f"got {number.name}\n")
    assert "the command failed with exit code 5" in err


def test_ctrl_c_is_exit_code_130_with_a_report(run: Run, pets: Path) -> None:
    running = run(pets, "--", *sh("echo ready; exec sleep 60"))
    assert running.line() == "ready\n"
    running.process.send_signal(signal.SIGINT)
    code, _, err = running.end()
    assert code == 130
    assert "the command was ended by SIGINT" in err


def test_when_it_is_killed_nothing_lives_on(run: Run, pets: Path) -> None:
    running = run(pets, "--", *sh("setsid sleep 60 & sleep 60 & echo ready; wait"))
    assert running.line() == "ready\n"
    running.process.kill()
    assert running.end()[0] == -signal.SIGKILL  # all who held the pipes have ended


def test_what_outlives_the_command_is_ended_and_told(run: Run, pets: Path) -> None:
    code, _, err = run(pets, "--", *sh("sleep 60 & setsid sleep 60 & exec true")).end()
    assert code == 0
    told = r"2 processes outlived the command and were ended: \d+ \(\w+\), \d+ \(\w+\)"
    assert re.search(told, " ".join(err.split()))


def test_keep_leaves_the_mock_until_it_is_ended(run: Run, pets: Path) -> None:
    running = run(pets, "--keep", "--fail-under", "50", "--", "true")
    url = running.said(r"the mock stays on (\S+); Ctrl-C stops it")[1]
    assert requests.get(f"{url}/pets/pets", timeout=10).json() == [{"name": "Rex"}]
    running.process.send_signal(signal.SIGTERM)
    assert running.end() == (1, "", "mockserver stopped\n")


def test_one_that_was_ended_keeps_nothing(run: Run, pets: Path) -> None:
    running = run(pets, "--keep", "--", *python(STUBBORN))
    assert running.line() == "ready\n"
    running.process.send_signal(signal.SIGTERM)
    running.process.send_signal(signal.SIGINT)
    assert running.end()[0] == 137


def test_two_on_one_port_is_one_too_many(run: Run, pets: Path) -> None:
    inner = f'{" ".join(START)} {pets} --port "${{MOCKSERVER_URL##*:}}" -- true; echo "exit $?"'
    code, out, err = run(pets, "-q", "--", *sh(inner)).end()
    assert (code, out) == (0, "exit 2\n")
    assert re.fullmatch(
        r"error: port \d+ on 127\.0\.0\.1 is in use \(choose another with --port, or --port 0 for a free one\)\n", err
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize(("line", "expected"), [("exit 3", 3), ("true", 2)])
def test_a_report_that_cannot_be_written_does_not_hide_the_exit_code(
    run: Run, pets: Path, line: str, expected: int
) -> None:
    code, _, err = run(pets, "--junit", "/dev/full", "--", *sh(line)).end()
    assert code == expected
    assert "error: the junit report /dev/full cannot be written: no space left on device" in err


def test_with_a_proxy_the_real_hosts_are_the_mocks_and_others_are_refused(run: Run, pets: Path) -> None:
    call = """
import urllib.request
print(urllib.request.urlopen("https://api.pets.example/pets").read().decode())
try:
    urllib.request.urlopen("https://elsewhere.example/")
except OSError as error:
    print("refused")
"""
    code, out, err = run(pets, "--proxy", "--", *python(call)).end()
    assert out == '[{"name":"Rex"}]\nrefused\n', err
    assert "elsewhere.example" in err
    assert code == 0


def typed(*words: str) -> tuple[int, str]:
    """What comes of words that are refused before anything runs."""
    result = CliRunner().invoke(main, ["run", *words])
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "no command is given (it stands after --, such as: mockserver run my-api -- npm test)"),
        (("zoho-lens",), 2, "no command is given (it stands after --, such as: mockserver run my-api -- npm test)"),
        (("zoho-lens", "--"), 2, "there is no command after -- (such as: mockserver run my-api -- npm test)"),
        (
            ("zoho-lens", "sh", "-c", "true"),
            2,
            "a command stands after --, and there is none (mockserver run zoho-lens -- sh -c true)",
        ),
        (("zoho-lense", "--", "true"), 2, "unknown API 'zoho-lense' (did you mean 'zoho-lens'?)"),
        (("zoho-lens", "--prot", "1", "--", "true"), 2, "Did you mean one of: '--port', '--proxy'?"),
        (("--passthrough", "--", "true"), 2, "--passthrough is about what --proxy refuses (add --proxy)"),
        (("--timeout", "0", "--", "true"), 2, "'0' must be more than nothing, and less than three years"),
        (("--timeout", "soon", "--", "true"), 2, "'soon' is no length of time"),
        (("--env", "X", "--", "true"), 2, "'X' sets no variable; write it as NAME=VALUE"),
        (("zoho-lens", "--env", "X={uri}", "--", "true"), 2, "--env: {uri} stands for nothing (did you mean 'url'?)"),
        (("zoho-lens", "--webhook", "zoho-lens=http://127.0.0.1:1/", "--", "true"), 2, "zoho-lens sends no events"),
        (("--", "no-such-command"), 127, "there is no command 'no-such-command'"),
        (("--", "echo a | cat"), 127, "a line of shell is run by: -- sh -c 'echo a | cat'"),
        (("--", "/"), 126, "'/' is a folder, not a command"),
        (("--junit", "/", "--", "true"), 2, "--junit: / is a folder"),
    ],
)
def test_what_cannot_be_is_one_clear_error(words: tuple[str, ...], code: int, said: str) -> None:
    found, output = typed(*words)
    assert said in output
    assert output.startswith("error: ")
    assert "Traceback" not in output
    assert found == code


def test_reports_of_a_command_that_is_not_there_are_not_those_of_yesterday(pets: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for word, expected, said in (
        ("no-such-command", 127, "there is no command 'no-such-command'"),
        (f"{tmp_path}/file", 126, f"'{tmp_path}/file' may not be executed"),
    ):
        junit, found = tmp_path / "junit.xml", tmp_path / "found.json"
        for each in (junit, found):
            each.write_text("of yesterday")
        code, output = typed(str(pets), "--junit", str(junit), "--json", str(found), "--no-colour", "--", word)
        assert code == expected
        assert " ".join(output.split()).count(said) == 1
        failure = ElementTree.parse(junit).find(".//failure")
        assert failure is not None
        assert said in failure.attrib["message"]
        document = json.loads(found.read_text())
        assert (document["exit_code"], document["passed"]) == (expected, False)
        assert said in document["reasons"][0]


def test_help_needs_no_command() -> None:
    code, output = typed("--help")
    assert code == 0
    assert "[API or PATH]... -- COMMAND..." in output


@pytest.mark.parametrize(
    ("text", "seconds"), [("2", 2), ("1.5s", 1.5), ("500ms", 0.5), ("5m", 300), ("1h", 3600), ("PT1M30S", 90)]
)
def test_lengths_of_time(text: str, seconds: float) -> None:
    from mockserver.cli.run import Span

    assert Span().convert(text, None, None) == seconds


def test_a_report_that_breaks_off_does_not_hide_the_exit_code(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mockserver.testing.run.session import Session

    def broken(session: Session, outcome: object) -> None:
        raise ZeroDivisionError("of the mock's own")

    monkeypatch.setattr(Session, "judge", broken)
    for line, expected in (("exit 3", 3), ("true", 70)):
        code, output = typed(str(pets), "--", *sh(line))
        assert code == expected
        assert "error: the report could not be made: ZeroDivisionError: of the mock's own" in output


def test_a_rule_that_breaks_costs_no_report_and_is_told(
    pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mockserver.checks.client import ClientJudge

    def broken(judge: ClientJudge, exchange: object, *, timed: bool = True) -> None:
        raise ZeroDivisionError("of the mock's own")

    monkeypatch.setattr(ClientJudge, "see", broken)
    called = shlex.join([*python(CLIENT), "/pets"])
    for line, expected in ((called, 70), (f"{called}; exit 3", 3)):
        found = tmp_path / "found.json"
        code, output = typed(str(pets), "--json", str(found), "--", *sh(line))
        assert code == expected
        said = "mockserver itself failed in judging what was called: ZeroDivisionError: of the mock's own"
        assert said in " ".join(output.split())
        document = json.loads(found.read_text())
        assert said in document["reasons"]
        assert (document["exit_code"], document["exchanges"]) == (expected, 1)
        assert document["coverage"]["touched"] > 0
