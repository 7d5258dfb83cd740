"""Archives read as a stream: encodings, packing, size, and everything that can be wrong with a file."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mockserver.checks.traffic import HarError, HarFile, read_har
from mockserver.checks.traffic.scanning import BadText, BrokenOff, Scanner, read_value
from tests.checks.traffic.recorded import archive, entry, request, response

GOOD = archive(*(entry(request(f"GET https://desk.example/tickets/{number}é")) for number in range(5)))
LAST = GOOD.rindex(b'{"startedDateTime"')


def written(folder: Path, content: bytes, name: str = "recorded.har") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def paths(path: Path) -> list[str]:
    return [each.request.path for each in read_har(path)]


def fault(path: Path) -> str:
    with pytest.raises(HarError) as raised:
        list(read_har(path))
    return str(raised.value)


ALL = [f"/tickets/{number}é" for number in range(5)]


@pytest.mark.parametrize(
    "change",
    [
        bytes,
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: json.dumps(json.loads(text), ensure_ascii=False, indent=3).encode(),
        lambda text: json.dumps(json.loads(text), ensure_ascii=False).encode("utf-16"),
        lambda text: b"\xfe\xff" + text.decode().encode("utf-16-be"),
        lambda text: text.decode().encode("utf-16-le"),
        lambda text: text.decode().encode("utf-16-be"),
        gzip.compress,
        lambda text: gzip.compress(text[:700]) + gzip.compress(text[700:]) + bytes(512),
        lambda text: gzip.compress(b"\xef\xbb\xbf" + text),
        lambda text: b" \r\n\t" + text + b"\n\n",
        lambda text: text.replace(b'"log": {', b'"x": {"log": {"entries": [1]}}, "log": {"pages": [{"a": "]}"}], '),
    ],
    ids=[
        *("plain", "BOM", "indented", "UTF-16", "UTF-16BE with BOM", "UTF-16LE", "UTF-16BE", "gzip", "gzip in parts"),
        *("gzip with BOM", "spaces", "other members"),
    ],
)
def test_whatever_an_archive_is_written_in(change: Callable[[bytes], bytes], tmp_path: Path) -> None:
    assert paths(written(tmp_path, change(GOOD))) == ALL


def test_half_a_surrogate_pair_does_not_stop_it(tmp_path: Path) -> None:
    text = r'"\ud83d \\ud83d \ud83d\ude00 \udc00"'
    content = archive(entry(answered=response(text="HERE"))).replace(b'"HERE"', text.encode())
    (found,) = read_har(written(tmp_path, content))
    assert found.response.body.decode() == "\ufffd \\ud83d \N{GRINNING FACE} \ufffd"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"<html>", "is not JSON"),
        (b"17", "is not JSON"),
        (b"[1]", "no log.entries (it is a list)"),
        (b'{"openapi": "3.1.0", "paths": {}}', "no log.entries (it is an object with openapi, paths)"),
        (b'{"log": []}', "no log.entries (it is an object with log)"),
        (b'{"log": {"entries": {"a": 1}}}', "no log.entries"),
        (b'{"log": {"entries": []}}', "holds no entries"),
        (b"PK\x03\x04rest", "is a zip archive (unpack it"),
        (b"\x1f\x8brest", "the gzip data of"),
        (gzip.compress(GOOD)[:-40], "is broken after"),
        (GOOD + b"{}", f"is no JSON at byte {len(GOOD):,}, after 5 whole entries: something follows"),
        (GOOD.replace(b'"time": 10', b'"time": ten'), "after 0 whole entries: Expecting value"),
        (GOOD.decode().encode("utf-16")[:-11], "breaks off at byte"),
        (GOOD.replace(b"desk", b"d\xe9sk", 1), f"is no JSON at byte {GOOD.index(b'desk') + 1:,}, after 0 whole"),
        (b'{"log" {"entries": []}}', "is no JSON at byte 7, after 0 whole entries: '{' where ':' is wanted"),
    ],
)
def test_what_is_no_archive_is_told_in_one_sentence(content: bytes, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, content)
    with pytest.raises(HarError) as raised:
        list(read_har(path))
    assert said in str(raised.value)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    assert fault(tmp_path / "recordet.har").endswith("(did you mean 'recorded.har'?)")
    assert fault(tmp_path) == f"'{tmp_path}' is a folder (name a file: {path})"


@pytest.mark.parametrize("cut", [LAST + 1, LAST + 200, len(GOOD) - 4])
def test_whole_entries_come_before_the_break(cut: int, tmp_path: Path) -> None:
    path = written(tmp_path, GOOD[:cut])
    entries = read_har(path)
    assert [next(entries).number for _ in range(4)] == [1, 2, 3, 4]
    with pytest.raises(HarError, match=f"breaks off at byte {cut:,}, after 4 whole entries"):
        next(entries)


def test_a_broken_entry_is_found_to_the_byte(tmp_path: Path) -> None:
    bad = GOOD[:LAST] + GOOD[LAST:].replace(b'"status": 200', b'"status": 2OO')
    said = fault(written(tmp_path, bad))
    assert f"at byte {bad.index(b'2OO') + 1:,}, after 4 whole entries" in said


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("9" * 6000, "it has a number that is too large"),
        ("1e999999999999999999999", ""),
        ("[" * 100_000 + "]" * 100_000, "it is nested too deeply"),
    ],
)
def test_values_beyond_measure_harm_one_entry_alone(value: str, wrong: str, tmp_path: Path) -> None:
    content = archive(entry(time="HERE"), entry()).replace(b'"HERE"', value.encode())
    first, second = read_har(written(tmp_path, content))
    assert (first.wrong, second.wrong) == (wrong, "")


def test_memory_is_that_of_an_entry_not_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "large.har"
    text = json.dumps(entry(answered=response(text="x" * 10_000)))
    with path.open("w") as file:
        file.write('{"log": {"entries": [' + text)
        for _ in range(2_000):
            file.write("," + text)
        file.write("]}}")
    archive_file = HarFile(path)
    assert archive_file.size > 20_000_000
    tracemalloc.start()
    try:
        positions = [archive_file.position for _ in archive_file]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert archive_file.count == len(positions) == 2_001
    assert positions == sorted(positions)
    assert peak < 4_000_000


class InPieces:
    """A source that gives a few bytes at a time."""

    def __init__(self, content: bytes, size: int) -> None:
        self._content, self._size = content, size

    def read(self, size: int, /) -> bytes:
        given, self._content = self._content[: self._size], self._content[self._size :]
        return given


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(values=st.lists(JSON), size=st.integers(1, 40), indent=st.none() | st.integers(0, 2), plain=st.booleans())
@example(values=['"\\', "\\\\", "}]{["], size=1, indent=None, plain=True)
def test_a_list_is_cut_into_its_elements(values: list[Any], size: int, indent: int | None, plain: bool) -> None:
    content = json.dumps(values, ensure_ascii=plain, indent=indent).encode("utf-8", "replace")
    scanner = Scanner(InPieces(content, size))
    found = [(place, scanner.value()) for place in scanner.elements()]
    assert [read_value(text, place) for place, text in found] == json.loads(content)
    assert all(content[place : place + len(text)] == text for place, text in found)
    assert (scanner.peek(), scanner.place) == (b"", len(content))


@given(values=st.lists(JSON, min_size=1), size=st.integers(1, 40), data=st.data())
def test_a_text_that_is_cut_anywhere_is_broken_off_there(values: list[Any], size: int, data: st.DataObject) -> None:
    content = json.dumps(values).encode()
    cut = data.draw(st.integers(0, len(content) - 1))
    scanner = Scanner(InPieces(content[:cut], size))
    with pytest.raises(BrokenOff) as raised:
        [scanner.value() for _ in scanner.elements()]
    assert raised.value.at == cut


@given(content=st.binary(max_size=60), size=st.integers(1, 20))
def test_any_bytes_are_json_or_are_not(content: bytes, size: int) -> None:
    place = len(content)
    try:
        read_value(Scanner(InPieces(content, size)).value(), 0)
    except BadText as bad:
        place = bad.at
    assert 0 <= place <= len(content)
