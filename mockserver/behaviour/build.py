"""A behaviour document and its contract -> `Behaviour`. Collects every problem before it gives up."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace
from typing import Any

from mockserver.behaviour.build_operation import LATER_NAMES, OperationBuilder
from mockserver.behaviour.declared import (
    Behaviour,
    ErrorSpec,
    OperationRules,
    Resource,
    SchemeRules,
    Setting,
    Timer,
)
from mockserver.behaviour.functions import DRAWS, FUNCTIONS
from mockserver.behaviour.keys import KeyChecker, Place
from mockserver.behaviour.reading import Reader, unusable
from mockserver.contract.model import Contract
from mockserver.errors import ExpressionError, SpecError, UsageError, did_you_mean
from mockserver.expressions import FAULTS, Language
from mockserver.spec.behaviour_schema import structure_problems
from mockserver.spec.loader import Document
from mockserver.spec.references import join
from mockserver.state.clock import parse_time
from mockserver.state.records import Record, TableSpec

#: Names that every expression of an operation knows, beside resources and its own `let`.
OPERATION_NAMES = ("path", "query", "headers", "body", "caller", "now", "settings", "server", "item", "parent")
_RESOURCE_NAMES = ("now", "settings", "server", "caller", "item")
_RESERVED_NAMES = frozenset({*OPERATION_NAMES, *LATER_NAMES, "error", "violation"})


def build_behaviour(
    document: Document,
    contract: Contract,
    stored: Mapping[str, Iterable[str]],
    overrides: Mapping[str, Any],
    *,
    unbuilt: Container[str] = (),
) -> Behaviour:
    """Compile `document` against `contract`.

    `stored` gives the fields that fixtures hold, by resource; `overrides` replace values under `settings:`. Raises
    SpecError with every problem of the file (structure, unknown operations and names, wrong expressions), and
    UsageError when an override names no setting. `unbuilt` are operations that the contract would have but for faults
    of its own: of their rules only the expressions are looked at, and what could depend on them is not judged.
    """
    problems = structure_problems(document)
    if problems:
        raise SpecError(problems)
    builder = _Builder(document, contract, overrides, unbuilt)
    behaviour = builder.build(stored)
    if builder.reader.problems:
        raise SpecError(sorted(builder.reader.problems, key=lambda problem: (problem.line, problem.column)))
    return behaviour


class _Builder:
    def __init__(
        self, document: Document, contract: Contract, overrides: Mapping[str, Any], unbuilt: Container[str]
    ) -> None:
        self.contract = contract
        self.reader = Reader(document)
        self.data = self.reader.data
        self.unbuilt = {id for id in self.data.get("operations", {}) if id in unbuilt}
        names = frozenset(self.data.get("resources", {}))
        self.settings = self.read_settings(overrides)
        values = {name: setting.value for name, setting in self.settings.items()}
        self.language = Language(names, names, FUNCTIONS, DRAWS, {"settings": values})
        self.keys = KeyChecker(self.reader)

    def build(self, stored: Mapping[str, Iterable[str]]) -> Behaviour:
        data, reader = self.data, self.reader
        requests = data.get("requests", {})
        if requests:
            reader.grade(requests)
        language = self.language.with_names(*OPERATION_NAMES, "violation")
        errors = {name: self.error(name, entry, language) for name, entry in data.get("errors", {}).items()}
        body = None
        if "error_body" in data:
            body = reader.value(data["error_body"], language.with_names("error"), "/error_body")
            shared = [_values(entry) for entry in data.get("errors", {}).values() if "body" not in entry]
            self.keys.done(Place(error=frozenset({"name", "status"}.union(*shared))))
        resources = {name: self.resource(name, entry) for name, entry in data.get("resources", {}).items()}
        operations = self.operations(resources)
        if not self.unbuilt:  # else what they store and show is not known
            self.keys.check(resources, operations, stored)
        return Behaviour(
            settings=self.settings,
            content_type_ignored=requests.get("content_type") == "ignored",
            slashes_forgiven=requests.get("slashes") == "either",
            security={name: self.scheme(name, entry) for name, entry in data.get("security", {}).items()},
            error_body=body,
            errors=errors,
            resources=self.with_tables(resources, operations),
            operations=operations,
            evidence={grade: reader.grades[grade] for grade in ("documented", "observed", "assumed")},
        )

    def read_settings(self, overrides: Mapping[str, Any]) -> dict[str, Setting]:
        declared = self.data.get("settings", {})
        for name in overrides:
            if name not in declared:
                known = f"settings: {', '.join(declared) or 'none'}"
                raise UsageError(f"there is no setting '{name}'", did_you_mean(name, declared, known))
        return {
            name: Setting(name, overrides.get(name, entry["value"]), entry.get("about", ""), self.reader.grade(entry))
            for name, entry in declared.items()
        }

    def error(self, name: str, entry: Mapping[str, Any], language: Language) -> ErrorSpec:
        pointer = join("/errors", name)
        values = self.reader.value(_values(entry), language, pointer)
        self.keys.done(Place())
        language = language.with_names("error")
        headers = self.reader.value(entry.get("headers", {}), language, join(pointer, "headers"))
        body = self.reader.value(entry["body"], language, join(pointer, "body")) if "body" in entry else None
        self.keys.done(Place(error=frozenset({"name", "status", *_values(entry)})))
        return ErrorSpec(name, entry["status"], values, headers, body, self.reader.grade(entry))

    def scheme(self, name: str, entry: Mapping[str, Any]) -> SchemeRules:
        pointer = join("/security", name)
        known = self.contract.security_schemes
        if name not in known:
            hint = did_you_mean(name, known, f"the contract has: {', '.join(known) or 'none'}")
            self.reader.problem(f"the contract has no security scheme '{name}'", pointer, hint, at_key=True)

        def error(key: str, otherwise: str) -> str:
            return self.reader.known_error(entry[key], join(pointer, key)) if key in entry else otherwise

        missing = error("missing", "unauthenticated")
        malformed = error("malformed", missing)
        unknown = error("unknown", malformed)
        return SchemeRules(
            words=tuple(entry.get("words", ())),
            format=entry.get("format", ""),
            issuer=entry.get("issuer", ""),
            any=entry.get("accept") == "any",
            claims=entry.get("claims", {}),
            missing=missing,
            malformed=malformed,
            unknown=unknown,
            expired=error("expired", unknown),
            revoked=error("revoked", unknown),
            insufficient=error("insufficient", "forbidden"),
            evidence=self.reader.grade(entry),
        )

    def resource(self, name: str, entry: Mapping[str, Any]) -> Resource:
        pointer = join("/resources", name)
        if name in _RESERVED_NAMES:
            self.reader.problem(f"'{name}' is a name of the language", pointer, "rename the resource", at_key=True)
        elif unusable(name):
            self.reader.problem(f"an expression cannot say '{name}'", pointer, unusable(name), at_key=True)
        language = self.language.with_names(*_RESOURCE_NAMES)
        resource = Resource(
            name=name,
            table=TableSpec(name, entry["key"]),
            missing=self.reader.known_error(entry.get("missing", "not_found"), join(pointer, "missing")),
            defaults=dict(self.reader.values(entry.get("defaults", {}), language, join(pointer, "defaults"))),
            computed=dict(self.reader.values(entry.get("computed", {}), language, join(pointer, "computed"))),
            timers={
                timer: self.timer(f"{name}.timers.{timer}", rules, join(pointer, "timers", timer), language)
                for timer, rules in entry.get("timers", {}).items()
            },
            evidence=self.reader.grade(entry),
        )
        self.keys.done(Place(item=name))
        return resource

    def timer(self, id: str, entry: Mapping[str, Any], pointer: str, changing: Language) -> Timer:
        # When a timer falls due is kept in an index, so it may depend on the record and on settings alone.
        language = Language(frozenset({"settings", "item"}), frozenset(), FUNCTIONS, {})
        when = self.reader.expression(entry["when"], language, join(pointer, "when")) if "when" in entry else None
        return Timer(
            id=id,
            at=self.reader.expression(entry["at"], language, join(pointer, "at")),
            when=when,
            set=self.reader.values(entry.get("set", {}), changing, join(pointer, "set")),
            evidence=self.reader.grade(entry),
            forget=entry.get("forget", False),
        )

    def operations(self, resources: Mapping[str, Resource]) -> dict[str, OperationRules]:
        built = {}
        for id, entry in self.data.get("operations", {}).items():
            pointer = join("/operations", id)
            operation = self.contract.operations.get(id)
            if id in self.unbuilt:
                names = (*OPERATION_NAMES, *LATER_NAMES, *entry.get("let", {}))
                self.reader.value(entry, self.language.with_names(*names), pointer)
                continue
            if operation is None:
                hint = did_you_mean(id, self.contract.operations, "operations are named by their operationId")
                self.reader.problem(f"the contract has no operation '{id}'", pointer, hint, at_key=True)
                continue
            language = self.language.with_names(*OPERATION_NAMES)
            builder = OperationBuilder(self.reader, self.keys, operation, entry, pointer, language, resources)
            built[id] = builder.build()
        return built

    def with_tables(
        self, resources: Mapping[str, Resource], operations: Mapping[str, OperationRules]
    ) -> dict[str, Resource]:
        """Resources with an index for each equality that the file declares or uses, and with their timers."""
        wanted: dict[str, set[tuple[str, ...]]] = {name: set() for name in resources}
        for name, entry in self.data.get("resources", {}).items():
            wanted[name] |= {_fields(index) for index in entry.get("indexes", ())}
        for expression, _ in self.reader.expressions:
            for name, filters in expression.filters.items():
                wanted[name] |= filters
        for rules in operations.values():
            if rules.listing is not None and rules.listing.source is None and rules.resource:
                wanted[rules.resource] |= {(field,) for field, _ in rules.listing.filter}
        values = {name: setting.value for name, setting in self.settings.items()}
        return {
            name: replace(
                resource,
                table=TableSpec(
                    name,
                    resource.key,
                    tuple(sorted(wanted[name] - {()})),
                    {timer: _moment(rules, values) for timer, rules in resource.timers.items()},
                ),
            )
            for name, resource in resources.items()
        }


def _fields(index: str | list[str]) -> tuple[str, ...]:
    return (index,) if isinstance(index, str) else tuple(sorted(index))


def _values(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What the body of an error may show as `error.<key>`: its own keys, and the status."""
    return {key: value for key, value in entry.items() if key not in ("headers", "body", "evidence")}


def _moment(timer: Timer, settings: Mapping[str, Any]) -> Callable[[Record], float | None]:
    """When a timer falls due for a record, in seconds since the epoch, or None: a function of the record alone.

    A moment past the year 9999, which no calendar here has, is never. Raises ExpressionError when the record holds
    what cannot be reckoned with.
    """

    def due(record: Record) -> float | None:
        scope = {"item": record, "settings": settings}
        if timer.when is not None and not timer.when(scope):
            return None
        try:
            at = timer.at(scope)
        except ExpressionError as error:
            if isinstance(error.__cause__, OverflowError):
                return None
            raise
        try:
            return None if at is None else float((parse_time(at) if isinstance(at, str) else at).timestamp())
        except FAULTS as error:
            raise timer.at.failed(error) from None

    return due
