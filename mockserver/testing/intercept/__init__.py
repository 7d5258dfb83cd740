"""Calls to the real hosts of an API reach the mock: `intercept`, and what the pytest plugin needs of it."""

from __future__ import annotations

from mockserver.testing.intercept.context import Mocks, intercept, intercepted
from mockserver.testing.intercept.installed import close_left_open, open_now

__all__ = ["Mocks", "close_left_open", "intercept", "intercepted", "open_now"]
