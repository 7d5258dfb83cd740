from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.contract.model import Parameter
from mockserver.contract.serialization import (
    ABSENT,
    parse_cookies,
    parse_query,
    read_parameter,
    split_query,
    write_parameter,
)

ARRAY = {"type": "array", "items": {"type": "string"}}
INTEGERS = {"type": "array", "items": {"type": "integer"}}
OBJECT = {
    "type": "object",
    "properties": {"R": {"type": "integer"}, "G": {"type": "integer"}, "B": {"type": "integer"}},
}
COLOURS = ["blue", "black", "brown"]
RGB = {"R": 100, "G": 200, "B": 150}

# The table of styles of the OpenAPI Specification, 3.1.1, section "Style Examples".
TABLE = [
    ("path", "matrix", False, {"type": "string"}, "blue", ";p=blue"),
    ("path", "matrix", False, ARRAY, COLOURS, ";p=blue,black,brown"),
    ("path", "matrix", True, ARRAY, COLOURS, ";p=blue;p=black;p=brown"),
    ("path", "matrix", False, OBJECT, RGB, ";p=R,100,G,200,B,150"),
    ("path", "matrix", True, OBJECT, RGB, ";R=100;G=200;B=150"),
    ("path", "label", False, {"type": "string"}, "blue", ".blue"),
    ("path", "label", False, ARRAY, COLOURS, ".blue,black,brown"),
    ("path", "label", True, ARRAY, COLOURS, ".blue.black.brown"),
    ("path", "label", False, OBJECT, RGB, ".R,100,G,200,B,150"),
    ("path", "label", True, OBJECT, RGB, ".R=100.G=200.B=150"),
    ("path", "simple", False, {"type": "string"}, "blue", "blue"),
    ("path", "simple", False, ARRAY, COLOURS, "blue,black,brown"),
    ("path", "simple", True, ARRAY, COLOURS, "blue,black,brown"),
    ("path", "simple", False, OBJECT, RGB, "R,100,G,200,B,150"),
    ("path", "simple", True, OBJECT, RGB, "R=100,G=200,B=150"),
    ("header", "simple", False, ARRAY, COLOURS, "blue,black,brown"),
    ("header", "simple", True, OBJECT, RGB, "R=100,G=200,B=150"),
    ("query", "form", False, {"type": "string"}, "blue", "p=blue"),
    ("query", "form", False, ARRAY, COLOURS, "p=blue,black,brown"),
    ("query", "form", True, ARRAY, COLOURS, "p=blue&p=black&p=brown"),
    ("query", "form", False, OBJECT, RGB, "p=R,100,G,200,B,150"),
    ("query", "form", True, OBJECT, RGB, "R=100&G=200&B=150"),
    ("query", "spaceDelimited", False, ARRAY, COLOURS, "p=blue%20black%20brown"),
    ("query", "spaceDelimited", False, OBJECT, RGB, "p=R%20100%20G%20200%20B%20150"),
    ("query", "pipeDelimited", False, ARRAY, COLOURS, "p=blue|black|brown"),
    ("query", "pipeDelimited", False, OBJECT, RGB, "p=R|100|G|200|B|150"),
    ("query", "deepObject", True, OBJECT, RGB, "p%5BR%5D=100&p%5BG%5D=200&p%5BB%5D=150"),
    ("cookie", "form", False, ARRAY, COLOURS, "p=blue,black,brown"),
    ("cookie", "form", True, {"type": "integer"}, 7, "p=7"),
]
Make = Callable[..., Parameter]


def read(parameter: Parameter, text: str | None) -> Any:
    """Reads what a client would send."""
    if text is not None and parameter.location == "query":
        return read_parameter(parameter, split_query(text))
    if text is not None and parameter.location == "cookie":
        return read_parameter(parameter, parse_cookies(text))
    return read_parameter(parameter, text)


@pytest.mark.parametrize(("location", "style", "explode", "data", "value", "text"), TABLE)
def test_the_table_of_styles_both_ways(
    parameter: Make, location: str, style: str, explode: bool, data: Any, value: Any, text: str
) -> None:
    it = parameter(location, style, explode, data)
    assert write_parameter(it, value) == text
    assert read(it, text) == value


@pytest.mark.parametrize("location", ["path", "query", "header", "cookie"])
def test_absent(parameter: Make, location: str) -> None:
    style = "simple" if location in ("path", "header") else "form"
    assert read(parameter(location, style, True, {"type": "string"}), None) is ABSENT
    assert read(parameter("query", "form", True, OBJECT), "x=1") is ABSENT
    assert read(parameter("query", "deepObject", True, OBJECT), "p=1") is ABSENT


@pytest.mark.parametrize(
    ("data", "text", "value"),
    [
        ({"type": "integer"}, "12", 12),
        ({"type": "integer"}, "-0", 0),
        ({"type": "integer"}, "123456789012345678901234567890", 123456789012345678901234567890),
        ({"type": "integer"}, "1.5", "1.5"),
        ({"type": "integer"}, "007", "007"),
        ({"type": "integer"}, "٣", "٣"),
        ({"type": "integer"}, "9" * 5000, "9" * 5000),
        ({"type": "number"}, "1.50", 1.5),
        ({"type": "number"}, "1e3", 1000.0),
        ({"type": "number"}, "NaN", "NaN"),
        ({"type": "number"}, "1e999", "1e999"),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "True", "True"),
        ({"type": "string"}, "12", "12"),
        ({"type": ["string", "null"]}, "null", "null"),
        ({"type": ["integer", "null"]}, "null", None),
        ({"type": ["integer", "string"]}, "12", 12),
        ({"type": ["integer", "string"]}, "x", "x"),
        ({"oneOf": [{"type": "string", "format": "date-time"}, {"type": "integer"}]}, "1736942400000", 1736942400000),
        ({"enum": [1, 2]}, "2", 2),
        ({"enum": ["1", "2"]}, "2", "2"),
        ({}, "12", "12"),
        (True, "12", "12"),
    ],
)
def test_text_becomes_what_the_schema_wants(parameter: Make, data: Any, text: str, value: Any) -> None:
    found = read_parameter(parameter("path", "simple", False, data), text)
    assert found == value
    assert type(found) is type(value)


def test_without_a_schema_text_stays_text(parameter: Make) -> None:
    assert read(parameter("query", "form", True), "p=12") == "12"


def test_an_encoded_delimiter_counts_where_there_is_no_plain_one(parameter: Make) -> None:
    commas = parameter("query", "form", False, ARRAY)
    assert read(commas, "p=a%2Cb") == ["a", "b"]
    assert read(commas, "p=a%2Cb,c") == ["a,b", "c"]
    pipes = parameter("query", "pipeDelimited", False, ARRAY)
    assert read(pipes, "p=a%7cb") == ["a", "b"]
    assert read(parameter("query", "spaceDelimited", False, ARRAY), "p=a+b%20c") == ["a", "b", "c"]


def test_a_repeated_scalar_is_a_list_that_its_schema_refuses(parameter: Make) -> None:
    assert read(parameter("query", "form", True, {"type": "integer"}), "p=1&p=2") == [1, 2]


def test_scalar_or_array(parameter: Make) -> None:
    it = parameter("query", "form", False, {"oneOf": [{"type": "integer"}, INTEGERS]})
    assert read(it, "p=1") == 1
    assert read(it, "p=1,2") == [1, 2]


def test_empty_values(parameter: Make) -> None:
    assert read(parameter("query", "form", True, {"type": "string"}), "p") == ""
    assert read(parameter("query", "form", False, ARRAY), "p=") == []
    assert read(parameter("query", "form", True, INTEGERS), "p=") == [""]


def test_deep_object_nests(parameter: Make) -> None:
    schema = {
        "type": "object",
        "properties": {
            "size": {"type": "object", "properties": {"min": {"type": "integer"}}},
            "tags": ARRAY,
            "ids": INTEGERS,
        },
    }
    it = parameter("query", "deepObject", True, schema)
    query = "p[size][min]=3&p[tags]=a&p[ids][]=1&p[ids][]=2&p[x]=1&q=2&p[size][min][deep]=9"
    assert read(it, query) == {"size": {"min": 3}, "tags": ["a"], "ids": [1, 2], "x": "1"}


def test_deep_object_bomb(parameter: Make) -> None:
    assert read(parameter("query", "deepObject", True, OBJECT), "p" + "[a]" * 100_000 + "=1") is ABSENT


def test_an_object_with_a_name_too_many_is_left_to_its_schema(parameter: Make) -> None:
    assert read(parameter("path", "simple", False, OBJECT), "R,100,G") == ["R", "100", "G"]


def test_a_matrix_of_another_name_is_left_to_its_schema(parameter: Make) -> None:
    assert read(parameter("path", "matrix", False, {"type": "integer"}), ";q=7") == ";q=7"


def test_content_parameters_are_json(parameter: Make) -> None:
    it = parameter("query", "form", True, {"type": "object"}, media_type="application/json")
    assert read(it, "p=%7B%22a%22%3A%5B1%5D%7D") == {"a": [1]}
    assert read(it, "p=%7B") == "{"
    with pytest.raises(ValueError, match="nested more than 200 levels deep"):
        read(it, "p=" + "[" * 500 + "]" * 500)
    assert read(it, write_parameter(it, {"a": "ü&="})) == {"a": "ü&="}


def test_header_lists_may_have_spaces(parameter: Make) -> None:
    assert read(parameter("header", "simple", False, INTEGERS), " 1, 2 ,3 ") == [1, 2, 3]


def test_cookies() -> None:
    assert parse_cookies('a=1; b="x y"; junk; c=a=b') == [("a", "1"), ("b", "x y"), ("c", "a=b")]


# --- laws --------------------------------------------------------------------------------------------------------

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
WORD = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789_é ", min_size=1, max_size=8).filter(lambda t: t == t.strip())
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": WORD,
    "integer": st.integers(),
    "number": st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
    "boolean": st.booleans(),
}
KINDS = sorted(
    {(location, style, explode) for location, style, explode, *_ in TABLE} - {("query", "deepObject", False)}
)


@pytest.mark.parametrize(("location", "style", "explode"), KINDS)
@settings(max_examples=60)
@given(data=st.data())
def test_what_is_written_is_read_back(
    parameter: Make, location: str, style: str, explode: bool, data: st.DataObject
) -> None:
    structure = data.draw(st.sampled_from(["object"] if style == "deepObject" else ["scalar", "array", "object"]))
    kind = data.draw(st.sampled_from(sorted(SCALARS)))
    values = SCALARS[kind]
    if style == "spaceDelimited" and not explode:
        values = values.map(lambda item: item.replace(" ", "") or "x" if isinstance(item, str) else item)
    if style == "label" and kind == "number":
        values = st.integers()  # `.1.5` is two values
    drawn = data.draw(_shaped(structure, values))
    it = _remembered(parameter, location, style, explode, structure, kind)
    assert read(it, write_parameter(it, drawn)) == drawn


_PARAMETERS: dict[Any, Parameter] = {}


def _remembered(parameter: Make, location: str, style: str, explode: bool, structure: str, kind: str) -> Parameter:
    key = (location, style, explode, structure, kind)
    if key not in _PARAMETERS:
        _PARAMETERS[key] = parameter(location, style, explode, _schema(structure, kind))
    return _PARAMETERS[key]


def _shaped(structure: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    if structure == "array":
        return st.lists(values, min_size=1, max_size=4)
    return values if structure == "scalar" else st.dictionaries(st.sampled_from("RGB"), values, min_size=1)


def _schema(structure: str, kind: str) -> Any:
    if structure == "array":
        return {"type": "array", "items": {"type": kind}}
    item = {"type": kind}
    return item if structure == "scalar" else {"type": "object", "properties": dict.fromkeys("RGB", item)}


@given(st.lists(TEXT, min_size=2, max_size=4))
def test_any_text_survives_in_a_query(parameter: Make, values: list[str]) -> None:
    for explode in (True, False):
        it = _remembered(parameter, "query", "form", explode, "array", "string")
        assert read(it, write_parameter(it, values)) == values


@given(st.lists(st.tuples(TEXT, TEXT), max_size=20))
def test_parse_query_inverts_urlencode(pairs: list[tuple[str, str]]) -> None:
    assert parse_query(urlencode(pairs)) == pairs


@given(st.text(max_size=60))
def test_parse_query_never_fails_but_by_value_error(text: str) -> None:
    try:
        pairs = parse_query(text)
    except ValueError:
        return
    assert all(isinstance(part, str) for pair in pairs for part in pair)


def test_parse_query_limits() -> None:
    assert len(parse_query("&".join(["a=1"] * 1000))) == 1000
    with pytest.raises(ValueError, match="more than 1000 parameters"):
        parse_query("&".join(["a=1"] * 10_000))


@pytest.mark.parametrize("query", ["a=%FF", "%C3=1", "a=%ED%A0%80"])
def test_parse_query_refuses_what_is_not_utf8(query: str) -> None:
    with pytest.raises(ValueError, match="not UTF-8"):
        parse_query(query)


def test_parse_query_details() -> None:
    assert parse_query("a=1+2&b=%2B&&c&=x&d=%zz") == [("a", "1 2"), ("b", "+"), ("c", ""), ("", "x"), ("d", "%zz")]
    assert parse_query("a=\xc3\xbc") == [("a", "ü")]
    assert parse_query("") == []


@pytest.mark.parametrize("data", [{"type": "integer"}, INTEGERS, OBJECT])
def test_a_label_without_its_dot_stays_text(parameter: Make, data: Any) -> None:
    assert read(parameter("path", "label", False, data), "3") == "3"
