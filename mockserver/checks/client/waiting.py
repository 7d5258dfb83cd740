"""`Retry-After`: who was told to wait, and calls all the same."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from mockserver.behaviour.declared import Quota
from mockserver.checks.client.rules import RULES
from mockserver.checks.client.seen import Seen, Who, kept, same
from mockserver.checks.client.telling import APART, Said, Teller
from mockserver.checks.findings import Finding
from mockserver.engine.journal import Exchange
from mockserver.messages import Response

_MOST = 1_000
_MOST_ASKED = 32  # requests that a client may have under way at once
_ON_THE_WAY = 0.5  # seconds within which another request may have left before the answer was there
_TOLERANCE = 1.0  # seconds at most, for clocks and timers that are not exact
_QUOTA = re.compile(r"\(rule quotas\.([^,]+), error ")
_Key = tuple[tuple[str, str, str], str]


@dataclass(slots=True)
class _Wait:
    """Somebody was told to wait `seconds`, until `until`, by the answer to `exchange`, which was there at `answered`.
    `known` is when the first of the answers was there that said so one after the other. `asked` are the requests that
    were made meanwhile and may be repeated in vain; `quota` names the quota. `ordered`: a test wanted it so."""

    exchange: Exchange
    operation: str
    answered: float
    known: float
    seconds: float
    until: float
    tolerance: float
    asked: set[int]
    quota: str
    ordered: bool


class Waits:
    """Speaks of a call that comes while its caller was told to wait: the same request once more, or another one of the
    same operation, or counted by the same quota, that is refused again. Of one wait it speaks once."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._waits: OrderedDict[_Key, _Wait] = OrderedDict()
        self._ordered: set[Who] = set()  # of those that wait since a test wanted it so

    def see(self, seen: Seen) -> Iterable[Finding]:
        """What is to be said of a call."""
        if seen.status < 400 and not self._waits:
            return ()
        if seen.facts is None or not seen.timed:
            return ()
        quota = self._quota(seen) if seen.status == 429 and not seen.lost else ""
        if seen.status < 400 and seen.who in self._ordered:
            self._next(seen)
        found = self._checked(seen, quota) if self._waits else None
        if seen.status >= 400 and not seen.lost:
            self._note(seen, quota)
        return () if found is None else (found,)

    def forget(self, api: str, namespace: str) -> Iterable[Finding]:
        """The mock begins anew there."""
        for key in [key for key in self._waits if key[0][:2] == (api, namespace)]:
            del self._waits[key]
        self._ordered = {who for who in self._ordered if who[:2] != (api, namespace)}
        return ()

    def end(self) -> Iterable[Finding]:
        """Nothing is left to say."""
        return ()

    def _next(self, seen: Seen) -> None:
        """The caller goes on with something else, and nobody minds: what a test has ordered is done with."""
        exchange, what = seen.exchange, same(seen.exchange.request)
        ordered = [(key, wait) for key, wait in self._waits.items() if key[0] == seen.who and wait.ordered]
        over = [key for key, wait in ordered if exchange.at > wait.answered and what not in wait.asked]
        for key in over:
            del self._waits[key]
        if len(over) == len(ordered):
            self._ordered.discard(seen.who)

    def _checked(self, seen: Seen, quota: str) -> Finding | None:
        for name in (seen.exchange.operation, f"quota {quota}" if quota else ""):
            key = (seen.who, name)
            wait = self._waits.get(key) if name else None
            if wait is None:
                continue
            at = seen.exchange.at
            if (
                at >= wait.until - wait.tolerance or at < wait.exchange.at - _TOLERANCE
            ):  # over, or the clock was set back
                del self._waits[key]
                continue
            what = same(seen.exchange.request)
            few = what not in wait.asked and len(wait.asked) < _MOST_ASKED
            if at <= wait.answered or (few and at < wait.known + _ON_THE_WAY):
                if len(wait.asked) < _MOST_ASKED:
                    wait.asked.add(what)
                continue
            if what not in wait.asked and not _is_told_to_wait(seen):
                continue  # another call, perhaps of somebody else with the same credential, and nobody minds it
            self._waits = OrderedDict((name, each) for name, each in self._waits.items() if each is not wait)
            return self._told(seen, wait)
        return None

    def _told(self, seen: Seen, wait: _Wait) -> Finding:
        exchange = seen.exchange
        waited = max(exchange.at - wait.answered, 0.0)

        def say() -> Said:
            facts = seen.facts
            assert facts is not None  # who was told to wait has called an operation
            of = f", by the quota {wait.quota}" if wait.quota else ""
            again = "it is" if wait.operation == exchange.operation else f"{exchange.operation}, which it counts, is"
            message = (
                f"{wait.operation} was answered {wait.exchange.response.status} with Retry-After: "
                f"{_seconds(wait.seconds)}{of}, and {again} called again after {_seconds(waited)}"
            )
            expected = f"no such call for {_seconds(wait.seconds)}"
            advice = f"{RULES['retry-after-ignored'].advice}; {APART}" if wait.ordered else ""
            return Said(message, "header retry-after", expected, advice, facts.place, facts.operation.evidence)

        exchanges = [wait.exchange, exchange]
        key = "retry-after"
        return self._teller.find(
            "retry-after-ignored", exchange.api, exchange.operation, key, say, exchanges, of=seen.api
        )

    def _note(self, seen: Seen, quota: str) -> None:
        exchange = seen.exchange
        seconds = _retry_after(exchange.response, exchange.at)
        if seconds <= 0:
            return
        answered = seen.answered
        tolerance = min(_TOLERANCE, seconds / 10)
        names = [exchange.operation, *([f"quota {quota}"] if quota else [])]
        for name in names:
            key = (seen.who, name)
            before = self._waits.pop(key, None)
            asked, known = {same(exchange.request)}, answered
            if before is not None and before.exchange.at - _TOLERANCE <= exchange.at < before.until:
                known = before.known
                asked |= before.asked if exchange.at < known + _ON_THE_WAY else set()
            until, ordered = answered + seconds, seen.ordered
            self._waits[key] = _Wait(
                *(kept(exchange), exchange.operation, answered, known, seconds, until, tolerance, asked, quota, ordered)
            )
            if ordered:
                self._ordered.add(seen.who)
        while len(self._waits) > _MOST:
            (who, _), _ = self._waits.popitem(last=False)
            self._ordered.discard(who)

    def _quota(self, seen: Seen) -> str:
        """The name of the quota that refused a call, if it counts all that its caller does; the trace says which."""
        assert seen.facts is not None
        for line in seen.exchange.trace:
            found = _QUOTA.search(line)
            if found:
                return found[1] if any(each.name == found[1] and _is_shared(each) for each in seen.facts.quotas) else ""
        return ""


def _is_told_to_wait(seen: Seen) -> bool:
    return seen.status >= 400 and not seen.lost and _retry_after(seen.exchange.response, seen.exchange.at) > 0


def _is_shared(quota: Quota) -> bool:
    return all(isinstance(each, str) and each != "operation" for each in quota.per)


def _retry_after(response: Response, at: float) -> float:
    """For how many seconds the client shall wait; 0 when the answer does not say so. A date counts from the answer's
    own Date, where it has one: the clocks of two machines differ."""
    text = (response.header("retry-after") or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:10])
    then = _moment(text)
    if then is None:
        return 0.0
    now = _moment(response.header("date") or "")
    return then - (at if now is None else now)


def _moment(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, OverflowError):
        return None


def _seconds(amount: float) -> str:
    return f"{amount:.0f} s" if amount >= 10 or amount.is_integer() else f"{amount:.1f} s"
