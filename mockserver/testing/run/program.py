"""Which program a command means; and where it means none, what may have been meant."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from mockserver.exceptions import UsageError, did_you_mean

NOT_RUNNABLE, NOT_FOUND = 126, 127


class CannotRun(UsageError):
    """A command that cannot be run. `code` is the exit code that a shell gives then."""

    def __init__(self, code: int, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.code = code


def find_program(command: Sequence[str], environment: Mapping[str, str], apis: Sequence[str] = ()) -> str:
    """The file that a command runs, found along the PATH of `environment`. Raises CannotRun; `apis` are names that are
    no commands."""
    word = command[0]
    if not word:
        raise CannotRun(NOT_FOUND, "the command is empty", "is a variable not set?")
    path = environment.get("PATH", os.defpath)
    found = shutil.which(word, path=path)
    if found is not None:
        return found
    there = next((each for each in _places(word, path) if each.exists()), None)
    if there is None:
        raise CannotRun(NOT_FOUND, f"there is no command '{word}'", _hint(command, path, apis))
    if there.is_dir():
        raise CannotRun(NOT_RUNNABLE, f"'{word}' is a folder, not a command", _hint(command, path, apis))
    raise CannotRun(NOT_RUNNABLE, f"'{word}' may not be executed", f"chmod +x {there}, or name its interpreter first")


def not_runnable(command: Sequence[str], program: str, error: OSError) -> str:
    """Why the system refuses to run a program that is there, in words."""
    if isinstance(error, FileNotFoundError):
        return f"'{command[0]}' cannot be run: {program} names an interpreter that is not there"
    return f"'{command[0]}' cannot be run: {(error.strerror or str(error)).lower()}"


def _places(word: str, path: str) -> list[Path]:
    if os.path.dirname(word):  # noqa: PTH120  # `./x` has a folder, which Path would not see
        return [Path(word)]
    return [Path(folder) / word for folder in path.split(os.pathsep)]


def _hint(command: Sequence[str], path: str, apis: Sequence[str]) -> str:
    word = command[0]
    if any(letter in word for letter in " \t\n;|&<>"):
        quoted = word.replace("'", "'\\''")
        return f"a line of shell is run by: -- sh -c '{quoted}'"
    name, equals, _ = word.partition("=")
    if equals and name.isidentifier():
        return f"a variable is set before the command: --env {word} -- {' '.join(command[1:]) or 'COMMAND'}"
    if word in apis:
        return f"an API stands before the command: mockserver run {word} -- {' '.join(command[1:]) or 'COMMAND'}"
    folder, file = os.path.split(word)
    if folder:
        return did_you_mean(file, _commands(folder) - {file})
    if Path(word).is_file():
        return f"the file of that name is run by ./{word}"
    return did_you_mean(word, _commands(path), "is it installed, and on the PATH?")


def _commands(path: str) -> set[str]:
    """All that the PATH, or a folder, leads to."""
    found: set[str] = set()
    for folder in path.split(os.pathsep):
        try:
            found.update(each.name for each in Path(folder).iterdir())
        except OSError:
            continue
    return found
