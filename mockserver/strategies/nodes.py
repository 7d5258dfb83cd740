"""A node: everything that a value at one place has to keep, as the ways in which such a value can be built.

`oneOf`, `anyOf`, `not`, `if` and `dependentSchemas` are worked out to ways before a value is drawn, so that a value is
built to fit and not thrown away. A node is worked out when it is first needed, and recursion ends because each node
knows how deep its shallowest value is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver.exceptions import UsageError
from mockserver.strategies.drawing import NOTHING
from mockserver.strategies.graph import Graph, Part
from mockserver.strategies.judging import NOT, is_type, keeps, sameness
from mockserver.strategies.negation import negations

if TYPE_CHECKING:
    from mockserver.strategies.drawing import Drawing

MOST_WAYS = 48
_MOST_MARKED = 64  # of the 256 that a byte has, so that all come about as often
_TRIES = 25
_REMEMBERED = 100
TYPES = ("null", "boolean", "number", "string", "array", "object")


class Facet(NamedTuple):
    """A schema that holds, and the parts through which it came: `unevaluated…` looks at those that came through it."""

    part: Part
    trail: tuple[Any, ...]

    @property
    def data(self) -> dict[str, Any]:
        schema: dict[str, Any] = self.part.schema
        return schema

    def covers(self, other: Facet) -> bool:
        return other.trail[: len(self.trail)] == self.trail


class Clash(NamedTuple):
    """Why nothing can keep some schemas: the keywords that exclude each other, and where they stand."""

    message: str
    schemas: tuple[Any, ...] = ()


class Kind:
    """One way to build values of one JSON type. `height` is how deep the shallowest is (infinite: there is none),
    `ways` between how many values a mark can decide."""

    ways = 1

    def __init__(self, node: Node, word: str, facets: Sequence[Facet]) -> None:
        self.node, self.word = node, word
        self.graph = node.graph
        self.facets = tuple(facets)
        self.height = math.inf
        self.clash: Clash | None = None
        self._taken: dict[Any, bool] = {}
        self.checked = any(NOT in facet.data for facet in facets)

    def given(self, keyword: str) -> Iterator[tuple[Any, Facet]]:
        """The values of a keyword wherever it is said."""
        return ((facet.data[keyword], facet) for facet in self.facets if keyword in facet.data)

    def largest(self, keyword: str, otherwise: Any = None) -> Any:
        return max((value for value, _ in self.given(keyword)), default=otherwise)

    def smallest(self, keyword: str, otherwise: Any = None) -> Any:
        return min((value for value, _ in self.given(keyword)), default=otherwise)

    def needs(self) -> Sequence[Node]:
        """The nodes without a value of which there is none of this kind."""
        return ()

    def build(self, drawing: Drawing, depth: int, hint: Any) -> Any:
        raise NotImplementedError

    def draw(self, drawing: Drawing, depth: int, hint: Any, mark: int = -1) -> Any:
        """A value. `mark` is a number that decides between few ways, -1: nothing has been drawn for that."""
        value = self.sought(drawing, depth, hint) if self.checked else self.build(drawing, depth, hint)
        return drawing.give_up() if value is NOTHING else value

    def sought(self, drawing: Drawing, depth: int, hint: Any) -> Any:
        """A value that keeps what can only be looked for; NOTHING when a few tries have not found one."""
        for _ in range(_TRIES):
            value = self.mended(self.build(drawing, depth, hint))
            if self.node.keeps(value):
                return value
        return NOTHING

    def takes(self, example: Any) -> bool:
        """Whether an example keeps the schema; remembered, since the same few are asked for again and again."""
        if example not in self._taken:
            if len(self._taken) > _REMEMBERED:
                self._taken.clear()
            self._taken[example] = self.node.keeps(example)
        return self._taken[example]

    def mended(self, value: Any) -> Any:
        return value


class Node:
    """What values must keep that keep all `parts`."""

    def __init__(self, graph: Graph, parts: tuple[Part, ...]) -> None:
        self.graph, self.parts = graph, parts
        self.height: float | None = None
        self.clashes: list[Clash] = []
        self._kinds: list[Kind] | None = None
        self._open: list[Kind] = []

    def __repr__(self) -> str:
        return "schema " + " and ".join(self.graph.pointer(part.schema) or "/" for part in self.parts)

    @property
    def is_free(self) -> bool:
        """Whether any value will do."""
        return not self.parts

    def keeps(self, value: Any) -> bool:
        return all(keeps(part, value) for part in self.parts)

    def kinds(self) -> list[Kind]:
        """All ways, those that lead nowhere too."""
        if self._kinds is None:
            from mockserver.strategies.kinds import kinds_of

            self._kinds = kinds_of(self)
        return self._kinds

    def possible(self) -> list[Kind]:
        """The ways of which there is a value, the shallowest first where they differ."""
        if self.height is None:
            _measure(self)
        return self._open

    def settle(self, height: float) -> None:
        self.height = height
        self._open = [kind for kind in self.kinds() if kind.height < math.inf]

    def ways(self) -> int:
        """Between how many ways the `mark` of `draw` decides; 1 when there is nothing to decide, or too much."""
        kinds = self.possible()
        count = len(kinds) * max((kind.ways for kind in kinds), default=1)
        return count if count <= _MOST_MARKED else 1

    def draw(self, drawing: Drawing, depth: int, hint: Any, mark: int = -1) -> Any:
        """A value; `depth` counts from the root, `hint` is what an example has here. See `Kind.draw` for `mark`."""
        kinds = self.possible()
        if len(kinds) == 1:
            return kinds[0].draw(drawing, depth, hint, mark)
        if not kinds:
            return drawing.give_up()
        if drawing.is_short(depth):
            return min(kinds, key=lambda kind: kind.height).draw(drawing, depth, hint)
        fitting = drawing.fitting(kinds, hint)
        mark, at = (-1, drawing.pick(range(len(fitting)))) if mark < 0 else divmod(mark, len(fitting))
        if not fitting[at].checked:
            return fitting[at].draw(drawing, depth, hint, mark)
        for kind in (
            *fitting[at:],
            *fitting[:at],
        ):  # of some types there may be no such value, which nothing tells before
            value = kind.sought(drawing, depth, hint) if kind.checked else kind.draw(drawing, depth, hint)
            if value is not NOTHING:
                return value
        return drawing.give_up()

    def complain(self) -> UsageError:
        """Why there is no value: the keywords that exclude each other, or the recursion that never ends."""
        node, path = _culprit(self)
        clash = next(iter(node.clashes), None) or next((kind.clash for kind in node.kinds() if kind.clash), None)
        if clash is None:
            where = node.graph.pointer(node.parts[0].schema) if node.parts else ""
            return UsageError(
                f"no value keeps the schema: what it requires at '{where or '/'}' contains itself without end",
                "make one of the properties on the way optional, or let it be null",
            )
        places = [node.graph.pointer(schema) or "/" for schema in clash.schemas]
        at = f" at {' and '.join(dict.fromkeys(places))}" if places else ""
        through = f" (needed by {' > '.join(path)})" if path else ""
        return UsageError(f"no value keeps the schema: {clash.message}{at}{through}")


def ways_of(node: Node) -> list[list[Facet]]:
    """The alternatives of a node, each a list of schemas that hold together without any choice left."""
    found: list[list[Facet]] = []

    def explore(waiting: list[tuple[Part, tuple[Any, ...]]], facets: list[Facet], open_choices: list[_Choice]) -> None:
        seen = {facet.part.key for facet in facets}
        while waiting:
            part, trail = waiting.pop(0)
            if part.negated:
                open_choices.append(_Choice(_not(part), trail))
            elif part.schema is False:
                node.clashes.append(Clash("`false` allows nothing"))
                return
            elif isinstance(part.schema, dict) and part.key not in seen:
                seen.add(part.key)
                facet = Facet(part, (*trail, part.key))
                facets.append(facet)
                waiting += [(each, facet.trail) for each in _certain(part)]
                open_choices += [_Choice(ways, facet.trail) for ways in _choices(part)]
            if len(found) >= MOST_WAYS:
                return
        clash = contradiction(facets)
        if clash is not None:
            node.clashes.append(clash)
            return
        if not open_choices:
            found.append(facets)
            return
        choice, *others = open_choices
        if not choice.ways:
            node.clashes.append(Clash("`not` excludes every value, or a choice has no branch"))
        for way in choice.ways:
            explore([(part, choice.trail) for part in way], list(facets), list(others))

    explore([(part, ()) for part in node.parts], [], [])
    return found


class _Choice(NamedTuple):
    ways: list[list[Part]]
    trail: tuple[Any, ...]


def contradiction(facets: Sequence[Facet]) -> Clash | None:
    """What excludes each other at first sight: types, and listed values."""
    left: set[str] | None = None
    said: list[Any] = []
    for facet in facets:
        words = facet.data.get("type")
        if words is None:
            continue
        wanted = {words} if isinstance(words, str) else set(words)
        said.append(facet.data)
        left = wanted if left is None else _common(left, wanted)
        if not left:
            texts = " and ".join(f"`type: {_brief(data['type'])}`" for data in said)
            return Clash(f"{texts} exclude each other", tuple(said))
    listed = [(facet.data.get("enum", [facet.data.get("const")]), facet) for facet in facets if _lists(facet)]
    if not listed:
        return None
    for value in listed[0][0]:
        if left is not None and not any(is_type(value, word) for word in left):
            continue
        if all(any(sameness(value) == sameness(each) for each in values) for values, _ in listed[1:]):
            return None
    keywords = " and ".join(f"`{'enum' if 'enum' in facet.data else 'const'}`" for _, facet in listed)
    types = f" and `type: {', '.join(sorted(left))}`" if left is not None else ""
    schemas = (*(facet.data for _, facet in listed), *said)
    return Clash(f"{keywords}{types} have no value in common", schemas)


def _lists(facet: Facet) -> bool:
    return "enum" in facet.data or "const" in facet.data


def _common(left: set[str], right: set[str]) -> set[str]:
    both = left & right
    if ("integer" in left and "number" in right) or ("number" in left and "integer" in right):
        both.add("integer")
    return both


def _brief(value: Any) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _certain(part: Part) -> list[Part]:
    found = [part.graph.target(part, key) for key in ("$ref", "$dynamicRef") if isinstance(part.data.get(key), str)]
    return found + [part.sub(each) for each in part.data.get("allOf", ())]


def _choices(part: Part) -> list[list[list[Part]]]:
    memo = part.graph.texts
    key = ("choices", part.key)
    if key not in memo:
        memo[key] = list(_made_choices(part))
    found: list[list[list[Part]]] = memo[key]
    return found


def _made_choices(part: Part) -> Iterator[list[list[Part]]]:
    from mockserver.strategies.branches import any_of, one_of

    data = part.data
    if "oneOf" in data:
        yield one_of(part)
    if "anyOf" in data:
        yield any_of(part)
    if "not" in data:
        yield _not(part.sub(data["not"]).inverse())
    if "if" in data:
        condition = part.sub(data["if"])
        following = {key: [part.sub(data[key])] if key in data else [] for key in ("then", "else")}
        yield [[condition, *following["then"]], [condition.inverse(), *following["else"]]]
    for name, schema in _dependent(part).items():
        absent, present = {"properties": {name: False}}, {"type": "object", "required": [name]}
        not_object = {"type": [word for word in TYPES if word != "object"]}
        asked = name in data.get("required", ())
        yield [
            *([] if asked else [[part.sub(absent)]]),
            [part.sub(present), part.sub(schema)],
            *([[part.sub(not_object)]] if asked else []),
        ]


def _dependent(part: Part) -> dict[str, Any]:
    """`dependentSchemas` but for what the contract adds for a discriminator, which `branches` sees to."""
    found = part.data.get("dependentSchemas", {})
    discriminator = part.data.get("discriminator")
    name = discriminator.get("propertyName") if isinstance(discriminator, dict) else None
    return {key: schema for key, schema in found.items() if key != name}


def _not(part: Part) -> list[list[Part]]:
    """The ways of a negated part."""
    memo = part.graph.texts
    if part.key not in memo:
        memo[part.key] = negations(part.inverse()) if part.negated else [[part]]
    found: list[list[Part]] = memo[part.key]
    return found


def _measure(root: Node) -> None:
    """Find the heights of a node and of all that it needs: the least that agree with each other."""
    nodes: dict[Node, None] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.height is None and node not in nodes:
            nodes[node] = None
            waiting += [need for kind in node.kinds() for need in kind.needs()]
    heights = dict.fromkeys(nodes, math.inf)

    def height(node: Node) -> float:
        return heights[node] if node.height is None else node.height

    changed = True
    while changed:
        changed = False
        for node in reversed(nodes):
            for kind in node.kinds():
                if kind.clash is None:
                    kind.height = 1 + max((height(need) for need in kind.needs()), default=0)
            least = min((kind.height for kind in node.kinds()), default=math.inf)
            if least < heights[node]:
                heights[node] = least
                changed = True
    for node in nodes:
        node.settle(heights[node])


def _culprit(node: Node) -> tuple[Node, list[str]]:
    """The deepest needed node that has no value for a reason of its own, and the names on the way."""
    path: list[str] = []
    seen = {node}
    while True:
        if any(kind.clash for kind in node.kinds()) or not node.kinds():
            return node, path
        needs = [need for kind in node.kinds() for need in kind.needs() if need.height == math.inf]
        following = next((need for need in needs if need not in seen), None)
        if following is None:
            return node, path
        pointer = node.graph.pointer(node.parts[0].schema) if node.parts else ""
        path.append(pointer or "/")
        seen.add(following)
        node = following
