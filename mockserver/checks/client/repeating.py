"""Requests that are sent again after a failure, though nobody knows whether the first one was carried out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from mockserver.checks.client.seen import Seen, Who, kept
from mockserver.checks.client.telling import Said, Teller
from mockserver.checks.findings import Finding
from mockserver.engine.journal import Exchange
from mockserver.messages import Faulted

_MOST_CALLERS = 500
_MOST_FAILED = 16  # requests of one caller
_LONGEST = 600.0  # seconds after which the same request is another story
_CONDITIONS = ("if-match", "if-none-match", "if-unmodified-since")


class _Failed(NamedTuple):
    exchange: Exchange
    answered: float
    timed: bool


class Repeats:
    """Speaks of a request that is made again after a 5XX or a fault of the network, with nothing read in between."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._failed: OrderedDict[Who, dict[int, _Failed]] = OrderedDict()

    def see(self, seen: Seen) -> Iterable[Finding]:
        """What is to be said of a call."""
        facts = seen.facts
        if facts is None or (facts.repeatable and not self._failed):
            return ()
        answered = not seen.lost and seen.status < 500
        if facts.repeatable:
            if facts.reads and answered:
                self._failed.pop(seen.who, None)
            return ()
        if answered and not self._failed:
            return ()
        request = seen.exchange.request
        what = hash((request.method, request.path, request.query, request.body))
        pending = self._failed.get(seen.who)
        before = pending.pop(what, None) if pending else None
        invited = not seen.lost and seen.exchange.response.header("retry-after") is not None
        if not answered and not invited and not seen.exchange.fault and not _is_protected(seen):
            self._note(seen, what)
        if before is None or not _follows(seen, before):
            return ()
        return (self._told(seen, before),)

    def forget(self, api: str, namespace: str) -> Iterable[Finding]:
        """The mock begins anew there."""
        for who in [who for who in self._failed if who[:2] == (api, namespace)]:
            del self._failed[who]
        return ()

    def end(self) -> Iterable[Finding]:
        """Nothing is left to say."""
        return ()

    def _note(self, seen: Seen, what: int) -> None:
        pending = self._failed.get(seen.who)
        if pending is None:
            pending = self._failed[seen.who] = {}
            if len(self._failed) > _MOST_CALLERS:
                self._failed.popitem(last=False)
        pending[what] = _Failed(kept(seen.exchange), seen.answered, seen.timed)
        if len(pending) > _MOST_FAILED:
            del pending[next(iter(pending))]

    def _told(self, seen: Seen, before: _Failed) -> Finding:
        exchange = seen.exchange

        def say() -> Said:
            facts = seen.facts
            assert facts is not None  # or nothing is known of the request
            method = facts.operation.method
            message = (
                f"{facts.operation.id} {_how(before.exchange)}, and the same {method} is sent again: if the first one "
                f"was carried out, it happens twice"
            )
            expected = f"a reading call before the {method} is repeated, or an Idempotency-Key"
            return Said(message, "", expected, "", facts.place, facts.operation.evidence)

        exchanges = [before.exchange, exchange]
        return self._teller.find(
            "blind-retry", exchange.api, exchange.operation, _kind(before.exchange), say, exchanges, of=seen.api
        )


def _is_protected(seen: Seen) -> bool:
    """Whether the request says itself that it shall happen once."""
    headers = seen.exchange.request.headers
    return any(
        "idempoten" in name or name.startswith("repeatability-") or name in _CONDITIONS
        for name in map(str.lower, headers)
    )


def _follows(seen: Seen, before: _Failed) -> bool:
    """Whether a request was made after the failure of the first was known, and soon enough to be its repetition."""
    at, first = seen.exchange.at, before.exchange.at
    if not (seen.timed and before.timed):
        return True
    return before.answered < at < first + _LONGEST


def _kind(exchange: Exchange) -> str:
    response = exchange.response
    return "network" if response.status == 0 or (isinstance(response, Faulted) and response.fault) else "5XX"


def _how(exchange: Exchange) -> str:
    response = exchange.response
    if isinstance(response, Faulted) and response.fault:
        return f"got no answer ({response.fault})"
    return f"was answered {response.status}" if response.status else "got no answer"
