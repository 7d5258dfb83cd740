"""Expressions compiled: checked syntax -> a function of the scope."""

from __future__ import annotations

import ast
import keyword
import operator
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mockserver.exceptions import ExpressionError
from mockserver.expressions.language import Asked, ExpressionSyntaxError, KeyPath, Language, Scope
from mockserver.expressions.rewriter import Rewriter

#: What evaluating can meet when values do not fit an operation.
FAULTS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)
_MAX_SOURCE = 2_000
_WORD_AFTER_DOT = re.compile(r"\.\s*(\w+)")
#: `with` is a name here and a word of Python; a text in quotes is passed over.
_WITH = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|(?<![\w.])with(?=\s*[.\[])""")
_STAND_IN = "w1th"  # as long, so that columns stay what they are


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. Calling it with a scope gives its value.

    `where` tells file and line, worked out only for a message; `names` are the roots that it reads, `keys` the key
    paths, `filters` the fields by which each collection is filtered and what is asked of each:
    ``{"session": {(("status", "equal"),)}}``; `asks` is what a field is asked that is filtered by the value itself.
    """

    source: str
    where: Callable[[], str] = field(repr=False, compare=False)
    names: frozenset[str]
    keys: frozenset[KeyPath]
    filters: Mapping[str, frozenset[Asked]]
    run: Callable[[Scope], Any] = field(repr=False, compare=False)
    #: The checked and rewritten syntax, to be compiled into larger pieces.
    syntax: ast.expr = field(repr=False, compare=False)
    language: Language = field(repr=False, compare=False)
    #: The name of the list whose elements its value has, as `where(session, …)` has those of `session`; empty: unknown.
    drawn_from: str = ""
    asks: str = "equal"

    def __call__(self, scope: Scope) -> Any:
        """The value in `scope`. Raises ExpressionError when the values met do not fit the operation."""
        try:
            return self.run(scope)
        except ExpressionError:
            raise
        except FAULTS as error:
            raise self.failed(error) from error

    def failed(self, error: Exception) -> ExpressionError:
        """The error to raise when evaluating met `error`."""
        return ExpressionError(f"${{{{ {self.source} }}}} failed: {error}", self.where())


def compile_expression(source: str, language: Language, where: Callable[[], str] = str) -> Expression:
    """Check and compile `source`. Raises ExpressionSyntaxError with the column of the fault and a hint."""
    text = " ".join(source.split("\n")).strip()  # a line break in YAML means no more than a space
    if len(text) > _MAX_SOURCE:
        raise ExpressionSyntaxError(f"an expression of more than {_MAX_SOURCE} characters", text[:60], 0)
    writer = Rewriter(text, language)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python only warns of (an unknown escape) is a mistake here
            tree = _parsed(text)
            writer.refuse_comments()
            drawn_from, asks = writer.drawn_from(tree.body), writer.asks(tree.body)
            syntax = writer.visit(tree.body)
            run = compiled(syntax, language)
    except SyntaxError as error:
        offset = min(error.offset - 1 if error.offset else len(text), len(text))  # none: the text ended too soon
        word = next((word for word in _WORD_AFTER_DOT.findall(text) if keyword.iskeyword(word)), "")
        hint = f"'{word}' is a word of the language: write ['{word}']" if word else ""
        raise ExpressionSyntaxError(f"not an expression: {error.msg}", text, offset, hint) from None
    except (ValueError, RecursionError, MemoryError) as error:
        reason = str(error) if isinstance(error, ValueError) else "nested too deeply"
        raise ExpressionSyntaxError(f"not an expression: {reason}", text, 0) from None
    return Expression(
        source=text,
        where=where,
        names=frozenset(writer.names),
        keys=frozenset(writer.keys),
        filters={name: frozenset(fields) for name, fields in writer.filters.items()},
        run=run,
        syntax=syntax,
        language=language,
        drawn_from=drawn_from,
        asks=asks,
    )


def _parsed(text: str) -> ast.Expression:
    """The syntax of an expression in which `with` may be a name."""
    places: set[int] = set()

    def stand_in(found: re.Match[str]) -> str:
        if found[0] != "with":
            return found[0]
        places.add(len(text[: found.start()].encode()))
        return _STAND_IN

    tree = ast.parse(_WITH.sub(stand_in, text) if "with" in text else text, mode="eval")
    for node in ast.walk(tree) if places else ():
        if isinstance(node, ast.Name) and node.col_offset in places:
            node.id = "with"
    return tree


def compiled(body: ast.expr, language: Language, **more: Any) -> Callable[[Scope], Any]:
    """`lambda _scope: body` as a function. `body` is made of checked syntax; `more` are names that it may use
    beside those of the language."""
    scope = ast.arguments(posonlyargs=[], args=[ast.arg("_scope")], kwonlyargs=[], kw_defaults=[], defaults=[])
    function = ast.fix_missing_locations(ast.Expression(ast.Lambda(args=scope, body=body)))
    known = {"__builtins__": {}, **_RUNTIME, **more, **{f"fn_{k}": v for k, v in language.functions.items()}}
    # `eval` of a code object made only of whitelisted nodes, with no builtins: nothing of Python can be reached.
    run: Callable[[Scope], Any] = eval(compile(function, "<expression>", "eval"), known)  # noqa: S307
    return run


def _item(value: Any, key: Any) -> Any:
    """`value.key` and `value[key]`: an item, never an attribute; None when there is no such item."""
    try:
        return value[key]
    except (KeyError, TypeError, IndexError):
        return None


def _numbers(name: str, operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def checked(left: Any, right: Any) -> Any:
        if isinstance(left, (int, float)) and isinstance(right, (int, float)):
            return operation(left, right)
        if hasattr(left, "total_seconds") or hasattr(right, "total_seconds"):
            return operation(left, right)
        raise TypeError(f"'{name}' takes numbers, not {type(left).__name__} and {type(right).__name__}")

    return checked


def _slice(value: Any, lower: Any, upper: Any) -> Any:
    return None if value is None else value[lower:upper]


def _each(values: Any) -> Any:
    """What a loop runs over; nothing is an empty list."""
    if isinstance(values, (str, bytes)):
        raise TypeError("a loop runs over a list, not over a text")
    return () if values is None else values


def _contains(item: Any, values: Any) -> bool:
    return values is not None and item in values


_RUNTIME: dict[str, Any] = {
    "_item": _item,
    "_mul": _numbers("*", operator.mul),
    "_mod": _numbers("%", operator.mod),
    "_in": _contains,
    "_each": _each,
    "_slice": _slice,
}
