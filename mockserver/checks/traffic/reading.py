"""An HTTP Archive (HAR 1.2) read as a stream: one entry after another, however long the file is."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from mockserver.checks.traffic.entries import HarEntry, har_entry
from mockserver.checks.traffic.scanning import BadText, BrokenOff, Scanner, Source, Unreadable, read_value
from mockserver.exceptions import UsageError, did_you_mean

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MOST_NAMED = 5
_WANTED = "an HTTP Archive (HAR) is wanted"


class HarError(UsageError):
    """An archive that cannot be read, or not any further."""


def read_har(path: Path) -> Iterator[HarEntry]:
    """The entries of an archive in the order of the file. Raises HarError, after the last whole entry where the file is
    broken off."""
    return iter(HarFile(path))


class HarFile:
    """An archive, plain or packed with gzip, in UTF-8 or UTF-16. Raises HarError for what is none.

    `size` is in bytes, `count` the number of entries that came whole.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._raw = _opened(path)
        with self._raw:
            self.size = self._raw.seek(0, 2)
        if not self.size:
            raise HarError(f"'{path}' is empty", _WANTED)

    @property
    def position(self) -> int:
        """How many bytes of the file were read."""
        return self.size if self._raw.closed else self._raw.tell()

    def __iter__(self) -> Iterator[HarEntry]:
        self.count = 0
        with _opened(self.path) as self._raw:
            scanner = Scanner(_unpacked(self._raw, self.path))
            try:
                yield from self._entries(scanner)
            except BrokenOff as cut:
                message = f"'{self.path}' breaks off at byte {cut.at:,}, {self._after()}"
                raise HarError(message, "the recorder was stopped while it wrote: export it again") from None
            except BadText as bad:
                message = f"'{self.path}' is no JSON at byte {bad.at:,}, {self._after()}: {bad}"
                raise HarError(message) from None
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                where = f"after {scanner.place:,} bytes of text, {self._after()}"
                raise HarError(f"the gzip data of '{self.path}' is broken {where}: {error}") from None
            except UnicodeError as error:
                raise HarError(f"'{self.path}' is not in one encoding, {self._after()}: {error}") from None
            except OSError as error:
                why = error.strerror or error
                raise HarError(f"'{self.path}' cannot be read any further, {self._after()}: {why}") from None

    def _entries(self, scanner: Scanner) -> Iterator[HarEntry]:
        first = scanner.peek()
        if first != b"{":
            raise self._no_archive("it is a list") if first == b"[" else HarError(f"'{self.path}' is not JSON", _WANTED)
        names: list[str] = []
        found = False
        for name in scanner.members():
            names.append(name)
            if name != "log" or scanner.peek() != b"{":
                scanner.value()
                continue
            for inner in scanner.members():
                if inner == "entries" and scanner.peek() == b"[":
                    found = True
                    yield from self._of_list(scanner)
                else:
                    scanner.value()
        if scanner.peek():
            raise BadText("something follows the archive", scanner.place)
        if not found:
            held = ", ".join(names[:_MOST_NAMED]) or "nothing in it"
            raise self._no_archive(f"it is an object with {held}")
        if not self.count:
            raise HarError(f"'{self.path}' holds no entries", "nothing was recorded")

    def _of_list(self, scanner: Scanner) -> Iterator[HarEntry]:
        for place in scanner.elements():
            text = scanner.value()
            try:
                entry = har_entry(self.count + 1, read_value(text, place))
            except Unreadable as fault:
                entry = HarEntry(self.count + 1, wrong=str(fault))
            self.count += 1
            yield entry

    def _after(self) -> str:
        return f"after {self.count:,} whole entr{'y' if self.count == 1 else 'ies'}"

    def _no_archive(self, what: str) -> HarError:
        return HarError(f"'{self.path}' is JSON, but no HTTP Archive: it has no log.entries", what)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise HarError(f"there is no file '{path}'", did_you_mean(path.name, _beside(path))) from None
    except IsADirectoryError:
        found = sorted(name for name in _beside(path / "any") if ".har" in Path(name).suffixes)
        raise HarError(f"'{path}' is a folder", f"name a file: {path / found[0]}" if found else "") from None
    except (OSError, ValueError) as error:
        raise HarError(f"'{path}' cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _beside(path: Path) -> list[str]:
    try:
        return sorted(each.name for each in path.parent.iterdir())
    except OSError:
        return []


def _unpacked(raw: BinaryIO, path: Path) -> Source:
    """The text of the file as UTF-8."""
    start = raw.read(4)
    raw.seek(0)
    if start.startswith(_ZIP):
        raise HarError(f"'{path}' is a zip archive", "unpack it, and name the .har file in it")
    source: Any = raw
    if start.startswith(_GZIP):
        source = _Unzipped(raw)
        try:
            start = source.read(4)
        except (OSError, EOFError, zlib.error) as error:
            raise HarError(f"the gzip data of '{path}' is broken: {error}") from None
        source = _Joined(start, source)
    encoding = _wide_encoding(start)
    if encoding:
        return _Recoded(source, encoding)
    if start.startswith(codecs.BOM_UTF8):
        source.read(len(codecs.BOM_UTF8))
    checked: Source = source
    return checked


def _wide_encoding(start: bytes) -> str:
    if start.startswith(_WIDE):
        return "utf-16"
    if len(start) > 1 and start[1] == 0 and start[0]:
        return "utf-16-le"
    return "utf-16-be" if len(start) > 1 and start[0] == 0 and start[1] else ""


class _Joined:
    """A source of which the start was read before."""

    def __init__(self, start: bytes, rest: Source) -> None:
        self._start, self._rest = start, rest

    def read(self, size: int, /) -> bytes:
        if self._start:
            given, self._start = self._start[:size], self._start[size:]
            return given
        return self._rest.read(size)


class _Unzipped:
    """What was packed with gzip. Of a file that is broken off all there is comes out before EOFError is raised."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._stream = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def read(self, size: int, /) -> bytes:
        while True:
            packed = self._stream.unconsumed_tail or self._stream.unused_data or self._source.read(size)
            if self._stream.eof:
                packed = packed.lstrip(b"\0")  # some programs fill up the last block
                if not packed:
                    return b""
                self._stream = zlib.decompressobj(16 + zlib.MAX_WBITS)  # more may stand behind
            plain = self._stream.decompress(packed, size)
            if plain:
                return plain
            if not packed and not self._stream.eof:
                raise EOFError("the packed data ends too early")


class _Recoded:
    """A source in another encoding, as UTF-8."""

    def __init__(self, source: Source, encoding: str) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)()

    def read(self, size: int, /) -> bytes:
        while True:
            new = self._source.read(size)
            if not new:
                return b""  # half a character at the end: the text breaks off there
            if text := self._decoder.decode(new):
                return text.encode()
