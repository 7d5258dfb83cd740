from __future__ import annotations

import shlex

from mockserver.engine.curl import to_curl
from mockserver.messages import Request

BASE = "http://127.0.0.1:4010"


def test_a_plain_get() -> None:
    assert to_curl(Request("GET", "/pets/pets", "limit=2"), BASE) == "curl 'http://127.0.0.1:4010/pets/pets?limit=2'"


def test_nothing_in_a_request_leaves_its_quotes() -> None:
    line = to_curl(Request("PUT", "/pets/a b;é", headers={"x-a": "it's $HOME", "host": "x"}, body=b"{'}"), BASE)
    assert shlex.split(line) == [
        *("curl", "-X", "PUT", f"{BASE}/pets/a%20b;%C3%A9"),
        *("-H", "X-A: it's $HOME", "--data-binary", "{'}"),
    ]


def test_curl_picks_the_method_itself_where_it_can() -> None:
    assert "-X" not in to_curl(Request("POST", "/pets", body=b"{}"), BASE)
    assert "-X POST" in to_curl(Request("POST", "/pets"), BASE)
    assert "--head" in to_curl(Request("HEAD", "/pets"), BASE)
