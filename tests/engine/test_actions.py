"""`Control.act` and `Control.actions`: scenario actions of a mock that runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from mockserver.engine.actions import UnknownAction
from mockserver.exceptions import SpecError, UsageError
from tests.mocks import one_operation
from tests.shop import shop


def test_what_there_is_and_what_it_takes() -> None:
    book, tidy = shop()[0].engine.actions("shop")
    assert (book["name"], book["about"]) == ("book", "Somebody orders.")
    assert book["parameters"] == {
        "item": {"about": "What is ordered.", "required": True, "schema": {"type": "string", "minLength": 2}},
        "price": {
            "about": "",
            "required": False,
            "schema": {"type": "integer", "minimum": 1},
            "default": "${{ integer(10, 99) }}",
        },
        "colour": {
            "about": "",
            "required": False,
            "schema": {"type": "string", "enum": ["red", "blue"]},
            "default": "red",
        },
        "tags": {"about": "", "required": False, "schema": {"type": "array", "items": {"type": "string"}}},
    }
    assert tidy == {"name": "tidy", "about": "", "parameters": {}}


def test_an_api_without_any() -> None:
    engine = one_operation({"responses": {"204": {"description": "ok"}}}).engine
    assert engine.actions("it") == []
    with pytest.raises(UnknownAction, match=r"^it has no action 'x' \(it has none\)$"):
        engine.act("it", "x")


def test_an_api_that_is_not_there() -> None:
    engine = shop()[0].engine
    with pytest.raises(UsageError, match=r"no API is called 'sohp' \(did you mean 'shop'\?\)"):
        engine.actions("sohp")
    with pytest.raises(UsageError, match=r"no API is called 'sohp' \(did you mean 'shop'\?\)"):
        engine.act("sohp", "book")


def test_a_reset_takes_back_what_was_done() -> None:
    engine = shop()[0].engine
    first = engine.act("shop", "book", {"item": "cup"}).result
    engine.reset()
    assert [order["id"] for order in engine.records("shop", "order")] == ["O-1", "O-2"]
    assert engine.act("shop", "book", {"item": "cup"}).result == first, "draws begin anew"


def test_a_snapshot_has_it() -> None:
    engine = shop()[0].engine
    before = engine.snapshot()
    engine.act("shop", "tidy")
    after = engine.snapshot()
    engine.restore(before)
    assert len(engine.records("shop", "order")) == 2
    engine.restore(after)
    assert len(engine.records("shop", "order")) == 1


def test_an_answer_from_memory_is_not_given_afterwards() -> None:
    mock, _ = shop()
    assert len(mock.call("GET /orders").json) == len(mock.call("GET /orders").json) == 2
    mock.engine.act("shop", "tidy")
    assert len(mock.call("GET /orders").json) == 1


def test_many_at_once_are_done_one_after_another() -> None:
    mock, listener = shop()
    together = Barrier(8)

    def one(number: int) -> str:
        together.wait(10)
        return str(mock.engine.act("shop", "book", {"item": f"cup {number}"}).result["id"])

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(one, range(8)))
    assert len(set(made)) == 8
    assert [order["id"] for order in mock.records("order")][2:] == [
        told.given["order"]["id"] for told in listener.told if told.event == "order.created"
    ], "told in the order in which they were kept"


def test_a_schema_that_is_none_is_told_when_it_is_needed() -> None:
    mock, _ = shop(("minLength: 2", "pattern: '('"))
    assert mock.engine.act("shop", "tidy").result is None
    with pytest.raises(SpecError, match="the schema cannot be used"):
        mock.engine.act("shop", "book", {"item": "cup"})
