"""Checks the keys that expressions read (`item.stauts`, `query.from`), and the fields that clauses name (`order`,
`filter`, `computed`), against what can be there.

A key that is absent reads as null, so without this check a misspelt one would be silent for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from mockserver.behaviour.caller import CALLER_KEYS
from mockserver.behaviour.declared import Effect, Resource
from mockserver.behaviour.paging import PAGE_KEYS
from mockserver.behaviour.reading import Reader, one
from mockserver.contract.model import Operation
from mockserver.exceptions import did_you_mean
from mockserver.expressions import Expression, KeyPath
from mockserver.spec.references import join

#: The keys that an object has, with those of the objects in it; None where they cannot be known.
Keys: TypeAlias = "Mapping[str, Keys | None]"

#: What the names that are always the same hold.
_KEYS = {
    "server": ("host", "scheme", "url", "called"),
    "caller": CALLER_KEYS,
    "violation": ("pointer", "message"),
    "quota": ("name", "limit", "window", "retry_after"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands.

    `item`, `parent` and `result` name the resources whose records these are, `bound` those of the records that effects
    have named; `operation` is the one of which `path`, `query` and `body` speak. `shown` are the fields of what is
    shown (None: any), one record or `many`; `error` the values of the error (None: unknown). `lists` are names of lists
    with the resources that their records are of, `parameters` those of the effects, event or action that has a name.
    With `paged` the answer knows the page that it shows. `known` are further names, by themselves, with what they hold.
    """

    item: str = ""
    parent: str = ""
    operation: Operation | None = None
    result: str = ""
    shown: frozenset[str] | None = None
    many: bool = False
    error: frozenset[str] | None = None
    bound: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, str] = field(default_factory=dict)
    parameters: frozenset[str] | None = None
    paged: bool = False
    known: Mapping[str, Keys | None] = field(default_factory=dict)


class KeyChecker:
    """Remembers the place of each expression as the file is read; `check` then looks at all of them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._places: list[Place] = []
        self._named: list[tuple[str, str, str, bool]] = []
        self._shown: dict[str, list[frozenset[str] | None]] = {}

    def done(self, place: Place) -> None:
        """All expressions read since the last call stand at `place`."""
        self._places.extend([place] * (len(self._reader.expressions) - len(self._places)))

    def field(self, resource: str, name: str, pointer: str, *, at_key: bool = False) -> None:
        """A clause at `pointer` names a stored field of `resource` (empty: of records that nobody knows)."""
        if resource:
            self._named.append((resource, name, pointer, at_key))

    def shows(self, resource: str, fields: frozenset[str] | None) -> None:
        """An operation answers records of `resource` with these fields (None: with any)."""
        self._shown.setdefault(resource, []).append(fields)

    def check(
        self,
        resources: Mapping[str, Resource],
        effects: Iterable[Effect],
        stored: Mapping[str, Iterable[str]],
    ) -> None:
        """Note every key that can never be there. `effects` are all of the file, `stored` what fixtures hold."""
        fields = {name: set(stored.get(name, ())) | _own_fields(resource) for name, resource in resources.items()}
        for effect in effects:
            if effect.resource in fields:
                fields[effect.resource] |= effect.fields
        for (expression, pointer), place in zip(self._reader.expressions, self._places, strict=True):
            for path in sorted(expression.keys):
                self._check_path(path, expression, pointer, place, resources, fields)
        for resource, name, pointer, at_key in self._named:
            if (wrong := _wrong_field(resources[resource], name, fields[resource])) is not None:
                self._reader.problem(wrong[0], pointer, wrong[1], at_key=at_key)
        for shown in resources.values():
            self._check_computed(shown)

    def _check_computed(self, resource: Resource) -> None:
        """A computed field that the contract knows in none of the answers that show the resource never leaves."""
        name = resource.name
        answers = self._shown.get(name, [])
        shown = frozenset[str]().union(*(fields for fields in answers if fields is not None))
        if not answers or None in answers:
            return
        for computed in resource.computed:
            if computed not in shown:
                pointer = join("/resources", name, "computed", computed)
                hint = did_you_mean(computed, shown, f"they have {', '.join(sorted(shown))}")
                message = f"no answer that shows {one(name)} has '{computed}' in the contract"
                self._reader.problem(message, pointer, hint, at_key=True)

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
        if root in place.known:
            self._check_object(path, place.known[root], expression, pointer)
            return
        if root in resources:
            if key != "*":
                self._note(f"'{root}' is a collection", key, expression, pointer, f"write {root}[key].{key}")
                return
            if len(path) == 2:
                return
            self._field(root, path[2], expression, pointer, resources, fields)
            return
        if root in place.lists or (root == "shown" and place.many):
            if key != "*":
                hint = f"write [each.{key} for each in {root}]"
                self._note(f"'{root}' is a list here", key, expression, pointer, hint)
                return
            path = path[1:]
            key = path[1] if len(path) > 1 else "*"
        if key == "*":
            return
        known_as = {"item": place.item, "parent": place.parent, "result": place.result}
        resource = {**known_as, **place.bound, **place.lists}.get(root, "")
        if resource:
            self._field(resource, key, expression, pointer, resources, fields)
            return
        known = self._known(root, place)
        if known is not None and key not in known:
            hint = did_you_mean(key, known, f"known: {', '.join(sorted(known)) or 'none'}")
            self._note(f"'{root}' has no '{key}' here", key, expression, pointer, hint)

    def _check_object(self, path: KeyPath, keys: Keys | None, expression: Expression, pointer: str) -> None:
        for at, key in enumerate(path[1:], 1):
            if keys is None or key == "*":
                return
            if key not in keys:
                if at < len(path) - 1:  # the shorter path is read, too
                    return
                hint = did_you_mean(key, keys, f"known: {', '.join(sorted(keys)) or 'none'}")
                self._note(f"'{'.'.join(path[:at])}' has no '{key}' here", key, expression, pointer, hint)
                return
            keys = keys[key]

    def _known(self, root: str, place: Place) -> Iterable[str] | None:
        """The keys of a name that is not a stored record; None when they cannot be known."""
        if root == "shown":
            return place.shown
        if root == "error":
            return place.error
        if root == "with":
            return place.parameters
        if root == "page":
            return PAGE_KEYS if place.paged else None
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
        if key != "*" and (wrong := _wrong_field(resources[resource], key, fields[resource])) is not None:
            self._note(wrong[0], key, expression, pointer, wrong[1])

    def _note(self, message: str, key: str, expression: Expression, pointer: str, hint: str) -> None:
        found = re.search(rf"\b{re.escape(key)}\b", expression.source)
        text = f"{message} in ${{{{ {expression.source} }}}}"
        self._reader.problem(text, pointer, hint, caret=(expression.source, found.start() if found else 0))


def _wrong_field(resource: Resource, name: str, stored: set[str]) -> tuple[str, str] | None:
    """What is wrong with `name` as a stored field, with a hint; None when nothing is."""
    if name in stored:
        return None
    if name in resource.computed:
        hint = "a computed field is worked out when a record is shown; repeat its expression here"
        return f"'{name}' of {resource.name} is computed, not stored", hint
    hint = did_you_mean(name, stored, f"stored: {', '.join(sorted(stored))}")
    return f"{one(resource.name)} has no field '{name}'", hint


def _own_fields(resource: Resource) -> set[str]:
    timed = {path.partition(".")[0] for timer in resource.timers.values() for path, _ in timer.set}
    return {resource.key, *resource.defaults, *timed}
