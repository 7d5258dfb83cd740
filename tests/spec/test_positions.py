from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mockserver.spec.positions import Positions, join, split

YAML = """\
# an API
openapi: 3.1.0
paths:
  /a/{id}:
    get:
      tags: [x, "y"]
      parameters:
        - name: id
          in: path
        - &page
          name: page
    post:
      parameters: [*page]
    put:
      <<: {summary: merged}
  ~b: {"quoted key": 'v', 200: v}
"""
JSON = """\
{ "openapi": "3.1.0",
\t"pa\\u0074hs": {
    "/a": {"get": [1, {"x{": "]\\"}"}, []],
           "empty": {}, "\\ud83d\\ude00": null}
  }
}
"""


@given(st.lists(st.text()))
def test_split_undoes_join(tokens: list[str]) -> None:
    assert split(join("", *tokens)) == tokens


def test_join_escapes_and_takes_numbers() -> None:
    assert join("/paths", "/a~b", 0, "") == "/paths/~1a~0b/0/"
    assert join("/a") == "/a"


def test_a_pointer_starts_with_a_slash() -> None:
    with pytest.raises(ValueError, match="starts with '/'"):
        split("a/b")


@pytest.mark.parametrize("parser", ["C", "Python"])
@pytest.mark.parametrize(
    ("pointer", "node", "key"),
    [
        ("", (2, 1), (2, 1)),
        ("/openapi", (2, 10), (2, 1)),
        ("/paths", (4, 3), (3, 1)),
        ("/paths/~1a~1{id}", (5, 5), (4, 3)),
        ("/paths/~1a~1{id}/get/tags/1", (6, 17), (6, 17)),
        ("/paths/~1a~1{id}/get/parameters/0", (8, 11), (8, 11)),
        ("/paths/~1a~1{id}/get/parameters/0/in", (9, 15), (9, 11)),
        ("/paths/~1a~1{id}/post/parameters/0", (13, 20), (13, 20)),
        ("/paths/~1a~1{id}/post/parameters/0/name", (11, 17), (11, 11)),
        ("/paths/~1a~1{id}/put/summary", (15, 21), (15, 12)),
        ("/paths/~0b/quoted key", (16, 22), (16, 8)),
        ("/paths/~0b/200", (16, 32), (16, 27)),
        ("/paths/~0b/404", (16, 7), (16, 3)),
        ("/paths/~1a~1{id}/get/tags/9", (6, 13), (6, 7)),
        ("/paths/~1a~1{id}/get/tags/01", (6, 13), (6, 7)),
        ("/paths/~1a~1{id}/get/tags/-", (6, 13), (6, 7)),
        ("/nowhere/at/all", (2, 1), (2, 1)),
        ("not a pointer", (2, 1), (2, 1)),
    ],
)
def test_places_in_yaml(
    pointer: str, node: tuple[int, int], key: tuple[int, int], parser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if parser == "Python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    positions = Positions(YAML.encode())

    assert positions.locate(pointer) == node
    assert positions.locate(pointer, at_key=True) == key


@pytest.mark.parametrize(
    ("pointer", "node", "key"),
    [
        ("", (1, 1), (1, 1)),
        ("/openapi", (1, 14), (1, 3)),
        ("/paths", (2, 16), (2, 2)),
        ("/paths/~1a/get/1/x{", (3, 30), (3, 24)),
        ("/paths/~1a/get/2", (3, 39), (3, 39)),
        ("/paths/~1a/empty", (4, 21), (4, 12)),
        ("/paths/~1a/😀", (4, 41), (4, 25)),
        ("/paths/~1b", (2, 16), (2, 2)),
    ],
)
def test_places_in_json(pointer: str, node: tuple[int, int], key: tuple[int, int]) -> None:
    positions = Positions(JSON.encode())

    assert positions.locate(pointer) == node
    assert positions.locate(pointer, at_key=True) == key


def test_merged_keys_are_found_where_they_were_written() -> None:
    text = "a: &a {x: 1}\nb: &b\n  x: 2\n  y: 2\nc:\n  <<: [*a, *b]\n  z: 3\n"
    positions = Positions(text.encode())

    assert [positions.locate(f"/c/{key}")[0] for key in "xyz"] == [1, 4, 7]


def test_flow_style_yaml_that_looks_like_json() -> None:
    assert Positions(b"{a: 1,\n b: [x, y]}").locate("/b/1") == (2, 9)


@pytest.mark.parametrize("raw", [b"", b"\xff", b"a: [", b"a: *x", b"{"])
def test_a_text_that_cannot_be_read_has_no_places(raw: bytes) -> None:
    positions = Positions(raw)

    assert positions.locate("/a") == (0, 0)
    assert positions.fragment(1) == ""


def test_the_mark_at_the_start_of_a_file_is_no_column() -> None:
    assert Positions(b"\xef\xbb\xbfa: 1").locate("/a") == (1, 4)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_fragments(line_end: str) -> None:
    positions = Positions(f"a: 1{line_end}  b: 2  {line_end}".replace("  b", "b").encode())

    assert positions.fragment(2) == "b: 2"
    assert positions.fragment(0) == ""
    assert positions.fragment(99) == ""


def walk(value: Any, pointer: str = "") -> list[tuple[str, str]]:
    """(pointer, key) of everything below `value` that has a key."""
    found = []
    if isinstance(value, dict):
        for key, child in value.items():
            found.append((join(pointer, key), key))
            found += walk(child, join(pointer, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            found += walk(child, join(pointer, index))
    return found


def keyed(keys: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    nested = st.recursive(
        st.integers(0, 9),
        lambda children: st.lists(children, max_size=3) | st.dictionaries(keys, children, max_size=4),
        max_leaves=12,
    )
    return st.dictionaries(keys, nested, min_size=1)


@given(keyed(st.text()))
def test_every_key_of_json_is_located_where_it_stands(value: dict[str, Any]) -> None:
    text = json.dumps(value, indent=1)
    positions = Positions(text.encode())

    for pointer, key in walk(value):
        line, column = positions.locate(pointer, at_key=True)
        assert text.split("\n")[line - 1][column - 1 :].startswith(json.dumps(key))


@given(keyed(st.text("abyz~/ 09", max_size=20)))
def test_every_key_of_yaml_is_located_where_it_stands(value: dict[str, Any]) -> None:
    text = "# not JSON\n" + yaml.safe_dump(value, indent=3, default_flow_style=False, width=1000)
    positions = Positions(text.encode())

    for pointer, key in walk(value):
        line, column = positions.locate(pointer, at_key=True)
        rest = text.split("\n")[line - 1][column - 1 :]
        assert rest.startswith((f"{key}:", f"'{key}'"))
