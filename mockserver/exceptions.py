"""Every error that mockserver raises, in one tree.

    MockserverError
    ├── SpecError          a spec folder is wrong: carries one Problem per fault
    ├── UsageError         the user asked for something that cannot be: an unknown API, a port in use
    │   └── TransportError a server that was called gave no answer
    ├── ExpressionError    an expression failed while it was evaluated
    └── ContractBreach     an answer of the mock would have broken the contract

A `Problem` has a fixed shape: what is wrong, where (file, line, JSON pointer), and a hint.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a spec folder.

    `file` is the path as the user gave it, `line` and `column` count from 1 (0: unknown), `pointer` is the JSON
    pointer (RFC 6901) of the offending node, `fragment` the offending text, cut to one line.
    """

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    pointer: str = ""
    hint: str = ""
    fragment: str = ""

    def __str__(self) -> str:
        place = ":".join([self.file, *([str(self.line)] if self.line else [])]) if self.file else ""
        text = f"{place}: {self.message}" if place else self.message
        if self.hint:
            text += f" ({self.hint})"
        return text


class MockserverError(Exception):
    """Root of all errors raised on purpose. `str(error)` is fit to be shown to a user."""


class SpecError(MockserverError):
    """A spec folder cannot be used. `problems` holds at least one `Problem`."""

    def __init__(self, problems: Sequence[Problem] | Problem) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UsageError(MockserverError):
    """The call itself is wrong: an unknown name, a port in use, an option out of its range."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(f"{message} ({hint})" if hint else message)


class TransportError(UsageError):
    """A server gave no answer over HTTP. `listening` is False when there is nobody to take the connection."""

    def __init__(self, message: str, *, listening: bool = True) -> None:
        self.listening = listening
        super().__init__(message)


class ExpressionError(MockserverError):
    """An expression of a behaviour file failed on the values that it met. `where` names file and line, or the rule."""

    def __init__(self, message: str, where: str = "") -> None:
        self.reason, self.where = message, where
        super().__init__(f"{where}: {message}" if where else message)


class ContractBreach(MockserverError):
    """An answer of the mock does not keep the contract, so it must not leave. `rule` is what is at fault."""

    def __init__(self, message: str, rule: str) -> None:
        self.rule = rule
        super().__init__(message)


def did_you_mean(word: str, candidates: Iterable[str], otherwise: str = "") -> str:
    """A hint that names the candidate nearest to `word`, or `otherwise` when none is near."""
    names = list(candidates)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if not near:
        lowered = {name.lower(): name for name in names}
        near = [lowered[match] for match in difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)]
    return f"did you mean '{near[0]}'?" if near else otherwise
