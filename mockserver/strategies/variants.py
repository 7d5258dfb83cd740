"""The finite list of what a value can look like: one thing different from a base, and its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson
from hypothesis import Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException, UnsatisfiedAssumption

from mockserver.contract.direction import Direction
from mockserver.contract.schemas import Schema
from mockserver.exceptions import UsageError
from mockserver.strategies.drawing import NOTHING, Drawing, Quick, Source
from mockserver.strategies.formats import Declared
from mockserver.strategies.graph import Part
from mockserver.strategies.judging import sameness
from mockserver.strategies.kinds import ListedKind
from mockserver.strategies.places import Place, changed, places
from mockserver.strategies.schemas import Plan, Version, plan_of

_FIND = settings(max_examples=50, database=None, derandomize=True, deadline=None, phases=[Phase.generate])

_THERE = 65  # the mark of what is there and as in its example


class Variant(NamedTuple):
    """A valid value; `name` says in which one thing it differs from the base: `without payload.tracking`,
    `payload.kind = custom`. The base itself is called `base`."""

    name: str
    value: Any


class Fullest(Drawing):
    """Draws the same value always: all that may be there, the first of each choice."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        super().__init__(None, "documented")
        self._found: dict[int, Any] = {}

    def of(self, strategy: Source[Any]) -> Any:
        if isinstance(strategy, Quick):
            return strategy.drawn(self)
        if id(strategy) not in self._found:
            self._found[id(strategy)] = (find(strategy, lambda value: bool(value) or True, settings=_FIND), strategy)
        return self._found[id(strategy)][0]

    def number(self, most: int) -> int:
        return most

    def pick(self, values: Any) -> Any:
        return values[0]

    def wants(self, likely: bool) -> bool:
        return True

    def marks(self, there: int, which: int, states: int) -> bytes:
        return bytes((_THERE,)) * there + bytes(which)

    def raw(self, least: int, most: int) -> bytes:
        return bytes(least)

    def whole(self, low: int, high: int, edges: dict[int, float] | None = None) -> int:
        return min(max(low, 0), high)


def variants(
    schema: dict[str, Any] | bool | Schema,
    *,
    base: Any = NOTHING,
    version: Version = "3.1",
    formats: Mapping[str, Declared] | None = None,
    direction: Direction | None = None,
) -> list[Variant]:
    """The base with all that it may have, then for each optional member one without it, for each further listed value
    one with that, null and the empty list where they may stand. All of them keep the schema; the order is that of the
    base. `base` is a value to start from: what it lacks is added. UsageError when no value keeps the schema.
    """
    plan = plan_of(schema, version=version, formats=formats, direction=direction).checked()
    whole = fullest(plan, base)
    found = [Variant("base", whole)]
    for place in places(plan.node, whole, first_items=True):
        found += _of_place(plan, whole, place)
    return found


def fullest(plan: Plan, base: Any = NOTHING) -> Any:
    """A value with every member that it may have, near to `base`. The same one always."""
    try:
        value = plan.node.draw(Fullest(), 0, base)
    except UnsatisfiedAssumption:
        value = base
    if plan.is_valid(value):
        return value
    if base is not NOTHING and plan.is_valid(base):
        return base
    drawn = st.composite(lambda draw: plan.draw(Drawing(draw, "documented"), base))()
    try:
        return find(drawn, lambda value: True, settings=_FIND)
    except HypothesisException as error:
        raise UsageError(f"no value of {plan} could be built: {error}") from None


def _of_place(plan: Plan, whole: Any, place: Place) -> Iterator[Variant]:
    path, name = place.path, place.name
    if path and not place.required:
        without = _adapted(plan, whole, path, None, remove=True)
        if without is not None:
            yield Variant(f"without {name}", without[0])
    here = name or "value"
    for value in _others(place):
        found = _adapted(plan, whole, path, value, remove=False)
        if found is not None:
            yield Variant(f"{here} = {_shown(value)}", found[0])


def _others(place: Place) -> Iterator[Any]:
    said = sameness(place.value)
    kinds = [kind for node in (place.node, *place.others) for kind in node.possible()]
    listed = [value for kind in kinds if isinstance(kind, ListedKind) for value in kind.values]
    if isinstance(place.value, list) and place.value and place.node.keeps([]):
        listed.append([])
    seen = {said}
    for value in listed:
        key = sameness(value)
        if key not in seen:
            seen.add(key)
            yield value


def _adapted(plan: Plan, whole: Any, path: tuple[str | int, ...], new: Any, *, remove: bool) -> tuple[Any] | None:
    """The value with the change; where that alone breaks the schema, the rest follows the change."""
    simple = changed(whole, path, new, remove=remove)
    if plan.is_valid(simple):
        return (simple,)
    pinned = plan.graph.part(_pinned(path, new, remove), plan.graph.root.scope)
    node = plan.graph.node([plan.graph.root, Part(plan.graph, pinned.schema, pinned.scope, False)])
    if not node.possible():
        return None
    try:
        value = node.draw(Fullest(), 0, simple)
    except UnsatisfiedAssumption:
        return None
    return (value,) if plan.is_valid(value) else None


def _pinned(path: tuple[str | int, ...], new: Any, remove: bool) -> Any:
    schema: Any = False if remove else {"const": new}
    for depth, token in reversed(list(enumerate(path))):
        if isinstance(token, int):
            schema = {"prefixItems": [*[True] * token, schema], "minItems": token + 1}
        else:
            gone = remove and depth == len(path) - 1
            schema = {"properties": {token: schema}, **({} if gone else {"required": [token]})}
    return schema


def _shown(value: Any) -> str:
    return value if isinstance(value, str) and value else orjson.dumps(value).decode()
