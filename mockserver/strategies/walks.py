"""Lists walked from the first page to the last, and what has to be in them."""

from __future__ import annotations

from typing import Any, NamedTuple

from mockserver.behaviour.declared import Paging
from mockserver.strategies.answers import list_in, total_in
from mockserver.strategies.breaks import Exchange, broken
from mockserver.strategies.drafts import Draft
from mockserver.strategies.kit import Kit
from mockserver.strategies.links import Link
from mockserver.strategies.model import Id, Model

_MOST_PAGES = 20
_PAGE_SIZES = (3, 20, 100)  # the first that the contract allows: small, so that there are several pages


class Walk(NamedTuple):
    """The ids of a list in their order, and its last page."""

    ids: list[Id]
    last: Exchange


def walk(kit: Kit, link: Link, parent: Id | None, step: str) -> Walk | None:
    """All pages of a list without filters. None when it cannot be walked: it wants more than is known, is refused, or
    comes in another way."""
    draft = kit.plain(link)
    use = link.use("parent")
    if use is not None:
        if parent is None:
            return None
        draft = draft.at(use, parent.key)
        if not draft.holds(use, parent.key):
            return None
    paging = kit.paging(link)
    if link.page is not None and paging is None:
        return None
    if paging is None:
        return _pages(kit, link, parent, draft, None, 0, step)
    for size in _PAGE_SIZES:
        sized = draft.set({paging.size: size})
        if paging.size and sized.sent() is not None:
            found = _pages(kit, link, parent, sized, paging, size, step)
            if found is not None:
                return found
    return None


def _pages(
    kit: Kit, link: Link, parent: Id | None, draft: Draft, paging: Paging | None, size: int, step: str
) -> Walk | None:
    """All pages of one size; None when there are too many."""
    key = kit.links.keys.get(link.resource, "id")
    ids: list[Id] = []
    for number in range(_MOST_PAGES if paging is not None else 1):
        paged = draft
        if paging is not None:
            paged = draft.set({paging.at: paging.first + number * (1 if paging.by == "number" else size)})
        sent = paged.sent()
        if sent is None:
            return None
        exchange = kit.exchange(link, sent, f"{step}, page {number + 1}" if number else step)
        if not exchange.answer.succeeded:
            return Walk(ids, exchange) if number or link.guarded else None
        found = list_in(exchange.answer.value, link.wrap, key)
        if found is None:
            return None
        ids += [Id(link.resource, each[key], _within(kit, link, parent)) for each in found]
        total = total_in(exchange.answer.value)
        if paging is None or not found or (total is not None and number * size + len(found) >= total):
            return Walk(ids, exchange)
        if total is not None and total > _MOST_PAGES * size:
            return None
    return None


def _within(kit: Kit, link: Link, parent: Id | None) -> Id | None:
    return parent if parent is not None and kit.links.nests.get(link.resource) == parent.resource else None


def judge_walk(kit: Kit, model: Model, link: Link, parent: Id | None, found: Walk) -> None:
    """A list has each record once, those that were deleted not at all, and where it shows all of them, all."""
    ids = found.ids
    seen: set[Any] = set()
    for id in ids:
        if id in seen:
            raise broken(
                "list_after_write", found.last, f"{id} is listed twice", "each record once", "it is one record"
            )
        seen.add(id)
        if model.is_gone(id):
            raise broken("list_after_write", found.last, f"{id} is listed", "a list without it", model.why_gone(id))
    total = total_in(found.last.answer.value)
    if total is not None and total != len(ids) and found.last.answer.succeeded:
        what = f"says that there are {total}, and its pages hold {len(ids)}"
        raise broken("list_after_write", found.last, what, f"{total} records", "all pages were walked")
    if not link.whole:
        return
    if link.use("parent") is not None and (parent is None or kit.links.nests.get(link.resource) != parent.resource):
        return
    inside = parent if link.use("parent") is not None else None
    for id, known in model.within(link.resource, inside):
        if known.alive and (id.within is None or id.within == inside) and id not in seen:
            raise broken("list_after_write", found.last, f"{id} is not listed", "a list with it", known.since)


def judge_count(link: Link, before: Walk, after: Walk, change: int, exchange: Exchange) -> None:
    """A record that is made makes the list longer by itself, one that is deleted makes it shorter; nothing else."""
    old, new = set(before.ids), set(after.ids)
    grown, shrunk = len(new - old), len(old - new)
    fits = (grown, shrunk) == (max(change, 0), max(-change, 0))
    if not link.whole:
        fits = grown <= max(change, 0) and (shrunk <= max(-change, 0))
    if not fits:
        what = f"has {len(new)} records where there were {len(old)}"
        expected = f"{len(old) + change}" if link.whole else f"at most {abs(change)} other"
        raise broken("count_after_write", after.last, what, expected, f"{exchange.step} is all that happened")
