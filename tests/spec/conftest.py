from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests of this room neither see nor fill the cache of the user who runs them."""
    monkeypatch.setenv("MOCKSERVER_CACHE", "off")
