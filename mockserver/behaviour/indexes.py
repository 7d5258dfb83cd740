"""Which indexes a behaviour file wants: what it declares, and what its filters look up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mockserver.behaviour.declared import Effect, OperationRules
from mockserver.behaviour.values import Value
from mockserver.expressions import Asked, Expression
from mockserver.spec.references import join
from mockserver.state.indexes import canonical
from mockserver.state.records import Index


def wanted_indexes(
    data: Mapping[str, Any],
    expressions: Iterable[Expression],
    operations: Iterable[OperationRules],
    effects: Iterable[Effect],
) -> Iterator[tuple[str, Index]]:
    """The resource and the index, for all that a file declares (`data` is the whole of it) or asks for; many twice."""
    for name, entry in data.get("resources", {}).items():
        for index in entry.get("indexes", ()):
            yield name, _declared(index)
    for expression in expressions:
        for name, shapes in expression.filters.items():
            for asked in shapes:
                yield from ((name, index) for index in _for_all(asked))
    for rules in (way for each in operations for way in each.ways):
        listing = rules.listing
        if listing is not None and listing.source is None and rules.resource:
            yield from ((rules.resource, index) for index in _for_any(_asked(listing.filter)))
    for effect in effects:
        if effect.where and effect.resource:
            yield from ((effect.resource, index) for index in _for_all(_asked(effect.where)))


def _declared(entry: str | list[str] | Mapping[str, Any]) -> Index:
    """One entry under `indexes:`."""
    if not isinstance(entry, Mapping):
        return Index(_fields(entry))
    order = entry.get("order", ())
    names = [order] if isinstance(order, str) else order
    forwards, _ = canonical(tuple([(name.removeprefix("-"), name.startswith("-")) for name in names]))
    return Index(_fields(entry.get("equal", ())), forwards, entry.get("has", ""))


def index_fields(entry: str | list[str] | Mapping[str, Any], pointer: str) -> Iterator[tuple[str, str]]:
    """The fields that an entry under `indexes:` names, each with its place; `pointer` is that of the entry."""
    if isinstance(entry, Mapping):
        for key, names in entry.items():
            yield from index_fields(names, join(pointer, key))
    elif isinstance(entry, str):
        yield entry.removeprefix("-"), pointer
    else:
        yield from ((name.removeprefix("-"), join(pointer, at)) for at, name in enumerate(entry))


def _fields(names: str | Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(sorted(set(names)))


def _asked(pairs: Iterable[tuple[str, Value]]) -> Asked:
    """What is asked of each field by the values of a filter."""
    return tuple(
        sorted((name, value.expressions[0].asks if len(value.expressions) == 1 else "equal") for name, value in pairs)
    )


def _split(asked: Asked) -> tuple[tuple[str, ...], list[str], list[str]]:
    """The fields that are to be equal, those that a range is asked of, and those whose lists are to have something."""
    equal, order, has = ([name for name, what in asked if what == kind] for kind in ("equal", "order", "has"))
    return tuple(equal), order, has


def _for_all(asked: Asked) -> Iterator[Index]:
    """The indexes for a filter whose fields are all asked together. One index serves one range and one list at most."""
    equal, ranges, lists = _split(asked)
    for name in lists or ("",):
        if not ranges and (equal or name):
            yield Index(equal, (), name)
        for field in ranges:
            yield Index(equal, ((field, False),), name)


def _for_any(asked: Asked) -> Iterator[Index]:
    """The indexes for a filter whose fields may each be left out: for one field, and for one beside a range."""
    equal, ranges, lists = _split(asked)
    for index in (*(Index((name,)) for name in equal), *(Index(has=name) for name in lists)):
        yield index
        for field in ranges:
            yield index._replace(order=((field, False),))
    for field in ranges:
        yield Index(order=((field, False),))
