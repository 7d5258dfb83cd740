"""What can be used of a contract that has faults, so that one fault does not hide those of other files and parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mockserver.contract.build_operations import METHODS, generated_id
from mockserver.contract.builder import Node, references
from mockserver.contract.direction import at_pointer
from mockserver.contract.model import Contract
from mockserver.exceptions import Problem, SpecError
from mockserver.spec.loader import Document
from mockserver.spec.references import Library, join


@dataclass(frozen=True, slots=True)
class Draft:
    """A contract of its sound parts, and what is wrong with the others.

    `unbuilt` are the ids of operations that the document has but the contract has not; without `knows_all` there may be
    more of them, in path items that could not be read.
    """

    contract: Contract
    problems: tuple[Problem, ...] = ()
    unbuilt: frozenset[str] = frozenset()
    knows_all: bool = True


def sound_parts(
    contract: Contract, problems: Sequence[Problem], root: Node, places: Mapping[str, Node], library: Library
) -> Draft:
    """The draft of a contract: without operations, webhooks and schemas that a problem touches, by whatever way of
    references. `places` are the nodes of operations by id."""
    operations = {
        id: operation
        for id, operation in contract.operations.items()
        if not _touched(problems, library, places[id].document, _extent(places[id]))
    }
    webhooks = {
        name: operation
        for name, operation in contract.webhooks.items()
        if not _touched(problems, library, root.document, [join("", "webhooks", name)])
    }
    schemas = {
        name: schema
        for name, schema in contract.schemas.items()
        if not _touched(problems, library, schema.document, [schema.pointer])
    }
    items = list(root.entries("paths", extensible=True))
    ids = {
        item.child(method).text("operationId") or generated_id(method, path)
        for path, item in items
        for method in METHODS
        if isinstance(item.get(method), dict)
    }
    sound = replace(contract, operations=operations, webhooks=webhooks, schemas=schemas)
    knows_all = all(isinstance(item.data, dict) for _, item in items) and bool(items)
    return Draft(sound, tuple(problems), frozenset(ids - operations.keys()), knows_all)


def _extent(node: Node) -> list[str]:
    """The operation itself, and the parameters of its path item."""
    return [node.pointer, join(node.pointer.rpartition("/")[0], "parameters")]


def _touched(problems: Iterable[Problem], library: Library, document: Document, pointers: Iterable[str]) -> bool:
    """Does a problem stand in one of these parts of the document, or in anything that they refer to?"""
    waiting = [(document, pointer) for pointer in pointers]
    seen: set[tuple[str, str]] = set()
    while waiting:
        where, pointer = waiting.pop()
        if (where.uri, pointer) in seen:
            continue
        seen.add((where.uri, pointer))
        if any(found.file == where.file and f"{found.pointer}/".startswith(f"{pointer}/") for found in problems):
            return True
        try:
            part = at_pointer(where.data, pointer)
        except KeyError:
            continue
        for _, ref in references(part):
            try:
                target = library.resolve(ref, where, at=pointer)
            except SpecError:
                return True
            waiting.append((target.document, target.pointer))
    return False
