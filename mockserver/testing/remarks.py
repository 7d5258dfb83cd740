"""What a test is told of itself, and fails nobody: Python warnings with a category of their own."""

from __future__ import annotations

import sys
import warnings
from types import FrameType


class MockWarning(UserWarning):
    """A mock was told something that makes little sense: a fault that no call has met, an answer that no API documents.

    `-W error::mockserver.MockWarning` makes an error of it, `-W ignore::mockserver.MockWarning` silences it.
    """


def remark(text: str, file: str = "", line: int = 0) -> None:
    """Warn, at a place, or without one at the line that called this package."""
    __tracebackhide__ = True
    if file:
        warnings.warn_explicit(text, MockWarning, file, line)
        return
    level = 2
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] in _PASSED_OVER:
        frame = frame.f_back
        level += 1
    warnings.warn(text, MockWarning, stacklevel=level if frame is not None else 2)


_PASSED_OVER = ("mockserver", "contextlib", "functools")
