"""`${{ … }}`: a small, safe subset of Python's expressions, checked node by node and compiled once.

The source is parsed with `ast`, every node is held against a whitelist, and the tree is rewritten so that no Python
attribute, builtin or dunder can be reached: a name becomes a look-up in the scope, `a.b` the key `b` of `a` (None when
it is absent), and a call can only name one of the functions handed in. What remains is compiled to a code object, so
that evaluating costs a fraction of a microsecond.

Work is bounded by construction: the only loops run over data, there is no power operator, and `*` and `%` take numbers
alone, so text and lists cannot be blown up.
"""

from mockserver.expressions.compiled import FAULTS, Expression, compile_expression, compiled
from mockserver.expressions.language import DRAWS, Asked, ExpressionSyntaxError, KeyPath, Language, Scope

__all__ = [
    "DRAWS",
    "FAULTS",
    "Asked",
    "Expression",
    "ExpressionSyntaxError",
    "KeyPath",
    "Language",
    "Scope",
    "compile_expression",
    "compiled",
]
