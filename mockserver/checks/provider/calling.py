"""The calls of one check: counted, with patience where a service asks for it, and given up where nobody answers."""

from __future__ import annotations

import math
import threading
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from mockserver.checks.provider.credentials import Bearer, Credentials, Dressed
from mockserver.contract.model import Operation
from mockserver.exceptions import UsageError
from mockserver.messages import Request, Response
from mockserver.state.clock import Clock
from mockserver.transport import CallFailed, Client

_TIMEOUTS = 5  # in a row, after which nobody is there
_THROTTLED = 5  # operations in a row, after which there is no patience left
_FIRST_WAIT = 1.0  # seconds, where a 429 does not say how long; doubled from one try to the next


class Called(NamedTuple):
    """One call: what was asked, without secrets, and what came. `response` has the status 0 where none came, and
    `failed` says why; `number` counts the calls from 1, `took` is in seconds."""

    number: int
    at: datetime
    request: Request
    response: Response
    took: float
    failed: CallFailed | None = None


class Stop(BaseException):
    """No further call can be of use. Not an Exception: it must get past whatever looks for failures."""


class Gone(Stop):
    """The service does not answer any more."""


class Throttled(Stop):
    """The service wants to be called less often than there is patience for: an operation is left out."""


class Caller:
    """Calls a service."""

    def __init__(
        self,
        client: Client,
        credentials: Credentials,
        *,
        max_wait: float,
    ) -> None:
        """`max_wait` is how many seconds a call may wait in all because the service said 429 or 503."""
        self.credentials = credentials
        self.calls = 0
        self.url = client.url
        self.last: Called | None = None
        self._client, self._max_wait = client, max_wait
        self._clock = Clock()
        self._timeouts = self._throttled = 0

    def call(self, operation: Operation, request: Request, bearer: Bearer = "own") -> Called:
        """Make a call. Raises Gone and Throttled."""
        dressed = self.credentials.dress(operation, request, bearer)
        waited = least = 0.0
        while True:
            called = self._once(dressed)
            asked = _asked_to_wait(called.response, called.at)
            if asked is None:
                self._throttled = 0
                return called
            left = self._max_wait - waited
            pause = max(asked if asked >= 0 else _FIRST_WAIT, least)
            if left <= 0 or max(asked, 0) > left:
                raise self._too_often(called, asked)
            pause = min(pause, left)
            threading.Event().wait(pause)
            waited += pause
            least = max(_FIRST_WAIT, 2 * pause)  # a service may say 0 for ever

    def _too_often(self, called: Called, asked: float) -> Stop:
        self._throttled += 1
        said = f", Retry-After: {asked:g} s" if asked >= 0 else ""
        message = (
            f"answered {called.response.status}{said}; that is more than the --max-wait of {self._max_wait:g} s"
            ": call it less often with --rate-limit"
        )
        if self._throttled >= _THROTTLED:
            return Gone(f"{_THROTTLED} operations in a row were {message}")
        return Throttled(message)

    def _once(self, dressed: Dressed) -> Called:
        self.calls += 1
        at = self._clock.now()
        failed = None
        try:
            response = self._client.send(dressed.sent)
        except CallFailed as error:
            if error.why in ("down", "insecure"):
                self.last = Called(self.calls, at, dressed.shown, Response(0), self._client.took, error)
                raise Gone(str(error)) from None
            failed, response = error, error.begun or Response(0)
        except UsageError as error:  # nothing that can be sent
            failed, response = CallFailed(str(error), "foreign"), Response(0)
        called = Called(self.calls, at, dressed.shown, response, self._client.took, failed)
        self.last = called
        self._timeouts = self._timeouts + 1 if failed is not None and failed.why == "timeout" else 0
        if self._timeouts >= _TIMEOUTS:
            raise Gone(
                f"{_TIMEOUTS} calls in a row had no answer within {self._client.timeout:g} s"
                " (--timeout gives it longer)"
            )
        return called


def _asked_to_wait(response: Response, now: datetime) -> float | None:
    """How many seconds a service wants to be left alone: None when it does not, -1 when it does not say how long."""
    if response.status not in (429, 503):
        return None
    text = response.header("retry-after")
    if text is None:
        return -1 if response.status == 429 else None
    try:
        seconds = float(text)
    except ValueError:
        seconds = _until(text, now)
    return max(0.0, seconds) if math.isfinite(seconds) else -1


def _until(text: str, now: datetime) -> float:
    """How many seconds it is until a date of HTTP; nan for what is none."""
    try:
        date = parsedate_to_datetime(text)
        return math.ceil(
            (date if date.tzinfo is not None else date.replace(tzinfo=now.tzinfo)).timestamp() - now.timestamp()
        )
    except (ValueError, OverflowError):
        return math.nan
