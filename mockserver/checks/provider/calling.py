"""The calls of one check: counted, with patience where a service asks for it, and given up where nobody answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from mockserver.checks.provider.credentials import Bearer, Credentials, Dressed
from mockserver.contract.model import Operation
from mockserver.exceptions import UsageError
from mockserver.messages import Request, Response
from mockserver.state.clock import Clock
from mockserver.transport import CallFailed, Client

_TIMEOUTS = 5  # in a row, after which nobody is there
_FIRST_WAIT = 1.0  # seconds, where a 429 does not say how long


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
    """Calls a service. `told` hears of every call."""

    def __init__(
        self,
        client: Client,
        credentials: Credentials,
        *,
        max_wait: float,
        told: Callable[[Operation, Called], object] = lambda operation, called: None,
    ) -> None:
        """`max_wait` is how many seconds a call may wait in all because the service said 429 or 503."""
        self.credentials = credentials
        self.calls = 0
        self.url = client.url
        self.last: Called | None = None
        self._client, self._max_wait, self._told = client, max_wait, told
        self._clock = Clock()
        self._timeouts = 0

    def call(self, operation: Operation, request: Request, bearer: Bearer = "own") -> Called:
        """Make a call. Raises Gone and Throttled."""
        dressed = self.credentials.dress(operation, request, bearer)
        waited, pause = 0.0, _FIRST_WAIT
        while True:
            called = self._once(dressed)
            self._told(operation, called)
            asked = _asked_to_wait(called.response)
            if asked is None:
                return called
            left = self._max_wait - waited
            pause = asked if asked >= 0 else pause
            if pause > left:
                said = f", Retry-After: {asked:g} s" if asked >= 0 else ""
                raise Throttled(
                    f"answered {called.response.status}{said}; that is more than the --max-wait of {self._max_wait:g} s"
                    ": call it less often with --rate-limit"
                )
            threading.Event().wait(pause)
            waited += pause
            pause *= 1 if asked >= 0 else 2

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


def _asked_to_wait(response: Response) -> float | None:
    """How many seconds a service wants to be left alone: None when it does not, -1 when it does not say how long."""
    if response.status not in (429, 503):
        return None
    text = response.header("retry-after")
    if text is None:
        return -1 if response.status == 429 else None
    try:
        return max(0.0, float(text))
    except ValueError:  # a date, or nonsense
        return -1
