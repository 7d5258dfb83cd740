"""What every part of a behaviour file needs while it is read: compiling, counting evidence, naming errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from mockserver.behaviour.declared import RESERVED_ERRORS
from mockserver.behaviour.values import Value, compile_value
from mockserver.errors import Problem, did_you_mean
from mockserver.expressions import Expression, ExpressionSyntaxError, Language, compile_expression
from mockserver.spec.loader import Document
from mockserver.spec.references import join


class Reader:
    """Reads one behaviour document and collects what is wrong with it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.data: dict[str, Any] = document.data or {}
        self.problems: list[Problem] = []
        self.grades: Counter[str] = Counter()
        #: every expression with its place, for checks that need the whole file to be read first
        self.expressions: list[tuple[Expression, str]] = []
        self._errors = {*self.data.get("errors", {}), *RESERVED_ERRORS}

    def problem(self, message: str, pointer: str, hint: str = "", *, at_key: bool = False) -> None:
        """Note a fault at a JSON pointer of the document."""
        self.problems.append(self.document.problem(message, pointer, hint, at_key=at_key))

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
        declared = self.data.get("errors", {}).get(error)
        return int(declared["status"]) if declared else RESERVED_ERRORS.get(error, 0)

    def known_resource(self, name: str, resources: Iterable[str], pointer: str) -> str:
        """The name of a declared resource; empty when it is not."""
        names = list(resources)
        if name in names:
            return name
        hint = did_you_mean(name, names, f"declared: {', '.join(names) or 'none'}")
        self.problem(f"unknown resource '{name}'", pointer, hint)
        return ""

    def compile(self, source: str, language: Language, pointer: str) -> Expression | None:
        """One expression; None when it is wrong, which is noted with a caret."""
        try:
            expression = compile_expression(source, language, lambda: self._place(pointer))
        except ExpressionSyntaxError as error:
            problem = self.document.problem(f"{error.message} in ${{{{ {error.source} }}}}", pointer, error.hint)
            self.problems.append(replace(problem, fragment=error.fragment()))
            return None
        self.expressions.append((expression, pointer))
        return expression

    def _place(self, pointer: str) -> str:
        return f"{self.document.file}:{self.document.locate(pointer)[0]}"

    def expression(self, source: Any, language: Language, pointer: str) -> Expression:
        """A text that must be one expression (the braces may be left out); `null` stands for a wrong one."""
        text = ("true" if source else "false") if isinstance(source, bool) else str(source).strip()
        if text.startswith("${{") and text.endswith("}}") and text.count("${{") == 1:
            text = text[3:-2]
        return self.compile(text, language, pointer) or compile_expression("null", language)

    def value(self, tree: Any, language: Language, pointer: str) -> Value:
        """A tree with expressions in it; wrong ones are noted and render as null."""
        return compile_value(tree, language, pointer, self.compile, self.problem)

    def values(self, tree: Mapping[str, Any], language: Language, pointer: str) -> tuple[tuple[str, Value], ...]:
        """The values of a mapping, one by one."""
        return tuple((name, self.value(item, language, join(pointer, name))) for name, item in tree.items())
