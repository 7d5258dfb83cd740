"""Recorded traffic, judged as if it had just taken place: what the client asked, what the service answered, and what
of the contract was touched."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from mockserver.checks.client import ClientJudge
from mockserver.checks.conformance import CONDITIONS, answer_findings
from mockserver.checks.coverage.coverage import Coverage
from mockserver.checks.findings import SERVED, Finding, Shown
from mockserver.checks.traffic.entries import HarEntry
from mockserver.checks.traffic.order import WINDOW, in_order
from mockserver.checks.traffic.reading import HarError, HarFile
from mockserver.checks.traffic.selecting import Selection, Target
from mockserver.engine.assembly import build_engine
from mockserver.engine.journal import Exchange
from mockserver.engine.judging import Onlooker
from mockserver.exceptions import UsageError

_MOST_SHOWN = 3  # exchanges of one finding about answers
_MOST_WRONG = 3  # entries that could not be understood and are told of one by one
_REFUSED = frozenset({401, 403})
_STEP = 500  # entries between two reports of progress
_OWN_VOICE = "x-mockserver-problem"


class Traffic:
    """Judges recorded calls of some APIs (names that ship, folders, OpenAPI files).

    `base_urls` are addresses at which they were called beside their documented hosts, each `URL` or `API=URL`. `tell`
    is told every finding, without secrets. Raises SpecError, UsageError.
    """

    def __init__(
        self, apis: Sequence[str], base_urls: Iterable[str] = (), *, tell: Callable[[Finding], object]
    ) -> None:
        self._engine = Onlooker(build_engine(apis))
        if not any(api.contract.operations for api in self._engine.apis.values()):
            raise UsageError(f"{' and '.join(self.apis)} documents no operation: there is no traffic of it to judge")
        self._client = ClientJudge(self._engine.apis)
        self._tell = tell
        self._shown: Counter[str] = Counter()
        self._first: dict[str, Finding] = {}
        self._odd: Counter[str] = Counter()
        self._bases: dict[str, list[tuple[int, str]]] = {}
        self._wrong: list[str] = []
        self.selection = Selection(self._engine.apis, self._engine.routes, base_urls)
        self.coverage = Coverage.of(self._engine.apis.values())
        #: How many calls of the APIs were judged, of how many entries.
        self.exchanges = self.entries = 0
        #: Why the archive could not be read to its end.
        self.broken: HarError | None = None

    @property
    def apis(self) -> tuple[str, ...]:
        """The names of the APIs."""
        return tuple(self._engine.apis)

    def judge(self, entries: Iterable[HarEntry]) -> None:
        """Judge these entries, once and all of them. A HarError ends them, and is kept in `broken`."""

        def understood() -> Iterable[HarEntry]:
            try:
                for entry in entries:
                    self.entries += 1
                    if entry.wrong:
                        self._odd["wrong"] += 1
                        if len(self._wrong) < _MOST_WRONG:
                            self._wrong.append(f"entry {entry.number}: {entry.wrong}")
                    elif (target := self.selection.target(entry)) is not None:
                        aimed[entry.number] = target
                        self._place(entry, target)
                        yield entry
            except HarError as error:
                self.broken = error

        aimed: dict[int, Target] = {}
        for entry, at, ordered in in_order(understood()):
            self._see(entry, aimed.pop(entry.number), at, ordered)
        for finding in self._client.end():
            self._say(finding)

    def _see(self, entry: HarEntry, target: Target, at: float, ordered: bool) -> None:
        exchange = self._exchange(entry, target, at)
        self._count(entry, ordered)
        timed = ordered and entry.at is not None and entry.seconds is not None
        for finding in self._client.see(exchange, timed=timed):
            self._say(finding)
        self.coverage.add(exchange)
        for finding in self._answered(entry, exchange, target):
            self._say(finding)

    def _place(self, entry: HarEntry, target: Target) -> None:
        """Keep under which address an API was called, from this entry of the file on."""
        request = entry.request
        before = quote(request.path.removesuffix(target.path), safe="/:@~-._", errors="surrogateescape")
        base = f"{request.scheme}://{request.headers.get('host', '')}{before}"
        known = self._bases.setdefault(target.api.name, [])
        if request.path.endswith(target.path) and (not known or known[-1][1] != base):
            known.append((entry.number, base))

    def _recorded(self, shown: Shown, api: str) -> Shown:
        """The exchange with the address that was called, where the mock's own stands."""
        known = self._bases.get(api, [])
        at = bisect_right(known, shown.number, key=lambda each: each[0])
        if not at or not shown.url.startswith(f"/{api}"):
            return shown
        base = known[at - 1][1]
        url = base + shown.url.removeprefix(f"/{api}")
        return replace(shown, url=url, curl=shown.curl.replace(f"{SERVED}/{api}", base, 1))

    def _say(self, finding: Finding) -> None:
        """Tell a finding, with the addresses that were called."""
        if finding.exchanges:
            exchanges = tuple(self._recorded(each, finding.api) for each in finding.exchanges)
            finding = replace(finding, exchanges=exchanges)
        self._tell(finding)

    def _exchange(self, entry: HarEntry, target: Target, at: float) -> Exchange:
        """What the engine's steps make of an entry. The path gets the prefix by which the mock knows the API."""
        self.exchanges += 1
        request = entry.request._replace(path=f"/{target.api.name}{target.path}")
        exchange = self._engine.judge(target.api, target.path, request, entry.response, at)
        exchange.seq, exchange.namespace, exchange.duration = entry.number, target.namespace, entry.seconds or 0.0
        if not entry.asked:
            exchange.violations = [each for each in exchange.violations if each.location != "body"]
        unseen = [each for each in exchange.violations if each.location == "security"]
        if unseen and entry.response.status not in _REFUSED:
            self._odd["credential"] += 1
            exchange.violations = [each for each in exchange.violations if each not in unseen]
        return exchange

    def _answered(self, entry: HarEntry, exchange: Exchange, target: Target) -> Iterable[Finding]:
        response = exchange.response
        if not (exchange.operation and response.status) or response.header(_OWN_VOICE) is not None:
            return
        if response.status == 304 and not any(name in exchange.request.headers for name in CONDITIONS):
            self._odd["condition"] += 1
            return
        operation = target.api.contract.operations[exchange.operation]
        known = {"headers": entry.told, "body": entry.answered}
        shown: tuple[Shown, ...] = ()
        for finding in answer_findings(target.api, operation, exchange.request, response, **known):
            fingerprint = finding.fingerprint
            self._shown[fingerprint] += 1
            if self._shown[fingerprint] <= _MOST_SHOWN:
                shown = shown or (Shown.of(exchange),)
                told = finding.shown_by(shown)
                self._first.setdefault(fingerprint, replace(told, exchanges=()))
                yield told
            else:
                yield self._first[fingerprint]  # which says nothing that is a secret

    def _count(self, entry: HarEntry, ordered: bool) -> None:
        odd = self._odd
        odd["body"] += not entry.answered
        odd["sent"] += not entry.asked
        odd["headers"] += not entry.told
        odd["time"] += entry.at is None
        odd["measured"] += entry.at is not None and entry.seconds is None
        odd["order"] += not ordered

    def read(self, file: HarFile, progress: Callable[[int, int], object] = lambda done, total: None) -> None:
        """Judge an archive. `progress` is told how many bytes of how many were read.

        Raises HarError for a file that is no archive, UsageError when it has no call of these APIs. A file that is
        broken off is judged as far as it goes.
        """

        def followed() -> Iterable[HarEntry]:
            for entry in file:
                if entry.number % _STEP == 0:
                    progress(file.position, file.size)
                yield entry

        self.judge(followed())
        if self.exchanges:
            return
        raise self.broken if self.broken is not None else self._nothing(file)

    def notes(self) -> list[str]:
        """What was left out and what could not be judged, in words."""
        told = self.selection.notes()
        odd = self._odd
        told += self._misunderstood()
        said = {
            "sent": "whose body was not recorded, or only in part: the body was not judged",
            "body": "with an answer whose body was not recorded, or only in part: the body was not judged",
            "headers": "whose answer was recorded without headers: they were not judged",
            "condition": "answered with 304 and recorded without a condition: recorders take it out, so none is missed",
            "credential": "without a credential, and answered all the same: recorders take it out, so none is missed",
            "time": "with a time that cannot be read: what depends on time was not judged there",
            "measured": "of which nobody measured how long it took: what depends on time was not judged there",
            "order": f"more than {WINDOW:,} entries away from where the time belongs: judged in the order of the file",
        }
        return told + [f"{_entries(odd[name])} {words}" for name, words in said.items() if odd[name]]

    def _misunderstood(self) -> list[str]:
        count = self._odd["wrong"]
        more = f" and {count - len(self._wrong):,} more" if count > len(self._wrong) else ""
        return [f"{_entries(count)} could not be understood: {'; '.join(self._wrong)}{more}"] if count else []

    def _nothing(self, file: HarFile) -> UsageError:
        """Why nothing could be judged."""
        names = " or ".join(self.apis)
        said = f"'{file.path}' has no call of {names} among its {_entries(self.entries)}"
        if self.selection.elsewhere:
            said += f"; called were {self.selection.hosts()}"
        elif self.selection.left_out or self._wrong:
            said += f": {'; '.join([*self.selection.notes(), *self._misunderstood()])}"
        hint = self.selection.hint(self.apis) or "--base-url URL says where an API was called"
        return UsageError(said, hint if self.selection.elsewhere else "")


def judge_traffic(
    path: Path, apis: Sequence[str], base_urls: Iterable[str] = (), *, tell: Callable[[Finding], object]
) -> Traffic:
    """Judge an archive; see `Traffic`, `HarFile` and `Traffic.read` for what is raised."""
    file = HarFile(path)
    traffic = Traffic(apis, base_urls, tell=tell)
    traffic.read(file)
    return traffic


def _entries(count: int) -> str:
    return f"{count:,} entr{'y' if count == 1 else 'ies'}"
