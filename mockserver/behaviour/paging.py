"""Cuts the page that a client asks for out of a list, and says where the others are."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from mockserver.behaviour.cursors import Cursor, Cursors, order_text
from mockserver.behaviour.declared import Paging
from mockserver.behaviour.scope import OperationScope
from mockserver.contract.queries import decode
from mockserver.contract.wording import brief
from mockserver.state.ordered import Ordered
from mockserver.state.records import Order
from mockserver.state.walks import Walk

#: What expressions read as `page.<key>`.
PAGE_KEYS = ("number", "size", "offset", "total", "count", "next", "previous", "first", "last", "links")
_WHOLE = re.compile(r"-?[0-9]{1,40}")
_RELATIONS = {"first": "first", "previous": "prev", "next": "next", "last": "last"}


class NoPage(Exception):
    """The client asks for a page in a way that cannot be understood: which parameter, why, and what was `expected`."""

    def __init__(self, parameter: str, why: str, expected: str) -> None:
        self.parameter, self.expected = parameter, expected
        self.message = f"query parameter '{parameter}': {why}"
        super().__init__(self.message)


class Pager:
    """Pages of one operation, or of one of its cases; `id` names it in the journal."""

    def __init__(self, paging: Paging, id: str) -> None:
        self.paging, self._id = paging, id

    def begun(self, scope: OperationScope) -> Walk | None:
        """The walk that a steady page belongs to; None for the first page, and when nobody remembers the walk."""
        paging = self.paging
        asked = scope["query"].get(paging.at)
        if paging.steady is None or asked is None or _whole(asked) == paging.first:
            return None
        return scope.transaction.walks.find(self._key(scope), scope.clock.now(), paging.steady)

    def cut(self, found: Ordered, order: Order, scope: OperationScope, walk: Walk | None) -> list[Any]:
        """The items of the page; `page` is known in `scope` from here on. Raises NoPage."""
        size = self._size(scope)
        if self.paging.by == "cursor":
            items, page = self._by_cursor(found, order, size, scope)
        else:
            items, page = self._by_place(found, size, scope)
        page["links"] = self._links(page, scope)
        scope["page"] = page
        if self.paging.steady is not None and walk is None and page["offset"] == 0:
            began = Walk(scope.transaction.tables, scope["now"])
            if page["next"] is None:  # nothing follows that could be shown as it was
                scope.transaction.walks.end(self._key(scope))
            else:
                scope.transaction.walks.begin(self._key(scope), began, self.paging.steady)
        return items

    def _by_place(self, found: Ordered, size: int, scope: OperationScope) -> tuple[list[Any], dict[str, Any]]:
        """By the number of the page, or by how many items come before it."""
        paging, total = self.paging, len(found)
        at, first = self._at(scope), paging.first
        step = 1 if paging.by == "number" else size
        offset = (at - first) * size if paging.by == "number" else at - first
        start = min(offset, total)
        stop = min(start + size, total)
        count = -(-total // size)
        last = first + max(count - 1, 0) * step
        return found.slice(start, stop), {
            "number": at if paging.by == "number" else offset // size + 1,
            "size": size,
            "offset": offset,
            "total": total,
            "count": count,
            "next": at + step if stop < total else None,
            "previous": max(min(at - step, last), first) if at > first else None,
            "first": first,
            "last": last,
        }

    def _by_cursor(
        self, found: Ordered, order: Order, size: int, scope: OperationScope
    ) -> tuple[list[Any], dict[str, Any]]:
        total = len(found)
        cursors = Cursors(scope.transaction.seed, _dumps([self._id, scope["path"]]))
        cursor = self._cursor(cursors, order, scope)
        place = 0 if cursor is None else found.after(cursor.values, cursor.number)
        if cursor is not None and cursor.side == "until":
            start, stop = max(place - size, 0), place
        else:
            start, stop = place, min(place + size, total)
        fields = order_text(order)
        return found.slice(start, stop), {
            "number": None,
            "size": size,
            "offset": start,
            "total": total,
            "count": -(-total // size),
            "next": cursors.write(Cursor("after", fields, *found.place(stop - 1))) if start < stop < total else None,
            "previous": cursors.write(Cursor("until", fields, *found.place(start - 1))) if start > 0 else None,
            "first": None,
            "last": None,
        }

    def _size(self, scope: OperationScope) -> int:
        paging = self.paging
        asked = scope["query"].get(paging.size) if paging.size else None
        size = paging.default if asked is None else _whole(asked)
        if size is None:
            why = "nothing says how many" if asked is None else _no_number(asked)
            raise NoPage(paging.size, why, "a whole number from 1")
        if size < 1:
            raise NoPage(paging.size, f"{size} is less than 1", "a whole number from 1")
        return min(size, paging.most) if paging.most else size

    def _at(self, scope: OperationScope) -> int:
        """The number or offset that is asked for."""
        paging = self.paging
        asked = scope["query"].get(paging.at)
        at = paging.first if asked is None else _whole(asked)
        if at is None:
            raise NoPage(paging.at, _no_number(asked), f"a whole number from {paging.first}")
        if at < paging.first:
            thing = "page" if paging.by == "number" else "offset"
            why = f"{at} is less than {paging.first}, the first {thing}"
            raise NoPage(paging.at, why, f"a whole number from {paging.first}")
        return at

    def _cursor(self, cursors: Cursors, order: Order, scope: OperationScope) -> Cursor | None:
        """The cursor that is asked for; None for the first page."""
        name = self.paging.at
        asked = scope["query"].get(name)
        if asked is None:
            return None
        cursor = cursors.read(asked) if isinstance(asked, str) else None
        if cursor is None:
            expected = "a cursor that this list has given, as it came"
            raise NoPage(name, f"{brief(asked)} is no cursor of this list", expected)
        if cursor.order != order_text(order):
            was, now = (", ".join(names) or "order of creation" for names in (cursor.order, order_text(order)))
            raise NoPage(name, f"a cursor for another order: {was}, not {now}", "a cursor for the same order")
        return cursor

    def _key(self, scope: OperationScope) -> bytes:
        """What tells a walk apart: who asks what, but for the place."""
        query = {name: value for name, value in scope["query"].items() if name != self.paging.at}
        asked = [self._id, scope["caller"]["token"], scope["path"], query, scope["body"]]
        return hashlib.sha256(_dumps(asked).encode()).digest()

    def _links(self, page: Mapping[str, Any], scope: OperationScope) -> str:
        """The text of a Link header (RFC 8288): the URL that was called, for other pages."""
        url: str = scope["@url"]
        by_cursor = self.paging.by == "cursor"
        return ", ".join(
            f'<{_with_parameter(url, self.paging.at, page[key])}>; rel="{relation}"'
            for key, relation in _RELATIONS.items()
            if page[key] is not None or (by_cursor and key == "first")
        )


@contextmanager
def as_it_was(scope: OperationScope, walk: Walk | None) -> Iterator[None]:
    """What is read inside reads the records, and the time, of the beginning of a walk; None: the present."""
    if walk is None:
        yield
        return
    transaction = scope.transaction
    tables, now = transaction.tables, scope.get("now")
    transaction.tables, scope["now"] = walk.tables, walk.began
    try:
        yield
    finally:
        transaction.tables = tables
        del scope["now"]
        if now is not None:
            scope["now"] = now


def _whole(value: Any) -> int | None:
    """The whole number that a parameter stands for; None when it stands for none."""
    if isinstance(value, str):
        return int(value) if _WHOLE.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        return None
    return int(value)


def _no_number(value: Any) -> str:
    return f"{brief(value)} is no whole number"


def _dumps(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _with_parameter(url: str, name: str, value: Any) -> str:
    """The URL with `value` for a parameter in its query (None: without it); all others stay as they are."""
    base, _, query = url.partition("?")
    pieces = query.split("&") if query else []
    wanted = [] if value is None else [f"{quote(name, safe='')}={quote(str(value), safe='')}"]
    found = []
    for piece in pieces:
        if decode(piece.partition("=")[0]) == name:
            found += wanted
            wanted = []
        else:
            found.append(piece)
    found += wanted
    return f"{base}?{'&'.join(found)}" if found else base
