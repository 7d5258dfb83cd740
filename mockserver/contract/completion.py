"""What a schema adds to a value (defaults) and what it does not know of it (unknown properties)."""

from __future__ import annotations

import copy
from typing import Any

from mockserver.contract.schemas import Schema
from mockserver.spec.references import join

_DEEPEST_ARRAYS = 20  # arrays of arrays of …: a schema can say that of itself for ever


class Plan:
    """Worked out once per schema, so that a value costs a few dictionary look-ups.

    `known` are the names of its properties, None when any name is welcome or the schema itself refuses further ones;
    `fills` is False when no default can be missing.
    """

    __slots__ = ("_defaults", "_fillable", "_nested", "_read_only", "fills", "item", "known")

    def __init__(self, schema: Schema) -> None:
        self.known: frozenset[str] | None = None
        if not schema.open_properties() and not schema.closed_properties():
            self.known = frozenset(schema.properties())
        item = schema.items()
        self.item = item if item is not None and _structured(item) else None
        own = _own_properties(schema)
        self._defaults = tuple((name, _default(part)) for name, part in own.items() if _has_default(part))
        self._fillable = tuple((name, part) for name, part in own.items() if _structured(part))
        self._nested = tuple((name, part) for name, part in schema.properties().items() if _structured(part))
        self._read_only = frozenset(name for name, part in own.items() if _is_read_only(part))
        self.fills = bool(self._defaults or self._fillable or self.item)

    def complete(self, value: Any) -> Any:
        """The value with defaults filled in; the same object when nothing is missing."""
        return self._complete(value, ()) if self.fills else value

    def strangers(self, value: Any, unknown: list[str], ignored: list[str]) -> None:
        """Add the JSON pointers of properties in `value`: to `unknown` those that the schema neither names nor
        expressly allows, to `ignored` those that are `readOnly`, which a client has no say in."""
        self._strangers(value, "", unknown, ignored)

    def _complete(self, value: Any, inside: tuple[Schema, ...]) -> Any:
        if isinstance(value, dict):
            return self._complete_object(value, inside)
        if isinstance(value, list) and self.item is not None:
            item = self.item.plan()
            items = [item._complete(entry, inside) for entry in value]
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        return value

    def _complete_object(self, value: dict[str, Any], inside: tuple[Schema, ...]) -> dict[str, Any]:
        result = value
        for name, default in self._defaults:
            if name not in value:
                if result is value:
                    result = dict(value)
                result[name] = copy.deepcopy(default) if isinstance(default, (dict, list)) else default
        for name, part in self._fillable:
            if name not in result or (name not in value and part in inside):
                continue  # a default below its own default would never end
            old = result[name]
            new = part.plan()._complete(old, (*inside, part) if name not in value else inside)
            if new is not old:
                if result is value:
                    result = dict(value)
                result[name] = new
        return result

    def _strangers(self, value: Any, pointer: str, unknown: list[str], ignored: list[str]) -> None:
        if isinstance(value, dict):
            if self._read_only and not self._read_only.isdisjoint(value):
                ignored += [join(pointer, name) for name in value if name in self._read_only]
            if self.known is not None and not value.keys() <= self.known:
                unknown += [join(pointer, name) for name in value if name not in self.known]
            for name, part in self._nested:
                if name in value:
                    part.plan()._strangers(value[name], f"{pointer}/{name}", unknown, ignored)
        elif isinstance(value, list) and self.item is not None:
            plan = self.item.plan()
            for index, entry in enumerate(value):
                plan._strangers(entry, f"{pointer}/{index}", unknown, ignored)


def _own_properties(schema: Schema) -> dict[str, Schema]:
    """The properties that hold for every value of the schema: through `$ref` and `allOf`, not through alternatives."""
    found: dict[str, Schema] = {}
    for facet in schema.facets():
        if isinstance(facet.data, dict) and isinstance(facet.data.get("properties"), dict):
            for name in facet.data["properties"]:
                found.setdefault(name, schema.schemas.at(facet.document, join(facet.pointer, "properties", name)))
    return found


def _default(schema: Schema) -> Any:
    return next(facet.data["default"] for facet in schema.facets() if _says(facet, "default"))


def _has_default(schema: Schema) -> bool:
    return any(_says(facet, "default") for facet in schema.facets()) and not _is_read_only(schema)


def _is_read_only(schema: Schema) -> bool:
    return any(facet.data.get("readOnly") is True for facet in schema.facets() if isinstance(facet.data, dict))


def _structured(schema: Schema) -> bool:
    """Can a value of this schema hold properties, at whatever depth of arrays?"""
    for _ in range(_DEEPEST_ARRAYS):
        if schema.properties():
            return True
        item = schema.items()
        if item is None:
            return False
        schema = item
    return True


def _says(schema: Schema, key: str) -> bool:
    return isinstance(schema.data, dict) and key in schema.data
