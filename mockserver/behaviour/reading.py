"""What every part of a behaviour file needs while it is read: compiling, counting evidence, naming errors."""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from mockserver.behaviour.declared import RESERVED_ERRORS
from mockserver.behaviour.functions import wanted
from mockserver.behaviour.values import Value, compile_value, split_expressions
from mockserver.exceptions import Problem, did_you_mean
from mockserver.expressions import Expression, ExpressionSyntaxError, Language, compile_expression
from mockserver.spec.loader import Document
from mockserver.spec.references import join


class Reader:
    """Reads one behaviour document and collects what is wrong with it."""

    def __init__(
        self,
        document: Document,
        events: Iterable[str] = (),
        has_event: Callable[[str], bool] = lambda name: False,
    ) -> None:
        """`events` are those of the contract, by name; `has_event` says whether it would have one but for faults."""
        self.document = document
        self.events, self._has_event = tuple(events), has_event
        self.data: dict[str, Any] = document.data or {}
        self.problems: list[Problem] = []
        self.grades: Counter[str] = Counter()
        #: every expression with its place, for checks that need the whole file to be read first
        self.expressions: list[tuple[Expression, str]] = []
        self.declared_errors: Mapping[str, Any] = self.data.get("errors", {})
        self._errors = {*self.declared_errors, *RESERVED_ERRORS}

    def problem(
        self, message: str, pointer: str, hint: str = "", *, at_key: bool = False, caret: tuple[str, int] | None = None
    ) -> None:
        """Note a fault at a JSON pointer of the document. `caret` is an expression and the column that is wrong."""
        problem = self.document.problem(message, pointer, hint, at_key=at_key)
        if caret is not None:
            problem = replace(problem, fragment=f"{caret[0]}\n{' ' * caret[1]}^")
        self.problems.append(problem)

    def grade(self, entry: Mapping[str, Any]) -> str:
        """The evidence of one rule, counted."""
        evidence = str(entry.get("evidence", "documented"))
        self.grades[evidence] += 1
        return evidence

    def known_error(self, name: str, pointer: str) -> str:
        """The name of an error, which must be declared or reserved."""
        if name not in self._errors:
            names = ", ".join(sorted(self._errors))
            self.problem(
                f"unknown error '{name}'",
                pointer,
                did_you_mean(name, self._errors, f"declare it, or use one of {names}"),
            )
        return name

    def status_of(self, error: str) -> int:
        """The status of an error; 0 when there is no such error."""
        declared = self.declared_errors.get(error)
        return int(declared["status"]) if declared else RESERVED_ERRORS.get(error, 0)

    def known_resource(self, name: str, resources: Iterable[str], pointer: str) -> str:
        """The name of a declared resource; empty when it is not."""
        names = list(resources)
        if name in names:
            return name
        hint = did_you_mean(name, names, f"declared: {', '.join(names) or 'none'}")
        self.problem(f"unknown resource '{name}'", pointer, hint)
        return ""

    def has_event(self, name: str) -> bool:
        """Whether the contract has an event of that name, sound or not."""
        return name in self.events or self._has_event(name)

    def compile(self, source: str, language: Language, pointer: str) -> Expression | None:
        """One expression; None when it is wrong, which is noted with a caret."""
        try:
            expression = compile_expression(source, language, lambda: self._place(pointer))
        except ExpressionSyntaxError as error:
            text = f"{error.message} in ${{{{ {error.source} }}}}"
            self.problem(text, pointer, error.hint, caret=(error.source, error.offset))
            return None
        self.expressions.append((expression, pointer))
        return expression

    def _place(self, pointer: str) -> str:
        return f"{self.document.file}:{self.document.locate(pointer)[0]}"

    def expression(self, source: Any, language: Language, pointer: str) -> Expression:
        """What must be one expression, or plain true or false; `null` stands for a wrong one."""
        if isinstance(source, bool):
            return compile_expression("true" if source else "false", language)
        inner = lone_expression(source)
        if inner is None:
            if split_expressions(source) is None:
                self.problem("'${{' without its '}}'", pointer)
            else:
                hint = "" if "${{" in source else f"write ${{{{ {source.strip()} }}}}"
                self.problem(f"'{pointer.rpartition('/')[2]}' takes one expression and nothing else", pointer, hint)
            return compile_expression("null", language)
        return self.compile(inner, language, pointer) or compile_expression("null", language)

    def value(self, tree: Any, language: Language, pointer: str) -> Value:
        """A tree with expressions in it; wrong ones are noted and render as null."""
        return compile_value(tree, language, pointer, self.compile, self.problem)

    def filter(self, tree: Any, language: Language, pointer: str) -> Value:
        """A value that a field is to equal, or a condition that it is to fit."""
        return compile_value(tree, language, pointer, self.compile, self.problem, wanted)

    def values(self, tree: Mapping[str, Any], language: Language, pointer: str) -> tuple[tuple[str, Value], ...]:
        """The values of a mapping, one by one."""
        return tuple((name, self.value(item, language, join(pointer, name))) for name, item in tree.items())


def lone_expression(source: object) -> str | None:
    """What stands between the braces of a text that is one expression and nothing else; None for anything else."""
    parts = split_expressions(source) if isinstance(source, str) else None
    if parts is None or len(parts[1]) != 1 or "".join(parts[0]).strip():
        return None
    return parts[1][0]


def unusable(name: str) -> str:
    """Why an expression cannot say `name`, as a hint; empty when it can."""
    if keyword.iskeyword(name) or name in ("true", "false", "null"):
        return "it is a word of the language"
    if not (name.isascii() and name.isidentifier()):
        return "letters, digits and _, no digit first"
    return ""


def one(resource: str) -> str:
    """`a ticket`, `an agent`: a record of a resource in a sentence."""
    return f"{'an' if resource[:1].lower() in tuple('aeiou') else 'a'} {resource}"
