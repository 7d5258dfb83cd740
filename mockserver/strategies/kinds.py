"""The ways of a node by JSON type."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from mockserver.strategies.arrays import ArrayKind
from mockserver.strategies.drawing import NOTHING
from mockserver.strategies.judging import sameness
from mockserver.strategies.nodes import TYPES, Clash, Facet, Kind, Node, contradiction, ways_of
from mockserver.strategies.numbers import NumberKind
from mockserver.strategies.objects import ObjectKind
from mockserver.strategies.texts import TextKind

if TYPE_CHECKING:
    from mockserver.strategies.drawing import Drawing

#: Keywords that tell, where no type is given, of which type the author thinks.
_HINTS = {
    "object": ("properties", "required", "additionalProperties", "patternProperties", "minProperties"),
    "array": ("items", "prefixItems", "contains", "minItems", "uniqueItems"),
    "string": ("pattern", "format", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
_CLASSES = {"number": NumberKind, "string": TextKind, "array": ArrayKind, "object": ObjectKind}


class ListedKind(Kind):
    """One of few values, all of which keep the schema."""

    def __init__(self, node: Node, word: str, facets: Sequence[Facet], values: Sequence[Any]) -> None:
        super().__init__(node, word, facets)
        self.values = list(values)
        self.ways = len(self.values)
        self.checked = False  # each of them was held against the schema
        self._known = {sameness(value): value for value in self.values}

    def draw(self, drawing: Drawing, depth: int, hint: Any, mark: int = -1) -> Any:
        drawing.spend()
        value = self._known.get(sameness(hint), NOTHING) if drawing.documented and hint is not NOTHING else NOTHING
        if value is NOTHING:
            value = drawing.pick(self.values) if mark < 0 else self.values[mark % len(self.values)]
        return deepcopy(value) if isinstance(value, (list, dict)) else value


class FreeKind(Kind):
    """Any value at all: a small one."""

    def build(self, drawing: Drawing, depth: int, hint: Any) -> Any:
        from mockserver.strategies.texts import small_value

        return small_value(drawing, depth)


def kinds_of(node: Node) -> list[Kind]:
    if node.is_free:
        return [FreeKind(node, "", ())]
    found: list[Kind] = []
    for facets in ways_of(node):
        listed = next((facet for facet in facets if "enum" in facet.data or "const" in facet.data), None)
        if listed is not None:
            found += _listed(node, facets, listed)
            continue
        for word in _types(facets):
            if word in ("null", "boolean"):
                values = [value for value in ((None,) if word == "null" else (False, True)) if node.keeps(value)]
                found += [ListedKind(node, word, facets, values)] if values else []
            else:
                kind = _CLASSES[word](node, word, facets)
                if kind.clash is not None:
                    node.clashes.append(kind.clash)
                else:
                    found.append(kind)
    return found


def _listed(node: Node, facets: Sequence[Facet], listed: Facet) -> list[Kind]:
    values = [value for value in listed.data.get("enum", [listed.data.get("const")]) if node.keeps(value)]
    distinct = list({sameness(value): value for value in values}.values())
    if not distinct:
        keyword = "enum" if "enum" in listed.data else "const"
        others = sorted({key for facet in facets for key in facet.data} - {"enum", "const", "description", "title"})
        beside = f" ({', '.join(others)})" if others else ""
        message = f"no value of `{keyword}` keeps what else is said{beside}"
        node.clashes.append(contradiction(facets) or Clash(message, (listed.data,)))
        return []
    by_type: dict[str, list[Any]] = {}
    words = {bool: "boolean", str: "string", list: "array", dict: "object", type(None): "null"}
    for value in distinct:
        by_type.setdefault(words.get(type(value), "number"), []).append(value)
    return [ListedKind(node, word, facets, values) for word, values in by_type.items()]


def _types(facets: Sequence[Facet]) -> list[str]:
    said = [facet.data["type"] for facet in facets if "type" in facet.data]
    left = [word for word in TYPES if all(_allows(words, word) for words in said)]
    if said:
        return left
    likely = [word for word, keys in _HINTS.items() if any(key in facet.data for key in keys for facet in facets)]
    return [*likely, *(word for word in left if word not in likely)]


def _allows(words: Any, word: str) -> bool:
    listed = [words] if isinstance(words, str) else words
    return word in listed or (word == "number" and "integer" in listed)
