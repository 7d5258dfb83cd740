"""Scenario actions of an API that is served: which there are, and one of them done in its own transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mockserver.behaviour.action_schemas import ActionSchemas
from mockserver.behaviour.actions import perform_action
from mockserver.behaviour.declared import Action
from mockserver.behaviour.scope import OperationScope
from mockserver.engine.api import Api
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.state.clock import Clock
from mockserver.state.store import Transaction


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What an action has given (JSON; None when it says nothing), and the events that it has brought about."""

    result: Any
    emitted: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"result": self.result, "emitted": list(self.emitted)}


class UnknownAction(UsageError):
    """The API has no action of that name."""


def known_action(api: Api, name: str) -> Action:
    """The action of that name. Raises UnknownAction."""
    actions = api.behaviour.actions
    if name not in actions:
        has = f"it has {', '.join(actions)}" if actions else "it has none"
        raise UnknownAction(f"{api.name} has no action '{name:.80}'", did_you_mean(name, actions, has))
    return actions[name]


def perform(
    api: Api, action: Action, given: Mapping[str, Any], transaction: Transaction, clock: Clock, schemas: ActionSchemas
) -> ActionResult:
    """Do an action inside a transaction, which the caller commits. Raises what `perform_action` raises."""
    scope = OperationScope(transaction, clock, {"settings": api.settings, "server": api.server()})
    result = perform_action(action, schemas, api.behaviour, given, scope)
    return ActionResult(result, tuple(emission.event for emission in transaction.emitted))


def described(action: Action) -> dict[str, Any]:
    """What an action is and takes, as JSON: `name`, `about`, `parameters` by name with `about`, `required`, `schema`,
    and `default` where one stands for silence (a text with ${{ … }} where it is worked out)."""
    return {
        "name": action.name,
        "about": action.about,
        "parameters": {
            parameter.name: {
                "about": parameter.about,
                "required": parameter.required,
                "schema": dict(parameter.schema),
                **({"default": parameter.written} if parameter.written is not None else {}),
            }
            for parameter in action.parameters
        },
    }
