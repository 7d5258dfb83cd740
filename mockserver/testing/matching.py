"""Whether a call is the one that a test asserts, and if not, where it differs: by JSON pointer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from mockserver.contract.wording import brief
from mockserver.spec.references import join
from mockserver.testing.journal import Call

_MOST_SHOWN = 3  # of the calls that came nearest
_MOST_DIFFERENCES = 6  # of each
_ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a call must be like; None asks for nothing. `body` and the mappings are matched in part: what they do not
    name may be anything. `path` is a mapping of path parameters, or the path as text."""

    body: Any = None
    query: Mapping[str, Any] | None = None
    path: Mapping[str, Any] | str | None = None
    headers: Mapping[str, str] | None = None

    @property
    def asks(self) -> str:
        """In words: what of a call is asked for; empty when any will do."""
        parts = [name for name in ("body", "query", "path", "headers") if getattr(self, name) is not None]
        return f" with this {' and '.join(parts)}" if parts else ""

    def differences(self, call: Call) -> list[str]:
        """Where the call is another; empty when it fits."""
        found: list[str] = []
        if self.path is not None:
            found += _path(self.path, call)
        if self.query is not None:
            found += _named("query", self.query, call.parameters.get("query", {}), _raw(call.query))
        if self.headers is not None:
            lowered = {name.lower(): value for name, value in self.headers.items()}
            found += _named("header", lowered, {}, call.headers)
        if self.body is not None:
            if call.body is None:
                found.append("the call has no body")
            else:
                found += [f"body {difference}" for difference in compared(self.body, call.body)]
        return found


def compared(wanted: Any, got: Any, pointer: str = "") -> Iterator[str]:
    """Where `got` does not hold all of `wanted`: an object may have further keys, a list no further items."""
    if isinstance(wanted, Mapping) and isinstance(got, Mapping):
        for name, value in wanted.items():
            place = join(pointer, str(name))
            if name in got:
                yield from compared(value, got[name], place)
            else:
                yield f"{place}: is missing, wanted {shown(value)}"
    elif _is_list(wanted) and _is_list(got):
        for at in range(min(len(wanted), len(got))):
            yield from compared(wanted[at], got[at], join(pointer, at))
        if len(wanted) != len(got):
            yield f"{pointer or '/'}: has {len(got)} items, wanted {len(wanted)}"
    elif not _equal(wanted, got):
        yield f"{pointer or '/'}: {shown(got)} instead of {shown(wanted)}"


def report(
    operation: str, expected: str, wanted: Wanted, fitting: int, calls: Sequence[Call], all: Sequence[Call]
) -> str:
    """Why an assertion about the calls of an operation failed: how many there were, those that came nearest and where
    they differ, or what was called instead."""
    times = {0: "never called", 1: "called once"}.get(fitting, f"called {fitting} times")
    lines = [f"{operation} was {times}{wanted.asks}, expected {expected}"]
    if calls and fitting < len(calls):
        others = [(found, call) for call in calls if (found := wanted.differences(call))]
        others.sort(key=lambda each: (len(each[0]), -each[1].number))
        lines.append(
            f"  {_count(len(others), 'call')} of {operation} differ{'s' if len(others) == 1 else ''}, nearest first:"
        )
        for differences, call in others[:_MOST_SHOWN]:
            lines.append(f"    call {call.number}: {call.line} -> {call.status}")
            lines += [f"      {difference}" for difference in differences[:_MOST_DIFFERENCES]]
            if len(differences) > _MOST_DIFFERENCES:
                lines.append(f"      and {len(differences) - _MOST_DIFFERENCES} more")
        if len(others) > _MOST_SHOWN:
            lines.append(f"    and {len(others) - _MOST_SHOWN} more")
    elif fitting:
        lines.append("  the calls:")
        lines += _listed([call for call in calls if not wanted.differences(call)])
    elif all:
        lines.append("  called instead:")
        lines += _listed(all)
    else:
        lines.append("  nothing was called at all: does the client use the URL of the mock?")
    return "\n".join(lines)


def shown(value: Any) -> str:
    """A value in a message: JSON as such, anything else as Python shows it."""
    if value is None or isinstance(value, (str, int, float, bool, list, dict)):
        try:
            return brief(value)
        except (TypeError, ValueError):
            pass
    return f"{value!r:.80}"


def _listed(calls: Sequence[Call]) -> list[str]:
    lines = [
        f"    call {call.number}: {call.line} -> {call.status} {call.operation or '(no operation)'}"
        for call in calls[:10]
    ]
    return lines if len(calls) <= 10 else [*lines, f"    and {len(calls) - 10} more"]


def _path(wanted: Mapping[str, Any] | str, call: Call) -> list[str]:
    if isinstance(wanted, str):
        inside = call.path.removeprefix(f"/{call.api}")
        return [] if wanted in (inside, call.path) else [f"path: {inside} instead of {wanted}"]
    return _named("path", wanted, call.parameters.get("path", {}), {})


def _named(
    where: str, wanted: Mapping[str, Any], typed: Mapping[str, Any], raw: Mapping[str, str | list[str]]
) -> list[str]:
    """Parameters by name, as the contract reads them or as they were sent."""
    found = []
    for name, value in wanted.items():
        seen = [held[name] for held in (typed, raw) if name in held]
        if not seen:
            found.append(f"{where} {name}: is missing, wanted {shown(value)}")
        elif not any(_equal(value, each) or (isinstance(each, str) and str(value) == each) for each in seen):
            found.append(f"{where} {name}: {shown(seen[0])} instead of {shown(value)}")
    return found


def _raw(query: str) -> dict[str, str | list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _equal(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, bool) != isinstance(got, bool) and isinstance(wanted, (bool, int, float)):
        return False  # true is not 1
    return bool(wanted == got)


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
