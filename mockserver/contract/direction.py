"""Documents rewritten for a direction: what a schema asks of a request is not what it asks of a response.

In a request no `readOnly` property is required; in a response no `writeOnly` property is required, and none may appear.
The rewritten copy also has absolute `$ref`s (so it can be registered under another URI) and bounds for the integer
formats, which JSON Schema leaves to annotation. Everything keeps its place, so pointers into the copy are pointers
into the document; parts that need no change are shared, not copied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from mockserver.contract.discriminators import enforced
from mockserver.exceptions import SpecError
from mockserver.spec.loader import Document
from mockserver.spec.references import Library, Resolved

Direction: TypeAlias = Literal["request", "response"]

# Keys whose value maps names to nodes: below them a key is a name, not a keyword.
_NAME_MAPS = """
properties patternProperties $defs definitions dependentSchemas schemas responses headers content callbacks
requestBodies securitySchemes links pathItems paths webhooks variables encoding parameters mapping scopes
"""
NAME_MAPS = frozenset(_NAME_MAPS.split())
# Keys whose value is data, never a schema, whatever it looks like.
DATA_KEYS = frozenset(("example", "examples", "default", "enum", "const", "value"))
_BOUNDS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
_FLAGS = {"request": "readOnly", "response": "writeOnly"}


def uses_direction(node: Any) -> bool:
    """Does any part of a document say `readOnly: true` or `writeOnly: true`?"""
    if isinstance(node, dict):
        if node.get("readOnly") is True or node.get("writeOnly") is True:
            return True
        return any(uses_direction(item) for item in node.values())
    return isinstance(node, list) and any(uses_direction(item) for item in node)


def absolute(uri: str, pointer: str, direction: str) -> str:
    """The reference under which a node of the copy for `direction` is registered."""
    return f"{uri}?{direction}#{quote(pointer, safe='/~')}"


class Rewriter:
    """Rewrites the documents of one library for one direction. `data_of` gives a document in JSON Schema 2020-12."""

    def __init__(self, library: Library, data_of: Callable[[Document], Any], direction: Direction) -> None:
        self._library = library
        self._data_of = data_of
        self._direction = direction
        self._flag = _FLAGS[direction]
        self._inlined: list[tuple[str, str]] = []
        self._targets: dict[tuple[str, str], Resolved | None] = {}

    def rewrite(self, document: Document) -> Any:
        """A copy of the whole document. Documents that it refers to are loaded into the library on the way."""
        return self._node(self._data_of(document), document, frozenset())

    def _node(self, node: Any, document: Document, hidden: frozenset[str]) -> Any:
        if isinstance(node, list):
            return self._list(node, document, frozenset())
        if not isinstance(node, dict):
            return node
        if "properties" in node or "allOf" in node or "$ref" in node:
            hidden = hidden | self._hidden(node, document, set())
        changed: dict[str, Any] = {}
        for key, value in node.items():
            if isinstance(value, (dict, list)) or key == "$ref":
                new = self._value(key, value, document, hidden)
                if new is not value:
                    changed[key] = new
        if node.get("format") in _BOUNDS and isinstance(node.get("type", "integer"), (str, list)):
            changed.update(_bounded(node))
        if "discriminator" in node:
            changed.update(enforced({**node, **changed}))
        return self._inline({**node, **changed}, node, document, hidden) if changed or hidden else node

    def _list(self, nodes: list[Any], document: Document, hidden: frozenset[str]) -> list[Any]:
        copies = [self._node(node, document, hidden) for node in nodes]
        return copies if any(new is not old for new, old in zip(copies, nodes, strict=True)) else nodes

    def _value(self, key: str, value: Any, document: Document, hidden: frozenset[str]) -> Any:
        if key in DATA_KEYS or key.startswith("x-"):
            return value
        if key == "$ref":
            return self._reference(value, document)
        if key == "required" and isinstance(value, list):
            return [name for name in value if name not in hidden] if hidden.intersection(_texts(value)) else value
        if key == "allOf" and isinstance(value, list):
            return self._list(value, document, hidden)
        if key in NAME_MAPS and isinstance(value, dict):
            return self._names(key, value, document)
        return self._node(value, document, frozenset())

    def _names(self, key: str, value: dict[str, Any], document: Document) -> Any:
        changed: dict[str, Any] = {}
        for name, item in value.items():
            new = self._node(item, document, frozenset())
            if key == "properties":
                new = self._property(item, new, document)
            if new is not item:
                changed[name] = new
        return {**value, **changed} if changed else value

    def _property(self, item: Any, new: Any, document: Document) -> Any:
        """`false` is spelled out: jsonschema tells no path for an error of a bare `false`."""
        if self._direction == "response" and self._flagged(item, document, set()):
            return {"not": {}, "writeOnly": True}
        return {"not": {}} if item is False else new

    def _reference(self, ref: Any, document: Document) -> Any:
        found = self._target(ref, document)
        return ref if found is None else absolute(found.document.uri, found.pointer, self._direction)

    def _target(self, ref: Any, document: Document) -> Resolved | None:
        """What a `$ref` means. None when it leads nowhere: `build_contract` reports that, and the schemas that do
        not need it still work."""
        if not isinstance(ref, str):
            return None
        key = (document.uri, ref)
        if key not in self._targets:
            try:
                self._targets[key] = self._library.resolve(ref, document, at="")
            except SpecError:
                self._targets[key] = None
        return self._targets[key]

    def _inline(
        self, copy: dict[str, Any], node: Mapping[str, Any], document: Document, hidden: frozenset[str]
    ) -> dict[str, Any]:
        """When the target of a `$ref` requires what the schema around it hides, the target is copied in its place."""
        target = self._target(node.get("$ref"), document) if hidden else None
        if target is None or (target.document.uri, target.pointer) in self._inlined:
            return copy
        data = self._at(target.document, target.pointer)
        required = self._required(data, target.document, set())
        if not required & (hidden - self._hidden(data, target.document, set())):
            return copy  # it requires nothing of the kind, or hides that itself
        self._inlined.append((target.document.uri, target.pointer))
        inner = self._node(data, target.document, hidden)
        self._inlined.pop()
        rest = {key: value for key, value in copy.items() if key != "$ref"}
        return {**rest, "allOf": [inner, *rest.get("allOf", ())]}

    def _at(self, document: Document, pointer: str) -> Any:
        return at_pointer(self._data_of(document), pointer)

    def _branches(self, node: Any, document: Document, seen: set[tuple[str, str]]) -> list[tuple[Any, Document]]:
        """The schemas that hold beside `node`: the target of its `$ref` and the parts of its `allOf`."""
        found: list[tuple[Any, Document]] = []
        target = self._target(node.get("$ref"), document)
        if target is not None and (target.document.uri, target.pointer) not in seen:
            seen.add((target.document.uri, target.pointer))
            found.append((self._at(target.document, target.pointer), target.document))
        if isinstance(node.get("allOf"), list):
            found += [(part, document) for part in node["allOf"]]
        return found

    def _flagged(self, node: Any, document: Document, seen: set[tuple[str, str]]) -> bool:
        if not isinstance(node, dict):
            return False
        if node.get(self._flag) is True:
            return True
        return any(self._flagged(part, where, seen) for part, where in self._branches(node, document, seen))

    def _hidden(self, node: Any, document: Document, seen: set[tuple[str, str]]) -> frozenset[str]:
        if not isinstance(node, dict):
            return frozenset()
        properties = node.get("properties")
        names = {
            name
            for name, item in (properties.items() if isinstance(properties, dict) else ())
            if self._flagged(item, document, set())
        }
        for part, where in self._branches(node, document, seen):
            names |= self._hidden(part, where, seen)
        return frozenset(names)

    def _required(self, node: Any, document: Document, seen: set[tuple[str, str]]) -> frozenset[str]:
        if not isinstance(node, dict):
            return frozenset()
        names = frozenset(_texts(node.get("required")))
        for part, where in self._branches(node, document, seen):
            names |= self._required(part, where, seen)
        return names


def at_pointer(data: Any, pointer: str) -> Any:
    """The node at a JSON pointer. KeyError when there is none."""
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        try:
            data = data[int(token)] if isinstance(data, list) else data[token]
        except (LookupError, TypeError, ValueError):
            raise KeyError(pointer) from None
    return data


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _bounded(node: Mapping[str, Any]) -> dict[str, Any]:
    low, high = _BOUNDS[node["format"]]
    minimum, maximum = node.get("minimum"), node.get("maximum")
    return {
        "minimum": max(minimum, low) if isinstance(minimum, (int, float)) else low,
        "maximum": min(maximum, high) if isinstance(maximum, (int, float)) else high,
    }
