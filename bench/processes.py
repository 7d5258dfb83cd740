"""Servers in processes of their own: started with a small environment, found ready, stopped whatever happens."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from bench.calls import API, GET_LIST, GET_ONE, POST_SESSION, PUT_BUSY, PUT_ONLINE, Call
from mockserver.web.address import claim, is_listening

ROOT = Path(__file__).resolve().parents[1]
#: More than any load creates: no call must ever meet a limit of the account. They are counted all the same.
LIMITS = ("session_limit", "calls_per_minute", "calls_per_day")
UNLIMITED = tuple(word for name in LIMITS for word in ("--setting", f"{API}.{name}=1000000000"))
_T = TypeVar("_T")
_PATIENCE = 30.0  # seconds until a server that does not come up is taken for broken
# Every variable is copied into every environ by the server, so all servers get the same few.
_ENVIRONMENT = ("PATH", "HOME", "SYSTEMROOT", "LANG")


class NotUp(Exception):
    """A server did not come up."""


class Server(NamedTuple):
    """A running server."""

    url: str
    pid: int

    def connect(self) -> http.client.HTTPConnection:
        """A connection that is kept alive."""
        address = urlsplit(self.url)
        return http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)

    def ask(self, call: Call) -> tuple[int, str, bytes]:
        """Status, content type and body of one answer, on a connection of its own."""
        connection = self.connect()
        try:
            return exchange(connection, call)
        finally:
            connection.close()

    def reset(self) -> None:
        """State and journal of a mockserver back to the start."""
        status, _, body = self.ask(Call("POST", "/__admin/reset"))
        if status != 200:
            raise NotUp(f"reset was refused: {body.decode()}")


def exchange(connection: http.client.HTTPConnection, call: Call) -> tuple[int, str, bytes]:
    """Make a call; status, content type and body of the answer."""
    connection.request(call.method, call.path, call.body or None, call.headers)
    response = connection.getresponse()
    return response.status, response.getheader("content-type", ""), response.read()


@contextmanager
def mockserver(log: Path, *arguments: str, **environment: str) -> Iterator[Server]:
    """`mockserver serve` on a free port, its log in a file."""
    command = ["-m", "mockserver", "serve", *arguments, "--port", "0"]
    with _process(command, log, environment) as process:
        line = _await(lambda: _ready_line(log), process, log)
        found = re.search(r"http://[^\s\"]+", line)
        if found is None:
            raise NotUp(f"no URL in {line!r}")
        yield Server(found[0], process.pid)


@contextmanager
def bare(kind: str, answers: Path, log: Path) -> Iterator[Server]:
    """A bare application (`flask` or `wsgi`) that gives `answers`."""
    ip, port = claim("127.0.0.1", 0)
    with _process(["-m", "bench.bare", kind, str(port), str(answers)], log, {}) as process:
        _await(lambda: is_listening(ip, port), process, log)
        yield Server(f"http://{ip}:{port}", process.pid)


def record_answers(server: Server, file: Path) -> None:
    """Write what a server answers to each call, for the bare ones to answer the same."""
    found = {}
    for call in (GET_ONE, GET_LIST, POST_SESSION, PUT_BUSY, PUT_ONLINE):
        status, kind, body = server.ask(call)
        if status >= 300:
            raise NotUp(f"{call.method} {call.path} is answered {status}: {body.decode()}")
        found[f"{call.method} {call.path}"] = {"status": status, "type": kind, "body": body.decode()}
    file.write_text(json.dumps(found), "utf-8")


@contextmanager
def _process(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    small = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    with log.open("wb") as out, log.with_suffix(".err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, *command], stdout=out, stderr=err, cwd=ROOT, env={**small, **environment}
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(look: Callable[[], _T], process: subprocess.Popen[bytes], log: Path) -> _T:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        found = look()
        if found:
            return found
        time.sleep(0.001)
    raise NotUp(f"{process.args!r} did not come up:\n{log.with_suffix('.err').read_text('utf-8', 'replace')}")


def _ready_line(log: Path) -> str:
    line, end, _ = log.read_text("utf-8", "replace").partition("\n")
    return line if end else ""
