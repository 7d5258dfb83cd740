"""Processes that are forked: no thread comes along, and locks stay as they were at that moment."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Heir(Protocol):
    """What goes on in a forked process."""

    def begin_in_child(self) -> None:
        """Called there before anything else is."""


_living: WeakSet[Heir] = WeakSet()


def goes_on(heir: Heir) -> None:
    """Call it in every process that is forked, for as long as it lives."""
    _living.add(heir)


def _begin_in_child() -> None:
    for heir in list(_living):
        heir.begin_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_in_child)
