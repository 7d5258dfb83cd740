"""Patterns that are a row of letters and classes: drawn in one choice, and always matched."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.strategies.patterns import readable
from mockserver.strategies.pieces import in_pieces

PATTERNS = (
    *("^[0-9a-f]{12}$", r"^\d{3}-\w+$", "^[A-Z]{2}[0-9]{1,4}x?$", r"^a\.b*$", "^$", "^[^a-z]{2,}$", "^.{3}$"),
    *(r"^[\]\\-]+$", "^é[aé]{2}$", "^[a-c]{0}$", "^abc$", r"^https:\/\/[a-z]+\.example$"),
)


@pytest.mark.parametrize("pattern", PATTERNS)
@given(data=st.data())
def test_every_text_matches(pattern: str, data: st.DataObject) -> None:
    found = in_pieces(pattern)
    assert found is not None
    raw = data.draw(st.binary(min_size=found.least, max_size=found.most))
    assert re.fullmatch(readable(pattern), found.made(raw))


@pytest.mark.parametrize(
    "pattern", ["[a-z]", "^a|b$", "^(ab)+$", "^a+?$", "^a{2", r"^\bword$", r"^\p{L}+$", "^(?=a)b$"]
)
def test_what_is_not_as_simple_is_left_to_others(pattern: str) -> None:
    assert in_pieces(pattern) is None


def test_zeros_are_the_simplest_text() -> None:
    found = in_pieces("^[A-Z]{2}-[0-9]{1,4}$")
    assert found is not None
    assert found.made(bytes(found.least)) == "AA-0"
