"""Discriminators: which word of a property means which branch of `oneOf` or `anyOf`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

_NULL = {"type": "null"}


def branches_by_word(discriminator: Mapping[str, Any], branches: Any) -> dict[str, int]:
    """The words that a discriminator may have and the branch that each means: by mapping, else by the schema's name."""
    by_ref = {
        branch["$ref"]: index
        for index, branch in enumerate(branches)
        if isinstance(branch, dict) and isinstance(branch.get("$ref"), str)
    }
    by_name = {unquote(ref.rpartition("/")[2]): index for ref, index in by_ref.items()}
    named: dict[str, int] = {}
    mapped: set[int] = set()
    mapping = discriminator.get("mapping")
    for word, target in (mapping if isinstance(mapping, dict) else {}).items():
        name = unquote(str(target).rpartition("/")[2])
        if name in by_name:
            named[word] = by_name[name]
            mapped.add(by_name[name])
    for name, index in by_name.items():
        if index not in mapped:
            named.setdefault(name, index)
    return named


def words_for(node: Any, keyword: str, index: int) -> tuple[str, list[str]]:
    """The property of a node's discriminator and the words that mean the branch at `index` below `keyword`."""
    discriminator = node.get("discriminator")
    name = discriminator.get("propertyName") if isinstance(discriminator, dict) else None
    if not isinstance(name, str):
        return "", []
    return name, [word for word, at in branches_by_word(discriminator, node[keyword]).items() if at == index]


def enforced(node: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword that makes JSON Schema heed a node's discriminator; empty when the node has none that it can heed.

    A branch that is written in place has no name, so where one could be meant every word has to pass.
    """
    discriminator = node.get("discriminator")
    name = discriminator.get("propertyName") if isinstance(discriminator, dict) else None
    if not isinstance(name, str):
        return {}
    rules = [rule for keyword in ("oneOf", "anyOf") for rule in _rules(discriminator, name, node.get(keyword))]
    if not rules:
        return {}
    others = node.get("dependentSchemas")
    others = others if isinstance(others, dict) else {}
    if name in others:
        rules.append(others[name])
    return {"dependentSchemas": {**others, name: {"allOf": rules}}}


def _rules(discriminator: Any, name: str, branches: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(branches, list):
        return
    words = branches_by_word(discriminator, branches)
    unnamed = [branch for at, branch in enumerate(branches) if at not in words.values()]
    if not words or any(branch != _NULL for branch in unnamed):
        return
    yield {"properties": {name: {"enum": list(words)}}}
    for word, at in words.items():
        yield {"if": {"properties": {name: {"const": word}}}, "then": branches[at]}
