"""A command from start to end, under a mock that watches what it does."""

from __future__ import annotations

import gc
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from mockserver.checks.client import Watch
from mockserver.engine.assembly import Options
from mockserver.state.clock import Stopwatch
from mockserver.testing.run.command import Command, Outcome
from mockserver.testing.run.environment import filled, prefix_of, variables
from mockserver.testing.run.mock import RunningMock
from mockserver.testing.run.program import find_program

if TYPE_CHECKING:
    from mockserver.checks.coverage.coverage import Coverage
    from mockserver.checks.findings import Finding

_GRACE = 0.5  # seconds in which what the command sent last is answered


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What `run` is asked for. `apis` are names or paths, none for all that ship; `timeout` is in seconds; `variables`
    are name and value, in which `{url}` and the like stand for what they name."""

    command: Sequence[str]
    apis: Sequence[str] = ()
    engine: Options = field(default_factory=Options)
    port: int = 0
    timeout: float | None = None
    variables: Sequence[tuple[str, str]] = ()
    proxy: bool = False
    passthrough: bool = False


@dataclass(frozen=True, slots=True)
class Ran:
    """What the command has called. `notes` are to be known, `duration` is that of the command in seconds. `fault` is
    what went wrong in judging it, empty when nothing did."""

    exchanges: int
    duration: float
    coverage: Coverage
    notes: Sequence[str] = ()
    fault: str = ""


class Session:
    """The mock is ready when it is constructed, the command runs once, with `run`.

    `tell` is told of what the command does wrong, as soon as it is known, from another thread. Raises SpecError,
    UsageError, and CannotRun where there is no such command.
    """

    def __init__(self, options: RunOptions, tell: Callable[[Finding], object]) -> None:
        self._options = options
        self._duration = 0.0
        with ExitStack() as stack:
            environment = {**os.environ, **dict(options.variables)}
            self._program = find_program(options.command, environment, options.apis)
            self._command = stack.enter_context(Command())
            with _without_collections():
                self._mock = stack.enter_context(RunningMock(options.apis, options.engine, options.port))
            self._environment = {**os.environ, **self._told(stack)}
            self._watch = Watch(
                self._mock.engine, self._mock.names, exempt_tokens=list(self._mock.tokens.values()), tell=tell
            )
            stack.callback(self._watch.close)
            self._stack = stack.pop_all()

    def _told(self, stack: ExitStack) -> dict[str, str]:
        mock, options = self._mock, self._options
        own = filled(options.variables, mock.url, mock.served, mock.tokens)
        told = variables(mock.url, mock.served, mock.tokens, mock.secrets)
        self._proxy, self._folder = None, None
        if options.proxy:
            from mockserver.testing.proxy import Proxy
            from mockserver.web.wsgi import documented_hosts

            kept = tempfile.TemporaryDirectory(prefix="mockserver-", ignore_cleanup_errors=True)
            folder = Path(stack.enter_context(kept))
            self._folder = str(folder)
            self._proxy = stack.enter_context(
                Proxy(
                    mock.engine.handle,
                    documented_hosts(mock.engine),
                    passthrough=options.passthrough,
                    folder=folder,
                    inherited={**os.environ, **own},
                )
            )
            told |= self._proxy.environment
        return told | own

    @property
    def url(self) -> str:
        """Where the mock is."""
        return self._mock.url

    @property
    def apis(self) -> tuple[str, ...]:
        """The APIs that were asked for, by name."""
        return self._mock.names

    @property
    def served(self) -> tuple[str, ...]:
        """All that is served, those that only issue tokens among them."""
        return self._mock.served

    def run(self) -> Outcome:
        """Run the command until it and all that it has started have ended."""
        began = Stopwatch.read()
        options = self._options
        outcome = self._command.run(
            self._program, options.command, self._environment, timeout=options.timeout, folder=self._folder
        )
        self._duration = Stopwatch.read() - began
        return outcome

    def judge(self, outcome: Outcome) -> Ran:
        """What is to be said of what the command has called: `tell` has been told of all of it on return. For half a
        second at most it waits for what the command sent just before it ended."""
        remarks = self._proxy.remarks if self._proxy is not None else []  # it waits for its own clients
        self._mock.settle(_GRACE)
        fault = ""
        try:
            self._watch.close()
        except Exception as error:  # noqa: BLE001  # of the mock's own: what there is is worth having all the same
            fault = f"mockserver itself failed in judging what was called: {type(error).__name__}: {error}"
        notes = (*self._notes(outcome), *remarks)
        return Ran(self._watch.exchanges, self._duration, self._watch.coverage, notes, fault)

    def _notes(self, outcome: Outcome) -> list[str]:
        notes = []
        if outcome.ran and not self._watch.exchanges and self._proxy is None:
            notes.append(_nothing_called(self._mock.names))
        if outcome.left:
            many = len(outcome.left) > 1
            who = f"{len(outcome.left)} processes" if many else "a process"
            were = "were" if many else "was"
            notes.append(f"{who} outlived the command and {were} ended: {', '.join(outcome.left)}")
        if outcome.stuck:
            notes.append(f"could not be ended: {', '.join(outcome.stuck)}")
        if not self._mock.is_running:
            notes.append("the mock stopped answering before the command had ended")
        return notes

    def stay(self) -> None:
        """Go on serving until this process is interrupted: raises KeyboardInterrupt, or SystemExit for SIGTERM."""
        threading.Event().wait()

    def close(self) -> None:
        """End all that still runs."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _nothing_called(apis: Sequence[str]) -> str:
    if len(apis) == 1:
        return f"the command called nothing of {apis[0]}: does it read {prefix_of(apis[0])}_URL or MOCKSERVER_URL?"
    return f"the command called nothing: does it read MOCKSERVER_URL, or {prefix_of(apis[0])}_URL and its like?"


@contextmanager
def _without_collections() -> Iterator[None]:
    """To look for garbage again and again among what is being built, and stays, takes a quarter of the time. Nor need
    anybody look there later."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
