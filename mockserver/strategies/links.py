"""Which operation makes, takes and changes which records: what ties the calls of an API together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from mockserver.behaviour.declared import Behaviour, Effect, OperationRules, Paging, Resource
from mockserver.behaviour.values import Value
from mockserver.behaviour.views import item_schema, success_schema
from mockserver.contract.model import Contract, MediaType, Operation
from mockserver.expressions import Expression

_PLACE = re.compile(r"(?<![\w.])(path|query|body)((?:\.\w++)*+)(?![\w(\[])(?!\s*==)")  # what is compared names nothing
_QUOTED = re.compile(r"(?<=\w)\['(\w+)'\]")
_LOOK_UP = re.compile(r"(?<![\w.])(\w+)\[([^\[\]]+)\]")
_MEMBER = re.compile(r"(?<![\w.])([\w.]+) (?:not )?in (\w+)(?![\w.(\[])")
#: What a timer does to the record that it belongs to: the fields of `Links.changing` alone.
TICK = "tick"
_EVERY_KEY = frozenset({"id", "key", "uuid", "name"})  # such names belong to no resource in particular


class Use(NamedTuple):
    """A place of a request that names a record of `resource`.

    `location` is path, query or body, `name` the parameter, or the members of the body with points between them (empty:
    the body itself). `role`: the record that the operation is about (`key`), the one within which it is (`parent`), or
    any `other`. `exact`: the place holds the whole key, so that a record which is not there is surely missed.
    """

    location: str
    name: str
    resource: str
    role: str
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """What one operation does to records.

    `verb` is list, read, create, update, replace, delete, or empty where it is none of these or several; `resource` may
    be empty. `uses` are the places that name records; `missing` is the status for a record that is not there. `wrap` is
    the member of the answer that holds the record or the list. What the client sends in `takes` is stored as it is;
    `shows` are members that only this answer has so. `writes` says by resource what happens beside the verb. A list
    that is `whole` shows every record of the resource within its parent when nothing is filtered; of one that is
    `guessed` from a document alone this must also show, by its pages or by a total. `guarded`: rules may refuse a call
    whose records are all there. `reading` operations change nothing.
    """

    operation: Operation
    verb: str = ""
    resource: str = ""
    uses: tuple[Use, ...] = ()
    missing: int = 404
    parent_missing: int = 404
    wrap: str = ""
    takes: frozenset[str] = frozenset()
    shows: frozenset[str] = frozenset()
    writes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    whole: bool = False
    guessed: bool = False
    page: Paging | None = None
    guarded: bool = False
    reading: bool = False
    repeatable: bool = False

    def use(self, role: str) -> Use | None:
        """The place that names the record itself (`key`) or its `parent`."""
        return next((each for each in self.uses if each.role == role), None)


@dataclass(frozen=True, slots=True)
class Links:
    """All of an API: `operations` by id; `keys` is the member that names a record in answers, by resource, `stored` the
    field that names it in the state of a mock, `changing` the members that change by themselves; `actions` says what
    each scenario action writes."""

    operations: Mapping[str, Link]
    keys: Mapping[str, str]
    stored: Mapping[str, str] = field(default_factory=dict)
    changing: Mapping[str, frozenset[str]] = field(default_factory=dict)
    actions: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)

    @property
    def nests(self) -> dict[str, str]:
        """The resources whose records are only found within one of another, with that other."""
        found = {}
        for link in self.operations.values():
            key, parent = link.use("key"), link.use("parent")
            if key is not None and parent is not None:
                found[key.resource] = parent.resource
        return found

    def members(self, resource: str) -> tuple[str, ...]:
        """What the member of another record may be called that holds some of a resource."""
        return (resource, *plurals(resource))


def plurals(word: str) -> tuple[str, ...]:
    """What several of them may be called."""
    return (f"{word}s", f"{word}es", f"{word[:-1]}ies" if word.endswith("y") else f"{word}List")


def links_of_behaviour(contract: Contract, behaviour: Behaviour) -> Links:
    """What a behaviour file says of each operation of a contract."""
    operations = {
        name: _link(operation, behaviour.operations.get(name), behaviour)
        for name, operation in contract.operations.items()
    }
    shown = _shown_names(operations, behaviour)
    keys = {
        name: resource.key if resource.key in shown.get(name, ()) or "id" not in shown.get(name, ()) else "id"
        for name, resource in behaviour.resources.items()
        if name.isidentifier()
    }
    changing = {
        name: frozenset(
            path.partition(".")[0] for timer in resource.timers.values() for path, _ in timer.set
        ) | frozenset(resource.computed)
        for name, resource in behaviour.resources.items()
    }  # fmt: skip
    stored = {name: resource.key for name, resource in behaviour.resources.items()}
    actions = {name: writes_of(action.then, behaviour) for name, action in behaviour.actions.items()}
    return Links(operations, keys, stored, changing, actions)


def writes_of(effects: tuple[Effect, ...], behaviour: Behaviour) -> dict[str, frozenset[str]]:
    """What effects may do, by resource: verbs, with those of the timers of whatever they write."""
    found: dict[str, set[str]] = {}
    _collect(effects, behaviour, found, set())
    return {name: frozenset(verbs) for name, verbs in found.items()}


def _collect(effects: tuple[Effect, ...], behaviour: Behaviour, found: dict[str, set[str]], done: set[str]) -> None:
    for effect in effects:
        if effect.verb == "do":
            if effect.do not in done:
                _collect(behaviour.effects[effect.do].then, behaviour, found, done | {effect.do})
        elif effect.verb != "emit":
            found.setdefault(effect.resource, set()).add("create" if effect.verb == "issue" else effect.verb)
            if effect.verb == "issue":
                found[effect.resource].add("update")  # the oldest may be revoked
            _collect_timed(effect.resource, behaviour, found, done)


def _collect_timed(resource: str, behaviour: Behaviour, found: dict[str, set[str]], done: set[str]) -> None:
    """What the timers of a resource do when its records are written such that they are due at once."""
    if f"timers of {resource}" in done or resource not in behaviour.resources:
        return
    for timer in behaviour.resources[resource].timers.values():
        found.setdefault(resource, set()).add("delete" if timer.forget else TICK)
        _collect(timer.then, behaviour, found, done | {f"timers of {resource}"})


def _link(operation: Operation, rules: OperationRules | None, behaviour: Behaviour) -> Link:
    if rules is None:
        return Link(operation, reading=operation.method in ("GET", "HEAD"))
    ways = [case.rules for case in rules.cases]
    verbs = {way.verb for way in ways} if ways else {rules.verb}
    resources = {way.resource for way in ways} if ways else {rules.resource}
    verb = next(iter(verbs)) if len(verbs) == 1 else ""
    resource = next(iter(resources)) if len(resources) == 1 else ""
    beside = tuple(each for way in rules.ways for each in way.then)
    if not verb:
        beside += tuple(way.effect for way in rules.ways if way.effect is not None)
    writes = {name: set(verbs) for name, verbs in writes_of(beside, behaviour).items()}
    if verb in ("create", "update", "replace"):
        _collect_timed(resource, behaviour, writes, set())
    effects = [way.effect for way in rules.ways if way.effect is not None and verb]
    takes = frozenset[str].union(*(each.take or frozenset() for each in effects)) if effects else frozenset[str]()
    stored = {path.partition(".")[0] for each in effects for path, _ in (*each.set, *each.append)}
    changed_beside = {path.partition(".")[0] for each in _all(beside, behaviour) for path, _ in each.set}
    listing = next((way.listing for way in rules.ways if way.listing is not None), None)
    missing = behaviour.resources[resource].missing if resource in behaviour.resources else ""
    outer = behaviour.resources[rules.within[0]].missing if rules.within else ""
    return Link(
        operation,
        verb,
        resource,
        tuple(_uses(operation, rules, resource, behaviour)),
        behaviour.errors[missing].status if missing in behaviour.errors else 404,
        behaviour.errors[outer].status if outer in behaviour.errors else 404,
        rules.wrap or next((way.wrap for way in ways if way.wrap), ""),
        takes - stored - changed_beside,
        frozenset(name for way in rules.ways for name in way.show),
        {name: frozenset(verbs) for name, verbs in writes.items()},
        rules.listing is not None and _is_whole(operation, rules),
        False,
        listing.page if listing is not None else None,
        any(way.require for way in rules.ways) or (verb != "read" and any(way.warn for way in rules.ways)),
        operation.method in ("GET", "HEAD") and not writes and verb in ("", "read", "list"),
        operation.method == "PUT" and not beside and not any(each.append for each in effects),
    )


def _all(effects: tuple[Effect, ...], behaviour: Behaviour, depth: int = 0) -> Iterator[Effect]:
    for effect in effects:
        yield effect
        if effect.verb == "do" and depth < 5:  # effects of effects; there is no end to those that do each other
            yield from _all(behaviour.effects[effect.do].then, behaviour, depth + 1)


def _is_whole(operation: Operation, rules: OperationRules) -> bool:
    """Whether a list without filters shows all: each filter is a query parameter that may be left out, or a part of the
    path."""
    listing = rules.listing
    if listing is None or listing.source is not None or listing.where is not None:
        return False
    free = {each.name for each in operation.parameters if not each.required and each.default is None}
    for _, value in listing.filter:
        sources = [expression.source.strip() for expression in value.expressions]
        plain = [re.fullmatch(r"(path|query)\.(\w+)", source) for source in sources]
        if not plain or any(found is None or (found[1] == "query" and found[2] not in free) for found in plain):
            return False
    return True


def _uses(operation: Operation, rules: OperationRules, resource: str, behaviour: Behaviour) -> Iterator[Use]:
    lets = {name: value for way in rules.ways for name, value in way.let}
    done: set[tuple[str, str]] = set()
    found: list[Use] = []
    if rules.within is not None:
        found += _of_key(rules.within[1], behaviour.resources[rules.within[0]], "parent")
    for way in rules.ways:
        if way.key is not None and way.resource in behaviour.resources:
            found += _of_key(way.key, behaviour.resources[way.resource], "key")
    sources = [source for way in rules.ways for _, value in way.let for source in _sources(value)]
    sources += [rule.that.source for way in rules.ways for rule in way.require]
    for source in sources:
        for looked_up, key in _LOOK_UP.findall(source):
            if looked_up in behaviour.resources:
                found += [Use(*place, looked_up, "other") for place in _places(key, lets)]
        for place, where in _MEMBER.findall(source):
            if where in behaviour.resources:
                found += [Use(*each, where, "other") for each in _places(place, lets)]
    found += _by_name(operation, behaviour)
    for use in found:
        if (use.location, use.name) not in done:
            done.add((use.location, use.name))
            yield use


def _of_key(value: Value, resource: Resource, role: str) -> Iterator[Use]:
    places = [place for expression in value.expressions for place in _places(expression.source, {})]
    if places:
        location, name = places[-1]  # the parts before the last name what it lies in
        source = _dotted(value.expressions[0].source.strip())
        exact = len(value.expressions) == 1 and _PLACE.fullmatch(source) is not None
        yield Use(location, name, resource.name, role, exact)


def _sources(value: Expression | Value) -> list[str]:
    return [each.source for each in value.expressions] if isinstance(value, Value) else [value.source]


def _places(source: str, lets: Mapping[str, Expression | Value], depth: int = 0) -> list[tuple[str, str]]:
    """The places of the request that a key comes from; of one that is put together the last."""
    source = re.sub(r"'[^']*'", "''", _dotted(source))
    found = [(each[1], each[2].lstrip(".")) for each in _PLACE.finditer(source)]
    if not found and depth < 3:
        for name, members in re.findall(r"(?<![\w.])(\w+)((?:\.\w+)*)", source):
            for each in _sources(lets[name]) if name in lets else ():
                whole = members and _PLACE.fullmatch(each.strip())
                for location, inner in _places(each, lets, depth + 1) if whole or not members else ():
                    found.append((location, f"{inner}{members}".lstrip(".")))
    return found[-1:] if "+" in source else list(dict.fromkeys(found))


def _dotted(source: str) -> str:
    """An expression with `path['id']` written as `path.id`."""
    return _QUOTED.sub(r".\1", source)


def _by_name(operation: Operation, behaviour: Behaviour) -> Iterator[Use]:
    """Parameters and members of the body that are called as the key of a resource."""
    owners = {resource.key: name for name, resource in behaviour.resources.items() if name.isidentifier()}
    for parameter in operation.parameters:
        if parameter.name in owners and parameter.name not in _EVERY_KEY and parameter.location in ("path", "query"):
            yield Use(parameter.location, parameter.name, owners[parameter.name], "other")
    content = operation.request_body.content.values() if operation.request_body is not None else ()
    for media in content:
        for name in media.schema.properties() if media.schema is not None else ():
            if name in owners and name not in _EVERY_KEY and not _is_read_only(media, name):
                yield Use("body", name, owners[name], "other")


def _is_read_only(media: MediaType, name: str) -> bool:
    part = media.schema.properties().get(name) if media.schema is not None else None
    return part is not None and isinstance(part.data, dict) and part.data.get("readOnly") is True


def _shown_names(operations: Mapping[str, Link], behaviour: Behaviour) -> dict[str, set[str]]:
    """The members that answers show of each resource."""
    shown: dict[str, set[str]] = {}
    for name, link in operations.items():
        rules = behaviour.operations.get(name)
        if rules is None or not link.resource or not link.verb:
            continue
        schema = item_schema(success_schema(link.operation, rules.respond.status), link.wrap, link.verb == "list")
        if schema is not None:
            shown.setdefault(link.resource, set()).update(schema.properties())
    return shown
