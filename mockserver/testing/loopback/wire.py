"""An answer as what happens on the connection: bytes, pauses, and how it ends. For a socket and without one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import Enum, auto
from typing import TypeAlias

from mockserver.messages import Faulted, Response
from mockserver.testing.loopback.http1 import head_bytes, sent_headers
from mockserver.web.sabotage import DRIP_SECONDS


class Ending(Enum):
    """How the server ends a connection: properly, or by a reset."""

    CLOSE = auto()
    RESET = auto()


class Passed(float):
    """Seconds that have passed already, on a clock that stands still otherwise. Nobody waits for them, but a client
    that would not have waited so long has given up."""


#: Bytes that are sent, seconds that pass (infinite: for ever), or the end. Without an end the connection stays open.
Step: TypeAlias = bytes | float | Ending

_NO_CHUNK = b"not a chunk at all\r\n"
_NO_HTTP = bytes(range(128, 256)) + b"\r\n\r\n"
_MOST_DROPS = 50


def steps_of(response: Response, method: str) -> Iterator[Step]:
    """What a server does to give `response`, with what is to go wrong on the way."""
    fault, delay = (response.fault, response.delay) if isinstance(response, Faulted) else ("", 0.0)
    if fault == "SLOW_DRIP" and not response.body:
        fault = ""  # there is nothing that could drip; it is as late as it would have been
    if delay and fault not in ("SLOW_DRIP", "TIMEOUT"):
        yield delay if isinstance(delay, Passed) else float(delay)
    headers = sent_headers(response, method)
    if fault == "CONNECTION_RESET_BY_PEER":
        yield Ending.RESET
    elif fault == "EMPTY_RESPONSE":
        yield Ending.CLOSE
    elif fault == "RANDOM_DATA_THEN_CLOSE":
        yield _NO_HTTP
        yield Ending.CLOSE
    elif fault == "MALFORMED_RESPONSE_CHUNK":
        kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
        yield head_bytes(response.status or 200, [*kept, ("Transfer-Encoding", "chunked")])
        yield _NO_CHUNK
        yield Ending.CLOSE
    elif fault == "TIMEOUT":
        yield float(delay or math.inf)
        yield Ending.CLOSE
    elif fault == "SLOW_DRIP":
        yield head_bytes(response.status, headers)
        size = math.ceil(len(response.body) / _MOST_DROPS)
        starts = range(0, len(response.body), size)
        for at in starts:
            yield (delay or DRIP_SECONDS) / len(starts)
            yield response.body[at : at + size]
    else:
        yield head_bytes(response.status, headers) + response.body
