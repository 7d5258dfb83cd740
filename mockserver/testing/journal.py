"""What was called: one `Call` for each exchange, with what the engine thought of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload
from urllib.parse import parse_qsl

from mockserver.contract.serialization import BodyError, read_json
from mockserver.engine.curl import to_curl
from mockserver.web.log import target

if TYPE_CHECKING:
    from mockserver.contract.schemas import Violation
    from mockserver.engine.journal import Exchange, Warn
    from mockserver.messages import Request

_USUAL = frozenset({("accept", "*/*")})  # curl sends it too
_FORM = "application/x-www-form-urlencoded"


class Answer:
    """What the mock answered. `headers` by lower-case name; `json` is None when the body is none."""

    def __init__(self, exchange: Exchange) -> None:
        self.status = exchange.response.status
        self.headers = {name.lower(): value for name, value in exchange.response.headers}
        self.body = exchange.response.body

    @cached_property
    def json(self) -> Any:
        """The body as a value."""
        return _json_of(self.body)

    def __repr__(self) -> str:
        return f"<answer {self.status}, {len(self.body)} bytes>"


class Call:
    """One call of the client. `number` counts the calls of the test from 1.

    `operation` is the operationId (empty: none was meant), `path` as the client sent it without the address of the
    mock, `query` the raw query string, `parameters` the values by `path`, `query`, `header`, `cookie`. `violations` say
    how the call broke the contract, `warnings` what is legal but would be regretted, `trace` why it was answered so.
    """

    def __init__(self, exchange: Exchange, number: int, prefix: str = "") -> None:
        self.exchange, self.number = exchange, number
        request = exchange.request
        self.request: Request = request
        self.api, self.operation = exchange.api, exchange.operation
        self.method, self.query = request.method, request.query
        self.path = _bare(request.path, prefix)
        self.headers: Mapping[str, str] = request.headers
        self.parameters: Mapping[str, Any] = exchange.parameters
        self.violations: Sequence[Violation] = exchange.violations
        self.warnings: Sequence[Warn] = exchange.warnings
        self.trace: Sequence[str] = exchange.trace
        self.fault, self.traceback = exchange.fault, exchange.traceback

    @cached_property
    def response(self) -> Answer:
        """What was answered."""
        return Answer(self.exchange)

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self.exchange.response.status

    @cached_property
    def body(self) -> Any:
        """The body of the request as a value: JSON, a form as a dict, else text (bytes where it is none); None for no
        body."""
        raw = self.request.body
        if not raw:
            return None
        if self.headers.get("content-type", "").startswith(_FORM):
            return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
        value = _json_of(raw)
        if value is not None or raw.strip() == b"null":
            return value
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw

    @property
    def json(self) -> Any:
        """The body of the request read as JSON; None when it is none."""
        return _json_of(self.request.body)

    def curl(self, base: str) -> str:
        """The same call as a line of shell, to the mock at `base` (`http://HOST:PORT`, no slash at the end)."""
        headers = {name: value for name, value in self.headers.items() if (name, value) not in _USUAL}
        headers.pop("user-agent", None)
        headers.pop("accept-encoding", None)
        return to_curl(self.request._replace(path=self.path, headers=headers), base)

    @property
    def line(self) -> str:
        """`POST /desk/tickets?limit=3`, fit for one line of a message."""
        return f"{self.method} {target(self.path, self.query)}"

    def __repr__(self) -> str:
        return f"<call {self.number}: {self.line} -> {self.status} {self.operation or '(no operation)'}>"


class Calls(Sequence[Call]):
    """The calls of a test, oldest first, as they stood when they were asked for."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = list(calls)

    def of(self, operation: str) -> Calls:
        """Those of one operation."""
        return Calls([call for call in self._calls if call.operation == operation])

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> Calls: ...
    def __getitem__(self, index: int | slice) -> Call | Calls:
        if isinstance(index, slice):
            return Calls(self._calls[index])
        if not -len(self._calls) <= index < len(self._calls):
            raise IndexError(f"there are {len(self._calls)} calls, none is number {index}")
        return self._calls[index]

    def __iter__(self) -> Iterator[Call]:
        return iter(self._calls)

    def __len__(self) -> int:
        return len(self._calls)

    def __repr__(self) -> str:
        return "[" + ",\n ".join(map(repr, self._calls)) + "]"


def _json_of(raw: bytes) -> Any:
    try:
        return read_json(raw) if raw else None
    except BodyError:
        return None


def _bare(path: str, prefix: str) -> str:
    return path.removeprefix(prefix) if prefix and path.startswith(f"{prefix}/") else path
