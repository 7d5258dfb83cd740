"""The terminal that a report is shown on, if it is one: its width, its colours, a line of progress."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from typing import TYPE_CHECKING, TextIO

import click

from mockserver.state.clock import Stopwatch

if TYPE_CHECKING:
    from mockserver.checks.stream import Progress

_WIDTH = 100  # where nobody says how wide it is
_NARROWEST, _WIDEST = 40, 160
_EVERY = 0.1  # seconds between two lines of progress
_BAR = 24  # characters


class Screen:
    """The standard output, or the standard error with `err`. Writing to it never raises: what went wrong is told by
    `wrong` at the end, so that the other reports are written all the same."""

    def __init__(self, *, err: bool) -> None:
        self._err, self._failed = err, ""
        self._shown, self._drawn = 0, 0.0

    @property
    def width(self) -> int:
        """Columns that lines are wrapped at."""
        found = shutil.get_terminal_size((0, 0)).columns if _is_terminal(self._stream()) or _said_columns() else 0
        return min(max(found, _NARROWEST), _WIDEST) if found else _WIDTH

    def coloured(self, asked: bool | None) -> bool:
        """Whether to show colours: as asked, else as NO_COLOR and FORCE_COLOR say, else on a terminal."""
        if asked is not None:
            return asked
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return _is_terminal(self._stream()) and os.environ.get("TERM") != "dumb"

    def write(self, text: str) -> None:
        """Show a text; what the encoding of the stream lacks becomes a question mark."""
        self.progress(None)
        if not text or self._failed:
            return
        try:
            try:
                click.echo(text, nl=False, err=self._err, color=True)
            except UnicodeEncodeError:
                encoding = self._stream().encoding or "ascii"
                plain = text.encode(encoding, "replace").decode(encoding)
                click.echo(plain, nl=False, err=self._err, color=True)
        except OSError as error:
            give_up(self._stream())
            told = error.errno != errno.EPIPE  # a pipe that is closed: whoever read it has read enough
            self._failed = f"the report cannot be written: {(error.strerror or str(error)).lower()}" if told else "-"

    def wrong(self) -> list[str]:
        """Why the text could not be shown; nothing when all is well."""
        return [self._failed] if self._failed not in ("", "-") else []

    def progress(self, event: Progress | None) -> None:
        """Draw how far a run is, on a terminal only and not too often; None wipes it away."""
        if event is None:
            if self._shown:
                click.echo("\r" + " " * self._shown + "\r", nl=False, err=True)
                self._shown = 0
            return
        now = Stopwatch.read()
        if now - self._drawn < _EVERY or not _is_terminal(sys.stderr):
            return
        self._drawn = now
        filled = _BAR * min(event.done, event.total) // max(event.total, 1)
        bar = f"[{'#' * filled}{'.' * (_BAR - filled)}] {event.done}/{event.total} "
        label = "".join(each if each.isprintable() else "?" for each in event.label)
        line = (bar + label)[: max(shutil.get_terminal_size().columns - 1, 1)]
        click.echo(f"\r{line}{' ' * (self._shown - len(line))}", nl=False, err=True)
        self._shown = len(line)

    def _stream(self) -> TextIO:
        return sys.stderr if self._err else sys.stdout


def give_up(stream: TextIO) -> None:
    """What a stream has left to write goes nowhere. Else the interpreter would try again at its end, and complain."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):  # it has no descriptor
        pass


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (ValueError, AttributeError):  # closed, or closed from the beginning: then there is no stream at all
        return False


def _said_columns() -> bool:
    return os.environ.get("COLUMNS", "").isdigit()
