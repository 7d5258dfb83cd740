"""Requests in which ids are still to be filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from mockserver.strategies.adapter import Sent
from mockserver.strategies.drawing import Drawing, Mode
from mockserver.strategies.links import Use
from mockserver.strategies.requests import Sender
from mockserver.strategies.variants import Fullest

#: What may name a record that nobody has, from the likeliest to fit a schema.
_NOBODY = ("no-such-id", "0", "00000000-0000-4000-8000-00000000dead", "999999999999", "x0000000000000000000000000")


class Draft:
    """A valid request as values. `at(use, key)` puts ids where they belong, `sent` is the request that comes of it."""

    def __init__(self, sender: Sender, sketch: Any, *, documented: bool = True) -> None:
        self.sender, self._sketch, self.documented = sender, sketch, documented

    @property
    def sketch(self) -> Any:
        """What the sender writes the request from."""
        return self._sketch

    def _changed(self, **parts: Any) -> Draft:
        return Draft(self.sender, self._sketch._replace(**parts), documented=self.documented)

    def __repr__(self) -> str:
        parameters, value = self.values()
        shown = {name: found for name, found in parameters.items() if found}
        return f"{shown | ({'body': value} if value is not None else {})}"

    def values(self) -> tuple[dict[str, dict[str, Any]], Any]:
        """The parameters by location and name, and the body."""
        parameters: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}, "cookie": {}}
        for number, value in self._sketch.parameters.items():
            parameter = self.sender.parameters[number]
            parameters[parameter.location][parameter.name] = value
        return parameters, self._sketch.body if self._sketch.media is not None else None

    def at(self, use: Use, key: Any) -> Draft:
        """With `key` (None: one that nobody has) at that place; as it is where the place is left out, or where no key
        fits. Of a list it becomes the only element."""
        for candidate in [key] if key is not None else _NOBODY:
            changed = self._with(use, candidate)
            if changed is not None and changed.sent() is not None:
                return changed
        return self

    def holds(self, use: Use, key: Any) -> bool:
        """Whether `key` (None: one that nobody has) stands at that place."""
        parameters, body = self.values()
        found = parameters.get(use.location, {}).get(use.name) if use.location != "body" else _member(body, use.name)
        found = found[0] if isinstance(found, list) and len(found) == 1 else found
        return str(found) in _NOBODY if key is None else str(found) == str(key)

    def set(self, values: Mapping[str, Any]) -> Draft:
        """With other values for query parameters; those that are not known are left out."""
        given = dict(self._sketch.parameters)
        for number, parameter in enumerate(self.sender.parameters):
            if parameter.location == "query" and parameter.name in values:
                given[number] = values[parameter.name]
        return self._changed(parameters=given)

    def sent(self) -> Sent | None:
        """The request; None when it cannot be sent, or would not be valid."""
        request = self.sender.sent(self._sketch)
        if request is None or self.sender.problems(request) != []:
            return None
        return Sent.of(request, *self.values())

    def _with(self, use: Use, key: Any) -> Draft | None:
        if use.location == "body":
            if self._sketch.media is None:
                return None
            body = _placed(self._sketch.body, use.name.split(".") if use.name else [], key)
            return None if body is None else self._changed(body=body)
        given = dict(self._sketch.parameters)
        for number, parameter in enumerate(self.sender.parameters):
            if (parameter.location, parameter.name) == (use.location, use.name) and number in given:
                given[number] = _like(given[number], key)
                return self._changed(parameters=given)
        return None


def _placed(value: Any, path: list[str], key: Any) -> Any:
    """The value with `key` at a path; None where the path leads nowhere."""
    if not path:
        return _like(value, key)
    if not isinstance(value, dict) or path[0] not in value:
        return None
    inner = _placed(value[path[0]], path[1:], key)
    return None if inner is None else {**value, path[0]: inner}


def _member(value: Any, name: str) -> Any:
    for part in name.split(".") if name else ():
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _like(old: Any, key: Any) -> Any:
    """The key as what stood there: in a list, as a number."""
    if isinstance(old, list):
        return [_like(old[0], key) if old else key]
    if isinstance(old, int) and not isinstance(old, bool) and str(key).isdigit():
        return int(key)
    return key


def plain_draft(sender: Sender) -> Draft:
    """The request with only what must be there, always the same."""
    sketch = sender.sketch(_Least(), _Least())
    return Draft(sender, sketch)


class _Least(Fullest):
    """The first of each choice, and nothing that may be left out."""

    def wants(self, likely: bool) -> bool:
        return False

    def likely(self, count: int) -> list[bool]:
        return [False] * count


@st.composite
def drafts(draw: Any, sender: Sender, mode: Mode) -> Draft:
    """Valid requests of an operation, as values."""
    draft = Draft(
        sender, sender.sketch(Drawing(draw, mode), Drawing(draw, mode, plain=True)), documented=mode == "documented"
    )
    if draft.sent() is None:
        reject()
    return draft
