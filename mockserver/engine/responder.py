"""Turns what an operation answered, or why it refused, into a response of one API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson

from mockserver.behaviour.declared import RESERVED_ERRORS, Behaviour, ErrorSpec
from mockserver.behaviour.operation import Outcome
from mockserver.contract.model import MediaType, Operation, ResponseSpec
from mockserver.contract.serialization import is_json
from mockserver.engine.problems import problem
from mockserver.errors import ContractBreach
from mockserver.examples import NoExample, example_of
from mockserver.messages import Response
from mockserver.state.samples import Draws


class Responder:
    """Writes responses for one API."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour

    def success(self, media: MediaType | None, outcome: Outcome) -> tuple[Response, Any]:
        """The response for an outcome, in `media` (None: it has no body), and its body as a value for the check."""
        headers, body = outcome.headers, outcome.body
        if media is None or body is None:
            return Response(outcome.status, headers), None
        if not headers:
            headers = (content_type(media),)
        elif not any(name.lower() == "content-type" for name, _ in headers):
            headers = (content_type(media), *headers)
        return Response(outcome.status, headers, encode(body, media)), body

    def error(self, name: str, operation: Operation | None, scope: Mapping[str, Any]) -> tuple[Response, Any]:
        """The response for a named error: as declared, else as the contract's example, else a problem."""
        declared = self._behaviour.errors.get(name)
        if declared is not None:
            return self._declared(declared, scope)
        status = RESERVED_ERRORS[name]
        if operation is not None and str(status) in operation.responses:
            return self.example(operation, status, Draws("error"))
        response = problem("refused", status, f"{name.replace('_', ' ')}: the API's own form of it is not declared")
        return response, None

    def _declared(self, error: ErrorSpec, scope: Mapping[str, Any]) -> tuple[Response, Any]:
        inner = {**scope, "error": None}
        inner["error"] = {"name": error.name, **error.values.render(inner)}
        template = error.body or self._behaviour.error_body
        headers = tuple((name, str(value)) for name, value in error.headers.render(inner).items())
        if template is None:
            return Response(error.status, headers), None
        body = template.render(inner)
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers = (("Content-Type", "application/json"), *headers)
        return Response(error.status, headers, dumps(body)), body

    def example(
        self, operation: Operation, status: int, draws: Draws, *, name: str = "", dynamic: bool = False
    ) -> tuple[Response, Any]:
        """The documented response `status` by its example, or by a value made from its schema.

        Raises KeyError when there is no example `name`, ContractBreach when no value can be made.
        """
        media = first_media(operation.response_for(status))
        if media is None:
            return Response(status), None
        try:
            body = example_of(media, draws, name=name, dynamic=dynamic)
        except NoExample as error:
            raise ContractBreach(str(error), error.pointer) from None
        return Response(status, (content_type(media),), encode(body, media)), body


def first_media(spec: ResponseSpec | None) -> MediaType | None:
    """The media type in which an answer is written: JSON where it is documented, else the first."""
    if spec is None or not spec.content:
        return None
    return next((media for name, media in spec.content.items() if is_json(name)), next(iter(spec.content.values())))


def content_type(media: MediaType) -> tuple[str, str]:
    """The Content-Type header of a body in `media`; a range such as `*/*` leaves the type to us."""
    return ("Content-Type", media.name if "*" not in media.name else "application/octet-stream")


def encode(body: Any, media: MediaType) -> bytes:
    """A body in its media type."""
    if isinstance(body, bytes):
        return body
    if isinstance(body, str) and not is_json(media.name):
        return body.encode()
    return dumps(body)


def dumps(value: Any) -> bytes:
    """JSON, compact, in UTF-8; whole numbers of any size stay exact."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
