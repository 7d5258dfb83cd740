"""The options that every check has in common."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mockserver.cli.main import main
from tests.cli.reported import program
from tests.reports.stories import BROKEN, ODD
from tests.served import surroundings

ROOT = Path(__file__).parents[2]
PLAIN = {"NO_COLOR": None, "FORCE_COLOR": None, "GITHUB_STEP_SUMMARY": None, "COLUMNS": None}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def find(*words: str, env: dict[str, str | None] | None = None) -> Result:
    return CliRunner().invoke(program, ["find", *words], env={**PLAIN, **(env or {})})


def test_nothing_found() -> None:
    result = find()
    assert result.stdout == "a run – of sorts\n\npassed: nothing is wrong (3 exchanges in 0.5 s)\n"
    assert (result.exit_code, result.stderr) == (0, "")


def test_what_is_found_is_shown_and_fails() -> None:
    result = find("broken", "odd")
    assert result.exit_code == 1
    assert "  shop createOrder\n    body /name: name is too short\n" in result.stdout
    assert result.stdout.endswith("\nfailed: the contract was not kept: 1 error (3 exchanges in 0.5 s)\n")
    assert find("odd").exit_code == 0
    assert find("odd", "--fail-on", "warning").exit_code == 1
    assert find("broken", "--fail-on", "never").exit_code == 0
    assert find("broken", "--code", "124").exit_code == 124


@pytest.mark.parametrize("under", ["nan", "inf", "101", "-1", "many"])
def test_what_is_no_percentage(under: str) -> None:
    done = CliRunner().invoke(main, ["run", "zoho-assist", "--fail-under", under, "--", "true"])
    assert (done.exit_code, "no percentage from 0 to 100" in done.output) == (2, True)


def test_coverage_under_what_is_asked_for_fails() -> None:
    assert find("--covered", "--fail-under", "1").exit_code == 0
    result = find("--covered", "--fail-under", "99.5")
    assert result.exit_code == 1
    assert " %, under 99.5 % (3 exchanges" in result.stdout
    assert find("--fail-under", "101").exit_code == 2
    assert (
        "note: --fail-under has nothing to speak of: this run counted no coverage\n" in find("--fail-under", "9").output
    )


def test_all_reports_at_once() -> None:
    names = {"junit": "r/j.xml", "json": "r/r.json", "sarif": "r/r.sarif", "html": "r/r.html", "coverage": "r/c.json"}
    words = [word for name, file in names.items() for word in (f"--{name}", file)]
    assert find("broken", "--covered", *words).exit_code == 1
    assert all(Path(file).stat().st_size > 100 for file in names.values())


def test_a_report_on_the_standard_output_has_it_to_itself() -> None:
    result = find("broken", "--json", "-")
    assert json.loads(result.stdout)["exit_code"] == 1
    assert "failed: the contract was not kept" in result.stderr


def test_the_text_goes_to_the_standard_error_where_a_command_wants_it() -> None:
    result = find("broken", "--err")
    assert result.stdout == ""
    assert "failed: the contract was not kept" in result.stderr


def test_quiet() -> None:
    assert find("-q").output == ""
    assert find("broken", "--quiet").stdout.startswith("error: ")


def test_what_cannot_be_written_is_told_before_anything_runs() -> None:
    result = find("broken", "--json", ".")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: --json: . is a folder (name a file in it, such as report.json)\n"
    assert find("--json", "a", "--sarif", "a").exit_code == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_no_space_for_a_report_is_one_error() -> None:
    result = find("broken", "--json", "/dev/full", "--junit", "j.xml")
    assert result.exit_code == 2
    assert result.stderr == "error: the json report /dev/full cannot be written: no space left on device\n"
    assert "failed: the contract was not kept" in result.stdout
    assert Path("j.xml").exists()
    assert find("--json", "/dev/full", "--code", "3").exit_code == 3


def test_a_baseline_is_made_accepts_and_is_brought_up_to_date() -> None:
    missing = find("broken", "--baseline", "b.json")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert missing.stderr == "error: there is no baseline b.json (--baseline-update makes it)\n"
    made = find("broken", "odd", "--baseline", "b.json", "--baseline-update")
    assert made.exit_code == 0
    assert "note: baseline: 2 added, 0 removed, 2 in all\n" in made.stdout
    accepted = find("broken", "--baseline", "b.json")
    assert accepted.exit_code == 0
    assert "accepted: contract-violation shop createOrder body /name (baseline)\n" in accepted.stdout
    assert "note: in the baseline, but not found any more: deprecated-operation" in accepted.stdout
    assert find("broken", "lost", "--baseline", "b.json").exit_code == 1
    assert "0 added, 1 removed, 1 in all" in find("broken", "--baseline", "b.json", "--baseline-update").stdout
    assert [each["fingerprint"] for each in json.loads(Path("b.json").read_text())["findings"]] == [BROKEN.fingerprint]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('{"version": 7, "findings": []}', "it is of version 7; this mockserver reads version 1"),
        ("nothing", "line 1: it is no JSON"),
    ],
)
def test_a_baseline_of_another_version_is_no_baseline(content: str, complaint: str) -> None:
    Path("b.json").write_text(content)
    for words in ([], ["--baseline-update"]):
        result = find("--baseline", "b.json", *words)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"error: b.json is no baseline: {complaint} (")


def test_an_update_needs_a_file() -> None:
    assert find("--baseline-update").stderr == "error: --baseline-update: which file? (add --baseline FILE)\n"
    assert "is a folder" in find("--baseline", ".", "--baseline-update").stderr


def test_the_command_line_wins_over_the_file() -> None:
    Path("pyproject.toml").write_text('[tool.mockserver]\nfail-on = "warning"\nfail-under = 100\n')
    assert find("odd").exit_code == 1
    assert find("odd", "--fail-on", "error").exit_code == 0
    assert find("--covered").exit_code == 1
    assert find("--covered", "--fail-under", "0").exit_code == 0


def test_a_rule_that_is_unknown_is_told_with_its_line() -> None:
    Path("pyproject.toml").write_text('[tool.mockserver.rules]\ncontract-violatio = "off"\n')
    result = find()
    assert result.exit_code == 2
    assert result.stderr.endswith(
        "pyproject.toml:2: unknown rule 'contract-violatio' (did you mean 'contract-violation'?)\n"
    )
    Path("pyproject.toml").write_text('[tool.mockserver.rules]\ncontract-violation = "off"\n')
    assert find("broken").exit_code == 0


def test_annotations_and_a_summary() -> None:
    result = find("broken", "odd", "--github", env={"GITHUB_STEP_SUMMARY": "summary.md"})
    assert "\n::error title=contract-violation%3A shop createOrder," in result.stdout
    assert "\n::warning title=deprecated-operation%3A shop listOrders::" in result.stdout
    assert Path("summary.md").read_text(encoding="utf-8").startswith("### a run – of sorts: failed\n")


@pytest.mark.parametrize(
    ("words", "env", "coloured"),
    [
        ([], {}, False),
        (["--colour"], {}, True),
        (["--color"], {"NO_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--no-colour"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(words: Sequence[str], env: dict[str, str | None], coloured: bool) -> None:
    assert ("\x1b[" in find("broken", *words, env=env).stdout) is coloured


def test_the_width_is_that_of_columns() -> None:
    narrow = find(*["broken"] * 2, "lost", env={"COLUMNS": "50"}).stdout
    wrapped = [each for each in narrow.split("\n") if "failed:" in each or "exchanges" in each]
    assert len(wrapped) == 2
    assert all(len(each) <= 50 for each in wrapped)


# a real process


def process(*words: str, stdout: int | object = subprocess.PIPE, **env: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.cli.reported", "find", *words],
        stdout=stdout,  # type: ignore[arg-type]
        stderr=subprocess.PIPE,
        env=surroundings() | {"PYTHONUNBUFFERED": ""} | env,
        cwd=ROOT,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_no_space_for_the_text(tmp_path: Path) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        process("broken", "--json", str(tmp_path / "r.json"), stdout=full) as ran,
    ):
        _, errors = ran.communicate(timeout=20)
    assert (ran.returncode, errors) == (2, b"error: the report cannot be written: no space left on device\n")
    assert json.loads((tmp_path / "r.json").read_text())["exit_code"] == 1


def test_a_reader_that_has_read_enough(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        with process("broken", "--json", str(tmp_path / "r.json"), stdout=writing) as ran:
            _, errors = ran.communicate(timeout=20)
    finally:
        os.close(writing)
    assert (ran.returncode, errors) == (1, b"")
    assert (tmp_path / "r.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="it needs a shell")
def test_a_standard_output_that_is_closed() -> None:
    words = f"{sys.executable} -m tests.cli.reported find broken --json - >&-"
    ran = subprocess.run(words, shell=True, capture_output=True, env=surroundings(), cwd=ROOT, check=False)
    assert ran.returncode == 2
    assert ran.stderr.endswith(b"\nerror: the json report on the standard output cannot be written: it is closed\n")


def test_a_stream_that_lacks_characters() -> None:
    with process(PYTHONIOENCODING="latin-1") as ran:
        output, errors = ran.communicate(timeout=20)
    assert (ran.returncode, errors) == (0, b"")
    assert output.startswith(b"a run ? of sorts\n")


def test_a_terminal_has_colours_its_width_and_a_line_of_progress() -> None:
    pty = pytest.importorskip("pty")
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, b"\x18\x00\x2d\x00\x00\x00\x00\x00")  # 24 lines of 45 columns
    env = {name: value for name, value in surroundings().items() if name not in PLAIN} | {"TERM": "xterm"}
    command = [sys.executable, "-m", "tests.cli.reported", "find", "broken", "broken"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=ROOT):
        os.close(theirs)
        output = b""
        try:
            while some := os.read(ours, 4096):
                output += some
        except OSError:  # a terminal that nobody holds any more
            pass
    os.close(ours)
    shown = output.decode().replace("\r\n", "\n")
    assert "\r[........................] 0/2 broken\r" in shown
    last = [each for each in shown.split("\n") if "failed:" in each or "exchanges in" in each]
    assert last[0].startswith("\x1b[31mfailed: the contract was not kept: 1")
    assert all(len(each.removeprefix("\x1b[31m").removesuffix("\x1b[0m")) <= 45 for each in last)


def test_progress_is_not_drawn_where_there_is_no_terminal() -> None:
    assert find("broken", "odd").stderr == ""
    assert ODD.message in find("odd").stdout
