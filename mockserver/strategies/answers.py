"""Where the records stand in an answer, and whether two values say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.strategies.adapter import Answer

_DEEPEST = 4
_TOTAL = re.compile(r"total(_?(elements|count|items|results|records))?", re.I)


def record_in(value: Any, wrap: str, key: str) -> dict[str, Any] | None:
    """The record that an answer shows: what stands in `wrap`, else the first object that has the key."""
    if wrap and isinstance(value, dict) and isinstance(value.get(wrap), dict):
        value = value[wrap]
    return next((each for each in _objects(value) if each.get(key) is not None), None)


def list_in(value: Any, wrap: str, key: str) -> list[dict[str, Any]] | None:
    """The records that an answer lists: what stands in `wrap`, else the first list of objects that have the key."""
    if isinstance(value, list):
        return _records(value, key)
    if wrap and isinstance(value, dict) and isinstance(value.get(wrap), list):
        return _records(value[wrap], key)
    empty: list[dict[str, Any]] | None = None
    for each in _objects(value):
        for inner in each.values():
            if isinstance(inner, list):
                found = _records(inner, key)
                if found:
                    return found
                empty = [] if found is not None else empty
    return empty


def nested_in(value: Any, names: tuple[str, ...], key: str) -> list[dict[str, Any]]:
    """The records of another resource within an answer: in members of these names."""
    found: list[dict[str, Any]] = []
    for each in _objects(value):
        for name in names:
            inner = each.get(name)
            inner = inner if isinstance(inner, list) else [inner]
            found += [item for item in inner if isinstance(item, dict) and item.get(key) is not None]
    return found


def total_in(value: Any) -> int | None:
    """How many records a list says that it has over all pages."""
    if isinstance(value, dict):
        for name, found in value.items():
            if _TOTAL.fullmatch(name) and isinstance(found, int) and not isinstance(found, bool):
                return found
    return None


def agree(one: Any, other: Any) -> bool:
    """Whether two values say the same: equal, and of objects the members that both have."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(agree(value, other[name]) for name, value in one.items() if name in other)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(agree, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def brief(answer: Answer) -> str:
    """An answer in one line."""
    text = answer.body.decode("utf-8", "replace") if answer.body is not None else repr(answer.value)
    return f"{answer.status} {text}"[:600].rstrip()


def _records(items: list[Any], key: str) -> list[dict[str, Any]] | None:
    """The items, when they are records; None when they are something else."""
    found = [item for item in items if isinstance(item, dict) and item.get(key) is not None]
    return found if len(found) == len(items) else None


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """The objects of a value, the outer ones first."""
    level = [value]
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                yield each
                below += each.values()
            elif isinstance(each, list):
                below += each
        level = below
