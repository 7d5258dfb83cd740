"""Applies what a behaviour file says of one operation: looks up, requires, warns, changes, answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote as percent_encode

from mockserver.behaviour.declared import Behaviour, Listing, OperationRules, Paging, Rule, Warn
from mockserver.behaviour.effects import apply, perform
from mockserver.behaviour.functions import plain, text
from mockserver.behaviour.paging import NoPage, Pager, as_it_was
from mockserver.behaviour.scope import Collection, OperationScope
from mockserver.behaviour.values import Value
from mockserver.behaviour.views import View, item_schema, success_schema
from mockserver.contract.message_parts import position
from mockserver.contract.model import Operation
from mockserver.contract.violations import Violation
from mockserver.exceptions import ExpressionError
from mockserver.expressions import FAULTS, Expression
from mockserver.state.conditions import matching
from mockserver.state.ordered import Ordered, in_order
from mockserver.state.records import Order, Record, sort_key
from mockserver.state.walks import Walk

_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


class Refused(Exception):
    """The operation is refused with a declared error.

    `rule` names what decided, `reason` explains it to the author of the test; `evidence` is empty where no declared
    rule decided. `strict`: it would only be a warning otherwise. `violation` is what the client broke, where the
    contract's check could not tell.
    """

    def __init__(
        self,
        error: str,
        rule: str,
        reason: str,
        evidence: str = "",
        *,
        strict: bool = False,
        violation: Violation | None = None,
    ) -> None:
        self.error, self.rule, self.reason, self.evidence, self.strict = error, rule, reason, evidence, strict
        self.violation = violation
        super().__init__(reason)


@dataclass(slots=True)
class Outcome:
    """What a success answers: `body` is JSON, bytes, or None. `warnings` are (rule, message) pairs; `case` is the index
    of the case that was applied, -1 for none; `note` is something for the trace (empty: nothing)."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: Any = None
    warnings: list[tuple[str, str]] = field(default_factory=list)
    case: int = -1
    note: str = ""


class OperationRunner:
    """One operation of one API, ready to be applied any number of times."""

    def __init__(self, rules: OperationRules, operation: Operation, behaviour: Behaviour, strict: bool) -> None:
        self.rules = rules
        self._operation = operation
        self._pager = Pager(rules.listing.page, rules.id) if rules.listing and rules.listing.page else None
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
        walk = self._pager.begun(scope) if self._pager is not None else None
        with nullcontext() if walk is None else as_it_was(scope, walk):
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
            apply(effect, self._behaviour, scope)
            if answer is not None and effect.resource in (rules.resource, ""):  # it may have been the same record
                again = scope.transaction.tables[rules.resource].get(answer[self._key])
                answer = answer if again is None else again
                scope["item"] = scope["result"] = answer
        with nullcontext() if walk is None else as_it_was(scope, walk):
            self._answer(answer, scope, outcome, walk)
        return outcome

    def _answer(self, answer: Any, scope: OperationScope, outcome: Outcome, walk: Walk | None) -> None:
        """What is shown, the headers, and the body."""
        rules = self.rules
        if rules.listing is not None:
            shown: Any = self._listed(rules.listing, scope, walk)
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
        if walk is not None:
            outcome.note = f"page: from the list as it was at {text(walk.began)}, when its first page was asked for"

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

    def _listed(self, listing: Listing, scope: OperationScope, walk: Walk | None) -> list[Any]:
        """What a `list` shows: filtered, sorted, cut into pages, each item as the contract wants it."""
        order = _order_of(listing, scope)
        found = self._found(listing, order, scope)
        if self._pager is not None:
            assert isinstance(found, Ordered)
            try:
                found = self._pager.cut(found, order, scope, walk)
            except NoPage as fault:
                raise self._no_page(fault, self._pager.paging) from None
        show = self._view.show
        return [show(item, scope) if isinstance(item, Mapping) else item for item in found]

    def _no_page(self, fault: NoPage, paging: Paging) -> Refused:
        parameters = [each for each in self._operation.parameters if each.location == "query"]
        parameter = next((each for each in parameters if each.name == fault.parameter), None)
        pointer = parameter.pointer if parameter is not None else ""
        place = position(parameter.schema, pointer) if parameter is not None else ("", 0)
        violation = Violation("query", fault.parameter, fault.message, fault.expected, pointer, *place)
        rule = f"{self.rules.id}.page"
        return Refused(paging.error, rule, fault.message, paging.evidence, violation=violation)

    def _found(self, listing: Listing, order: Order, scope: OperationScope) -> Iterable[Any]:
        """The items of a list, sorted; where these are to be cut into pages, with their positions."""
        filters = {name: wanted for name, value in listing.filter if (wanted := value.render(scope)) is not None}
        items: Iterable[Any]
        if listing.source is not None:
            items = _given(listing.source, scope)
            if listing.page is not None and listing.page.by == "cursor":
                items = _lasting(items, order, listing.source)
            if filters:
                fits = matching(filters)
                items = [item for item in items if isinstance(item, Mapping) and fits(item)]
        else:
            table = scope.transaction.tables[listing.resource]
            if listing.page is not None and listing.where is None:
                return table.ordered(filters, order)
            items = table.where(filters) if filters else table
        if listing.where is not None:
            items = _kept(listing.where, items, scope)
        if listing.page is not None:
            return in_order(items, order)
        return _sorted(items, order) if order else items


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


def _sorted(items: Iterable[Any], order: Order) -> list[Any]:
    """What `in_order` gives, for a list that is shown whole: then nobody asks for positions."""
    items = list(items)
    if order[-1][1]:
        items.reverse()
    for name, descending in reversed(order):
        items.sort(key=lambda item: sort_key(_field(item, name)), reverse=descending)
    return items


def _kept(where: Expression, items: Iterable[Any], scope: OperationScope) -> list[Any]:
    """The items for which an expression holds, each of them called `item` in it. There may be very many."""
    run, kept = where.run, []
    try:
        for item in items:
            scope["item"] = item
            if run(scope):
                kept.append(item)
    except ExpressionError:
        raise
    except FAULTS as error:
        raise where.failed(error) from error
    return kept


def _field(item: Any, name: str) -> Any:
    return item.get(name) if isinstance(item, Mapping) else None


def _lasting(items: Iterable[Any], order: Order, source: Expression) -> Iterable[Any]:
    """The items of a list over an expression such that a cursor can name their places: values that JSON knows, and
    where they are to be sorted, records in order of creation, since their numbers last and positions do not."""
    try:
        items = [item if isinstance(item, Record) else plain(item) for item in items]
    except ValueError as error:
        raise source.failed(error) from error
    if order and all(isinstance(item, Record) for item in items):
        items.sort(key=lambda record: record.number)
    return items


def _order_of(listing: Listing, scope: OperationScope) -> Order:
    """The order, with what its expressions give. Raises ExpressionError when one gives no name."""
    found: list[tuple[str, bool]] = []
    for item in listing.order:
        if isinstance(item, tuple):
            found.append(item)
            continue
        named = item.render(scope)
        if named is not None and not isinstance(named, str):
            where = item.expressions[0]
            message = f"${{{{ {where.source} }}}} under 'order' gives no field, -field or null but {text(named):.60}"
            raise ExpressionError(message, where.where())
        if named and named != "-":
            found.append((named.removeprefix("-"), named.startswith("-")))
    return tuple(found)
