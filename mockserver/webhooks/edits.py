"""Changes to the body of an event by path: `payload.object.title`, `items.0.name`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import orjson

from mockserver.contract.schemas import Schema
from mockserver.exceptions import UsageError, did_you_mean

_MOST_ITEMS = 10_000


class Change(NamedTuple):
    """`value` is put at `path`; when `removed` what stands there goes."""

    path: str
    value: Any = None
    removed: bool = False


def checked(changes: Iterable[Change], schema: Schema | None) -> tuple[Change, ...]:
    """The changes, if the schema knows their paths and allows their values. Raises UsageError."""
    found = tuple(changes)
    for change in found:
        place = schema_at(change.path, schema)
        if place is None or change.removed:
            continue
        for wrong in place.explain(change.value, direction="response", location="body"):
            at = f"{change.path}{wrong.pointer.replace('/', '.')}"
            raise UsageError(f"'{at}' cannot be {_brief(change.value)}: {wrong.message}", wrong.hint or wrong.expected)
    return found


def from_text(path: str, text: str, schema: Schema | None) -> Change:
    """A change as it is written on a command line: text where the schema takes the text as it stands and no JSON of
    it. Raises UsageError when the schema does not know the path."""
    place = schema_at(path, schema)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return Change(path, text)
    if place is None or place.is_valid(value, direction="response") or not place.is_valid(text, direction="response"):
        return Change(path, value)
    return Change(path, text)


def schema_at(path: str, schema: Schema | None) -> Schema | None:
    """What a path leads to; None when anything may stand there. Raises UsageError when the schema lacks it."""
    steps = path.split(".")
    for at, step in enumerate(steps):
        if schema is None:
            return None
        before = f"'{'.'.join(steps[:at])}'" if at else "the event"
        named = schema.properties()
        if step in named:
            schema = named[step]
        elif step.isdecimal() and schema.items() is not None:
            schema = schema.items()
        elif step and _takes_anything(step, schema):
            return None
        else:
            known = f"there are: {', '.join(named)}" if named else ""
            raise UsageError(f"{before} has no '{step[:80]}'", did_you_mean(step, named, known))
    return schema


def _takes_anything(step: str, schema: Schema) -> bool:
    types = schema.possible_types()
    if step.isdecimal() and "array" in types:
        return True
    return schema.open_properties() and (not types or "object" in types)


def apply_changes(value: Any, changes: Sequence[Change]) -> Any:
    """A copy of `value` with the changes. Raises UsageError when a path does not fit what stands there."""
    if not changes:
        return value
    changed = deepcopy(value)
    for change in changes:
        changed = _changed(changed, change.path.split("."), change, change.path)
    return changed


def _changed(value: Any, steps: list[str], change: Change, path: str) -> Any:
    """`value` with what is beneath the first of `steps` changed; it is changed in place where it can be."""
    if not steps:
        return change.value
    step, rest = steps[0], steps[1:]
    if isinstance(value, list):
        index = int(step) if step.isdecimal() and len(step) < 9 else -1
        if not 0 <= index <= min(len(value), _MOST_ITEMS):
            raise UsageError(f"'{path}': the list has {len(value)} items, counted from 0, and no '{step[:80]}'")
        if index == len(value):
            if not change.removed:
                value.append(_changed(None, rest, change, path))
        elif change.removed and not rest:
            del value[index]
        else:
            value[index] = _changed(value[index], rest, change, path)
        return value
    if value is None:
        value = [] if step == "0" else {}
        return value if change.removed else _changed(value, steps, change, path)
    if not isinstance(value, dict):
        raise UsageError(f"'{path}': {_brief(value)} has no '{step[:80]}'")
    if change.removed and (not rest or step not in value):
        value.pop(step, None)
    else:
        value[step] = _changed(value.get(step), rest, change, path)
    return value


def _brief(value: Any) -> str:
    try:
        text = orjson.dumps(value, default=str).decode()
    except TypeError:  # a whole number beyond 64 bits
        text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
