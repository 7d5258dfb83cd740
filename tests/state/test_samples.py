from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.state.samples import Draws

LENGTHS = st.integers(0, 300)


@given(st.text(), st.integers(0, 10**9), LENGTHS)
def test_the_same_seed_and_count_give_the_same_values(seed: str, count: int, length: int) -> None:
    def drawn(draws: Draws) -> list[Any]:
        return [
            *(draws.digits(length), draws.hex(length), draws.letters(length), draws.alphanumeric(length)),
            *(draws.uuid(), draws.integer(-5, 5), draws.pick("abc"), draws.matching("[a-z]{3}"), draws.count),
        ]

    assert drawn(Draws(seed, count)) == drawn(Draws(seed, count))


@given(LENGTHS)
def test_text_of_the_length_and_alphabet_asked_for(length: int) -> None:
    draws = Draws("x")
    for text, pattern in (
        (draws.digits(length), r"([1-9]\d*)?"),
        (draws.hex(length), r"[0-9a-f]*"),
        (draws.letters(length), r"[a-z]*"),
        (draws.alphanumeric(length), r"[A-Za-z0-9]*"),
    ):
        assert len(text) == length
        assert re.fullmatch(pattern, text, re.ASCII)


def test_ids_do_not_repeat_and_use_their_whole_alphabet() -> None:
    draws = Draws("x")
    for make in (draws.uuid, lambda: draws.digits(12), lambda: draws.alphanumeric(12), lambda: draws.hex(16)):
        assert len({make() for _ in range(5_000)}) == 5_000
    assert set(draws.alphanumeric(5_000)) == set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
    assert {draws.pick("abc") for _ in range(100)} == set("abc")
    assert {draws.integer(3, 6) for _ in range(200)} == {3, 4, 5, 6}


def test_other_seeds_give_other_values() -> None:
    assert len({Draws(f"{seed}").uuid() for seed in range(100)}) == 100


def test_uuids_are_version_4() -> None:
    draws = Draws("x")
    for _ in range(100):
        parsed = uuid.UUID(draws.uuid())
        assert (parsed.version, parsed.variant) == (4, uuid.RFC_4122)


@given(st.integers(-(10**30), 10**30), st.integers(0, 10**30))
def test_integers_keep_their_bounds(low: int, span: int) -> None:
    assert low <= Draws("x").integer(low, low + span) <= low + span


def test_what_cannot_be_drawn_is_a_value_error() -> None:
    draws = Draws("x")
    with pytest.raises(ValueError, match=r"integer\(5, 4\)"):
        draws.integer(5, 4)
    assert draws.pick([]) is None
    for make in (draws.digits, draws.hex, draws.letters, draws.alphanumeric):
        assert make(-1) == ""
        with pytest.raises(ValueError, match="at most 10000 random characters"):
            make(10**9)


@pytest.mark.parametrize("pattern", [r"^[A-Z]{3}-\d{4}$", r"^\w+@\w+\.(com|org)$", r"^(?:a|b)?c{2,3}$", "^$"])
def test_a_text_that_matches(pattern: str) -> None:
    draws = Draws("x")
    assert all(re.search(pattern, draws.matching(pattern)) for _ in range(50))
    assert 8 <= len(draws.matching("^[a-z]*$", 8, 12)) <= 12


@pytest.mark.parametrize("pattern", [r"^\p{L}+$", "[", r"\cA", "(?<name>a)", "(?>a)"])
def test_a_pattern_that_python_does_not_know(pattern: str) -> None:
    with pytest.raises(ValueError, match="no text can be made for the pattern"):
        Draws("x").matching(pattern)
