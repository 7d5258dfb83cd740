"""What operations and their cases are read with: names, rules, warnings, values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.behaviour.declared import Resource, Rule, TokenKind, Warn
from mockserver.behaviour.keys import KeyChecker, Place
from mockserver.behaviour.reading import Reader, lone_expression, unusable
from mockserver.behaviour.values import Value
from mockserver.contract.model import Operation
from mockserver.expressions import Expression, Language
from mockserver.spec.references import join

#: Names that come to be known while an operation is applied.
LATER_NAMES = ("result", "shown")
_PATHS = "a field, or a member of the object in one: interaction.state"


class ExpressionReader:
    """Reads expressions and values at one `place`; faults go to the reader, the names that they use to `keys`."""

    def __init__(
        self,
        reader: Reader,
        keys: KeyChecker,
        language: Language,
        resources: Mapping[str, Resource],
        tokens: Mapping[str, TokenKind],
        place: Place,
    ) -> None:
        self.reader, self.keys = reader, keys
        self.language, self.resources, self.tokens = language, resources, tokens
        self.used: list[Expression] = []
        self.place = place

    def expression(self, source: Any, pointer: str) -> Expression:
        found = self.reader.expression(source, self.language, pointer)
        self.used.append(found)
        return found

    def tree(self, tree: Any, pointer: str) -> Value:
        value = self.reader.value(tree, self.language, pointer)
        self.used.extend(value.expressions)
        return value

    def new_name(self, name: str, pointer: str, *, at_key: bool = True) -> None:
        """A name must be a word that an expression can say, and must not hide another."""
        if name in LATER_NAMES or name in self.language.names:
            self.reader.problem(f"'{name}' has a meaning already", pointer, "choose another name", at_key=at_key)
        elif unusable(name):
            self.reader.problem(f"an expression cannot say '{name}'", pointer, unusable(name), at_key=at_key)

    def named(self, tree: Any, pointer: str) -> Expression | Value:
        """A `let`: a lone expression keeps its type (a moment stays a moment), anything else is a value."""
        return self.expression(tree, pointer) if lone_expression(tree) is not None else self.tree(tree, pointer)

    def known_resource(self, name: str, pointer: str) -> str:
        return self.reader.known_resource(name, self.resources, pointer)

    def pairs(self, entry: Mapping[str, Any], key: str, pointer: str) -> tuple[tuple[str, Value], ...]:
        return tuple((name, self.tree(tree, join(pointer, key, name))) for name, tree in entry.get(key, {}).items())

    def filters(self, entry: Mapping[str, Any], key: str, pointer: str) -> tuple[tuple[str, Value], ...]:
        """Fields, with what each is to equal or the condition that it is to fit."""
        found = []
        for name, tree in entry.get(key, {}).items():
            value = self.reader.filter(tree, self.language, join(pointer, key, name))
            self.used.extend(value.expressions)
            found.append((name, value))
        return tuple(found)

    def written(self, entry: Mapping[str, Any], key: str, pointer: str) -> tuple[tuple[str, Value], ...]:
        """`set` and `append`: values by the path of a field, `state` or `interaction.state`."""
        for path in entry.get(key, {}):
            if not all(path.split(".")):
                self.reader.problem(f"'{path}' names no field", join(pointer, key, path), _PATHS, at_key=True)
        return self.pairs(entry, key, pointer)


class ClauseReader(ExpressionReader):
    """Reads clauses of one entry of an operation. `id` is how the journal names the entry, `parent` the resource whose
    record is known as parent already."""

    def __init__(
        self,
        reader: Reader,
        keys: KeyChecker,
        operation: Operation,
        entry: Mapping[str, Any],
        pointer: str,
        language: Language,
        resources: Mapping[str, Resource],
        tokens: Mapping[str, TokenKind],
        *,
        id: str = "",
        parent: str = "",
    ) -> None:
        super().__init__(reader, keys, language, resources, tokens, Place())
        self.operation, self.entry, self.pointer = operation, entry, pointer
        self.id, self.parent = id or operation.id, parent

    def value(self, key: str) -> Value:
        return self.tree(self.entry[key], join(self.pointer, key))

    def may_miss(self, resource: str, pointer: str) -> None:
        """A record that is looked up may not be there: the operation must document the API's error for that.

        Where the API's own form of the error is not declared, there is nothing to document.
        """
        if resource and self.resources[resource].missing in self.reader.declared_errors:
            self.documented(self.resources[resource].missing, pointer)

    def rule(self, at: int, entry: Mapping[str, Any]) -> Rule:
        pointer = join(self.pointer, "require", at)
        return Rule(
            id=f"{self.id}.require[{at}]",
            that=self.expression(entry["that"], f"{pointer}/that"),
            error=self.raised(entry["else"], f"{pointer}/else"),
            evidence=self.reader.grade(entry),
            about=str(entry.get("about", "")),
        )

    def warning(self, at: int, entry: Mapping[str, Any]) -> Warn:
        pointer = join(self.pointer, "warn", at)
        return Warn(
            id=f"{self.id}.warn[{at}]",
            that=self.expression(entry["that"], f"{pointer}/that"),
            message=self.tree(entry["message"], f"{pointer}/message"),
            error=self.raised(entry.get("else", "invalid_request"), f"{pointer}/else"),
            evidence=self.reader.grade(entry),
        )

    def raised(self, error: str, pointer: str) -> str:
        """An error that a rule of this operation raises: it must be known, its status documented."""
        self.documented(self.reader.known_error(error, pointer), pointer)
        return error

    def documented(self, error: str, pointer: str) -> None:
        """The status of an error must be documented, or the API's own answer could not leave."""
        status = self.reader.status_of(error)
        if status and self.operation.response_for(status) is None:
            message = f"{self.operation.id} does not document status {status} of '{error}'"
            self.reader.problem(message, pointer, self.statuses())

    def statuses(self) -> str:
        return f"documented: {', '.join(self.operation.responses)}"
