"""How a record is shown: the fields that the contract knows, in its order, computed ones worked out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.behaviour.scope import OperationScope
from mockserver.behaviour.values import Value
from mockserver.contract.schemas import Schema


class View:
    """Shows records as one schema wants them.

    A field that is null while its schema does not allow null is left out. Where the schema names no properties or
    expressly allows others, all fields are shown.
    """

    __slots__ = ("_computed", "_fields")

    def __init__(self, schema: Schema | None, computed: Mapping[str, Value]) -> None:
        self._computed = computed
        self._fields: list[tuple[str, Value | None, bool]] | None = None
        if schema is not None and not schema.open_properties() and (properties := schema.properties()):
            self._fields = [
                (name, computed.get(name), not (types := field.types()) or "null" in types)
                for name, field in properties.items()
            ]

    def show(self, record: Mapping[str, Any], scope: OperationScope) -> dict[str, Any]:
        """The record as it leaves. `scope` has no other use of `item` afterwards."""
        scope["item"] = record
        if self._fields is None:
            return {**record, **{name: value.render(scope) for name, value in self._computed.items()}}
        shown: dict[str, Any] = {}
        for name, computed, nullable in self._fields:
            if computed is not None:
                value = computed.render(scope)
            elif name in record:
                value = record[name]
            else:
                continue
            if value is not None or nullable:
                shown[name] = value
        return shown


def item_schema(schema: Schema | None, wrap: str, many: bool) -> Schema | None:
    """The schema of one record inside an answer: beneath the key `wrap`, and of one item when there are many."""
    if schema is not None and wrap:
        schema = schema.properties().get(wrap)
    if schema is not None and many:
        schema = schema.items()
    return schema
