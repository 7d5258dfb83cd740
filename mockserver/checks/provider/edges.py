"""The bounds of all that an operation takes, one at a time: left to chance, some of them would never be drawn."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, zip_longest
from typing import Any

from hypothesis.errors import UnsatisfiedAssumption

from mockserver.strategies.bodies import first_example
from mockserver.strategies.drafts import plain_draft
from mockserver.strategies.kinds import ListedKind
from mockserver.strategies.places import Place, changed, places
from mockserver.strategies.requests import Sender
from mockserver.strategies.schemas import Plan
from mockserver.strategies.variants import Fullest

_MOST_LISTED = 20  # values of one enum
_LONGEST_TEXT = 4096  # characters
_LONGEST_LIST = 100  # items
_FILLERS = ("a", "0", "A")

Sketch = Any


def edges(sender: Sender) -> Iterator[Sketch]:
    """The least that an operation takes and one value at its bound, for each value in turn; then all but one value.
    The same ones always; some may break what the contract says of several values together."""
    least, full = plain_draft(sender).sketch, sender.sketch(Fullest(), Fullest(), full=True)
    ways = [_of_parameter(sender, number, least, full) for number in full.parameters]
    ways += [_of_body(plan, media, least, full) for media, plan in sender.content if plan is not None]
    # In turn, so that where there are too many each value has had some of its bounds.
    yield from (each for each in chain.from_iterable(zip_longest(*ways)) if each is not None)


def wrong_alone(sender: Sender) -> Iterator[tuple[str, Sketch]]:
    """The least that an operation takes with one thing wrong in one value: what, and the values."""
    least, full = plain_draft(sender).sketch, sender.sketch(Fullest(), Fullest(), full=True)
    plan = next((plan for media, plan in sender.content if media is least.media), None)
    if plan is not None:
        least = least._replace(body=_least(plan, least.body))
    bases: list[tuple[int | None, Sketch]] = [(None, least)]
    for number, value in full.parameters.items():
        if number not in least.parameters:
            bases.append((number, least._replace(parameters={**least.parameters, number: value})))
    bases.append((None, least._replace(media=full.media, body=full.body)))
    ways = [_named(sender, number, base) for number, base in bases]
    seen = set()
    for each in chain.from_iterable(zip_longest(*ways)):
        if each is not None and each[0] not in seen:
            seen.add(each[0])
            yield each


def _named(sender: Sender, number: int | None, base: Sketch) -> Iterator[tuple[str, Sketch]]:
    start = ""
    if number is not None:
        start = f"{sender.parameters[number].location} {sender.parameters[number].name}: "
    return ((rule, sketch) for rule, sketch in sender.wrong(base) if rule.startswith(start))


def _of_parameter(sender: Sender, number: int, least: Sketch, full: Sketch) -> Iterator[Sketch]:
    plan, value = sender.plans[number], full.parameters[number]
    for other in (value, *(_values(plan, value) if plan is not None else ())):
        yield least._replace(parameters={**least.parameters, number: other})
    if not sender.parameters[number].required:
        yield full._replace(parameters={key: each for key, each in full.parameters.items() if key != number})


def _of_body(plan: Plan, media: Any, least: Sketch, full: Sketch) -> Iterator[Sketch]:
    try:
        whole = full.body if full.media is media else plan.node.draw(Fullest(), 0, first_example(media))
    except UnsatisfiedAssumption:  # fuzzing may find one
        return
    small = _least(plan, whole)
    yield least._replace(media=media, body=small)
    yield least._replace(media=media, body=whole)
    for value in _values(plan, whole, small):
        yield least._replace(media=media, body=value)


def _least(plan: Plan, value: Any) -> Any:
    """The value without all that it may be without."""
    for place in reversed(list(places(plan.node, value))):
        if place.path and not place.required:
            smaller = changed(value, place.path, None, remove=True)
            value = smaller if plan.is_valid(smaller) else value
    return value


def _values(plan: Plan, whole: Any, small: Any = None) -> Iterator[Any]:
    """The value with one thing in it at a bound, and the value without one thing. Where `small` has room for the thing
    the bound is shown in that."""
    ways = [_of_place(plan, place, whole, small) for place in places(plan.node, whole, first_items=True)]
    return (value for (value,) in (each for each in chain.from_iterable(zip_longest(*ways)) if each is not None))


def _of_place(plan: Plan, place: Place, whole: Any, small: Any) -> Iterator[tuple[Any]]:
    bases = [small, whole] if _holds(small, place.path[:-1]) else [whole]
    for bound in bounds(place):
        for base in bases:
            value = changed(base, place.path, bound)
            if plan.is_valid(value):
                yield (value,)
                break
    if place.path and not place.required:
        value = changed(whole, place.path, None, remove=True)
        if plan.is_valid(value):
            yield (value,)


def _holds(value: Any, path: tuple[str | int, ...]) -> bool:
    """Whether an object stands at a path, with objects on the way."""
    for token in path:
        value = value.get(token) if isinstance(value, dict) else None
    return isinstance(value, dict)


def bounds(place: Place) -> list[Any]:
    """What may stand at a place and is at a bound, or just inside; not all of it need be valid."""
    value, kind = place.value, place.kind
    found: list[Any] = []
    if isinstance(kind, ListedKind):
        found = list(kind.values[:_MOST_LISTED])
    elif kind is not None and isinstance(value, (int, float)):
        ends = [(kind.largest(name), 1) for name in ("minimum", "exclusiveMinimum")]
        ends += [(kind.smallest(name), -1) for name in ("maximum", "exclusiveMaximum")]
        step = kind.largest("multipleOf", 1)
        found = [end + each for end, way in ends if end is not None for each in (0, way * step)]
        found = [int(each) if isinstance(value, int) and each == int(each) else each for each in found]
    elif kind is not None and isinstance(value, str):
        lengths = _sizes(kind.largest("minLength"), kind.smallest("maxLength"), _LONGEST_TEXT)
        found = [text for length in lengths for text in _texts(place, value, length)]
    elif kind is not None and isinstance(value, list):
        sizes = _sizes(kind.largest("minItems"), kind.smallest("maxItems"), _LONGEST_LIST)
        found = [_cycled(value, size) for size in sizes if value or not size]
    if value is not None and place.node.keeps(None):
        found.append(None)
    return found


def _sizes(least: Any, most: Any, limit: int) -> list[int]:
    low = [] if least is None else [int(least), int(least) + 1]
    high = [] if most is None else [int(most), int(most) - 1]
    return [size for size in dict.fromkeys((*low, *high)) if 0 <= size <= limit]


def _texts(place: Place, value: str, length: int) -> list[str]:
    """A text of a length that keeps the schema there, near to a known one if that goes."""
    tries = (value[:length].ljust(length, value[-1:] or "a"), *(filler * length for filler in _FILLERS))
    return [text for text in tries if place.node.keeps(text)][:1]


def _cycled(items: list[Any], size: int) -> list[Any]:
    return [items[number % len(items)] for number in range(size)]
