"""The words in which a broken contract is told to the author of a test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.checks.places import place_of
from mockserver.contract.direction import at_pointer
from mockserver.spec.catalog import shipped
from mockserver.testing.journal import Call
from mockserver.testing.matching import shown

if TYPE_CHECKING:
    from mockserver.contract.schemas import Violation
    from mockserver.engine.api import Api

#: Where `mockserver serve` listens unless told otherwise: what a message shows must work in a shell of its own.
_SERVED = "http://127.0.0.1:4010"
_LONGEST = 400
_ABSENT: Any = object()


def where(violation: Violation) -> str:
    """`body /title`, `query limit`, `path`."""
    return f"{violation.location} {violation.pointer}".strip()


def headline(call: Call, violation: Violation) -> str:
    """One line that says it all: operation, place, and what is wrong."""
    place = f"{where(violation)}: " if violation.location == "body" and violation.pointer else ""
    return f"{call.operation or call.line} broke the contract: {place}{violation.message}"


def broken(call: Call, violation: Violation, api: Api | None) -> list[str]:
    """What was called, what was sent, what the contract wants and where it says so, and how to see it again."""
    rows = [("called", f"{call.line} -> {call.status} (call {call.number} of the test)"), ("where", where(violation))]
    sent = _sent(call, violation)
    if sent is not _ABSENT:
        rows.append(("sent", shown(sent)))
    rows.append(("wrong", violation.message))
    if violation.expected:
        rows.append(("wanted", violation.expected))
    if api is not None and violation.location != "strict":
        rows.append(("spec", str(place_of(violation, api))))
    if violation.hint:
        rows.append(("hint", violation.hint))
    return table([*rows, *repeat(call, api)])


def repeat(call: Call, api: Api | None) -> list[tuple[str, str]]:
    """How to make the call again by hand."""
    line = call.curl(_SERVED)
    if len(line) > _LONGEST * 5:
        line = f"{line[: _LONGEST * 5]}…"
    server = f"mockserver serve {_name(api)}" if api is not None else "mockserver serve"
    return [("repeat", f"{server}   # then, in another shell:"), ("", line)]


def faulty(call: Call) -> list[str]:
    """A fault of the mock itself: what was called, what went wrong and, if it is known, the traceback."""
    rows = [("called", f"{call.line} -> {call.status} (call {call.number} of the test)"), ("fault", call.fault)]
    lines = table(rows)
    if call.traceback:
        lines += ["", *("    " + line for line in call.traceback.rstrip().split("\n"))]
    elif call.trace:
        lines += table([("trace", each) for each in call.trace])
    return lines


def warned(calls: Sequence[Call]) -> list[str]:
    """The warnings of a test, each once."""
    found: dict[tuple[str, str], int] = {}
    for call in calls:
        for warning in call.warnings:
            key = (call.operation, warning.message)
            found[key] = found.get(key, 0) + 1
    return [
        f"  {operation}: {message}" + (f" ({times} times)" if times > 1 else "")
        for (operation, message), times in found.items()
    ]


def table(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Rows of a name and a text, beneath each other."""
    return [f"  {name:<7} {text}" for name, text in rows]


def _sent(call: Call, violation: Violation) -> Any:
    """The value that broke the contract."""
    location, pointer = violation.location, violation.pointer
    if location == "body" and call.body is None:
        return _ABSENT
    if location == "body":
        try:
            return at_pointer(call.body, pointer)
        except (KeyError, TypeError, ValueError, IndexError):
            return _ABSENT if pointer else call.body
    name, _, rest = pointer.partition("/")
    held = call.headers if location == "header" else call.parameters.get(location, {})
    if location in ("query", "header", "path", "cookie") and name in held:
        try:
            return at_pointer(held[name], f"/{rest}" if rest else "")
        except (KeyError, TypeError, ValueError, IndexError):
            return held[name]
    if location == "query":
        found = re.search(rf"(?:^|&){re.escape(name)}=([^&]*)", call.query)
        return found[1] if found else _ABSENT
    return _ABSENT


def _name(api: Api) -> str:
    """How `serve` finds the API: by its name when it ships, else by the path of its file."""
    ships = shipped().get(api.name)
    return (
        api.name if ships is not None and ships.openapi == api.folder.openapi else str(Path(api.contract.file).parent)
    )
