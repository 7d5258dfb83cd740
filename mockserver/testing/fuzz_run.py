"""One run of a fuzzed test: a mock for all of its examples, what each is answered, and what is told in the end."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hypothesis.errors import DeadlineExceeded, StopTest, UnsatisfiedAssumption

from mockserver.engine.faults import FaultOrder
from mockserver.exceptions import UsageError
from mockserver.messages import Response
from mockserver.strategies.responses import Bent
from mockserver.testing.fuzz_answers import Fuzzed, Replies
from mockserver.testing.fuzz_plan import Wish
from mockserver.testing.fuzz_report import told
from mockserver.testing.lease import Lease
from mockserver.testing.verdict import ContractViolated

_MARK = "_mockserver_fuzz"
_PACKAGE = str(Path(__file__).parents[1])
_LOCATION = re.compile(r"\.py:\d+$")
_HEADING = ("Explanation:", "These lines were always and only run")
_CONTROL = (StopTest, UnsatisfiedAssumption, KeyboardInterrupt)


class EndlessCalls(AssertionError):
    """A client called a fuzzed operation again and again: it would never have come to an end."""


class Run:
    """All examples of one test. `with` it, `play` each, `check` when all have passed, `explain` what was raised.
    `operations` are those of which each example fuzzes one."""

    def __init__(self, wish: Wish, name: str) -> None:
        self.wish, self.name = wish, name
        self.operations: Sequence[str] = ()
        self._lease, self._stack = Lease(), ExitStack()
        self._called: Counter[str] = Counter()
        self._examples: Counter[str] = Counter()
        self._answered: Counter[str] = Counter()
        self._refused: dict[str, str] = {}
        self._last: Replies | None = None

    def __enter__(self) -> Run:
        wish = self.wish
        with ExitStack() as stack:
            stack.callback(self._lease.close)
            self.api = self._lease.api(wish.target, wish.options)
            self.api.world.url  # noqa: B018  # the server starts now, and not while an example is timed
            self._served = self.api.engine.api(self.api.name)
            if wish.intercept:
                from mockserver.testing.intercept import intercepted

                stack.enter_context(intercepted(self._lease))(wish.target, **wish.given)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def warm(self, fuzzed: Fuzzed) -> None:
        """Compile and import what an example needs, so that this does not count as time of the first one."""
        check = self._served.plan(self._served.contract.operations[fuzzed.operation]).response_check
        for response in fuzzed.responses:
            check.violations(response.status, response.headers, response.body)
        try:
            self.api.token()
        except UsageError:
            pass  # it takes none

    def play(self, test: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """One example: the mock as it was at the start, the test with it, and the verdict."""
        __tracebackhide__ = True
        fuzzed: Fuzzed = named[self.wish.argument]
        self._lease.rewind()
        replies = self._last = Replies(fuzzed, self._breaks(fuzzed), self.wish.most_calls)
        faults = self.api.engine.faults
        if fuzzed.operation:
            order = FaultOrder(self.api.name, fuzzed.operation, self.api.namespace, times=None, reply=replies)
            faults.add(order)
        try:
            result = test(*arguments, **{**named, self.wish.argument: self.api})
            if inspect.iscoroutine(result):
                result = asyncio.run(result)
        except _CONTROL:
            raise
        except BaseException as error:
            setattr(error, _MARK, replies)
            if replies.endless:
                raise self._endless(replies) from error
            replies.verdict = self._lease.verdict(missing=False)
            raise
        finally:
            self._count(fuzzed, replies)
            for order in faults.list():  # whether it was met is told at the end of all examples, and by us
                if order.reply is replies:
                    faults.remove(order.id)
        if replies.endless:
            raise self._endless(replies)
        try:
            self._lease.check()
        except ContractViolated as error:
            setattr(error, _MARK, replies)
            raise
        return result

    def _breaks(self, fuzzed: Fuzzed) -> Callable[[Response], str]:
        """How a response breaks the contract, in words. What is drawn from within the contract is left to the check of
        the engine: if it does break it, that is a fault of the mock."""
        if self.wish.mode in ("documented", "allowed") or not fuzzed.operation:
            return lambda response: ""
        check = self._served.plan(self._served.contract.operations[fuzzed.operation]).response_check

        def breaks(response: Response) -> str:
            if isinstance(response, Bent):
                return response.about
            found = check.violations(response.status, response.headers, response.body)
            return found[0].message if found else ""

        return breaks

    def _endless(self, replies: Replies) -> EndlessCalls:
        fuzzed = replies.fuzzed
        why = "each call got the same answer; if the client walks through pages, let there be some: pages=True"
        if fuzzed.walk:
            why = f"the list has {len(fuzzed.responses)} page(s), and what comes after them is empty"
        error = EndlessCalls(f"{fuzzed.operation} was called more than {replies.most} times in one example: {why}")
        setattr(error, _MARK, replies)
        return error

    def _count(self, fuzzed: Fuzzed, replies: Replies) -> None:
        self._examples[fuzzed.operation] += 1
        self._answered[fuzzed.operation] += replies.answered
        for exchange in self.api.world.exchanges():
            name = exchange.operation or f"{exchange.request.method} {exchange.request.path}"
            self._called[name] += 1
            if name == fuzzed.operation and not replies.answered:
                self._refused[name] = exchange.trace[-1] if exchange.trace else str(exchange.response.status)

    # what is told

    def rehearsed(self, fuzzable: Callable[[Sequence[str]], Sequence[str]]) -> Sequence[str]:
        """After an example in which nothing was fuzzed: what it called of all that can be. Raises UsageError when that
        is nothing."""
        found = fuzzable(list(self._called))
        if not found:
            said = f"{self.name} calls no operation of {self.api.name} that could be fuzzed"
            raise UsageError(said, self._called_instead())
        self._called.clear()
        self._examples.clear()
        return found

    def check(self) -> None:
        """Raises UsageError when an operation was fuzzed and never answered: the test has tested nothing."""
        for operation, examples in self._examples.items():
            if self._answered[operation]:
                continue
            often = "its one example" if examples == 1 else f"{examples} examples"
            if operation in self._refused:
                said = f"{self.name} never got a fuzzed answer of {operation}: in {often} each call was refused"
                raise UsageError(said, self._refused[operation])
            raise UsageError(f"{self.name} never called {operation} in {often}", self._called_instead())

    def _called_instead(self) -> str:
        names = [f"{name} ({times} times)" for name, times in self._called.most_common(5)]
        if names:
            return f"it called {', '.join(names)}"
        how = "is it the documented host?" if self.wish.intercept else f"does the client use {self.wish.argument}.url?"
        return f"it called nothing at all: {how}"

    def explain(self, error: BaseException) -> None:
        """Let what was raised, and each failure in a group of them, say which answer it came from."""
        for each in _leaves(error):
            replies = getattr(each, _MARK, self._last if isinstance(each, DeadlineExceeded) else None)
            if replies is None or not replies.fuzzed.operation:
                continue
            _without_our_lines(each)
            fuzzed = replies.fuzzed
            source = self.wish.source(fuzzed.operation)
            each.add_note("\n" + told(self._served, fuzzed, replies.answered, self.wish.mode, source))
            if replies.verdict:
                each.add_note(f"\nThe client broke the contract as well: {replies.verdict}")


def _without_our_lines(error: BaseException) -> None:
    """Hypothesis explains a failure by the lines that nothing but failures ran. Those of this package explain none."""
    notes = [note for note in getattr(error, "__notes__", ()) if not note.strip().startswith(_PACKAGE)]
    if not any(_LOCATION.search(line) for note in notes for line in note.split("\n")):
        notes = [note for note in notes if not note.strip().startswith(_HEADING)]
    error.__notes__ = notes


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error
