"""The same question, again and again, faster than a quota can bear."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from mockserver.behaviour.declared import Quota
from mockserver.checks.client.seen import Seen, Who, kept
from mockserver.checks.client.telling import Said, Teller
from mockserver.checks.findings import Finding
from mockserver.engine.journal import Exchange
from mockserver.state.clock import format_duration

_MOST_CALLERS = 500
_FEWEST = 5  # equal answers in a row
_MANY = 12  # of them are worth a word however soon they come: tests that ask the same are fewer, and quick
_SHORT = 3.0  # seconds
_SHARE = 0.01  # of a quota: a day bears a short burst
_LARGEST = 256 * 1024  # bytes of an answer that is kept to be compared


@dataclass(slots=True)
class _Run:
    """Equal calls with equal answers in a row: how many, since when."""

    question: tuple[str, str, str]
    status: int
    answer: bytes | int
    began: float
    last: float
    count: int = 1
    told: bool = False
    exchanges: list[Exchange] = field(default_factory=list)


class Polls:
    """Speaks of equal answers in a row to one caller, of the fifth after some seconds and of the twelfth at any rate,
    when they come so fast that a quota would be used up within its window."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._runs: OrderedDict[Who, _Run] = OrderedDict()

    def see(self, seen: Seen) -> Iterable[Finding]:
        """What is to be said of a call."""
        facts, exchange = seen.facts, seen.exchange
        if facts is None or not facts.quotas or not facts.reads or not seen.timed or not seen.succeeded:
            if self._runs:
                self._runs.pop(seen.who, None)
            return ()
        request, body = exchange.request, exchange.response.body
        question = (request.method, request.path, request.query)
        answer = body if len(body) <= _LARGEST else hash(body)
        run = self._runs.get(seen.who)
        if (
            run is None
            or run.question != question
            or run.status != seen.status
            or run.answer != answer
            or exchange.at < run.last
            or request.body
        ):
            self._runs[seen.who] = _Run(question, seen.status, answer, exchange.at, exchange.at)
            if len(self._runs) > _MOST_CALLERS:
                self._runs.popitem(last=False)
            return ()
        run.count += 1
        run.last = exchange.at
        if run.told or run.count < _FEWEST:
            return ()
        elapsed = exchange.at - run.began
        if run.count < _MANY and elapsed < _SHORT:
            return ()
        interval = elapsed / (run.count - 1)
        over = [
            each for each in facts.quotas if interval < each.window / each.limit and run.count >= each.limit * _SHARE
        ]
        if not over:
            return ()
        run.told = True
        return (self._told(seen, run, min(over, key=lambda quota: quota.limit * interval), interval),)

    def forget(self, api: str, namespace: str) -> Iterable[Finding]:
        """The mock begins anew there."""
        for who in [who for who in self._runs if who[:2] == (api, namespace)]:
            del self._runs[who]
        return ()

    def end(self) -> Iterable[Finding]:
        """Nothing is left to say."""
        return ()

    def _told(self, seen: Seen, run: _Run, quota: Quota, interval: float) -> Finding:
        exchange = seen.exchange

        def say() -> Said:
            facts = seen.facts
            assert facts is not None  # or there is no quota
            window = format_duration(timedelta(seconds=quota.window))
            bearable = _seconds(quota.window / quota.limit)
            message = (
                f"{facts.operation.id} was asked {run.count} times in a row, every {_seconds(interval)}, and the "
                f"answer was the same; at this pace the quota {quota.name}, {quota.limit} calls in {window}, is used up"
            )
            expected = f"at most one call every {bearable}"
            advice = f"ask every {bearable} at the most, and less often while nothing changes; or subscribe to events"
            return Said(message, "", expected, advice, facts.place, quota.evidence)

        return self._teller.find(
            "polling-too-fast", exchange.api, exchange.operation, quota.name, say, [kept(exchange)], of=seen.api
        )


def _seconds(amount: float) -> str:
    return f"{amount:.3g} s" if amount >= 0.001 else "less than 1 ms"
