"""A broken contract as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One way in which a message breaks its contract.

    `location` is path, query, header, cookie, body, or the same behind `response.`; `pointer` a JSON pointer into the
    value (for parameters their name, then the pointer); `message` one sentence; `expected` what the contract wants;
    `schema` a JSON pointer into the document `file`, where the contract says so; `line` counts from 1 (0: unknown).
    """

    location: str
    pointer: str
    message: str
    expected: str
    schema: str
    file: str = ""
    line: int = 0
    hint: str = ""
