"""A value walked together with its schema: what stands where, and what it could be instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mockserver.spec.references import join
from mockserver.strategies.arrays import ArrayKind
from mockserver.strategies.judging import is_type, keeps
from mockserver.strategies.nodes import Kind, Node
from mockserver.strategies.objects import ObjectKind


class Place(NamedTuple):
    """One value inside another. `kind` is the way in which it is built (None: none that is known). `required` says
    whether what holds it can be without it; items of arrays count as required. `others` are the nodes that the value
    would have if what holds it were built in another way."""

    path: tuple[str | int, ...]
    value: Any
    node: Node
    kind: Kind | None
    required: bool
    others: tuple[Node, ...] = ()

    @property
    def pointer(self) -> str:
        pointer = ""
        for token in self.path:
            pointer = join(pointer, token)
        return pointer

    @property
    def name(self) -> str:
        """The path as people write it: `payload.items[0].id`."""
        text = ""
        for token in self.path:
            text += f"[{token}]" if isinstance(token, int) else f".{token}" if text else str(token)
        return text


def places(node: Node, value: Any, *, first_items: bool = False) -> Iterator[Place]:
    """Every place in a value, the value itself first. With `first_items` only the first item of each array."""
    waiting: list[tuple[Node, Any, tuple[str | int, ...], bool, tuple[Node, ...]]] = [(node, value, (), True, ())]
    while waiting:
        node, value, path, required, others = waiting.pop(0)
        kind = kind_of(node, value)
        yield Place(path, value, node, kind, required, others)
        if isinstance(value, dict) and isinstance(kind, ObjectKind):
            ways = [way for way in node.possible() if isinstance(way, ObjectKind) and way is not kind]
            for name, item in value.items():
                nodes = tuple(way.child(name) for way in ways)
                waiting.append((kind.child(name), item, (*path, name), name in kind.required, nodes))
        elif isinstance(value, list) and isinstance(kind, ArrayKind):
            for at, item in enumerate(value[:1] if first_items else value):
                waiting.append((kind.item(at), item, (*path, at), True, ()))


def kind_of(node: Node, value: Any) -> Kind | None:
    """The way in which a value of a node is built."""
    of_type = [kind for kind in node.possible() if not kind.word or is_type(value, kind.word)]
    if len(of_type) < 2:
        return of_type[0] if of_type else None
    return next((kind for kind in of_type if all(keeps(facet.part, value) for facet in kind.facets)), None)


def changed(value: Any, path: tuple[str | int, ...], new: Any, *, remove: bool = False) -> Any:
    """A copy with something else at a path, or with nothing there."""
    if not path:
        return new
    head, *rest = path
    if isinstance(value, dict):
        if remove and not rest:
            return {name: item for name, item in value.items() if name != head}
        inner = value.get(str(head))
        return {**value, str(head): changed(inner, tuple(rest), new, remove=remove)}
    items = list(value)
    assert isinstance(head, int)
    if remove and not rest:
        del items[head]
    else:
        items[head] = changed(items[head], tuple(rest), new, remove=remove)
    return items
