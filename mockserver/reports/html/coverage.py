"""What of the contracts was touched: the sums, what is worth a test next, and each operation with all its items."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mockserver.checks.coverage.coverage import DIMENSIONS, Coverage
from mockserver.checks.coverage.items import Count, Missing, Row
from mockserver.checks.stream import Covered
from mockserver.reports.html.tags import Html, cut, html, many, prose, slug, tag

_NEXT = 12  # of what was not touched, so many are named as worth a test
_LONGEST = 300
_OPERATIONS = DIMENSIONS[0]


def coverage(covered: Covered) -> Html:
    """The whole section."""
    counted = covered.coverage
    return html(
        _total(covered),
        _sums(counted) if counted.apis else None,
        _worthwhile(counted.missing(_NEXT)),
        [_matrix(counted, api) for api in counted.apis],
    )


def percentage(count: Count) -> str:
    """`41.2 %`, never rounded up: 100 % means all of it."""
    return f"{math.floor(count.percent * 10) / 10:.1f} %"


def _total(covered: Covered) -> Html:
    total = covered.coverage.count()
    asked = ""
    if covered.under is not None:
        met = "as asked for" if total.percent >= covered.under else "too little"
        asked = f"; {covered.under:g} % is asked for: {met}"
    return html(
        tag(
            "p",
            tag("strong", percentage(total), class_="figure"),
            f" of the contract: {total.touched:,} of {many(total.total, 'item')}{asked}.",
        ),
        _bar(total, covered.under),
    )


def _bar(count: Count, under: float | None = None) -> Html:
    """A drawing of what the words beside it say."""
    wanted = tag("rect", class_="wanted", x=f"{min(under, 99.4):g}", width="0.6", height="4") if under else None
    return tag(
        "svg",
        tag("rect", class_="whole", width="100", height="4"),
        tag("rect", class_="part", width=f"{count.percent:.1f}", height="4"),
        wanted,
        class_="bar",
        viewBox="0 0 100 4",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def _sums(counted: Coverage) -> Html:
    rows = [(api, [counted.count(api, each) for each in DIMENSIONS], counted.count(api)) for api in counted.apis]
    if len(rows) > 1:
        rows.append(("in all", [counted.count(None, each) for each in DIMENSIONS], counted.count()))
    head = tag("tr", tag("th", "API", scope="col"), [tag("th", each, scope="col") for each in (*DIMENSIONS, "all")])
    return _table(
        "Touched, by API",
        tag("thead", head),
        tag(
            "tbody",
            [
                tag("tr", tag("th", api, scope="row"), map(_cell, by), _cell(total, share=True))
                for api, by, total in rows
            ],
        ),
    )


def _cell(count: Count, *, share: bool = False) -> Html:
    if not count.total:
        return tag("td", "–", class_="nil")
    grade = "all" if count.touched == count.total else "some" if count.touched else "none"
    said = tag("span", f" {percentage(count)}", class_="share") if share else None
    return tag("td", f"{count.touched:,}/{count.total:,}", said, class_=grade)


def _worthwhile(missing: Sequence[Missing]) -> Html | None:
    if not missing:
        return None
    several = len({each.item.api for each in missing}) > 1
    lines = [
        tag(
            "li",
            prose(cut(each.why, 2 * _LONGEST)),
            tag("span", f" {each.item.api}", class_="soft") if several else None,
            tag("code", f"{each.place.file}:{each.place.line}", class_="place soft")
            if each.place is not None and each.place.line
            else None,
        )
        for each in missing
    ]
    return html(tag("h3", "Most worth testing next"), tag("ol", lines, class_="next"))


def _matrix(counted: Coverage, api: str) -> Html:
    rows = counted.rows(api)
    shown = [each for each in DIMENSIONS if each != _OPERATIONS and any(row.cells.get(each) for row in rows)]
    head = tag("tr", [tag("th", each, scope="col") for each in ("operation", "calls", *shown)])
    called = counted.count(api, _OPERATIONS)
    summary = f"{called.touched} of {many(called.total, 'operation')} called, {percentage(counted.count(api))} touched"
    return tag(
        "details",
        tag("summary", tag("strong", api), " ", tag("span", summary, class_="soft")),
        _table(f"Operations of {api}", tag("thead", head), [_operation(row, shown) for row in rows], class_="matrix"),
        class_="api",
        open=len(counted.apis) == 1,
        id=slug("api", api),
    )


def _operation(row: Row, shown: Sequence[str]) -> Html:
    counts = [_count(row.cells.get(each, ())) for each in shown]
    name = html(tag("b", row.method), " ", row.path) if row.operation else "the API as a whole"
    items = [_items(each, row.cells[each]) for each in shown if row.cells.get(each)]
    sums = sum(each.total for each in counts), sum(each.touched for each in counts)
    left = f"{sums[0] - sums[1]:,} of {many(sums[0], 'item')} not touched" if sums[0] else "nothing else to touch"
    calls = tag("td", f"{row.calls:,}", class_="all" if row.calls else "none") if row.operation else _cell(Count(0, 0))
    subject = html(tag("code", row.operation), " ") if row.operation else None
    summary = tag("summary", subject, tag("span", left, class_="soft"))
    return tag(
        "tbody",
        tag("tr", tag("th", name, scope="row"), calls, map(_cell, counts)),
        tag("tr", tag("td", tag("details", summary, tag("dl", items)), colspan=len(shown) + 2), class_="items"),
        class_=None if row.calls or not row.operation else "uncalled",
    )


def _count(items: Sequence[tuple[str, int]]) -> Count:
    return Count(sum(bool(times) for _, times in items), len(items))


def _items(dimension: str, items: Sequence[tuple[str, int]]) -> Html:
    missing = [tag("li", cut(name, _LONGEST)) for name, times in items if not times]
    touched = [
        tag("li", cut(name, _LONGEST), tag("span", f" ×{times:,}") if times > 1 else None)
        for name, times in items
        if times
    ]
    return html(
        tag("dt", dimension),
        tag("dd", "not touched: ", tag("ul", missing, class_="gaps")) if missing else None,
        tag("dd", "touched: ", tag("ul", touched, class_="hits")) if touched else None,
    )


def _table(label: str, *content: Html | list[Html], class_: str = "sums") -> Html:
    """A table that is wider than a phone moves in a frame of its own, which the keyboard can reach."""
    table = tag("table", tag("caption", label), content, class_=class_)
    return tag("div", table, class_="frame", tabindex=0, role="region", aria_label=label)
