"""Which page of a list a call has asked for, as far as request and answer tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from mockserver.behaviour.declared import Paging
from mockserver.contract.model import Operation, Parameter
from mockserver.contract.serialization import ABSENT, BodyError, read_json, read_parameter, split_query
from mockserver.messages import Request, Response

FIRST, MIDDLE, LAST = "first page", "middle page", "last page"
EMPTY, BEYOND, LARGEST = "empty page", "beyond the end", "largest size"

_TOTAL = re.compile(r"total(_?(elements|count|items|results|records|size))?", re.I)
_MORE = re.compile(r"has_?(more|next)(_?(page|items|records))?|more(_?(records|items))?", re.I)
_END = re.compile(r"(is_?)?last(_?page)?", re.I)
_NEXT = re.compile(r"next(_?(page)?_?(token|cursor|page|url|link))?|continuation(_?token)?", re.I)
_DEEPEST = 3  # levels of an answer in which what tells of pages stands
_KEPT = 256
_LARGEST_ANSWER = 16 * 1024  # bytes of one that is worth remembering


class Pages:
    """The pages of one operation, which cuts its list in one way or several. `names` are what can be told apart."""

    def __init__(self, operation: Operation, ways: Sequence[Paging]) -> None:
        self._ways = tuple(ways)
        self._parameters = {each.name: each for each in operation.parameters if each.location == "query"}
        self._sizes = {each.size: self._largest(each) for each in ways if each.size}
        beyond = any(each.by != "cursor" for each in ways)
        largest = any(most is not None for most in self._sizes.values())
        self.names = (FIRST, MIDDLE, LAST, EMPTY, *[BEYOND] * beyond, *[LARGEST] * largest)
        #: How well the paging is known, and where the contract has what asks for a page.
        self.evidence = ways[0].evidence
        at = self._parameters.get(ways[0].at)
        self.pointer = at.pointer if at is not None else operation.pointer
        self._known: dict[tuple[str, Response], tuple[str, ...]] = {}

    def told(self, request: Request, response: Response) -> tuple[str, ...]:
        """The names of the pages that a successful call has met."""
        if not response.body or len(response.body) > _LARGEST_ANSWER:
            return tuple(self._told(request, response))
        key = (request.query, response)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            known = self._known[key] = tuple(self._told(request, response))
        return known

    def _told(self, request: Request, response: Response) -> Iterator[str]:
        try:
            pairs = split_query(request.query)
        except ValueError:
            return
        for name, most in self._sizes.items():
            if most is not None and _whole(self._asked(name, pairs)) == most:
                yield LARGEST
                break
        way = next((each for each in self._ways if any(name == each.at for name, _ in pairs)), self._ways[-1])
        try:
            value = read_json(response.body)
        except BodyError:
            return
        items = _items(value)
        if items is not None:
            yield self._position(way, pairs, value, response, len(items))

    def _position(
        self, paging: Paging, pairs: Sequence[tuple[str, str]], value: Any, response: Response, count: int
    ) -> str:
        asked = self._asked(paging.at, pairs)
        at = _whole(asked)
        first = asked is None or (paging.by != "cursor" and at == paging.first)
        if first:
            return FIRST if count else EMPTY
        if not count:
            return LAST if paging.by == "cursor" else BEYOND
        size = self._size(paging, pairs)
        start = None
        if paging.by == "offset" and at is not None:
            start = at - paging.first
        elif paging.by == "number" and at is not None and size is not None:
            start = (at - paging.first) * size
        more = _more(value, response, paging, start, count)
        if more is None:  # nothing says so: a page that is not full is the last one
            more = size is None or count >= size
        return MIDDLE if more else LAST

    def _size(self, paging: Paging, pairs: Sequence[tuple[str, str]]) -> int | None:
        size = _whole(self._asked(paging.size, pairs)) if paging.size else None
        if size is None:
            parameter = self._parameters.get(paging.size)
            size = paging.default or (_whole(parameter.default) if parameter is not None else None)
        return min(size, paging.most) if size is not None and paging.most else size

    def _asked(self, name: str, pairs: Sequence[tuple[str, str]]) -> Any:
        parameter = self._parameters.get(name)
        if parameter is None:
            return None
        value = read_parameter(parameter, pairs)
        return None if value is ABSENT else value

    def _largest(self, paging: Paging) -> int | None:
        """The largest size of a page that may be asked for; None when nothing says so."""
        said = _maximum(self._parameters.get(paging.size))
        return paging.most if said is None or (paging.most is not None and paging.most < said) else said


def _maximum(parameter: Parameter | None) -> int | None:
    facets = parameter.schema.facets() if parameter is not None and parameter.schema is not None else ()
    said = [_whole(facet.data.get("maximum")) for facet in facets if isinstance(facet.data, dict)]
    return min((each for each in said if each is not None), default=None)


def _items(value: Any) -> list[Any] | None:
    """The list that an answer holds: the whole of it, else the outermost, rather one of objects."""
    if isinstance(value, list):
        return value
    lists = [each for _, each in _members(value) if isinstance(each, list)]
    return next((each for each in lists if each and isinstance(each[0], dict)), lists[0] if lists else None)


def _more(value: Any, response: Response, paging: Paging, start: int | None, count: int) -> bool | None:
    """Whether something follows a page, by what the answer says; None when it says nothing."""
    link = response.header("link")
    if link is not None:
        return re.search(r'rel="?next"?', link) is not None
    total = _whole(response.header("x-total-count"))
    for name, found in _members(value):
        if _TOTAL.fullmatch(name) and _whole(found) is not None and not isinstance(found, str):
            total = _whole(found)
        elif isinstance(found, bool):
            if _MORE.fullmatch(name):
                return found
            if _END.fullmatch(name):
                return not found
        elif (name == paging.at and paging.by == "cursor") or _NEXT.fullmatch(name):
            return bool(found)
    return start + count < total if start is not None and total is not None else None


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
        return int(value) if value.isdecimal() and len(value) <= 18 else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        return None
    return int(value)
