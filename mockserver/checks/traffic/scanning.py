"""Long JSON texts cut into values without being read whole, so that memory stays that of one value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Protocol

import orjson

_CHUNK = 256 * 1024
_LONGEST = 512 * 1024 * 1024  # bytes of one value
_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_TEXT = re.compile(_STRING, re.DOTALL)
#: Up to the next bracket that stands in no string.
_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|' + _STRING + rb")*+([{}\[\]])", re.DOTALL)
_SCALAR = re.compile(_STRING + rb'|[^ \t\r\n,:\]}"{\[]++', re.DOTALL)
_OPENING = (b"{", b"[")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_PAIR = re.compile(
    rb"(?<!\\)((?:\\\\)*+)\\u(?:([dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|[dD][89a-fA-F][0-9a-fA-F]{2})"
)


class Source(Protocol):
    """What a text comes from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


class BadText(Exception):
    """A text that is no JSON. `at` counts its bytes from 0."""

    def __init__(self, message: str, at: int) -> None:
        self.at = at
        super().__init__(message)


class BrokenOff(BadText):
    """A text that ends too early."""

    def __init__(self, at: int) -> None:
        super().__init__("the text ends", at)


class Unreadable(ValueError):
    """A value that is JSON, and more than anybody can read."""


class Scanner:
    """Walks through a JSON text in UTF-8. Each method begins where the one before has ended, and raises BadText."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._held = b""
        self._base = 0  # bytes before those that are held
        self._at = 0

    @property
    def place(self) -> int:
        """How many bytes lie behind."""
        return self._base + self._at

    def peek(self) -> bytes:
        """The next byte that is no space; empty at the end of the text."""
        while True:
            found = _SPACE.match(self._held, self._at)
            assert found is not None  # it matches the empty text as well
            self._at = found.end()
            if self._at < len(self._held) or not self._more():
                return self._held[self._at : self._at + 1]

    def take(self, mark: bytes) -> None:
        """Go past a mark that must be next."""
        found = self.peek()
        if not found:
            raise BrokenOff(self.place)
        if found != mark:
            raise BadText(f"'{_shown(found)}' where '{mark.decode()}' is wanted", self.place)
        self._at += 1

    def members(self) -> Iterator[str]:
        """The names of an object, each when its value is next. It must be taken before the next is asked for."""
        self.take(b"{")
        if self.peek() == b"}":
            return self.take(b"}")
        while True:
            if (mark := self.peek()) and mark != b'"':
                raise BadText(f"'{_shown(mark)}' where a name is wanted", self.place)
            at = self.place
            name = read_value(self.value(), at)
            self.take(b":")
            yield str(name)
            if self.peek() != b",":
                return self.take(b"}")
            self.take(b",")

    def elements(self) -> Iterator[int]:
        """The places of a list's elements, each when it is next. It must be taken before the next is asked for."""
        self.take(b"[")
        if self.peek() == b"]":
            return self.take(b"]")
        while True:
            self.peek()
            yield self.place
            if self.peek() != b",":
                return self.take(b"]")
            self.take(b",")

    def value(self) -> bytes:
        """The text of one value."""
        first = self.peek()
        if not first:
            raise BrokenOff(self.place)
        end = self._balanced() if first in _OPENING else self._scalar()
        text = self._held[self._at : end]
        self._at = end
        return text

    def _scalar(self) -> int:
        while True:
            found = _SCALAR.match(self._held, self._at)
            if found is not None and (found.end() < len(self._held) or not self._more()):
                return found.end()
            if found is None and (self._held[self._at : self._at + 1] != b'"' or not self._more()):
                if self._held[self._at : self._at + 1] == b'"':
                    raise BrokenOff(self._base + len(self._held))
                mark = _shown(self._held[self._at : self._at + 1])
                raise BadText(f"'{mark}' where a value is wanted", self.place)

    def _balanced(self) -> int:
        depth, inside = 0, 0  # `inside` counts from where the value begins: what lies before it may be dropped
        while True:
            found = _BRACKET.match(self._held, self._at + inside)
            if found is None:
                if not self._more():
                    raise BrokenOff(self._base + len(self._held))
                continue
            inside = found.end() - self._at
            depth += 1 if found[1] in _OPENING else -1
            if not depth:
                return self._at + inside

    def _more(self) -> bool:
        """Hold more of the text, and drop what lies behind. A long value is waited for in ever longer pieces."""
        rest = self._held[self._at :]
        if len(rest) > _LONGEST:
            raise BadText(f"a value of more than {_LONGEST // 1024**2} MiB begins", self.place)
        new = self._source.read(max(_CHUNK, len(rest)))
        if not new:
            return False
        self._base += self._at
        self._held, self._at = rest + new, 0
        return True


def read_value(text: bytes, at: int) -> Any:
    """The value of a JSON text that begins at byte `at`. Half of a surrogate pair, which recorders write when they cut
    a text, becomes U+FFFD. Raises BadText, and Unreadable for a number or a nesting beyond measure."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    if _SURROGATE.search(text):
        text = _PAIR.sub(lambda found: found[0] if found[2] else found[1] + b"\\ufffd", text)
    try:
        return json.loads(text.decode("utf-8"), strict=False)
    except UnicodeDecodeError as error:
        raise BadText("a byte that is no UTF-8", at + error.start) from None
    except json.JSONDecodeError as error:
        raise BadText(error.msg, at + len(error.doc[: error.pos].encode())) from None
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except ValueError:
        raise Unreadable("it has a number that is too large") from None


def _shown(mark: bytes) -> str:
    return mark.decode("ascii", "backslashreplace")
