"""Changes to resources: what `create`, `update`, `replace` and `delete` do inside a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.behaviour.declared import Effect, Resource
from mockserver.behaviour.scope import Draft, OperationScope
from mockserver.behaviour.tokens import issue_token, revoke_token
from mockserver.errors import ExpressionError
from mockserver.expressions import DRAWS
from mockserver.state.records import Record

#: How often another id is drawn when the one drawn is taken.
_KEY_TRIES = 100


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
        changed = _written(effect, {**record, **_taken(effect, scope)}, scope)
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
    for name, value in effect.set:
        draft[name] = value.render(scope)
    draft.complete()
    for name, value in effect.append:
        draft[name] = _longer(draft.get(name), value.render(scope), name, effect)
    scope["item"] = outer
    return draft


def _written(effect: Effect, changed: dict[str, Any], scope: OperationScope) -> dict[str, Any]:
    """`set` and `append` written into a copy; their expressions see the record as it was before."""
    for name, value in effect.set:
        changed[name] = value.render(scope)
    for name, value in effect.append:
        changed[name] = _longer(changed.get(name), value.render(scope), name, effect)
    return changed


def _longer(held: Any, value: Any, name: str, effect: Effect) -> list[Any]:
    """The list in a field and `value` at its end; a field that holds nothing yet begins a list."""
    if held is not None and not isinstance(held, list):
        raise ExpressionError(f"append: the field '{name}' holds no list", effect.id)
    return [*(held or ()), value]


def _taken(effect: Effect, scope: OperationScope) -> dict[str, Any]:
    """The fields of the request body that are stored."""
    body = scope["body"]
    if effect.take is None or not isinstance(body, dict):
        return {}
    return {name: value for name, value in body.items() if name in effect.take}
