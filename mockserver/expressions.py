"""`${{ … }}`: a small, safe subset of Python's expressions, checked node by node and compiled once.

The source is parsed with `ast`, every node is held against a whitelist, and the tree is rewritten so that no Python
attribute, builtin or dunder can be reached: a name becomes a look-up in the scope, `a.b` the key `b` of `a` (None when
it is absent), and a call can only name one of the functions handed in. What remains is compiled to a code object, so
that evaluating costs a fraction of a microsecond.

Work is bounded by construction: the only loops run over data, there is no power operator, and `*` and `%` take numbers
alone, so text and lists cannot be blown up.
"""

from __future__ import annotations

import ast
import inspect
import io
import math
import operator
import tokenize
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from mockserver.errors import ExpressionError, did_you_mean

Scope = Mapping[str, Any]
#: A path of keys that an expression reads: the root name, then keys; `*` stands for "each item of".
KeyPath = tuple[str, ...]

_OPERATORS = (
    *(ast.And, ast.Or, ast.Not, ast.USub, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod),
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Is, ast.IsNot),
)
_CONSTANTS = {"true": True, "false": False, "null": None}
_MAX_SOURCE = 2_000
_DRAWS = "@draws"


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
    """

    names: frozenset[str]
    collections: frozenset[str] = frozenset()
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    draws: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    def with_names(self, *names: str) -> Language:
        """The same language with further names."""
        return Language(self.names | set(names), self.collections, self.functions, self.draws)


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. Calling it with a scope gives its value.

    `where` tells file and line, worked out only for a message; `names` are the roots that it reads, `keys` the key
    paths, `calls` the functions, `filters` the fields by which each collection is filtered:
    ``{"session": {("status",)}}``.
    """

    source: str
    where: Callable[[], str] = field(repr=False, compare=False)
    names: frozenset[str]
    keys: frozenset[KeyPath]
    calls: frozenset[str]
    filters: Mapping[str, frozenset[tuple[str, ...]]]
    run: Callable[[Scope], Any] = field(repr=False, compare=False)

    @property
    def random(self) -> bool:
        """Whether evaluating draws random values."""
        return _DRAWS in self.names

    def __call__(self, scope: Scope) -> Any:
        """The value in `scope`. Raises ExpressionError when the values met do not fit the operation."""
        try:
            return self.run(scope)
        except ExpressionError:
            raise
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise ExpressionError(f"${{{{ {self.source} }}}} failed: {error}", self.where()) from error


def compile_expression(source: str, language: Language, where: Callable[[], str] = str) -> Expression:
    """Check and compile `source`. Raises ExpressionSyntaxError with the column of the fault and a hint."""
    text = " ".join(source.split("\n")).strip()  # a line break in YAML means no more than a space
    if len(text) > _MAX_SOURCE:
        raise ExpressionSyntaxError(f"an expression of more than {_MAX_SOURCE} characters", text[:60], 0)
    writer = _Rewriter(text, language)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python only warns of (an unknown escape) is a mistake here
            tree = ast.parse(text, mode="eval")
            writer.refuse_comments()
            code = _compiled(writer.visit(tree.body))
    except SyntaxError as error:
        offset = min(error.offset - 1 if error.offset else len(text), len(text))  # none: the text ended too soon
        raise ExpressionSyntaxError(f"not an expression: {error.msg}", text, offset) from None
    except (ValueError, RecursionError, MemoryError) as error:
        reason = str(error) if isinstance(error, ValueError) else "nested too deeply"
        raise ExpressionSyntaxError(f"not an expression: {reason}", text, 0) from None
    # `eval` of a code object made only of whitelisted nodes, with no builtins: nothing of Python can be reached.
    run = eval(code, {"__builtins__": {}, **_RUNTIME, **{f"fn_{k}": v for k, v in language.functions.items()}})  # noqa: S307
    return Expression(
        source=text,
        where=where,
        names=frozenset(writer.names),
        keys=frozenset(writer.keys),
        calls=frozenset(writer.calls),
        filters={name: frozenset(fields) for name, fields in writer.filters.items()},
        run=run,
    )


def _compiled(body: ast.expr) -> CodeType:
    """The code of `lambda _scope: body`."""
    scope = ast.arguments(posonlyargs=[], args=[ast.arg("_scope")], kwonlyargs=[], kw_defaults=[], defaults=[])
    function = ast.Lambda(args=scope, body=body)
    return compile(ast.fix_missing_locations(ast.Expression(function)), "<expression>", "eval")


def _key(value: Any, name: str) -> Any:
    """`value.name`: a key of a mapping, or None."""
    try:
        return value[name]
    except (KeyError, TypeError, IndexError):
        return None


def _item(value: Any, key: Any) -> Any:
    """`value[key]`, or None when there is no such item."""
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


def _contains(item: Any, values: Any) -> bool:
    return values is not None and item in values


_RUNTIME: dict[str, Any] = {
    "_key": _key,
    "_item": _item,
    "_mul": _numbers("*", operator.mul),
    "_mod": _numbers("%", operator.mod),
    "_in": _contains,
}


class _Rewriter(ast.NodeVisitor):
    """Turns a checked tree into one that reads names from `_scope` and calls only what is allowed."""

    def __init__(self, source: str, language: Language) -> None:
        self.source, self.language = source, language
        self.names: set[str] = set()
        self.keys: set[KeyPath] = set()
        self.calls: set[str] = set()
        self.filters: dict[str, set[tuple[str, ...]]] = {}
        #: comprehension variable -> the key path of the items that it runs over (None: unknown)
        self.bound: dict[str, KeyPath | None] = {}

    def fail(self, node: ast.AST, message: str, hint: str = "") -> ExpressionSyntaxError:
        return ExpressionSyntaxError(message, self.source, self.column(getattr(node, "col_offset", 0)), hint)

    def column(self, offset: int) -> int:
        """`ast` counts bytes of UTF-8, a caret stands under characters."""
        return offset if self.source.isascii() else len(self.source.encode()[:offset].decode())

    def refuse_comments(self) -> None:
        """A comment would swallow the rest of an expression whose lines YAML has joined."""
        if "#" not in self.source:
            return
        for kind, _, (_, column), _, _ in tokenize.generate_tokens(io.StringIO(self.source).readline):
            if kind == tokenize.COMMENT:
                raise ExpressionSyntaxError("a comment is not part of the language", self.source, column)

    def generic_visit(self, node: ast.AST) -> Any:
        raise self.fail(node, f"{_NAMES.get(type(node), type(node).__name__)} is not part of the language")

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, (str, int, float, bool, type(None))):
            raise self.fail(node, f"a {type(node.value).__name__} constant is not part of the language")
        if isinstance(node.value, float) and not math.isfinite(node.value):
            raise self.fail(node, "the number is too large")
        if isinstance(node.value, str):
            node.value.encode()  # half a character, by an escape: ValueError
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.bound:
            return ast.Name(f"v_{node.id}", ast.Load())
        if node.id in _CONSTANTS:
            return ast.Constant(_CONSTANTS[node.id])
        if node.id not in self.language.names:
            known = {*self.language.names, *self.bound, *_CONSTANTS}
            if node.id in self.language.functions or node.id in self.language.draws:
                raise self.fail(node, f"'{node.id}' is a function", f"call it: {node.id}(…)")
            raise self.fail(node, f"unknown name '{node.id}'", did_you_mean(node.id, known, _list("known", known)))
        self.names.add(node.id)
        return _from_scope(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        path = self.path(node)
        if path is not None:
            self.keys.add(path)
        return _call("_key", self.visit(node.value), ast.Constant(node.attr))

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        value = self.visit(node.value)
        if isinstance(node.slice, ast.Slice):
            if node.slice.step is not None:
                raise self.fail(node, "a slice with a step is not part of the language")
            lower, upper = (self.visit(end) if end else None for end in (node.slice.lower, node.slice.upper))
            return ast.Subscript(value, ast.Slice(lower, upper), ast.Load())
        return _call("_item", value, self.visit(node.slice))

    def path(self, node: ast.expr) -> KeyPath | None:
        """The key path of a chain like `session[x].status` or `body.a.b`; None when its root is not a name."""
        if isinstance(node, ast.Name):
            return self.bound.get(node.id, None) if node.id in self.bound else (node.id,)
        if isinstance(node, ast.Attribute):
            base = self.path(node.value)
            return None if base is None else (*base, node.attr)
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            base = self.path(node.value)
            return None if base is None else (*base, "*")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "where" and node.args:
            return self.path(node.args[0])
        return None

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        return ast.BoolOp(node.op, [self.visit(value) for value in node.values])

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.allowed(node, node.op)
        return ast.UnaryOp(node.op, self.visit(node.operand))

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.allowed(node, node.op)
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Mult):
            return _call("_mul", left, right)
        if isinstance(node.op, ast.Mod):
            return _call("_mod", left, right)
        return ast.BinOp(left, node.op, right)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        for comparison in node.ops:
            self.allowed(node, comparison)
        left, others = self.visit(node.left), [self.visit(other) for other in node.comparators]
        for comparison, other in zip(node.ops, others, strict=True):
            if isinstance(comparison, (ast.Is, ast.IsNot)) and not _is_singleton(other):
                raise self.fail(node, "'is' goes with null, true and false alone", "compare with ==")
        if len(others) == 1 and isinstance(node.ops[0], (ast.In, ast.NotIn)):
            inside = _call("_in", left, others[0])
            return inside if isinstance(node.ops[0], ast.In) else ast.UnaryOp(ast.Not(), inside)
        return ast.Compare(left, node.ops, others)

    def allowed(self, node: ast.AST, symbol: ast.AST) -> None:
        if not isinstance(symbol, _OPERATORS):
            name = _NAMES.get(type(symbol), type(symbol).__name__)
            raise self.fail(node, f"{name} is not part of the language")

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        return ast.IfExp(self.visit(node.test), self.visit(node.body), self.visit(node.orelse))

    def visit_List(self, node: ast.List | ast.Tuple) -> ast.expr:
        return ast.List([self.visit(item) for item in node.elts], ast.Load())

    visit_Tuple = visit_List

    def visit_Dict(self, node: ast.Dict) -> ast.expr:
        if any(key is None for key in node.keys):
            raise self.fail(node, "'**' is not part of the language")
        keys = [self.visit(key) for key in node.keys if key is not None]
        return ast.Dict(list(keys), [self.visit(value) for value in node.values])

    def visit_ListComp(self, node: ast.ListComp | ast.GeneratorExp) -> ast.expr:
        outer = dict(self.bound)
        generators = []
        for generator in node.generators:
            if generator.is_async or not isinstance(generator.target, ast.Name):
                raise self.fail(node, "a comprehension binds one plain name")
            source_path = self.path(generator.iter)
            iterated = self.visit(generator.iter)
            self.bound[generator.target.id] = None if source_path is None else (*source_path, "*")
            tests = [self.visit(test) for test in generator.ifs]
            target = ast.Name(f"v_{generator.target.id}", ast.Store())
            generators.append(ast.comprehension(target, iterated, tests, 0))
        element = self.visit(node.elt)
        self.bound = outer
        return ast.ListComp(element, generators)

    # A generator is only another spelling: a list keeps the semantics and can be iterated twice.
    visit_GeneratorExp = visit_ListComp

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if not isinstance(node.func, ast.Name):
            raise self.fail(node, "only a function of the language can be called")
        name = node.func.id
        functions = self.language.functions
        target = functions.get(name) or self.language.draws.get(name)
        if target is None:
            known = [*functions, *self.language.draws]
            raise self.fail(node, f"unknown function '{name}'", did_you_mean(name, known, _list("known", known)))
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self.fail(node, "'*' in a call is not part of the language")
        if any(keyword.arg is None for keyword in node.keywords):
            raise self.fail(node, "'**' in a call is not part of the language")
        named = [keyword.arg for keyword in node.keywords if keyword.arg]
        try:
            inspect.signature(target).bind(*node.args, **dict.fromkeys(named))
        except TypeError as error:
            raise self.fail(node, f"{name}(): {error}") from None
        if named and node.args:
            self.note_filter(node, named)
        arguments = [self.visit(argument) for argument in node.args]
        keywords = [ast.keyword(keyword.arg, self.visit(keyword.value)) for keyword in node.keywords]
        self.calls.add(name)
        if name in functions:
            return ast.Call(ast.Name(f"fn_{name}", ast.Load()), arguments, keywords)
        self.names.add(_DRAWS)
        return ast.Call(ast.Attribute(_from_scope(_DRAWS), name, ast.Load()), arguments, keywords)

    def note_filter(self, node: ast.Call, named: list[str]) -> None:
        """Remember `count(session, status=…)`: the store keeps an index for it, and the fields are checked."""
        path = self.path(node.args[0])
        if path is not None and len(path) == 1 and path[0] in self.language.collections:
            self.filters.setdefault(path[0], set()).add(tuple(sorted(named)))
            self.keys.update((path[0], "*", name) for name in named)


_NAMES: dict[type[ast.AST], str] = {
    ast.Lambda: "a lambda",
    ast.JoinedStr: "an f-string",
    ast.Pow: "'**'",
    ast.LShift: "'<<'",
    ast.RShift: "'>>'",
    ast.BitOr: "'|'",
    ast.BitAnd: "'&'",
    ast.BitXor: "'^'",
    ast.MatMult: "'@'",
    ast.Invert: "'~'",
    ast.UAdd: "unary '+'",
    ast.NamedExpr: "':='",
    ast.SetComp: "a set comprehension",
    ast.DictComp: "a dict comprehension",
    ast.Set: "a set",
    ast.Await: "'await'",
    ast.Yield: "'yield'",
    ast.Starred: "'*'",
}


def _is_singleton(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))


def _from_scope(name: str) -> ast.expr:
    return ast.Subscript(ast.Name("_scope", ast.Load()), ast.Constant(name), ast.Load())


def _call(function: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(function, ast.Load()), list(arguments), [])


def _list(word: str, names: Any) -> str:
    shown = sorted(names)
    return f"{word}: {', '.join(shown[:12])}{', …' if len(shown) > 12 else ''}" if shown else ""
