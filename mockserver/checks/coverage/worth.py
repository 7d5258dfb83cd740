"""Which of what was not touched is most worth a test.

The order is that of harm: an error that every client meets sooner or later before one that only some requests bring,
what changes something before what reads, a whole operation before the details of another. What the code of a client has
in common for all its calls is worth a test once: the status goes to the operation that is called most.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import NamedTuple

from mockserver.checks.coverage.items import Entry, Missing
from mockserver.checks.coverage.part import Part

_WRITING = ("POST", "PUT", "PATCH", "DELETE")
#: Errors that come to every client, whatever it sends; the higher the sooner.
_SURE = {"429": 100.0, "401": 98.0, "503": 97.0, "500": 96.0}
#: Statuses that a client handles in one place for all operations.
_SHARED = ("400", "401", "403", "405", "406", "415", "429")
_PAGES = {
    "last page": 68.0,
    "middle page": 67.0,
    "first page": 66.0,
    "empty page": 65.0,
    "beyond the end": 63.0,
    "largest size": 61.0,
}
_OTHERS = {"pages": 42.0, "events": 57.0, "scopes": 44.0, "values": 36.0, "parameters": 33.0, "fields": 30.0}
_UNCALLED = 5.0  # what an operation documents counts for little before it is called at all


class _Called(NamedTuple):
    method: str
    path: str
    calls: int
    succeeded: bool

    @property
    def writes(self) -> bool:
        return self.method in _WRITING

    @property
    def weight(self) -> float:
        """Below 1: between equals the one that is called more comes first."""
        return 0.9 * (1 - 1 / (1 + self.calls)) + (0.05 if self.writes else 0.0)


def most_worthwhile(parts: list[Part], limit: int | None) -> list[Missing]:
    """What was not touched, the most worthwhile first, at most `limit`. Only of these the places are looked up."""
    found = [(-worth, at, number, why) for at, part in enumerate(parts) for worth, number, why in _Ranking(part).all()]
    found.sort(key=lambda each: each[:3])
    chosen = found if limit is None else found[: max(limit, 0)]
    return [
        Missing(parts[at].entries[number].item, round(-worth, 3), why, parts[at].place(number))
        for worth, at, number, why in chosen
    ]


class _Ranking:
    """The untouched items of one API, each with its worth and its reason."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._operations: dict[str, _Called] = {}
        seen: set[str] = set()
        succeeded: set[str] = set()
        for entry, count in zip(part.entries, part.counts, strict=True):
            if entry.item.dimension == "statuses" and count:
                seen.add(entry.item.name)
                if entry.item.name < "4":
                    succeeded.add(entry.item.operation)
        for entry, count in zip(part.entries, part.counts, strict=True):
            if entry.item.dimension == "operations":
                method, _, path = entry.item.name.partition(" ")
                operation = entry.item.operation
                self._operations[operation] = _Called(method, path, count, operation in succeeded)
        self._seen = seen
        #: Where the paths of the operations begin that are called: who uses a thing is likely to need more of it.
        self._near = tuple({each.path.partition("/{")[0] for each in self._operations.values() if each.calls})
        self._leaders = self._first_of_each()

    def _first_of_each(self) -> dict[str, str]:
        """For each status that nobody has met: the operation that is called most of those that document it."""
        leaders: dict[str, str] = {}
        for entry in self._part.entries:
            status, name = entry.item.name, entry.item.operation
            if entry.item.dimension != "statuses" or status in self._seen or not self._operations[name].calls:
                continue
            if status not in leaders or self._operations[leaders[status]].weight < self._operations[name].weight:
                leaders[status] = name
        return leaders

    def all(self) -> Iterator[tuple[float, int, str]]:
        """Worth, number and reason of each."""
        for number, (entry, count) in enumerate(zip(self._part.entries, self._part.counts, strict=True)):
            if not count:
                worth, why = self._judged(entry)
                if entry.deprecated:
                    worth *= 0.1
                if entry.evidence == "assumed":
                    worth *= 0.8
                yield worth, number, why

    def _judged(self, entry: Entry) -> tuple[float, str]:
        _, dimension, operation, name = entry.item
        called = self._operations.get(operation)
        if dimension == "events":
            return _OTHERS[
                dimension
            ], f"the event {name} is never delivered: `mockserver webhook send` or an action sends it"
        if dimension == "scopes" or called is None:
            return _OTHERS.get(dimension, 0.0), f"no call that succeeded has needed the scope {name}"
        if dimension == "operations":
            near = 0.5 if called.path.startswith(self._near) else 0.0
            return (75.0 if called.writes else 71.0) + near, f"{operation} is never called ({name})"
        if not called.calls:
            rank = _OTHERS.get(dimension, 60.0) / 100
            return _UNCALLED + rank, f"{operation} is never called, so nothing of it is tested: {name}"
        times = {1: "once", 2: "twice"}.get(called.calls, f"{called.calls} times")
        if dimension == "statuses":
            return self._status(operation, called, name) + called.weight, _why_status(operation, times, name, called)
        if dimension == "pages":
            if not called.succeeded:
                return _OTHERS[dimension], f"{operation} is called {times} and has never listed anything"
            return _PAGES.get(name, _OTHERS[dimension]) + called.weight, _why_page(operation, times, name)
        what = "never sent to" if dimension != "values" else "a value never sent to"
        return _OTHERS[dimension] + called.weight, f"{name} is {what} {operation}, which is called {times}"

    def _status(self, operation: str, called: _Called, status: str) -> float:
        leads = self._leaders.get(status) == operation
        if not status.isdigit():
            return 50.0
        if status < "3":
            return 70.0 if called.succeeded else 99.0
        if status < "4":
            return 66.0
        if status in _SHARED or status >= "5" or (status == "404" and "{" not in called.path):
            if leads:
                return _SURE.get(status, 95.0 if status >= "5" else 80.0 if called.writes else 62.0)
            return 46.0 if status in self._seen else 55.0 if status in _SURE else 48.0
        return 85.0 if called.writes else 59.0


def _why_status(operation: str, times: str, status: str, called: _Called) -> str:
    if not status.isdigit():
        return f"{operation} is called {times} and no answer came that it documents as {status}"
    phrase = f" ({HTTPStatus(int(status)).phrase})" if int(status) in HTTPStatus._value2member_map_ else ""
    if status < "3" and not called.succeeded:
        return f"{operation} is called {times} and has never succeeded: {status}{phrase} never came"
    ordered = f"`Prefer: code={status}` or fail_next('{operation}', {status})"
    return f"{operation} is called {times} and {status}{phrase} never came: {ordered} brings it"


def _why_page(operation: str, times: str, name: str) -> str:
    hints = {
        "last page": "no list was read to its end: ask for the next page until there is none",
        "middle page": "no list had three pages: ask for small pages, or arrange more records",
        "first page": "every list was empty: arrange records, or create some before",
        "empty page": "no list was empty: ask when there is nothing to list",
        "beyond the end": "nobody asked for a page after the last one",
        "largest size": "nobody asked for the largest page that there is",
    }
    return f"{operation} is called {times}, and {hints.get(name, f'{name} never came')}"
