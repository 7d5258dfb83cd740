"""What happened: one exchange after another, in a ring, so that memory stays bounded however long the mock runs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from mockserver.behaviour.caller import ANONYMOUS
from mockserver.contract.schemas import Violation
from mockserver.messages import Request, Response
from mockserver.state.clock import format_time

_MOST_BYTES = 64 * 1024 * 1024
_SHOWN_BODY = 64 * 1024


class Warn:
    """Legal, but a real integration would regret it. `rule` names what noticed it."""

    __slots__ = ("message", "rule")

    def __init__(self, rule: str, message: str) -> None:
        self.rule, self.message = rule, message

    def as_json(self) -> dict[str, str]:
        """As the admin API shows it."""
        return {"rule": self.rule, "message": self.message}


class Exchange:
    """One request on its way through the engine, and afterwards its entry in the journal.

    `at` is the clock's time in seconds since the epoch, `duration` real seconds spent in the engine. `trace` has a line
    for each step that decided something. `caller` is who called, as far as the credential tells. `fault` describes a
    fault of the mock itself (empty: none). `notice` is what the log tells once in a run (empty: nothing).
    """

    __slots__ = (
        *("seq", "request", "response", "at", "duration", "api", "namespace", "operation", "parameters"),
        *("violations", "warnings", "trace", "fault", "traceback", "notice", "weight", "caller"),
    )

    def __init__(self, request: Request, at: float) -> None:
        self.request = request
        self.at = at
        self.seq = 0
        self.api = ""
        self.namespace = ""
        self.operation = ""
        self.parameters: dict[str, Any] = {}
        self.response = Response(0)
        self.duration = 0.0
        self.violations: list[Violation] = []
        self.warnings: list[Warn] = []
        self.trace: list[str] = []
        self.fault = ""
        self.traceback = ""
        self.notice = ""
        self.weight = 0
        self.caller = ANONYMOUS

    @property
    def verdict(self) -> str:
        """ok, warning, violation, or problem (a fault of the mock itself)."""
        if self.fault:
            return "problem"
        if self.violations:
            return "violation"
        return "warning" if self.warnings else "ok"

    def weigh(self) -> int:
        """How many bytes the entry holds of what a client can make large; kept in `weight`."""
        request = self.request
        held = len(request.body) + len(self.response.body) + len(request.query) + len(request.path)
        self.weight = held + sum(map(len, request.headers)) + sum(map(len, request.headers.values()))
        return self.weight

    def as_json(self) -> dict[str, Any]:
        """As the admin API shows it."""
        request, response = self.request, self.response
        shown = {
            "seq": self.seq,
            "at": format_time(datetime.fromtimestamp(self.at, UTC), 3),
            "duration_ms": round(self.duration * 1000, 3),
            "api": self.api or None,
            "namespace": self.namespace,
            "operation": self.operation or None,
            "verdict": self.verdict,
            "request": {
                "method": request.method,
                "path": _shown_text(request.path),
                "query": request.query,
                "headers": {name: _shown_text(value) for name, value in request.headers.items()},
                "body": _shown_body(request.body),
            },
            "parameters": self.parameters,
            "response": {
                "status": response.status,
                "headers": [list(header) for header in response.headers],
                "body": _shown_body(response.body),
            },
            "violations": [asdict(violation) for violation in self.violations],
            "warnings": [warning.as_json() for warning in self.warnings],
            "trace": list(self.trace),
        }
        if self.fault:
            shown["fault"] = {"message": self.fault, "traceback": self.traceback}
        return shown


class Journal:
    """The last `size` exchanges, at most 64 MiB of bodies among them; the oldest go first."""

    def __init__(self, size: int = 10_000) -> None:
        self.last_seq = 0
        #: Told of every exchange once it is numbered, in order; it must be quick, since every call waits for it.
        self.listener: Callable[[Exchange], object] | None = None
        self._size = size
        self._ring: deque[Exchange] = deque()
        self._bytes = 0
        self._lock = threading.Lock()

    def record(self, exchange: Exchange) -> None:
        """Add an exchange at the end and number it."""
        weight = exchange.weigh()
        with self._lock:
            self.last_seq += 1
            exchange.seq = self.last_seq
            if self.listener is not None:
                self.listener(exchange)
            ring = self._ring
            ring.append(exchange)
            self._bytes += weight
            while len(ring) > self._size or (self._bytes > _MOST_BYTES and len(ring) > 1):
                self._bytes -= ring.popleft().weight

    def __len__(self) -> int:
        return len(self._ring)

    def since(self, seq: int, limit: int | None = None) -> list[Exchange]:
        """The exchanges numbered above `seq`, oldest first, at most `limit`."""
        with self._lock:
            if seq >= self.last_seq:
                return []
            newer: list[Exchange] = []
            for exchange in reversed(self._ring):
                if exchange.seq <= seq:
                    break
                newer.append(exchange)
        newer.reverse()
        return newer if limit is None else newer[:limit]

    def find(
        self,
        *,
        api: str | None = None,
        operation: str | None = None,
        status: int | None = None,
        violations: bool | None = None,
        namespace: str | None = None,
        since: int | None = None,
        limit: int | None = None,
    ) -> list[Exchange]:
        """The exchanges that fit every condition given, oldest first; with `limit` the newest of them."""
        found: Iterable[Exchange] = reversed(self.since(since or 0))
        found = (
            exchange
            for exchange in found
            if (api is None or exchange.api == api)
            and (operation is None or exchange.operation == operation)
            and (status is None or exchange.response.status == status)
            and (violations is None or bool(exchange.violations) == violations)
            and (namespace is None or exchange.namespace == namespace)
        )
        return list(islice(found, limit))[::-1]

    def clear(self, api: str | None = None, namespace: str | None = None) -> None:
        """Forget all, or what belongs to one API or one namespace. Numbers go on."""
        with self._lock:
            kept = [
                exchange
                for exchange in self._ring
                if (api is not None and exchange.api != api)
                or (namespace is not None and exchange.namespace != namespace)
            ]
            self._ring = deque(kept)
            self._bytes = sum(exchange.weight for exchange in kept)


def _shown_text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _shown_body(body: bytes) -> str | dict[str, Any]:
    """A body as text where it is text; else its size and a few bytes in hexadecimal. Long ones are cut."""
    cut = body[:_SHOWN_BODY]
    try:
        text = cut.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(body) <= _SHOWN_BODY or error.start < _SHOWN_BODY - 3:
            return {"bytes": len(body), "hex": body[:64].hex()}
        text = cut[: error.start].decode("utf-8")  # the cut goes through a character
    return text if len(body) <= _SHOWN_BODY else {"bytes": len(body), "text": text}
