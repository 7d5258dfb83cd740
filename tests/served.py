"""`mockserver serve` as a real process, on a free port."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

import mockserver

ROOT = Path(mockserver.__file__).parents[1]
DEADLINE = 20.0


def surroundings() -> dict[str, str]:
    """The environment of a process: it finds this package from any folder, and holds what a server must not take for
    headers."""
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "HTTP_PROXY": "http://proxy.invalid",
        "NO_PROXY": "127.0.0.1,localhost",
    }


class Served:
    """A running `mockserver serve`. Its output is read line by line as it comes."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mockserver", "serve", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
        self.output: list[str] = []
        self.errors: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        assert self.process.stdout
        assert self.process.stderr
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.output)),
            threading.Thread(target=self._read, args=(self.process.stderr, self.errors)),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        for line in stream:
            lines.append(line)
            self._lines.put(line)

    def wait_for(self, pattern: str) -> str:
        """The next line of output in which `pattern` is found."""
        try:
            while True:
                line = self._lines.get(timeout=DEADLINE)
                if re.search(pattern, line):
                    return line
        except queue.Empty:
            raise AssertionError(f"no {pattern!r} in {self.output} {self.errors}") from None

    @property
    def url(self) -> str:
        """The base URL, once it is ready."""
        if not hasattr(self, "_url"):
            found = re.search(r"http://[\w.:\[\]]+", self.wait_for("ready"))
            assert found
            self._url = found[0]
        return self._url

    def stop(self, number: signal.Signals = signal.SIGTERM, *, group: bool = False) -> int:
        """Send a signal, to the whole process group as a terminal does on Ctrl-C; the exit code."""
        if group:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        code = self.process.wait(DEADLINE)
        for reader in self._readers:
            reader.join(DEADLINE)
        return code

    def close(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it has ended, as it should
        self.ended()
        assert self.process.stdout
        assert self.process.stderr
        self.process.stdout.close()
        self.process.stderr.close()
