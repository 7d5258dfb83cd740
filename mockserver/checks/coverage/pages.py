"""Which page of a list a call has asked for, as far as request and answer tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mockserver.behaviour.declared import Paging
from mockserver.checks.pages import follows, listed, whole
from mockserver.contract.model import Operation, Parameter
from mockserver.contract.serialization import ABSENT, BodyError, read_json, read_parameter, split_query
from mockserver.messages import Request, Response

FIRST, MIDDLE, LAST = "first page", "middle page", "last page"
EMPTY, BEYOND, LARGEST = "empty page", "beyond the end", "largest size"

_KEPT = 256
_LARGEST_ANSWER = 16 * 1024  # bytes of one that is worth remembering


class Pages:
    """The pages of one operation, which cuts its list in one way or several. `names` are what can be told apart."""

    def __init__(self, operation: Operation, ways: Sequence[Paging], wraps: Sequence[str] = ()) -> None:
        """`wraps` are the members of the answer that hold the list, one for each way; empty where it is not known."""
        self._ways = tuple(ways)
        self._wraps = {each.at: wrap for each, wrap in zip(ways, wraps, strict=False)}
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
            if most is not None and whole(self._asked(name, pairs)) == most:
                yield LARGEST
                break
        way = next((each for each in self._ways if any(name == each.at for name, _ in pairs)), self._ways[-1])
        try:
            value = read_json(response.body)
        except BodyError:
            return
        items = listed(value, self._wraps.get(way.at, ""))
        if items is not None:
            yield self._position(way, pairs, value, response, len(items))

    def _position(
        self, paging: Paging, pairs: Sequence[tuple[str, str]], value: Any, response: Response, count: int
    ) -> str:
        asked = self._asked(paging.at, pairs)
        at = whole(asked)
        first = asked is None or (paging.by != "cursor" and at == paging.first)
        if first:
            return FIRST if count else EMPTY
        if not count:
            return LAST if paging.by == "cursor" else BEYOND
        size = self._size(paging, pairs)
        more = follows(value, response, paging, at, size, count)
        if more is None:  # nothing says so: a page that is not full is the last one
            more = size is None or count >= size
        return MIDDLE if more else LAST

    def _size(self, paging: Paging, pairs: Sequence[tuple[str, str]]) -> int | None:
        size = whole(self._asked(paging.size, pairs)) if paging.size else None
        if size is None:
            parameter = self._parameters.get(paging.size)
            size = paging.default or (whole(parameter.default) if parameter is not None else None)
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
    said = [whole(facet.data.get("maximum")) for facet in facets if isinstance(facet.data, dict)]
    return min((each for each in said if each is not None), default=None)
