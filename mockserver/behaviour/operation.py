"""Applies what a behaviour file says of one operation: looks up, requires, warns, changes, answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mockserver.behaviour.declared import Behaviour, Effect, Listing, OperationRules, Rule, Warn
from mockserver.behaviour.effects import perform
from mockserver.behaviour.scope import OperationScope
from mockserver.behaviour.values import Value
from mockserver.behaviour.views import View, item_schema
from mockserver.contract.model import Operation
from mockserver.state.store import Record, sort_key


class Refused(Exception):
    """The operation is refused with a declared error.

    `rule` names what decided, `reason` explains it to the author of the test; `evidence` is empty where no declared
    rule decided.
    """

    def __init__(self, error: str, rule: str, reason: str, evidence: str = "") -> None:
        self.error, self.rule, self.reason, self.evidence = error, rule, reason, evidence
        super().__init__(reason)


@dataclass(slots=True)
class Outcome:
    """What a success answers: `body` is JSON, bytes, or None. `warnings` are (rule, message) pairs."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: Any = None
    warnings: list[tuple[str, str]] = field(default_factory=list)


class OperationRunner:
    """One operation of one API, ready to be applied any number of times."""

    def __init__(self, rules: OperationRules, operation: Operation, behaviour: Behaviour, strict: bool) -> None:
        self.rules = rules
        self._behaviour = behaviour
        self._strict = strict
        self._status = rules.respond.status or success_status(operation)
        resource = behaviour.resources.get(rules.resource)
        self._missing = resource.missing if resource else "not_found"
        computed = {**(resource.computed if resource else {}), **rules.show}
        schema = success_schema(operation, self._status)
        self._view = View(item_schema(schema, rules.wrap, rules.verb == "list"), computed)

    def run(self, scope: OperationScope) -> Outcome:
        """Apply the rules inside the scope's transaction. Raises Refused, or ExpressionError for a rule that is
        wrong; the caller commits or drops the transaction."""
        rules = self.rules
        scope["parent"] = self._parent(scope)
        record = None
        if rules.verb in ("read", "update", "replace", "delete"):
            record = self._find(scope)
        scope["item"] = record
        for name, value in rules.let:
            scope[name] = value.render(scope) if isinstance(value, Value) else value(scope)
        for rule in rules.require:
            self._require(rule, scope)
        outcome = Outcome(self._status)
        for warn in rules.warn:
            self._warn(warn, scope, outcome)
        answer: Any = record
        if rules.effect is not None:
            answer = perform(rules.effect, self._behaviour.resources[rules.effect.resource], record, scope)
            scope["item"] = answer
        for effect in rules.then:
            self._then(effect, scope)
        if rules.listing is not None:
            answer = self._list(rules.listing, scope)
        outcome.headers = tuple((name, str(value.render(scope))) for name, value in rules.respond.headers)
        outcome.body = self._body(answer, scope)
        return outcome

    def _parent(self, scope: OperationScope) -> Record | None:
        within = self.rules.within
        if within is None:
            return None
        resource, key = within
        wanted = key.render(scope)
        parent = scope.transaction.tables[resource].get(wanted)
        if parent is None:
            missing = self._behaviour.resources[resource].missing
            raise Refused(missing, f"{self.rules.id}.within", f"no {resource} has the key {wanted!r}")
        return parent

    def _find(self, scope: OperationScope) -> Record:
        key = self.rules.key
        wanted = key.render(scope) if key is not None else None
        record = scope.transaction.tables[self.rules.resource].get(wanted)
        if record is None:
            reason = f"no {self.rules.resource} has the key {wanted!r}"
            raise Refused(self._missing, f"{self.rules.id}.{self.rules.verb}", reason)
        return record

    def _require(self, rule: Rule, scope: OperationScope) -> None:
        if not rule.that(scope):
            raise Refused(rule.error, rule.id, f"does not hold: {rule.that.source}", rule.evidence)

    def _warn(self, warn: Warn, scope: OperationScope, outcome: Outcome) -> None:
        if warn.that(scope):
            return
        message = str(warn.message.render(scope))
        if self._strict:
            raise Refused(warn.error, warn.id, message, warn.evidence)
        outcome.warnings.append((warn.id, message))

    def _then(self, effect: Effect, scope: OperationScope) -> None:
        """A further effect; one whose record is not there has nothing to do."""
        if effect.when is not None and not effect.when(scope):
            return
        record = None
        if effect.key is not None:
            record = scope.transaction.tables[effect.resource].get(effect.key.render(scope))
            if record is None:
                return
        outer = scope["item"]
        if record is not None:
            scope["item"] = record
        perform(effect, self._behaviour.resources[effect.resource], record, scope)
        scope["item"] = outer

    def _list(self, listing: Listing, scope: OperationScope) -> list[Any]:
        items: Iterable[Any]
        if listing.source is not None:
            items = listing.source(scope) or []
        else:
            filters = {}
            for name, value in listing.filter:
                wanted = value.render(scope)
                if wanted is not None:
                    filters[name] = wanted
            table = scope.transaction.tables[listing.resource]
            items = table.where(filters) if filters else table
        if listing.where is not None:
            items = [item for item in items if self._kept(listing, item, scope)]
        found = list(items)
        for name, descending in reversed(listing.order):
            found.sort(key=lambda item: sort_key(item.get(name)), reverse=descending)
        return found

    def _kept(self, listing: Listing, item: Any, scope: OperationScope) -> bool:
        scope["item"] = item
        assert listing.where is not None  # asked only then
        return bool(listing.where(scope))

    def _body(self, answer: Any, scope: OperationScope) -> Any:
        rules = self.rules
        if rules.listing is not None:
            shown: Any = [self._view.show(item, scope) if isinstance(item, Mapping) else item for item in answer]
            scope["items"] = shown
        elif answer is not None:
            shown = self._view.show(answer, scope)
            scope["item"] = answer
        else:
            shown = None
        if rules.respond.body is not None:
            return rules.respond.body.render(scope)
        return {rules.wrap: shown} if rules.wrap else shown


def success_status(operation: Operation) -> int:
    """The lowest documented 2xx status; 200 when only a range or the default is documented."""
    return next((status for status in operation.documented_statuses() if 200 <= status < 300), 200)


def success_schema(operation: Operation, status: int) -> Any:
    """The schema of the first JSON media type documented for `status`, or None."""
    response = operation.response_for(status)
    if response is None:
        return None
    return next((media.schema for media in response.content.values() if "json" in media.name), None)
