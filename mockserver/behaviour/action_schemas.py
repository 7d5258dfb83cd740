"""The schemas of the parameters of actions: whether a value keeps one, and whether each of them is one at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.behaviour.declared import Action, ActionParameter
from mockserver.behaviour.values import Value
from mockserver.contract.problems import schema_problems
from mockserver.contract.schemas import Schema, SchemaSet
from mockserver.contract.violations import Violation
from mockserver.exceptions import Problem
from mockserver.spec.loader import Document
from mockserver.spec.references import Library, join

_URI = "file:///actions"


class ActionSchemas:
    """The schemas of one API's actions. Nothing is compiled before it is asked for."""

    def __init__(self, actions: Mapping[str, Action], document: Document | None = None) -> None:
        """`document` is the behaviour file, for whoever wants to know where a schema stands."""
        data = {
            "actions": {
                name: {"parameters": {parameter.name: _data(parameter) for parameter in action.parameters}}
                for name, action in actions.items()
            }
        }
        library = Library()
        if document is None:
            self._document = Document("behaviour.yaml", _URI, data)
        else:
            self._document = Document(document.file, _URI, data, document.positions)
        library.documents[_URI] = self._document
        self._actions, self._schemas = actions, SchemaSet(library)

    def breaches(self, action: Action, parameter: ActionParameter, value: Any) -> list[Violation]:
        """How a value breaks the schema of a parameter, the most helpful first. Raises SpecError for a wrong schema."""
        return self._at(action.name, parameter.name).explain(value, direction="request", location="parameter")

    def problems(self) -> list[Problem]:
        """Schemas that are none, and constant defaults that break their own."""
        return schema_problems(
            self._at(name, parameter.name) for name, action in self._actions.items() for parameter in action.parameters
        )

    def _at(self, action: str, parameter: str) -> Schema:
        return self._schemas.at(self._document, join("/actions", action, "parameters", parameter))


def _data(parameter: ActionParameter) -> dict[str, Any]:
    """The schema, with its default where that is always the same."""
    default = parameter.default
    if not isinstance(default, Value) or default.expressions:
        return dict(parameter.schema)
    return {**parameter.schema, "default": default.render({})}
