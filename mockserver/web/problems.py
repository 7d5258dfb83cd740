"""Refusals of the admin API, as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mockserver.engine.json_text import dumps_indented

if TYPE_CHECKING:
    from flask import Response


class Refusal(Exception):  # an answer on its way to the client, not one of the errors of `errors.py`
    """Ends an admin call with `status`. `extra` are further members of the problem."""

    def __init__(self, status: int, detail: str, hint: str = "", **extra: Any) -> None:
        self.status, self.detail, self.hint, self.extra = status, detail, hint, extra
        super().__init__(detail)

    def response(self) -> Response:
        problem: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **({"hint": self.hint} if self.hint else {}),
            **self.extra,
        }
        return json_response(problem, self.status, "application/problem+json")


def json_response(value: Any, status: int = 200, media_type: str = "application/json") -> Response:
    """`value` as indented JSON: these answers are read by people as often as by programs."""
    from flask import Response  # Flask: not before somebody asks for a page

    return Response(dumps_indented(value), status, content_type=media_type)
