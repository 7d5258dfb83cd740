"""Schemas as trees of what a client can send: the properties of a value, and the values of its enums."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import orjson

from mockserver.contract.schemas import Schema
from mockserver.engine.json_text import dumps
from mockserver.spec.references import join

_DEEPEST = 32  # levels of a value
_MOST = 2_000  # members of one value: a schema of a few lines can say more than anybody counts


class Counted(Protocol):
    """Gives what can be touched its number: `dimension` is fields or values, `name` how it is called, `schema` and
    `pointer` say where the contract has it."""

    def __call__(self, dimension: str, name: str, schema: Schema, pointer: str) -> int: ...


class Member:
    """A place in a value. `own` is the number of its field (-1: it is none), `values` those of the values of its enum,
    `fields` and `item` are the places below it."""

    __slots__ = ("fields", "item", "own", "values")

    def __init__(self, own: int = -1) -> None:
        self.own = own
        self.values: dict[str, int] = {}
        self.fields: dict[str, Member] = {}
        self.item: Member | None = None

    def touch(self, value: Any, found: Callable[[int], object]) -> None:
        """Tell the numbers of all that a value holds."""
        if self.own >= 0:
            found(self.own)
        if self.values and (number := self.values.get(_key(value))) is not None:
            found(number)
        if isinstance(value, dict):
            for name, below in self.fields.items():
                if name in value:
                    below.touch(value[name], found)
        elif isinstance(value, list) and self.item is not None:
            for each in value:
                self.item.touch(each, found)

    def __bool__(self) -> bool:
        return bool(self.values or self.fields or self.item)


def members_of(schema: Schema, name: str, count: Counted, *, flat: bool = False) -> Member:
    """The tree of a schema; `name` is what the value as a whole is called. What is readOnly is left out, and a schema
    that holds itself is followed once. A `flat` value has no members within members, as forms have none."""
    return _Growth(name, count, flat).member([schema], "", Member(), ())


class _Growth:
    def __init__(self, name: str, count: Counted, flat: bool) -> None:
        self._name, self._count, self._flat, self._left = name, count, flat, _MOST

    def member(self, schemas: Sequence[Schema], pointer: str, member: Member, inside: tuple[Schema, ...]) -> Member:
        """Fill in what is below a place. `schemas` are all that speak of it, `inside` those that lead there."""
        facets = _facets(schemas)
        self._values(facets, pointer, member)
        speaking = [each for each in facets if "properties" in each.data or "items" in each.data]
        if pointer.count("/") > _DEEPEST or all(each in inside for each in speaking):
            return member  # it goes no further, or round in a circle
        inside = (*inside, *speaking)
        properties = {} if self._flat and pointer else _properties(speaking)
        for name, parts in properties.items():
            if self._left <= 0:
                break
            if not any(_flag(part, "readOnly") for part in parts):
                self._left -= 1
                below = join(pointer, name)
                number = self._count("fields", f"{self._name} {below}", parts[0], parts[0].pointer)
                member.fields[name] = self.member(parts, below, Member(number), inside)
        items = [
            each.schemas.at(each.document, join(each.pointer, "items"))
            for each in speaking
            if isinstance(each.data.get("items"), dict)
        ]
        if items:
            member.item = self.member(items, f"{pointer}/*", Member(), inside) or None
        return member

    def _values(self, facets: Iterable[Schema], pointer: str, member: Member) -> None:
        told: dict[str, tuple[Any, Schema]] = {}
        for facet in facets:
            listed = facet.data.get("enum")
            for value in listed if isinstance(listed, list) else ():
                told.setdefault(_key(value), (value, facet))
        if len(told) < 2:
            return  # one value is a constant: who sends the field sends it
        place = f"{self._name} {pointer}" if pointer else self._name
        for key, (value, facet) in told.items():
            name = f"{place} = {_shown(value)}"
            member.values[key] = self._count("values", name, facet, join(facet.pointer, "enum"))


def evidence_of(schema: Schema) -> str:
    """How well a schema is known, as far as it says so; empty when it does not."""
    said = (facet.data.get("x-evidence") for facet in _facets([schema], alternatives=False))
    return str(next(filter(None, said), ""))


def is_deprecated(schema: Schema) -> bool:
    """Whether a schema says that it goes away."""
    return _flag(schema, "deprecated")


def _facets(schemas: Iterable[Schema], *, alternatives: bool = True) -> list[Schema]:
    ordered = {facet: None for schema in schemas for facet in schema.facets(alternatives=alternatives)}
    return [facet for facet in ordered if isinstance(facet.data, dict)]


def _properties(facets: Iterable[Schema]) -> dict[str, list[Schema]]:
    """All that is said of each property. One that is forbidden (`false`) is none."""
    found: dict[str, list[Schema]] = {}
    for facet in facets:
        properties = facet.data.get("properties")
        for name, data in properties.items() if isinstance(properties, dict) else ():
            if data is not False:
                part = facet.schemas.at(facet.document, join(facet.pointer, "properties", name))
                found.setdefault(name, []).append(part)
    return found


def _flag(schema: Schema, name: str) -> bool:
    return any(facet.data.get(name) is True for facet in _facets([schema], alternatives=False))


def _key(value: Any) -> str:
    """What is the same for values that JSON Schema calls equal."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value == value // 1:
        value = int(value)
    if isinstance(value, bytes):
        return ""
    return f"\0{_dumps(value)}"


def _shown(value: Any) -> str:
    """A value in words: text as it is, unless it looks like something else."""
    if not isinstance(value, str):
        return _dumps(value)
    try:
        orjson.loads(value)
    except ValueError:
        return value if value.strip() == value and value else _dumps(value)
    return _dumps(value)


def _dumps(value: Any) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:
        return dumps(value).decode()
