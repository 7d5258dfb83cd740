"""Sends messages to a receiver: over a connection that is kept, in small pieces, or many at once."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from mockserver.behaviour.declared import Delivering
from mockserver.checks.receiver.messages import Message
from mockserver.exceptions import TransportError
from mockserver.messages import Response
from mockserver.state.clock import Stopwatch
from mockserver.transport import Line
from mockserver.webhooks.attempt import Outcome, judged

_PATIENCE = 0.9  # of the deadline: who has said nothing until then has let it pass
_RESENT = "sent again"  # what a line notes when it has done so
_SHOWN = 100  # characters of an answer


class Answer(NamedTuple):
    """What came of sending. `arrived` is whether the API would count it as delivered; `said` tells it in words. `hung`:
    nothing came until the deadline; `listening` is False when nobody takes a connection any more; `resent`: the kept
    connection ended without an answer, and this is the one to the same message over a fresh connection."""

    outcome: Outcome
    arrived: bool
    said: str
    hung: bool = False
    listening: bool = True
    resent: bool = False

    @property
    def status(self) -> int:
        """Of the answer; 0 when there was none."""
        return self.outcome.response.status if self.outcome.response else 0

    @property
    def broke(self) -> bool:
        """Whether the receiver has let go of the connection, or was not there."""
        return not self.status and not self.hung


class Wire:
    """The way to one receiver. For one thread at a time."""

    def __init__(self, url: str, delivering: Delivering) -> None:
        """Raises UsageError for what is no URL."""
        self.url, self._delivering = url, delivering
        self._line = Line(url)
        self.hangs = 0

    @property
    def deadline(self) -> float:
        """Seconds in which an answer must have begun."""
        return self._delivering.timeout

    def close(self) -> None:
        """End the connection that is kept."""
        self._line.close()

    def renew(self) -> None:
        """Let go of the kept connection: a receiver that serves one at a time is free for others."""
        self._line.close()
        self._line = Line(self.url)

    def send(self, message: Message, timeout: float | None = None) -> Answer:
        """Send one message, with `timeout` seconds for the answer; none said: the deadline of the API."""
        answer = self._send(self._line, message, timeout or self.deadline)
        self.hangs += answer.hung
        return answer

    def send_at_once(self, messages: Sequence[Message]) -> list[Answer]:
        """Send all at the same time, each over a connection of its own; the answers are in the order of `messages`."""
        self.renew()
        gate = threading.Barrier(len(messages))
        answers: dict[int, Answer] = {}

        def one(at: int, message: Message) -> None:
            line = Line(self.url)
            try:
                gate.wait()
                answers[at] = self._send(line, message, self.deadline)
            finally:
                line.close()

        threads = [threading.Thread(target=one, args=(at, each)) for at, each in enumerate(messages)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = [answers[at] for at in range(len(messages))]
        self.hangs += any(each.hung for each in found)
        return found

    def send_in_pieces(self, message: Message, pieces: int, pause: float) -> Answer:
        """Send the body in so many pieces, `pause` seconds apart. An answer that comes before the end is read too."""
        self.renew()
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self.deadline)
        began = Stopwatch.read()
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.putrequest("POST", target, skip_accept_encoding=True)
            for name, value in {**message.headers, "content-length": str(len(message.body))}.items():
                connection.putheader(name, value.encode("latin-1"))
            connection.endheaders()
            _pour(connection, message.body, pieces, pause)
            began = Stopwatch.read()  # what the sender takes is not the receiver's
            came = connection.getresponse()
            body = came.read(64 * 1024)
            outcome = Outcome(Response(came.status, tuple(came.getheaders()), body), "", Stopwatch.read() - began)
        except TimeoutError:
            outcome = Outcome(None, f"no answer from {self.url} within {self.deadline:g} s", Stopwatch.read() - began)
            self.hangs += 1
            return self._judged(outcome, hung=True)
        except ConnectionRefusedError:
            outcome = Outcome(None, f"nothing listens at {self.url}", Stopwatch.read() - began)
            return self._judged(outcome, listening=False)
        except (OSError, http.client.HTTPException) as error:
            reason = " ".join((str(error) or type(error).__name__).split())[:_SHOWN]
            outcome = Outcome(None, f"the connection to {self.url} broke: {reason}", Stopwatch.read() - began)
        finally:
            connection.close()
        return self._judged(outcome)

    def _send(self, line: Line, message: Message, timeout: float) -> Answer:
        began = Stopwatch.read()
        try:
            response, notes = line.post(message.headers, message.body, timeout)
        except TransportError as error:
            taken = Stopwatch.read() - began
            hung = error.listening and taken >= _PATIENCE * timeout
            return self._judged(Outcome(None, str(error), taken), hung=hung, listening=error.listening)
        return self._judged(Outcome(response, "", Stopwatch.read() - began, notes))

    def _judged(self, outcome: Outcome, *, hung: bool = False, listening: bool = True) -> Answer:
        arrived, said = judged(outcome, self._delivering)
        body = outcome.response.body.decode("utf-8", "replace").strip() if outcome.response and not arrived else ""
        if body:
            said += f"; it says {body[:_SHOWN]!r}"
        return Answer(outcome, arrived, said, hung, listening, any(_RESENT in note for note in outcome.notes))


def _pour(connection: http.client.HTTPConnection, body: bytes, pieces: int, pause: float) -> None:
    size = max(1, -(-len(body) // pieces))
    waiting = threading.Event()
    try:
        for at in range(0, len(body), size):
            connection.send(body[at : at + size])
            if pause and at + size < len(body):
                waiting.wait(pause)
    except (BrokenPipeError, ConnectionResetError):  # it may have answered and gone: that answer counts
        pass
