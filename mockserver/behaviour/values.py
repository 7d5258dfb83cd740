"""A YAML tree with `${{ … }}` in it, compiled to something that renders JSON.

A text that is one lone expression keeps the expression's type; an expression inside text is rendered as text. Parts
of a tree without any expression are kept as they are and shared: nobody changes a rendered value in place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from mockserver.behaviour.functions import plain, text
from mockserver.expressions import Expression, Language, Scope
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


def compile_value(tree: Any, language: Language, pointer: str, compile: Compile, complain: Complain) -> Value:
    """Compile a tree that stands at `pointer`."""
    found: list[Expression] = []

    def walk(node: Any, at: str) -> Render:
        if isinstance(node, str) and "${{" in node:
            return rendered(node, at)
        before = len(found)
        if isinstance(node, dict):
            for key in node:
                if "${{" in key:
                    complain("an expression cannot stand in a key", join(at, key), "write the object as an expression")
            parts = [(key, walk(item, join(at, key))) for key, item in node.items()]
            if len(found) > before:
                return lambda scope: {key: render(scope) for key, render in parts}
        elif isinstance(node, list):
            items = [walk(item, join(at, index)) for index, item in enumerate(node)]
            if len(found) > before:
                return lambda scope: [render(scope) for render in items]
        return lambda scope: node

    def rendered(source: str, at: str) -> Render:
        parts = split_expressions(source)
        if parts is None:
            complain("'${{' without its '}}'", at)
            return lambda scope: None
        texts, sources = parts
        compiled = []
        for each in sources:
            expression = compile(each, language, at)
            if expression is None:
                return lambda scope: None
            compiled.append(expression)
        found.extend(compiled)
        lone = compiled[0]
        if len(compiled) == 1 and not texts[0].strip() and not texts[1].strip():
            return lambda scope: plain(lone(scope))
        return lambda scope: (
            texts[0]
            + "".join(text(expression(scope)) + after for expression, after in zip(compiled, texts[1:], strict=True))
        )

    render = walk(tree, pointer)
    return Value(render, tuple(found))
