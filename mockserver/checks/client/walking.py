"""Walks over the pages of a list: whether they come to an end, and get there without going back."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from mockserver.checks.client.facts import Facts
from mockserver.checks.client.pages import Page, page_of, without_place
from mockserver.checks.client.seen import Seen, Who, kept
from mockserver.checks.client.telling import Said, Teller
from mockserver.checks.findings import Finding
from mockserver.engine.journal import Exchange
from mockserver.messages import Faulted

_MOST_WALKS = 300
_MOST_PAGES = 10_000  # of one walk
_MOST_CHANGES = 2_000
_MOST_ODD = 300
_MOST_CLEAN = 2_000
_LONGEST = 300.0  # seconds after which a walk is not gone on with
_HELD_BACK = 1.0  # seconds after which a client may have given up on a page
_Key = tuple[Who, str, str, str, int]


@dataclass(slots=True)
class _Walk:
    """One list, read by one caller. `begun` counts how often its first page was read before any other: so many walks
    may go side by side. `broken`: a page has failed since the last one that came; `clean`: none was read too often."""

    key: _Key
    facts: Facts
    last: Exchange
    more: bool | None
    changes: int
    timed: bool
    begun: int = 0
    pages: Counter[int | str] = field(default_factory=Counter)
    broken: bool = False
    clean: bool = True


@dataclass(slots=True)
class _Stopped:
    """Walks over the lists of one operation that were left while there was more."""

    facts: Facts
    exchange: Exchange
    pages: int
    times: int = 1


class _Odd(NamedTuple):
    """What was odd first in the walks over one list, after so many pages."""

    facts: Facts
    pages: int
    exchanges: tuple[Exchange, Exchange]


class Walks:
    """Speaks when all is over: of a page that is read twice and of a walk that begins anew, unless the same caller has
    read that list to its end without a page too many, as several readers side by side do; of walks that stop early,
    unless the client has read another list of the same operation to its end."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._walks: OrderedDict[_Key, _Walk] = OrderedDict()
        self._changes: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._stopped: dict[tuple[str, str], _Stopped] = {}
        self._finished: set[tuple[str, str]] = set()
        self._odd: dict[tuple[_Key, str], _Odd] = {}
        self._clean: OrderedDict[_Key, None] = OrderedDict()  # lists that were read to the end, each page once

    def see(self, seen: Seen) -> Iterable[Finding]:
        """What is to be said of a call."""
        facts = seen.facts
        if facts is None:
            return ()
        if not facts.reads:
            if seen.status < 400 or seen.lost:
                self._changed(seen)
            return ()
        if not facts.listed:
            return ()
        exchange = seen.exchange
        request = exchange.request
        rest = without_place(request.query, facts.listed)
        key = (seen.who, exchange.operation, request.path, rest, hash(request.body))
        walk = self._walks.get(key)
        if _is_spoiled(seen):
            if walk is not None:
                walk.broken = True
            return ()
        if exchange.trace and any(line.startswith("fault: ") for line in exchange.trace):
            return ()  # made up by the author of a test: it needs not fit the others
        page = page_of(seen)
        if page is not None:
            self._continued(seen, key, walk, page)
        return ()

    def forget(self, api: str, namespace: str) -> Iterable[Finding]:
        """The mock begins anew there: nobody goes on."""
        for key in [key for key in self._walks if key[0][:2] == (api, namespace)]:
            self._leave(self._walks.pop(key))
        return ()

    def end(self) -> Iterator[Finding]:
        """All that is to be said."""
        while self._walks:
            self._leave(self._walks.popitem(last=False)[1])
        for (_, rule), odd in self._odd.items():
            yield self._told(rule, odd)
        for (api, operation), stopped in self._stopped.items():
            if (api, operation) not in self._finished:
                yield self._early(api, operation, stopped)

    def _changed(self, seen: Seen) -> None:
        place = seen.who[:2]
        self._changes[place] = self._changes.get(place, 0) + 1
        if len(self._changes) > _MOST_CHANGES:
            self._changes.popitem(last=False)

    def _continued(self, seen: Seen, key: _Key, walk: _Walk | None, page: Page) -> None:
        changes = self._changes.get(seen.who[:2], 0)
        if walk is not None:
            late = seen.timed and walk.timed and seen.exchange.at - walk.last.at > _LONGEST
            other = late or walk.changes != changes
            if page.first and (other or (walk.broken and len(walk.pages) > 1)):
                self._leave(self._walks.pop(key))
                walk = None
            elif page.first and len(walk.pages) > 1:
                self._note("paging-restarted", seen, walk)
            elif walk.pages[page.place] >= max(walk.begun, 1) and not (page.first or other or walk.broken):
                self._note("paging-duplicated", seen, walk)
                walk.clean = False
        if walk is None:
            walk = _Walk(key, self._facts(seen), seen.exchange, page.more, changes, seen.timed)
        self._go(walk, seen, page, changes)

    def _note(self, rule: str, seen: Seen, walk: _Walk) -> None:
        if (walk.key, rule) not in self._odd and walk.key not in self._clean and len(self._odd) < _MOST_ODD:
            self._odd[walk.key, rule] = _Odd(walk.facts, len(walk.pages), (walk.last, kept(seen.exchange)))

    def _facts(self, seen: Seen) -> Facts:
        assert seen.facts is not None  # pages are those of an operation
        return seen.facts

    def _go(self, walk: _Walk, seen: Seen, page: Page, changes: int) -> None:
        walk.begun += page.first
        if len(walk.pages) < _MOST_PAGES:
            walk.pages[page.place] += 1
        walk.last, walk.more, walk.changes, walk.timed = kept(seen.exchange), page.more, changes, seen.timed
        walk.broken = False
        if page.more:
            self._walks[walk.key] = walk
            if len(self._walks) > _MOST_WALKS:
                self._leave(self._walks.popitem(last=False)[1])
            return
        self._walks.pop(walk.key, None)
        if page.more is False and len(walk.pages) > 1:
            self._finished.add((seen.exchange.api, seen.exchange.operation))
            if walk.begun and walk.clean:
                self._clean[walk.key] = None
                for rule in ("paging-restarted", "paging-duplicated"):
                    self._odd.pop((walk.key, rule), None)
                if len(self._clean) > _MOST_CLEAN:
                    self._clean.popitem(last=False)

    def _leave(self, walk: _Walk) -> None:
        """Nobody goes on with this walk. Where the last page has failed the client may have had to stop."""
        if not walk.more or walk.broken:
            return
        place = (walk.last.api, walk.last.operation)
        stopped = self._stopped.get(place)
        if stopped is None:
            self._stopped[place] = _Stopped(walk.facts, walk.last, len(walk.pages))
        else:
            stopped.times += 1

    def _early(self, api: str, operation: str, stopped: _Stopped) -> Finding:
        facts = stopped.facts

        def say() -> Said:
            pages = "one page was" if stopped.pages == 1 else f"{stopped.pages} pages were"
            message = f"{pages} read of the list of {operation}, and the last one says that there is more"
            place = facts.listed[0].paging.at
            expected = f"calls with '{place}' until the answer says that nothing follows"
            return Said(message, f"query {place}", expected, "", facts.place, facts.listed[0].paging.evidence)

        return self._teller.find(
            "paging-stopped-early", api, operation, "stopped", say, [stopped.exchange], of=facts.api
        )

    def _told(self, rule: str, odd: _Odd) -> Finding:
        facts, exchange = odd.facts, odd.exchanges[-1]
        at = facts.listed[0].paging.at

        def say() -> Said:
            if rule == "paging-restarted":
                read = f"{odd.pages} pages of {facts.operation.id} were read"
                message = f"{read}, there is more, and the first one is read again"
            else:
                message = f"a page of {facts.operation.id} is read a second time, and nothing was written in between"
            return Said(message, f"query {at}", "each page once", "", facts.place, facts.listed[0].paging.evidence)

        return self._teller.find(rule, exchange.api, exchange.operation, "again", say, odd.exchanges, of=facts.api)


def _is_spoiled(seen: Seen) -> bool:
    """Whether the client may not have got the page."""
    response = seen.exchange.response
    slow = isinstance(response, Faulted) and (response.delay >= _HELD_BACK or bool(response.fault))
    return not seen.succeeded or slow
