"""Numbers made readable: medians, spreads, markdown tables."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from statistics import median

__all__ = ["median", "ratio", "say", "short", "table"]


def say(text: str = "") -> None:
    """Write a line at once, so that a long run can be followed."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """`2.31 (2.12–2.60)`: the median over the rounds of ours by theirs, and the least and the most of it."""
    each = [one / other for one, other in zip(ours, theirs, strict=True)]
    return f"{median(each):.2f} ({min(each):.2f}–{max(each):.2f})"


def short(number: float) -> str:
    """A number with as many digits as it deserves: 12,300 and 123 and 1.23."""
    if number >= 1000:
        return f"{round(number, 1 - len(str(int(number))) + 2):,.0f}"
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a markdown table: the first column to the left, numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    say(f"\n**{title}**\n")
    for line in lines:
        say("| " + " | ".join(line) + " |")
