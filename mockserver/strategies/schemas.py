"""`from_schema`: a schema of OpenAPI 3.0, 3.1 or JSON Schema 2020-12 as a Hypothesis strategy."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Literal

from hypothesis import reject
from hypothesis import strategies as st

from mockserver.contract.direction import Direction
from mockserver.contract.schemas import Schema, SchemaSet, plain_validator
from mockserver.exceptions import SpecError, UsageError
from mockserver.spec.loader import Document
from mockserver.spec.references import Library
from mockserver.spec.versions import version_of
from mockserver.strategies.drawing import NOTHING, Drawing, Mode
from mockserver.strategies.formats import Declared
from mockserver.strategies.graph import ContractReferences, Graph, References
from mockserver.strategies.nodes import Node

Version = Literal["3.0", "3.1"]
_REMEMBERED = 512
_IDENTITIES = frozenset(("$id", "$anchor", "$dynamicAnchor", "$dynamicRef"))
_plans: dict[Any, Plan] = {}
_lock = threading.RLock()


class Plan:
    """A schema, ready to be drawn from."""

    def __init__(self, graph: Graph, validator: Callable[[Any], bool], shown: str, kept: Any) -> None:
        self.graph, self.valid, self._shown, self._kept = graph, validator, shown, kept
        self.node: Node = graph.node([graph.root])

    def __repr__(self) -> str:
        return self._shown

    def checked(self) -> Plan:
        """Itself. UsageError when no value keeps the schema."""
        try:
            possible = self.node.possible()
        except RecursionError:
            raise UsageError("the schema nests deeper than can be followed") from None
        if not possible:
            raise self.node.complain()
        return self

    def draw(self, drawing: Drawing, hint: Any = NOTHING) -> Any:
        value = self.node.draw(drawing, 0, hint)
        if not self.is_valid(value):
            reject()
        return value

    def is_valid(self, value: Any) -> bool:
        try:
            return self.valid(value)
        except ValueError:  # a number or a text that no JSON can hold
            return False


def from_schema(
    schema: dict[str, Any] | bool | Schema,
    *,
    version: Version = "3.1",
    formats: Mapping[str, Declared] | None = None,
    direction: Direction | None = None,
    mode: Mode = "allowed",
    example: Any = NOTHING,
) -> st.SearchStrategy[Any]:
    """Values that keep a schema: built to fit, finite however the schema refers to itself, the same for the same seed.

    `schema` is a schema object of OpenAPI, one of JSON Schema 2020-12, or a handle of a contract. `formats` says what
    further formats are: a regular expression, a strategy of texts, or a function that tells whether a text is one.
    With a `direction` what is `readOnly` is left out of a request, what is `writeOnly` out of a response. `allowed`
    values use all the room that the schema leaves, `documented` ones keep near to its examples and to `example`.

    UsageError when no value keeps the schema: it names the keywords that exclude each other, and where they stand.
    """
    if mode not in ("documented", "allowed"):
        raise UsageError(f"the mode '{mode}' is unknown for values of a schema", "use documented or allowed")
    return values(plan_of(schema, version=version, formats=formats, direction=direction).checked(), mode, example)


@st.composite
def values(draw: Any, plan: Plan, mode: Mode, example: Any = NOTHING) -> Any:
    """The values of a plan."""
    return plan.draw(Drawing(draw, mode), example)


def plan_of(
    schema: Any,
    *,
    version: Version = "3.1",
    formats: Mapping[str, Declared] | None = None,
    direction: Direction | None = None,
) -> Plan:
    """The plan of a schema; the same one for the same schema."""
    declared = dict(formats or {})
    if isinstance(schema, Schema):
        key: Any = ("handle", id(schema.schemas), schema.document.uri, schema.pointer, direction)
    elif isinstance(schema, (bool, dict)):
        key = (id(schema) if isinstance(schema, dict) else schema, version, direction)
    else:
        raise UsageError(f"a schema is an object or a boolean, not {type(schema).__name__}")
    key = (key, tuple(sorted((name, id(each)) for name, each in declared.items())))
    with _lock:
        plan = _plans.get(key)
        if plan is None or (isinstance(schema, dict) and plan.graph.texts.get("source") != repr(schema)):
            plan = _made(schema, version, declared, direction)
            if isinstance(schema, dict):
                plan.graph.texts["source"] = repr(schema)  # a dict may be changed after it was used
            while len(_plans) >= _REMEMBERED:
                _plans.pop(next(iter(_plans)))
            _plans[key] = plan
    return plan


def _made(schema: Any, version: Version, formats: dict[str, Declared], direction: Direction | None) -> Plan:
    if isinstance(schema, Schema):
        return _of_handle(schema, formats, direction or "response", schema)
    if version not in ("3.0", "3.1"):
        raise UsageError(f"the version '{version}' is unknown", "use 3.0 or 3.1")
    if isinstance(schema, dict) and not _says(schema, _IDENTITIES) and (version == "3.0" or direction is not None):
        return _of_handle(_handle(schema, version), formats, direction or "response", schema)
    references = References(schema)
    graph = Graph(schema, references, formats=formats, direction="")
    return Plan(graph, _validator(schema), "schema", schema)


def _of_handle(schema: Schema, formats: dict[str, Declared], direction: Direction, kept: Any) -> Plan:
    references = ContractReferences(schema, direction)
    graph = Graph(references.root, references, formats=formats, direction=direction)
    shown = f"{schema.document.file}#{schema.pointer}"
    return Plan(graph, schema.validator(direction), shown, (schema, kept))


def _handle(schema: dict[str, Any], version: Version) -> Schema:
    """A plain schema as a handle, so that its version and the direction are seen to as they are for a contract."""
    document = Document("schema", "mockserver:schema", schema)
    library = Library()
    library.documents[document.uri] = document
    translate = version_of(Document("schema", "", {"openapi": f"{version}.0"})).to_2020_12
    return SchemaSet(library, translate).at(document, "")


def _validator(schema: Any) -> Callable[[Any], bool]:
    try:
        return plain_validator(schema)
    except SpecError as error:
        raise UsageError(str(error)) from None


def _says(node: Any, keys: frozenset[str]) -> bool:
    if isinstance(node, dict):
        return not keys.isdisjoint(node) or any(_says(item, keys) for item in node.values())
    return isinstance(node, list) and any(_says(item, keys) for item in node)
