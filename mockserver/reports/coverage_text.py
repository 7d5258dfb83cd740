"""Coverage as lines of text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from mockserver.checks.coverage.coverage import Coverage
from mockserver.checks.coverage.items import DIMENSIONS, Count

_WIDEST_BAR, _NARROWEST_BAR = 30, 8


def table(coverage: Coverage, width: int = 80) -> list[str]:
    """A line for each API and dimension: touched, total, a bar where `width` columns have room for it, and percent.

    The last line is the `total`; CI systems read the percentage at its end. It is rounded down: 100 means all.
    """
    rows = list(_rows(coverage))
    if not rows:
        return ["nothing to cover"]
    touched = max(len(str(count.touched)) for _, count in rows)
    total = max(len(str(count.total)) for _, count in rows)
    needed = 2 + touched + 1 + total + 2 + len("100 %")
    label = max(min(max(len(name) for name, _ in rows), width - needed), 8)
    bar = min(width - label - needed - 2, _WIDEST_BAR)
    lines = []
    for name, count in rows:
        shown = name if len(name) <= label else f"{name[: label - 1]}…"
        drawn = f"{_bar(count, bar)}  " if bar >= _NARROWEST_BAR else ""
        numbers = f"{count.touched:>{touched}}/{count.total:<{total}}"
        lines.append(f"{shown:<{label}}  {numbers}  {drawn}{percent(count):>5}")
    return lines


def next_tests(coverage: Coverage, limit: int | None = 10, width: int = 0) -> list[str]:
    """What would be most worth testing next, numbered, with its line of the spec where that is known; wrapped to
    `width` columns (0: not at all). Empty when nothing is missing."""
    lines: list[str] = []
    several = len(coverage.apis) > 1
    missing = coverage.missing(limit)
    digits = len(str(len(missing)))
    for number, each in enumerate(missing, 1):
        why = f"{each.item.api}: {each.why}" if several else each.why
        first, indent = f"{number:>{digits}}. ", " " * (digits + 2)
        if width > 0:
            text = textwrap.wrap(
                why,
                max(width, 20),
                initial_indent=first,
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
            lines += text
        else:
            lines.append(first + why)
        if each.place is not None and each.place.line:
            lines.append(f"{indent}{each.place.file}:{each.place.line}")
    return lines


def percent(count: Count) -> str:
    """`12 %`, rounded down; `<1 %` for what is more than nothing."""
    whole = int(count.percent)
    return "<1 %" if count.touched and not whole else f"{whole} %"


def _rows(coverage: Coverage) -> Iterator[tuple[str, Count]]:
    for api in coverage.apis:
        count = coverage.count(api)
        if count.total:
            yield api, count
            for dimension in DIMENSIONS:
                part = coverage.count(api, dimension)
                if part.total:
                    yield f"  {dimension}", part
    total = coverage.count()
    if total.total:
        yield "total", total


def _bar(count: Count, width: int) -> str:
    filled = int(count.percent * width / 100)
    return "#" * filled + "." * (width - filled)
