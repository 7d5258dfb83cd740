"""`@mockserver.fuzz`: a test whose client is answered by all that the contract allows, or by what lies just outside."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any

try:
    from hypothesis import Phase, given, settings
    from hypothesis import strategies as st
    from hypothesis.errors import FailedHealthCheck, Unsatisfiable
except ModuleNotFoundError as error:
    if error.name != "hypothesis":
        raise
    raise ModuleNotFoundError("mockserver.fuzz needs Hypothesis: pip install hypothesis", name="hypothesis") from None

from mockserver.exceptions import MockserverError, UsageError
from mockserver.strategies.bodies import AnyMode
from mockserver.strategies.formats import Declared
from mockserver.testing.fuzz_answers import Fuzzed
from mockserver.testing.fuzz_plan import Plan, Statuses, Wish, read_wish
from mockserver.testing.fuzz_run import Run

_RUN: ContextVar[Run] = ContextVar("mockserver_fuzz")
_ONCE = settings(max_examples=1, database=None, deadline=None, phases=[Phase.generate])
_WARM = 10  # examples
_SLOW = (FailedHealthCheck, Unsatisfiable)


def fuzz(
    api: str | Path,
    *operations: str,
    mode: AnyMode = "allowed",
    status: Statuses = None,
    pages: bool | int = False,
    argument: str = "api",
    intercept: bool = False,
    most_calls: int = 100,
    formats: Mapping[str, Declared] | None = None,
    reproduce: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    **options: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Run a test many times, each time with another answer to the calls of an operation: drawn from the contract by
    Hypothesis, and when the test fails shrunk to the smallest answer that makes it fail.

    The test gets the running MockApi as `argument`; the mock is as fresh in each example as at the start of a test.
    Of several `operations` each example fuzzes one; without any, one of those that the test calls anyway. The others
    answer as ever, and so does this one to a call that breaks the contract.

    `mode` is that of `mockserver.strategies.responses_for`; `status` a documented one, several, `"errors"` or `"any"`
    (None: what means success). With `pages` (True, or how many items one has) the answers are walks through a list.
    With `intercept` the documented hosts lead to the mock. More than `most_calls` of the operation in one example
    count as endless. `reproduce` is an answer that a failure has shown: the test runs with it alone. `options` are
    those of `MockServer`. What cannot be is an error when the file is imported.
    """
    try:
        wish = read_wish(api, mode, status, pages, argument, intercept, most_calls, formats, options)
        if reproduce is not None:
            wish = Wish(**{**vars(wish), "mode": "reproduced"})
        plan = Plan(wish, operations, reproduce)
    except MockserverError as error:
        raise _refused(error) from None

    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        try:
            plan.check(test)
        except MockserverError as error:
            raise _refused(error) from None
        return _decorated(test, plan)

    return decorate


def _refused(error: MockserverError) -> Exception:
    """The error as whoever imports the file should meet it: for pytest one that it shows without a traceback."""
    caller = sys._getframe(2)
    message = f"{Path(caller.f_code.co_filename).name}:{caller.f_lineno}: @mockserver.fuzz: {error}"
    pytest: Any = sys.modules.get("pytest")
    refused: Exception = UsageError(message) if pytest is None else pytest.Collector.CollectError(message)
    return refused


def _decorated(test: Callable[..., Any], plan: Plan) -> Callable[..., Any]:
    @functools.wraps(test)
    def example(*arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        return _RUN.get().play(test, arguments, named)

    @st.composite
    def drawn(draw: Any) -> Fuzzed:
        names = _RUN.get().operations
        name = names[0] if len(names) == 1 else draw(st.sampled_from(names))
        return plan.drawn(draw, name)

    driven: Any = given(**{plan.wish.argument: drawn()})(example)

    def fuzzed(*arguments: Any, **named: Any) -> None:
        __tracebackhide__ = True
        with Run(plan.wish, test.__name__) as run:
            token = _RUN.set(run)
            try:
                run.operations = plan.operations or _rehearsed(example, plan, run, arguments, named)
                _warm(plan, run)
                driven(*arguments, **named)
            except BaseException as error:
                run.explain(error)
                raise
            finally:
                _RUN.reset(token)
            run.check()

    signature = inspect.signature(driven)
    functools.update_wrapper(fuzzed, test, updated=())
    # What `settings`, `seed` and pytest's marks write on the one above, Hypothesis reads from the one below.
    driven.__dict__.update(__wrapped__=test, __signature__=signature)
    fuzzed.__dict__ = driven.__dict__
    return fuzzed


def _warm(plan: Plan, run: Run) -> None:
    """Draw some answers in advance: how long the very first take is no fault of the test, whose time is measured."""

    def some(data: st.DataObject) -> None:
        for name in run.operations:
            run.warm(plan.drawn(data.draw, name))

    _try(given(numbers=st.lists(st.integers(), min_size=200, max_size=200))(_read_constants), 3)
    _try(given(data=st.data())(some), _WARM)


def _read_constants(numbers: list[int]) -> None:
    """Nothing. Now and then Hypothesis draws a constant that stands in the code, and before the first it reads all
    modules that are no installed ones: seconds, where this package is one of them."""


def _try(draws: Any, examples: int) -> None:
    try:
        settings(max_examples=examples, database=None, deadline=None, derandomize=True, phases=[Phase.generate])(
            draws
        )()
    except _SLOW:
        pass  # when it stays so, that will be told of the test itself


def _rehearsed(
    example: Callable[..., Any], plan: Plan, run: Run, arguments: tuple[Any, ...], named: dict[str, Any]
) -> Sequence[str]:
    """The operations that the test calls when the mock answers by itself. Raises UsageError when there are none."""
    __tracebackhide__ = True
    rehearsal: Any = _ONCE(given(**{plan.wish.argument: st.just(Fuzzed("", ()))})(example))
    try:
        rehearsal(*arguments, **named)
    except BaseException as error:
        error.add_note(f"\nThis was without any fuzzing: {plan.api} answered as it does by itself.")
        raise
    return run.rehearsed(plan.fuzzable)
