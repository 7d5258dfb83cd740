"""Hypothesis as a search: all that is wrong among many cases, and for each the smallest case that shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException

T = TypeVar("T")
_QUIET: dict[str, Any] = {
    "database": None,
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "verbosity": Verbosity.quiet,
    "print_blob": False,
    "report_multiple_bugs": False,
}


class Enough(BaseException):
    """The search has cost as much as it may. Not an Exception: Hypothesis would take it for a failure."""


class _Hit(Exception):
    """A case shows what is looked for."""


def tried(cases: st.SearchStrategy[T], look: Callable[[T], object], *, examples: int, number: int) -> bool:
    """Look at up to `examples` cases, always the same ones for the same seed `number`. Whether there was any."""
    seen = 0

    def one(case: T) -> None:
        nonlocal seen
        seen += 1
        look(case)

    _run(cases, one, examples, number, [Phase.generate])
    return bool(seen)


def smallest(cases: st.SearchStrategy[T], hits: Callable[[T], bool], *, examples: int, number: int) -> None:
    """Let `hits` look at smaller and smaller cases of those for which it is true: the last such one is the smallest.
    It is asked in the order of `tried` first."""

    def one(case: T) -> None:
        if hits(case):
            raise _Hit

    try:
        _run(cases, one, examples, number, [Phase.generate, Phase.shrink])
    except (_Hit, Enough):
        pass


def quiet(examples: int, *, shrink: bool, steps: int = 0) -> settings:
    """Settings for a search that says nothing by itself."""
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    more: dict[str, Any] = {"stateful_step_count": steps} if steps else {}
    return settings(max_examples=max(examples, 1), phases=phases, **_QUIET, **more)


def _run(
    cases: st.SearchStrategy[T], look: Callable[[T], None], examples: int, number: int, phases: list[Phase]
) -> None:
    if examples < 1:
        return
    looked: Any = seed(number)(
        settings(max_examples=examples, phases=phases, **_QUIET)(given(case=cases)(_named(look)))
    )
    try:
        looked()
    except HypothesisException:  # nothing that fits, or a service that is not the same twice
        pass


def _named(look: Callable[[T], None]) -> Callable[..., None]:
    def looked(case: T) -> None:
        look(case)

    return looked
