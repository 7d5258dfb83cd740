"""`mockserver coverage combine`: several runs taken together, and what is no coverage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mockserver.checks.coverage.coverage import Coverage
from mockserver.checks.coverage.files import read_coverage, write_coverage
from mockserver.cli.main import main
from tests.mocks import desk

FULL = Path("/dev/full")


def combine(*words: str | Path, columns: int = 80) -> Result:
    arguments = ["coverage", "combine", *map(str, words)]
    return CliRunner().invoke(main, arguments, env={"COLUMNS": str(columns)})


def run(file: Path, *lines: str, change: tuple[str, str, str] | None = None) -> Path:
    """The file of a run that makes these calls."""
    mock = desk(*([change] if change else []))
    coverage = Coverage.of(mock.engine.apis.values())
    for line in lines:
        coverage.add(mock.call(line, {"title": "x"} if line.startswith("POST") else {}).exchange)
    write_coverage(coverage, file)
    return file


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return run(tmp_path / "one.json", "POST /tickets"), run(tmp_path / "two.json", "GET /tickets", "GET /status")


def test_what_is_touched_in_any_is_touched(files: tuple[Path, Path]) -> None:
    result = combine(*files, "--limit", "1")
    assert result.exit_code == 0
    assert result.stdout == (
        "desk          7/78  ##............................    8 %\n"
        "  operations  3/9   ##########....................   33 %\n"
        "  statuses    3/35  ##............................    8 %\n"
        "  parameters  0/8   ..............................    0 %\n"
        "  fields      1/15  ##............................    6 %\n"
        "  values      0/11  ..............................    0 %\n"
        "total         7/78  ##............................    8 %\n"
        "\nmost worth testing next:\n"
        "1. createTicket is called once and 401 (Unauthorized) never came: `Prefer:\n"
        "   code=401` or fail_next('createTicket', 401) brings it\n"
    )


def test_what_comes_out_can_be_combined_again(files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "all.json"
    assert combine(*files, "--out", out).exit_code == 0
    again = combine(out, *files, "--json", "-")
    assert json.loads(again.stdout)["total"] == {"touched": 7, "total": 78, "percent": 8.97}
    assert read_coverage(out).as_json() == json.loads(out.read_text())


def test_the_order_of_the_files_does_not_matter(files: tuple[Path, Path]) -> None:
    assert combine(*files).stdout == combine(*reversed(files)).stdout


def test_a_file_that_is_named_twice_counts_once(files: tuple[Path, Path]) -> None:
    assert combine(files[0], files[0], "--json", "-").stdout == combine(files[0], "--json", "-").stdout


def test_a_pattern_that_no_shell_has_expanded(files: tuple[Path, Path], tmp_path: Path) -> None:
    assert combine(tmp_path / "*.json").stdout == combine(*files).stdout


def test_what_a_file_holds_cannot_steer_the_terminal(files: tuple[Path, Path], tmp_path: Path) -> None:
    odd = tmp_path / "odd" / "odd.json"
    odd.parent.mkdir()
    odd.write_text(files[0].read_text().replace("GET /tickets/{ticketId}", "GET /\\u001b[2J\\nfake"))
    shown = combine(odd, "--limit", "100").stdout
    assert "\x1b" not in shown
    assert "GET /\\x1b[2J fake" in shown


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    assert combine(run(tmp_path / "run[1].json", "GET /status")).exit_code == 0


def test_numbers_for_programs(files: tuple[Path, Path], tmp_path: Path) -> None:
    shown = tmp_path / "shown.json"
    result = combine(*files, "--json", shown, "--limit", "3")
    data: dict[str, Any] = json.loads(shown.read_text())
    assert list(data) == ["total", "dimensions", "apis", "missing"]
    assert len(data["missing"]) == 3
    assert result.stdout.startswith("desk "), "the text is shown all the same"


@pytest.mark.parametrize(("wanted", "code"), [("0", 0), ("8.97", 0), ("8.98", 1), ("100", 1)])
def test_under(files: tuple[Path, Path], wanted: str, code: int) -> None:
    result = combine(*files, "--fail-under", wanted)
    assert result.exit_code == code
    said = f"error: 8.97 % of the contract is touched, {wanted} % is asked for\n"
    assert result.stderr == (said if code else "")


def test_it_is_as_wide_as_the_terminal(files: tuple[Path, Path]) -> None:
    lines = combine(*files, columns=40).stdout.splitlines()
    assert lines[0] == "desk          7/78  #............    8 %"
    assert max(map(len, lines)) <= 40


class TestRefusals:
    def refused(self, *words: str | Path) -> str:
        result = combine(*words)
        assert (result.exit_code, result.stdout) == (2, "")
        (line,) = result.stderr.splitlines()
        return line.removeprefix("error: ")

    def test_a_file_that_is_not_there(self, files: tuple[Path, Path], tmp_path: Path) -> None:
        said = self.refused(files[0], tmp_path / "tow.json")
        assert said == f"there is no file {tmp_path / 'tow.json'} (did you mean 'two.json'?)"

    def test_a_pattern_that_nothing_fits(self, tmp_path: Path) -> None:
        assert self.refused(tmp_path / "*.json").startswith(f"no file fits '{tmp_path / '*.json'}'")

    def test_a_name_too_long_for_a_file(self) -> None:
        assert "cannot be read: File name too long" in self.refused("x" * 5000)
        assert self.refused("x" * 5000 + "*").startswith("no file fits")

    def test_a_folder(self, tmp_path: Path) -> None:
        assert self.refused(tmp_path) == f"{tmp_path} is a folder (name the files in it, as in {tmp_path / '*.json'})"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "is empty"),
            ('{"version": 1, "apis"', "is no JSON: unexpected end of data (line 1, column 22)"),
            ("[]", "is no coverage (it must be what `--coverage FILE` writes"),
            ('{"version": 7, "mockserver": "9.0"}', "is coverage in form 7, written by mockserver 9.0; form 1 is read"),
            ('{"version": 1, "apis": {"desk": 1}}', "is damaged: /apis/desk is no object"),
            ("\xff\x00", "is no JSON"),
        ],
    )
    def test_a_file_of_something_else(self, tmp_path: Path, text: str, said: str) -> None:
        file = tmp_path / "odd.json"
        file.write_bytes(text.encode("latin-1"))
        assert self.refused(file).startswith(f"{file} {said}")

    def test_versions_of_a_contract_are_not_mixed(self, files: tuple[Path, Path], tmp_path: Path) -> None:
        other = run(tmp_path / "other.json", change=("openapi.yaml", 'version: "1"', 'version: "2"'))
        said = self.refused(*files, other)
        assert said.startswith(f"{files[0]} and {other} speak of different versions of the contract of 'desk'")

    @pytest.mark.parametrize("option", ["--out", "--json"])
    def test_a_file_that_cannot_be_written(self, files: tuple[Path, Path], tmp_path: Path, option: str) -> None:
        (tmp_path / "file").write_text("")
        beneath = tmp_path / "file" / "out.json"
        assert self.refused(files[0], option, beneath).startswith(f"{beneath} cannot be written: ")

    @pytest.mark.parametrize("option", ["--out", "--json"])
    def test_a_full_disk_leaves_what_was_there(
        self, files: tuple[Path, Path], tmp_path: Path, option: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out = tmp_path / "out.json"
        out.write_text("old")

        def full(self: Path, target: Path) -> Path:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", full)
        assert self.refused(files[0], option, out) == f"{out} cannot be written: No space left on device"
        assert (out.read_text(), sorted(tmp_path.glob(".*"))) == ("old", [])

    def test_one_file_for_both(self, files: tuple[Path, Path], tmp_path: Path) -> None:
        out = tmp_path / "out.json"
        said = f"--out and --json both write {out} (give each a file of its own)"
        assert self.refused(files[0], "--out", out, "--json", out) == said

    @pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
    @pytest.mark.parametrize("option", ["--out", "--json"])
    def test_no_space(self, files: tuple[Path, Path], option: str) -> None:
        assert self.refused(files[0], option, FULL) == f"{FULL} cannot be written: No space left on device"
