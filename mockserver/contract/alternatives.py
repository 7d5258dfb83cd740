"""Which branch of `oneOf` or `anyOf` a value means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mockserver.contract.discriminators import branches_by_word
from mockserver.contract.schemas import Schema
from mockserver.spec.references import join

_TYPES: Mapping[type, tuple[str, ...]] = {
    str: ("string",),
    bool: ("boolean",),
    int: ("integer", "number"),
    float: ("number", "integer"),
    list: ("array",),
    dict: ("object",),
}


class Choice:
    """The branches of one `oneOf` or `anyOf`."""

    __slots__ = ("_branches", "_marks", "_objects", "_property", "_words", "is_fixed")

    def __init__(self, facet: Schema, keyword: str) -> None:
        parts = facet.data[keyword]
        at = [facet.schemas.at(facet.document, join(facet.pointer, keyword, index)) for index in range(len(parts))]
        self._branches = at
        self._objects = self.candidates("object")
        self._marks: list[_Marks] | None = None
        discriminator = facet.data.get("discriminator")
        self._property = discriminator.get("propertyName") if isinstance(discriminator, dict) else None
        words = branches_by_word(discriminator, parts) if isinstance(self._property, str) else {}
        self._words = {word: at[index] for word, index in words.items()}
        #: Whether every object means the same branch.
        self.is_fixed = len(self._objects) < 2

    def candidates(self, kind: str) -> list[Schema]:
        """The branches that a value of a JSON type can mean."""
        types = [(branch, branch.possible_types()) for branch in self._branches]
        return [branch for branch, possible in types if not possible or kind in possible]

    def all_facets(self) -> list[Schema]:
        """All that may hold for an object, whichever branch it means."""
        return [facet for branch in self._objects for facet in branch.facets(alternatives=True)]

    def chosen(self, value: Mapping[str, Any] | None, cleaned: Callable[[Schema], Any]) -> Sequence[Schema] | None:
        """The branch that an object means: by the discriminator, else the only one that it fits. None when none or
        several fit; empty when no branch is for objects.

        `cleaned` gives the value as it would leave if a branch were the one that is meant.
        """
        if self.is_fixed or value is None:
            return self._objects
        if self._words:
            word = value.get(str(self._property))
            branch = self._words.get(word) if isinstance(word, str) else None
            return None if branch is None else (branch,)
        if self._marks is None:
            self._marks = [_Marks(branch) for branch in self._objects]
        fitting = [marks.branch for marks in self._marks if marks.fit(value)]
        if len(fitting) > 1:
            fitting = [branch for branch in fitting if branch.is_valid(cleaned(branch), direction="response")]
        return fitting if len(fitting) == 1 else None


def choices_of(facet: Schema) -> Sequence[Choice]:
    """The choices that a schema itself gives, not those of what it refers to."""
    known = facet.schemas.choices
    if facet not in known:
        data = facet.data if isinstance(facet.data, dict) else {}
        known[facet] = tuple(Choice(facet, key) for key in ("oneOf", "anyOf") if isinstance(data.get(key), list))
    return known[facet]


class _Marks:
    """By what an object can be told not to be of a branch: a member that it lacks or that is plainly of another one.
    What lies deeper is not looked at, nor is a null, which may be left out."""

    __slots__ = ("_members", "_required", "branch")

    def __init__(self, branch: Schema) -> None:
        self.branch = branch
        self._required: set[str] = set()
        self._members: list[tuple[str, frozenset[str], list[Sequence[Any]]]] = []
        for facet in branch.facets():
            data = facet.data if isinstance(facet.data, dict) else {}
            required, named = data.get("required"), data.get("properties")
            self._required.update(required if isinstance(required, list) else ())
            for name in named if isinstance(named, dict) else ():
                part = facet.schemas.at(facet.document, join(facet.pointer, "properties", name))
                types, choices = part.possible_types(), _choices(part)
                if types or choices:
                    self._members.append((name, types, choices))
        self._members.sort(key=lambda member: not member[2])  # a word from a list tells most

    def fit(self, value: Mapping[str, Any]) -> bool:
        if not value.keys() >= self._required:
            return False
        for name, types, choices in self._members:
            item = value.get(name)
            if item is None:
                continue
            for allowed in choices:
                if item not in allowed:
                    return False
            if types and types.isdisjoint(_TYPES.get(type(item), ())):
                return False
        return True


def _choices(part: Schema) -> list[Sequence[Any]]:
    """The lists, by `enum` and `const`, in each of which a value must be."""
    found: list[Sequence[Any]] = []
    for facet in part.facets():
        data = facet.data if isinstance(facet.data, dict) else {}
        if "const" in data:
            found.append((data["const"],))
        if isinstance(data.get("enum"), list):
            found.append(data["enum"])
    return found
