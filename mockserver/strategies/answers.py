"""Where the records stand in an answer, and whether two values say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from mockserver.contract.schemas import Schema
from mockserver.strategies.adapter import Answer

_DEEPEST = 4
_TOTAL = re.compile(r"total(_?(elements|count|items|results|records))?", re.I)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.(\d+))?(?:[Zz]|[+-]\d\d:?\d\d)?")
_ANY_CASE = ("email", "uuid")  # formats whose texts say the same in capitals


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


def agree(one: Any, other: Any, schema: Schema | None = None) -> bool:
    """Whether two values say the same: equal, and of objects the members that both have. Times are compared as
    instants, to the coarser of both. The `schema` that describes them says of which lists the order means nothing, and
    what only a client sends."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        parts = schema.properties() if schema is not None else {}
        both = [name for name in one if name in other and not says(parts.get(name), "writeOnly", True)]
        return all(agree(one[name], other[name], parts.get(name)) for name in both)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        part = schema.items() if schema is not None else None
        if len(one) == len(other) and says(schema, "uniqueItems", True):
            return all(any(agree(each, found, part) for found in other) for each in one)
        return len(one) == len(other) and all(agree(*pair, part) for pair in zip(one, other, strict=True))
    if isinstance(one, str) and isinstance(other, str) and one != other:
        loose = any(says(schema, "format", name) for name in _ANY_CASE)
        return _same_moment(one, other) or (loose and one.casefold() == other.casefold())
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def says(schema: Schema | None, keyword: str, value: Any) -> bool:
    """Whether a schema, or one that must hold with it, has a keyword with that value."""
    parts = schema.facets() if schema is not None else ()
    return any(isinstance(each.data, Mapping) and each.data.get(keyword) == value for each in parts)


def moment(value: Any) -> datetime | None:
    """The time that a text gives; None for anything else."""
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        return None
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:
        return None


def _same_moment(one: str, other: str) -> bool:
    first, second = moment(one), moment(other)
    if first is None or second is None or (first.tzinfo is None) != (second.tzinfo is None):
        return False
    digits = min(len((_MOMENT.fullmatch(each) or [""])[1] or "") for each in (one, other))
    return abs(first - second) < timedelta(seconds=10.0 ** -min(digits, 6))


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
