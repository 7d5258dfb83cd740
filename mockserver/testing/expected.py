"""Violations that a test means to bring about."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from mockserver.testing.account import of_calls
from mockserver.testing.journal import Call

if TYPE_CHECKING:
    from mockserver.contract.schemas import Violation


class ExpectedViolation:
    """What `expect_violation` gives. Used as `with`, it is for the calls of that block, and must come within it; else
    it is for the whole test. `found` are the violations that it covered."""

    def __init__(
        self,
        calls: Callable[[], Sequence[Call]],
        operation: str | None,
        pointer: str | None,
        location: str | None,
        message: str | None,
    ) -> None:
        self.operation, self.pointer, self.location, self.message = operation, pointer, location, message
        self._calls = calls
        self._from, self._until = 0, float("inf")
        self._judged = False

    @property
    def found(self) -> list[Violation]:
        """The violations so far that are the expected ones."""
        return [each for call in self._calls() for each in call.violations if self.covers(call, each)]

    def covers(self, call: Call, violation: Violation) -> bool:
        """Whether a violation is one of those expected."""
        return (
            self._from < call.number <= self._until
            and self.operation in (None, call.operation)
            and self.pointer in (None, violation.pointer)
            and self.location in (None, violation.location)
            and (self.message is None or re.search(self.message, violation.message) is not None)
        )

    def is_missed(self) -> bool:
        """Whether it was to come by the end of the test and has not."""
        return not self._judged and not self.found

    def complaint(self) -> str:
        """In words: what did not come, and what did; the first line says it all."""
        names = ("operation", "location", "pointer", "message")
        asked = ", ".join(f"{name}={getattr(self, name)!r}" for name in names if getattr(self, name) is not None)
        calls = [call for call in self._calls() if self._from < call.number <= self._until]
        came = [
            f"{call.operation or call.line}: {each.location} {each.pointer}"
            for call in calls
            for each in call.violations
        ]
        if came:
            return (
                f"expected a violation{f' of {asked}' if asked else ''}, and there were others: {'; '.join(came[:5])}"
            )
        lines = [f"expected a violation{f' of {asked}' if asked else ''}, and {len(calls)} call(s) kept the contract"]
        if calls:
            lines += of_calls(calls)
        if any(400 <= call.status < 500 for call in calls):
            lines.append("a rule of the API has refused, not the contract: the status is what there is to assert")
        return "\n".join(lines)

    def __enter__(self) -> ExpectedViolation:
        calls = self._calls()
        self._from = calls[-1].number if calls else 0
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        __tracebackhide__ = True
        calls = self._calls()
        self._until = calls[-1].number if calls else 0
        self._judged = True
        if kind is None and not self.found:
            raise AssertionError(self.complaint())
