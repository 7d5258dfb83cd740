"""`emit` wherever effects may stand: what is told, with which parameters, and when."""

from __future__ import annotations

from datetime import datetime, timedelta

from mockserver.state.store import Emission, Namespace, build_state
from tests.mocks import START
from tests.shop import shop

AN_HOUR = timedelta(hours=1)


class TestOfOperations:
    def test_it_has_the_record_as_it_is_then(self) -> None:
        mock, listener = shop()
        assert mock.call("POST /orders", {"item": "cup", "urgent": True}).status == 201
        (told,) = listener.told
        assert (told.api, told.namespace, told.event, told.at) == ("shop", "", "order.created", START.timestamp())
        assert (told.given["order"]["item"], told.given["order"]["state"]) == ("cup", "open")

    def test_nothing_while_when_does_not_hold(self) -> None:
        mock, listener = shop()
        assert mock.call("POST /orders", {"item": "cup"}).status == 201
        assert listener.told == []

    def test_of_a_case_by_effects_with_a_name(self) -> None:
        mock, listener = shop()
        mock.call("PUT /orders/O-1")
        mock.call("PUT /orders/O-2")
        (told,) = listener.told
        assert told.event == "order.paid"
        assert (told.given["order"]["id"], told.given["order"]["state"]) == ("O-1", "paid")

    def test_for_each_in_order(self) -> None:
        mock, listener = shop()
        mock.call("POST /orders", {})
        mock.call("DELETE /orders/O-1")
        assert listener.events == ["order.gone", "order.gone"], "one for each that is left"
        assert [told.given for told in listener.told] == [{}, {}], "an event that has no parameters"

    def test_in_its_namespace(self) -> None:
        mock, listener = shop()
        mock.call("PUT /orders/O-1", x_mock_namespace="a")
        assert [told.namespace for told in listener.told] == ["a"]

    def test_a_request_that_fails_tells_nothing(self) -> None:
        taken = "\n      - {create: order, set: {id: O-2}}"
        each = '      - {emit: order.gone, each: "${{ order }}"}'
        mock, listener = shop((each, each + taken))
        assert mock.call("DELETE /orders/O-1").status == 500
        assert listener.told == []


class TestParameters:
    def test_defaults_stand_for_those_not_given(self) -> None:
        mock, listener = shop()
        mock.call("PUT /orders/O-1")
        given = listener.told[0].given
        assert list(given) == ["order", "why", "orders", "now"]
        assert (given["why"], given["now"]) == ("none", START)

    def test_a_list_of_records_holds_still(self) -> None:
        mock, listener = shop()
        mock.call("PUT /orders/O-1")
        mock.call("DELETE /orders/O-2")
        mock.engine.act("shop", "tidy")
        assert [order["id"] for order in listener.told[0].given["orders"]] == ["O-1", "O-2"]
        assert listener.told[0].given["orders"][0]["state"] == "paid"

    def test_a_record_holds_still(self) -> None:
        mock, listener = shop()
        mock.call("POST /orders", {"urgent": True})
        order = listener.told[0].given["order"]
        mock.call(f"PUT /orders/{order['id']}")
        assert order["state"] == "open"


class TestOfTimers:
    def test_the_moment_is_the_one_at_which_it_was_due(self) -> None:
        mock, listener = shop()
        mock.engine.advance(3 * AN_HOUR)
        (told,) = listener.told
        assert told.event == "order.paid"
        assert datetime.fromtimestamp(told.at, START.tzinfo) == START + AN_HOUR
        assert told.given["why"] == "2025-01-15T13:00:00Z"
        assert (told.given["order"]["id"], told.given["order"]["state"]) == ("O-1", "old")
        assert told.given["now"] == START + AN_HOUR

    def test_in_order_of_time(self) -> None:
        mock, listener = shop()
        mock.engine.advance(timedelta(minutes=30))
        mock.call("POST /orders", {})
        mock.engine.advance(3 * AN_HOUR)
        assert [told.at - START.timestamp() for told in listener.told] == [3600.0, 5400.0]

    def test_when_a_request_notices_it(self) -> None:
        mock, listener = shop()
        mock.engine.clock.advance(AN_HOUR)
        assert listener.told == []
        mock.call("GET /orders")
        assert listener.events == ["order.paid"]

    def test_one_that_fails_tells_nothing(self) -> None:
        emit = '          - {emit: order.paid, with: {order: "${{ item }}", why: "${{ iso(now) }}"}}'
        mock, listener = shop((emit, emit + "\n          - {create: order, set: {id: O-2}}"))
        mock.engine.advance(AN_HOUR)
        assert listener.told == []
        assert "O-2" in mock.engine.failed_timers[0]


def test_a_transaction_that_is_dropped_has_told_nobody() -> None:
    space = Namespace("", "0:it", build_state([], {}))
    space.begin().emitted += (Emission("it.happened", {}, 0.0),)
    assert space.begin().emitted == ()
