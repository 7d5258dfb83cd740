"""What request and answer tell of a page: which one it is, and whether another follows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from mockserver.behaviour.declared import Paging
from mockserver.checks.client.facts import Listed
from mockserver.checks.client.seen import Seen
from mockserver.contract.queries import decode
from mockserver.messages import Response

_DEEPEST = 3  # levels of an answer in which it may tell of pages
_LARGEST = 1024 * 1024  # bytes of an answer that is read
_MOST_DIGITS = 18
_TOTAL = re.compile(r"total(_?(elements|count|items|results|records|size|number))?", re.I)
_PAGES = re.compile(r"total_?pages|pages?_?count", re.I)
_MORE = re.compile(r"has_?(more|next)(_?(page|items|records|results))?|more(_?(records|items|results|pages))?", re.I)
_LAST = re.compile(r"(is_?)?last(_?page)?", re.I)
_NEXT = re.compile(r"next(_?page)?(_?(token|cursor|url|link|uri))?|continuation(_?token)?", re.I)


class Page(NamedTuple):
    """One page. `place` is its number, offset or cursor; `first`: the list begins with it. `more` is whether another
    follows, None where the answer does not say so."""

    place: int | str
    first: bool
    more: bool | None


def page_of(seen: Seen) -> Page | None:
    """The page that a successful call has read; None when it cannot be told."""
    facts, exchange = seen.facts, seen.exchange
    asked: Mapping[str, Any] | None = exchange.parameters.get("query")
    body = exchange.response.body
    if facts is None or asked is None or len(body) > _LARGEST:
        return None
    way = next((each for each in facts.listed if each.paging.at in asked), facts.listed[-1])
    place = _place(way.paging, asked.get(way.paging.at))
    if place is None:
        return None
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    first = place == ("" if way.paging.by == "cursor" else way.paging.first)
    items = _items(answer, way)
    return Page(place, first, _more(answer, exchange.response, way.paging, place, _size(way.paging, asked), items))


def without_place(query: str, listed: tuple[Listed, ...]) -> str:
    """A query without what says which page is meant, in an order of its own: what is the same for all pages."""
    if not query:
        return ""
    names = {each.paging.at for each in listed}
    return "&".join(sorted(piece for piece in query.split("&") if _name(piece) not in names))


def _name(piece: str) -> str:
    try:
        return decode(piece.partition("=")[0])
    except ValueError:
        return piece


def _place(paging: Paging, asked: Any) -> int | str | None:
    if paging.by == "cursor":
        return "" if asked is None else asked if isinstance(asked, str) else str(asked)
    return paging.first if asked is None else _whole(asked)


def _size(paging: Paging, asked: Mapping[str, Any]) -> int | None:
    size = _whole(asked.get(paging.size)) if paging.size else None
    size = paging.default if size is None else size
    return min(size, paging.most) if size and paging.most else size


def _items(answer: Any, way: Listed) -> int | None:
    """How many items the page has."""
    if isinstance(answer, list):
        return len(answer)
    if not isinstance(answer, dict):
        return None
    if isinstance(answer.get(way.wrap), list):
        return len(answer[way.wrap])
    lists = [len(each) for each in answer.values() if isinstance(each, list)]
    return lists[0] if len(lists) == 1 else None


def _more(
    answer: Any, response: Response, paging: Paging, place: int | str, size: int | None, items: int | None
) -> bool | None:
    link = response.header("link")
    if link is not None:
        return re.search(r"rel=\"?[^\";,]*\bnext\b", link) is not None
    total = _whole(response.header("x-total-count") or "")
    pages: int | None = None
    for name, value in _members(answer):
        if isinstance(value, bool):
            if _MORE.fullmatch(name):
                return value
            if _LAST.fullmatch(name):
                return not value
        elif _is_next(name, value, paging):
            return bool(value)
        elif isinstance(value, (int, float)):
            if _PAGES.fullmatch(name):
                pages = _whole(value)
            elif _TOTAL.fullmatch(name):
                total = _whole(value)
    if isinstance(place, str):
        return None
    if items == 0:
        return False
    if pages is not None and paging.by == "number":
        return place - paging.first + 1 < pages
    if total is None:
        return None
    if paging.by == "offset":
        return None if items is None else place - paging.first + items < total
    return None if not size else (place - paging.first + 1) * size < total


def _is_next(name: str, value: Any, paging: Paging) -> bool:
    """Whether a member says what the next page is called."""
    if not isinstance(value, (str, int, type(None))):
        return False
    return (paging.by == "cursor" and name == paging.at) or _NEXT.fullmatch(name) is not None


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    """The members of the objects of an answer, the outer ones first; not those of what it lists."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [each for each in level if isinstance(each, dict)]
        for each in level:
            yield from each.items()
        level = [below for each in level for below in each.values()]


def _whole(value: Any) -> int | None:
    """The whole number that a value stands for; None when it stands for none."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        return None
    return int(value)
