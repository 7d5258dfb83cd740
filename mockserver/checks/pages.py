"""What the answer to a listing call tells of its page: what it lists, and whether another page follows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mockserver.behaviour.declared import Paging
from mockserver.messages import Response

_DEEPEST = 3  # levels of an answer in which it may tell of pages
_MOST_DIGITS = 18
_LINK = re.compile(r"rel=\"?[^\";,]*\bnext\b")
_TOTAL = re.compile(r"total(_?(elements|count|items|results|records|size|number))?", re.I)
_PAGES = re.compile(r"total_?pages|pages?_?count", re.I)
_MORE = re.compile(r"has_?(more|next)(_?(page|items|records|results))?|more(_?(records|items|results|pages))?", re.I)
_LAST = re.compile(r"(is_?)?last(_?page)?", re.I)
_NEXT = re.compile(r"next(_?page)?(_?(token|cursor|url|link|uri))?|continuation(_?token)?", re.I)


def listed(answer: Any, wrap: str = "") -> list[Any] | None:
    """The list that an answer holds: the whole of it, the member `wrap`, else the outermost one, rather of objects."""
    if isinstance(answer, list):
        return answer
    if isinstance(answer, dict) and isinstance(answer.get(wrap), list):
        return list(answer[wrap])
    lists = [each for _, each in _members(answer) if isinstance(each, list)]
    return next((each for each in lists if each and isinstance(each[0], dict)), lists[0] if lists else None)


def follows(
    answer: Any, response: Response, paging: Paging, place: int | None, size: int | None, count: int | None
) -> bool | None:
    """Whether something follows a page, by what the answer says; None when it says nothing.

    `place` is the number or the offset of the page (None: a cursor), `size` how many items a page may have, `count` how
    many it has, each None where it is not known.
    """
    link = response.header("link")
    if link is not None:
        return _LINK.search(link) is not None
    total, pages = whole(response.header("x-total-count")), None
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
                pages = whole(value)
            elif _TOTAL.fullmatch(name):
                total = whole(value)
    if place is None or paging.by == "cursor":
        return None
    if count == 0:
        return False
    before = place - paging.first
    if pages is not None and paging.by == "number":
        return before + 1 < pages
    if total is None:
        return None
    if paging.by == "offset":
        return None if count is None else before + count < total
    return None if not size else (before + 1) * size < total


def whole(value: Any) -> int | None:
    """The whole number that a value stands for; None when it stands for none."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        return None
    return int(value)


def _is_next(name: str, value: Any, paging: Paging) -> bool:
    """Whether a member says what the next page is called: a text, a number, null, or an object with an address."""
    if isinstance(value, dict):
        value = value.get("href") or value.get("url") or False
    if isinstance(value, bool) or not isinstance(value, (str, int, type(None))):
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
