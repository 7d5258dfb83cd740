"""Runs a command as a shell would: with the terminal, with its signals, with its exit code; and nothing of it stays."""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from mockserver.state.clock import Stopwatch
from mockserver.testing.run import keeper
from mockserver.testing.run.program import NOT_FOUND, NOT_RUNNABLE, not_runnable
from mockserver.testing.run.signals import Caught
from mockserver.testing.run.terminal import Terminal

TIMED_OUT = 124
GRACE = 2.0  # seconds between SIGTERM and SIGKILL
SETTLE = 0.25  # seconds in which what a command leaves behind may end by itself
_PATIENCE = 40  # beats in which what a killed keeper left behind is killed


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended. `code` is its exit code, as a shell tells it: 128 and the number where a signal ended it,
    124 where its time was over, 126 where it could not be run. `reason` says in words why it is not 0. `left` are the
    processes that outlived it and were ended, `stuck` those that could not be. `asked` is whether SIGINT or SIGTERM
    came for it, `ran` whether it was run at all."""

    code: int
    reason: str = ""
    left: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    asked: bool = False
    ran: bool = True


class Command:
    """One command at a time; used as a context manager, at whose end nothing of it runs any more.

    What keeps it is started at once, so that the command itself starts the sooner. What outlives the command has
    `settle` seconds to end by itself, then SIGTERM and `grace` seconds more.
    """

    def __init__(self, *, grace: float = GRACE, settle: float = SETTLE) -> None:
        self.grace, self.settle = grace, settle
        self._others = {os.getpid(), *keeper.descendants(os.getpid())}
        keeper.adopt()
        self._control, theirs = socket.socketpair()
        try:
            utf8 = f"utf8={sys.flags.utf8_mode}"  # it reads and writes names as we do
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", utf8, keeper.__file__, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                process_group=0,  # what is meant for our group must not end what cleans up after us
            )
        finally:
            theirs.close()
        self._heard = b""

    def run(
        self,
        program: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        timeout: float | None = None,
        folder: str | None = None,
    ) -> Outcome:
        """Run the file `program` under the words of `command`, for at most so many seconds. It has our standard input
        and output, and is passed the signals that come; a second SIGINT or SIGTERM is SIGKILL to all of it. `folder` is
        the caller's, and is removed when this process is killed meanwhile."""
        terminal = Terminal()
        try:
            with Caught() as caught:
                return _Run(self, caught, terminal, timeout).until_it_ends(program, command, environment, folder)
        finally:
            terminal.take_back()
            terminal.close()

    def close(self) -> None:
        """End what still runs, and wait for that."""
        self._control.close()
        self._keeper.wait()
        self._end_orphans()
        keeper.adopt(False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def tell(self, **order: Any) -> None:
        """An order for the keeper."""
        try:
            self._control.sendall(json.dumps(order).encode() + b"\n")
        except OSError:
            pass  # it was killed, which the next look at it tells

    def hear(self) -> list[dict[str, Any]] | None:
        """What the keeper has said since; None when it is dead."""
        try:
            data = self._control.recv(1 << 16)
        except ConnectionError:
            data = b""
        if not data:
            return None
        *lines, self._heard = (self._heard + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def fileno(self) -> int:
        """To be polled."""
        return self._control.fileno()

    def _end_orphans(self) -> None:
        """Kill what came to us because the keeper was killed: there is nobody else to do it."""
        pause = threading.Event()
        for _ in range(_PATIENCE):
            orphans = keeper.descendants(os.getpid()).keys() - self._others
            if not orphans:
                return
            for pid in orphans:
                keeper.send(pid, signal.SIGKILL)
            pause.wait(keeper.BEAT)
            for pid in orphans:
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    pass  # the child of another orphan


class _Run:
    """One run of a command, from its start to the end of all that stems from it."""

    def __init__(self, command: Command, caught: Caught, terminal: Terminal, timeout: float | None) -> None:
        self._command, self._caught, self._terminal = command, caught, terminal
        self._timeout = timeout
        self._deadline = None if timeout is None else Stopwatch.read() + timeout
        self._late = False
        self._pid = 0
        self._status: int | None = None
        self._asked = 0  # how often it was asked to end

    def until_it_ends(
        self, program: str, words: Sequence[str], environment: Mapping[str, str], folder: str | None
    ) -> Outcome:
        terminal = self._terminal.belongs_to_the_command
        start = {"program": program, "command": list(words), "environment": dict(environment), "terminal": terminal}
        start["folder"] = folder
        self._command.tell(start={**start, "grace": self._command.grace, "settle": self._command.settle})
        if terminal:
            self._terminal.was_given()
        waiting = select.poll()
        waiting.register(self._command, select.POLLIN)
        waiting.register(self._caught, select.POLLIN)
        while True:
            ready = [source for source, _ in waiting.poll(self._milliseconds())]
            if self._caught.fileno() in ready:
                for number in self._caught.read():
                    self._pass_on(number)
            if self._command.fileno() in ready:
                said = self._command.hear()
                if said is None:
                    self._terminal.take_back(mend=True)
                    return Outcome(128 + signal.SIGKILL, "the process that watched over the command was killed")
                for each in said:
                    if "failed" in each:
                        return _refused(words, program, each["failed"])
                    if "left" in each:
                        return self._outcome(each)
                    self._take(each)
            if self._deadline is not None and Stopwatch.read() >= self._deadline:
                self._deadline, self._late = None, True
                self._command.tell(end=self._command.grace)

    def _milliseconds(self) -> float | None:
        if self._deadline is None:
            return None
        return max(0.0, (self._deadline - Stopwatch.read()) * 1000) + 1

    def _pass_on(self, number: int) -> None:
        if number in (signal.SIGINT, signal.SIGTERM):
            self._asked += 1
            if self._asked > 1 or self._status is not None:
                self._command.tell(end=0)
                return
        if number == signal.SIGCONT and self._terminal.belongs_to_the_command and self._pid:
            self._terminal.give(self._pid)
        self._command.tell(signal=number)

    def _take(self, said: dict[str, Any]) -> None:
        if "started" in said:
            self._pid = said["started"]
        elif "stopped" in said:
            self._stopped(said["stopped"])
        elif "ended" in said:
            self._status = said["ended"]
            self._deadline = None
            self._terminal.take_back(mend=os.WIFSIGNALED(said["ended"]))

    def _stopped(self, number: int) -> None:
        """Do what a shell does with a job that was stopped, and what it does when it is told to go on with it."""
        if number == signal.SIGSTOP:
            return  # whoever did that to the command itself will continue it
        wants_terminal = number in (signal.SIGTTIN, signal.SIGTTOU)
        if not (wants_terminal and self._terminal.ours):
            self._terminal.take_back()
            self._caught.stop()
        if wants_terminal and not self._terminal.ours:
            return  # it would be stopped again at once
        if self._terminal.ours and (wants_terminal or self._terminal.belongs_to_the_command):
            self._terminal.give(self._pid)
        self._command.tell(signal=signal.SIGCONT)

    def _outcome(self, said: dict[str, Any]) -> Outcome:
        code, reason = _told(self._status)
        if self._late:
            code, reason = TIMED_OUT, f"the command had not ended after {self._timeout:g} s, and was ended"
        left, stuck = (tuple(f"{pid} ({name})" for pid, name in said[each]) for each in ("left", "stuck"))
        return Outcome(code, reason, left, stuck, self._asked > 0)


def _told(status: int | None) -> tuple[int, str]:
    """The exit code of a command, and why it is not 0."""
    if status is None:
        return 128 + signal.SIGKILL, "the command could not be ended"
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return code, f"the command failed with exit code {code}" * (code != 0)
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"  # one of those without a name
    return 128 - code, f"the command was ended by {name}"


def _refused(words: Sequence[str], program: str, number: int) -> Outcome:
    if number == errno.ENOENT and not os.path.lexists(program):  # a link that leads nowhere is there
        return Outcome(NOT_FOUND, f"there is no command '{words[0]}' any more", ran=False)
    return Outcome(NOT_RUNNABLE, not_runnable(words, program, OSError(number, os.strerror(number))), ran=False)
