"""Applies what a behaviour file says of one operation: looks up, requires, warns, changes, answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote as percent_encode

from mockserver.behaviour.declared import Behaviour, Effect, Listing, OperationRules, Rule, Warn
from mockserver.behaviour.effects import perform
from mockserver.behaviour.functions import text
from mockserver.behaviour.scope import Collection, OperationScope
from mockserver.behaviour.values import Value
from mockserver.behaviour.views import View, item_schema, success_schema
from mockserver.contract.model import Operation
from mockserver.errors import ExpressionError
from mockserver.expressions import Expression
from mockserver.state.records import Record, matching, sort_key

_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


class Refused(Exception):
    """The operation is refused with a declared error.

    `rule` names what decided, `reason` explains it to the author of the test; `evidence` is empty where no declared
    rule decided. `strict`: it would only be a warning otherwise.
    """

    def __init__(self, error: str, rule: str, reason: str, evidence: str = "", *, strict: bool = False) -> None:
        self.error, self.rule, self.reason, self.evidence, self.strict = error, rule, reason, evidence, strict
        super().__init__(reason)


@dataclass(slots=True)
class Outcome:
    """What a success answers: `body` is JSON, bytes, or None. `warnings` are (rule, message) pairs; `case` is the index
    of the case that was applied, -1 for none."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: Any = None
    warnings: list[tuple[str, str]] = field(default_factory=list)
    case: int = -1


class OperationRunner:
    """One operation of one API, ready to be applied any number of times."""

    def __init__(self, rules: OperationRules, operation: Operation, behaviour: Behaviour, strict: bool) -> None:
        self.rules = rules
        self._behaviour = behaviour
        self._strict = strict
        self._status = rules.respond.status
        resource = behaviour.resources.get(rules.resource)
        self._missing = resource.missing if resource else "not_found"
        self._key = resource.key if resource else ""
        computed = {**(resource.computed if resource else {}), **rules.show}
        schema = success_schema(operation, self._status)
        self._view = View(item_schema(schema, rules.wrap, rules.verb == "list"), computed)
        self._cases = [(case.when, OperationRunner(case.rules, operation, behaviour, strict)) for case in rules.cases]

    def run(self, scope: OperationScope) -> Outcome:
        """Apply the rules inside the scope's transaction. Raises Refused, or ExpressionError for a rule that is
        wrong; the caller commits or drops the transaction."""
        scope["parent"] = self._parent(scope) if self.rules.within is not None else None
        return self._applied(scope, Outcome(self._status))

    def _applied(self, scope: OperationScope, outcome: Outcome) -> Outcome:
        """The rules but for `within`; of an operation with cases the shared ones, then those of the case that fits."""
        rules = self.rules
        record = None
        if rules.verb in ("read", "update", "replace", "delete"):
            record = self._find(scope)
        scope["item"] = record
        for name, value in rules.let:
            scope[name] = value.render(scope) if isinstance(value, Value) else value(scope)
        for rule in rules.require:
            self._require(rule, scope)
        for warn in rules.warn:
            self._warn(warn, scope, outcome)
        if self._cases:
            for at, (when, case) in enumerate(self._cases):
                if when is None or when(scope):
                    outcome.status, outcome.case = case._status, at
                    return case._applied(scope, outcome)
        answer: Any = record
        if rules.effect is not None:
            answer = perform(rules.effect, self._behaviour.resources[rules.effect.resource], record, scope)
            scope["item"] = answer
        scope["result"] = answer
        for effect in rules.then:
            self._then(effect, scope)
            if answer is not None and effect.resource == rules.resource:  # it may have been the same record
                again = scope.transaction.tables[rules.resource].get(answer[self._key])
                answer = answer if again is None else again
                scope["item"] = scope["result"] = answer
        if rules.listing is not None:
            shown: Any = self._listed(rules.listing, scope)
        else:
            shown = None if answer is None else self._view.show(answer, scope)
        scope["item"], scope["shown"] = answer, shown
        respond = rules.respond
        if respond.headers:
            outcome.headers = tuple([(name, header_text(value.render(scope))) for name, value in respond.headers])
        if respond.body is not None:
            outcome.body = respond.body.render(scope)
        else:
            outcome.body = {rules.wrap: shown} if rules.wrap else shown
        return outcome

    def _parent(self, scope: OperationScope) -> Record:
        assert self.rules.within is not None
        resource, key = self.rules.within
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
            about = f"{rule.about.rstrip('.')}; " if rule.about else ""
            raise Refused(rule.error, rule.id, f"{about}does not hold: {rule.that.source}", rule.evidence)

    def _warn(self, warn: Warn, scope: OperationScope, outcome: Outcome) -> None:
        if warn.that(scope):
            return
        message = text(warn.message.render(scope))
        if self._strict:
            raise Refused(warn.error, warn.id, message, warn.evidence, strict=True)
        outcome.warnings.append((warn.id, message))

    def _then(self, effect: Effect, scope: OperationScope) -> None:
        """A further effect; one whose record is not there has nothing to do, and binds null."""
        if effect.bind:
            scope[effect.bind] = None
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
        changed = perform(effect, self._behaviour.resources[effect.resource], record, scope)
        scope["item"] = outer
        if effect.bind:
            scope[effect.bind] = changed

    def _listed(self, listing: Listing, scope: OperationScope) -> list[Any]:
        """What a `list` shows: filtered, sorted, each item as the contract wants it."""
        filters = {name: wanted for name, value in listing.filter if (wanted := value.render(scope)) is not None}
        items: Iterable[Any]
        if listing.source is not None:
            items = _given(listing.source, scope)
            if filters:
                fits = matching(filters)
                items = [item for item in items if isinstance(item, Mapping) and fits(item)]
        else:
            table = scope.transaction.tables[listing.resource]
            items = table.where(filters) if filters else table
        if listing.where is not None:
            items = [item for item in items if self._kept(listing.where, item, scope)]
        if listing.order:
            items = list(items)
            for name, descending in reversed(listing.order):
                items.sort(key=lambda item: sort_key(_field(item, name)), reverse=descending)
        show = self._view.show
        return [show(item, scope) if isinstance(item, Mapping) else item for item in items]

    def _kept(self, where: Expression, item: Any, scope: OperationScope) -> bool:
        scope["item"] = item
        return bool(where(scope))


def header_text(value: Any) -> str:
    """A value as a header can hold it: what is no printable ASCII is percent-encoded, line breaks above all."""
    shown = text(value)
    if shown.isascii() and shown.isprintable():
        return shown
    return percent_encode(shown, safe=_PRINTABLE, errors="replace")


def _given(source: Expression, scope: OperationScope) -> Iterable[Any]:
    """The list that an expression gives; null is an empty one. Raises ExpressionError when it gives no list."""
    found = source(scope)
    if found is None:
        return ()
    if not isinstance(found, (list, Collection)):
        raise ExpressionError(f"${{{{ {source.source} }}}} gives no list but {text(found):.60}", source.where())
    return found


def _field(item: Any, name: str) -> Any:
    return item.get(name) if isinstance(item, Mapping) else None
