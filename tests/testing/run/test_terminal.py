"""A command at a terminal: the keys are its own."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
from collections.abc import Iterator
from fcntl import ioctl

import pytest

from tests.served import ROOT
from tests.testing.run.test_command import RUNS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="terminals differ elsewhere")


class AtTerminal:
    """A process that runs a command, the leader of a session at a terminal of its own."""

    def __init__(self, *words: str, output: int | None = None) -> None:
        self.screen, keys = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUNS, *words],
            stdin=keys,
            stdout=keys if output is None else output,
            stderr=keys,
            start_new_session=True,
            preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0),
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        os.close(keys)

    def press(self, keys: str) -> None:
        os.write(self.screen, keys.encode())

    def wait_for(self, text: str) -> str:
        """All that is shown until `text` is; at the end of everything, all of it."""
        shown = ""
        while text not in shown:
            try:
                shown += os.read(self.screen, 4096).decode()
            except OSError:  # nobody holds the terminal any more
                break
        return shown

    def close(self) -> None:
        os.close(self.screen)  # hangs up
        self.process.wait(20)


@pytest.fixture
def terminals() -> Iterator[list[AtTerminal]]:
    opened: list[AtTerminal] = []
    yield opened
    for each in opened:
        each.close()


def test_it_reads_what_is_typed_and_ctrl_c_is_for_it(terminals: list[AtTerminal]) -> None:
    terminals.append(at := AtTerminal("cat"))
    at.press("hello\n")
    assert "hello\r\nhello" in at.wait_for("hello\r\nhello")  # typed, and by cat
    at.press("\x03")
    assert "outcome 130 the command was ended by SIGINT" in at.wait_for("SIGINT 0")
    assert at.process.wait(20) == 0  # it was not for the one that runs it


def test_the_terminal_comes_back(terminals: list[AtTerminal]) -> None:
    terminals.append(at := AtTerminal("sh", "-c", "stty -echo; kill -KILL $$"))
    at.wait_for("outcome 137")
    assert at.process.wait(20) == 0
    assert termios.tcgetattr(at.screen)[3] & termios.ECHO  # and as it was


def test_where_another_program_shows_the_output_it_gets_the_terminal_when_it_asks(terminals: list[AtTerminal]) -> None:
    read, write = os.pipe()
    terminals.append(at := AtTerminal("sh", "-c", "read line; echo got $line", output=write))
    os.close(write)
    at.press("hello\n")
    with os.fdopen(read) as pipe:
        assert pipe.read() == "got hello\noutcome 0  0\n"


def test_when_the_terminal_hangs_up_nothing_lives_on() -> None:
    read, write = os.pipe()
    at = AtTerminal("sh", "-c", "sleep 60 & echo ready; wait", output=write)
    os.close(write)
    with os.fdopen(read) as pipe:
        assert pipe.readline() == "ready\n"
        at.close()
        pipe.read()  # until all have ended who could write
