"""Texts: by pattern, by format, by length."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from mockserver.strategies.drawing import Listed, Source
from mockserver.strategies.formats import has_format, texts_of
from mockserver.strategies.nodes import Clash, Facet, Kind, Node
from mockserver.strategies.patterns import UnreadablePattern, readable
from mockserver.strategies.pieces import DISPUTED, in_pieces

if TYPE_CHECKING:
    from mockserver.strategies.drawing import Drawing

_ASCII = st.characters(max_codepoint=127, exclude_characters=DISPUTED)
_ANY = st.characters(codec="utf-8")
_PLAIN = st.characters(categories=("L", "N"), max_codepoint=127, include_characters="-_")
_WORDS = (
    "amber",
    "birch",
    "cedar",
    "delta",
    "Emma Stone",
    "Fjord 7",
    "grove",
    "Zoë",
    "harbor",
    "island",
    "maple",
    "42",
)
_LONGEST_DRAWN = 40
_TRIES = 20
_REPEATED = re.compile(
    r"(?P<start>\^?)(?P<what>\[[^\]\\]+\]|\\[dws]|\.)(?:(?P<many>[*+])|\{(?P<low>\d+)(?P<comma>,?)(?P<high>\d*)\})(?P<end>\$?)"
)


class UnreadPattern(UserWarning):
    """A pattern that Python cannot read: texts are made without it, and those that break it are thrown away."""


class TextKind(Kind):
    def __init__(self, node: Node, word: str, facets: Sequence[Facet]) -> None:
        super().__init__(node, word, facets)
        self._least: int = int(self.largest("minLength", 0))
        most = self.smallest("maxLength")
        self._most: int | None = None if most is None else int(most)
        self._patterns = list(dict.fromkeys(pattern for pattern, _ in self.given("pattern")))
        self._formats = list(dict.fromkeys(name for name, _ in self.given("format")))
        self._strategies: dict[tuple[bool, bool], list[Source[str]]] = {}
        self._checks: list[Callable[[str], object]] = []
        if self._most is not None and self._least > self._most:
            said = [(key, facet.data) for key in ("minLength", "maxLength") for _, facet in self.given(key)]
            message = f"`minLength: {self._least}` is above `maxLength: {self._most}`"
            self.clash = Clash(message, tuple(data for _, data in said))

    def build(self, drawing: Drawing, depth: int, hint: Any) -> Any:
        drawing.spend()
        documented = drawing.documented
        if documented and isinstance(hint, str) and self.takes(hint):
            return hint
        key = (documented, drawing.plain)
        strategies = self._strategies.get(key)
        if strategies is None:
            strategies = self._strategies[key] = self._made(documented, drawing.plain)
        if not self._checks:
            return drawing.of(strategies[0])
        return self._found(drawing, strategies)

    def _found(self, drawing: Drawing, strategies: Sequence[Source[str]]) -> str:
        """A text that keeps all of several rules: one that keeps one of them, or its beginning."""
        for turn in range(_TRIES):
            text = drawing.of(strategies[turn % len(strategies)])
            for end in (len(text), self._most, self._least, 3, 2, 1, 4, 8):
                if end is not None and end <= len(text) and self._fits(text[:end]):
                    return text[:end]
        return drawing.give_up()

    def _made(self, documented: bool, plain: bool) -> list[Source[str]]:
        patterns = [pattern for pattern in self._patterns if self._is_readable(pattern)]
        formats = [(name, found) for name in self._formats if (found := texts_of(name, self.graph.formats)) is not None]
        made = [found for _, found in formats]
        made += [from_pattern(pattern, self._least, self._most) for pattern in sorted(patterns, key=len, reverse=True)]
        if not made:
            return [_free(self._least, self._most, documented, plain)]
        bounded = self._least > 0 or self._most is not None
        if len(made) > 1 or bounded:
            named = [name for name, _ in formats if name not in self.graph.formats] if len(formats) > 1 else []
            self._checks = [
                lambda text: self._least <= len(text) <= (len(text) if self._most is None else self._most),
                *(readable(pattern).search for pattern in patterns),
                *(partial(has_format, name) for name in named),
            ]
        return made

    def _fits(self, text: str) -> bool:
        return all(check(text) for check in self._checks)

    def _is_readable(self, pattern: str) -> bool:
        try:
            readable(pattern)
        except UnreadablePattern as error:
            warnings.warn(f"the pattern '{pattern}' cannot be read here ({error}): texts are made without it, and "
                          "those that break it are thrown away", UnreadPattern, 8)  # fmt: skip
            return False
        return True


@lru_cache(1024)
def from_pattern(pattern: str, least: int = 0, most: int | None = None) -> Source[str]:
    """ASCII texts that a pattern matches, as near to the lengths as can be told beforehand."""
    found = _REPEATED.fullmatch(pattern)
    if found is not None and (least or most is not None):
        low = 0 if found["many"] == "*" else 1 if found["many"] else int(found["low"])
        high = None if found["many"] or (found["comma"] and not found["high"]) else int(found["high"] or found["low"])
        low = max(low, least)
        high = most if high is None else high if most is None else min(high, most)
        if high is None or low <= high:
            pattern = f"^{found['what']}{{{low},{'' if high is None else high}}}$"
    simple = in_pieces(pattern)
    if simple is not None:
        return simple
    others = "".join(sorted({letter for letter in pattern if ord(letter) > 127}))
    alphabet = (
        st.characters(max_codepoint=127, include_characters=others, exclude_characters=DISPUTED) if others else _ASCII
    )
    return st.from_regex(readable(pattern), alphabet=alphabet)


@lru_cache(512)
def _free(least: int, most: int | None, documented: bool, plain: bool) -> Source[str]:
    if documented:
        words = _WORDS if not plain else [word for word in _WORDS if word.isascii() and word.isalnum()]
        fitting = [word for word in words if least <= len(word) and (most is None or len(word) <= most)]
        return Listed(fitting or [("amber and birch " * (least // 16 + 1))[: max(least, 1 if most else 0)]])
    letters = _PLAIN if plain else _ANY
    if least > _LONGEST_DRAWN:
        return st.text(letters, max_size=_LONGEST_DRAWN).map(lambda text: text + "0" * (least - len(text)))
    return st.text(letters, min_size=least, max_size=most if most is None or most < 1000 else 1000)


_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-1000, 1000), st.text(_ANY, max_size=5))


def small_value(drawing: Drawing, depth: int) -> Any:
    """Any JSON value, a small one."""
    drawing.spend()
    if drawing.documented:
        return drawing.pick(_WORDS)
    shape = 0 if drawing.is_short(depth + 3) else drawing.number(5)
    if shape == 4:
        return [drawing.of(_SCALARS) for _ in range(drawing.number(2))]
    if shape == 5:
        return {drawing.pick(("a", "b", "")): drawing.of(_SCALARS) for _ in range(drawing.number(2))}
    return drawing.of(_SCALARS)
