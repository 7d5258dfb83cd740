"""The bazaar: a small API that tells of its orders, on a frozen clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mocks import Mock, serve

BAZAAR = Path(__file__).parents[1] / "data" / "bazaar"


@pytest.fixture
def bazaar() -> Iterator[Callable[..., Mock]]:
    """`bazaar(**options)` serves it; it is closed at the end."""
    served: list[Mock] = []

    def start(**options: Any) -> Mock:
        served.append(serve(BAZAAR, **options))
        return served[-1]

    yield start
    for mock in served:
        mock.engine.close()


@pytest.fixture
def mock(bazaar: Callable[..., Mock]) -> Mock:
    return bazaar()
