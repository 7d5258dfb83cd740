"""Events generated from the contract, and the smallest one that a receiver refuses. Needs Hypothesis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st

from mockserver.checks.receiver.case import Bench
from mockserver.checks.receiver.messages import Message
from mockserver.checks.receiver.samples import Sample
from mockserver.checks.receiver.wire import Answer
from mockserver.strategies.drawing import Drawing
from mockserver.strategies.places import changed, places
from mockserver.strategies.schemas import Plan, plan_of
from mockserver.strategies.variants import Variant, variants
from mockserver.webhooks.bodies import canonical

_MOST_HANGS = 2
_MOST_TRIES = 300


class _Refused(Exception):
    """The receiver has refused an event: what Hypothesis shrinks."""


def variants_of(sample: Sample) -> list[Variant]:
    """The variants of a sample; none when the contract does not say what the body is."""
    return variants(sample.schema, base=sample.value, direction="response") if sample.schema is not None else []


def least(sample: Sample) -> Any:
    """The sample without all that it may be without."""
    assert sample.schema is not None
    plan, value = plan_of(sample.schema, direction="response"), sample.value
    found = True
    while found:
        found = False
        for place in places(plan.node, value):
            smaller = changed(value, place.path, None, remove=True) if place.path and not place.required else None
            if smaller is not None and plan.is_valid(smaller):
                value, found = smaller, True
                break
    return value


def events_of(plan: Plan, example: Any) -> st.SearchStrategy[Any]:
    """Values that use all the room of the contract, without members that it does not name: a case of its own asks for
    these."""

    @st.composite
    def drawn(draw: Any) -> Any:
        return plan.draw(Drawing(draw, "allowed", extras=False), example)

    return drawn()


class Search:
    """Sends generated events of one kind until one is refused, then smaller ones."""

    def __init__(self, bench: Bench, event: str) -> None:
        self._bench, self._event = bench, event
        self._known: dict[bytes, tuple[Message, Answer]] = {}  # what was refused, and how
        self._hangs = 0
        self._gone = False
        #: How many went out until one was refused.
        self.tried = 0
        #: What went out last.
        self.last: Message | None = None

    @property
    def given_up(self) -> bool:
        """Whether the receiver hung too often to go on."""
        return self._hangs >= _MOST_HANGS

    def smallest_refused(self, examples: int, number: int) -> tuple[Message, Answer] | None:
        """The smallest of those that were refused, and the answer to it. The same `number` gives the same events."""
        sample = self._bench.samples.of(self._event)
        assert sample.schema is not None
        plan = plan_of(sample.schema, direction="response").checked()
        refused: list[Any] = []

        @seed(number)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            derandomize=False,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            verbosity=Verbosity.quiet,
            print_blob=False,
        )
        @given(events_of(plan, sample.value))
        def try_all(value: Any) -> None:
            if self._refusal(value) is not None:
                refused.append(value)
                raise _Refused

        try:
            try_all()
        except _Refused:
            pass
        return self._refusal(self._pruned(plan, refused[-1])) if refused else None

    def _pruned(self, plan: Plan, value: Any) -> Any:
        """Without all that it is refused without as well: Hypothesis makes each part small, and may keep too many."""
        tries, found = 0, True
        while found:
            found = False
            for path in sorted(_inner(value), key=len):
                smaller = changed(value, path, None, remove=True)
                if tries < _MOST_TRIES and plan.is_valid(smaller):
                    tries += 1
                    if self._refusal(smaller) is not None:
                        value, found = smaller, True
                        break
        return value

    def _refusal(self, value: Any) -> tuple[Message, Answer] | None:
        """How a value is refused; None when it is taken. What was refused is not sent again: the second answer may be
        another."""
        key = canonical(value)
        if key in self._known:
            return self._known[key]
        if self._gone or self._hangs >= _MOST_HANGS:
            return None
        message, answer = self._bench.told(self._event, value)
        self.last = message
        if not self._known:
            self.tried += 1
        self._hangs += answer.hung
        self._gone = not answer.listening
        if not answer.arrived:
            self._known[key] = message, answer
        return self._known.get(key)


def _inner(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all that stands inside a value."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from _inner(item, (*path, key))
