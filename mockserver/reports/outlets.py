"""Where reports go: files that can be written are found out before anything runs, and written when all is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from mockserver.checks.replacing import is_special, replace_file, target_of
from mockserver.checks.stream import Event, Story
from mockserver.exceptions import UsageError

#: Stands for the standard output.
DASH = Path("-")
_STANDARD_OUTPUT = (DASH, Path("/dev/stdout"))


class Outlets:
    """The reports that were asked for. An instance listens to a run; `write` makes them all.

    `-` is the standard output, which `out` is given the bytes of; `say` is given the lines of annotations. `summary` is
    a Markdown file that a summary is appended to (with `github`); `baseline` is none of them, but a file that no report
    may take the place of. Raises UsageError when a file cannot be written, or is wanted twice; the options that ask for
    them are called so, after `prefix`.
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
        prefix: str = "--",
    ) -> None:
        wanted = {"junit": junit, "json": json, "sarif": sarif, "html": html, "coverage": coverage}
        self.story = Story()
        self._given = {name: path for name, path in wanted.items() if path is not None}
        self._github, self._summary, self._out, self._say = github, summary, out, say
        refuse_the_same(self._given if baseline is None else {"baseline": baseline, **self._given}, prefix)
        for name, path in self._given.items():
            must_be_writable(name, path, prefix)
        self._files = {name: _absolute(path) for name, path in self._given.items()}

    def __call__(self, event: Event) -> None:
        self.story(event)

    @property
    def to_stdout(self) -> bool:
        """Whether the standard output is taken by a report."""
        return any(path in _STANDARD_OUTPUT for path in self._files.values())

    def write(self) -> None:
        """Write all reports. Raises UsageError that names each that could not be made or written, after the others
        were."""
        wrong = [self._written(name, path) for name, path in self._files.items()]
        wrong += [self._annotated() if self._github else ""]
        if any(wrong):
            raise UsageError("; ".join(filter(None, wrong)))

    def _written(self, name: str, path: Path) -> str:
        """Why a report is not there; empty when it is."""
        shown = "on the standard output" if path in _STANDARD_OUTPUT else self._given[name]
        try:
            content = _content(name, self.story)
        except Exception as error:  # noqa: BLE001  # the other reports are worth having
            return f"the {name} report {shown} could not be made: {_fault(error)}"
        try:
            if content is not None:
                self._put(path, content)
        except OSError as error:
            return f"the {name} report {shown} cannot be written: {_why(error)}"
        return ""

    def _put(self, path: Path, content: bytes) -> None:
        if path in _STANDARD_OUTPUT and self._out is not None:
            self._out(content)
        else:
            replace_file(path, content)

    def _annotated(self) -> str:
        from mockserver.reports.github import github_of, summary_of

        try:
            lines, summary = github_of(self.story), summary_of(self.story).encode("utf-8", "replace")
        except Exception as error:  # noqa: BLE001  # the other reports are worth having
            return f"the annotations could not be made: {_fault(error)}"
        try:
            if self._say is not None:
                self._say(lines)
            if self._summary is not None:
                with self._summary.open("ab") as stream:
                    stream.write(summary)
        except OSError as error:
            return f"the summary {self._summary} cannot be written: {_why(error)}"
        return ""


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


def refuse_the_same(files: Mapping[str, Path], prefix: str = "--") -> None:
    """Raises UsageError when two options, by name, would write one file; `prefix` is what stands before the names."""
    taken: dict[Path, str] = {}
    for name, path in files.items():
        target = DASH if path in _STANDARD_OUTPUT else target_of(path)
        if target != DASH and is_special(target) and target.exists() and not target.is_dir():
            continue  # a device may be written to twice
        if target in taken:
            shown = "the standard output" if target == DASH else path
            raise UsageError(
                f"{prefix}{taken[target]} and {prefix}{name} both write {shown}", "give each a file of its own"
            )
        taken[target] = name


def must_be_writable(name: str, path: Path, prefix: str = "--") -> None:
    """Try whether a file can be written, and leave no trace but its folders; `name` is the option that asks for it,
    without its `prefix`. Raises UsageError."""
    if path in _STANDARD_OUTPUT:
        return
    try:
        target = target_of(path)
        if target.is_dir():
            raise UsageError(
                f"{prefix}{name}: {path} is a folder", f"name a file in it, such as {path / _EXAMPLES[name]}"
            )
        if is_special(target):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        existed = target.exists()
        with target.open("ab"):
            pass
        if not existed:
            target.unlink()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UsageError(f"{prefix}{name}: {path} cannot be written: {_why(error)}") from None


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _fault(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


_EXAMPLES = {
    "junit": "junit.xml",
    "json": "report.json",
    "sarif": "report.sarif",
    "html": "report.html",
    "coverage": "coverage.json",
    "baseline": "baseline.json",
}
