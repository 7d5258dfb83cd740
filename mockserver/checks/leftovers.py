"""What a check would leave behind where it was started."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory


@contextmanager
def nothing_left_behind() -> Iterator[None]:
    """What Hypothesis writes down goes to a folder that is taken away, and not to where the caller happens to be."""
    try:
        from hypothesis.configuration import set_hypothesis_home_dir
    except ModuleNotFoundError:  # then it writes nothing
        yield
        return
    with TemporaryDirectory(prefix="mockserver-") as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)
