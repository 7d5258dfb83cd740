"""Verdicts as lines of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from mockserver.checks.verdict import Verdict

_WORDS = {"pass": "pass", "skipped": "skip"}
_INDENT = "      "


def line(verdict: Verdict) -> str:
    """One line: what came of a case, and its name."""
    word = _WORDS.get(verdict.outcome) or ("FAIL" if verdict.severity == "error" else "warn")
    reason = f" ({verdict.reason})" if verdict.reason else ""
    return f"{word}  {verdict.id}{reason}"


def details(verdict: Verdict) -> Iterator[str]:
    """What there is to say of a case that failed."""
    for name, text in (
        ("case", verdict.title),
        ("expected", verdict.expected),
        ("came", verdict.came),
        ("advice", verdict.advice),
        ("more", verdict.anchor),
        ("again", verdict.curl),
    ):
        if text:
            yield f"{_INDENT}{name + ':':<9} {text}"


def summary(verdicts: Iterable[Verdict]) -> str:
    """How many passed, failed and were skipped, in one line."""
    counts: Counter[str] = Counter()
    for verdict in verdicts:
        counts[verdict.severity if verdict.failed else verdict.outcome] += 1
    told = [f"{counts['pass']} passed"]
    for name in ("error", "warning"):
        if counts[name]:
            told.append(f"{counts[name]} {name}{'s' if counts[name] > 1 else ''}")
    if counts["skipped"]:
        told.append(f"{counts['skipped']} skipped")
    return ", ".join(told)
