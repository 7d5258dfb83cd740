"""What an expression may name, and what is said when one is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mockserver.exceptions import ExpressionError

Scope = Mapping[str, Any]
#: A path of keys that an expression reads: the root name, then keys; `*` stands for "each item of".
KeyPath = tuple[str, ...]
#: The fields that records are filtered by, in alphabetical order, each with what it is asked: `equal`, or what the
#: language says of the condition.
Asked = tuple[tuple[str, str], ...]
#: The name under which random draws stand in a scope.
DRAWS = "@draws"


class ExpressionSyntaxError(ExpressionError):
    """The source of an expression is wrong. `offset` is the 0-based column inside the source, `hint` what to try."""

    def __init__(self, message: str, source: str, offset: int, hint: str = "") -> None:
        self.message, self.source, self.offset, self.hint = message, source, offset, hint
        super().__init__(f"{message} ({hint})" if hint else message)

    def fragment(self) -> str:
        """The source with a caret beneath the place."""
        return f"{self.source}\n{' ' * self.offset}^"


@dataclass(frozen=True, slots=True)
class Language:
    """What an expression may name.

    `names` are the values of the scope; `collections` those among them that hold records; `functions` are pure
    callables; `draws` the methods (callables, for their signature) that need randomness, found on the scope's draws.
    `constants` are values that never change, by name and key (`settings.limit`): they are written into the code.
    `conditions` are the functions whose values a filter takes in place of a value to be equal to, with a word for what
    they ask of a field.
    """

    names: frozenset[str]
    collections: frozenset[str] = frozenset()
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    draws: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    constants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    conditions: Mapping[str, str] = field(default_factory=dict)

    def with_names(self, *names: str) -> Language:
        """The same language with further names."""
        return replace(self, names=self.names | set(names))
