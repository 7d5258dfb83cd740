"""Whatever comes is answered: never an exception, never a fault of the mock itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mockserver.messages import Request, Response
from tests.mocks import Mock, desk

METHODS = (
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "", "BREW"])
    | st.text()
)
SEGMENTS = st.sampled_from(
    [
        "desk",
        "tickets",
        "T1",
        "T2",
        "close",
        "notes",
        "status",
        "@a",
        "",
        "..",
        "é",
        "😀",
        "%2F",
        "\x00",
        "\udcff",
        "{id}",
    ]
)
PATHS = st.lists(SEGMENTS, max_size=5).map(lambda parts: "/" + "/".join(parts)) | st.text()
QUERIES = st.text() | st.lists(
    st.tuples(
        st.sampled_from(["state", "limit", "__code", "__example", "__dynamic", "a[b]", "%ff", ""]),
        st.sampled_from(["open", "1", "-1", "404", "true", "%", "%00", "", "9" * 30, "é"]),
    )
).map(lambda pairs: "&".join("=".join(pair) for pair in pairs))
NAMES = st.sampled_from(
    ["authorization", "content-type", "content-length", "host", "prefer", "x-mock-namespace", "cookie", "accept"]
)
VALUES = st.text(max_size=30) | st.sampled_from(
    [
        "Bearer x",
        "application/json",
        "multipart/form-data",
        "text/plain; charset=x",
        "code=404",
        "code=999, dynamic=true",
        *("desk.example", "desk.example:80", "[::1]:x", "7", "-1", "9" * 4_000, "example=storm", "٣٣٣"),
    ]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda e: st.lists(e) | st.dictionaries(st.text(), e),
    max_leaves=5,
)
FIELDS = st.sampled_from(["title", "state", "priority", "agentId", "staleTime", "ticketId", "odd"])
BODIES = st.binary() | (JSON | st.dictionaries(FIELDS, JSON)).map(lambda value: json.dumps(value).encode())


@pytest.fixture(scope="module")
def served() -> Mock:
    return desk()


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(METHODS, PATHS, QUERIES, st.dictionaries(NAMES, VALUES), BODIES)
@example("GET", "/desk/tickets", "\ud800", {"authorization": "Bearer x"}, b"")
@example("GET", "/desk/tickets", "state=\ud800", {"authorization": "Bearer x"}, b"")
@example("\ud800", "/desk/tickets", "", {}, b"")
def test_whatever_comes_is_answered(
    served: Mock, method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    if "T1" in path and method == "DELETE":
        path = path.replace("T1", "T9")
    seq = served.engine.journal.last_seq
    response = served.engine.handle(Request(method, path, query, headers, body))
    exchange = served.engine.journal.since(seq)[0]
    assert isinstance(response, Response)
    assert 200 <= response.status < 500, (exchange.fault, exchange.traceback)
    assert all(type(name) is type(value) is str for name, value in response.headers)
    assert type(response.body) is bytes
    assert exchange.response is response
    assert exchange.as_json()["verdict"] in ("ok", "warning", "violation")
