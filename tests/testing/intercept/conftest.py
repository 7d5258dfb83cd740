"""The desk API, intercepted: https://desk.example."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mockserver.testing.intercept import intercept
from mockserver.testing.mock_api import MockApi
from tests.mocks import DESK
from tests.testing.intercept.clients import CLIENTS, Client


@pytest.fixture
def desk() -> Iterator[MockApi]:
    with intercept(str(DESK)) as api:
        yield api


@pytest.fixture(params=list(CLIENTS.values()), ids=list(CLIENTS))
def client(request: pytest.FixtureRequest) -> Client:
    chosen: Client = request.param
    return chosen
