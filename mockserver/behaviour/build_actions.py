"""The section `actions:` of a behaviour file -> scenario actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mockserver.behaviour.build_effects import EffectReader
from mockserver.behaviour.build_webhooks import usable_parameter
from mockserver.behaviour.clauses import ExpressionReader
from mockserver.behaviour.declared import Action, ActionParameter, Resource, Rule, TokenKind
from mockserver.behaviour.keys import KeyChecker, Place
from mockserver.behaviour.reading import Reader
from mockserver.exceptions import did_you_mean
from mockserver.expressions import Language
from mockserver.spec.references import join

#: What stands beside the schema of a parameter.
_NO_SCHEMA = ("about", "required", "default")
_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")


def read_actions(
    reader: Reader,
    keys: KeyChecker,
    language: Language,
    resources: Mapping[str, Resource],
    tokens: Mapping[str, TokenKind],
) -> dict[str, Action]:
    """The actions that the file declares, by name; faults go to the reader. `language` is that of effects."""
    return {
        name: _ActionReader(reader, keys, language.with_names("with"), resources, tokens, Place()).action(name, entry)
        for name, entry in reader.data.get("actions", {}).items()
    }


class _ActionReader(ExpressionReader):
    def action(self, name: str, entry: Mapping[str, Any]) -> Action:
        pointer = join("/actions", name)
        parameters = tuple(
            self.parameter(parameter, rules, join(pointer, "parameters", parameter))
            for parameter, rules in entry.get("parameters", {}).items()
        )
        self.place = Place(parameters=frozenset(parameter.name for parameter in parameters))
        let = []
        for word, tree in entry.get("let", {}).items():
            self.new_name(word, join(pointer, "let", word))
            let.append((word, self.named(tree, join(pointer, "let", word))))
            self.language = self.language.with_names(word)
        require = tuple(
            self.condition(rule, f"actions.{name}.require[{at}]", join(pointer, "require", at))
            for at, rule in enumerate(entry.get("require", ()))
        )
        self.keys.done(self.place)
        effects = EffectReader(self.reader, self.keys, self.language, self.resources, self.tokens, self.place)
        then = effects.read(entry.get("then", ()), f"actions.{name}", pointer)
        self.language, self.place = effects.language, effects.place
        result = self.tree(entry["result"], join(pointer, "result")) if "result" in entry else None
        self.keys.done(self.place)
        return Action(
            name, entry.get("about", ""), parameters, tuple(let), require, then, result, self.reader.grade(entry)
        )

    def parameter(self, name: str, entry: Mapping[str, Any], pointer: str) -> ActionParameter:
        """A parameter; its default knows those before it."""
        usable_parameter(self.reader, name, pointer)
        types = entry.get("type", ())
        for word in [types] if isinstance(types, str) else types:
            if word not in _TYPES:
                hint = did_you_mean(word, _TYPES, f"one of {', '.join(_TYPES)}")
                self.reader.problem(f"'{word:.60}' is no type of JSON Schema", join(pointer, "type"), hint)
        default = self.tree(entry["default"], join(pointer, "default")) if "default" in entry else None
        self.keys.done(self.place)
        if entry.get("required") and "default" in entry:
            hint = "a parameter is required, or has a default"
            self.reader.problem("'default' has no effect here", join(pointer, "default"), hint, at_key=True)
        self.place = replace(self.place, parameters=frozenset({*(self.place.parameters or ()), name}))
        schema = {key: value for key, value in entry.items() if key not in _NO_SCHEMA}
        required, about = entry.get("required", False), entry.get("about", "")
        return ActionParameter(name, schema, required, default, about, entry.get("default"))

    def condition(self, entry: Mapping[str, Any], id: str, pointer: str) -> Rule:
        that = self.expression(entry["that"], join(pointer, "that"))
        return Rule(id, that, "", self.reader.grade(entry), entry.get("about", ""))
