"""`Prefer: code=404, example=NAME, dynamic=true`: the author of a test asks for one documented answer.

The same words also work in the query (`__code`, `__example`, `__dynamic`), for clients whose headers are out of reach.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from mockserver.contract.model import Operation
from mockserver.messages import Request

_TWINS = {"__code": "code", "__example": "example", "__dynamic": "dynamic"}
_STATUS = re.compile(r"[1-9][0-9]{2}")


@dataclass(frozen=True, slots=True)
class Preference:
    """What was asked for. `code` is 0 when any success will do, `no_code` what stood there in the place of a status."""

    code: int = 0
    example: str = ""
    dynamic: bool = False
    no_code: str | None = None

    def describe(self) -> str:
        """As it stood in the header."""
        words = [f"code={self.code or self.no_code}"] if self.code or self.no_code is not None else []
        words += [f"example={self.example}"] if self.example else []
        words += ["dynamic=true"] if self.dynamic else []
        return ", ".join(words)


def read_preference(request: Request) -> Preference | None:
    """The preference of a request; None when it has none. Words that are not ours are left alone (RFC 7240)."""
    words: dict[str, str] = {}
    header = request.headers.get("prefer")
    if header:
        for part in header.replace(";", ",").split(","):
            name, _, value = part.strip().partition("=")
            words.setdefault(name.strip().lower(), value.strip().strip('"'))  # of several the first counts
    if "__" in request.query:
        twins: dict[str, str] = {}
        for name, value in parse_qsl(request.query, keep_blank_values=True):
            if name in _TWINS:
                twins.setdefault(_TWINS[name], value)
        words |= twins
    code = words.get("code")
    known = code is not None and _STATUS.fullmatch(code) is not None
    found = Preference(
        int(code) if code is not None and known else 0,
        words.get("example", ""),
        words.get("dynamic", "").lower() == "true",
        None if known else code,
    )
    return found if found != Preference() else None


def without_twins(request: Request) -> Request:
    """The request as the API's contract sees it: the twins taken out of the query."""
    kept = [pair for pair in request.query.split("&") if pair.partition("=")[0] not in _TWINS]
    return request._replace(query="&".join(kept))


def documented(operation: Operation) -> str:
    """The statuses that may be asked for, as a list in words."""
    return ", ".join(operation.responses)
