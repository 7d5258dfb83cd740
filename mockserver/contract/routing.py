"""Which operation does a path mean? A trie over the segments of all templates of one API.

Fixed segments come before templates inside a segment (`/report.{format}`), and those before whole-segment parameters;
a dead end goes back to the next best. Slashes count: `/a` and `/a/` are two paths.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mockserver.contract.model import Operation

_PARAMETER = re.compile(r"\{([^{}]*)\}")
_COMPARED_SEGMENTS = 40  # `nearest` is an explanation: a hostile path must not make it expensive
_COMPARED_TEXT = 80


class Match(NamedTuple):
    """An operation and the raw text of its path parameters, not yet decoded by style."""

    operation: Operation
    parameters: dict[str, str]


class Near(NamedTuple):
    """A documented operation that a path came close to, and the first reason why it is not meant."""

    method: str
    template: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Target:
    operation: Operation
    names: tuple[str, ...]


class _Node:
    """A step of the trie: `fixed` by text, `mixed` by the texts around parameters, `whole` for a parameter alone."""

    __slots__ = ("fixed", "mixed", "targets", "whole")

    def __init__(self) -> None:
        self.fixed: dict[str, _Node] = {}
        self.mixed: dict[tuple[str, ...], _Node] = {}
        self.whole: _Node | None = None
        self.targets: dict[str, _Target] = {}


class Router:
    """The paths of one API, each below every one of `base_paths` (`("",)` when the API has none)."""

    def __init__(self, operations: Iterable[Operation], base_paths: Sequence[str] = ("",)) -> None:
        self._operations = tuple(operations)
        self._root = _Node()
        bases = tuple(dict.fromkeys(base_paths)) or ("",)
        for operation in self._operations:
            for base in bases:
                self._insert(base.rstrip("/") + operation.path, operation)

    def match(self, method: str, path: str) -> Match | None:
        """The operation that documents `method` on `path`, or None. `path` is decoded and starts with a slash."""
        segments = path.split("/")
        values: list[str] = []
        node = self._root
        for segment in segments:
            following = node.fixed.get(segment)
            if following is None:
                following = node.whole
                if following is None or node.mixed or not segment:
                    break
                values.append(segment)
            node = following
        else:
            target = node.targets.get(method)
            if target is not None:
                return Match(target.operation, dict(zip(target.names, values, strict=True)))
        for leaf, captured in _leaves(self._root, segments, 0, ()):
            target = leaf.targets.get(method)
            if target is not None:
                return Match(target.operation, dict(zip(target.names, captured, strict=True)))
        return None

    def methods(self, path: str) -> tuple[str, ...]:
        """The methods, in upper-case and sorted, of all templates that fit `path`; empty for an unknown path."""
        found: set[str] = set()
        for leaf, _ in _leaves(self._root, path.split("/"), 0, ()):
            found.update(leaf.targets)
        return tuple(sorted(found))

    def nearest(self, method: str, path: str, limit: int = 3) -> list[Near]:
        """The documented operations closest to a request that matched none, best first."""
        segments = [segment[:_COMPARED_TEXT] for segment in path.split("/")[: _COMPARED_SEGMENTS + 1]]
        ranked: list[tuple[float, str, str, str]] = []
        for operation in self._operations:
            closeness, reason = _compare(operation.path.split("/"), segments)
            if operation.method == method:
                closeness += 0.05
            elif not reason:
                reason = f"the path is documented for {operation.method}, not for {method}"
            ranked.append((-closeness, operation.path, operation.method, reason))
        ranked.sort()
        return [Near(near_method, template, reason) for _, template, near_method, reason in ranked[:limit]]

    def _insert(self, template: str, operation: Operation) -> None:
        node = self._root
        names: list[str] = []
        for segment in template.split("/"):
            found = _PARAMETER.findall(segment)
            names += found
            if not found:
                node = node.fixed.setdefault(segment, _Node())
            elif _PARAMETER.fullmatch(segment):
                node.whole = node.whole or _Node()
                node = node.whole
            else:
                node = node.mixed.setdefault(_texts(segment), _Node())
        node.targets.setdefault(operation.method, _Target(operation, tuple(names)))


def _texts(segment: str) -> tuple[str, ...]:
    """The fixed texts before, between and after the parameters of a segment: `{a},{b}.json` -> `"", ",", ".json"`."""
    return tuple(_PARAMETER.split(segment)[0::2])


def _split(segment: str, texts: Sequence[str]) -> tuple[str, ...] | None:
    """The parameter values of a segment, or None. Each has at least one character; earlier ones take the fewest.

    No regular expression: this one is linear, whatever a client puts into a segment.
    """
    start, end = len(texts[0]), len(segment) - len(texts[-1])
    if end <= start or not segment.startswith(texts[0]) or not segment.endswith(texts[-1]):
        return None
    values: list[str] = []
    for text in texts[1:-1]:
        found = segment.find(text, start + 1, end)
        if found < 0:
            return None
        values.append(segment[start:found])
        start = found + len(text)
    if start >= end:
        return None
    return (*values, segment[start:end])


def _leaves(
    node: _Node, segments: Sequence[str], index: int, values: tuple[str, ...]
) -> Iterator[tuple[_Node, tuple[str, ...]]]:
    """Every node at which the segments can end, best first, with the parameter values on the way."""
    if index == len(segments):
        if node.targets:
            yield node, values
        return
    segment = segments[index]
    fixed = node.fixed.get(segment)
    if fixed is not None:
        yield from _leaves(fixed, segments, index + 1, values)
    for texts, following in node.mixed.items():
        found = _split(segment, texts)
        if found is not None:
            yield from _leaves(following, segments, index + 1, values + found)
    if node.whole is not None and segment:
        yield from _leaves(node.whole, segments, index + 1, (*values, segment))


def _compare(template: Sequence[str], segments: Sequence[str]) -> tuple[float, str]:
    """How close a path is to a template (0 to 1), and the first reason why it does not fit ("" when it fits)."""
    score, reason = 0.0, ""
    for index, (wanted, given) in enumerate(zip(template, segments, strict=False)):
        if _PARAMETER.search(wanted):
            if _split(given, _texts(wanted)) is not None:
                score += 0.9
            else:
                reason = reason or f"segment {index} is '{given}' where '{wanted}' is documented"
        elif wanted == given:
            score += 1.0
        else:
            score += 0.8 * difflib.SequenceMatcher(None, wanted.lower(), given.lower()).ratio()
            reason = reason or f"segment {index} is '{given}' where '{wanted}' is documented"
    if not reason and len(template) != len(segments):
        if segments[-1] == "" and len(segments) == len(template) + 1:
            reason = "the documented path has no slash at its end"
        elif template[-1] == "" and len(template) == len(segments) + 1:
            reason = "the documented path has a slash at its end"
        else:
            reason = f"the path has {len(segments) - 1} segments, {len(template) - 1} are documented"
    return score / max(len(template), len(segments)), reason
