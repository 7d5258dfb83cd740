"""What ties calls together where no behaviour file says so: the document's own links, and what paths are called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.behaviour.views import item_schema, success_schema, success_status
from mockserver.contract.model import Contract, Operation
from mockserver.strategies.links import Link, Links, Use

_VARIABLE = re.compile(r"\{([^{}]*)\}")
_BODY = re.compile(r"\$response\.body#/(\w+)")
_ORDERS = re.compile(r"page|per_?page|size|limit|count$|offset|skip|sort|order|dir|asc|desc", re.I)  # filters nothing
_VERBS = {"GET": "read", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}


def links_of_names(contract: Contract) -> Links:
    """Collections and their items, by pairs of paths (`/tickets` and `/tickets/{ticketId}`), with what the document
    itself links."""
    items = _items(contract)
    linked = dict(_linked(contract))
    operations: dict[str, Link] = {}
    keys: dict[str, str] = {}
    for name, operation in contract.operations.items():
        verb, resource = _verb(operation, items)
        uses = [
            Use("path", variable, owner, _role(operation, variable, verb, resource, owner), True)
            for variable, owner in _variables(operation, items)
        ]
        uses += [
            Use(location, place, items_owner, "other")
            for (location, place), items_owner in linked.get(name, {}).items()
            if not any(use.name == place for use in uses)
        ]
        wrap, members = _shown(operation, verb == "list")
        if verb == "list" and not members:
            verb = ""
        if resource and resource not in keys:
            keys[resource] = "id"
        for use in uses:
            if use.role == "key" and use.name in members:
                keys[resource] = use.name
        operations[name] = Link(
            operation, verb, resource, tuple(uses),
            wrap=wrap, takes=frozenset(members), whole=verb == "list" and _without_filter(operation), guessed=True,
            writes={} if verb else {owner: frozenset({"create", "update", "delete"}) for owner in items.values()},
            guarded=not verb, reading=operation.method in ("GET", "HEAD"), repeatable=operation.method == "PUT",
        )  # fmt: skip
    for resource in keys:
        names = {use.name for link in operations.values() for use in link.uses if use.resource == resource}
        shown = [
            _shown(link.operation, link.verb == "list")[1] for link in operations.values() if link.resource == resource
        ]
        named = [name for name in sorted(names) if any(name in members for members in shown)]
        keys[resource] = named[0] if named else "id"
    return Links(operations, keys)


def _items(contract: Contract) -> dict[str, str]:
    """The paths of single records, each with the name of what it is."""
    found = {}
    for operation in contract.operations.values():
        collection, _, last = operation.path.rstrip("/").rpartition("/")
        if _VARIABLE.fullmatch(last) and collection and not collection.endswith("}"):
            found[operation.path.rstrip("/")] = _singular(collection.rpartition("/")[2])
    return found


def _singular(word: str) -> str:
    name = re.sub(r"\W", "_", word)
    if name.endswith("ies") and len(name) > 4:
        return name[:-3] + "y"
    for ending in ("ches", "shes", "sses", "xes"):
        if name.endswith(ending):
            return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def _verb(operation: Operation, items: Mapping[str, str]) -> tuple[str, str]:
    path = operation.path.rstrip("/")
    if path in items:
        return _VERBS.get(operation.method, ""), items[path]
    for item, resource in items.items():
        if item.rpartition("/")[0] == path:
            return {"POST": "create", "GET": "list"}.get(operation.method, ""), resource
    return "", ""


def _variables(operation: Operation, items: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The variables of a path that name records, with what these are."""
    parts = operation.path.rstrip("/").split("/")
    for at, part in enumerate(parts):
        owner = items.get("/".join(parts[: at + 1]))
        variable = _VARIABLE.fullmatch(part)
        if owner is not None and variable is not None:
            yield variable[1], owner


def _role(operation: Operation, variable: str, verb: str, resource: str, owner: str) -> str:
    last = operation.path.rstrip("/").endswith("{" + variable + "}")
    return "key" if last and verb and owner == resource else "parent"


def _shown(operation: Operation, many: bool) -> tuple[str, frozenset[str]]:
    """Where the record or the list stands in the answer, and the members that are shown."""
    schema = success_schema(operation, success_status(operation))
    if schema is None:
        return "", frozenset()
    if many:
        for name, inner in schema.properties().items():
            if inner.items() is not None:
                shown = item_schema(schema, name, True)
                return name, frozenset(shown.properties()) if shown is not None else frozenset()
        shown = schema.items()
        return "", frozenset(shown.properties()) if shown is not None else frozenset()
    return "", frozenset(schema.properties())


def _without_filter(operation: Operation) -> bool:
    query = [each for each in operation.parameters if each.location == "query"]
    return not any(each.required or (each.default is not None and not _ORDERS.match(each.name)) for each in query)


def _linked(contract: Contract) -> Iterator[tuple[str, dict[tuple[str, str], str]]]:
    """For operations to which another one's answer links: the parameters that the link fills, and with what."""
    items = _items(contract)
    found: dict[str, dict[tuple[str, str], str]] = {}
    for link, resource in _documented_links(contract, items):
        target = contract.operations.get(str(link.get("operationId")))
        for name, value in link.get("parameters", {}).items() if target is not None else ():
            if not isinstance(value, str) or _BODY.fullmatch(value) is None:
                continue
            location, _, bare = name.rpartition(".")
            known = next((each for each in target.parameters if each.name == bare), None) if target else None
            if target is not None and known is not None:
                found.setdefault(target.id, {})[(location or known.location, bare)] = resource
    yield from found.items()


def _documented_links(contract: Contract, items: Mapping[str, str]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Every link object of the document, with what the operation that has it gives."""
    shared = contract.source.get("components", {})
    for operation in contract.operations.values():
        resource = _verb(operation, items)[1]
        entry = contract.source.get("paths", {}).get(operation.path, {}).get(operation.method.lower(), {})
        for response in entry.get("responses", {}).values() if resource else ():
            response = _resolved(response, shared, "responses")
            for link in response.get("links", {}).values():
                yield _resolved(link, shared, "links"), resource


def _resolved(entry: Mapping[str, Any], shared: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    prefix = f"#/components/{kind}/"
    reference = str(entry.get("$ref", ""))
    found = shared.get(kind, {}).get(reference.removeprefix(prefix), {}) if reference.startswith(prefix) else entry
    return found if isinstance(found, Mapping) else {}
