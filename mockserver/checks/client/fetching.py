"""Tokens that are fetched anew while the last one is good for a long time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from mockserver.checks.client.seen import Seen, fields_of, kept
from mockserver.checks.client.telling import Said, Teller
from mockserver.checks.findings import Finding
from mockserver.contract.queries import decode
from mockserver.engine.journal import Exchange

_MOST = 2_000
_FEWEST = 6  # fetches that are worth a word: a few tests that begin with a new client each are none
_FEW, _MANY = 0.5, 1.5  # calls per token: about one
#: Each code stands for a person who has signed in.
_PER_PERSON = frozenset({"authorization_code", "password", "urn:ietf:params:oauth:grant-type:device_code"})
_Key = tuple[str, str, str, str, str]


@dataclass(slots=True)
class _Chain:
    """Fetches for one purpose, none of which was needed but the first. `ends` is when half the life of the last token
    is over; `uses` counts the calls with all of them."""

    key: _Key
    fetches: int = 0
    uses: int = 0
    token: str = ""
    began: float = 0.0
    half: float = 0.0
    refused: bool = False
    last: Exchange | None = None


class Fetches:
    """Speaks of the sixth token, and of each further one, that is fetched for the same client, grant and scope while
    the one before has more than half of its life to come, when about one call was made with each."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._chains: OrderedDict[_Key, _Chain] = OrderedDict()
        self._tokens: OrderedDict[tuple[str, str], _Chain] = OrderedDict()  # by namespace and token
        self._families: OrderedDict[str, str] = OrderedDict()  # refresh tokens, by that from which they came

    def see(self, seen: Seen) -> Iterable[Finding]:
        """What is to be said of a call."""
        if seen.facts is not None and seen.facts.issues:
            return self._fetched(seen) if seen.issued else ()
        if self._tokens and seen.token:
            chain = self._tokens.get((seen.exchange.namespace, seen.token))
            if chain is not None:
                chain.uses += 1
                if seen.status == 401 and chain.token == seen.token:
                    chain.refused = True
        return ()

    def forget(self, api: str, namespace: str) -> Iterable[Finding]:
        """The mock begins anew there: its tokens are gone."""
        for key in [key for key in self._chains if key[:2] == (api, namespace)]:
            del self._chains[key]
        return ()

    def end(self) -> Iterable[Finding]:
        """Nothing is left to say."""
        return ()

    def _fetched(self, seen: Seen) -> Iterable[Finding]:
        exchange, issued = seen.exchange, seen.issued
        fields = fields_of(exchange.request)
        grant, given = fields.get("grant_type", ""), fields.get("refresh_token", "")
        family = self._families.get(given, given)
        if isinstance(issued.get("refresh_token"), str):
            self._families[issued["refresh_token"]] = family or issued["refresh_token"]
            _bound(self._families)
        if grant in _PER_PERSON:
            return ()
        client = fields.get("client_id", "") or seen.token
        key = (
            exchange.api,
            exchange.namespace,
            exchange.operation,
            grant,
            f"{client} {fields.get('scope', '')} {family}",
        )
        chain = self._chains.get(key)
        if chain is None or not _is_early(chain, exchange.at):
            chain = self._chains[key] = _Chain(key)
            _bound(self._chains)
        chain.fetches += 1
        chain.token, chain.began, chain.refused = issued["access_token"], exchange.at, False
        life = issued.get("expires_in")
        chain.half = exchange.at + life / 2 if isinstance(life, (int, float)) else float("inf")
        self._tokens[exchange.namespace, chain.token] = chain
        _bound(self._tokens)
        before, chain.last = chain.last, kept(exchange)
        tokens = chain.fetches - 1
        if chain.fetches < _FEWEST or not _FEW * tokens <= chain.uses <= _MANY * tokens:
            return ()
        assert before is not None  # it is not the first
        return (self._told(seen, chain, grant, before),)

    def _told(self, seen: Seen, chain: _Chain, grant: str, before: Exchange) -> Finding:
        exchange, life = seen.exchange, seen.issued.get("expires_in")

        def say() -> Said:
            facts = seen.facts
            assert facts is not None  # an operation has issued it
            lives = f", and each lives for {life} s" if isinstance(life, (int, float)) else ""
            calls = "one call was" if chain.uses == 1 else f"{chain.uses} calls were"
            message = (
                f"{chain.fetches} tokens were fetched for the same client{f' by {decode(grant)}' if grant else ''}, "
                f"{calls} made with the first {chain.fetches - 1}{lives}"
            )
            return Said(message, "", "one token for many calls", "", facts.place, facts.operation.evidence)

        exchanges = [before, exchange]
        return self._teller.find("token-per-call", exchange.api, exchange.operation, grant, say, exchanges, of=seen.api)


def _is_early(chain: _Chain, at: float) -> bool:
    """Whether the last token would have been good for long."""
    return not chain.refused and chain.began - 1.0 <= at < chain.half


def _bound(kept: OrderedDict[str, str] | OrderedDict[_Key, _Chain] | OrderedDict[tuple[str, str], _Chain]) -> None:
    if len(kept) > _MOST:
        kept.popitem(last=False)
