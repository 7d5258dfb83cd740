"""Turns what an operation answered, or why it refused, into a response of one API."""

from __future__ import annotations

from typing import Any

from mockserver.behaviour.declared import RESERVED_ERRORS, Behaviour, ErrorSpec
from mockserver.behaviour.operation import Outcome, header_text
from mockserver.behaviour.scope import OperationScope
from mockserver.behaviour.values import constant
from mockserver.behaviour.views import first_media
from mockserver.contract.model import MediaType, Operation
from mockserver.contract.serialization import is_json, parse_media_type
from mockserver.engine.json_text import dumps
from mockserver.engine.problems import problem
from mockserver.examples import NoExample, example_of
from mockserver.exceptions import ContractBreach, ExpressionError
from mockserver.messages import Faulted, Request, Response
from mockserver.state.samples import Draws

#: Statuses that HTTP itself brings, so that no operation documents them.
PROTOCOL_STATUSES = frozenset({405, 413, 415})


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

    def error(self, name: str, operation: Operation | None, scope: OperationScope) -> tuple[Response, Any]:
        """The response for a named error: as declared, else as the contract's example, else a problem.

        The mock speaks for itself, too, where the API could not have answered so: the operation does not document the
        status, and HTTP does not bring it (`scope` becomes unfit for another use).
        """
        declared = self._behaviour.errors.get(name)
        status = declared.status if declared is not None else RESERVED_ERRORS[name]
        lacking = operation is not None and status not in PROTOCOL_STATUSES and operation.response_for(status) is None
        if operation is not None and lacking:
            said = ", ".join(operation.responses)
            if status < 400:  # a client would take it for a success
                detail = f"the status {status} of the error '{name}' is not documented for {operation.id}"
                raise ContractBreach(f"{detail}; wanted: {' or '.join(operation.responses)}", operation.id)
            detail = f"{_words(name)}: the contract of {operation.id} lacks the status {status}; it documents {said}"
            return problem("refused", status, detail, operation=operation.id), None
        if declared is not None:
            return self._declared(declared, operation, scope)
        if operation is not None and operation.response_for(status) is not None:
            return self.example(operation, status, Draws("error"))
        return problem("refused", status, f"{_words(name)}: the API's own form of it is not declared"), None

    def undocumented(self, status: int, name: str, operation: Operation, scope: OperationScope) -> Response:
        """An error that the contract does not document for the operation: declared as `name`, or else a bare `status`
        in the form in which the API writes its errors; where it has none, or one that does not fit, without a body."""
        nothing = constant({})
        error = self._behaviour.errors.get(name) or ErrorSpec(name, status, nothing, nothing, None, "")
        try:
            return self._declared(error, operation, scope)[0]
        except ExpressionError:
            return Response(error.status)

    def _declared(self, error: ErrorSpec, operation: Operation | None, scope: OperationScope) -> tuple[Response, Any]:
        scope["error"] = None
        known = {"name": error.name, "operation": operation.id if operation is not None else None}
        scope["error"] = {**known, **error.values.render(scope)}
        template = error.body or self._behaviour.error_body  # `body: null` is a body of its own: none
        headers = tuple((name, header_text(value)) for name, value in error.headers.render(scope).items())
        body = template.render(scope) if template is not None else None
        if body is None:
            return Response(error.status, headers), None
        sent = next((value for name, value in headers if name.lower() == "content-type"), None)
        if sent is None:
            headers = (("Content-Type", "application/json"), *headers)
        elif isinstance(body, (str, bytes)) and not is_json(parse_media_type(sent)[0]):
            return Response(error.status, headers, body.encode() if isinstance(body, str) else body), body
        return Response(error.status, headers, dumps(body)), body

    def example(
        self, operation: Operation, status: int, draws: Draws, *, name: str = "", dynamic: bool = False
    ) -> tuple[Response, Any]:
        """The documented response `status` by its example, or by a value made from its schema.

        Raises KeyError when there is no example `name`, ContractBreach when no value can be made.
        """
        media = first_media(operation.response_for(status))
        if media is None:
            if name:
                raise KeyError(name)
            return Response(status), None
        try:
            body = example_of(media, draws, name=name, dynamic=dynamic)
        except NoExample as error:
            raise ContractBreach(str(error), error.pointer) from None
        return Response(status, (content_type(media),), encode(body, media)), body


def _words(error: str) -> str:
    return error.replace("_", " ")


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


def as_sent(request: Request, response: Response) -> Response:
    """The response as HTTP sends it: HEAD has the length of a body, and no body."""
    if request.method != "HEAD" or not response.body:
        return response
    sent = Response(response.status, (*response.headers, ("Content-Length", str(len(response.body)))))
    return Faulted.of(sent, response.fault, response.delay) if isinstance(response, Faulted) else sent
