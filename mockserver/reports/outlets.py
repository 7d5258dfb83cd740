"""Where reports go: files that can be written are found out before anything runs, and written when all is over."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from mockserver.checks.stream import Event, Story
from mockserver.exceptions import UsageError

#: Stands for the standard output.
DASH = Path("-")
_STANDARD_OUTPUT = (DASH, Path("/dev/stdout"))


class Outlets:
    """The reports that were asked for. An instance listens to a run; `write` makes them all.

    `-` is the standard output, which `out` is given the bytes of; `say` is given the lines of annotations. `summary` is
    a Markdown file that a summary is appended to (with `github`); `baseline` is none of them, but a file that no report
    may take the place of. Raises UsageError when a file cannot be written, or is wanted twice.
    """

    def __init__(
        self,
        *,
        junit: Path | None = None,
        json: Path | None = None,
        sarif: Path | None = None,
        html: Path | None = None,
        coverage: Path | None = None,
        baseline: Path | None = None,
        github: bool = False,
        summary: Path | None = None,
        out: Callable[[bytes], object] | None = None,
        say: Callable[[str], object] | None = None,
    ) -> None:
        wanted = {"junit": junit, "json": json, "sarif": sarif, "html": html, "coverage": coverage}
        self.story = Story()
        self._given = {name: path for name, path in wanted.items() if path is not None}
        self._github, self._summary, self._out, self._say = github, summary, out, say
        _refuse_the_same(self._given if baseline is None else {"baseline": baseline, **self._given})
        for name, path in self._given.items():
            must_be_writable(name, path)
        self._files = {name: _absolute(path) for name, path in self._given.items()}

    def __call__(self, event: Event) -> None:
        self.story(event)

    @property
    def to_stdout(self) -> bool:
        """Whether the standard output is taken by a report."""
        return any(path in _STANDARD_OUTPUT for path in self._files.values())

    def write(self) -> None:
        """Write all reports. Raises UsageError that names each that could not be written, after the others were."""
        wrong = []
        for name, path in self._files.items():
            content = _content(name, self.story)
            try:
                if content is not None:
                    self._put(path, content)
            except OSError as error:
                shown = "on the standard output" if path in _STANDARD_OUTPUT else self._given[name]
                wrong.append(f"the {name} report {shown} cannot be written: {_why(error)}")
        wrong += self._annotated() if self._github else []
        if wrong:
            raise UsageError("; ".join(wrong))

    def _put(self, path: Path, content: bytes) -> None:
        if path in _STANDARD_OUTPUT and self._out is not None:
            self._out(content)
        else:
            replace_file(path, content)

    def _annotated(self) -> Iterator[str]:
        from mockserver.reports.github import github_of, summary_of

        try:
            if self._say is not None:
                self._say(github_of(self.story))
            if self._summary is not None:
                with self._summary.open("ab") as stream:
                    stream.write(summary_of(self.story).encode("utf-8", "replace"))
        except OSError as error:
            yield f"the summary {self._summary} cannot be written: {_why(error)}"


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that it is there as a whole or not at all; a device or a pipe is written to. Raises OSError."""
    target = _target(path)
    if _special(target):
        with target.open("ab") as stream:
            stream.write(content)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".mockserver-{os.getpid()}.part")
    try:
        stream = beside.open("xb")
    except OSError:  # a folder that takes no new file, yet the file itself may be open to us
        target.write_bytes(content)
        return
    try:
        with stream:
            stream.write(content)
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _content(name: str, story: Story) -> bytes | None:
    """The report of that name; None where there is nothing to report on."""
    if name == "coverage":
        shown: Mapping[str, Any] | None = story.covered.coverage.as_json() if story.covered is not None else None
        return orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE) if shown else None
    if name == "junit":
        from mockserver.reports.junit import junit_of as made
    elif name == "json":
        from mockserver.reports.json_file import json_of as made
    elif name == "sarif":
        from mockserver.reports.sarif import sarif_of as made
    else:
        from mockserver.reports.html import html_of as made
    return made(story)


def _absolute(path: Path) -> Path:
    """The path whatever becomes of the working folder."""
    return path if path == DASH else path.absolute()


def _target(path: Path) -> Path:
    """Where a chain of links leads: a report takes the place of the file, not of the link to it."""
    path = path.absolute()
    return path if path.is_relative_to("/dev") else Path(os.path.realpath(path))


def _special(path: Path) -> bool:
    try:
        return path.is_relative_to("/dev") or not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _refuse_the_same(files: Mapping[str, Path]) -> None:
    taken: dict[Path, str] = {}
    for name, path in files.items():
        target = DASH if path in _STANDARD_OUTPUT else _target(path)
        if target != DASH and _special(target) and target.exists() and not target.is_dir():
            continue  # a device may be written to twice
        if target in taken:
            shown = "the standard output" if target == DASH else path
            raise UsageError(f"--{taken[target]} and --{name} both write {shown}", "give each a file of its own")
        taken[target] = name


def must_be_writable(name: str, path: Path) -> None:
    """Try whether a file can be written, and leave no trace but its folders; `name` is the option that asks for it.
    Raises UsageError."""
    if path in _STANDARD_OUTPUT:
        return
    try:
        target = _target(path)
        if target.is_dir():
            raise UsageError(f"--{name}: {path} is a folder", f"name a file in it, such as {path / _EXAMPLES[name]}")
        if _special(target):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        existed = target.exists()
        with target.open("ab"):
            pass
        if not existed:
            target.unlink()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UsageError(f"--{name}: {path} cannot be written: {_why(error)}") from None


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


_EXAMPLES = {
    "junit": "junit.xml",
    "json": "report.json",
    "sarif": "report.sarif",
    "html": "report.html",
    "coverage": "coverage.json",
    "baseline": "baseline.json",
}
