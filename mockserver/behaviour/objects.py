"""Functions of the language that put objects together and take members out of them. None goes deeper than the members
themselves, and none changes what it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from mockserver.contract.wording import brief

_KINDS = {
    list: "a list",
    Mapping: "an object",
    datetime: "a moment",
    timedelta: "an amount of time",
    bytes: "bytes",
}


def merge(*objects: Any) -> dict[str, Any]:
    """One object with the members of all; where two have the same, the later one wins. Null has no members."""
    merged: dict[str, Any] = {}
    for given in objects:
        merged.update(_members("merge", given))
    return merged


def omit(given: Any, *keys: str) -> dict[str, Any]:
    """The object without some members."""
    left_out = _keys("omit", keys)
    return {name: value for name, value in _members("omit", given).items() if name not in left_out}


def pick_keys(given: Any, keys: Any) -> dict[str, Any]:
    """The object with none but some members, as far as it has them."""
    if not isinstance(keys, (list, tuple)):
        raise TypeError(f"pick_keys: takes a list of keys, not {_kind(keys)}")
    kept = _keys("pick_keys", keys)
    return {name: value for name, value in _members("pick_keys", given).items() if name in kept}


def without_nulls(given: Any) -> dict[str, Any]:
    """The object without the members that are null."""
    return {name: value for name, value in _members("without_nulls", given).items() if value is not None}


def _members(function: str, given: Any) -> Mapping[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(f"{function}: takes objects, not {_kind(given)}")
    return given


def _keys(function: str, keys: Any) -> frozenset[str]:
    for key in keys:
        if not isinstance(key, str):
            raise TypeError(f"{function}: a key is a text, not {_kind(key)}")
    return frozenset(keys)


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return f"the text {brief(value)}"
    if value is None or isinstance(value, (bool, int, float)):
        return brief(value)
    return next((words for kind, words in _KINDS.items() if isinstance(value, kind)), "a collection")


OBJECT_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "merge": merge,
    "omit": omit,
    "pick_keys": pick_keys,
    "without_nulls": without_nulls,
}
