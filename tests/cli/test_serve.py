"""`mockserver serve` in a real process, over a real socket."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

Serve = Callable[..., Any]


def get(url: str, **options: Any) -> requests.Response:
    return requests.get(url, timeout=10, **options)


def raw(url: str, data: bytes, *, answer: bool = True) -> bytes:
    """Send bytes on a connection of their own; the first bytes of the answer, or hang up at once."""
    target = urlsplit(url)
    assert target.hostname
    assert target.port
    with socket.create_connection((target.hostname, target.port), timeout=10) as connection:
        connection.sendall(data)
        return connection.recv(65536) if answer else b""


def test_it_serves_says_where_and_logs_each_request(serve: Serve) -> None:
    served = serve()
    assert get(f"{served.url}/pets/pets").status_code == 200
    assert served.wait_for("GET /pets/pets 200 listPets")[-4:] == " ok\n"
    assert served.stop() == 0


def test_the_curl_line_works_when_pasted(serve: Serve) -> None:
    served = serve()
    assert served.url
    line = served.wait_for(r"^\s+curl ").strip()
    words = shlex.split(line)
    pasted = subprocess.run([*words, "--silent", "--fail"], capture_output=True, text=True, check=False)
    assert pasted.returncode == 0, pasted.stderr
    assert json.loads(pasted.stdout) == [{"name": "Rex"}]


@pytest.mark.parametrize(
    ("number", "group"),
    [
        (signal.SIGTERM, False),
        (signal.SIGINT, False),
        (signal.SIGINT, True),
        (signal.SIGTERM, True),
        (signal.SIGHUP, False),
    ],
)
def test_a_signal_ends_it_cleanly(serve: Serve, number: signal.Signals, group: bool) -> None:
    served = serve()
    session = requests.Session()  # with a connection that stays open
    session.get(f"{served.url}/pets/pets", timeout=10)
    assert served.stop(number, group=group) == 0
    session.close()
    assert served.errors == ["mockserver stopped\n"]
    assert any("GET /pets/pets 200" in line for line in served.output), "the log was not written out"


def test_clients_that_stall_in_their_bodies_hold_up_neither_others_nor_the_end(serve: Serve) -> None:
    served = serve()
    target = urlsplit(served.url)
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stalled = stack.enter_context(socket.create_connection((target.hostname, target.port), timeout=10))
            stalled.sendall(b"POST /pets/pets HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
        assert get(f"{served.url}/pets/pets").status_code == 200
        assert served.stop() == 0
    assert served.errors == ["mockserver stopped\n"]


HOSTILE: dict[str, Callable[[str], object]] = {
    "no HTTP": lambda url: raw(url, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    "hangs up in the headers": lambda url: raw(url, b"GET /pets/pets HTT", answer=False),
    "hangs up in the body": lambda url: raw(url, b"PUT /x HTTP/1.1\r\nContent-Length: 99\r\n\r\n{", answer=False),
    "hangs up in a chunk": lambda url: raw(
        url, b"PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n99\r\n{", answer=False
    ),
    "hangs up before the answer": lambda url: raw(url, b"GET /pets/pets HTTP/1.1\r\n\r\n", answer=False),
    "a 200 kB header": lambda url: get(f"{url}/pets/pets", headers={"X-Big": "x" * 200_000}),
    "500 headers": lambda url: get(f"{url}/pets/pets", headers={f"X-{n}": "x" for n in range(500)}),
    "10,000 query pairs": lambda url: get(f"{url}/pets/pets?{'a=1&' * 10_000}"),
    "a 200 kB query": lambda url: get(f"{url}/pets/pets?a={'x' * 200_000}"),
    "a NUL and no UTF-8 in the path": lambda url: raw(url, b"GET /pets/%00%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n"),
}


def test_hostile_clients_do_not_stop_the_service(serve: Serve) -> None:
    served = serve()
    for name, attack in HOSTILE.items():
        attack(served.url)
        assert get(f"{served.url}/pets/pets").status_code == 200, name
    assert served.stop() == 0
    assert served.errors == ["mockserver stopped\n"]


@pytest.mark.parametrize(
    "line", [b"X-A: a\x01b", b"X-A: a\x7fb", b"X-A: a\x00b", b"X-A: a\rb", "X-é: a".encode(), b"X A: a"]
)
def test_a_header_that_is_no_http_does_not_reach_the_mock(serve: Serve, line: bytes) -> None:
    served = serve()
    request = b"GET /pets/pets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + line + b"\r\n\r\n"
    head, _, body = raw(served.url, request).partition(b"\r\n\r\n")
    assert (head.split()[1], body) == (b"400", b"")
    assert get(f"{served.url}/__admin/requests").json()["last_seq"] == 0


def test_the_value_of_a_header_that_is_not_ascii_reaches_the_mock_empty(serve: Serve) -> None:
    served = serve()
    request = "GET /pets/pets HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-A: café\r\nX-B: a\tb\r\n\r\n".encode()
    assert raw(served.url, request).split()[1] == b"200"
    (seen,) = get(f"{served.url}/__admin/requests").json()["requests"]
    assert (seen["request"]["headers"]["x-a"], seen["request"]["headers"]["x-b"]) == ("", "a\tb")


def test_a_body_over_the_limit_gets_413_and_the_next_request_its_answer(serve: Serve) -> None:
    served = serve("--body-limit", "64KiB")
    assert requests.post(f"{served.url}/pets/pets", data=b"x" * 70_000, timeout=10).status_code == 413
    chunks = (b"x" * 10_000 for _ in range(7))
    assert requests.post(f"{served.url}/pets/pets", data=chunks, timeout=10).status_code == 413
    assert get(f"{served.url}/pets/pets").status_code == 200


def test_the_environment_of_the_server_is_no_header(serve: Serve) -> None:
    served = serve()
    get(f"{served.url}/pets/pets")
    (exchange,) = get(f"{served.url}/__admin/requests").json()["requests"]
    assert "proxy.invalid" not in json.dumps(exchange)  # HTTP_PROXY is set in the environment of these tests


def test_a_port_in_use_is_one_clear_message(serve: Serve) -> None:
    first = serve()
    second = serve("--port", str(urlsplit(first.url).port))
    assert second.ended() == 2
    (message,) = second.errors
    assert message.startswith("error: port ")
    assert "is in use (choose another with --port" in message
    assert get(f"{first.url}/pets/pets").status_code == 200


def worker_of(served: Any) -> int:
    pid = served.process.pid
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the worker under /proc")
class TestProcesses:
    def test_a_server_process_that_dies_is_told_about_and_not_started_again(self, serve: Serve) -> None:
        served = serve()
        assert served.url
        subprocess.run(["kill", "-KILL", str(worker_of(served))], check=True)
        assert served.ended() == 70
        assert served.errors == ["error: the server process ended unexpectedly\n"]

    def test_a_server_process_whose_parent_was_killed_frees_the_port(self, serve: Serve) -> None:
        served = serve()
        assert served.url
        served.process.kill()
        served.ended()  # its output ends only when the last process that holds it has gone
        with pytest.raises(requests.ConnectionError):
            get(f"{served.url}/__admin/health")


class TestJsonLog:
    def test_every_line_is_an_object_the_first_says_where(self, serve: Serve) -> None:
        served = serve("--log-format", "json")
        get(f"{served.url}/pets/pets")
        served.wait_for("listPets")
        served.stop()
        ready, exchange = map(json.loads, served.output)
        assert ready["ready"] is True
        assert ready["apis"] == {"pets": f"{served.url}/pets"}
        assert (exchange["operation"], exchange["status"], exchange["verdict"]) == ("listPets", 200, "ok")


class TestWatch:
    def test_a_changed_spec_is_served_and_a_broken_one_is_not(self, serve: Serve, pets: Path) -> None:
        served = serve("--watch")
        assert get(f"{served.url}/pets/pets").json() == [{"name": "Rex"}]
        good = pets.read_text()
        served.wait_for("watching")
        pets.write_text(good.replace("Rex", "Tom"))
        served.wait_for("reloaded")
        assert get(f"{served.url}/pets/pets").json() == [{"name": "Tom"}]
        pets.write_text(good.replace("paths:", "BROKEN: ]"))
        served.wait_for("until this is put right")
        assert get(f"{served.url}/pets/pets").json() == [{"name": "Tom"}]
        assert served.stop() == 0


def test_the_clock_can_be_frozen_from_the_start(serve: Serve) -> None:
    served = serve("--clock", "2025-01-15T12:00:00Z")
    clock = get(f"{served.url}/__admin/clock").json()
    assert clock["frozen"] is True
    assert clock["now"].startswith("2025-01-15T12:00:00")
