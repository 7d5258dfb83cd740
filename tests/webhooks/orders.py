"""The bazaar told to send: subscribing to it, ordering in it, and what was delivered in short."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mockserver.behaviour.declared import Delivering, Webhooks
from mockserver.webhooks.deliveries import Delivery
from mockserver.webhooks.outbox import Outbox
from tests.mocks import START, Mock
from tests.webhooks.receiver import Receiver

SECRET = "a secret of some length"
NOON = START.timestamp()
Start = Callable[..., Mock]


def subscribe(mock: Mock, receiver: Receiver, **more: Any) -> Outbox:
    outbox = mock.engine.outbox
    outbox.subscribe("bazaar", receiver.url, SECRET, **more)
    return outbox


def order(mock: Mock, item: str = "tea", namespace: str = "") -> Any:
    return mock.call("POST /orders", {"item": item, "amount": 2.50}, x_mock_namespace=namespace)


def delivering(mock: Mock, monkeypatch: pytest.MonkeyPatch, **how: Any) -> None:
    """Let the bazaar deliver otherwise than its file says, and sign nothing."""
    sender = mock.engine.outbox.sender("bazaar")
    monkeypatch.setattr(sender, "webhooks", Webhooks(sender.webhooks.events, Delivering(**how)))


def shown(delivery: Delivery) -> tuple[str, str, list[tuple[float, str]]]:
    return delivery.event, delivery.status, [(each.at - NOON, each.verdict) for each in delivery.attempts]
