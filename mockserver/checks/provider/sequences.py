"""Sequences of calls: what one call has done must show in the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import hypothesis
from hypothesis.errors import HypothesisException
from hypothesis.stateful import run_state_machine_as_test

from mockserver.checks.conformance import ANSWER_RULES
from mockserver.checks.findings import Finding
from mockserver.checks.provider.book import Book, fitting
from mockserver.checks.provider.calling import Called, Caller
from mockserver.checks.provider.judging import Judge
from mockserver.checks.provider.search import Enough, quiet
from mockserver.checks.provider.wanted import Wanted
from mockserver.engine.api import Api
from mockserver.messages import Request, Response
from mockserver.strategies.adapter import Sent
from mockserver.strategies.breaks import SequenceBroken
from mockserver.strategies.drafts import Draft
from mockserver.strategies.links import Link, Use
from mockserver.strategies.machine import ApiMachine, state_machine_for
from mockserver.strategies.memory import keeps_nothing
from mockserver.strategies.model import Id, Model
from mockserver.strategies.play import Play
from mockserver.strategies.walks import judge_walk, walk

STEPS = 8  # of one sequence
_MOST_FOUND = 8  # findings, after each of which the search begins anew
_MOST_CALLS = 400  # that smaller sequences may cost
_SHOWN = 6  # calls of a sequence that a report shows
_SAFE = ("GET", "HEAD", "OPTIONS")
#: What can only be seen by writing.
_WRITING = frozenset({"use_after_free", "read_after_write", "count_after_write"})


class Sequences:
    """Plays the state machine of an API against a live service."""

    def __init__(
        self,
        api: Api,
        caller: Caller,
        judge: Judge,
        book: Book,
        wanted: Wanted,
        links: Mapping[str, Link],
        records: Mapping[str, Sequence[Id]],
        progress: Callable[[], object],
    ) -> None:
        """`links` are the operations that may be called, by id, `records` some that are there, by resource; `progress`
        hears of each sequence."""
        self._caller, self._judge, self._book, self._wanted = caller, judge, book, wanted
        self._links, self._records, self._progress = links, records, progress
        self._machine = state_machine_for(api, call=self._call, operations=list(links))
        self._operations = api.contract.operations
        self._sequence: list[Called] = []
        self._called: set[str] = set()
        self._hushed: set[tuple[str, str]] = set()
        self._best: tuple[SequenceBroken, list[Called]] | None = None
        self._left = _MOST_CALLS

    def run(self) -> None:
        """Play until nothing more is found. Raises Gone and Throttled."""
        self._sequence, self._best = [], None
        if reason := keeps_nothing(self._machine.kit):
            for name, link in self._links.items():
                for check in fitting(link):
                    self._book.skip(name, check, reason)
            return
        for link in self._links.values():
            if link.verb == "list":
                self._walk(link)
        for _ in range(_MOST_FOUND):
            found = self._play()
            if found is None:
                break
            broken, calls = found
            self._hushed.add((broken.check, broken.operation))
            self._book.take(self._finding(broken, calls))
        for name in self._called:
            for check in fitting(self._links[name]):
                if check in _WRITING and not self._wanted.allow_writes:
                    self._book.skip(name, check, "nothing is written without --allow-writes")
                else:
                    self._book.looked(name, check)

    def _walk(self, link: Link) -> None:
        """Go through all pages of a list, where nothing is written meanwhile."""
        self._sequence, self._best = [], None
        kit, use = self._machine.kit, link.use("parent")
        parents = self._records.get(use.resource, []) if use is not None else []
        parent = next(iter(parents), None)
        try:
            found = walk(kit, link, parent, "a walk through all pages")
            if found is not None:
                self._book.looked(link.operation.id, "list_after_write")
                judge_walk(kit, Model(kit.links), link, parent, found)
        except SequenceBroken as broken:
            if not self.hushed(broken):
                self._hushed.add((broken.check, broken.operation))
                self._book.take(self._finding(broken, self._sequence))

    def begin(self) -> None:
        """A sequence begins."""
        self._sequence = []
        self._progress()

    def hushed(self, broken: SequenceBroken) -> bool:
        """Whether nothing more is to be said of what is broken; else it is kept, if it takes fewer calls than before.
        The bare answers are judged one by one anyway."""
        known = broken.check in ANSWER_RULES or broken.check not in self._book.enabled
        if known or (broken.check, broken.operation) in self._hushed:
            return True
        if self._best is None or len(self._sequence) <= len(self._best[1]):
            self._best = broken, list(self._sequence)
        return False

    def _play(self) -> tuple[SequenceBroken, list[Called]] | None:
        """The first thing that is found to be wrong, by the fewest calls."""
        self._best, self._left = None, _MOST_CALLS
        sequences = sequences_for(self._wanted.examples)
        machine = type(self._machine.__name__, (_Played, self._machine), {"owner": self})
        hypothesis.seed(self._wanted.seed)(machine)
        try:
            run_state_machine_as_test(machine, settings=quiet(sequences, shrink=True, steps=STEPS))
        except (SequenceBroken, Enough):
            pass
        except (HypothesisException, BaseExceptionGroup):  # a service that is not the same twice
            pass
        return self._best

    def _call(self, name: str, sent: Sent) -> Response:
        """What the machine calls."""
        operation = self._operations[name]
        if self._best is not None:
            self._left -= 1
            if self._left < 0:
                raise Enough
        called = self._caller.call(operation, Request(*sent))
        self._sequence.append(called)
        self._called.add(name)
        self._book.answered(name)
        for each in self._judge.findings(operation, called):
            self._book.take(each)
        return called.response

    def _finding(self, broken: SequenceBroken, calls: Sequence[Called]) -> Finding:
        operation = self._operations[broken.operation]
        message = f"{broken.what}; {broken.why}" if broken.why else broken.what
        finding = self._judge.finding(broken.check, operation, message, expected=broken.expected, key=broken.check)
        return self._judge.with_story(finding, _telling(calls))


def sequences_for(examples: int) -> int:
    """How many sequences are played."""
    return max(5, examples // 4)


class _Played(ApiMachine):
    """A machine that goes on after what is known already."""

    owner: Sequences

    def __init__(self) -> None:
        self.owner.begin()
        super().__init__()
        self.play = _Tolerant(self.kit, self.owner)


class _Tolerant(Play):
    def __init__(self, kit: Any, owner: Sequences) -> None:
        super().__init__(kit)
        self._owner = owner

    def start(self, resource: str) -> list[Id]:
        try:
            return super().start(resource)
        except SequenceBroken as broken:
            if self._owner.hushed(broken):
                return [Id(resource, None)]
            raise

    def step(self, link: Link, draft: Draft, again: bool, given: Mapping[Use, Id]) -> list[Id]:
        try:
            return super().step(link, draft, again, given)
        except SequenceBroken as broken:
            if self._owner.hushed(broken):
                return []
            raise


def _telling(calls: Sequence[Called]) -> list[Called]:
    """Of a sequence the calls that tell the story: what was written, and the last with those that asked the same. Where
    they are too many, reads are left out before writes, and the oldest first."""
    if not calls:
        return []
    last = calls[-1]
    told: list[Called] = []
    asked: set[tuple[str, ...]] = set()  # since the last write
    for each in calls[:-1]:
        request = each.request
        if request.method not in _SAFE and each.response.status < 400:
            asked.clear()
            told.append(each)
        elif (request.method, request.path) == (last.request.method, last.request.path):
            key = (request.method, request.path, request.query)
            if key not in asked:
                told.append(each)
            asked.add(key)
    for safe in (True, False):
        for each in [each for each in told if (each.request.method in _SAFE) == safe]:
            if len(told) >= _SHOWN:
                told.remove(each)
    return [*told, last]
