"""Calls that reach no world: one that is over, or none that there ever was. They fail nobody's test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mockserver.engine.json_text import dumps
from mockserver.messages import Response

if TYPE_CHECKING:
    from mockserver.web.wsgi import StartResponse


def over_response(name: str) -> Response:
    """503: the test that had this world has ended."""
    detail = f"The test that this mock belonged to (/@{name}) is over. The call came too late and changed nothing"
    return _problem(503, "world-over", "The test that this mock belonged to is over", detail)


def nowhere_response(path: str) -> Response:
    """404: this address serves worlds only."""
    detail = f"{path[:200]} names no test: each has an address of its own, MockApi.url"
    if path.startswith("/__admin"):
        detail = f"{path[:200]} names no test: each has an admin API of its own, MockApi.server_url + '/__admin'"
    return _problem(404, "no-world", "There is no such address", detail)


def _problem(status: int, slug: str, title: str, detail: str) -> Response:
    """In the form of the engine's own problems, of which it is none: no engine has seen the call."""
    body = {"type": f"urn:mockserver:problem:{slug}", "title": title, "status": status, "detail": detail}
    headers = (("Content-Type", "application/problem+json"), ("X-Mockserver-Problem", slug))
    return Response(status, headers, dumps(body))


def refuse(response: Response, start_response: StartResponse) -> Iterable[bytes]:
    """The response over WSGI."""
    line = {404: "404 Not Found", 503: "503 Service Unavailable"}[response.status]
    start_response(line, [*response.headers, ("Content-Length", str(len(response.body)))])
    return [response.body]
