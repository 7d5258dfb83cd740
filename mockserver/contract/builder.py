"""What every part of building a contract needs: following references, and collecting problems instead of raising."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mockserver.contract.direction import DATA_KEYS, NAME_MAPS
from mockserver.contract.schemas import Schema, SchemaSet
from mockserver.exceptions import Problem, SpecError, did_you_mean
from mockserver.spec.loader import Document
from mockserver.spec.references import Library, Resolved, join

EVIDENCE = ("documented", "observed", "assumed")


class Node:
    """A place in a document on the way from OpenAPI's objects to the model. Asking it for a part of the wrong shape
    is reported and answered with an empty one, so that one fault does not hide the next."""

    __slots__ = ("_builder", "data", "document", "pointer")

    def __init__(self, builder: Builder, document: Document, pointer: str, data: Any) -> None:
        self._builder = builder
        self.document = document
        self.pointer = pointer
        self.data = data

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key; the default when this node is no mapping or has no such key."""
        return self.data.get(key, default) if isinstance(self.data, dict) else default

    def text(self, key: str) -> str:
        value = self.get(key, "")
        return value if isinstance(value, str) else str(value)

    def flag(self, key: str, default: bool = False) -> bool:
        """A boolean; anything else is a problem."""
        value = self.get(key, default)
        if not isinstance(value, bool):
            self.problem(f"'{key}' must be true or false", key)
            return default
        return value

    def child(self, *keys: str | int) -> Node:
        """The node below, not followed; its data is None when there is none."""
        data = self.data
        for key in keys:
            if isinstance(data, list) and isinstance(key, int) and key < len(data):
                data = data[key]
            else:
                data = data.get(key) if isinstance(data, dict) else None
        return Node(self._builder, self.document, join(self.pointer, *keys), data)

    def entries(self, key: str, *, extensible: bool = False) -> Iterable[tuple[str, Node]]:
        """The named nodes in the mapping below `key`, references followed.

        In a mapping that OpenAPI lets be extended, `x-…` is an extension and left out. In all others it is a name like
        any other: of a header, say.
        """
        parts = self.get(key)
        if parts is None:
            return
        if not isinstance(parts, dict):
            self.problem(f"'{key}' must be a mapping", key)
            return
        for name in parts:
            if not (extensible and name.startswith("x-")):
                yield name, self.child(key, name).followed()

    def elements(self, key: str) -> Iterable[Node]:
        """The nodes in the list below `key`, references followed."""
        parts = self.get(key)
        if parts is None:
            return
        if not isinstance(parts, list):
            self.problem(f"'{key}' must be a list", key)
            return
        for index in range(len(parts)):
            yield self.child(key, index).followed()

    def followed(self) -> Node:
        """The node at the end of the `$ref`s. A reference to nowhere has been reported; its node is empty."""
        if not isinstance(self.data, dict) or "$ref" not in self.data:
            return self
        found = self._builder.follow(self)
        if found is None:
            return Node(self._builder, self.document, self.pointer, None)
        return Node(self._builder, found.document, found.pointer, found.data)

    def schema(self, key: str) -> Schema | None:
        """A handle on the schema below `key`."""
        if not isinstance(self.data, dict) or key not in self.data:
            return None
        if not isinstance(self.data[key], (dict, bool)):
            self.problem("a schema must be a mapping, true or false", key)
            return None
        return self._builder.schemas.at(self.document, join(self.pointer, key))

    def evidence(self) -> str:
        """The word of `x-evidence`, documented when silent."""
        word = self.get("x-evidence", "documented")
        if word not in EVIDENCE:
            hint = did_you_mean(str(word), EVIDENCE, f"one of {', '.join(EVIDENCE)}")
            self.problem(f"'{word}' is no kind of evidence", "x-evidence", hint=hint)
            return "documented"
        return str(word)

    def problem(self, message: str, *keys: str | int, hint: str = "", at_key: bool = False) -> None:
        pointer = join(self.pointer, *keys) if keys else self.pointer
        self._builder.report(self.document.problem(message, pointer, hint, at_key=at_key))


class Builder:
    """The state of one build: the library, its schemas, and the problems so far."""

    def __init__(self, library: Library, schemas: SchemaSet) -> None:
        self.library = library
        self.schemas = schemas
        self._problems: dict[tuple[str, int, str], Problem] = {}

    @property
    def problems(self) -> list[Problem]:
        """The problems so far, by file and line; the same fault met twice counts once."""
        return sorted(self._problems.values(), key=lambda problem: (problem.file, problem.line, problem.column))

    def report(self, problem: Problem) -> None:
        self._problems.setdefault((problem.file, problem.line, problem.message), problem)

    def root(self, document: Document) -> Node:
        return Node(self, document, "", document.data)

    def follow(self, node: Node) -> Resolved | None:
        try:
            return self.library.follow(node.data, node.document, node.pointer)
        except SpecError as error:
            for problem in error.problems:
                self.report(problem)
            return None

    def check_references(self) -> None:
        """Reports every `$ref` that leads nowhere, in all documents, those loaded on the way included."""
        checked: set[str] = set()
        while missing := [uri for uri in self.library.documents if uri not in checked]:
            for uri in missing:
                checked.add(uri)
                document = self.library.documents[uri]
                for pointer, ref in references(document.data):
                    try:
                        found = self.library.resolve(ref, document, at=pointer)
                        if isinstance(found.data, dict) and "$ref" in found.data:
                            self.library.follow(found.data, found.document, found.pointer)  # is it a circle?
                    except SpecError as error:
                        for problem in error.problems:
                            self.report(problem)


def references(data: Any) -> Iterable[tuple[str, str]]:
    """Every (pointer of the `$ref`, its text) of a document, data inside examples and the like left out."""
    waiting: list[tuple[str, Any, bool]] = [("", data, False)]
    while waiting:
        pointer, node, named = waiting.pop()
        if isinstance(node, Mapping):
            ref = node.get("$ref")
            if isinstance(ref, str) and not named:
                yield join(pointer, "$ref"), ref
            for key, item in node.items():
                if isinstance(item, (dict, list)) and (named or (key not in DATA_KEYS and not key.startswith("x-"))):
                    waiting.append((join(pointer, key), item, not named and key in NAME_MAPS))
        elif isinstance(node, list):
            waiting += [(f"{pointer}/{index}", item, False) for index, item in enumerate(node)]
