"""What contract and behaviour say of one operation, as far as the rules ask for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mockserver.behaviour.declared import Behaviour, Effect, OperationRules, Paging, Quota
from mockserver.checks.places import Place, place_at
from mockserver.contract.model import Operation
from mockserver.engine.api import Api

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_IDEMPOTENT = _SAFE | {"PUT", "DELETE"}
_DEEPEST = 8  # effects that do effects
#: The schemes whose requirements name scopes; those of the others name roles.
WITH_SCOPES = frozenset({"oauth2", "openIdConnect"})


class Listed(NamedTuple):
    """One way in which an operation cuts its list; `wrap` is the member of the answer that holds it, if it is known."""

    paging: Paging
    wrap: str


@dataclass(frozen=True)
class Facts:
    """Of one operation. `issues`: it gives tokens that calls carry. `reads`: it changes nothing. `repeatable`: a second
    call does no harm. `quotas` are those that count its calls; `query` are the names that its query may have."""

    api: Api
    operation: Operation
    issues: bool
    reads: bool
    repeatable: bool
    listed: tuple[Listed, ...]
    quotas: tuple[Quota, ...]
    query: frozenset[str]

    @cached_property
    def place(self) -> Place:
        """The line of the contract where the operation begins."""
        return place_at(self.operation.pointer, self.api)

    @cached_property
    def ways(self) -> tuple[frozenset[str], ...]:
        """The sets of scopes each of which is enough to call it."""
        return ways_of(self.api, self.operation)

    @cached_property
    def warnings(self) -> Mapping[str, str]:
        """What each rule of the behaviour file that warns asks for, by the name of the rule: that name counts the
        rules, and changes when one is put before it."""
        rules = self.api.behaviour.operations.get(self.operation.id)
        ends = [rules, *(case.rules for case in rules.cases)] if rules is not None else []
        return {each.id: each.that.source for end in ends for each in end.warn}


def ways_of(api: Api, operation: Operation) -> tuple[frozenset[str], ...]:
    """The sets of scopes each of which is enough to call an operation; none where it takes no token with scopes."""
    schemes = api.contract.security_schemes
    return tuple(
        frozenset(scope for name, scopes in each.schemes if schemes[name].type in WITH_SCOPES for scope in scopes)
        for each in operation.security
        if not each.schemes or any(schemes[name].type in WITH_SCOPES for name, _ in each.schemes)
    )


def facts_of(api: Api, operation: Operation, issuing: Collection[tuple[str, str]]) -> Facts:
    """What is known of an operation; `issuing` are API and operation of those that contracts name as their tokenUrl."""
    rules = api.behaviour.operations.get(operation.id)
    issues = (api.name, operation.id) in issuing or (rules is not None and _issues(rules, api))
    reads = operation.method in _SAFE or (rules is not None and all(map(_only_reads, _ends(rules))))
    harmless = rules is not None and all(map(_is_idempotent, _ends(rules)))
    ways = rules.ways if rules is not None else ()
    listings = ((way.listing, way.wrap) for way in ways if way.listing is not None)
    keys = (each.name for each in api.contract.security_schemes.values() if each.location == "query")
    return Facts(
        api,
        operation,
        issues,
        reads,
        operation.method in _IDEMPOTENT or reads or issues or harmless,
        tuple(Listed(listing.page, wrap) for listing, wrap in listings if listing.page is not None),
        tuple(each for each in api.behaviour.quotas if each.limit and _holds(each, operation)),
        frozenset([*(each.name for each in operation.parameters if each.location == "query"), *keys]),
    )  # fmt: skip


def token_operations(apis: Mapping[str, Api]) -> set[tuple[str, str]]:
    """API and operation of what the contracts of these APIs name as the tokenUrl of a security scheme."""
    urls = {(owner, url) for owner, api in apis.items() for url in _token_urls(api.contract.source)}
    return {
        (name, operation.id)
        for name, api in apis.items()
        for operation in api.contract.operations.values()
        if operation.method == "POST"
        for owner, url in urls
        if _is_at(api, operation, url, own=owner == name)
    }


def _token_urls(source: Mapping[str, Any]) -> Iterator[str]:
    schemes = (source.get("components") or {}).get("securitySchemes") or {}
    for scheme in schemes.values() if isinstance(schemes, Mapping) else ():
        flows = scheme.get("flows") if isinstance(scheme, Mapping) else None
        for flow in flows.values() if isinstance(flows, Mapping) else ():
            for name in ("tokenUrl", "refreshUrl"):
                if isinstance(flow, Mapping) and isinstance(flow.get(name), str):
                    yield flow[name]


def _is_at(api: Api, operation: Operation, url: str, *, own: bool) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    path = parts.path if parts.path.startswith("/") else f"/{parts.path}"
    if not parts.netloc:
        return own and any(path in (operation.path, f"{base}{operation.path}") for base in _bases(api))
    return any(
        (parts.hostname or "") in server.hosts and path == f"{server.base_path}{operation.path}"
        for server in api.contract.servers
    )


def _bases(api: Api) -> list[str]:
    return [server.base_path for server in api.contract.servers] or [""]


def _holds(quota: Quota, operation: Operation) -> bool:
    return quota.operations is None or operation.id in quota.operations


def _ends(rules: OperationRules) -> Iterable[OperationRules]:
    """The rules that a call comes to: those of its cases, or its own."""
    return [case.rules for case in rules.cases] or [rules]


def _issues(rules: OperationRules, api: Api) -> bool:
    return any(
        effect.verb == "issue" and effect.kind is not None and effect.kind.name in api.issuer.carried
        for way in rules.ways
        for effect in _all(way.then, api.behaviour)
    )


def _all(effects: Iterable[Effect], behaviour: Behaviour, depth: int = 0) -> Iterator[Effect]:
    for effect in effects:
        yield effect
        if effect.verb == "do" and depth < _DEEPEST:
            yield from _all(behaviour.effects[effect.do].then, behaviour, depth + 1)


def _only_reads(rules: OperationRules) -> bool:
    return rules.verb in ("list", "read") and not rules.then


def _is_idempotent(rules: OperationRules) -> bool:
    """Whether a second call leaves all as the first has: nothing is made, nothing reckoned from what was there."""
    effect = rules.effect
    if rules.then or rules.verb not in ("list", "read", "update", "replace", "delete"):
        return False
    if effect is None:
        return True
    grown = any(
        "item" in each.names or rules.resource in each.names for _, value in effect.set for each in value.expressions
    )
    return not effect.append and not grown
