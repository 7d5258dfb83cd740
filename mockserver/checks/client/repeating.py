"""Requests that are sent again after a failure, though nobody knows whether the first one was carried out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from mockserver.checks.client.rules import RULES
from mockserver.checks.client.seen import Seen, Who, kept, same
from mockserver.checks.client.telling import APART, Said, Teller
from mockserver.checks.findings import Finding
from mockserver.engine.journal import Exchange
from mockserver.messages import Faulted

_MOST_CALLERS = 500
_MOST_FAILED = 16  # requests of one caller
_LONGEST = 600.0  # seconds after which the same request is another story
_ORDERED = 10.0  # the same, where the author of a test has ordered the failure: the next test may ask the same
_SLOW = 0.3  # seconds after which a client may give up on an answer
_AT_ONCE = 0.1  # seconds within which the same request may be that of another thread
_CONDITIONS = ("if-match", "if-none-match", "if-unmodified-since")


class _Failed(NamedTuple):
    """A request that has `failed`, or whose answer came late, at `answered`. `ordered`: a test wanted it so."""

    exchange: Exchange
    answered: float
    timed: bool
    failed: bool
    ordered: bool


class Repeats:
    """Speaks of a request that is made again after a 5XX or a fault of the network, with nothing read in between, and
    of one that is made again while the answer to the first is long in coming."""

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
        slow = seen.timed and seen.answered - seen.exchange.at >= _SLOW
        if answered and not slow and not self._failed:
            return ()
        what = same(seen.exchange.request)
        pending = self._failed.get(seen.who)
        before = pending.pop(what, None) if pending else None
        invited = not seen.lost and seen.exchange.response.header("retry-after") is not None
        if answered and pending:
            self._next(seen, pending)
        if (slow or not answered) and not invited and not seen.exchange.fault and not _is_protected(seen):
            self._note(seen, what, failed=not answered)
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

    def _next(self, seen: Seen, pending: dict[int, _Failed]) -> None:
        """The caller goes on with something else: what a test has ordered is done with."""
        operation = seen.exchange.operation
        for what in [key for key, each in pending.items() if each.ordered and each.exchange.operation != operation]:
            if seen.exchange.at > pending[what].answered:
                del pending[what]

    def _note(self, seen: Seen, what: int, *, failed: bool) -> None:
        pending = self._failed.get(seen.who)
        if pending is None:
            pending = self._failed[seen.who] = {}
            if len(self._failed) > _MOST_CALLERS:
                self._failed.popitem(last=False)
        pending[what] = _Failed(kept(seen.exchange), seen.answered, seen.timed, failed, seen.ordered)
        if len(pending) > _MOST_FAILED:
            del pending[next(iter(pending))]

    def _told(self, seen: Seen, before: _Failed) -> Finding:
        exchange = seen.exchange

        def say() -> Said:
            facts = seen.facts
            assert facts is not None  # or nothing is known of the request
            method = facts.operation.method
            late = before.timed and seen.exchange.at <= before.answered
            how = "has not answered yet" if late else _how(before.exchange)
            message = (
                f"{facts.operation.id} {how}, and the same {method} is sent again: if the first one "
                f"was carried out, it happens twice"
            )
            expected = f"a reading call before the {method} is repeated, or an Idempotency-Key"
            advice = f"{RULES['blind-retry'].advice}; {APART}" if before.ordered else ""
            return Said(message, "", expected, advice, facts.place, facts.operation.evidence)

        exchanges = [before.exchange, exchange]
        return self._teller.find(
            "blind-retry", exchange.api, exchange.operation, _kind(before), say, exchanges, of=seen.api
        )


def _is_protected(seen: Seen) -> bool:
    """Whether the request says itself that it shall happen once."""
    headers = seen.exchange.request.headers
    return any(
        "idempoten" in name or name.startswith("repeatability-") or name in _CONDITIONS
        for name in map(str.lower, headers)
    )


def _follows(seen: Seen, before: _Failed) -> bool:
    """Whether a request was made after the failure of the first was known, and soon enough to be its repetition; or
    before there was an answer, but late enough to be no thread beside it."""
    at, first = seen.exchange.at, before.exchange.at
    if not (seen.timed and before.timed):
        return before.failed
    if at <= before.answered:
        return before.answered - first >= _SLOW and at >= first + _AT_ONCE
    return before.failed and at < first + (_ORDERED if before.ordered else _LONGEST)


def _kind(before: _Failed) -> str:
    response = before.exchange.response
    if not before.failed:
        return "late"
    return "network" if response.status == 0 or (isinstance(response, Faulted) and response.fault) else "5XX"


def _how(exchange: Exchange) -> str:
    response = exchange.response
    if isinstance(response, Faulted) and response.fault:
        return f"got no answer ({response.fault})"
    return f"was answered {response.status}" if response.status else "got no answer"
