"""YAML 1.2 to JSON types, by `parse_yaml`. Every rule holds with libyaml and with PyYAML's own parser."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mockserver.exceptions import Problem, SpecError
from mockserver.spec.loader import MAX_ALIASED_NODES, MAX_DEPTH, parse_yaml

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@pytest.fixture(params=["C", "Python"])
def either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "Python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(SpecError) as caught:
        parse_yaml(text, file="api.yaml")
    return caught.value.problems


def only_problem(text: str) -> Problem:
    found = problems(text)
    assert len(found) == 1
    assert found[0].file == "api.yaml"
    return found[0]


@pytest.mark.usefixtures("either_parser")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2027-01-01", "2027-01-01"),
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("0b1", "0b1"),
        ("=", "="),
        ("-", [None]),
        ("3.1.0", "3.1.0"),
        ("+", "+"),
        (".", "."),
        ("e3", "e3"),
        ("nULL", "nULL"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-12", -12),
        ("+12", 12),
        ("18446744073709551617", 18446744073709551617),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("null", None),
        ("~", None),
        ("a:", {"a": None}),
        ("'12'", "12"),
        ('"true"', "true"),
        ("'~'", "~"),
        ("! 12", "12"),
        ("!!str 12", "12"),
        ("!!int 12", 12),
        ("!!float 12", 12.0),
        ("!!null ''", None),
        ("!!bool true", True),
        ("!!seq [1]", [1]),
        ("!!map {a: 1}", {"a": 1}),
        ("{200: a, true: b, 1.0: c, ~: d}", {"200": "a", "true": "b", "1.0": "c", "~": "d"}),
        ("'': a", {"": "a"}),
        ("\ufeffa: 1", {"a": 1}),
        ("%YAML 1.2\n---\na: 1\n...\n", {"a": 1}),
        ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
        ("a: >-\n  one\n  two\n", {"a": "one two"}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("&k a: 1\nb: *k", {"a": 1, "b": "a"}),
        ("a: &x 1\nb: &x 2\nc: *x", {"a": 1, "b": 2, "c": 2}),
    ],
)
def test_core_schema(text: str, value: Any) -> None:
    parsed = parse_yaml(text, file="api.yaml")

    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.usefixtures("either_parser")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("base: &b {x: 1, y: 2}\nm: {y: 3, <<: *b}", {"x": 1, "y": 3}),
        ("base: &b {x: 1, y: 2}\nm: {<<: *b, y: 3}", {"x": 1, "y": 3}),
        ("base: [&b {x: 1}, &c {x: 2, y: 2}]\nm: {<<: [*b, *c]}", {"x": 1, "y": 2}),
        ("base: &b {x: 1}\nm: {'<<': *b}", {"<<": {"x": 1}}),
    ],
)
def test_merge_keys(text: str, value: Any) -> None:
    assert parse_yaml(text, file="api.yaml")["m"] == value


@pytest.mark.usefixtures("either_parser")
@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: .inf", (1, 4), "not a number that JSON has"),
        ("a: -.INF", (1, 4), "not a number that JSON has"),
        ("a: .nan", (1, 4), "not a number that JSON has"),
        ("a: !!float .nan", (1, 4), "not a number that JSON has"),
        ("a: 1e999", (1, 4), "not a number that JSON has"),
        (f"a: {'9' * 5000}", (1, 4), "not a number that JSON has"),
        ("a: 1\nb: !!timestamp 2027-01-01", (2, 4), "the tag !!timestamp has no meaning here"),
        ("a: !!binary aGk=", (1, 4), "the tag !!binary"),
        ("a: !!python/object/apply:os.system [x]", (1, 4), "the tag !!python/object/apply:os.system"),
        ("a: !Ref x", (1, 4), "the tag !Ref"),
        ("a: !!set {x}", (1, 4), "the tag !!set"),
        ("a: !!map [x]", (1, 4), "the tag !!map"),
        ("a: !!seq x", (1, 4), "the tag !!seq"),
        ("a: !!int x", (1, 4), "'x' does not fit its tag !!int"),
        ("!!int a: x", (1, 1), "'a' does not fit its tag !!int"),
        ("a: {{ name }}", (1, 5), "a key must be text"),
        ("a: 1\n? # nothing\n: 1", (2, 2), "there is no key before the ':'"),
        ("a: {<<: 1}", (1, 9), "'<<' takes a mapping"),
        ("a: &x [1, *x]", (1, 11), "stands inside the node that it means"),
        ("a: &x {b: {c: *x}}", (1, 15), "stands inside the node that it means"),
        ("name: &name x\nb: *nama", (2, 4), "the alias '*nama' has no anchor before it"),
        ("--- 1\n--- 2", (2, 1), "a second document starts here"),
        ("a: 1\nb: \x07", (2, 4), "U+0007"),
        ("a: \ud800", (1, 4), "U+D800"),
        ("a:\n\tb: 1", (2, 1), "a tab stands where only spaces may"),
        ("a: @b", (1, 4), "no value starts with '@'"),
        ("a: b: c", (1, 5), "mapping values are not allowed"),
        ("a: 1\n  b: 2", (2, 4), "mapping values are not allowed"),
        ("", (0, 0), "empty"),
        ("\n# only a comment\n", (0, 0), "empty"),
        ("---\n", (0, 0), "empty"),
    ],
)
def test_refused(text: str, place: tuple[int, int], words: str) -> None:
    problem = only_problem(text)

    assert words in problem.message
    assert (problem.line, problem.column) == place


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a: b: c", "quote a value that holds ': '"),
        ("a:\n\tb: 1", "indent with spaces"),
        ("a: `b`", "put quotes around the value"),
        ("a: {{ name }}", "put quotes around a value that starts with '{'"),
        ("name: &name x\nb: *nama", "did you mean 'name'?"),
        ("a: [1, 2", "is a bracket left open?"),
        ("a: 'b\nc: 1\n", "is a quote left open?"),
        ("--- 1\n--- 2", "a file of its own"),
        ("a: .inf", "put quotes around it if it is text"),
    ],
)
def test_refused_with_a_hint(text: str, hint: str) -> None:
    assert hint in only_problem(text).hint


def test_an_open_quote_names_the_line_where_it_was_opened() -> None:
    assert "starts at line 2" in only_problem("a: 1\nb: 'c\nd: 2\n").message


def test_the_offending_line_is_shown_cut_to_one_short_line() -> None:
    fragment = only_problem("a:\n    long: !odd " + "x" * 500).fragment

    assert fragment.startswith("long: !odd xxx")
    assert fragment.endswith("…")
    assert len(fragment) == 80


@pytest.mark.usefixtures("either_parser")
def test_all_duplicate_keys_are_reported_at_once_with_both_lines() -> None:
    found = problems("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\na: 2\n200: x\n'200': y\n")

    assert [(problem.line, problem.column) for problem in found] == [(5, 3), (6, 1), (8, 1)]
    assert found[0].message == "the key 'c' stands twice in the same mapping, first at line 3"
    assert found[0].fragment == "c: 3"


@pytest.mark.usefixtures("either_parser")
def test_a_key_that_stands_twice_by_merging_is_no_duplicate() -> None:
    assert parse_yaml("a: &a {k: 1}\nb: {<<: *a, k: 2}", file="")["b"] == {"k": 2}


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]

    problem = only_problem("\n".join(lines))

    assert f"expand to more than {MAX_ALIASED_NODES:,} nodes" in problem.message
    assert problem.line == 6


def test_aliases_in_reasonable_number_are_fine() -> None:
    text = "a: &a [1, 2, 3]\nb:\n" + "- *a\n" * 10_000

    assert parse_yaml(text, file="")["b"] == [[1, 2, 3]] * 10_000


@pytest.mark.parametrize("brackets", ["[]", "{}"])
@pytest.mark.parametrize("closed", [True, False])
def test_a_depth_bomb_is_refused(brackets: str, closed: bool) -> None:
    # libyaml's own composer overflows the C stack at this depth.
    opening = "[" if brackets == "[]" else "{a: "
    text = "a: " + opening * 100_000 + (brackets[1] * 100_000 if closed else "")

    assert f"nested more than {MAX_DEPTH} levels deep" in only_problem(text).message


def test_depth_counts_through_aliases() -> None:
    text = "a0: &a0 []\n" + "\n".join(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 300))

    assert f"nested more than {MAX_DEPTH} levels deep" in only_problem(text).message


@pytest.mark.parametrize("opening", ["", "# YAML\n"], ids=["JSON", "YAML"])
def test_the_deepest_nesting_that_is_allowed(opening: str) -> None:
    text = opening + "[" * MAX_DEPTH + "]" * MAX_DEPTH

    assert json.dumps(parse_yaml(text, file="")) == text.removeprefix(opening)
    assert "nested" in only_problem(f"{opening}[" + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "]").message


@given(JSON)
def test_json_is_read_as_json(value: Any) -> None:
    assert parse_yaml(json.dumps(value), file="") == value


@given(JSON)
def test_what_pyyaml_writes_is_read_back(value: Any) -> None:
    text = yaml.safe_dump(value, default_style='"', sort_keys=False)

    assert parse_yaml(f"# not JSON\n{text}", file="") == value


def faults(text: str) -> tuple[Problem, ...]:
    """The problems of `text`; when there are none, what was read holds nothing but JSON values."""
    try:
        value = parse_yaml(text, file="api.yaml")
    except SpecError as error:
        return error.problems
    json.dumps(value, allow_nan=False)
    return ()


@given(st.text())
def test_any_text_is_either_read_or_refused_with_a_problem(text: str) -> None:
    assert all(problem.file == "api.yaml" and problem.message for problem in faults(text))


@given(st.text(alphabet="ab:-[]{},&*!<'\"#|>%@ \n\t~1.0"))
def test_any_structure_is_either_read_or_refused_at_a_line_that_exists(text: str) -> None:
    assert all(0 <= problem.line <= text.count("\n") + 1 for problem in faults(text))
