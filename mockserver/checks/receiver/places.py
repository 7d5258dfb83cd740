"""Leaves of a JSON value: where they stand, and copies with others in their place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
#: Nothing stands there.
ABSENT: Any = object()
_SHOWN = 60
_MOST = 8  # differences that are told


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value that holds no other, with its path; empty arrays and objects too."""
    inner: Any = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    found = False
    for key, item in inner:
        found = True
        yield from leaves(item, (*path, key))
    if not found:
        yield path, value


def value_at(value: Any, path: Path) -> Any:
    """What stands at a path; `ABSENT` when nothing does."""
    for step in path:
        known = isinstance(value, dict) and step in value
        known = known or (isinstance(value, list) and isinstance(step, int) and step < len(value))
        if not known:
            return ABSENT
        value = value[step]
    return value


def put(value: Any, path: Path, new: Any) -> Any:
    """A copy with `new` at a path that is there."""
    if not path:
        return new
    copied: Any = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = put(value[path[0]], path[1:], new)
    return copied


def rewritten(value: Any, change: Callable[[Any], Any]) -> Any:
    """A copy in which `change` was applied to each object, the innermost first."""
    if isinstance(value, dict):
        return change({key: rewritten(item, change) for key, item in value.items()})
    if isinstance(value, list):
        return [rewritten(item, change) for item in value]
    return value


def shown(path: Path) -> str:
    """A path as people write it: `payload.items[0].id`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text or "the body"


def difference(sample: Any, value: Any, ignored: frozenset[Path]) -> str:
    """In words, what is other in `value` than in `sample`; places that are `ignored` are not compared."""
    found = sorted(_differences(sample, value, (), ignored), key=lambda text: text.startswith("without "))
    text = "; ".join(found[:_MOST])
    return text + (f"; and {len(found) - _MOST} more" if len(found) > _MOST else "")


def _differences(sample: Any, value: Any, path: Path, ignored: frozenset[Path]) -> Iterator[str]:
    if path in ignored:
        return
    if isinstance(sample, dict) and isinstance(value, dict):
        for key in sample:
            if key not in value:
                yield f"without {shown((*path, key))}"
            else:
                yield from _differences(sample[key], value[key], (*path, key), ignored)
        for key in value:
            if key not in sample:
                yield f"with {shown((*path, key))} = {_brief(value[key])}"
    elif sample != value or type(sample) is not type(value):
        yield f"{shown(path)} = {_brief(value)} in place of {_brief(sample)}"


def _brief(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
