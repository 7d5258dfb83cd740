"""What is left of a failure when Hypothesis has made it as small as it can, with its own choices and without them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, seed, settings

from mockserver.strategies import drawing, from_schema

ID, EMAIL, MOMENT = "00000000-0000-0000-0000-000000000000", "a@example.com", "1970-01-01T00:00:00Z"
PERSON: dict[str, Any] = {
    "type": "object",
    "required": ["id", "email", "created"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "email": {"type": "string", "format": "email"},
        "created": {"type": "string", "format": "date-time"},
        "code": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{1,4}$"},
        "name": {"type": "string"},
        "active": {"type": "boolean"},
        "role": {"enum": ["host", "guest", "nobody"]},
        "score": {"type": ["number", "null"]},
    },
}
SMALLEST = {"id": ID, "email": EMAIL, "created": MOMENT}
NUMBERS = {
    "type": "object",
    "properties": {name: {"type": "integer"} for name in ("a", "b", "c", "d", "e", "f")},
    "additionalProperties": False,
}
LISTS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"tags": {"type": "array", "items": {"type": "string"}}, "n": {"type": "integer"}},
                "required": ["n"],
                "additionalProperties": False,
            },
        },
        "next": {"type": ["string", "null"]},
    },
    "additionalProperties": False,
}
CASES: dict[str, tuple[Any, Callable[[Any], bool], Any]] = {
    "a number": (NUMBERS, lambda value: value.get("d", 0) > 40, {"d": 41}),
    "two numbers": (NUMBERS, lambda value: "b" in value and value.get("e", 0) < 0, {"b": 0, "e": -1}),
    "a listed value": (PERSON, lambda value: value.get("role") == "nobody", {**SMALLEST, "role": "nobody"}),
    "two that meet": (
        PERSON,
        lambda value: value.get("active") and value.get("score", 0) is None,
        {**SMALLEST, "active": True, "score": None},
    ),
    "the length of a text": (PERSON, lambda value: len(value.get("name", "")) > 5, {**SMALLEST, "name": "000000"}),
    "the zone of a moment": (
        PERSON,
        lambda value: value["created"].endswith("+14:00"),
        {**SMALLEST, "created": "1970-01-01T00:00:00+14:00"},
    ),
    "a letter of a pattern": (PERSON, lambda value: value.get("code", "")[1:2] > "M", {**SMALLEST, "code": "AN-0"}),
    "an item": (
        {"type": "array", "items": PERSON},
        lambda value: any(item.get("role") == "guest" for item in value),
        [{**SMALLEST, "role": "guest"}],
    ),
    "the same twice": (
        {"type": "array", "items": PERSON},
        lambda value: len({item["email"] for item in value}) < len(value),
        [SMALLEST, SMALLEST],
    ),
    "a list in an item of a list": (
        LISTS,
        lambda value: any(row["n"] > 100 and len(row.get("tags", ())) > 1 for row in value.get("rows", ())),
        {"rows": [{"tags": ["", ""], "n": 101}]},
    ),
}


def shrunk(schema: Any, fails: Callable[[Any], bool], number: int, **options: Any) -> Any:
    failed: list[Any] = []

    @seed(number)
    @settings(database=None, max_examples=400)
    @given(from_schema(schema, **options))
    def check(value: Any) -> None:
        if fails(value):
            failed.append(value)
            raise AssertionError

    with pytest.raises(AssertionError):
        check()
    return failed[-1]


@pytest.mark.parametrize("name", CASES)
def test_a_failure_shrinks_to_what_it_needs(name: str) -> None:
    schema, fails, smallest = CASES[name]
    assert [shrunk(schema, fails, number) for number in (1, 2)] == [smallest] * 2


def test_a_documented_value_keeps_its_example_and_one_wrong_member() -> None:
    example = {**SMALLEST, "name": "Emma", "role": "host"}

    def fails(value: Any) -> bool:
        return bool(value.get("role") == "guest")

    found = shrunk(PERSON, fails, 1, mode="documented", example=example)
    assert found == {**SMALLEST, "role": "guest"}


def test_all_works_through_strategies_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "_takes_choices", lambda kind: False)
    for name in ("a number", "two that meet", "the zone of a moment", "the same twice"):
        schema, fails, smallest = CASES[name]
        assert shrunk(schema, fails, 1) == smallest


def test_choices_are_drawn_without_strategies_where_that_is_possible() -> None:
    from hypothesis.internal.conjecture.data import ConjectureData

    assert drawing._takes_choices(ConjectureData), "the shorter way is closed: it still works, at half the speed"
