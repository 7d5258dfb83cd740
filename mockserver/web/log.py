"""The log of `serve`: a line per request with its verdict, written from the journal, never on a request's way."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Literal
from urllib.parse import quote

from mockserver.engine.json_text import dumps
from mockserver.state.clock import format_time

if TYPE_CHECKING:
    from mockserver.contract.schemas import Violation
    from mockserver.engine.journal import Exchange
    from mockserver.web.wsgi import Door
    from mockserver.webhooks.deliveries import Told

LogFormat = Literal["text", "json"]

_COLOURS = {"ok": "\x1b[32m", "warning": "\x1b[33m", "violation": "\x1b[31m", "problem": "\x1b[1;31m"}
_PLAIN = "\x1b[0m"
_PLAIN_MARKS = "/:@!$&'()*+,;=~-._"  # what may stand in a path as it is, beside letters and digits (RFC 3986)
_PLAIN_PATH = re.compile(rf"[A-Za-z0-9{re.escape(_PLAIN_MARKS)}]*")


class JournalLog:
    """Writes what the journal of the door's engine has that was not written yet. Used by one thread."""

    def __init__(self, door: Door, stream: IO[str], style: LogFormat = "text") -> None:
        self.door = door
        self._journal = door.engine.journal
        self._seq = self._journal.last_seq
        self._stream: IO[str] | None = stream
        self._style = style
        self._colour = style == "text" and wants_colour(stream)
        self._noticed = False
        self._outbox = door.engine.outbox
        self._told = 0

    def pump(self) -> None:
        """Write all new exchanges, of the old engine first when it has been swapped since."""
        self._drain()
        journal = self.door.engine.journal
        if journal is not self._journal:
            self._journal, self._seq = journal, 0
            self._outbox, self._told = self.door.engine.outbox, 0
            self._drain()

    def note(self, text: str) -> None:
        """Say something that is no request: as a line of text, or as a JSON object like all the others."""
        line = _message(text) if self._style == "json" else text
        self.write(f"{line}\n")

    def write(self, text: str) -> None:
        """Write finished lines; a reader that has gone away is no reason to stop serving."""
        if self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._stream = None

    def _drain(self) -> None:
        new = self._journal.since(self._seq)
        if new:
            self._seq = new[-1].seq
            if self._stream is not None:
                self.write("".join(map(self._lines, new)))
        if self._told != self._outbox.log.told:
            sent = self._outbox.attempts_since(self._told)
            if sent and self._stream is not None:
                self.write("".join(delivery_line(self._style, each) for each in sent))
            self._told = sent[-1].number if sent else self._outbox.log.told

    def _lines(self, exchange: Exchange) -> str:
        """An exchange; beneath the first in a run that has a notice, that."""
        lines = json_line(exchange) if self._style == "json" else text_lines(exchange, self._colour)
        if not exchange.notice or self._noticed:
            return lines
        self._noticed = True
        notice = printable(exchange.notice)
        return lines + (f"{_message(notice)}\n" if self._style == "json" else f"    {notice}\n")


def _message(text: str) -> str:
    return dumps({"message": text}).decode()


def wants_colour(stream: IO[str]) -> bool:
    """Colour is for terminals, and for those who have not set NO_COLOR (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def text_lines(exchange: Exchange, colour: bool = False) -> str:
    """`12:00:01 POST /pets 201 createPet 0.3 ms ok`, and indented beneath what was wrong or why it was refused.

    Cheap on purpose: under load this thread takes its time from the one that answers.
    """
    request, verdict = exchange.request, exchange.verdict
    shown = f"{_COLOURS[verdict]}{verdict}{_PLAIN}" if colour else verdict
    line = (
        f"{_time_of_day(int(exchange.at))} {_request_line(request.method, request.path, request.query)} "
        f"{exchange.response.status} {exchange.operation or '-'} {exchange.duration * 1000:.1f} ms {shown}\n"
    )
    if verdict == "ok" and exchange.operation and not _refusal(exchange):
        return line
    return line + "".join(f"    {printable(remark)}\n" for remark in _remarks(exchange))


def delivery_line(style: LogFormat, told: Told) -> str:
    """`12:00:01 webhook order.placed http://127.0.0.1:8080/hooks answered 200, 0.7 ms delivered`; as JSON the same."""
    verdict = printable(told.verdict)
    if style == "json":
        record = {
            "time": format_time(datetime.fromtimestamp(told.at, UTC), 3),
            "webhook": told.event,
            "api": told.api,
            "namespace": told.namespace,
            "delivery": told.delivery,
            "url": printable(told.url),
            "attempt": told.attempt,
            "delivered": told.delivered,
            "verdict": verdict,
            "duration_ms": None if told.duration is None else round(told.duration * 1000, 3),
        }
        return dumps(record).decode() + "\n"
    line = f"{_time_of_day(int(told.at))} webhook {printable(told.event)} {printable(told.url)} {verdict}"
    if told.duration is None:
        return f"{line} {told.status}\n"
    return f"{line}, {told.duration * 1000:.1f} ms {'delivered' if told.delivered else 'not delivered'}\n"


def json_line(exchange: Exchange) -> str:
    """The same as one JSON object on one line."""
    request = exchange.request
    record = {
        "time": format_time(datetime.fromtimestamp(exchange.at, UTC), 3),
        "seq": exchange.seq,
        "api": exchange.api,
        "namespace": exchange.namespace,
        "method": printable(request.method),
        "target": target(request.path, request.query),
        "status": exchange.response.status,
        "operation": exchange.operation,
        "duration_ms": round(exchange.duration * 1000, 3),
        "verdict": exchange.verdict,
        "violations": [
            {"location": found.location, "pointer": found.pointer, "message": found.message}
            for found in exchange.violations
        ],
        "warnings": [warning.message for warning in exchange.warnings],
    }
    if exchange.fault:
        record["fault"] = exchange.fault
    elif reason := _refusal(exchange):
        record["reason"] = reason
    return dumps(record).decode() + "\n"


@lru_cache(maxsize=16)
def _time_of_day(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).astimezone().strftime("%H:%M:%S")


@lru_cache(maxsize=256)
def _request_line(method: str, path: str, query: str) -> str:
    return f"{printable(method)} {target(path, query)}"


def target(path: str, query: str) -> str:
    """Path and query as they would stand in a request line: nothing in it can break a line or a terminal."""
    shown = path if _PLAIN_PATH.fullmatch(path) else quote(path, safe=_PLAIN_MARKS, errors="surrogateescape")
    return f"{shown}?{printable(query)}" if query else shown


def printable(text: str) -> str:
    """`text` with all that is not printable as escapes, cut to a length that a log can bear."""
    text = text if len(text) <= 500 else f"{text[:500]}…"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _remarks(exchange: Exchange) -> Iterator[str]:
    for violation in exchange.violations:
        yield _violation(violation)
    for warning in exchange.warnings:
        yield f"warning: {warning.message}"
    if exchange.fault or not (exchange.operation or exchange.violations):  # a violation says it all
        yield from exchange.trace
    elif not (exchange.violations or exchange.notice) and (reason := _refusal(exchange)):
        yield reason


def _refusal(exchange: Exchange) -> str:
    """Why the request was refused, as its last step put it; empty when it was not."""
    last = exchange.trace[-1] if exchange.trace else ""
    return last if last.startswith(f"{exchange.response.status}: ") else ""


def _violation(violation: Violation) -> str:
    where = f"{violation.location} {violation.pointer}".strip()
    return f"violation: {where}: {violation.message}" + (f" ({violation.hint})" if violation.hint else "")
