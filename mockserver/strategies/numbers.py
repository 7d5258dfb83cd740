"""Numbers within their bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from mockserver.strategies.drawing import Listed, Quick, Source, Whole
from mockserver.strategies.judging import NOT, is_type
from mockserver.strategies.nodes import Clash, Facet, Kind, Node

if TYPE_CHECKING:
    from mockserver.strategies.drawing import Drawing

_GREATEST = 2**63 - 1  # what most JSON libraries hold exactly
_LARGEST_FLOAT = 1.7976931348623157e308


class _Mixed(Quick[Any]):
    """Whole numbers and others."""

    __slots__ = ("_broken", "_whole")

    def __init__(self, whole: Whole | None, broken: st.SearchStrategy[float]) -> None:
        self._whole, self._broken = whole, broken

    def drawn(self, drawing: Drawing) -> Any:
        if self._whole is not None and drawing.number(1) == 0:
            return self._whole.drawn(drawing)
        return drawing.of(self._broken) + 0.0  # no negative zero, which not every library keeps


class NumberKind(Kind):
    def __init__(self, node: Node, word: str, facets: Sequence[Facet]) -> None:
        super().__init__(node, word, facets)
        self._whole = any(self._is_whole(words) for words, _ in self.given("type"))
        low, high = self.largest("minimum"), self.smallest("maximum")
        above, below = self.largest("exclusiveMinimum"), self.smallest("exclusiveMaximum")
        self._open_low = above is not None and (low is None or above >= low)
        self._open_high = below is not None and (high is None or below <= high)
        self._low = above if self._open_low else low
        self._high = below if self._open_high else high
        self._steps = [Fraction(str(value)) for value, _ in self.given("multipleOf")]
        self._range = self._whole_range()
        if self._clashing():
            keys = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
            said = [(key, value, facet.data) for key in keys for value, facet in self.given(key)]
            texts = " and ".join(f"`{key}: {value}`" for key, value, _ in said)
            no = "whole number" if self._whole else "number"
            self.clash = Clash(f"no {no} keeps {texts}", tuple(data for _, _, data in said))
        self._strategy: dict[bool, Source[Any]] = {}
        if not self._whole and any(facet.data.get(NOT) == {"type": "integer"} for facet in facets):
            self._strategy = dict.fromkeys((True, False), self._fractions())
        elif any("enum" in facet.data.get(NOT, {}) for facet in facets if isinstance(facet.data.get(NOT), dict)):
            self._without()

    def build(self, drawing: Drawing, depth: int, hint: Any) -> Any:
        drawing.spend()
        documented = drawing.documented
        if documented and is_type(hint, "number") and self.takes(hint):
            return hint
        strategy = self._strategy.get(documented)
        if strategy is None:
            strategy = self._strategy[documented] = self._made(documented)
        return drawing.of(strategy)

    @staticmethod
    def _is_whole(words: Any) -> bool:
        return words == "integer" or (isinstance(words, list) and "integer" in words and "number" not in words)

    def _whole_range(self) -> tuple[int, int, int]:
        """The least and the greatest count of steps, and the size of a step, for whole numbers."""
        step = 1
        for each in self._steps:
            step = math.lcm(step, each.numerator)
        low = -_GREATEST - 1 if self._low is None else math.ceil(self._low)
        high = _GREATEST if self._high is None else math.floor(self._high)
        if self._low is None and high < low:
            low = high - _GREATEST
        if self._high is None and low > high:
            high = low + _GREATEST
        if self._open_low and low == self._low:
            low += 1
        if self._open_high and high == self._high:
            high -= 1
        return -(-low // step), high // step, step

    def _clashing(self) -> bool:
        if self._range[0] <= self._range[1]:
            return False
        if self._whole:
            return True
        low, high = self._low, self._high
        if self._steps:
            first, last, _ = self._broken_range()
            return first > last
        edges = self._open_low or self._open_high
        return low is not None and high is not None and (low > high or (low == high and edges))

    def _broken_range(self) -> tuple[int, int, Fraction]:
        """As `_whole_range`, for steps that are no whole numbers."""
        step = self._steps[0]
        for each in self._steps[1:]:
            common = math.lcm(step.denominator, each.denominator)
            step = Fraction(math.lcm(int(step * common), int(each * common)), common)
        low: Fraction = -1000 * abs(step) if self._low is None else Fraction(str(self._low))
        high: Fraction = max(low, Fraction(0)) + 1000 * abs(step) if self._high is None else Fraction(str(self._high))
        if self._low is None:
            low = min(low, high - 1000 * abs(step))
        first, last = math.ceil(low / step), math.floor(high / step)
        return first + (self._open_low and first * step == low), last - (self._open_high and last * step == high), step

    def _made(self, documented: bool) -> Source[Any]:
        first, last, step = self._range
        whole: Whole | None = None
        if first <= last:
            whole = Whole(*((first, last) if not documented else _modest(first, last, step)), step)
        if self._whole:
            assert whole is not None
            return whole
        if self._steps:
            return whole if whole is not None and documented else self._stepped(whole)
        if documented and whole is not None:
            return whole
        low_float = None if self._low is None else _float(self._low)
        high_float = None if self._high is None else _float(self._high)
        broken = st.floats(
            low_float,
            high_float,
            allow_nan=False,
            allow_infinity=False,
            exclude_min=self._open_low and low_float is not None,
            exclude_max=self._open_high and high_float is not None,
        )
        return _Mixed(whole, broken)

    def _stepped(self, whole: Whole | None) -> Source[Any]:
        first, last, step = self._broken_range()
        if step.denominator == 1:
            assert whole is not None
            return whole

        def exact(count: int) -> Any:
            return float(count * step)

        def agreed(number: Any) -> bool:
            """Multiples as binary fractions are not exact: only those that no way of reckoning disputes."""
            return all((number / float(each)) == int(number / float(each)) for each in self._steps)

        broken = st.integers(first, last).map(exact).filter(agreed)
        return _Mixed(whole, broken)

    def _fractions(self) -> st.SearchStrategy[Any]:
        low = -1e6 if self._low is None else _float(self._low)
        high = low + 1e6 if self._high is None else _float(self._high)
        low = min(low, high - 1) if self._low is None else low
        return st.floats(low, high, allow_nan=False).map(lambda x: x + 0.5 if x == x // 1 and x + 0.5 <= high else x)

    def _without(self) -> None:
        """Few whole numbers, of which some are not allowed: those that are left are all there is to choose from."""
        first, last, step = self._range
        if self._whole and last - first < 64:
            left = [number * step for number in range(first, last + 1) if self.node.keeps(number * step)]
            if left:
                self._strategy = dict.fromkeys((True, False), Listed(left))
            else:
                self.clash = Clash("`not` excludes every number that the bounds leave")


def _modest(first: int, last: int, step: int) -> tuple[int, int]:
    """Numbers as they stand in documents: not below 0 and not above 100 without need."""
    low = max(first, min(0, last)) if first <= 0 else first
    return low, min(last, max(low + 100 // step, low))


def _float(value: Any) -> float:
    return max(
        -_LARGEST_FLOAT, min(_LARGEST_FLOAT, float(value) if abs(value) < 10**308 else math.copysign(1e308, value))
    )
