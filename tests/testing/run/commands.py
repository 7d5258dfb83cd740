"""Commands that do one odd thing each, and the words to run them."""

from __future__ import annotations

import sys
from collections.abc import Sequence

# They write by os.write: a signal may come while `print` is still at it, and then its handler may not print.

#: Takes SIGTERM for itself, says so, and goes.
POLITE = """
import os, signal
def go(number, frame):
    os.write(1, f"got {signal.Signals(number).name}\\n".encode())
    os._exit(5)
for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGWINCH):
    signal.signal(each, go)
os.write(1, b"ready\\n")
while True:
    signal.pause()
"""
#: Does not go when it is asked to.
STUBBORN = """
import os, signal
for each in (signal.SIGTERM, signal.SIGINT):
    signal.signal(each, signal.SIG_IGN)
os.write(1, b"ready\\n")
while True:
    signal.pause()
"""
#: Says so when it is continued.
CONTINUED = """
import os, signal
signal.signal(signal.SIGCONT, lambda *_: os.write(1, b"continued\\n"))
os.write(1, b"ready\\n")
while True:
    signal.pause()
"""


def python(code: str) -> Sequence[str]:
    """The words that run a piece of Python."""
    return (sys.executable, "-I", "-S", "-c", code)


def sh(line: str) -> Sequence[str]:
    """The words that run a line of shell."""
    return ("sh", "-c", line)
