"""Which program a command means, and what is said when it means none."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.testing.run.program import CannotRun, find_program


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PATH of two folders: `hello` may be executed, `data` may not, `folder` is one."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "two" / "hello").write_text("#!/bin/sh\n")
    (tmp_path / "two" / "hello").chmod(0o755)
    (tmp_path / "one" / "data").write_text("x")
    (tmp_path / "one" / "folder").mkdir()
    return tmp_path


def refused(path: Path, *words: str) -> tuple[int, str]:
    with pytest.raises(CannotRun) as caught:
        find_program(words, {"PATH": f"{path}/one:{path}/two:{path}/none"}, ["my-api"])
    return caught.value.code, str(caught.value)


def test_it_is_found_along_the_path_that_the_command_will_have(path: Path) -> None:
    assert find_program(["hello", "x"], {"PATH": f"{path}/one:{path}/two"}) == f"{path}/two/hello"
    assert find_program([f"{path}/two/hello"], {}) == f"{path}/two/hello"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["helo"], "did you mean 'hello'?"),
        (["qqqq"], "is it installed, and on the PATH?"),
        (["npm test && ./smoke.sh"], "a line of shell is run by: -- sh -c 'npm test && ./smoke.sh'"),
        (["echo 'a b'"], "a line of shell is run by: -- sh -c 'echo '\\''a b'\\'''"),
        (["API=http://x", "node", "x"], "a variable is set before the command: --env API=http://x -- node x"),
        (["my-api", "hello"], "an API stands before the command: mockserver run my-api -- hello"),
    ],
)
def test_one_that_is_not_there_is_exit_code_127_with_a_hint(path: Path, words: list[str], hint: str) -> None:
    assert refused(path, *words) == (127, f"there is no command '{words[0]}' ({hint})")


def test_a_file_in_this_folder_needs_its_dot(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path / "two")
    with pytest.raises(CannotRun, match=r"there is no command 'hello' \(the file of that name is run by \./hello\)"):
        find_program(["hello"], {"PATH": str(path / "one")})


def test_a_path_is_looked_for_in_its_own_folder(path: Path) -> None:
    word = f"{path}/two/helo"
    assert refused(path, word) == (127, f"there is no command '{word}' (did you mean 'hello'?)")
    assert refused(path, f"{path}/one/hello") == (127, f"there is no command '{path}/one/hello'")


def test_an_empty_word_is_no_command(path: Path) -> None:
    assert refused(path, "") == (127, "the command is empty (is a variable not set?)")


def test_what_may_not_be_executed_is_exit_code_126(path: Path) -> None:
    data = path / "one" / "data"
    said = f"'{data}' may not be executed (chmod +x {data}, or name its interpreter first)"
    assert refused(path, str(data)) == (126, said)
    assert refused(path, "data") == (126, said.replace(f"'{data}'", "'data'"))


def test_a_folder_is_no_command(path: Path) -> None:
    code, said = refused(path, "folder")
    assert code == 126
    assert said.startswith("'folder' is a folder, not a command")
    assert refused(path, f"{path}/one/folder") == (126, f"'{path}/one/folder' is a folder, not a command")
