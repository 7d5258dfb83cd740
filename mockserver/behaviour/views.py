"""How a record is shown: the fields that the contract knows, in its order, computed ones worked out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mockserver.behaviour.declared import Behaviour, OperationRules
from mockserver.behaviour.scope import OperationScope
from mockserver.behaviour.values import Value
from mockserver.contract.model import Contract, MediaType, Operation, ResponseSpec
from mockserver.contract.pruning import Member, Shape, shape_of
from mockserver.contract.schemas import Schema, Violation
from mockserver.contract.serialization import is_json
from mockserver.spec.references import join

#: The verbs whose answer shows a record of the resource, the most telling first.
_SHOWING = ("read", "update", "replace", "create", "delete", "list")


class View:
    """Shows records as one schema wants them, all the way down.

    A field that is null while its schema does not allow null is left out, and so is one that only a client may send
    (`writeOnly`). Where the schema names no properties or expressly allows others, all fields are shown. What a
    computed field gives is shown in the same way.
    """

    __slots__ = ("_computed", "_fields", "_names", "_nested", "_shape")

    def __init__(self, schema: Schema | None, computed: Mapping[str, Value]) -> None:
        self._computed = computed
        self._fields: list[tuple[str, Value | None, Member]] | None = None
        self._nested: list[tuple[str, Shape]] = []  # by themselves: most records have none
        self._names = named_properties(schema)
        self._shape = shape_of((schema,)) if schema is not None else None
        members = self._shape.members() if self._shape is not None else None
        if self._names is not None and members is not None:
            known = [(name, member) for name in self._names if (member := members.named.get(name)) is not None]
            self._fields = [(name, computed.get(name), member) for name, member in known]
            self._nested = [(name, shape) for name, member in known if (shape := member.shape()) is not None]

    def show(self, record: Mapping[str, Any], scope: OperationScope) -> dict[str, Any]:
        """The record as it leaves. `scope` has no other use of `item` afterwards."""
        scope["item"] = record
        if self._fields is None:
            return self._show_by_value(record, scope)
        shown: dict[str, Any] = {}
        for name, computed, member in self._fields:
            if computed is not None:
                value = computed.render(scope)
            elif name in record:
                value = record[name]
            else:
                continue
            if value is not None or member.keeps_null():
                shown[name] = value
        for name, shape in self._nested:
            if name in shown:
                shown[name] = shape.pruned(shown[name])
        return shown

    def _show_by_value(self, record: Mapping[str, Any], scope: OperationScope) -> dict[str, Any]:
        """Where any field may be shown, or where it depends on the others which may."""
        computed, names = self._computed, self._names
        if names is None:
            shown = {**record, **{name: value.render(scope) for name, value in computed.items()}}
        else:
            known = [name for name in names if name in computed or name in record]
            shown = {name: computed[name].render(scope) if name in computed else record[name] for name in known}
        pruned: dict[str, Any] = shown if self._shape is None else self._shape.pruned(shown)
        return pruned


def success_status(operation: Operation) -> int:
    """The lowest documented 2xx status; 200 when only a range or the default is documented; where no success is, as at
    an address that only redirects, the lowest 3xx."""
    statuses = operation.documented_statuses()
    found = next((status for status in statuses if 200 <= status < 300), 200)
    if operation.response_for(found) is None:
        found = next((status for status in statuses if 300 <= status < 400), found)
    return found


def first_media(spec: ResponseSpec | None) -> MediaType | None:
    """The media type in which an answer is written: JSON where it is documented, else the first."""
    if spec is None or not spec.content:
        return None
    return next((media for name, media in spec.content.items() if is_json(name)), next(iter(spec.content.values())))


def success_schema(operation: Operation, status: int) -> Schema | None:
    """The schema of the answer with `status` where it is JSON, or None."""
    media = first_media(operation.response_for(status))
    return media.schema if media is not None and is_json(media.name) else None


def named_properties(schema: Schema | None) -> Mapping[str, Schema] | None:
    """The only properties that an answer of this schema shows; None where it may show any."""
    if schema is None or schema.open_properties():
        return None
    return schema.properties()


def is_write_only(field: Schema) -> bool:
    """Whether a property may only be sent to the API."""
    data = field.resolved().data
    return isinstance(data, dict) and data.get("writeOnly") is True


def item_schema(schema: Schema | None, wrap: str, many: bool) -> Schema | None:
    """The schema of one record inside an answer: beneath the key `wrap`, and of one item when there are many."""
    if schema is not None and wrap:
        schema = schema.properties().get(wrap)
    if schema is not None and many:
        schema = schema.items()
    return schema


def shown_schemas(resource: str, behaviour: Behaviour, contract: Contract) -> Mapping[str, list[Schema]]:
    """The schemas of the stored fields that an operation shows, each to be kept by itself."""
    for rules, schema in _showing(resource, behaviour, contract):
        computed = {*behaviour.resources[resource].computed, *rules.show}
        return {name: parts for name, parts in _fields(schema).items() if name not in computed}
    return {}


def required_fields(resource: str, behaviour: Behaviour, contract: Contract) -> dict[str, bool]:
    """The stored fields without which an operation that shows records as they are cannot answer; true where null
    will do."""
    found: dict[str, bool] = {}
    for rules, schema in _showing(resource, behaviour, contract):
        if rules.verb not in ("read", "list") or rules.respond.body is not None:
            continue  # a change may add what the record lacks, and a body may leave it out
        if rules.listing is not None and (rules.listing.source is not None or rules.listing.where is not None):
            continue  # it may pass the record by
        computed = {*behaviour.resources[resource].computed, *rules.show}
        properties = schema.properties()
        for facet in schema.facets():
            names = facet.data.get("required") if isinstance(facet.data, dict) else None
            for name in names if isinstance(names, list) else ():
                field = properties.get(name)
                if name in computed or (field is not None and is_write_only(field)):
                    continue
                types = field.types() if field is not None else frozenset()
                found[name] = found.get(name, True) and (not types or "null" in types)
    return found


def breaches(value: Any, schemas: Sequence[Schema]) -> list[Violation]:
    """How a stored value breaks the schemas under which it is shown, once a view has left out what must not leave."""
    if value is None and any("null" not in schema.types() for schema in schemas):
        return []  # it is left out of the answer
    shape = shape_of(tuple(schemas))
    shown = value if shape is None else shape.pruned(value)
    return [
        found
        for schema in schemas
        if not schema.is_valid(shown, direction="response")
        for found in schema.explain(shown, direction="response", location="response.body")
    ]


def _showing(resource: str, behaviour: Behaviour, contract: Contract) -> Iterator[tuple[OperationRules, Schema]]:
    """The operations that show a record of the resource, the most telling first, and its schema there."""
    showing = [
        (rules, contract.operations[id])
        for id, whole in behaviour.operations.items()
        for rules in whole.ways
        if rules.resource == resource and rules.verb in _SHOWING
    ]
    for rules, operation in sorted(showing, key=lambda each: _SHOWING.index(each[0].verb)):
        schema = success_schema(operation, rules.respond.status)
        schema = item_schema(schema, rules.wrap, rules.verb == "list")
        if schema is not None and schema.properties():
            yield rules, schema


def _fields(schema: Schema) -> dict[str, list[Schema]]:
    """The properties that must hold whatever the record is: through `$ref` and `allOf`, not in alternatives."""
    found: dict[str, list[Schema]] = {}
    for facet in schema.facets():
        named = facet.data.get("properties") if isinstance(facet.data, dict) else None
        for name in named if isinstance(named, dict) else ():
            part = schema.schemas.at(facet.document, join(facet.pointer, "properties", name))
            if not is_write_only(part):
                found.setdefault(name, []).append(part)
    return found
