"""Holds the syntax of an expression against the whitelist, node by node, and rewrites it.

Afterwards nothing of Python can be reached: a name is a look-up in the scope, `a.b` the key `b` of `a`, and a call
names a function of the language.
"""

from __future__ import annotations

import ast
import inspect
import io
import math
import tokenize
from typing import Any

from mockserver.exceptions import did_you_mean
from mockserver.expressions.language import DRAWS, Asked, ExpressionSyntaxError, KeyPath, Language

_OPERATORS = (
    *(ast.And, ast.Or, ast.Not, ast.USub, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod),
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Is, ast.IsNot),
)
_CONSTANTS = {"true": True, "false": False, "null": None}
_EQUAL = "equal"


class Rewriter(ast.NodeVisitor):
    """Turns a checked tree into one that reads names from `_scope` and calls only what is allowed."""

    def __init__(self, source: str, language: Language) -> None:
        self.source, self.language = source, language
        self.names: set[str] = set()
        self.keys: set[KeyPath] = set()
        self.filters: dict[str, set[Asked]] = {}
        #: comprehension variable -> the key path of the items that it runs over (None: unknown)
        self.bound: dict[str, KeyPath | None] = {}

    def fail(self, node: ast.AST, message: str, hint: str = "") -> ExpressionSyntaxError:
        offset = getattr(node, "col_offset", 0)  # in bytes of UTF-8, while a caret stands under characters
        return ExpressionSyntaxError(message, self.source, len(self.source.encode()[:offset].decode()), hint)

    def refuse_comments(self) -> None:
        """A comment would swallow the rest of an expression whose lines YAML has joined."""
        if "#" not in self.source:
            return
        for kind, _, (_, column), _, _ in tokenize.generate_tokens(io.StringIO(self.source).readline):
            if kind == tokenize.COMMENT:
                raise ExpressionSyntaxError("a comment is not part of the language", self.source, column)

    def generic_visit(self, node: ast.AST) -> Any:
        raise self.fail(node, f"{_name(node)} is not part of the language")

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
        value = self.visit(node.value)
        if path is not None and len(path) == 2 and isinstance(node.value, ast.Name):
            constant = self.language.constants.get(path[0], {}).get(path[1])
            if isinstance(constant, (str, int, float)):
                return ast.Constant(constant)
        return _call("_item", value, ast.Constant(node.attr))

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        value = self.visit(node.value)
        path = self.path(node)
        if path is not None and path[-1] != "*":
            self.keys.add(path)
        if isinstance(node.slice, ast.Slice):
            if node.slice.step is not None:
                raise self.fail(node, "a slice with a step is not part of the language")
            lower, upper = (self.visit(end) if end else None for end in (node.slice.lower, node.slice.upper))
            return _call("_slice", value, lower or ast.Constant(None), upper or ast.Constant(None))
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
            if base is None or base[-1] in self.language.collections or not isinstance(node.slice, ast.Constant):
                return base and (*base, "*")
            return (*base, node.slice.value if isinstance(node.slice.value, str) else "*")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "where" and node.args:
            return self.path(node.args[0])
        return None

    def drawn_from(self, node: ast.expr) -> str:
        """The name of the list whose elements the list `node` has; empty when that cannot be seen."""
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            return self.drawn_from(node.args[0]) if node.func.id in ("where", "sorted") else ""
        if isinstance(node, ast.ListComp) and len(node.generators) == 1 and isinstance(node.elt, ast.Name):
            (loop,) = node.generators
            same = isinstance(loop.target, ast.Name) and loop.target.id == node.elt.id
            return self.drawn_from(loop.iter) if same else ""
        return ""

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
            raise self.fail(node, f"{_name(symbol)} is not part of the language")

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
            iterated = _call("_each", self.visit(generator.iter))
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
        if any(each.arg is None for each in node.keywords):
            raise self.fail(node, "'**' in a call is not part of the language")
        named = [each.arg for each in node.keywords if each.arg]
        try:
            inspect.signature(target).bind(*node.args, **dict.fromkeys(named))
        except TypeError as error:
            raise self.fail(node, f"{name}(): {error}") from None
        if named and node.args and name in ("where", "count"):
            self.note_filter(node)
        arguments = [self.visit(argument) for argument in node.args]
        keywords = [ast.keyword(each.arg, self.visit(each.value)) for each in node.keywords]
        if name in functions:
            return ast.Call(ast.Name(f"fn_{name}", ast.Load()), arguments, keywords)
        self.names.add(DRAWS)
        return ast.Call(ast.Attribute(_from_scope(DRAWS), name, ast.Load()), arguments, keywords)

    def note_filter(self, node: ast.Call) -> None:
        """Remember `count(session, status=…)`: the store keeps an index for it, and the fields are checked."""
        path = self.path(node.args[0])
        if path is not None and len(path) == 1 and path[0] in self.language.collections:
            asked = {each.arg: self.asks(each.value) for each in node.keywords if each.arg}
            self.filters.setdefault(path[0], set()).add(tuple(sorted(asked.items())))
            self.keys.update((path[0], "*", name) for name in asked)

    def asks(self, node: ast.expr) -> str:
        """What a field is asked that is filtered by the value of `node`: to be equal, or what a condition says."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self.language.conditions.get(node.func.id, _EQUAL)
        either: list[ast.expr] = [node.body, node.orelse] if isinstance(node, ast.IfExp) else []
        either = node.values if isinstance(node, ast.BoolOp) else either
        return next((asked for each in either if (asked := self.asks(each)) != _EQUAL), _EQUAL)


_SYMBOLS = {"Pow": "**", "LShift": "<<", "RShift": ">>", "BitOr": "|", "BitAnd": "&", "BitXor": "^", "MatMult": "@"}
_SYMBOLS |= {"Invert": "~", "UAdd": "+", "NamedExpr": ":=", "Starred": "*"}
_OTHERS = {"JoinedStr": "an f-string", "SetComp": "a set comprehension", "DictComp": "a dict comprehension"}


def _name(node: ast.AST) -> str:
    kind = type(node).__name__
    return f"'{_SYMBOLS[kind]}'" if kind in _SYMBOLS else _OTHERS.get(kind, f"a {kind.lower()}")


def _is_singleton(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))


def _from_scope(name: str) -> ast.expr:
    return ast.Subscript(ast.Name("_scope", ast.Load()), ast.Constant(name), ast.Load())


def _call(function: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(function, ast.Load()), list(arguments), [])


def _list(word: str, names: Any) -> str:
    shown = sorted(names)
    return f"{word}: {', '.join(shown[:12])}{', …' if len(shown) > 12 else ''}" if shown else ""
