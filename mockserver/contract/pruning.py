"""What of a value may leave: the members that its schema knows, no null where it wants none, at every depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from mockserver.contract.alternatives import choices_of
from mockserver.contract.schemas import Schema
from mockserver.spec.references import join

Parts: TypeAlias = tuple[Schema, ...]
Kind: TypeAlias = Literal["object", "array"]

_OPENING = ("additionalProperties", "unevaluatedProperties", "patternProperties")


def shape_of(parts: Parts) -> Shape | None:
    """The shape of values that keep all of `parts`; None where nothing can ever have to be left out. The same object
    for the same schemas, so that one which contains itself costs no more than any other."""
    if not parts:
        return None
    known = parts[0].schemas.shapes
    if parts not in known:
        known[parts] = Shape(parts) if _may_lose(parts) else None
    return known[parts]


class Shape:
    """What schemas that hold together have room for. Nothing is worked out before the first value is seen."""

    __slots__ = ("_by_facets", "_facets", "_fixed", "_item", "_looked_up")

    def __init__(self, parts: Parts) -> None:
        self._facets = _facets(parts)
        self._fixed: Members | None = None
        self._item: Shape | None = None
        self._looked_up: set[Kind] = set()
        self._by_facets: dict[tuple[Parts, Parts], Members] = {}

    def pruned(self, value: Any) -> Any:
        """The value as it may leave; nothing is changed in place. Items of lists stay, null or not: they have their
        number."""
        if isinstance(value, dict):
            return self._pruned_object(value)
        if isinstance(value, list):
            if "array" not in self._looked_up:
                self._item = _item_shape(self._facets)
                self._looked_up.add("array")
            item = self._item
            return value if item is None else [item.pruned(entry) for entry in value]
        return value

    def members(self) -> Members | None:
        """The members of an object; None where alternatives make them depend on the value."""
        if "object" not in self._looked_up:
            self._fixed = self._chosen(None)
            self._looked_up.add("object")
        return self._fixed

    def _pruned_object(self, value: dict[str, Any]) -> dict[str, Any]:
        members = self.members() or self._chosen(value)
        assert members is not None
        if members.free:
            return value
        kept: dict[str, Any] = {}
        named, rest = members.named, members.rest
        for name, item in value.items():
            member = named.get(name, rest)
            if member is None:
                continue
            if item is None:
                if member.keeps_null():
                    kept[name] = None
            else:
                shape = member.shape()
                kept[name] = item if shape is None else shape.pruned(item)
        return kept

    def _chosen(self, value: dict[str, Any] | None) -> Members | None:
        """The members that `value` may have, by the alternatives that are meant. Without a value those that any object
        may have, or None when that depends."""
        certain: dict[Schema, None] = dict.fromkeys(self._facets)
        doubtful: dict[Schema, None] = {}
        waiting = list(self._facets)
        while waiting:
            for choice in choices_of(waiting.pop()):
                if value is None and not choice.is_fixed:
                    return None
                found = choice.chosen(value, lambda branch: self._cleaned(value or {}, branch))
                if found is None:
                    doubtful |= dict.fromkeys(choice.all_facets())
                else:
                    new = [facet for branch in found for facet in branch.facets() if facet not in certain]
                    certain |= dict.fromkeys(new)
                    waiting += new
        return self._members_of(tuple(certain), tuple(facet for facet in doubtful if facet not in certain))

    def _members_of(self, certain: Parts, doubtful: Parts) -> Members:
        key = (certain, doubtful)
        if key not in self._by_facets:
            self._by_facets[key] = Members(*key)
        return self._by_facets[key]

    def _cleaned(self, value: dict[str, Any], branch: Schema) -> dict[str, Any]:
        """The value as it would leave if `branch` were the one that is meant, but for what lies deeper."""
        members = self._members_of(_facets((*self._facets, branch)), ())
        kept = {name: members.named.get(name, members.rest) for name in value}
        return {
            name: value[name]
            for name, member in kept.items()
            if member is not None and (value[name] is not None or member.keeps_null())
        }


class Member:
    """One member of an object: what its value must keep. In `doubt` it keeps one of the parts, nobody knows which."""

    __slots__ = ("_doubt", "_keeps_null", "_parts", "_required", "_shape")

    def __init__(self, parts: Parts, required: bool = False, doubt: bool = False) -> None:
        self._parts, self._required, self._doubt = parts, required, doubt
        self._keeps_null: bool | None = None
        self._shape: Shape | Literal[False] | None = False  # not looked up yet

    def keeps_null(self) -> bool:
        """Whether null may leave. A member that is required stays as it is: the check of the answer says so then."""
        if self._keeps_null is None:
            allowed = map(_allows_null, self._parts)
            self._keeps_null = self._required or (any(allowed) if self._doubt else all(allowed))
        return self._keeps_null

    def shape(self) -> Shape | None:
        """What the member's own value may have."""
        if self._shape is False:
            self._shape = None if self._doubt else shape_of(self._parts)
        return self._shape


class Members:
    """The members of an object by name (None: one that must not leave); `rest` is what all others are (None: they must
    not leave); `free`: any object may leave as it is."""

    __slots__ = ("free", "named", "rest")

    def __init__(self, certain: Parts, doubtful: Parts) -> None:
        parts, perhaps = _properties(certain), _properties(doubtful)
        required = {name for facet in certain for name in _texts(facet, "required")}
        self.named: dict[str, Member | None] = {}
        for name in (*parts, *(name for name in perhaps if name not in parts)):
            found = parts.get(name) or perhaps[name]
            hidden = any(map(_never_leaves, found))
            self.named[name] = None if hidden else Member(tuple(found), name in required, doubt=name not in parts)
        self.rest = _rest(certain, doubtful, bool(self.named))
        self.free = not self.named and self.rest is _ANY


_ANY = Member(())


class _Said(NamedTuple):
    """What a facet says of members that it does not name."""

    facet: Schema
    key: str
    value: Any


def _rest(certain: Parts, doubtful: Parts, named: bool) -> Member | None:
    said = [each for facet in (*certain, *doubtful) for each in _sayings(facet)]
    sure = set(certain)
    if any(each.value is False and each.facet in sure for each in said):
        return None
    said = [each for each in said if each.value is not False]
    if not said:
        return None if named else _ANY
    if any(each.key == "patternProperties" or each.value in (True, {}) for each in said):
        return _ANY
    parts = tuple(each.facet.schemas.at(each.facet.document, join(each.facet.pointer, each.key)) for each in said)
    return Member(parts, doubt=any(each.facet not in sure for each in said))


def _sayings(facet: Schema) -> Iterator[_Said]:
    data = facet.data
    if isinstance(data, dict):
        yield from (_Said(facet, key, data[key]) for key in _OPENING if key in data)


def _facets(parts: Sequence[Schema]) -> Parts:
    return tuple(dict.fromkeys(facet for part in parts for facet in part.facets()))


def _properties(facets: Parts) -> dict[str, list[Schema]]:
    found: dict[str, list[Schema]] = {}
    for facet in facets:
        named = facet.data.get("properties") if isinstance(facet.data, dict) else None
        for name in named if isinstance(named, dict) else ():
            part = facet.schemas.at(facet.document, join(facet.pointer, "properties", name))
            found.setdefault(name, []).append(part)
    return found


def _item_shape(facets: Parts) -> Shape | None:
    """The shape of the items of an array; None where they stay as they are."""
    found: dict[Schema, None] = {}
    waiting = list(facets)
    seen = set(facets)
    while waiting:
        facet = waiting.pop(0)
        data = facet.data if isinstance(facet.data, dict) else {}
        if "prefixItems" in data:
            return None
        if isinstance(data.get("items"), dict):
            found[facet.schemas.at(facet.document, join(facet.pointer, "items"))] = None
        for choice in choices_of(facet):
            arrays = choice.candidates("array")
            if len(arrays) > 1:
                return None  # which is meant cannot be seen without looking at all items
            new = [each for branch in arrays for each in branch.facets() if each not in seen]
            seen.update(new)
            waiting += new
    return shape_of(tuple(found))


def _may_lose(parts: Parts) -> bool:
    """Whether a value, or an item at whatever depth of arrays and maps, can have a member that must not leave."""
    waiting, seen = list(parts), set(parts)
    while waiting:
        for facet in waiting.pop().facets(alternatives=True):
            data = facet.data if isinstance(facet.data, dict) else {}
            if "properties" in data:
                return True
            for key in ("items", "additionalProperties", "unevaluatedProperties"):
                if data.get(key) is False and key != "items":
                    return True
                if not isinstance(data.get(key), dict):
                    continue
                inner = facet.schemas.at(facet.document, join(facet.pointer, key))
                if key != "items" and (types := inner.possible_types()) and "null" not in types:
                    return True
                if inner not in seen:
                    seen.add(inner)
                    waiting.append(inner)
    return False


def _allows_null(part: Schema) -> bool:
    types = part.types()
    if types:
        return "null" in types
    return part.data in (True, {}) or part.is_valid(None, direction="response")


def _never_leaves(part: Schema) -> bool:
    """Only a client may send it, or nobody."""
    data = part.resolved().data
    return data is False or (isinstance(data, Mapping) and data.get("writeOnly") is True)


def _texts(facet: Schema, key: str) -> list[str]:
    found = facet.data.get(key) if isinstance(facet.data, dict) else None
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
