from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine.curl import to_curl
from mockserver.messages import Request

BASE = "http://127.0.0.1:4010"


def test_a_plain_get() -> None:
    assert to_curl(Request("GET", "/pets/pets", "limit=2"), BASE) == "curl 'http://127.0.0.1:4010/pets/pets?limit=2'"


def test_nothing_in_a_request_leaves_its_quotes() -> None:
    line = to_curl(Request("PUT", "/pets/a b;é", headers={"x-a": "it's $HOME", "host": "x"}, body=b"{'}"), BASE)
    assert shlex.split(line) == [
        *("curl", "-X", "PUT", f"{BASE}/pets/a%20b;%C3%A9"),
        *("-H", "X-A: it's $HOME", "-H", "Content-Type:", "--data-binary", "{'}"),
    ]


def test_curl_picks_the_method_itself_where_it_can() -> None:
    assert "-X" not in to_curl(Request("POST", "/pets", body=b"{}"), BASE)
    assert "-X POST" in to_curl(Request("POST", "/pets"), BASE)
    assert "--head" in to_curl(Request("HEAD", "/pets"), BASE)


def test_no_file_is_sent_in_place_of_a_body() -> None:
    assert "--data-raw @/etc/hostname" in to_curl(Request("POST", "/pets", body=b"@/etc/hostname"), BASE)


def test_a_header_without_a_value_is_sent() -> None:
    assert "-H 'X-E;'" in to_curl(Request("GET", "/pets", headers={"x-e": ""}), BASE)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_a_shell_reads_back_every_body() -> None:
    bodies = [b"a\nb", b"\r\n--x\r\n", b"it's \\n", b'\x9a\xff{"a"}', "\u2028ü\x85".encode(), b"$(id) `id` $HOME \x01"]
    script = "\n".join(
        to_curl(Request("PUT", "/", body=body), BASE).replace("curl ", "printf '%s\\0' ", 1) for body in bodies
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    words = done.stdout.split(b"\0")[:-1]
    assert [words[at + 1] for at, word in enumerate(words) if word == b"--data-binary"] == bodies


@given(st.text(min_size=1).filter(lambda text: not any("\ud800" <= each <= "\udfff" for each in text)))
def test_a_line_is_one_line(text: str) -> None:
    assert to_curl(Request("PUT", "/", body=text.encode()), BASE).isprintable()
