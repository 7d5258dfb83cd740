"""Judges a client by its calls, one after the other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Protocol

from mockserver.checks.client.conduct import Conduct
from mockserver.checks.client.facts import Facts, facts_of, token_operations
from mockserver.checks.client.fetching import Fetches
from mockserver.checks.client.holding import Holdings, TokenUse
from mockserver.checks.client.polling import Polls
from mockserver.checks.client.repeating import Repeats
from mockserver.checks.client.seen import Callers, Seen, seen
from mockserver.checks.client.telling import Teller
from mockserver.checks.client.urls import Urls
from mockserver.checks.client.waiting import Waits
from mockserver.checks.client.walking import Walks
from mockserver.checks.findings import Finding
from mockserver.engine.api import Api
from mockserver.engine.journal import Exchange


class _Watching(Protocol):
    """What looks at calls one after the other."""

    def see(self, seen: Seen) -> Iterable[Finding]: ...

    def forget(self, api: str, namespace: str) -> Iterable[Finding]: ...

    def end(self) -> Iterable[Finding]: ...


class ClientJudge:
    """Holds the calls of one run against the rules. Memory stays bounded however many there are.

    `apis` are those that are called, by name. What whoever runs the client has given it, `exempt_tokens`, may hold more
    scopes than are used. Where several judges see a part of the calls each, as one for each test does, `token_use` is
    what they share: what is to be said of scopes it tells itself, when all are done.
    """

    def __init__(
        self, apis: Mapping[str, Api], *, exempt_tokens: Collection[str] = (), token_use: TokenUse | None = None
    ) -> None:
        self._apis = apis
        self._facts: dict[tuple[str, str], Facts | None] = {}
        self._callers: dict[str, Callers] = {}
        teller = Teller()
        self._conduct = Conduct(teller)
        self._watching: tuple[_Watching, ...] = (
            *(Waits(teller), Repeats(teller), Fetches(teller), Holdings(teller, exempt_tokens, token_use)),
            *(Walks(teller), Urls(teller), Polls(teller)),
        )

    def see(self, exchange: Exchange, *, timed: bool = True) -> list[Finding]:
        """What is wrong with the next call of the run; calls come in order. `timed`: the moment of the call can be
        trusted, since the clock did not stand still. The first few findings of a kind have their exchanges."""
        name = exchange.api
        api = self._apis.get(name)
        known = (name, exchange.operation)
        try:
            facts = self._facts[known]
        except KeyError:
            facts = self._facts[known] = self._learned(api, exchange.operation)
        callers = self._callers.get(name)
        if callers is None:
            callers = self._callers[name] = Callers(api)
        each = seen(exchange, api, facts, callers.token(exchange.request), timed)
        found: list[Finding] = []
        if exchange.violations or exchange.warnings or exchange.fault:
            found += self._conduct.see(each)
        for rule in self._watching:
            found += rule.see(each)
        return found

    def begin_anew(self, api: str, namespace: str) -> list[Finding]:
        """The mock was reset there: what follows has nothing to do with what was before."""
        return [finding for rule in self._watching for finding in rule.forget(api, namespace)]

    def end(self) -> list[Finding]:
        """What is known only when all is over."""
        return [finding for rule in self._watching for finding in rule.end()]

    def _learned(self, api: Api | None, operation: str) -> Facts | None:
        documented = api.contract.operations.get(operation) if api is not None else None
        return facts_of(api, documented, self._issuing) if api is not None and documented is not None else None

    @cached_property
    def _issuing(self) -> set[tuple[str, str]]:
        return token_operations(self._apis)
