"""Checks the keys that expressions read (`item.stauts`, `query.from`) against what can be there.

A key that is absent reads as null, so without this check a misspelt one would be silent for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mockserver.behaviour.declared import OperationRules, Resource
from mockserver.behaviour.reading import Reader
from mockserver.contract.model import Operation
from mockserver.errors import did_you_mean
from mockserver.expressions import Expression, KeyPath

#: What the names that are always the same hold.
_KEYS = {
    "server": ("host", "scheme", "url"),
    "caller": ("scheme", "token"),
    "violation": ("pointer", "message"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands: what `item` is, and of which operation `path`, `query` and `body` speak."""

    item: str = ""
    parent: str = ""
    operation: Operation | None = None


class KeyChecker:
    """Remembers the place of each expression as the file is read; `check` then looks at all of them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._places: list[Place] = []

    def done(self, place: Place) -> None:
        """All expressions read since the last call stand at `place`."""
        self._places.extend([place] * (len(self._reader.expressions) - len(self._places)))

    def check(
        self,
        resources: Mapping[str, Resource],
        operations: Mapping[str, OperationRules],
        stored: Mapping[str, Iterable[str]],
    ) -> None:
        """Note every key that can never be there."""
        fields = {name: set(stored.get(name, ())) | _own_fields(resource) for name, resource in resources.items()}
        for rules in operations.values():
            for effect in (rules.effect, *rules.then):
                if effect is not None and effect.resource in fields:
                    fields[effect.resource] |= {name for name, _ in (*effect.set, *effect.append)}
                    fields[effect.resource] |= effect.take or frozenset()
        for (expression, pointer), place in zip(self._reader.expressions, self._places, strict=True):
            for path in sorted(expression.keys):
                self._check_path(path, expression, pointer, place, resources, fields)

    def _check_path(
        self,
        path: KeyPath,
        expression: Expression,
        pointer: str,
        place: Place,
        resources: Mapping[str, Resource],
        fields: Mapping[str, set[str]],
    ) -> None:
        root, key = path[0], path[1]
        if root in resources:
            if key != "*":
                self._note(f"'{root}' is a collection", expression, pointer, f"write {root}[key].{key}")
                return
            if len(path) == 2:
                return
            self._field(root, path[2], expression, pointer, resources, fields)
            return
        if key == "*":
            return
        resource = {"item": place.item, "parent": place.parent}.get(root, "")
        if resource:
            self._field(resource, key, expression, pointer, resources, fields)
            return
        known = self._known(root, place)
        if known is not None and key not in known:
            hint = did_you_mean(key, known, f"known: {', '.join(sorted(known)) or 'none'}")
            self._note(f"'{root}' has no '{key}' here", expression, pointer, hint)

    def _known(self, root: str, place: Place) -> set[str] | None:
        """The keys of a name that is not a record; None when they cannot be known."""
        if root == "settings":
            return set(self._reader.data.get("settings", {}))
        if root in _KEYS:
            return set(_KEYS[root])
        operation = place.operation
        if operation is None:
            return None
        if root in ("path", "query"):
            return {parameter.name for parameter in operation.parameters if parameter.location == root}
        if root == "body" and operation.request_body is not None:
            schemas = [media.schema for media in operation.request_body.content.values() if media.schema]
            if any(schema.open_properties() for schema in schemas):
                return None
            return {name for schema in schemas for name in schema.properties()} or None
        return None

    def _field(
        self,
        resource: str,
        key: str,
        expression: Expression,
        pointer: str,
        resources: Mapping[str, Resource],
        fields: Mapping[str, set[str]],
    ) -> None:
        if key in fields[resource] or key == "*":
            return
        if key in resources[resource].computed:
            hint = "a computed field is worked out when a record is shown; repeat its expression here"
            self._note(f"'{key}' of {resource} is computed, not stored", expression, pointer, hint)
            return
        hint = did_you_mean(key, fields[resource], f"stored: {', '.join(sorted(fields[resource]))}")
        self._note(f"a {resource} has no field '{key}'", expression, pointer, hint)

    def _note(self, message: str, expression: Expression, pointer: str, hint: str) -> None:
        self._reader.problem(f"{message} in ${{{{ {expression.source} }}}}", pointer, hint)


def _own_fields(resource: Resource) -> set[str]:
    timed = {name for timer in resource.timers.values() for name, _ in timer.set}
    return {resource.key, *resource.defaults, *timed}
