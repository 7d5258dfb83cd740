"""Problems as the command line shows them."""

from __future__ import annotations

from mockserver.exceptions import Problem

_WIDTH = 100  # of an expression; a longer one is cut around the place that is wrong
_INDENT = "    "


def shown(problem: Problem) -> str:
    """`file:line: message (hint)`, and beneath it the expression with a caret, if the problem is about one."""
    source, _, caret = problem.fragment.partition("\n")
    if not caret.endswith("^"):
        return str(problem)
    column = len(caret) - 1
    start = max(0, min(column - _WIDTH // 2, len(source) - _WIDTH))
    before, after = "…" if start else "", "…" if start + _WIDTH < len(source) else ""
    column += len(before) - start
    return f"{problem}\n{_INDENT}{before}{source[start : start + _WIDTH]}{after}\n{_INDENT}{' ' * column}^"
