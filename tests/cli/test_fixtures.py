"""`mockserver fixtures export`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mockserver.cli.main import main
from tests.mocks import DESK


def export(*arguments: str | Path, api: str | Path = DESK) -> Result:
    return CliRunner().invoke(main, ["fixtures", "export", str(api), *map(str, arguments)])


def error_of(result: Result) -> str:
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("error: ").rstrip("\n")


def test_a_file_for_each_exchange(tmp_path: Path) -> None:
    out = tmp_path / "new" / "answers"
    result = export("--out", out, "--operation", "getTicket", "--operation", "deleteTicket")
    names = sorted(path.name for path in out.iterdir())
    assert result.output == f"{len(names)} exchanges of desk in {out}\n"
    assert {name.split("-")[0] for name in names} == {"getTicket", "deleteTicket"}
    assert {"getTicket-200.json", "getTicket-404-no_ticket.json"} <= set(names)
    held = json.loads((out / "getTicket-404-no_ticket.json").read_text())
    assert held["how"] == "there is no ticket"
    assert held["response"]["json"]["code"] == "no_ticket"


def test_all_operations_unless_some_are_named(tmp_path: Path) -> None:
    export("--out", tmp_path)
    assert {path.name.split("-")[0] for path in tmp_path.iterdir()} >= {"listTickets", "createTicket", "listNotes"}


def test_one_archive(tmp_path: Path) -> None:
    result = export("--out", tmp_path, "--format", "har", "--clock", "2030-06-01T00:00:00Z")
    assert result.exit_code == 0
    (file,) = tmp_path.iterdir()
    assert file.name == "desk.har"
    entries = json.loads(file.read_text())["log"]["entries"]
    assert {entry["startedDateTime"] for entry in entries} == {"2030-06-01T00:00:00.000Z"}


def test_the_same_again_writes_the_same_and_other_bytes_need_force(tmp_path: Path) -> None:
    def held() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    export("--out", tmp_path, "--operation", "createTicket")
    first = held()
    assert export("--out", tmp_path, "--operation", "createTicket").exit_code == 0
    assert held() == first
    refused = error_of(export("--out", tmp_path, "--operation", "createTicket", "--seed", "7"))
    assert refused.startswith(f"{tmp_path / 'createTicket-200.json'} says something else")
    assert refused.endswith("(--force overwrites)")
    assert held() == first, "none or all"
    assert export("--out", tmp_path, "--operation", "createTicket", "--seed", "7", "--force").exit_code == 0
    assert held() != first


@pytest.mark.parametrize(
    ("api", "options", "message"),
    [
        ("zoho-asist", (), "unknown API 'zoho-asist' (did you mean 'zoho-assist'?)"),
        (DESK, ("--operation", "getTickt"), "desk has no operation 'getTickt' (did you mean 'getTicket'?)"),
    ],
)
def test_what_is_not_there(tmp_path: Path, api: str | Path, options: tuple[str, ...], message: str) -> None:
    assert error_of(export("--out", tmp_path / "out", *options, api=api)) == message
    assert not (tmp_path / "out").exists()


def test_without_a_folder_to_write_into() -> None:
    result = CliRunner().invoke(main, ["fixtures", "export", str(DESK)])
    assert result.exit_code == 2
    assert "Missing option '--out'" in result.stderr


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert error_of(export("--out", tmp_path / "file")) == f"'{tmp_path / 'file'}' cannot be written: File exists"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "cannot be written: Permission denied" in error_of(export("--out", tmp_path / "x"))
