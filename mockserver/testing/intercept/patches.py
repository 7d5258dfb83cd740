"""Attributes of other people's classes and modules, replaced and put back.

A replacement that somebody has kept (other tools remember what they found when they were imported) outlives its time:
it then does what the original does, and so it does when it is called from within itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

_ABSENT: Any = object()


class Patch:
    """One attribute of `owner`. `make(patch)` gives the replacement; it calls `patch.before(…)` to go on.

    `pristine` is the library's own function: what stood there when the patch was first made, below any other tool's.
    """

    def __init__(self, owner: Any, name: str, make: Callable[[Patch], Any]) -> None:
        self.owner, self.name = owner, name
        self.replacement = make(self)
        self.active = False
        self._own: Any = _ABSENT  # what stood in the owner itself; a class may have inherited the attribute
        self._deep = ContextVar(f"inside {name}", default=False)
        self._before = getattr(owner, name)
        self.pristine = inspect.unwrap(self._before)

    def install(self) -> None:
        """Put the replacement in place; once is enough."""
        if self.active:
            return
        self.active = True
        if getattr(self.owner, self.name) is self.replacement:
            return  # another tool had put it back after we had gone
        self._own = vars(self.owner).get(self.name, _ABSENT)
        self._before = getattr(self.owner, self.name)
        setattr(self.owner, self.name, self.replacement)

    def remove(self) -> None:
        """Put back what was there, unless another tool has put its own on top: that goes on to the original."""
        if not self.active:
            return
        self.active = False
        if vars(self.owner).get(self.name) is not self.replacement:
            return
        if self._own is _ABSENT:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self._own)

    def before(self, *arguments: Any, **named: Any) -> Any:
        """What stood there before; the library's own when that comes back here, or when the patch is over."""
        if not self.active or self._deep.get():
            return self.pristine(*arguments, **named)
        token = self._deep.set(True)
        try:
            return self._before(*arguments, **named)
        finally:
            self._deep.reset(token)

    async def awaited_before(self, *arguments: Any, **named: Any) -> Any:
        """The same for a coroutine function."""
        if not self.active or self._deep.get():
            return await self.pristine(*arguments, **named)
        token = self._deep.set(True)
        try:
            return await self._before(*arguments, **named)
        finally:
            self._deep.reset(token)
