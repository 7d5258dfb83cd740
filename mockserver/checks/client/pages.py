"""What request and answer tell of a page: which one it is, and whether another follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from mockserver.behaviour.declared import Paging
from mockserver.checks.client.facts import Listed
from mockserver.checks.client.seen import Seen
from mockserver.checks.pages import follows, listed, whole
from mockserver.contract.queries import decode

_LARGEST = 1024 * 1024  # bytes of an answer that is read


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
    items = listed(answer, way.wrap)
    at, count = (None if isinstance(place, str) else place), (None if items is None else len(items))
    more = follows(answer, exchange.response, way.paging, at, _size(way.paging, asked), count)
    return Page(place, first, more)


def without_place(query: str, ways: tuple[Listed, ...]) -> str:
    """A query without what says which page is meant, in an order of its own: what is the same for all pages."""
    if not query:
        return ""
    names = {each.paging.at for each in ways}
    return "&".join(sorted(piece for piece in query.split("&") if _name(piece) not in names))


def _name(piece: str) -> str:
    try:
        return decode(piece.partition("=")[0])
    except ValueError:
        return piece


def _place(paging: Paging, asked: Any) -> int | str | None:
    if paging.by == "cursor":
        return "" if asked is None else asked if isinstance(asked, str) else str(asked)
    return paging.first if asked is None else whole(asked)


def _size(paging: Paging, asked: Mapping[str, Any]) -> int | None:
    size = whole(asked.get(paging.size)) if paging.size else None
    size = paging.default if size is None else size
    return min(size, paging.most) if size and paging.most else size
