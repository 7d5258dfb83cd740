"""Schemas as handles: where a schema stands, what it says, and whether a value keeps it.

Nothing is dereferenced or compiled before it is asked for. Valid or not is answered by jsonschema-rs, compiled once
per schema and direction; why not is answered by `explain`, which costs a thousand times as much.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mockserver.contract.direction import Direction, Rewriter, absolute, at_pointer, uses_direction
from mockserver.contract.values import FORMATS, as_json
from mockserver.contract.violations import Violation
from mockserver.exceptions import Problem, SpecError
from mockserver.spec.loader import Document
from mockserver.spec.references import Library, join

if TYPE_CHECKING:
    from mockserver.contract.alternatives import Choice
    from mockserver.contract.completion import Plan
    from mockserver.contract.pruning import Shape

__all__ = ["Schema", "SchemaSet", "Violation", "plain_validator"]

_ANNOTATIONS = frozenset(
    ("type", "title", "description", "example", "examples", "default", "deprecated", "externalDocs", "xml", "$comment")
)
_FREE_FORMATS = frozenset(("password", "binary"))
_TYPE_OF = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


class SchemaSet:
    """All schemas of one library. `translate` turns a whole document into JSON Schema 2020-12 (OpenAPI 3.0)."""

    def __init__(self, library: Library, translate: Callable[[Any], Any] = lambda data: data) -> None:
        self.library = library
        self._translate = translate
        self._translated: dict[str, Any] = {}
        self._handles: dict[tuple[str, str], Schema] = {}
        self._rewritten: dict[Direction, dict[str, Any]] = {}
        self._registries: dict[Direction, Any] = {}
        self._directed: tuple[int, bool] = (0, False)
        self._explainers: dict[tuple[Direction, int], Any] = {}
        self._lock = threading.RLock()
        #: What `pruning.shape_of` and `alternatives.choices_of` have worked out.
        self.shapes: dict[tuple[Schema, ...], Shape | None] = {}
        self.choices: dict[Schema, tuple[Choice, ...]] = {}

    def at(self, document: Document, pointer: str) -> Schema:
        """The schema at a JSON pointer of a document; the same handle every time."""
        key = (document.uri, pointer)
        handle = self._handles.get(key)
        if handle is None:
            handle = self._handles[key] = Schema(self, document, pointer)
        return handle

    def data_of(self, document: Document) -> Any:
        """The document in JSON Schema 2020-12 terms; the same object every time."""
        if document.uri not in self._translated:
            self._translated[document.uri] = self._translate(document.data)
        return self._translated[document.uri]

    def rewritten(self, direction: Direction) -> Mapping[str, Any]:
        """Every document of the library as it reads in a direction, by URI."""
        with self._lock:
            direction = self.effective(direction)
            documents = self._rewritten.setdefault(direction, {})
            while missing := [uri for uri in self.library.documents if uri not in documents]:
                rewriter = Rewriter(self.library, self.data_of, direction)
                for uri in missing:  # rewriting one may load others, so the loop goes on until none is new
                    documents[uri] = rewriter.rewrite(self.library.documents[uri])
                self._registries.pop(direction, None)
            return documents

    def effective(self, direction: Direction) -> Direction:
        """`request` for both directions when no document tells them apart: one registry and half the compiling."""
        if direction == "response" and not self._is_directed():
            return "request"
        return direction

    def reference(self, document: Document, pointer: str, direction: Direction) -> str:
        """The absolute `$ref` of a node in the registry of a direction."""
        return absolute(document.uri, pointer, self.effective(direction))

    def compile(self, document: Document, pointer: str, direction: Direction) -> Callable[[Any], bool]:
        """Valid or not, as fast as can be. SpecError when the schema itself is wrong."""
        import jsonschema_rs

        try:
            with self._lock:
                documents = self.rewritten(direction)
                direction = self.effective(direction)
                registry = self._registries.get(direction)
                if registry is None:
                    resources = [(f"{uri}?{direction}", data) for uri, data in documents.items()]
                    registry = self._registries[direction] = jsonschema_rs.Registry(resources)
            validator = jsonschema_rs.Draft202012Validator(
                {"$ref": absolute(document.uri, pointer, direction)},
                registry=registry,
                validate_formats=True,
                formats=FORMATS,
            )
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            reason = str(error).split("\n", 1)[0]
            raise SpecError(document.problem(f"the schema cannot be used: {reason}", pointer)) from None
        return validator.is_valid

    def explainer(self, direction: Direction, make: Callable[[], Any]) -> Any:
        """What explains failures in a direction, made once for the documents that are loaded."""
        with self._lock:
            key = (self.effective(direction), len(self.rewritten(direction)))
            if key not in self._explainers:
                self._explainers[key] = make()
            return self._explainers[key]

    def _is_directed(self) -> bool:
        self.rewritten("request")  # loads every document that a $ref reaches
        size = len(self.library.documents)
        if self._directed[0] != size:
            found = any(uses_direction(self.data_of(document)) for document in self.library.documents.values())
            self._directed = (size, found)
        return self._directed[1]


class Schema:
    """A handle on one schema. Equal when document and pointer are; cheap to make, answers are remembered."""

    __slots__ = ("_data", "_hash", "_memo", "_set", "_valid", "document", "pointer")

    def __init__(self, schemas: SchemaSet, document: Document, pointer: str) -> None:
        self._set = schemas
        self.document = document
        self.pointer = pointer
        self._data = at_pointer(schemas.data_of(document), pointer)
        self._hash = hash((document.uri, pointer))
        self._valid: dict[str, Callable[[Any], bool]] = {}
        self._memo: dict[str, Any] = {}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Schema):
            return NotImplemented
        return self.pointer == other.pointer and self.document.uri == other.document.uri

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Schema({self.document.file}#{self.pointer})"

    @property
    def data(self) -> Any:
        """The schema as the document has it, in JSON Schema 2020-12 terms."""
        return self._data

    @property
    def schemas(self) -> SchemaSet:
        """The set that this handle belongs to."""
        return self._set

    def is_valid(self, value: Any, *, direction: Direction) -> bool:
        """Does the value keep the schema? Bytes count as strings. SpecError when the schema itself is wrong."""
        try:
            return (self._valid.get(direction) or self.validator(direction))(value)
        except ValueError:  # what no JSON text can hold: bytes, lone surrogates, keys that are not text
            return self.validator(direction)(as_json(value))

    def validator(self, direction: Direction) -> Callable[[Any], bool]:
        """The bare check for the hot path: the value must be made of JSON types only."""
        compiled = self._valid.get(direction)
        if compiled is None:
            compiled = self._valid[direction] = self._set.compile(self.document, self.pointer, direction)
        return compiled

    def explain(self, value: Any, *, direction: Direction, location: str) -> list[Violation]:
        """Why a value does not keep the schema, most helpful first, at most 20; empty when it does."""
        if self.is_valid(value, direction=direction):
            return []
        from mockserver.contract.explain import explain

        return explain(self, as_json(value), direction=direction, location=location)

    def resolved(self) -> Schema:
        """The schema at the end of its `$ref`s; itself without one. SpecError for a reference to nowhere."""
        found: Schema | None = self._memo.get("resolved")
        if found is None:
            end = self._set.library.follow(self._data, self.document, self.pointer)
            found = self._memo["resolved"] = self._set.at(end.document, end.pointer)
        return found

    def facets(self, *, alternatives: bool = False) -> tuple[Schema, ...]:
        """This schema and all that hold with it: through `$ref` and `allOf`, and with `alternatives` those that may."""
        key = "alternatives" if alternatives else "facets"
        found: tuple[Schema, ...] | None = self._memo.get(key)
        if found is None:
            ordered: dict[Schema, None] = {}
            self._collect(ordered, ("allOf", "oneOf", "anyOf") if alternatives else ("allOf",))
            found = self._memo[key] = tuple(ordered)
        return found

    def types(self) -> frozenset[str]:
        """The JSON types that the schema declares, through `$ref` and `allOf`; empty when any will do."""
        found: frozenset[str] | None = None
        for facet in self.facets():
            declared = _declared_types(facet.data)
            if declared:
                found = declared if found is None else _common(found, declared)
        return found or frozenset()

    def possible_types(self) -> frozenset[str]:
        """The types that a value can have, read from `oneOf`, `anyOf`, `enum` and `const` too; empty when any."""
        found: frozenset[str] | None = self._memo.get("possible")
        if found is None:
            found = self.types()
            if not found:
                for facet in self.facets(alternatives=True):
                    found |= _declared_types(facet.data) or _listed_types(facet.data)
            self._memo["possible"] = found
        return found

    def properties(self) -> Mapping[str, Schema]:
        """The properties that the schema names, through `$ref`, `allOf`, `oneOf` and `anyOf`."""
        found: dict[str, Schema] | None = self._memo.get("properties")
        if found is None:
            found = self._memo["properties"] = {}
            for facet in self.facets(alternatives=True):
                for name in _mapping(facet.data, "properties"):
                    if name not in found:
                        found[name] = self._set.at(facet.document, join(facet.pointer, "properties", name))
        return found

    def items(self) -> Schema | None:
        """The schema of the items of an array, None when it gives none."""
        if "items" not in self._memo:
            places = (facet for facet in self.facets(alternatives=True) if isinstance(facet.data, dict))
            owner = next((facet for facet in places if isinstance(facet.data.get("items"), (dict, bool))), None)
            self._memo["items"] = owner and self._set.at(owner.document, join(owner.pointer, "items"))
        found: Schema | None = self._memo["items"]
        return found

    def closed_properties(self) -> bool:
        """True when properties that the schema does not name are forbidden."""
        return any(
            isinstance(facet.data, dict)
            and (facet.data.get("additionalProperties") is False or facet.data.get("unevaluatedProperties") is False)
            for facet in self.facets()
        )

    def open_properties(self) -> bool:
        """True when further properties are expressly welcome, or the schema names no property at all."""
        if self.closed_properties():
            return False
        named = False
        for facet in self.facets(alternatives=True):
            if not isinstance(facet.data, dict):
                continue
            named = named or "properties" in facet.data
            for key in ("additionalProperties", "unevaluatedProperties", "patternProperties"):
                if key in facet.data and facet.data[key] is not False:
                    return True
        return not named

    def accepts_any_string(self) -> bool:
        """True for `{type: string}` with nothing that a text could break."""
        return self.types() == {"string"} and all(
            isinstance(facet.data, dict)
            and all(
                key in _ANNOTATIONS
                or key in ("$ref", "allOf", "readOnly", "writeOnly")
                or key.startswith("x-")
                or (key == "format" and facet.data[key] in _FREE_FORMATS)
                for key in facet.data
            )
            for facet in self.facets()
        )

    def with_defaults(self, value: Any) -> Any:
        """The value with absent properties filled from their `default`; the same object when nothing is absent.

        The input stays untouched. Goes through `properties` and `items`, not into alternatives; `readOnly` properties
        are the server's to fill.
        """
        return self.plan().complete(value)

    def plan(self) -> Plan:
        """What completing a value and finding its unknown properties takes, worked out once."""
        found: Plan | None = self._memo.get("plan")
        if found is None:
            from mockserver.contract.completion import Plan

            found = self._memo["plan"] = Plan(self)
        return found

    def _collect(self, ordered: dict[Schema, None], keys: tuple[str, ...]) -> None:
        if self in ordered:
            return
        ordered[self] = None
        for part in self._parts(keys):
            part._collect(ordered, keys)

    def _parts(self, keys: tuple[str, ...]) -> Iterator[Schema]:
        if not isinstance(self._data, dict):
            return
        ref = self._data.get("$ref")
        if isinstance(ref, str):
            target = self._set.library.resolve(ref, self.document, at=join(self.pointer, "$ref"))
            yield self._set.at(target.document, target.pointer)
        for key in keys:
            parts = self._data.get(key)
            for index in range(len(parts) if isinstance(parts, list) else 0):
                yield self._set.at(self.document, join(self.pointer, key, index))


def plain_validator(data: Any) -> Callable[[Any], bool]:
    """The check of a schema (JSON Schema 2020-12) that stands in no document. SpecError when the schema is wrong."""
    import jsonschema_rs

    def refuse(uri: str) -> Any:
        raise ValueError("nothing is fetched over the network")

    try:
        return jsonschema_rs.Draft202012Validator(
            data, validate_formats=True, formats=FORMATS, retriever=refuse
        ).is_valid
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        reason = str(error).split("\n", 1)[0]
        raise SpecError(Problem(f"the schema cannot be used: {reason}")) from None


def _mapping(data: Any, key: str) -> Mapping[str, Any]:
    found = data.get(key) if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}


def _declared_types(data: Any) -> frozenset[str]:
    word = data.get("type") if isinstance(data, dict) else None
    if isinstance(word, str):
        return frozenset((word,))
    return frozenset(item for item in word if isinstance(item, str)) if isinstance(word, list) else frozenset()


def _listed_types(data: Any) -> frozenset[str]:
    if not isinstance(data, dict):
        return frozenset()
    listed = data.get("enum", [data["const"]] if "const" in data else [])
    return frozenset(_TYPE_OF.get(type(item), "null") for item in (listed if isinstance(listed, list) else []))


def _common(left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
    both = left & right
    if ("integer" in left and "number" in right) or ("number" in left and "integer" in right):
        both |= {"integer"}
    return both or left
