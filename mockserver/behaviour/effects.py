"""Changes to resources: what `create`, `update`, `replace` and `delete` do inside a transaction, and the effects after
them: for each element of a list, on all records that fit, or by the name that several effects share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mockserver.behaviour.declared import Behaviour, Effect, EventSpec, Resource
from mockserver.behaviour.fields import write
from mockserver.behaviour.functions import text
from mockserver.behaviour.scope import Collection, Draft, OperationScope
from mockserver.behaviour.tokens import issue_token, revoke_token
from mockserver.behaviour.values import Value
from mockserver.exceptions import ExpressionError
from mockserver.expressions import DRAWS, Expression
from mockserver.state.records import Record
from mockserver.state.store import Emission

#: Elements that one effect goes over; more of them are a mistake of the rule.
MOST_ELEMENTS = 10_000
#: How often another id is drawn when the one drawn is taken.
_KEY_TRIES = 100


def apply(effect: Effect, behaviour: Behaviour, scope: OperationScope) -> None:
    """An effect under `then`. One whose record is not there, or whose list is empty, has nothing to do and binds null,
    or an empty list. Raises ExpressionError when a rule fails."""
    if effect.each is None:
        changed = _once(effect, behaviour, scope)
    else:
        changed = []
        for element in _elements(effect.each, effect, scope):
            scope[effect.name] = element
            changed += _once(effect, behaviour, scope)
    if effect.bind:
        many = effect.each is not None or effect.where is not None
        scope[effect.bind] = changed if many else changed[0] if changed else None


def _elements(each: Expression, effect: Effect, scope: OperationScope) -> Iterable[Any]:
    """What an effect goes over, as it is before the effect begins: going over a resource sees no later change."""
    found = each(scope)
    if found is None:
        return ()
    if not isinstance(found, (list, Collection)):
        raise ExpressionError(f"each: ${{{{ {each.source} }}}} gives no list but {text(found):.60}", effect.id)
    if len(found) > MOST_ELEMENTS:
        raise ExpressionError(f"each: {len(found):,} elements, and {MOST_ELEMENTS:,} is the most", effect.id)
    return found


def _once(effect: Effect, behaviour: Behaviour, scope: OperationScope) -> list[Mapping[str, Any]]:
    """An effect, for one element where it has several. Gives the records that it made or changed."""
    if effect.when is not None and not effect.when(scope):
        return []
    if effect.verb == "do":
        _do(effect, behaviour, scope)
        return []
    if effect.verb == "emit":
        _emit(effect, behaviour, scope)
        return []
    resource = behaviour.resources[effect.resource]
    if effect.where is None and effect.key is None:
        return [perform(effect, resource, None, scope)]
    table = scope.transaction.tables[effect.resource]
    found: list[Record | None]
    if effect.where is not None:
        found = [*table.where({name: value.render(scope) for name, value in effect.where})]
    else:
        assert effect.key is not None
        found = [table.get(effect.key.render(scope))]
    outer = scope["item"]
    changed = []
    for record in found:
        if record is not None:
            scope["item"] = record
            changed.append(perform(effect, resource, record, scope))
    scope["item"] = outer
    return changed


def _do(effect: Effect, behaviour: Behaviour, scope: OperationScope) -> None:
    """The effects with a name. They see nothing of what called them but `with`, and what they bind is their own."""
    named = behaviour.effects[effect.do]
    given = {name: _value(value, scope) for name, value in effect.given}
    inner = OperationScope(scope.transaction, scope.clock, {"now": scope["now"], "item": None}, scope.__getitem__)
    inner["with"] = {
        name: given[name] if name in given else _value(default, inner) for name, default in named.parameters
    }
    for at, step in enumerate(named.then):
        try:
            apply(step, behaviour, inner)
        except ExpressionError as error:
            if not error.where.startswith(step.id):
                raise
            place = f"{effect.id}.do[{at}]{error.where.removeprefix(step.id)}"
            raise ExpressionError(error.reason, place) from None


def _emit(effect: Effect, behaviour: Behaviour, scope: OperationScope) -> None:
    """Notes the event with its parameters as they are now; what is sent is made of them later."""
    event = behaviour.webhooks.events.get(effect.event)
    given = {name: _value(value, scope) for name, value in effect.given}
    filled = event_parameters(event, given, scope) if event is not None else {}
    scope.transaction.emitted += (Emission(effect.event, filled, scope["now"].timestamp()),)


def event_parameters(event: EventSpec, given: Mapping[str, Any], scope: OperationScope) -> dict[str, Any]:
    """The values of an event's parameters: as given, or those that stand for none given, which see the records, `now`,
    `settings` and `server` of the scope alone. They hold still: no later change of the state shows in them."""
    inner = OperationScope(scope.transaction, scope.clock, {"now": scope["now"], "item": None}, scope.__getitem__)
    return parameters_in(event, given, inner)


def parameters_in(event: EventSpec, given: Mapping[str, Any], scope: OperationScope) -> dict[str, Any]:
    """The same where the scope holds nothing else: an event that no operation and no record brings about."""
    return {
        name: _still(given[name] if name in given else _value(default, scope)) for name, default in event.parameters
    }


def _still(value: Any) -> Any:
    return list(value) if isinstance(value, Collection) else value


def _value(value: Expression | Value, scope: OperationScope) -> Any:
    """A parameter keeps its type when it is one lone expression: a moment stays a moment."""
    return value.render(scope) if isinstance(value, Value) else value(scope)


def perform(effect: Effect, resource: Resource, record: Record | None, scope: OperationScope) -> Mapping[str, Any]:
    """Apply `effect`; `record` is what it changes (None for create and issue). Gives the record as it is afterwards, of
    a deleted one as it was. Raises ExpressionError when a rule fails or no free key can be found."""
    transaction = scope.transaction
    if effect.kind is not None:
        return issue_token(effect.kind, resource.name, dict(effect.set), scope, effect.id)
    if effect.verb == "create":
        return _create(effect, resource, scope)
    assert record is not None  # whoever changes a record has looked it up
    if effect.verb == "revoke":
        return revoke_token(resource.name, record, scope)
    if effect.verb == "delete":
        transaction.delete(resource.name, record)
        return record
    if effect.verb == "replace":
        changed: Mapping[str, Any] = _draft(effect, resource, {resource.key: record[resource.key]}, scope)
    else:
        changed = {**record, **_taken(effect, scope)}
        write(changed, effect.set, effect.append, scope, effect.id)  # expressions see the record as it was before
    return transaction.replace(resource.name, record, changed)


def _create(effect: Effect, resource: Resource, scope: OperationScope) -> Record:
    table = scope.transaction.tables[resource.name]
    draft = _draft(effect, resource, {}, scope)
    tries = _KEY_TRIES if _draws_key(effect, resource, scope) else 0
    while tries and table.get(draft.get(resource.key)) is not None:
        draft = _draft(effect, resource, {}, scope)
        tries -= 1
    try:
        return scope.transaction.insert(resource.name, draft)
    except ValueError as error:
        raise ExpressionError(str(error), effect.id) from None


def _draws_key(effect: Effect, resource: Resource, scope: OperationScope) -> bool:
    """Whether the key of a new record comes from a random draw, so that another try gives another one."""
    key = resource.key
    if any(name == key for name, _ in effect.set) or key in _taken(effect, scope):
        return False
    default = resource.defaults.get(key)
    return default is not None and any(DRAWS in expression.names for expression in default.expressions)


def _draft(effect: Effect, resource: Resource, given: Mapping[str, Any], scope: OperationScope) -> Draft:
    """A whole new record: the request's fields, then `set`, then defaults for what is absent, then `append`."""
    draft = Draft({**_taken(effect, scope), **given}, resource.defaults, scope)
    outer = scope["item"]
    scope["item"] = draft
    write(draft, effect.set, (), scope, effect.id)
    draft.complete()
    if effect.append:
        write(draft, (), effect.append, scope, effect.id)
    scope["item"] = outer
    return draft


def _taken(effect: Effect, scope: OperationScope) -> dict[str, Any]:
    """The fields of the request body that are stored."""
    if effect.take is None:
        return {}
    body = scope["body"]
    if not isinstance(body, dict):
        return {}
    return {name: value for name, value in body.items() if name in effect.take}
