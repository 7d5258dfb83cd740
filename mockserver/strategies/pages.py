"""Lists in pages that agree with each other, at the sizes where clients go wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from hypothesis import strategies as st

from mockserver.contract.model import MediaType, Operation
from mockserver.exceptions import UsageError
from mockserver.messages import Response
from mockserver.strategies.arrays import ArrayKind
from mockserver.strategies.bodies import first_example, written
from mockserver.strategies.drawing import Drawing
from mockserver.strategies.formats import Declared
from mockserver.strategies.judging import sameness
from mockserver.strategies.places import Place, changed, places
from mockserver.strategies.schemas import Plan, plan_of
from mockserver.strategies.sources import Source, contract_of, operation_of
from mockserver.strategies.variants import fullest

_TOTAL = re.compile(r"total(_?(elements|count|items|results|records|size))?|(item_?)?count|number_?of_?records", re.I)
_PAGES = re.compile(r"total_?pages|page_?count|pages", re.I)
_SIZE = re.compile(r"(page_?)?size|limit|per_?page|page_?length", re.I)
_ON_PAGE = re.compile(r"number_?of_?elements|(page_?)?items_?count", re.I)
_NUMBER = re.compile(r"page(_?(number|index|no))?|number", re.I)
_OFFSET = re.compile(r"offset|start(_?index)?|from", re.I)
_MORE = re.compile(r"has_?(more|next)(_?(page|items|records))?|more(_?(records|items))?", re.I)
_LAST = re.compile(r"(is_?)?last(_?page)?", re.I)
_FIRST = re.compile(r"(is_?)?first(_?page)?", re.I)
_EMPTY = re.compile(r"(is_?)?empty", re.I)
_CURSOR = re.compile(r"next(_?(page)?_?(token|cursor))?|cursor|continuation(_?token)?", re.I)
_KEY = re.compile(r"(.*[^a-z]|.*[a-z](?=I))?_?(id|uuid|key)", re.I)
_TRIES = 10


class Pages(NamedTuple):
    """A walk through a list: the responses in order, the items of the list as it was at the first of them, the size of
    a page, and what the list did on the way: `still`, `grew` (a new first item before the second page) or `shrank`."""

    responses: tuple[Response, ...]
    items: tuple[Any, ...]
    size: int
    moved: str


class _Listing:
    """Where the list of an operation stands in its answer, and the members that tell of pages."""

    def __init__(self, operation: Operation, media: MediaType, plan: Plan) -> None:
        self.operation, self.media, self.plan = operation, media, plan
        example = first_example(media)
        whole = fullest(plan, example)
        found = [place for place in places(plan.node, whole) if isinstance(place.kind, ArrayKind)]
        found.sort(key=lambda place: (len(place.path), not _holds_objects(place)))
        if not found:
            raise UsageError(f"the answer of '{operation.id}' holds no list")
        self.list = found[0]
        above = self.list.path[:-1]
        self.members = [
            place
            for place in places(plan.node, whole)
            if place.path and len(place.path) <= len(above) + 2 and not _within(place.path, self.list.path)
        ]

    def __repr__(self) -> str:
        return self.operation.id


def pages_for(
    api: Source,
    operation: str | Operation,
    *,
    size: int = 3,
    first: int = 0,
    formats: Mapping[str, Declared] | None = None,
) -> st.SearchStrategy[Pages]:
    """Walks through the list that an operation answers with: of 0, 1, n-1, n, n+1, 2n or 2n+1 items in pages of n =
    `size`, sometimes one that moves between the first page and the second.

    What tells of pages in the answer (a total, a number, `hasMore`, …) is known by its name and agrees with the items;
    `first` is the number of the first page. UsageError when the answer holds no list.
    """
    if size < 1:
        raise UsageError("the size of a page is at least 1")
    found = operation_of(contract_of(api), operation)
    spec = next((found.responses[status] for status in found.responses if status.startswith("2")), None)
    media = next((each for each in spec.content.values() if each.schema is not None), None) if spec else None
    if media is None or media.schema is None:
        raise UsageError(f"the operation '{found.id}' documents no answer with a list")
    plan = plan_of(media.schema, direction="response", formats=formats).checked()
    return _pages(_Listing(found, media, plan), size, first)


@st.composite
def _pages(draw: Any, listing: _Listing, size: int, first: int) -> Pages:
    drawing = Drawing(draw, "documented")
    counts = list(dict.fromkeys((0, 1, size - 1, size, size + 1, 2 * size, 2 * size + 1)))
    items = _items(drawing, listing, drawing.pick(counts))
    moved = drawing.pick(("still", "still", "grew", "shrank")) if len(items) > size else "still"
    later = list(items)
    if moved == "grew":
        new = [each for each in _items(drawing, listing, len(items) + 1) if _key(each) not in set(map(_key, items))]
        later = [*new[:1], *items]
        moved = "grew" if new else "still"
    elif moved == "shrank":
        later = items[1:]
    base = listing.plan.draw(drawing, first_example(listing.media))
    responses = []
    number = 0
    while number == 0 or number * size < len(later):
        now = items if number == 0 else later
        value = _page(listing, base, now, number, size, first)
        kind, body = written(listing.media, value)
        responses.append(Response(200, (("Content-Type", kind),), body))
        number += 1
    return Pages(tuple(responses), tuple(items), size, moved)


def _items(drawing: Drawing, listing: _Listing, count: int) -> list[Any]:
    kind = listing.list.kind
    assert isinstance(kind, ArrayKind)
    examples = listing.list.value or [None]
    node = kind.item(10**6)
    made: list[Any] = []
    seen: set[Any] = set()
    for at in range(count):
        for _ in range(_TRIES):
            drawing.left = 150
            item = _distinct(node, node.draw(drawing, 1, examples[0]), at)
            if _key(item) not in seen:
                seen.add(_key(item))
                made.append(item)
                break
    return made


def _distinct(node: Any, item: Any, at: int) -> Any:
    """The item with keys of its own, where its schema lets them be told apart by their end."""
    if not isinstance(item, dict):
        return item
    for name, value in item.items():
        if _KEY.fullmatch(name) is None:
            continue
        if isinstance(value, str) and len(value) >= 2:
            new: Any = value[:-2] + f"{at % 100:02d}"
        elif isinstance(value, int) and not isinstance(value, bool):
            new = value // 100 * 100 + at
        else:
            continue
        other = {**item, name: new}
        if node.keeps(other):
            return other
    return item


def _key(item: Any) -> Any:
    if isinstance(item, dict):
        for name, value in item.items():
            if _KEY.fullmatch(name) and isinstance(value, (str, int)):
                return sameness(value)
    return sameness(item)


def _page(listing: _Listing, base: Any, items: list[Any], number: int, size: int, first: int) -> Any:
    total, start = len(items), number * size
    shown = items[start : start + size]
    last = start + size >= total
    facts: list[tuple[re.Pattern[str], Any]] = [
        (_PAGES, math.ceil(total / size)), (_ON_PAGE, len(shown)), (_TOTAL, total), (_SIZE, size),
        (_NUMBER, number + first), (_OFFSET, start), (_MORE, not last), (_LAST, last), (_FIRST, number == 0),
        (_EMPTY, not shown), (_CURSOR, None if last else f"page{number + 1}"),
    ]  # fmt: skip
    value = _put(listing.plan, base, listing.list.path, shown)
    for place in listing.members:
        for pattern, fact in facts:
            if pattern.fullmatch(str(place.path[-1])) and _alike(place.value, fact):
                value = _put(listing.plan, value, place.path, fact)
                break
    return value


def _put(plan: Plan, value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    """The value with something at a path, where the schema lets it be there; gone where it wants no null."""
    for candidate in (changed(value, path, new), changed(value, path, None, remove=True) if new is None else value):
        if plan.is_valid(candidate):
            return candidate
    return value


def _alike(old: Any, new: Any) -> bool:
    if isinstance(old, bool) or isinstance(new, bool):
        return isinstance(old, bool) and isinstance(new, bool)
    if isinstance(old, (int, float)) or isinstance(new, (int, float)):
        return isinstance(old, (int, float)) and isinstance(new, (int, float))
    return isinstance(old, str)


def _within(path: tuple[str | int, ...], above: tuple[str | int, ...]) -> bool:
    return path[: len(above)] == above


def _holds_objects(place: Place) -> bool:
    return bool(place.value) and isinstance(place.value[0], dict)
