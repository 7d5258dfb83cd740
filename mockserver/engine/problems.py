"""Answers in the mock's own voice: RFC 9457 problems, marked so that nobody takes them for the vendor's."""

from __future__ import annotations

from typing import Any

from mockserver.engine.json_text import dumps
from mockserver.messages import Response

#: slug -> title. Each is explained in docs/problems.md.
TITLES = {
    "response-breaks-contract": "The mock's answer would break the contract",
    "rule-failed": "A rule of the behaviour file failed",
    "internal-error": "The mock itself failed",
    "no-api": "No served API has this path",
    "unreadable-path": "The path cannot be read",
    "undocumented-preference": "The Prefer header asks for what the contract does not document",
    "refused": "The request was refused",
}


def problem(slug: str, status: int, detail: str, *, headers: tuple[tuple[str, str], ...] = (), **more: Any) -> Response:
    """A response of type `application/problem+json`; `more` are further members."""
    body = {
        "type": f"urn:mockserver:problem:{slug}",
        "title": TITLES[slug],
        "status": status,
        "detail": detail,
        **{name: value for name, value in more.items() if value},
    }
    head = (("Content-Type", "application/problem+json"), ("X-Mockserver-Problem", slug), *headers)
    return Response(status, head, dumps(body))
