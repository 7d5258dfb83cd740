"""All that can be touched of one API, and what each exchange touches of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property

from mockserver.checks.coverage.items import Entry, Item
from mockserver.checks.coverage.members import Member, evidence_of, is_deprecated, members_of
from mockserver.checks.coverage.pages import Pages
from mockserver.checks.coverage.reading import NO_PARAMETERS, Counted, Sent
from mockserver.contract.model import Operation
from mockserver.contract.schemas import Schema
from mockserver.engine.api import Api
from mockserver.engine.journal import Exchange
from mockserver.engine.json_text import dumps
from mockserver.messages import Faulted
from mockserver.spec.references import join

_GRADES = ("documented", "observed", "assumed")
#: What of the network leaves the answer readable.
_READABLE = ("", "SLOW_DRIP")
_FORM = "application/x-www-form-urlencoded"


class Universe:
    """The items of one API by number, in the order of its document. It never changes."""

    def __init__(self, api: Api) -> None:
        self.api, self.name = api, api.name
        self.entries: list[Entry] = []
        #: The schemas that entries stand in, where they do: these know their own document.
        self.schemas: dict[int, Schema] = {}
        self._numbers: dict[Item, int] = {}
        self.touchers: dict[str, Toucher] = {}
        for operation in api.contract.operations.values():
            self.touchers[operation.id] = Toucher(self, operation)
        self.events = {
            name: self.add("events", "", name, event.pointer, event.evidence, event.deprecated)
            for name, event in api.contract.webhooks.items()
        }
        for operation in api.contract.operations.values():
            self.touchers[operation.id].bind_scopes(self)

    def add(
        self,
        dimension: str,
        operation: str,
        name: str,
        pointer: str,
        evidence: str = "documented",
        deprecated: bool = False,
        schema: Schema | None = None,
    ) -> int:
        """The number of an item, which is new or was there before."""
        item = Item(self.name, dimension, operation, name)
        number = self._numbers.get(item)
        if number is None:
            number = self._numbers[item] = len(self.entries)
            file = schema.document.file if schema is not None else self.api.contract.file
            self.entries.append(Entry(item, file, pointer, evidence, deprecated))
            if schema is not None:
                self.schemas[number] = schema
        return number

    @cached_property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that differ where the contract does, or what is counted of it."""
        items = [[*entry.item, entry.evidence, entry.deprecated] for entry in self.entries]
        return hashlib.sha256(dumps([self.api.contract.source, items])).hexdigest()[:16]


class Toucher:
    """What an exchange of one operation touches."""

    def __init__(self, universe: Universe, operation: Operation) -> None:
        self._operation = operation
        self._called = universe.add(
            "operations",
            operation.id,
            f"{operation.method} {operation.path}",
            operation.pointer,
            operation.evidence,
            operation.deprecated,
        )
        self._responses = {
            status: self._add(universe, "statuses", status, join(operation.pointer, "responses", status), each.evidence)
            for status, each in operation.responses.items()
        }
        self._statuses: dict[int, int] = {}
        self._sent = self._reader(universe)
        self._pages = _pages_of(universe.api, operation)
        self._page_numbers: dict[str, int] = {}
        if self._pages is not None:
            place = (self._pages.pointer, self._pages.evidence)
            self._page_numbers = {name: self._add(universe, "pages", name, *place) for name in self._pages.names}
        #: By security scheme: what a call must hold, and the numbers of the scopes that it uses then.
        self._scopes: dict[str, list[tuple[frozenset[str], tuple[int, ...]]]] = {}
        self._schemes = universe.api.contract.security_schemes

    def _add(
        self,
        universe: Universe,
        dimension: str,
        name: str,
        pointer: str,
        evidence: str = "",
        deprecated: bool = False,
        schema: Schema | None = None,
    ) -> int:
        """Nothing of an operation is known better than the operation itself."""
        operation = self._operation
        weaker = max(operation.evidence, evidence or "documented", key=_grade)
        deprecated = deprecated or operation.deprecated
        return universe.add(dimension, operation.id, name, pointer, weaker, deprecated, schema)

    def _reader(self, universe: Universe) -> Sent:
        operation = self._operation

        def count(dimension: str, name: str, schema: Schema, pointer: str) -> int:
            said = (evidence_of(schema), is_deprecated(schema))
            return self._add(universe, dimension, name, pointer, *said, schema)

        def count_values(dimension: str, name: str, schema: Schema, pointer: str) -> int:
            return count(dimension, name, schema, pointer) if dimension == "values" else -1

        parameters = []
        for each in operation.parameters:
            if each.location == "header" and each.name in NO_PARAMETERS:
                continue
            name = f"{each.location} {each.name}"
            number = self._add(universe, "parameters", name, each.pointer, deprecated=each.deprecated)
            member = members_of(each.schema, name, count_values) if each.schema is not None else Member()
            parameters.append(Counted(each, number, member))
        content = operation.request_body.content if operation.request_body is not None else {}
        named = {media.name: media.schema for media in content.values() if media.schema is not None}
        called = _called(named)
        bodies = {
            media: members_of(schema, called[media], count, flat=media == _FORM) for media, schema in named.items()
        }
        return Sent(operation, parameters, bodies, type_ignored=universe.api.behaviour.content_type_ignored)

    def bind_scopes(self, universe: Universe) -> None:
        """Scopes belong to the whole API: they are numbered after all operations."""
        operation = self._operation
        for requirement in operation.security:
            for scheme, scopes in requirement.schemes:
                numbers = tuple(
                    universe.add("scopes", "", scope, join(operation.pointer, "security"), operation.evidence)
                    for scope in scopes
                )
                if numbers:
                    self._scopes.setdefault(scheme, []).append((frozenset(scopes), numbers))

    def touch(self, exchange: Exchange, counts: list[int]) -> None:
        """Count what an exchange touches."""
        counts[self._called] += 1
        response = exchange.response
        status = response.status
        if not exchange.violations:
            for number in self._sent.numbers(exchange.request):
                counts[number] += 1
        if isinstance(response, Faulted) and response.fault not in _READABLE:
            return
        if status >= 400:
            if exchange.fault or response.header("x-mockserver-problem") is not None:
                return  # the mock speaks for itself: no answer of the API
        elif status < 300 and self._pages is not None:
            for name in self._pages.told(exchange.request, response):
                counts[self._page_numbers[name]] += 1
        number = self._statuses.get(status, -1)
        if number < 0:
            spec = self._operation.response_for(status)
            if spec is None:
                return
            number = self._statuses[status] = self._responses[spec.status]
        counts[number] += 1
        if status < 400 and self._scopes:
            self._touch_scopes(exchange, counts)

    def _touch_scopes(self, exchange: Exchange, counts: list[int]) -> None:
        """Count the scopes of every way to be allowed that the caller meets."""
        caller = exchange.caller
        touched: set[int] = set()
        for each in (caller, *caller.others):
            ways = self._scopes.get(each.scheme)
            if ways is not None:
                held = each.held(self._schemes[each.scheme])
                for needed, numbers in ways:
                    if held is None or needed <= held:
                        touched.update(numbers)
        for number in touched:
            counts[number] += 1


def _called(media: Mapping[str, Schema]) -> dict[str, str]:
    """What the body of each media type is called: those whose schemas are alike have one name."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, schema in media.items():
        alike.setdefault(_names(schema), []).append(name)
    return {
        name: "body" if len(alike) == 1 else f"body {' or '.join(names)}" for names in alike.values() for name in names
    }


def _names(schema: Schema) -> tuple[str, ...]:
    """How the fields of a body and their values are called."""
    names: list[str] = []

    def note(dimension: str, name: str, schema: Schema, pointer: str) -> int:
        names.append(name)
        return -1

    members_of(schema, "", note)
    return tuple(names)


def _grade(evidence: str) -> int:
    return _GRADES.index(evidence) if evidence in _GRADES else 0


def _pages_of(api: Api, operation: Operation) -> Pages | None:
    rules = api.behaviour.operations.get(operation.id)
    ways = [
        (each.listing.page, each.wrap)
        for each in (rules.ways if rules is not None else ())
        if each.listing is not None and each.listing.page is not None
    ]
    return Pages(operation, [paging for paging, _ in ways], [wrap for _, wrap in ways]) if ways else None
