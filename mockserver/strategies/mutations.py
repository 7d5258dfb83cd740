"""One thing wrong with a valid value, and its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mockserver.strategies.kinds import ListedKind
from mockserver.strategies.objects import ObjectKind
from mockserver.strategies.places import Place, changed, places
from mockserver.strategies.schemas import Plan

_UNKNOWN = ("somethingNew", "SOMETHING_NEW", "other")


class Mutation(NamedTuple):
    """A value with one thing wrong. `rule` is the keyword that it breaks, `pointer` (JSON pointer) where, `about` what
    was done in words; `value` is the whole value."""

    rule: str
    pointer: str
    about: str
    value: Any

    def __str__(self) -> str:
        return f"{self.rule} at {self.pointer or '/'}: {self.about}"


class _Change(NamedTuple):
    rule: str
    path: tuple[str | int, ...]
    about: str
    new: Any
    remove: bool = False


def mutations(plan: Plan, value: Any, *, tolerable: bool = False) -> list[Mutation]:
    """What can be done to a value that keeps a plan so that it no longer does, one thing at a time.

    With `tolerable` only what a service does to its clients by and by: a new word in a list, a member that is gone, a
    number that comes as text, null where there never was one.
    """
    found = []
    for place in places(plan.node, value):
        for change in _changes(place, tolerable):
            whole = changed(value, change.path, change.new, remove=change.remove)
            if not plan.is_valid(whole):
                pointer = Place(change.path, None, place.node, None, True).pointer
                found.append(Mutation(change.rule, pointer, change.about, whole))
    return found


def _changes(place: Place, tolerable: bool) -> Iterator[_Change]:
    path, value, kind = place.path, place.value, place.kind
    if path and place.required and isinstance(path[-1], str):
        yield _Change("required", path, f"'{path[-1]}' is missing", None, remove=True)
    if isinstance(kind, ListedKind) and isinstance(value, str):
        for word in _UNKNOWN:
            if not any(word == each for each in kind.values):
                yield _Change("enum", path, f"the unknown word '{word}'", word)
                break
    if value is not None and path:
        yield _Change("type", path, "null", None)
    if isinstance(value, bool):
        yield _Change("type", path, "a boolean as text", "true" if value else "false")
    elif isinstance(value, (int, float)):
        yield _Change("type", path, "a number as text", str(value))
    elif isinstance(value, str):
        number = int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 7
        yield _Change("type", path, "a number for a text", number)
    elif isinstance(value, list) and value and path:
        yield _Change("type", path, "one item without its list", value[0])
    elif isinstance(value, dict) and path:
        yield _Change("type", path, "a list for an object", [])
    if not tolerable:
        yield from _broken_bounds(place)


def _broken_bounds(place: Place) -> Iterator[_Change]:
    path, value, kind = place.path, place.value, place.kind
    if kind is None or isinstance(kind, ListedKind):
        return
    if isinstance(value, str):
        least, most = kind.largest("minLength", 0), kind.smallest("maxLength")
        if least:
            yield _Change("minLength", path, f"a text of {least - 1}", value[: least - 1])
        if most is not None and most < 100_000:
            yield _Change("maxLength", path, f"a text of {most + 1}", value + "x" * (most + 1 - len(value)))
        for pattern, _ in kind.given("pattern"):
            yield _Change("pattern", path, f"a text that {pattern} does not match", value + "\u2603")
            yield _Change("pattern", path, f"a text that {pattern} does not match", "\u2603")
        for name, _ in kind.given("format"):
            yield _Change("format", path, f"no {name}", "not a " + str(name))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = kind.largest("minimum"), kind.smallest("maximum")
        above, below = kind.largest("exclusiveMinimum"), kind.smallest("exclusiveMaximum")
        bounds = ((low, "minimum", -1), (high, "maximum", 1), (above, "exclusiveMinimum", 0))
        for bound, word, step in (*bounds, (below, "exclusiveMaximum", 0)):
            if bound is not None:
                yield _Change(word, path, f"{bound + step}", bound + step)
        yield _Change("type", path, "a fraction", value + 0.5 if abs(value) < 2**50 else 0.5)
        for step, _ in kind.given("multipleOf"):
            yield _Change("multipleOf", path, f"no multiple of {step}", value + step / 2)
    elif isinstance(value, list):
        least, most = kind.largest("minItems", 0), kind.smallest("maxItems")
        if least:
            yield _Change("minItems", path, f"{least - 1} items", value[: least - 1])
        if most is not None and value and most < 10_000:
            yield _Change("maxItems", path, f"{most + 1} items", [*value, *[value[-1]] * (most + 1 - len(value))])
        if value and any(unique for unique, _ in kind.given("uniqueItems")):
            yield _Change("uniqueItems", path, "an item twice", [*value, value[0]])
    elif isinstance(value, dict) and isinstance(kind, ObjectKind):
        yield _Change("additionalProperties", path, "a property that is not known", {**value, "notKnown": 1})
        least, most = kind.largest("minProperties", 0), kind.smallest("maxProperties")
        if least:
            yield _Change("minProperties", path, "no property", {})
        if most is not None and most < 1000:
            more = {f"p{number}": 1 for number in range(int(most) + 1)}
            yield _Change("maxProperties", path, "too many properties", {**value, **more})
