from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.exceptions import (
    ContractBreach,
    ExpressionError,
    MockserverError,
    Problem,
    SpecError,
    UsageError,
    did_you_mean,
)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("it is wrong", "a/b.yaml", 3, 7, "/x", "try y", "x: 1"), "a/b.yaml:3: it is wrong (try y)"),
        (Problem("it is wrong", "a/b.yaml", 3), "a/b.yaml:3: it is wrong"),
        (Problem("it is wrong", "a/b.yaml"), "a/b.yaml: it is wrong"),
        (Problem("it is wrong", line=3, hint="try y"), "it is wrong (try y)"),
    ],
)
def test_a_problem_reads_file_line_message_hint(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_a_spec_error_carries_every_problem() -> None:
    one, two = Problem("one", "a.yaml", 1), Problem("two", "b.yaml", 2)
    assert SpecError(one).problems == (one,)
    error = SpecError([one, two])
    assert (error.problems, str(error)) == ((one, two), "a.yaml:1: one\nb.yaml:2: two")


def test_one_root_for_all() -> None:
    errors: list[MockserverError] = [
        *(SpecError(Problem("x")), UsageError("x"), ExpressionError("x"), ContractBreach("x", "rule")),
    ]
    assert [str(error) for error in errors] == ["x"] * 4


def test_what_errors_carry() -> None:
    assert str(UsageError("no such port", "choose another")) == "no such port (choose another)"
    assert UsageError("no such port", "choose another").hint == "choose another"
    assert str(ExpressionError("it failed", "b.yaml:7")) == "b.yaml:7: it failed"
    assert ExpressionError("it failed", "b.yaml:7").where == "b.yaml:7"
    assert ContractBreach("status 201", "createPet").rule == "createPet"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("stauts", "did you mean 'status'?"),
        ("STATUS", "did you mean 'status'?"),
        ("ticketid", "did you mean 'ticketId'?"),
        ("zebra", "known: status, ticketId"),
        ("", "known: status, ticketId"),
    ],
)
def test_the_nearest_name(word: str, hint: str) -> None:
    assert did_you_mean(word, ["status", "ticketId"], "known: status, ticketId") == hint


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=5))
def test_a_hint_names_a_candidate_or_says_otherwise(word: str, candidates: list[str]) -> None:
    hint = did_you_mean(word, candidates, "otherwise")
    assert hint == "otherwise" or hint in {f"did you mean '{name}'?" for name in candidates}
    if word and word in candidates:
        assert hint == f"did you mean '{word}'?"
