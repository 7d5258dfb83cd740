"""Of a sequence of calls those that tell what went wrong."""

from __future__ import annotations

from datetime import UTC, datetime

from mockserver.checks.provider.calling import Called
from mockserver.checks.provider.sequences import _telling
from mockserver.messages import Request, Response


def told(*lines: str) -> list[str]:
    """What is left of calls, each `METHOD path STATUS`."""
    calls = []
    for number, line in enumerate(lines, 1):
        method, target, status = line.split()
        path, _, query = target.partition("?")
        calls.append(Called(number, datetime.now(UTC), Request(method, path, query), Response(int(status)), 0.1))
    shown = [(each.request, each.response.status) for each in _telling(calls)]
    return [f"{asked.method} {asked.path}{'?' if asked.query else ''}{asked.query} {status}" for asked, status in shown]


def test_the_write_before_many_reads_stays() -> None:
    reads = [f"GET /items?page={page} 200" for page in range(9)]
    assert told("POST /items 201", "DELETE /items/1 204", *reads)[:2] == ["POST /items 201", "DELETE /items/1 204"]
    assert told("DELETE /items/1 204", *reads)[-1] == reads[-1]
    assert len(told("DELETE /items/1 204", *reads)) == 6


def test_the_same_read_is_told_once_and_the_last_call_always() -> None:
    same = ["GET /items/1 200"] * 4
    calls = [*same, "DELETE /items/1 204", "GET /other 200", *same]
    assert told(*calls) == ["GET /items/1 200", "DELETE /items/1 204", "GET /items/1 200", "GET /items/1 200"]


def test_what_was_refused_or_is_about_something_else_is_left_out() -> None:
    assert told("POST /items 400", "GET /other 200", "GET /items/1 404") == ["GET /items/1 404"]
