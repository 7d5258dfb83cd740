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
_FEW_PAGES = 6  # of one size, where a larger one is left to try
_PAGE_SIZES = (3, 20, 100)  # the first that the contract allows: small, so that there are several pages


class Walk(NamedTuple):
    """The ids of a list in their order, and its last page."""

    ids: list[Id]
    last: Exchange


class Walks:
    """The walks of one sequence. A list is not walked again before something may have been written."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._kept: dict[tuple[str, Id | None], Walk | None] = {}
        self._sizes: dict[str, int] = {}
        self._partial: set[str] = set()

    def written(self) -> None:
        """Something may have been written."""
        self._kept.clear()

    def walk(self, link: Link, parent: Id | None, step: str) -> Walk | None:
        """As `walk` does it, or as it did."""
        place = (link.operation.id, parent)
        if place not in self._kept:
            found = self._kept[place] = walk(self._kit, link, parent, step, self._sizes)
            if found is not None and found.last.answer.succeeded and not is_all(self._kit, link, found):
                self._partial.add(link.operation.id)
        return self._kept[place]

    def counts(self, link: Link) -> bool:
        """Whether a list may say how many records there are: it shows all of them, for what is known so far."""
        return link.whole and link.operation.id not in self._partial


def walk(
    kit: Kit, link: Link, parent: Id | None, step: str, sizes: dict[str, int] | None = None, *, most: int = _MOST_PAGES
) -> Walk | None:
    """The pages of a list without filters, at `most` so many. None when it cannot be walked: it wants more than is
    known, is refused, has too many pages or comes in another way. `sizes` keeps which size of a page did, by
    operation."""
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
        return _pages(kit, link, parent, draft, None, 0, 1, step)
    known = (sizes or {}).get(link.operation.id, 0)
    sized = {size: draft.set({paging.size: size}) for size in _PAGE_SIZES if paging.size and size >= known}
    sized = {size: each for size, each in sized.items() if each.sent() is not None}
    for size, each in sized.items():
        few = _FEW_PAGES if size != max(sized) else _MOST_PAGES
        found = _pages(kit, link, parent, each, paging, size, few, step, enough=most)
        if found is not None:
            if sizes is not None:
                sizes[link.operation.id] = size
            return found
    return None


def _pages(
    kit: Kit,
    link: Link,
    parent: Id | None,
    draft: Draft,
    paging: Paging | None,
    size: int,
    most: int,
    step: str,
    *,
    enough: int = _MOST_PAGES,
) -> Walk | None:
    """All pages of one size, or `enough` of them; None when there are more than `most`."""
    key = kit.links.keys.get(link.resource, "id")
    ids: list[Id] = []
    for number in range(most):
        paged = draft
        if paging is not None:
            offset = len(ids) if link.guessed else number * size  # a service may give fewer than it was asked for
            paged = draft.set({paging.at: paging.first + (number if paging.by == "number" else offset)})
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
        if paging is None or not found or number + 1 >= enough or (total is not None and len(ids) >= total):
            return Walk(ids, exchange)
        if total is not None and total > most * size:
            return None
    return None


def is_all(kit: Kit, link: Link, found: Walk) -> bool:
    """Whether a walk has shown every record of its resource and parent. Of a list that only the document speaks of it
    is known by the pages or by a total: any other may end at a bound of the service's own, or go on by a cursor."""
    return link.whole and (not link.guessed or _has_sure_pages(kit, link) or total_of(found) == len(found.ids))


def _has_sure_pages(kit: Kit, link: Link) -> bool:
    paging = kit.paging(link)
    return paging is not None and (link.page is not None or paging.evidence != "assumed")


def total_of(found: Walk) -> int | None:
    """How many records a list says that it has."""
    return total_in(found.last.answer.value) if found.last.answer.succeeded else None


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
    total = total_of(found)
    if total is not None and total != len(ids) and (not link.guessed or _has_sure_pages(kit, link)):
        what = f"says that there are {total}, and its pages hold {len(ids)}"
        raise broken("list_after_write", found.last, what, f"{total} records", "all pages were walked")
    if not is_all(kit, link, found):
        return
    if link.use("parent") is not None and (parent is None or kit.links.nests.get(link.resource) != parent.resource):
        return
    inside = parent if link.use("parent") is not None else None
    for id, known in model.within(link.resource, inside):
        if known.alive and (id.within is None or id.within == inside) and id not in seen:
            raise broken("list_after_write", found.last, f"{id} is not listed", "a list with it", known.since)


def judge_count(before: Walk, after: Walk, change: int, exchange: Exchange) -> None:
    """Of lists that show all: a record that is made makes the list longer by itself, one that is deleted makes it
    shorter; nothing else."""
    old, new = set(before.ids), set(after.ids)
    if (len(new - old), len(old - new)) != (max(change, 0), max(-change, 0)):
        what = f"has {len(new)} records where there were {len(old)}"
        raise broken(
            "count_after_write", after.last, what, f"{len(old) + change}", f"{exchange.step} is all that happened"
        )
