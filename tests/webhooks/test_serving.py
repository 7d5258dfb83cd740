"""What is served changes, namespaces give way to others, and processes are forked."""

from __future__ import annotations

import os
import warnings

import pytest

from mockserver.engine import api as api_module
from mockserver.engine.faults import FaultOrder
from mockserver.webhooks.subscriptions import WebhookTarget
from tests.mocks import Mock
from tests.webhooks.orders import SECRET, Start, order, subscribe
from tests.webhooks.receiver import Came, Receiver, answer

HOOK = "http://127.0.0.1:1/hooks"


class TestServeOnly:
    def test_an_api_that_is_served_as_before_goes_on(self, mock: Mock) -> None:
        with Receiver() as receiver:
            outbox = subscribe(mock, receiver)
            (first,) = outbox.emit("bazaar", "order.placed")
            mock.engine.serve_only(dict(mock.engine.apis), {})
            (second,) = outbox.emit("bazaar", "order.placed")
            assert outbox.deliveries() == [first, second]
            assert [each.happening.sequence for each in outbox.deliveries()] == [1, 2]

    def test_what_it_begins_with_comes_and_goes_with_its_api(self, bazaar: Start) -> None:
        mock = bazaar(webhooks=(WebhookTarget("bazaar", HOOK, SECRET),))
        apis, outbox = dict(mock.engine.apis), mock.engine.outbox
        mock.engine.serve_only({}, {})
        assert outbox.subscriptions() == []
        mock.engine.reset()
        assert outbox.subscriptions() == []
        mock.engine.serve_only(apis, {})
        assert [each.url for each in outbox.subscriptions()] == [HOOK]


def test_nothing_is_left_of_a_namespace_that_has_given_way(mock: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "_MOST_SPACES", 2)
    with Receiver() as receiver:
        outbox = subscribe(mock, receiver, namespace="one")
        outbox.subscribe("bazaar", receiver.url, SECRET, namespace="two")
        mock.engine.faults.add(FaultOrder("bazaar", namespace="one", status=503))
        mock.engine.faults.add(FaultOrder("bazaar", namespace="two", status=503, after=9))
        for namespace in ("one", "two", "three"):
            order(mock, namespace=namespace)
        assert outbox.settle(5)
        assert [each.namespace for each in outbox.subscriptions()] == ["two"]
        assert [each.namespace for each in mock.engine.faults.list()] == ["two"]
        assert {each.happening.namespace for each in outbox.deliveries()} == {"two"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks on this system")
def test_a_forked_process_sends_too(mock: Mock) -> None:
    """Forked while a delivery is under way: that is the parent's; what comes about in the child is the child's."""
    children: list[int] = []

    def say(came: Came) -> bytes:
        if not children:
            children.append(0)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # there are threads, and that is the point
                child = os.fork()
            if not child:
                _in_child(mock)
            children[0] = child
        return answer()

    with Receiver(say) as receiver:
        outbox = subscribe(mock, receiver)
        (delivery,) = outbox.emit("bazaar", "order.placed", {"data.item": "parent"})
        assert delivery.status == "delivered"
        assert os.waitpid(children[0], 0)[1] == 0
        assert [came.json["data"]["item"] for came in receiver.came] == ["parent", "child"]


def _in_child(mock: Mock) -> None:
    code = 1
    try:
        outbox = mock.engine.outbox
        (left,) = outbox.deliveries()
        (sent,) = outbox.emit("bazaar", "order.placed", {"data.item": "child"})
        mock.engine.close()
        code = 0 if (left.status, sent.status) == ("dropped", "delivered") else 2
    finally:
        os._exit(code)
