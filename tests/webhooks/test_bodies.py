"""Bodies are what JavaScript would write: held against Node where there is one, and against its rules."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.webhooks.bodies import canonical

NODE = shutil.which("node")
#: Reads lines, each the JSON text of a body, and answers with what a receiver would hash.
SCRIPT = """
const lines = require('readline').createInterface({input: process.stdin});
lines.on('line', line => process.stdout.write(
  JSON.stringify(JSON.stringify(JSON.parse(JSON.parse(line)))) + '\\n'));
"""

texts = st.text(st.characters(codec=None), max_size=8) | st.sampled_from(
    ["\u2028", "\x7f", "\ud83d\ude00", "/</", "\0"]
)
keys = texts | st.integers(0, 2**33).map(str) | st.sampled_from(["01", "-1", "4294967294", "4294967295", "__proto__"])
numbers = (
    st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0.0, -0.0, 1e21, 1e-6, 1e-7, 5e-324, 2**53 + 1, 10**400, -(10**20), 123456789012345678])
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def reserialised() -> Iterator[Callable[[str], str]]:
    if NODE is None:
        pytest.skip("there is no Node here")
    process = subprocess.Popen([NODE, "-e", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout

    def ask(text: str) -> str:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(text).encode() + b"\n")
        process.stdin.flush()
        answer: str = json.loads(process.stdout.readline())
        return answer

    yield ask
    process.stdin.close()
    process.wait(10)
    process.stdout.close()


@given(value=values)
def test_a_receiver_in_javascript_hashes_the_bytes_that_were_sent(
    value: Any, reserialised: Callable[[str], str]
) -> None:
    body = canonical(value).decode()
    assert reserialised(body) == body
    assert reserialised(json.dumps(value)) == body  # and the value is the one that was meant


@given(value=values)
def test_writing_what_was_read_changes_nothing(value: Any) -> None:
    body = canonical(value)
    assert canonical(json.loads(body)) == body


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (100.0, "100"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (0.000001, "0.000001"),
        (0.0000015, "0.0000015"),
        (1e-7, "1e-7"),
        (5e-324, "5e-324"),
        (123456.789, "123456.789"),
        (2**53, "9007199254740992"),
        (2**53 + 1, "9007199254740992"),
        (1234567890123456789012, "1.2345678901234568e+21"),
        (10**400, "null"),
        (float("inf"), "null"),
        (True, "true"),
        ('a/b\u2028\x7f\x1f\b\t\n\f\r"\\é😀', '"a/b\u2028\x7f\\u001f\\b\\t\\n\\f\\r\\"\\\\é😀"'),
        ("\ud800x", '"\\ud800x"'),
        ("\ud83d\ude00", '"😀"'),
        ({"b": 1, "10": 2, "2": 3, "01": 4, "4294967295": 5, "4294967294": 6}, None),
        ([], "[]"),
        ({"at": "2025-01-15T12:00:00.000Z", "n": [1, 2.50]}, '{"at":"2025-01-15T12:00:00.000Z","n":[1,2.5]}'),
    ],
)
def test_the_rules(value: Any, text: str | None) -> None:
    expected = text or '{"2":3,"10":2,"4294967294":6,"b":1,"01":4,"4294967295":5}'
    assert canonical(value).decode() == expected


@pytest.mark.parametrize("value", [{1: 2}, {"a": [{None: 1}]}, {"a": {1, 2}}, {"a": object()}])
def test_what_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"texts for keys|JSON has no"):
        canonical(value)
