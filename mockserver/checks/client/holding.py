"""Tokens that hold more scopes than their calls need."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mockserver.checks.client.facts import Facts, ways_of
from mockserver.checks.client.seen import Seen, fields_of, kept
from mockserver.checks.client.telling import Said, Teller
from mockserver.checks.findings import Finding
from mockserver.engine.api import Api
from mockserver.engine.grants import known_scopes
from mockserver.engine.journal import Exchange

_MOST_TOKENS = 10_000
_MOST_GROUPS = 500
_Origin = tuple[str, str]  # API and operation that gave a token


@dataclass(slots=True)
class _Group:
    """The tokens of one client with the same scopes, and what was called with them. `origin` is what gave them; empty
    for what the author of a test has asked for."""

    origin: _Origin
    scopes: frozenset[str]
    api: Api | None
    first: Exchange
    used: dict[tuple[str, str], Facts] = field(default_factory=dict)


class TokenUse:
    """What tokens were used for. Several judges can share one, where none of them sees all that a client calls: then
    `findings` tells, when all is over, what they do not."""

    def __init__(self) -> None:
        self._groups: dict[tuple[_Origin, str, frozenset[str]], _Group] = {}

    def group(self, origin: _Origin, client: str, scopes: frozenset[str], seen: Seen) -> _Group | None:
        """The group of a token, which is new or was there before; None when there are too many."""
        key = (origin, client, scopes)
        group = self._groups.get(key)
        if group is None and len(self._groups) < _MOST_GROUPS:
            group = self._groups[key] = _Group(origin, scopes, seen.api, kept(seen.exchange))
        return group

    def findings(self, teller: Teller | None = None) -> Iterator[Finding]:
        """Scopes that could have been left out."""
        teller = teller or Teller()
        for group in self._groups.values():
            unused = group.scopes - needed(group.used.values(), group.scopes, group.scopes)
            if unused and any(facts.ways for facts in group.used.values()):
                yield _told(teller, group, unused)


class Holdings:
    """Speaks, when all is over, of scopes that no operation needs that was called with a token. Tokens of one client
    with the same scopes count together; those of other judges, too, where `shared` holds them."""

    def __init__(self, teller: Teller, exempt: Collection[str], shared: TokenUse | None = None) -> None:
        self._teller, self._exempt = teller, frozenset(exempt)
        self._use, self._speaks = shared or TokenUse(), shared is None
        self._everything: dict[str, frozenset[str]] = {}
        self._origins: OrderedDict[str, _Origin | None] = OrderedDict()  # None: nobody has chosen its scopes
        self._tokens: OrderedDict[str, _Group | None] = OrderedDict()
        self._unknown: OrderedDict[str, dict[tuple[str, str], Facts]] = OrderedDict()

    def see(self, seen: Seen) -> Iterable[Finding]:
        """Note what a token is used for."""
        facts, token = seen.facts, seen.token
        if facts is None:
            return ()
        if facts.issues and seen.issued:
            fields = fields_of(seen.exchange.request)
            inherited = fields.get("grant_type") == "refresh_token" and not fields.get("scope")
            origin = None if inherited else (seen.exchange.api, seen.exchange.operation)
            self._origins[seen.issued["access_token"]] = origin
            _bound(self._origins)
        if not token:
            return ()
        if token in self._tokens:
            group = self._tokens[token]
        else:
            caller = seen.exchange.caller
            if not caller.scheme:  # it met a fault before anybody looked
                self._unknown.setdefault(token, {})[seen.who[0], seen.exchange.operation] = facts
                _bound(self._unknown)
                return ()
            group = self._group(seen) if caller.issued and caller.token == token else None
            self._tokens[token] = group
            _bound(self._tokens)
        if group is not None:
            group.used[seen.who[0], seen.exchange.operation] = facts
        return ()

    def forget(self, api: str, namespace: str) -> Iterable[Finding]:
        """What was seen before counts on; a token of the same text may be another one now."""
        self._tokens.clear()
        for token in [token for token, origin in self._origins.items() if origin is None or origin[0] == api]:
            del self._origins[token]
        return ()

    def end(self) -> Iterable[Finding]:
        """All that is to be said."""
        return self._use.findings(self._teller) if self._speaks else ()

    def _group(self, seen: Seen) -> _Group | None:
        """Where a token belongs; None when its scopes are nobody's choice."""
        caller, token = seen.exchange.caller, seen.token
        origin = self._origins.get(token, ("", ""))
        chosen = caller.scopes is not None and token not in self._exempt
        if not chosen or caller.scopes is None or not caller.scopes or origin is None:
            return None
        if not origin[0] and caller.scopes >= self._all_of(seen):
            return None
        group = self._use.group(origin, caller.client, caller.scopes, seen)
        if group is not None:
            group.used |= self._unknown.pop(token, {})
        return group

    def _all_of(self, seen: Seen) -> frozenset[str]:
        name = seen.exchange.api
        if name not in self._everything:
            self._everything[name] = frozenset(known_scopes(seen.api)) if seen.api is not None else frozenset()
        return self._everything[name]


def _told(teller: Teller, group: _Group, unused: frozenset[str]) -> Finding:
    first = min(group.used)
    api, operation = group.origin if group.origin[0] else (first[0], "")
    place = group.used[first].place

    def say() -> Said:
        called = sorted({name for _, name in group.used})
        shown = ", ".join(called[:5]) + (f" and {len(called) - 5} more" if len(called) > 5 else "")
        message = f"a token holds {_words(unused)}, which none of its calls needs ({shown})"
        enough = needed(group.used.values(), None, group.scopes)
        expected = f"a token with {_words(enough)}" if enough else "a token without scopes"
        advice = f"ask for {_words(enough)} alone" if enough else "no scope is needed for these calls"
        return Said(message, "security", expected, advice, place)

    # What is unused changes with each new call of the client: what is held is its choice, and stays.
    key = " ".join(sorted(group.scopes))
    return teller.find("over-scoped-token", api, operation, key, say, [group.first], of=group.api)


def needed(used: Iterable[Facts], held: frozenset[str] | None, liked: frozenset[str]) -> frozenset[str]:
    """The scopes that these operations need, of those that are held (None: of all there are). Of several that would do
    for one operation it is those that open the fewest, and are rather `liked` than not."""
    called = list(used)
    apis = {facts.api.name: facts.api for facts in called}
    others = [ways_of(api, each) for api in apis.values() for each in api.contract.operations.values()]
    opened = {
        way: sum(any(other <= way for other in ways) for ways in others) for facts in called for way in facts.ways
    }
    found: set[str] = set()
    for facts in called:
        within = [way for way in facts.ways if held is None or way <= held]
        if within:
            best: frozenset[str] = min(within, key=lambda way: (opened[way], not way <= liked, len(way), sorted(way)))
            found |= best
        else:  # it was refused, or another credential has done
            found.update(*facts.ways)
    # What one operation needs may do for another: a scope that all can spare need not be asked for.
    for scope in sorted(found) if held is None else ():
        rest = found - {scope}
        if all(any(way <= rest for way in facts.ways) for facts in called if any(way <= found for way in facts.ways)):
            found = rest
    return frozenset(found)


def _words(scopes: Iterable[str]) -> str:
    named = sorted(scopes)
    return " and ".join([", ".join(named[:-1]), named[-1]]) if len(named) > 1 else "".join(named)


def _bound(kept: OrderedDict[str, Any]) -> None:
    if len(kept) > _MOST_TOKENS:
        kept.popitem(last=False)
