"""Values and templates, seen from outside: what stands in a behaviour file, and what stands in the answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.behaviour.values import split_expressions
from mockserver.exceptions import SpecError
from tests.mocks import answers, one_operation, value_of


@pytest.mark.parametrize(
    ("written", "answered"),
    [
        ("plain", "plain"),
        (7, 7),
        ("${{ 1 + 1 }}", 2),
        ("  ${{ 1 + 1 }}\n", 2),
        ("${{ null }}", None),
        ("${{ [1, 'x'] }}", [1, "x"]),
        ("${{ {'a': {'b': 1}} }}", {"a": {"b": 1}}),
        ("${{ {'a': {'b': 1}}}}", {"a": {"b": 1}}),
        ("${{ '}}' }}", "}}"),
        ("${{ 'it\\'s }}' }}!", "it's }}!"),
        ("${{ 1 }}${{ 2 }}", "12"),
        ("a ${{ 1 + 1 }} b ${{ null }} c ${{ true }}", "a 2 b  c true"),
        ("${{ now }}", "2025-01-15T12:00:00Z"),
        ("at ${{ now }}", "at 2025-01-15T12:00:00Z"),
        ("${{ duration(60) }}", "PT1M"),
        ("${{ {'at': now} }}", {"at": "2025-01-15T12:00:00Z"}),
        ({"deep": [{"er": "${{ 1 }}"}, "still"]}, {"deep": [{"er": 1}, "still"]}),
        ("$ {{ 1 }} }} {{", "$ {{ 1 }} }} {{"),
    ],
)
def test_values(written: Any, answered: Any) -> None:
    assert value_of(written) == answered


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("${{ 1 + 1", "'${{' without its '}}'"),
        ("a ${{ 1 }} ${{", "'${{' without its '}}'"),
        ("${{ it's }}", "not an expression: unterminated string literal (detected at line 1) in ${{ it's }}"),
        ("${{ {'a': 1 }}", "not an expression: '{' was never closed in ${{ {'a': 1 }}"),
        ("${{ }}", "not an expression: invalid syntax in ${{  }}"),
        ({"${{ 1 }}": 2}, "an expression cannot stand in a key"),
    ],
)
def test_what_is_wrong_with_a_value(written: Any, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        value_of(written)
    assert [problem.message for problem in caught.value.problems] == [message]
    assert caught.value.problems[0].line


def test_a_value_that_fails_names_file_and_line() -> None:
    mock = one_operation(answers({}), {"respond": {"body": {"x": "${{ 'a' + 1 }}"}}})
    answer = mock.call("GET /it")
    assert (answer.status, answer.exchange.verdict) == (500, "problem")
    assert answer.json["type"] == "urn:mockserver:problem:rule-failed"
    assert "behaviour.json:" in answer.json["detail"]
    assert "${{ 'a' + 1 }} failed: " in answer.json["detail"]


@given(st.lists(st.text(alphabet="ab $%\n").filter(lambda text: "${{" not in text), min_size=1, max_size=4))
def test_texts_around_expressions_stay_whole(texts: list[str]) -> None:
    source = "${{ {'x': {'}}': 1}} }}".join(texts)
    assert split_expressions(source) == (texts, [" {'x': {'}}': 1}} "] * (len(texts) - 1))


@given(st.text(alphabet="a $ {}'\"\\"))
def test_no_text_breaks_the_splitting(source: str) -> None:
    parts = split_expressions(source)
    if parts is not None:
        texts, expressions = parts
        assert "".join(text + f"${{{{{each}}}}}" for text, each in zip(texts, [*expressions, ""], strict=True)) == (
            f"{source}${{{{}}}}"
        )
