"""Where reports go."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mockserver.checks.judgement import Judgement
from mockserver.checks.replacing import replace_file
from mockserver.checks.settings import Settings
from mockserver.checks.stream import Began
from mockserver.exceptions import UsageError
from mockserver.reports import github, json_file
from mockserver.reports.outlets import Outlets
from tests.reports.stories import BROKEN, covered

FULL = Path("/dev/full")


def run(outlets: Outlets, *, coverage: bool = True) -> Outlets:
    judgement = Judgement(outlets, Settings())
    judgement.tell(Began("run", "node test.js", ("shop",)))
    judgement.take(BROKEN)
    judgement.end(exchanges=1, duration=1.0, coverage=covered() if coverage else None)
    return outlets


def test_every_report_is_written_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "build" / "reports"
    names = {"junit": "j.xml", "json": "r.json", "sarif": "r.sarif", "html": "r.html", "coverage": "c.json"}
    options: dict[str, Any] = {name: folder / file for name, file in names.items()}
    run(Outlets(**options)).write()
    assert sorted(each.name for each in folder.iterdir()) == sorted(names.values())
    assert (folder / "j.xml").read_bytes().startswith(b"<?xml")
    assert (folder / "r.html").read_bytes().lower().startswith(b"<!doctype html")
    assert json.loads((folder / "r.json").read_bytes())["exit_code"] == 1
    assert json.loads((folder / "c.json").read_bytes())["version"] == 1


def test_nothing_is_left_of_the_trial_before_the_run(tmp_path: Path) -> None:
    kept = tmp_path / "old.json"
    kept.write_text("old")
    Outlets(json=kept, junit=tmp_path / "new.xml")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("old.json", "old")]


def test_a_run_without_coverage_writes_no_coverage(tmp_path: Path) -> None:
    run(Outlets(coverage=tmp_path / "c.json"), coverage=False).write()
    assert list(tmp_path.iterdir()) == []


def test_a_path_is_that_of_the_folder_in_which_the_run_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outlets = run(Outlets(json=Path("r.json")))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    outlets.write()
    assert (tmp_path / "r.json").exists()


def refusals(folder: Path) -> Iterator[tuple[dict[str, Path], str]]:
    (folder / "sub").mkdir()
    (folder / "file").write_text("x")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "link.json").symlink_to(folder / "r.json")
    yield (
        {"json": folder / "sub"},
        f"--json: {folder}/sub is a folder (name a file in it, such as {folder}/sub/report.json)",
    )
    yield {"junit": folder / "file" / "j.xml"}, f"--junit: {folder}/file/j.xml cannot be written: "
    yield {"sarif": folder / "loop"}, f"--sarif: {folder}/loop cannot be written: "
    yield {"html": folder / ("x" * 300)}, f"--html: {folder}/{'x' * 300} cannot be written: file name too long"
    yield (
        {"json": folder / "r.json", "sarif": folder / "sub" / ".." / "r.json"},
        f"--json and --sarif both write {folder}/sub/../r.json (give each a file of its own)",
    )
    yield {"json": folder / "r.json", "sarif": folder / "link.json"}, "--json and --sarif both write "
    yield {"json": folder / "r.json", "baseline": folder / "r.json"}, "--baseline and --json both write "
    yield {"json": Path("-"), "junit": Path("-")}, "--junit and --json both write the standard output"
    yield {"json": Path("-"), "junit": Path("/dev/stdout")}, "--junit and --json both write the standard output"


def test_what_cannot_be_written_is_refused_before_anything_runs(tmp_path: Path) -> None:
    for options, complaint in refusals(tmp_path):
        with pytest.raises(UsageError) as error:
            Outlets(**options)  # type: ignore[arg-type]
        assert str(error.value).startswith(complaint), options


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder of Linux")
def test_a_folder_that_takes_nothing() -> None:
    with pytest.raises(UsageError, match=r"--json: /proc/r\.json cannot be written: "):
        Outlets(json=Path("/proc/r.json"))


@pytest.mark.skipif(not FULL.exists(), reason="a device of Linux")
def test_a_full_disk_is_one_error_and_the_other_reports_are_written(tmp_path: Path) -> None:
    outlets = run(Outlets(junit=FULL, json=tmp_path / "r.json"))
    with pytest.raises(UsageError) as error:
        outlets.write()
    assert str(error.value) == "the junit report /dev/full cannot be written: no space left on device"
    assert json.loads((tmp_path / "r.json").read_bytes())["version"] == 1


def test_a_report_is_there_as_a_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "r.json"
    file.write_text("the old one")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError, match="no space left on device"):
        run(Outlets(json=file)).write()
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("r.json", "the old one")]


def test_what_a_run_before_left_behind_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = tmp_path / f".mockserver-{os.getpid()}-1.part"
    left.write_text("left")
    file = tmp_path / "r.json"
    file.write_text("the old one")
    monkeypatch.setattr(Path, "write_bytes", None)
    replace_file(file, b"new")
    assert sorted((each.name, each.read_text()) for each in tmp_path.iterdir()) == [
        (left.name, "left"),
        ("r.json", "new"),
    ]


@pytest.mark.parametrize(("number", "content"), [(errno.EACCES, "new"), (errno.EROFS, "new"), (errno.ENOSPC, "old")])
def test_a_folder_that_is_closed_and_one_that_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, content: str
) -> None:
    (tmp_path / "r.json").write_text("old")
    plain = Path.open

    def refused(self: Path, mode: str = "r", *args: Any, **named: Any) -> Any:
        if mode == "xb":
            raise OSError(number, os.strerror(number))
        return plain(self, mode, *args, **named)

    monkeypatch.setattr(Path, "open", refused)
    with contextlib.suppress(OSError):
        replace_file(tmp_path / "r.json", b"new")
    assert (tmp_path / "r.json").read_text() == content


def test_a_report_that_cannot_be_made_is_one_error_and_the_others_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(story: object) -> bytes:
        raise ValueError("what is this?")

    monkeypatch.setattr(json_file, "json_of", broken)
    monkeypatch.setattr(github, "github_of", broken)
    outlets = run(Outlets(json=tmp_path / "r.json", sarif=tmp_path / "r.sarif", github=True))
    with pytest.raises(UsageError) as error:
        outlets.write()
    assert str(error.value) == (
        f"the json report {tmp_path}/r.json could not be made: ValueError: what is this?; "
        "the annotations could not be made: ValueError: what is this?"
    )
    assert [each.name for each in tmp_path.iterdir()] == ["r.sarif"]


def test_a_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    file, link = tmp_path / "r.json", tmp_path / "link.json"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    replace_file(link, b"new")
    assert link.is_symlink()
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o640)


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    outlets = run(Outlets(json=pipe))
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        outlets.write()
        assert os.read(reader, 100).startswith(b'{\n  "version": 1')
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_the_standard_output_is_given_the_bytes() -> None:
    given: list[bytes] = []
    outlets = run(Outlets(json=Path("-"), out=given.append))
    assert outlets.to_stdout
    outlets.write()
    assert json.loads(given[0])["version"] == 1
    assert not Outlets(json=Path("/dev/null"), junit=Path("/dev/null")).to_stdout


def test_annotations_and_the_summary(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    said: list[str] = []
    run(Outlets(github=True, summary=summary, say=said.append)).write()
    assert said[0].startswith("::error title=contract-violation%3A shop createOrder,")
    assert summary.read_text().startswith("before\n### node test.js: failed\n")
    with pytest.raises(UsageError, match=r"the summary .*/none/s\.md cannot be written: no such file"):
        run(Outlets(github=True, summary=tmp_path / "none" / "s.md", say=said.append)).write()
