"""The terminal, if there is one: a command in a process group of its own needs its foreground to read from it."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any


class Terminal:
    """The terminal that controls this process. Where there is none nothing is ever given, and nothing taken back."""

    def __init__(self) -> None:
        try:
            self._tty = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        except OSError:
            self._tty = -1
        self._given = False
        self._modes = self._read_modes() if self.ours else None

    @property
    def ours(self) -> bool:
        """Whether this process is in the foreground."""
        try:
            return self._tty >= 0 and os.tcgetpgrp(self._tty) == os.getpgrp()
        except OSError:
            return False

    @property
    def belongs_to_the_command(self) -> bool:
        """Whether a command should have it from the beginning: it reads from it and writes to it. In `… | less` it is
        another program that reads the keys."""
        return self.ours and os.isatty(0) and os.isatty(1)

    def give(self, group: int) -> None:
        """Let a process group be in the foreground."""
        self._given = self._put(group)

    def was_given(self) -> None:
        """The command has taken it by itself, before it began."""
        self._given = True

    def take_back(self, *, mend: bool = False) -> None:
        """Be in the foreground again, if it was given away. `mend` its modes after a command that could not do so."""
        if self._given:
            self._given = not self._put(os.getpgrp())
        if mend and self._modes is not None and self.ours:
            import termios

            try:
                termios.tcsetattr(self._tty, termios.TCSADRAIN, self._modes)
            except termios.error:
                pass  # it has gone

    def close(self) -> None:
        """Look at it no more."""
        if self._tty >= 0:
            os.close(self._tty)
            self._tty = -1

    def _put(self, group: int) -> bool:
        # Whoever does this from the background is stopped by SIGTTOU, unless it is blocked.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTTOU])
        try:
            os.tcsetpgrp(self._tty, group)
        except OSError:
            return False  # it has gone, or the group has
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return True

    def _read_modes(self) -> list[Any] | None:
        if sys.platform == "win32":
            return None
        import termios

        try:
            return termios.tcgetattr(self._tty)
        except termios.error:
            return None
