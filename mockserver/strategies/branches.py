"""`oneOf` and `anyOf` as ways, with what a discriminator says and what the other branches must not be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.contract.discriminators import words_for
from mockserver.strategies.graph import Part
from mockserver.strategies.judging import sameness


def any_of(part: Part) -> list[list[Part]]:
    branches = [part.sub(each) for each in part.data["anyOf"]]
    return [[branch, *_word(part, "anyOf", at)] for at, branch in enumerate(branches)]


def one_of(part: Part) -> list[list[Part]]:
    branches = [part.sub(each) for each in part.data["oneOf"]]
    words = [_word(part, "oneOf", at) for at in range(len(branches))]
    ways = []
    for at, branch in enumerate(branches):
        certain = _certain([branch, *words[at]])
        others = (other for number, other in enumerate(branches) if number != at)
        excluded = [other.inverse() for other in others if not _apart(certain, _certain([other]))]
        ways.append([branch, *words[at], *excluded])
    return ways


def _word(part: Part, keyword: str, at: int) -> list[Part]:
    """What the discriminator asks of a value that means a branch."""
    name, words = words_for(part.data, keyword, at)
    return [part.sub({"properties": {name: {"enum": words}}})] if words else []


def _certain(parts: list[Part]) -> list[Part]:
    """The parts and all that hold with them."""
    found: dict[Any, Part] = {}
    waiting = list(parts)
    while waiting:
        part = waiting.pop()
        if part.key in found or part.negated:
            continue
        found[part.key] = part
        waiting += [
            part.graph.target(part, key) for key in ("$ref", "$dynamicRef") if isinstance(part.data.get(key), str)
        ]
        waiting += [part.sub(each) for each in part.data.get("allOf", ())]
    return list(found.values())


def _apart(one: list[Part], other: list[Part]) -> bool:
    """Whether no value keeps both, as far as can be seen at once: by type, by listed values, by a required property."""
    kinds, others = _types(one), _types(other)
    if kinds is not None and others is not None and kinds.isdisjoint(others):
        return True
    if _lists_apart(list(one), list(other)):
        return True
    if kinds != {"object"}:
        return False
    required = {name for part in one for name in part.data.get("required", ())}
    for name in required:
        if _lists_apart(_certain(list(_property(one, name))), _certain(list(_property(other, name)))):
            return True
    absent = {name for part in one for name, schema in part.data.get("properties", {}).items() if schema is False}
    return any(name in absent for part in other for name in part.data.get("required", ()))


def _property(parts: list[Part], name: str) -> Iterator[Part]:
    return (part.sub(part.data["properties"][name]) for part in parts if name in part.data.get("properties", {}))


def _types(parts: list[Part]) -> set[str] | None:
    left: set[str] | None = None
    for part in parts:
        words = part.data.get("type")
        if words is not None:
            wanted = {words} if isinstance(words, str) else set(words)
            wanted = {"number" if word == "integer" else word for word in wanted}
            left = wanted if left is None else left & wanted
    return left


def _lists_apart(one: list[Part], other: list[Part]) -> bool:
    listed, others = _listed(one), _listed(other)
    return listed is not None and others is not None and listed.isdisjoint(others)


def _listed(parts: list[Part]) -> set[Any] | None:
    for part in parts:
        if "enum" in part.data or "const" in part.data:
            return set(map(sameness, part.data.get("enum", [part.data.get("const")])))
    return None
