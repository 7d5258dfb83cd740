"""Runs scenario actions: parameters held against their schemas, then what the action does, inside a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.behaviour.action_schemas import ActionSchemas
from mockserver.behaviour.declared import Action, ActionParameter, Behaviour
from mockserver.behaviour.effects import apply
from mockserver.behaviour.functions import plain
from mockserver.behaviour.scope import OperationScope
from mockserver.behaviour.values import Value
from mockserver.contract.json_text import DEEPEST, is_too_deep
from mockserver.contract.violations import Violation
from mockserver.exceptions import ExpressionError, UsageError, did_you_mean


class ActionRefused(UsageError):
    """What an action requires does not hold: things stand so that it cannot happen now."""


def perform_action(
    action: Action, schemas: ActionSchemas, behaviour: Behaviour, given: Mapping[str, Any], scope: OperationScope
) -> Any:
    """Do what the action says, with the parameters `given` (JSON, or moments), inside the scope's transaction. Gives
    its result as JSON.

    Raises UsageError for wrong parameters, ActionRefused when the action requires something that does not hold, and
    ExpressionError for a rule that is wrong; the caller commits or drops the transaction.
    """
    held = _given(action, schemas, given)
    scope["item"] = None
    scope["with"] = filled = {}
    for parameter in action.parameters:
        filled[parameter.name] = (
            held[parameter.name] if parameter.name in held else _default(action, parameter, schemas, scope)
        )
    for name, value in action.let:
        scope[name] = value.render(scope) if isinstance(value, Value) else value(scope)
    for rule in action.require:
        if not rule.that(scope):
            raise ActionRefused(rule.about.rstrip(".") or f"{action.name} requires {rule.that.source}")
    for effect in action.then:
        apply(effect, behaviour, scope)
    return None if action.result is None else action.result.render(scope)


def _given(action: Action, schemas: ActionSchemas, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as JSON, each of them known and as its schema wants it, none that is required missing."""
    names = [parameter.name for parameter in action.parameters]
    for name in given:
        if name not in names:
            has = f"it has {', '.join(names)}" if names else "it has none"
            raise UsageError(f"{action.name} has no parameter '{name!s:.80}'", did_you_mean(str(name), names, has))
    held = {}
    for parameter in action.parameters:
        if parameter.name in given:
            held[parameter.name] = value = _as_json(parameter, given[parameter.name])
            if found := schemas.breaches(action, parameter, value):
                raise UsageError(*_told(action, parameter, found[0]))
        elif parameter.required:
            about = f": {parameter.about[:1].lower()}{parameter.about[1:].rstrip('.')}" if parameter.about else ""
            raise UsageError(f"{action.name} needs the parameter '{parameter.name}'{about}")
    return held


def _as_json(parameter: ActionParameter, value: Any) -> Any:
    """The value as JSON holds it, and a copy: what the caller scribbles on it stays with the caller."""
    if is_too_deep(value):
        raise UsageError(f"'{parameter.name}' is nested more than {DEEPEST} levels deep")
    try:
        return plain(value)
    except (TypeError, ValueError):
        raise UsageError(f"'{parameter.name}' is no value that JSON holds", f"not {type(value).__name__}") from None


def _default(action: Action, parameter: ActionParameter, schemas: ActionSchemas, scope: OperationScope) -> Any:
    if not isinstance(parameter.default, Value):
        return None if parameter.default is None else parameter.default(scope)
    value = parameter.default.render(scope)
    if parameter.default.expressions and (found := schemas.breaches(action, parameter, value)):
        place = f"actions.{action.name}.parameters.{parameter.name}"
        raise ExpressionError(f"the default breaks its own schema: {found[0].message}", place)
    return value


def _told(action: Action, parameter: ActionParameter, found: Violation) -> tuple[str, str]:
    place = f"'{parameter.name}'" + (f" at {found.pointer}" if found.pointer else "")
    return f"{action.name}: {place} is wrong: {found.message}", found.hint or f"expected {found.expected}"
