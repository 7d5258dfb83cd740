"""Where schemas stand, what their references mean, and one node for each set of schemas that hold together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from urllib.parse import unquote, urldefrag, urljoin

from mockserver.contract.direction import DATA_KEYS, NAME_MAPS, Direction, at_pointer
from mockserver.contract.schemas import Schema
from mockserver.exceptions import UsageError
from mockserver.spec.references import join

if TYPE_CHECKING:
    from mockserver.strategies.nodes import Node

_ROOT = "mockserver:schema"


class Scope(NamedTuple):
    """What a `$ref` is read against, and the resources that were entered on the way (for `$dynamicRef`)."""

    base: str
    entered: tuple[str, ...] = ()


class Part:
    """One schema where it stands, or what is not that schema. Made by `Graph.part`, so the same one is one object."""

    __slots__ = ("graph", "key", "negated", "schema", "scope")

    def __init__(self, graph: Graph, schema: Any, scope: Scope, negated: bool) -> None:
        self.graph, self.schema, self.scope, self.negated = graph, schema, scope, negated
        self.key = (id(schema), scope, negated)

    def sub(self, schema: Any) -> Part:
        """A schema inside this one."""
        return schema if isinstance(schema, Part) else self.graph.part(schema, self.scope)

    def inverse(self) -> Part:
        return self.graph.part(self.schema, self.scope, negated=not self.negated)

    @property
    def allows_all(self) -> bool:
        return self.schema is (not self.negated)

    @property
    def allows_nothing(self) -> bool:
        return self.schema is self.negated

    @property
    def data(self) -> Mapping[str, Any]:
        return self.schema if isinstance(self.schema, dict) else {}


Places: TypeAlias = Callable[[str, Scope], tuple[Any, Scope]]


class Graph:
    """The schemas that a root reaches. `places` says what a reference means."""

    def __init__(self, root: Any, references: References, *, formats: Mapping[str, Any], direction: str) -> None:
        self.references = references
        self.formats = formats
        self.direction = direction
        self.texts: dict[Any, Any] = {}  # strategies and patterns, by what they are made from
        self._parts: dict[tuple[int, Scope, bool], Part] = {}
        self._nodes: dict[frozenset[Any], Node] = {}
        self.root = self.part(root, references.start())

    def part(self, schema: Any, scope: Scope, *, negated: bool = False) -> Part:
        if isinstance(schema, Part):
            return schema.inverse() if negated else schema
        scope = self.references.entering(schema, scope)
        key = (id(schema), scope, negated)
        if key not in self._parts:
            self._parts[key] = Part(self, schema, scope, negated)  # it keeps the schema, so that its id stays taken
        return self._parts[key]

    def target(self, part: Part, keyword: str) -> Part:
        """What the `$ref` or `$dynamicRef` of a part means. UsageError when it leads nowhere."""
        schema, scope = self.references.resolve(part.schema[keyword], part.scope, dynamic=keyword == "$dynamicRef")
        return self.part(schema, scope)

    def node(self, parts: Iterable[Part]) -> Node:
        """The node of values that keep all parts; the same one for the same parts."""
        from mockserver.strategies.nodes import Node

        kept = {part.key: part for part in parts if not part.allows_all}
        key = frozenset(kept)
        if key not in self._nodes:
            self._nodes[key] = Node(self, tuple(kept.values()))
        return self._nodes[key]

    def pointer(self, schema: Any) -> str:
        """The JSON pointer of a schema below the root, for messages; of one that was made up here, that of the root."""
        return self.references.pointer(schema)


class References:
    """References within a plain schema: JSON pointers, `$id`, `$anchor`, `$dynamicAnchor`. Nothing is fetched."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._base_of: dict[int, str] = {}
        self._resources: dict[str, Any] = {_ROOT: root}
        self._anchors: dict[tuple[str, str], Any] = {}
        self._dynamic: dict[tuple[str, str], Any] = {}
        for node, base in subschemas(root, _ROOT):
            self._base_of[id(node)] = base
            self._resources.setdefault(base, node)
            for keyword, names in (("$anchor", self._anchors), ("$dynamicAnchor", self._dynamic)):
                if isinstance(node.get(keyword), str):
                    names[(base, node[keyword])] = node

    def start(self) -> Scope:
        base = self._base_of.get(id(self._root), _ROOT)
        return Scope(base, (base,) if self._dynamic else ())

    def entering(self, schema: Any, scope: Scope) -> Scope:
        base = self._base_of.get(id(schema), scope.base)
        if base == scope.base and (base in scope.entered or not self._dynamic):
            return scope
        new = base not in scope.entered and bool(self._dynamic)
        return Scope(base, (*scope.entered, base) if new else scope.entered)

    def resolve(self, ref: Any, scope: Scope, *, dynamic: bool) -> tuple[Any, Scope]:
        whole = scope.base + ref if isinstance(ref, str) and ref.startswith("#") else urljoin(scope.base, str(ref))
        uri, fragment = urldefrag(whole)
        fragment = unquote(fragment)
        resource = self._resources.get(uri)
        if resource is None:
            hint = "nothing is fetched: give the schema under `$defs`"
            raise UsageError(f"the $ref '{ref}' leads out of the schema", hint)
        if fragment and not fragment.startswith("/"):
            found = self._anchors.get((uri, fragment), self._dynamic.get((uri, fragment)))
            if dynamic and (uri, fragment) in self._dynamic:
                outermost = (base for base in scope.entered if (base, fragment) in self._dynamic)
                found = self._dynamic[(next(outermost, uri), fragment)]
            if found is None:
                raise UsageError(f"the $ref '{ref}' leads to no anchor of the schema")
            return found, Scope(uri, scope.entered)
        try:
            return at_pointer(resource, fragment), Scope(self._around(resource, uri, fragment), scope.entered)
        except KeyError:
            raise UsageError(f"the $ref '{ref}' leads nowhere") from None

    def pointer(self, schema: Any) -> str:
        return _find(self._root, schema)

    def _around(self, resource: Any, uri: str, fragment: str) -> str:
        """The base of what stands at a pointer: that of the innermost schema with an `$id` on the way."""
        tokens = fragment.split("/")
        for end in range(2, len(tokens) + 1):
            uri = self._base_of.get(id(at_pointer(resource, "/".join(tokens[:end]))), uri)
        return uri


class ContractReferences(References):
    """References of a contract, which are absolute in the copies that it keeps for each direction."""

    def __init__(self, schema: Schema, direction: Direction) -> None:
        self._documents = schema.schemas.rewritten(direction)
        self._schema = schema
        super().__init__(None)

    @property
    def root(self) -> Any:
        return at_pointer(self._documents[self._schema.document.uri], self._schema.pointer)

    def entering(self, schema: Any, scope: Scope) -> Scope:
        return scope

    def resolve(self, ref: Any, scope: Scope, *, dynamic: bool) -> tuple[Any, Scope]:
        uri, _, fragment = str(ref).partition("#")
        document = self._documents.get(uri.rpartition("?")[0])
        try:
            if document is None:
                raise KeyError(ref)
            return at_pointer(document, unquote(fragment)), scope
        except KeyError:
            raise UsageError(f"the $ref '{ref}' leads nowhere") from None

    def pointer(self, schema: Any) -> str:
        return next((found for each in self._documents.values() if (found := _find(each, schema))), "")


def subschemas(node: Any, base: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Every schema in a schema, with the URI that references in it are read against."""
    pending: list[tuple[Any, str, bool]] = [(node, base, False)]
    while pending:
        node, base, names = pending.pop()
        if isinstance(node, list):
            pending += [(item, base, False) for item in node]
        elif isinstance(node, dict):
            if not names:
                if isinstance(node.get("$id"), str) and not node["$id"].startswith("#"):
                    base = urldefrag(urljoin(base, node["$id"]))[0]
                yield node, base
            pending += [
                (value, base, not names and key in NAME_MAPS)
                for key, value in node.items()
                if names or (key not in DATA_KEYS and not key.startswith("x-"))
            ]


def _find(root: Any, wanted: Any) -> str:
    pending: list[tuple[Any, str]] = [(root, "")]
    while pending:
        node, pointer = pending.pop()
        if node is wanted:
            return pointer
        children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        pending += [(value, join(pointer, key)) for key, value in children if isinstance(value, (dict, list))]
    return ""
