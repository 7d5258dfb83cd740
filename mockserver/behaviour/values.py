"""A YAML tree with `${{ … }}` in it, compiled to something that renders JSON.

A text that is one lone expression keeps the expression's type; an expression inside text is rendered as text. Parts
of a tree without any expression are kept as they are and shared: nobody changes a rendered value in place.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Protocol

from mockserver.behaviour.functions import plain, text
from mockserver.exceptions import ExpressionError
from mockserver.expressions import FAULTS, Expression, Language, Scope, compiled
from mockserver.spec.references import join

Render = Callable[[Scope], Any]
#: Compiles one expression of a language at a pointer; None when it is wrong (and has been noted).
Compile = Callable[[str, Language, str], Expression | None]


class Complain(Protocol):
    def __call__(self, message: str, pointer: str, hint: str = "") -> None: ...


class Value:
    """A compiled tree. `render(scope)` gives JSON (bytes stay bytes); `expressions` are all those inside."""

    __slots__ = ("expressions", "render")

    def __init__(self, render: Render, expressions: tuple[Expression, ...] = ()) -> None:
        self.render = render
        self.expressions = expressions


def split_expressions(source: str) -> tuple[list[str], list[str]] | None:
    """The texts around the expressions of `source` (one more of them), and the expressions; None when a `${{` lacks
    its `}}`."""
    texts, expressions, at = [], [], 0
    while (start := source.find("${{", at)) >= 0:
        end = _closing(source, start + 3)
        if end < 0:
            return None
        texts.append(source[at:start])
        expressions.append(source[start + 3 : end])
        at = end + 2
    return [*texts, source[at:]], expressions


def _closing(source: str, start: int) -> int:
    """Where the `}}` stands that ends an expression: outside of its quotes and braces. Where these do not match, the
    next one, so that the expression's own fault is told."""
    quote, depth, at = "", 0, start
    while at < len(source):
        character = source[at]
        if quote:
            if character == "\\":
                at += 1
            elif character == quote:
                quote = ""
        elif character in "'\"":
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}":
            if depth == 0 and source.startswith("}}", at):
                return at
            depth = max(depth - 1, 0)
        at += 1
    return source.find("}}", start)


def constant(value: Any) -> Value:
    """A value without any expression."""
    return Value(lambda scope: value)


def compile_value(
    tree: Any,
    language: Language,
    pointer: str,
    compile: Compile,
    complain: Complain,
    kept: Callable[[Any], Any] = plain,
) -> Value:
    """Compile a tree that stands at `pointer`: all of it becomes one function, so that rendering costs one call. What a
    lone expression gives is rendered by `kept`."""
    found: list[Expression] = []
    constants: list[Any] = []

    def walk(node: Any, at: str) -> ast.expr:
        before = len(found)
        if isinstance(node, str) and "${{" in node:
            return rendered(node, at)
        if isinstance(node, dict):
            for key in node:
                if "${{" in key:
                    complain("an expression cannot stand in a key", join(at, key), "write the object as an expression")
            values = [walk(item, join(at, key)) for key, item in node.items()]
            if len(found) > before:
                return ast.Dict([ast.Constant(key) for key in node], values)
        elif isinstance(node, list):
            items = [walk(item, join(at, index)) for index, item in enumerate(node)]
            if len(found) > before:
                return ast.List(items, ast.Load())
        constants.append(node)
        return ast.Subscript(ast.Name("_constants", ast.Load()), ast.Constant(len(constants) - 1), ast.Load())

    def rendered(source: str, at: str) -> ast.expr:
        parts = split_expressions(source)
        if parts is None:
            complain("'${{' without its '}}'", at)
            return ast.Constant(None)
        texts, sources = parts
        read = [compile(each, language, at) for each in sources]
        expressions = [expression for expression in read if expression is not None]
        if len(expressions) < len(read):
            return ast.Constant(None)
        calls = []
        lone = len(expressions) == 1 and not texts[0].strip() and not texts[1].strip()
        for expression in expressions:
            found.append(expression)
            form = "_plain" if lone else "" if _gives_text(expression) else "_text"
            calls.append(_on_line(len(found), _call(form, expression.syntax) if form else expression.syntax))
        if lone:
            return calls[0]
        pieces: list[ast.expr] = [ast.Constant(texts[0])]
        for call, after in zip(calls, texts[1:], strict=True):
            pieces += [ast.FormattedValue(call, -1), ast.Constant(after)]
        return ast.JoinedStr([piece for piece in pieces if not (isinstance(piece, ast.Constant) and piece.value == "")])

    body = walk(tree, pointer)
    if not found:
        return constant(tree)
    run = compiled(body, language, _plain=kept, _text=text, _constants=constants)

    def render(scope: Scope) -> Any:
        try:
            return run(scope)
        except ExpressionError:
            raise
        except FAULTS as error:
            raise _culprit(error, found).failed(error) from error

    return Value(render, tuple(found))


def _gives_text(expression: Expression) -> bool:
    """Whether an expression is a lone draw of text, which needs no turning into text."""
    call = expression.syntax
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return False
    draw = expression.language.draws.get(call.func.attr)
    return draw is not None and draw.__annotations__.get("return") == "str"


def _on_line(number: int, node: ast.expr) -> ast.expr:
    """A copy of `node` that stands on line `number`, so that a traceback tells which expression has failed."""
    marked: ast.expr = _marked(node, number)
    return marked


def _call(function: str, argument: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(function, ast.Load()), [argument], [])


def _marked(node: Any, number: int) -> Any:
    """A copy of a node, of a list of them, or of what a field holds, with all nodes on line `number`.

    By hand, since `copy.deepcopy` takes several times as long, which the start of a mock would feel.
    """
    if isinstance(node, list):
        return [_marked(item, number) for item in node]
    if not isinstance(node, ast.AST):
        return node
    marked = type(node)(**{name: _marked(value, number) for name, value in ast.iter_fields(node)})
    if "lineno" in node._attributes:
        marked.lineno = marked.end_lineno = number  # type: ignore[attr-defined]
        marked.col_offset = marked.end_col_offset = 0  # type: ignore[attr-defined]
    return marked


def _culprit(error: BaseException, found: list[Expression]) -> Expression:
    """The expression that `error` came from: the line of the generated function's frame is its number."""
    trace = error.__traceback__
    number = 1
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<expression>":
            number = trace.tb_lineno
            break
        trace = trace.tb_next
    return found[min(max(number, 1), len(found)) - 1]
