"""Arrays: places, lengths, what must be contained, and no item twice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver.strategies.drawing import NOTHING
from mockserver.strategies.graph import Part
from mockserver.strategies.judging import NOT, sameness
from mockserver.strategies.nodes import Clash, Facet, Kind, Node

if TYPE_CHECKING:
    from mockserver.strategies.drawing import Drawing

_TRIES = 15
_MORE = 4


class _Wanted(NamedTuple):
    """One `contains`: what, and how many of it."""

    part: Part
    least: int
    most: float


class ArrayKind(Kind):
    def __init__(self, node: Node, word: str, facets: Sequence[Facet]) -> None:
        super().__init__(node, word, facets)
        self._wanted = [
            _Wanted(
                facet.part.sub(schema), int(facet.data.get("minContains", 1)), facet.data.get("maxContains", math.inf)
            )
            for schema, facet in self.given("contains")
        ]
        self._wanted = [each for each in self._wanted if each.least > 0 or each.most < math.inf]
        self._unique = any(value for value, _ in self.given("uniqueItems"))
        self._doubled = any(facet.data.get(NOT) == {"uniqueItems": True} for facet in facets)
        self._prefix = max((len(value) for value, _ in self.given("prefixItems")), default=0)
        self._least: int = int(self.largest("minItems", 0))
        self._most: float = self.smallest("maxItems", math.inf)
        self._nodes: dict[tuple[int, tuple[int, ...]], Node] = {}
        self._longest: float | None = None
        self._either: dict[Any, Part] = {}
        for each in self._wanted:
            self._least = max(self._least, each.least)
        if self._least > self._most:
            said = [(key, f) for key in ("minItems", "maxItems", "contains", "minContains") for _, f in self.given(key)]
            words = " and ".join(dict.fromkeys(f"`{key}`" for key, _ in said))
            message = f"{words} want at least {self._least} and at most {self._most} items"
            self.clash = Clash(message, tuple(facet.data for _, facet in said))
        for each in self._wanted:
            if each.least > each.most:
                self.clash = Clash(f"`minContains: {each.least}` is above `maxContains: {each.most}`")

    def needs(self) -> Sequence[Node]:
        wanted = self._holding_at(self._least)
        return [self._node(at, wanted.get(at, ())) for at in range(min(self._least, self._prefix + self._count() + 1))]

    def item(self, at: int) -> Node:
        """The node of the item at a place, whatever it is there for."""
        key = (min(at, self._prefix), (-1,))
        if key not in self._nodes:
            plain = [part for part in self._parts(key[0], ()) if not (part.negated and self._wanted)]
            self._nodes[key] = self.graph.node(plain)
        return self._nodes[key]

    def mended(self, value: Any) -> Any:
        if self._doubled and len(value) > 1:
            value[1] = value[0]
        return value

    def build(self, drawing: Drawing, depth: int, hint: Any) -> Any:
        drawing.spend()
        examples = hint if isinstance(hint, list) else []
        length = self._length(drawing, depth, len(examples) if hint is not NOTHING else -1)
        holding = self._spread(drawing, length)
        made: list[Any] = []
        seen: set[Any] = set()
        for at in range(length):
            example = examples[at] if at < len(examples) else NOTHING
            if example is NOTHING and examples and isinstance(examples[0], dict):
                example = examples[0]
            node = self._node(at, holding.get(at, ()))
            for _ in range(_TRIES):
                with drawing.span():
                    value = node.draw(drawing, depth + 1, example)
                if not self._unique:
                    break
                key = sameness(value)
                if key not in seen:
                    seen.add(key)
                    break
                example = NOTHING
            else:
                new = self._unseen(node, seen)
                if new is NOTHING:
                    if len(made) < self._least:
                        drawing.give_up()
                    break
                value = new
                seen.add(sameness(value))
            made.append(value)
        return made

    # lengths

    def _length(self, drawing: Drawing, depth: int, documented: int) -> int:
        longest = self._possible_length()
        least = self._least
        most = int(min(longest, least + _MORE + (self._prefix if least < self._prefix else 0)))
        if drawing.is_short(depth):
            return least
        if drawing.documented:
            usual = documented if documented >= 0 else max(self._prefix, 2)
            usual = max(least, min(usual, int(min(longest, usual))))
            return usual if drawing.number(3) else least + drawing.number(max(min(most, least + 2) - least, 0))
        return least + drawing.number(max(most - least, 0))

    def _possible_length(self) -> float:
        """How long an array can be: as far as each place has a value, and no further than there are values."""
        if self._longest is None:
            longest = self._most
            for at in range(int(min(longest, self._prefix + 1))):
                if at >= self._least and not self._node(at, ()).possible():
                    longest = at
                    break
            rest = self._node(self._prefix, ())
            if self._unique and longest > self._prefix:
                values = _all_values(rest)
                if values is not None:
                    longest = min(longest, max(self._least, self._prefix + len(values)))
            self._longest = max(longest, self._least)
        return self._longest

    # what is contained

    def _count(self) -> int:
        return sum(each.least for each in self._wanted)

    def _holding_at(self, length: int) -> dict[int, tuple[int, ...]]:
        """For each place the numbers of the `contains` that the item there is to keep: from the end backwards, and in
        the same place where two can share it."""
        found: dict[int, tuple[int, ...]] = {}
        for number, each in enumerate(self._wanted):
            left = each.least
            places = sorted(range(length), key=lambda at: (at < self._prefix, bool(found.get(at)), -at))
            for at in places:
                if left == 0:
                    break
                if self._can(at, (*found.get(at, ()), number)):
                    found[at] = (*found.get(at, ()), number)
                    left -= 1
        return found

    def _can(self, at: int, numbers: tuple[int, ...]) -> bool:
        """Whether an item can keep these; asked while heights are not known yet, so only what is plain counts."""
        node = self._node(at, numbers)
        return bool(node.kinds())

    def _spread(self, drawing: Drawing, length: int) -> dict[int, tuple[int, ...]]:
        return self._holding_at(length) if self._wanted else {}

    # items

    def _node(self, at: int, holding: tuple[int, ...]) -> Node:
        key = (min(at, self._prefix), holding)
        if key not in self._nodes:
            self._nodes[key] = self.graph.node(self._parts(key[0], holding))
        return self._nodes[key]

    def _parts(self, at: int, holding: tuple[int, ...]) -> list[Part]:
        found: list[Part] = []
        evaluated: list[Facet] = []
        for facet in self.facets:
            prefix = facet.data.get("prefixItems", ())
            schema = prefix[at] if at < len(prefix) else facet.data.get("items")
            if schema is not None:
                found.append(facet.part.sub(schema))
                evaluated.append(facet)
        for schema, facet in self.given("unevaluatedItems"):
            if any(facet.covers(other) for other in evaluated):
                continue
            key = facet.part.key
            if key not in self._either:
                seen = [other.part.sub(each) for each, other in self.given("contains") if facet.covers(other)]
                either = {"anyOf": [*seen, facet.part.sub(schema)]}
                self._either[key] = facet.part.sub(either) if seen else facet.part.sub(schema)
            found.append(self._either[key])
            evaluated.append(facet)
        for number, each in enumerate(self._wanted):
            if number in holding:
                found.append(each.part)
            elif each.most < math.inf:
                found.append(each.part.inverse())
        return found

    def _unseen(self, node: Node, seen: set[Any]) -> Any:
        values = _all_values(node)
        for value in values if values is not None else ():
            if sameness(value) not in seen:
                return value
        return NOTHING


def _all_values(node: Node) -> list[Any] | None:
    """Every value that a node has, None when there are many."""
    found: list[Any] = []
    for kind in node.possible():
        values = getattr(kind, "values", None)
        if values is None:
            return None
        found += values
    return list({sameness(value): value for value in found}.values())
