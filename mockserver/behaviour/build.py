"""A behaviour document and its contract -> `Behaviour`. Collects every problem before it gives up."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from mockserver.behaviour.build_actions import read_actions
from mockserver.behaviour.build_effects import read_effects, read_timers
from mockserver.behaviour.build_operation import OperationBuilder
from mockserver.behaviour.build_quotas import read_quotas
from mockserver.behaviour.build_security import read_security
from mockserver.behaviour.build_tokens import read_tokens
from mockserver.behaviour.build_webhooks import read_webhooks
from mockserver.behaviour.clauses import LATER_NAMES
from mockserver.behaviour.declared import (
    Behaviour,
    Effect,
    ErrorSpec,
    OperationRules,
    Resource,
    Setting,
    Timer,
    all_effects,
)
from mockserver.behaviour.functions import CONDITIONS, DRAWS, FUNCTIONS
from mockserver.behaviour.indexes import index_fields, wanted_indexes
from mockserver.behaviour.keys import KeyChecker, Place
from mockserver.behaviour.moments import TIMED_NAMES, moment_of
from mockserver.behaviour.reading import Reader, unusable
from mockserver.behaviour.tokens import TOKENS, token_resource, with_default_tokens
from mockserver.contract.model import Contract
from mockserver.exceptions import SpecError, UsageError, did_you_mean
from mockserver.expressions import Language
from mockserver.spec.behaviour_schema import structure_problems
from mockserver.spec.loader import Document
from mockserver.spec.references import join
from mockserver.state.records import Index, TableSpec

#: Names that every expression of an operation knows, beside resources and its own `let`.
OPERATION_NAMES = ("path", "query", "headers", "body", "caller", "now", "settings", "server", "item", "parent")
_EFFECT_NAMES = ("now", "settings", "server", "caller")
_RESOURCE_NAMES = (*_EFFECT_NAMES, "item")
_ERROR_KEYS = frozenset({"name", "status", "operation"})  # of `error`, beside the error's own values
_RESERVED_NAMES = frozenset({*OPERATION_NAMES, *LATER_NAMES, "error", "violation", "quota"})


def build_behaviour(
    document: Document,
    contract: Contract,
    stored: Mapping[str, Iterable[str]],
    overrides: Mapping[str, Any],
    *,
    unbuilt: Container[str] = (),
    known_api: Callable[[str], bool] = lambda name: True,
    unbuilt_event: Callable[[str], bool] = lambda name: False,
) -> Behaviour:
    """Compile `document` against `contract`.

    `stored` gives the fields that fixtures hold, by resource; `overrides` replace values under `settings:`. Raises
    SpecError with every problem of the file (structure, unknown operations and names, wrong expressions), and
    UsageError when an override names no setting. `unbuilt` are operations that the contract would have but for faults
    of its own: of their rules only the expressions are looked at, and what could depend on them is not judged.
    `unbuilt_event` says the same of an event. `known_api` says whether there is an API of a name, for issuers.
    """
    problems = structure_problems(document)
    if problems:
        raise SpecError(problems)
    reader = Reader(document, contract.webhooks, unbuilt_event)
    builder = _Builder(reader, contract, overrides, unbuilt, known_api)
    behaviour = builder.build(stored)
    if reader.problems:
        raise SpecError(sorted(reader.problems, key=lambda problem: (problem.line, problem.column)))
    return with_default_tokens(behaviour)


class _Builder:
    def __init__(
        self,
        reader: Reader,
        contract: Contract,
        overrides: Mapping[str, Any],
        unbuilt: Container[str],
        known_api: Callable[[str], bool],
    ) -> None:
        self.contract, self.known_api = contract, known_api
        self.reader = reader
        self.data = reader.data
        self.unbuilt = {id for id in self.data.get("operations", {}) if id in unbuilt}
        names = frozenset({*self.data.get("resources", {}), *([TOKENS] if "tokens" in self.data else ())})
        self.settings = self.read_settings(overrides)
        values = {name: setting.value for name, setting in self.settings.items()}
        self.language = Language(names, names, FUNCTIONS, DRAWS, {"settings": values}, CONDITIONS)
        self.keys = KeyChecker(self.reader)
        self.tokens = read_tokens(self.reader, self.keys, self.language.with_names(*_RESOURCE_NAMES), values)

    def build(self, stored: Mapping[str, Iterable[str]]) -> Behaviour:
        data, reader = self.data, self.reader
        requests = data.get("requests", {})
        if requests:
            reader.grade(requests)
        language = self.language.with_names(*OPERATION_NAMES, "violation", "quota")
        errors = {name: self.error(name, entry, language) for name, entry in data.get("errors", {}).items()}
        body = None
        if "error_body" in data:
            body = reader.value(data["error_body"], language.with_names("error"), "/error_body")
            shared = [_values(entry) for entry in data.get("errors", {}).values() if "body" not in entry]
            self.keys.done(Place(error=_ERROR_KEYS.union(*shared)))
        resources = {name: self.resource(name, entry) for name, entry in data.get("resources", {}).items()}
        if self.tokens:
            resources[TOKENS] = token_resource(TOKENS, self.tokens)
        language = self.language.with_names(*_EFFECT_NAMES)
        named = read_effects(reader, self.keys, language, resources, self.tokens)
        webhooks = read_webhooks(reader, self.keys, language, resources, self.tokens)
        actions = read_actions(reader, self.keys, language, resources, self.tokens)
        resources = read_timers(reader, self.keys, language.with_names("item"), resources, self.tokens)
        operations = self.operations(resources)
        effects = list(all_effects(resources.values(), named.values(), operations.values(), actions.values()))
        values = {name: setting.value for name, setting in self.settings.items()}
        quotas = read_quotas(reader, self.keys, self.contract, values, self.unbuilt)
        if not self.unbuilt:  # else what they store and show is not known
            self.keys.check(resources, effects, stored)
        return Behaviour(
            settings=self.settings,
            content_type_ignored=requests.get("content_type") == "ignored",
            slashes_forgiven=requests.get("slashes") == "either",
            security=read_security(reader, self.contract, self.known_api),
            error_body=body,
            errors=errors,
            resources=self.with_tables(resources, operations, effects),
            tokens=self.tokens,
            token_table=TOKENS if self.tokens else "",
            quotas=quotas,
            effects=named,
            operations=operations,
            webhooks=webhooks,
            actions=actions,
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
        self.keys.done(Place(error=_ERROR_KEYS.union(_values(entry))))
        grade = self.reader.grade(entry)
        return ErrorSpec(name, entry["status"], values, headers, body, grade, entry.get("advice", ""))

    def resource(self, name: str, entry: Mapping[str, Any]) -> Resource:
        pointer = join("/resources", name)
        if name in _RESERVED_NAMES or (name == TOKENS and "tokens" in self.data):
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
        for at, index in enumerate(entry.get("indexes", ())):
            for field, pointer in index_fields(index, join("/resources", name, "indexes", at)):
                self.keys.field(name, field, pointer)
        return resource

    def timer(self, id: str, entry: Mapping[str, Any], pointer: str, changing: Language) -> Timer:
        language = Language(TIMED_NAMES, frozenset(), FUNCTIONS, {})
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
                names = (*OPERATION_NAMES, *LATER_NAMES, *_own_names(entry))
                self.reader.value(entry, self.language.with_names(*names), pointer)
                continue
            if operation is None:
                hint = did_you_mean(id, self.contract.operations, "operations are named by their operationId")
                self.reader.problem(f"the contract has no operation '{id}'", pointer, hint, at_key=True)
                continue
            language = self.language.with_names(*OPERATION_NAMES)
            builder = OperationBuilder(
                self.reader, self.keys, operation, entry, pointer, language, resources, self.tokens
            )
            built[id] = builder.build()
        return built

    def with_tables(
        self, resources: Mapping[str, Resource], operations: Mapping[str, OperationRules], effects: Iterable[Effect]
    ) -> dict[str, Resource]:
        """Resources with an index for all that the file declares or looks up, and with their timers."""
        wanted = {name: set(map(Index, resource.table.indexes)) for name, resource in resources.items()}
        expressions = [expression for expression, _ in self.reader.expressions]
        for name, index in wanted_indexes(self.data, expressions, operations.values(), effects):
            wanted[name].add(index)
        values = {name: setting.value for name, setting in self.settings.items()}
        return {
            name: replace(
                resource,
                table=TableSpec(
                    name,
                    resource.key,
                    tuple(sorted(index.equal for index in wanted[name] if index == Index(index.equal) != Index())),
                    {timer: moment_of(rules, values) for timer, rules in resource.timers.items()},
                    tuple(sorted(index for index in wanted[name] if index != Index(index.equal))),
                ),
            )
            for name, resource in resources.items()
        }


def _own_names(entry: Mapping[str, Any]) -> Iterator[str]:
    """The names that an operation makes up, in its cases too."""
    yield from entry.get("let", {})
    for effect in entry.get("then", ()):
        yield from (effect["bind"],) if "bind" in effect else ()
        yield from (effect.get("name", "each"),) if "each" in effect else ()
    for case in entry.get("cases", ()):
        yield from _own_names(case)


def _values(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What the body of an error may show as `error.<key>`: its own keys, and the status."""
    return {key: value for key, value in entry.items() if key not in ("headers", "body", "evidence", "advice")}
