"""Starts a command and lets nothing of it live on: a small process of its own, between `run` and the command.

It is started as a script, by a bare interpreter that knows nothing of this package, so that it is there at once, has
one thread, and can only fail by being killed. When it is told to end, when the command has ended, or when `run` has
died without a word, it ends every descendant: SIGTERM, a while later SIGKILL. On Linux orphans come to it, also those
that have left the group or the session; elsewhere only the command's process group is found.

It is told, and tells, JSON objects, one a line, over the socket whose descriptor is its only argument:

    {"start": {"program": path, "command": […], "environment": {…}, "terminal": bool,
               "settle": 0.25, "grace": 2.0,    seconds until SIGTERM for what outlives it, and from there to SIGKILL
               "folder": path}}    is removed when `run` has died; or null
    {"signal": 15}      for the command's process group
    {"end": 2.0}        SIGTERM for all, and SIGKILL for what lives so many seconds later; 0: SIGKILL at once
    -> {"started": pid} or {"failed": errno}
    -> {"stopped": signal}
    -> {"ended": wait status}
    -> {"left": [[pid, name], …], "stuck": [[pid, name], …]}    the last: what outlived the command, and SIGKILL
"""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import socket
import sys
from typing import Any, NamedTuple, NoReturn

BEAT = 0.05  # seconds between two looks at what is still there
_ORPHANED = 1.0  # seconds between SIGTERM and SIGKILL when `run` is dead
_LAST = 40  # beats of SIGKILL until a process is given up: it hangs in the kernel, or is another user's
_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36  # of prctl(2)
_LINUX = sys.platform == "linux" and os.access("/proc/self/stat", os.R_OK)  # without /proc it is like any other
_SURVIVED = (
    *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTSTP),
    *(signal.SIGTTIN, signal.SIGTTOU),
)
_DEFAULTS = (signal.SIGPIPE, signal.SIGXFSZ)  # what Python ignores for itself


def prctl(option: int, value: int) -> None:
    """prctl(2), where there is one. Without it nothing breaks: less is found, that is all."""
    if not _LINUX:
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass


def adopt(yes: bool = True) -> None:
    """Let orphaned descendants come to this process, or no longer."""
    prctl(_SET_CHILD_SUBREAPER, int(yes))


class Process(NamedTuple):
    """A process, as /proc shows it. A zombie has no name."""

    parent: int
    group: int
    name: str


def descendants(of: int) -> dict[int, Process]:
    """The living processes that stem from one, by id. Empty where there is no /proc."""
    all_there_are: dict[int, Process] = {}
    try:
        entries = os.listdir("/proc")  # noqa: PTH208  # pathlib would cost this small process its quick start
    except OSError:
        return {}
    for entry in entries:
        if entry.isdecimal():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123  # as above
                    head, _, rest = file.read().rpartition(")")
            except OSError:
                continue  # it has just ended
            state, parent, group = rest.split()[:3]
            name = "" if state in "ZX" else head.partition("(")[2]
            all_there_are[int(entry)] = Process(int(parent), int(group), name)
    return {pid: each for pid, each in all_there_are.items() if each.name and _stems(pid, of, all_there_are)}


def _stems(pid: int, of: int, all_there_are: dict[int, Process]) -> bool:
    seen: set[int] = set()  # the list was not made in one moment, so it may lead in a circle
    while pid in all_there_are and pid not in seen:
        seen.add(pid)
        pid = all_there_are[pid].parent
        if pid == of:
            return True
    return False


def send(pid: int, number: int, *, group: bool = False) -> bool:
    """Send a signal; False when nobody is there to take it."""
    try:
        (os.killpg if group else os.kill)(pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return sys.platform != "darwin"  # another user's; on macOS what a group of zombies answers
    return True


class Keeper:
    """`keep()` returns when there is nothing left to keep."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._heard = b""
        self._command = 0  # its process id, and that of its group
        self._grace = _ORPHANED
        self._ended = False
        self._settle = 0  # beats in which what the command leaves behind may end by itself
        self._beats = -1  # until SIGKILL; below zero nobody has to go yet
        self._killed = 0
        self._left: dict[int, str] = {}
        self._deserted = False
        self._folder: str | None = None

    def keep(self) -> None:
        """Obey until the command and all that stems from it have ended, or `run` wants nothing."""
        woken, wake = os.pipe()
        for end in (woken, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        waiting = select.poll()
        waiting.register(self._control, select.POLLIN)
        waiting.register(woken, select.POLLIN)
        while True:
            for source, _ in waiting.poll():
                if source == woken:
                    if signal.SIGALRM in os.read(woken, 4096):
                        self._beat()
                elif not self._listen():
                    waiting.unregister(self._control)
            anybody = self._reap()
            if (self._ended and not anybody) or self._killed > _LAST or (self._deserted and not self._command):
                break
        signal.setitimer(signal.ITIMER_REAL, 0)
        stuck = self._living() if self._killed > _LAST else {}
        self._tell(left=list(self._left.items()), stuck=list(stuck.items()))
        if self._deserted and self._folder is not None:
            import shutil  # not before, for the sake of a quick start

            shutil.rmtree(self._folder, ignore_errors=True)

    # what `run` says

    def _listen(self) -> bool:
        """Read and obey; False when nobody speaks any more."""
        try:
            data = self._control.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            self._deserted = True
            if self._command:
                self._end(_ORPHANED)
            return False
        self._heard += data
        while b"\n" in self._heard:
            line, _, self._heard = self._heard.partition(b"\n")
            self._obey(json.loads(line))
        return True

    def _obey(self, order: dict[str, Any]) -> None:
        if "start" in order:
            self._start(**order["start"])
        elif "signal" in order and self._command and not self._ended:
            send(self._command, order["signal"], group=True)
        elif "end" in order and self._command:
            self._end(order["end"])

    def _tell(self, **said: Any) -> None:
        try:
            self._control.sendall(json.dumps(said).encode() + b"\n")
        except OSError:
            pass  # `run` has died, and what is left to do needs no listener

    # the command

    def _start(
        self,
        program: str,
        command: list[str],
        environment: dict[str, str],
        terminal: bool,
        settle: float,
        grace: float,
        folder: str | None,
    ) -> None:
        self._folder = folder
        self._settle, self._grace = max(1, int(settle / BEAT)), grace
        told, tell = os.pipe()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        pid = os.fork()
        if pid == 0:
            _become(program, command, environment, terminal, before, tell)
        try:
            os.setpgid(pid, pid)  # it does so, too: whoever comes first
        except OSError:
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(tell)
        with open(told, "rb") as pipe:  # noqa: PTH123  # a descriptor
            fault = pipe.read()
        if fault:
            os.waitpid(pid, 0)
            self._tell(failed=int(fault))
            return
        self._command = pid
        self._tell(started=pid)

    def _reap(self) -> bool:
        """Take note of what has happened to children; whether there are any."""
        flags = os.WNOHANG | (0 if self._ended else os.WUNTRACED)
        try:
            while True:
                pid, status = os.waitpid(-1, flags)
                if pid == 0:
                    return True
                if pid == self._command and os.WIFSTOPPED(status):
                    self._tell(stopped=os.WSTOPSIG(status))
                elif pid == self._command and not self._ended:
                    self._ended = True
                    self._tell(ended=status)
                    signal.setitimer(signal.ITIMER_REAL, BEAT, BEAT)
        except ChildProcessError:
            return not _LINUX and self._ended and send(self._command, 0, group=True)

    # the end

    def _end(self, grace: float) -> None:
        """SIGTERM for all; SIGKILL comes after so many seconds."""
        beats = int(grace / BEAT)
        self._beats = beats if self._beats < 0 else min(beats, self._beats)
        self._send_all(signal.SIGTERM if beats else signal.SIGKILL)
        self._send_all(signal.SIGCONT)  # what is stopped would never see it
        signal.setitimer(signal.ITIMER_REAL, BEAT, BEAT)

    def _beat(self) -> None:
        if self._beats > 0:
            self._beats -= 1
        elif self._beats == 0:
            self._killed += 1
            self._send_all(signal.SIGKILL)  # each time anew: there may be new ones
        if self._ended and self._settle:
            self._settle -= 1
            if not self._settle:
                self._left = self._living()
                if self._beats < 0:
                    self._end(self._grace)

    def _living(self) -> dict[int, str]:
        found = {pid: each.name for pid, each in descendants(os.getpid()).items()}
        if not _LINUX and self._command and send(self._command, 0, group=True):
            found[self._command] = "a process of its group"
        return found

    def _send_all(self, number: int) -> None:
        if not self._ended or not _LINUX:
            send(self._command, number, group=True)
        for pid, each in descendants(os.getpid()).items():
            if each.group != self._command or self._ended:  # nobody gets it twice
                send(pid, number)


def _become(
    program: str, command: list[str], environment: dict[str, str], terminal: bool, mask: set[Any], tell: int
) -> NoReturn:
    """The command, in the forked process. All signals are blocked until they would do to it what they should."""
    try:
        os.setpgid(0, 0)
        if terminal:
            try:
                os.tcsetpgrp(0, os.getpid())
            except OSError:
                pass  # it has gone, or is somebody else's by now
        prctl(_SET_PDEATHSIG, signal.SIGKILL)
        for number in signal.valid_signals():
            if callable(signal.getsignal(number)) or number in _DEFAULTS:
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        try:
            os.execve(program, command, environment)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
            os.execve("/bin/sh", ["sh", program, *command[1:]], environment)  # a script that names no interpreter
    except OSError as error:
        os.write(tell, str(error.errno).encode())
    finally:
        os._exit(127)


def main() -> None:
    """Keep what the socket says whose descriptor is the first argument."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    adopt()
    for number in _SURVIVED:
        if signal.getsignal(number) != signal.SIG_IGN:  # what was ignored before stays so, in the command, too
            signal.signal(number, lambda *_: None)
    for number in (signal.SIGCHLD, signal.SIGALRM):
        signal.signal(number, lambda *_: None)
    Keeper(control).keep()


if __name__ == "__main__":
    main()
