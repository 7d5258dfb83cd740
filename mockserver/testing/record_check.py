"""Records that a test writes: completed with the defaults of the behaviour file, and held against the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from mockserver.behaviour.declared import all_effects
from mockserver.behaviour.scope import Draft, OperationScope
from mockserver.behaviour.tokens import HIDDEN_TOKENS, completed, token_faults
from mockserver.behaviour.views import breaches, required_fields, shown_schemas
from mockserver.contract.schemas import Schema
from mockserver.engine.api import Api
from mockserver.exceptions import ExpressionError, UsageError, did_you_mean
from mockserver.spec.references import join
from mockserver.state.clock import Clock, format_time
from mockserver.state.store import Transaction


class Fault(NamedTuple):
    """What is wrong with a record: a JSON pointer into it, one sentence, a hint."""

    pointer: str
    message: str
    hint: str = ""
    at_key: bool = False


class RecordCheck:
    """What the records of one resource must be like. Made once per API and resource."""

    def __init__(self, api: Api, resource: str) -> None:
        self.resource = api.behaviour.resources[resource]
        self._tokens = api.behaviour.tokens if resource == api.behaviour.token_table else None
        self._shown: Mapping[str, list[Schema]] = shown_schemas(resource, api.behaviour, api.contract)
        self._required = required_fields(resource, api.behaviour, api.contract)
        self.known = None if self._tokens is not None else _known(api, resource, self._shown)

    def completed(self, given: Mapping[str, Any], transaction: Transaction, clock: Clock, api: Api) -> dict[str, Any]:
        """The record with defaults for what is absent. Raises UsageError for a default that cannot be worked out."""
        plain = {name: as_json(value) for name, value in given.items()}
        if self._tokens is not None:
            return dict(completed([plain])[0])
        names = {"path": {}, "query": {}, "headers": {}, "body": {}, "settings": api.settings, "server": api.server()}
        scope = OperationScope(transaction, clock, names)
        draft = scope["item"] = Draft(plain, self.resource.defaults, scope)
        try:
            draft.complete()
        except ExpressionError as error:
            raise UsageError(f"a default of {self.resource.name} fails: {error}", "give the field a value") from None
        return dict(draft)

    def faults(self, record: Mapping[str, Any], *, whole: bool = True) -> Iterator[Fault]:
        """What is wrong with a record; unless it is a `whole` one, what it lacks is not missed."""
        known = self.known
        for name, value in record.items():
            if known is not None and name not in known:
                hint = did_you_mean(name, known, f"fields: {', '.join(known)}")
                yield Fault(join("", name), f"{self.resource.name} has no field '{name}'", hint, at_key=True)
            for found in breaches(value, self._shown[name]) if name in self._shown else ():
                hint = found.hint or (f"expected {found.expected}" if found.expected else "")
                place = f" at {found.pointer}" if found.pointer else ""
                message = f"'{name}'{place} breaks the contract: {found.message}"
                yield Fault(join("", name) + found.pointer, message, hint)
        if self._tokens is not None:
            for name, message, hint in token_faults(record, self._tokens):
                yield Fault(join("", name), message, hint)
        if not whole:
            return
        if not isinstance(record.get(self.resource.key), str):
            yield Fault("", f"it has no '{self.resource.key}' (text), which names a {self.resource.name}")
        for name, nullable in self._required.items():
            if name not in record or (record[name] is None and not nullable):
                yield Fault("", f"it has no '{name}', which the API answers")


def resources_of(api: Api) -> list[str]:
    """The resources that a test may look at."""
    return [name for name in api.behaviour.resources if name != HIDDEN_TOKENS]


def known_resource(api: Api, name: str) -> str:
    """The name of a resource. Raises UsageError."""
    known = resources_of(api)
    if name not in known:
        none = "it has no behaviour.yaml, so it holds no state" if api.folder.behaviour is None else "it has none"
        hint = did_you_mean(name, known, f"resources: {', '.join(known)}" if known else none)
        raise UsageError(f"{api.name} has no resource '{name}'", hint)
    return name


def as_json(value: Any) -> Any:
    """The value with moments as RFC 3339 text."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise UsageError(f"{value!r} has no time zone", "datetime(…, tzinfo=UTC)")
        return format_time(value)
    if isinstance(value, Mapping):
        return {name: as_json(item) for name, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, (list, tuple)) else value


def _known(api: Api, resource: str, shown: Mapping[str, Any]) -> list[str] | None:
    """The fields that a record can have: shown, declared, written by a rule, or in a fixture; None where any will
    do, since no rule and no answer names one."""
    rules = api.behaviour.resources[resource]
    found = dict.fromkeys([rules.key, *shown, *rules.defaults, *rules.computed])
    told = api.behaviour
    effects = all_effects(
        told.resources.values(), told.effects.values(), told.operations.values(), told.actions.values()
    )
    for effect in effects:
        if effect.resource == resource:
            found.update(dict.fromkeys(sorted(effect.fields)))
    for timer in rules.timers.values():
        found.update(dict.fromkeys(path.partition(".")[0] for path, _ in timer.set))
    found.update(dict.fromkeys(sorted(api.fixtures.fields().get(resource, ()))))
    return list(found) if len(found) > 1 else None
