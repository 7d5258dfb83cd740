"""Scenario actions: what they take, refuse, do and give."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.behaviour.actions import ActionRefused
from mockserver.exceptions import ExpressionError, UsageError
from tests.mocks import START, Mock
from tests.shop import shop


@pytest.fixture
def mock() -> Mock:
    return shop()[0]


def act(mock: Mock, name: str = "book", /, **given: Any) -> Any:
    return mock.engine.act("shop", name, given).result


class TestDone:
    def test_what_it_does_and_gives(self, mock: Mock) -> None:
        result = act(mock, item="cup", price=7, tags=["a"])
        (order,) = [order for order in mock.records("order") if order["id"] == result["id"]]
        assert (order["item"], order["price"], order["until"]) == ("cup, red", 7, "2025-01-15T13:00:00Z")
        assert (result["price"], result["tags"]) == (7, ["a"])

    def test_it_tells_of_it_in_order(self) -> None:
        mock, listener = shop()
        done = mock.engine.act("shop", "book", {"item": "cup"}, "a")
        assert done.emitted == ("order.created", "order.paid")
        assert [(told.event, told.namespace, told.at) for told in listener.told] == [
            ("order.created", "a", START.timestamp()),
            ("order.paid", "a", START.timestamp()),
        ]

    def test_one_that_gives_nothing(self, mock: Mock) -> None:
        assert mock.engine.act("shop", "tidy").as_json() == {"result": None, "emitted": []}
        assert [order["id"] for order in mock.records("order")] == ["O-2"]

    def test_defaults_draw_and_so_does_the_result(self, mock: Mock) -> None:
        first, second = act(mock, item="cup"), act(mock, item="mug")
        assert 10 <= first["price"] < 100
        assert (first["lucky"], first["id"]) != (second["lucky"], second["id"])
        again = shop()[0]
        assert [act(again, item="cup"), act(again, item="mug")] == [first, second], "the same seed, the same draws"

    def test_what_is_not_given_and_has_no_default_is_null(self, mock: Mock) -> None:
        assert act(mock, item="cup")["tags"] is None

    def test_in_a_namespace_of_its_own(self, mock: Mock) -> None:
        mock.engine.act("shop", "tidy", {}, "a")
        assert len(mock.records("order", "a")) == 1
        assert len(mock.records("order")) == 2

    def test_timers_of_what_it_makes_fall_due(self, mock: Mock) -> None:
        made = act(mock, item="cup")["id"]
        mock.engine.advance(timedelta(hours=1))
        assert {order["id"]: order["state"] for order in mock.records("order")}[made] == "old"

    def test_what_is_due_happens_before(self, mock: Mock) -> None:
        mock.engine.clock.advance(timedelta(hours=1))
        act(mock, "tidy")
        assert [order["state"] for order in mock.records("order")] == ["old", "paid"]

    def test_a_default_knows_the_parameters_before_it(self) -> None:
        mock, _ = shop(("default: red", 'default: "${{ first(split(with.item)) }}"'), (", enum: [red, blue]", ""))
        act(mock, item="cup")
        assert mock.records("order")[-1]["item"] == "cup, cup"

    def test_what_was_given_is_a_copy(self, mock: Mock) -> None:
        tags = ["a"]
        result = act(mock, item="cup", tags=tags)
        tags.append("b")
        assert result["tags"] == ["a"]

    def test_a_moment_is_given_as_its_text(self) -> None:
        mock, _ = shop(("item: {type: string, minLength: 2", "item: {type: string, format: date-time"))
        act(mock, item=START)
        assert mock.records("order")[-1]["item"] == "2025-01-15T12:00:00Z, red"


class TestRefused:
    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({}, "book needs the parameter 'item': what is ordered"),
            ({"itme": "cup"}, "book has no parameter 'itme' (did you mean 'item'?)"),
            ({"item": "cup", "x": 1}, "book has no parameter 'x' (it has item, price, colour, tags)"),
            ({"item": 7}, "book: 'item' is wrong: 7 is an integer, not a string (expected a string)"),
            ({"item": None}, "book: 'item' is wrong: null is null, not a string (expected a string)"),
            ({"item": "c"}, "book: 'item' is wrong: 'c' has 1 characters (expected at least 2 characters)"),
            ({"item": "cup", "price": 0}, "book: 'price' is wrong: 0 is less than 1 (expected an integer >= 1)"),
            (
                {"item": "cup", "price": "7"},
                "book: 'price' is wrong: '7' is a string, not an integer (expected an integer)",
            ),
            (
                {"item": "cup", "colour": "bleu"},
                "book: 'colour' is wrong: 'bleu' is not one of the documented values (did you mean 'blue'?)",
            ),
            (
                {"item": "cup", "tags": ["a", 1]},
                "book: 'tags' at /1 is wrong: 1 is an integer, not a string (expected a string)",
            ),
            ({"item": object()}, "book: 'item' is no value that JSON holds (not object)"),
            ({"item": float("nan")}, "'item' is no value that JSON holds (not float)"),
        ],
    )
    def test_wrong_parameters(self, mock: Mock, given: dict[str, Any], message: str) -> None:
        before = mock.engine.apis["shop"].space("").state
        with pytest.raises(UsageError) as caught:
            act(mock, **given)
        assert str(caught.value).endswith(message.removeprefix("book: ") if "JSON holds" in message else message)
        assert not isinstance(caught.value, ActionRefused)
        assert mock.engine.apis["shop"].space("").state is before

    def test_what_is_nested_too_deeply(self, mock: Mock) -> None:
        deep: Any = []
        for _ in range(300):
            deep = [deep]
        with pytest.raises(UsageError, match="'tags' is nested more than 200 levels deep"):
            act(mock, item="cup", tags=deep)

    def test_what_it_requires_in_its_words_or_by_itself(self) -> None:
        mock, listener = shop()
        with pytest.raises(ActionRefused, match=r"^Nobody pays so much$"):
            act(mock, item="cup", price=1000)
        act(mock, item="cup")
        listener.told.clear()
        with pytest.raises(ActionRefused, match=r"^book requires count\(order, item=said\) == 0$"):
            act(mock, item="cup")
        assert listener.told == []

    def test_an_action_that_is_not_there(self, mock: Mock) -> None:
        with pytest.raises(UsageError, match=r"^shop has no action 'tidyy' \(did you mean 'tidy'\?\)$"):
            act(mock, "tidyy")

    def test_an_action_without_parameters_takes_none(self, mock: Mock) -> None:
        with pytest.raises(UsageError, match=r"^tidy has no parameter 'state' \(it has none\)$"):
            act(mock, "tidy", state="open")

    def test_a_rule_that_fails_leaves_everything(self) -> None:
        mock, listener = shop(("    then:\n      - {delete: order, where: {state: open}}", TAKEN))
        with pytest.raises(ExpressionError, match=r"actions.tidy.then\[1\]: 'id' 'O-2' is taken in 'order'"):
            act(mock, "tidy")
        assert [order["state"] for order in mock.records("order")] == ["open", "paid"]
        assert listener.told == []

    def test_a_default_that_breaks_its_own_schema(self) -> None:
        mock, _ = shop(("integer(10, 99)", "0 - 1"))
        with pytest.raises(ExpressionError, match=r"actions.book.parameters.price: the default breaks its own schema"):
            act(mock, item="cup")


TAKEN = """    then:
      - {delete: order, where: {state: open}}
      - {create: order, set: {id: O-2}}"""

_SHOP = shop()[0]


@given(
    st.dictionaries(
        st.sampled_from(["item", "price", "colour", "tags", "x"]),
        st.from_type(type(None))
        | st.text()
        | st.integers()
        | st.booleans()
        | st.lists(st.text(max_size=3), max_size=3),
        max_size=5,
    )
)
def test_whatever_is_given_it_is_done_or_refused(given: dict[str, Any]) -> None:
    """All of it happens, or nothing."""
    space = _SHOP.engine.apis["shop"].space("")
    before = space.state
    try:
        result = _SHOP.engine.act("shop", "book", given).result
    except UsageError:
        assert space.state is before
    else:
        assert len(space.state.tables["order"]) == len(before.tables["order"]) + 1
        assert result["id"] in [order["id"] for order in space.state.tables["order"]]
