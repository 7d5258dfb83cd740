"""One example being drawn: where its choices come from, in which mode, and how much it may still hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from inspect import signature
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, TypeAlias, TypeVar

from hypothesis import reject
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

Mode: TypeAlias = Literal["documented", "allowed"]
T = TypeVar("T")

#: No example says what stands here.
NOTHING: Any = object()
_DEEPEST = 6  # beyond, only what must be
_MOST_PARTS = 150
_NARROW = 127  # of wider ranges Hypothesis's own whole numbers like the ends
_LABEL = 0x6D6F636B  # of a span around an item of a list
_TYPE_WORDS = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}


class Quick(Generic[T]):
    """What values are drawn from with fewer choices than a strategy needs."""

    __slots__ = ()

    def drawn(self, drawing: Drawing) -> T:
        raise NotImplementedError


class Coded(Quick[T]):
    """Values made from `least` to `most` bytes.

    For Hypothesis that is one choice, however much is decided by it, and it makes each byte smaller by itself: zeros
    should give the simplest value, and bytes of no meaning do no harm.
    """

    __slots__ = ("least", "made", "most")

    def __init__(self, least: int, most: int, made: Callable[[bytes], T]) -> None:
        self.least, self.most, self.made = least, most, made

    def drawn(self, drawing: Drawing) -> T:
        return self.made(drawing.raw(self.least, self.most))


class Listed(Quick[T]):
    """One of several values; the first is the simplest."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[T]) -> None:
        self.values = values

    def drawn(self, drawing: Drawing) -> T:
        return drawing.pick(self.values)


class Whole(Quick[int]):
    """Whole numbers from `low` to `high` in steps of `step`; the ends come more often when there are many."""

    __slots__ = ("edges", "high", "low", "step")

    def __init__(self, low: int, high: int, step: int) -> None:
        self.low, self.high, self.step = low, high, step
        wide = high - low > _NARROW
        self.edges = {low: 2 / 128, low + 1: 1 / 128, high - 1: 1 / 128, high: 2 / 128} if wide else None

    def drawn(self, drawing: Drawing) -> int:
        return drawing.whole(self.low, self.high, self.edges) * self.step


Source: TypeAlias = st.SearchStrategy[T] | Quick[T]


@lru_cache(1024)
def _integers(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)


@lru_cache(1024)
def _binary(least: int, most: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=least, max_size=most)


@lru_cache(16)
def _takes_choices(kind: object) -> bool:
    """Whether numbers and bytes can be drawn without a strategy between, for half the time. That is no part of what
    Hypothesis promises, so it is looked at before it is used; without it the strategies do the same."""
    try:
        found = [list(signature(getattr(kind, f"draw_{name}")).parameters) for name in ("integer", "bytes")]
        spans = [list(signature(getattr(kind, f"{name}_span")).parameters) for name in ("start", "stop")]
    except (AttributeError, TypeError, ValueError):
        return False
    keys = found[0][1:3] == ["min_value", "max_value"] and "weights" in found[0]
    return keys and found[1][1:3] == ["min_size", "max_size"] and spans == [["self", "label"], ["self", "discard"]]


class Drawing:
    """`draw` is Hypothesis's own; a value is `documented` (like the example, nearly everything there) or `allowed`."""

    __slots__ = ("_choices", "_draw", "_spans", "documented", "extras", "left", "plain", "within")

    def __init__(self, draw: Any, mode: Mode, *, extras: bool = True, plain: bool = False) -> None:
        self._draw = draw
        owner: Any = getattr(draw, "__self__", None)
        kind: object = type(owner)
        self._choices: Any = owner if _takes_choices(kind) else None
        self._spans = 0
        self.documented = mode == "documented"
        self.extras = extras and not self.documented
        self.plain = plain  # texts that need no escape anywhere: for parameters
        self.left = _MOST_PARTS
        self.within: set[Any] = set()  # what is being built, from the root to here

    def of(self, source: Source[T]) -> T:
        if isinstance(source, Quick):
            return source.drawn(self)
        found: T = self._draw(source)
        return found

    def number(self, most: int) -> int:
        """A whole number from 0 to `most`; 0 is the simplest."""
        return self.whole(0, most) if most > 0 else 0

    def whole(self, low: int, high: int, edges: dict[int, float] | None = None) -> int:
        """A whole number, with a preference for some; the one nearest to 0 is the simplest."""
        if self._choices is None:
            return self.of(_integers(low, high))
        found: int = self._choices.draw_integer(low, high, weights=edges)
        return found

    def raw(self, least: int, most: int) -> bytes:
        """From `least` to `most` bytes; few and small ones are the simplest."""
        if self._choices is None:
            return self.of(_binary(least, most))
        found: bytes = self._choices.draw_bytes(least, most)
        return found

    def span(self) -> AbstractContextManager[None]:
        """Around an item of a list, so that it is left out as a whole when a failure is made smaller.

        Where labels are equal, Hypothesis tries one item in the place of the other, five times for every new example:
        worth it where anything is allowed, a waste of examples where all are near to the documented one.
        """
        if self._choices is None:
            return nullcontext()
        self._spans += self.documented
        return self._spanned(_LABEL + self._spans)

    @contextmanager
    def _spanned(self, label: int) -> Iterator[None]:
        self._choices.start_span(label)
        try:
            yield
        finally:
            self._choices.stop_span()

    def pick(self, values: Sequence[T]) -> T:
        return values[self.number(len(values) - 1)]

    def is_short(self, depth: int) -> bool:
        """Whether to come to an end: only what must be there from here on."""
        return depth > _DEEPEST or self.left <= 0

    def wants(self, likely: bool) -> bool:
        """Whether something that may be left out is there."""
        if self.documented:
            return self.number(15) != 0 if likely else self.number(3) == 1
        return self.number(1) == 1

    def marks(self, there: int, which: int, states: int) -> bytes:
        """A byte for each of several small decisions, all in one choice: first whether things are there, then which of
        few ways is taken. A lone byte has `states`, so that Hypothesis can tell when it has seen all."""
        count = there + which
        return bytes((self.number(states - 1),)) if count == 1 else self.raw(count, count)

    def is_there(self, mark: int, known: bool) -> bool:
        """Whether an optional member is there, by its mark: of eight seven of those that the example knows."""
        if self.documented:
            return mark >= 32 and (known or mark % 4 == 1)
        return mark % 2 == 1

    def is_changed(self, mark: int) -> bool:
        """Whether a documented member differs from its example: of eight, one."""
        return mark >= 224

    def spend(self) -> None:
        self.left -= 1

    def fitting(self, kinds: Sequence[T], hint: Any) -> Sequence[T]:
        """Those of several ways that may be taken. A documented value is of the type of its example, and no null
        without one."""
        if self.documented:
            word = "null" if hint is None else _TYPE_WORDS.get(type(hint), "")
            ways: Sequence[Any] = kinds
            alike = [kind for kind in ways if kind.word == word] if hint is not NOTHING else []
            return alike or [kind for kind in ways if kind.word != "null"] or kinds
        return kinds

    def give_up(self) -> NoReturn:
        """Nothing of the kind could be built this time."""
        reject()
