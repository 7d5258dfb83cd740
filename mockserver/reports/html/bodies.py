"""A body as a page shows it: JSON indented, the line that a finding is about marked, and never too long."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import orjson

from mockserver.reports.html.tags import Html, cut, html, tag

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_STEP = "  "


class Line(NamedTuple):
    """A line of indented JSON, and the JSON pointer of what begins on it (None: only something ends)."""

    text: str
    pointer: str | None


def body(plain: str, most: int, pointer: str | None = None) -> Html:
    """The body in about `most` characters. Every value stands there as it was sent, only the white space is ours.
    The line of `pointer` is marked, else the one that is nearest above it."""
    lines = indented(plain) if len(plain) <= 8 * most else None
    if lines is None:
        return html(cut(plain, most))
    at = _line_of(lines, pointer) if pointer else None
    first, last = _window(lines, most, at)
    shown: list[Html] = []
    if first:
        shown.append(html(f"… ({first} lines)\n"))
    for number in range(first, last):
        line = cut(lines[number].text, most)
        if number == at:
            bare = line.lstrip()
            shown.append(html(line[: len(line) - len(bare)], tag("mark", bare)))
        else:
            shown.append(html(line))
        shown.append(html("\n" if number + 1 < last else ""))
    if last < len(lines):
        shown.append(html(f"\n… ({len(lines) - last} more lines, {len(plain):,} characters in all)"))
    return html(shown)


def indented(plain: str) -> list[Line] | None:
    """The lines of a JSON text; None when it is none. Numbers and texts are not read, so they stay as they are."""
    try:
        orjson.loads(plain)
    except ValueError:
        return None
    writer = _Writer()
    tokens = _TOKEN.findall(plain)
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        writer.take(token, following)
    return writer.end()


class _Writer:
    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._line = ""
        self._pointer: str | None = None
        self._frames: list[tuple[str, str]] = []  # the pointer of a container, and its bracket
        self._at: list[int] = []
        self._key: str | None = None  # the pointer of the member whose value comes next
        self._fresh = True  # nothing stands on the line yet

    def take(self, token: str, following: str) -> None:
        if token == ",":
            self._line += ","
            self._break()
            self._at[-1] += 1
        elif token == ":":
            self._line += ": "
        elif token in ("}", "]"):
            if not self._line.endswith(("{", "[")) or self._fresh:
                self._break()
            self._frames.pop()
            self._at.pop()
            if self._fresh:
                self._put(token, None)
            else:
                self._line += token
        elif self._frames and self._frames[-1][1] == "{" and self._key is None:
            name = orjson.loads(token).replace("~", "~0").replace("/", "~1")
            self._key = f"{self._frames[-1][0]}/{name}"
            self._put(token, self._key)
        else:
            self._value(token, following)

    def _value(self, token: str, following: str) -> None:
        pointer = self._key
        if pointer is None:
            pointer = f"{self._frames[-1][0]}/{self._at[-1]}" if self._frames else ""
            self._put(token, pointer)
        else:
            self._line += token
        self._key = None
        if token in ("{", "["):
            self._frames.append((pointer, token))
            self._at.append(0)
            if following not in ("}", "]"):
                self._break()

    def _put(self, token: str, pointer: str | None) -> None:
        self._line, self._pointer, self._fresh = _STEP * len(self._frames) + token, pointer, False

    def _break(self) -> None:
        if not self._fresh:
            self._lines.append(Line(self._line, self._pointer))
        self._line, self._pointer, self._fresh = "", None, True

    def end(self) -> list[Line]:
        self._break()
        return self._lines


def _line_of(lines: Sequence[Line], pointer: str) -> int | None:
    """The line of a pointer, or of the nearest value around it that is not the whole body."""
    found = {line.pointer: at for at, line in enumerate(lines) if line.pointer}
    while pointer:
        if pointer in found:
            return found[pointer]
        pointer = pointer.rpartition("/")[0]
    return None


def _window(lines: Sequence[Line], most: int, at: int | None) -> tuple[int, int]:
    """Which lines are shown, from and up to: those at the beginning, unless the marked one is not among them."""
    first, last, left = 0, 0, most
    while last < len(lines) and left > 0:
        left -= len(lines[last].text) + 1
        last += 1
    if at is not None and at >= last:
        first = last = at
        left = most // 2
        while first > 0 and left > 0:
            first -= 1
            left -= len(lines[first].text) + 1
        left = most // 2
        while last < len(lines) and left > 0:
            left -= len(lines[last].text) + 1
            last += 1
    return first, last
