"""Requests that an operation takes, as a client sends them, and such as it must refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from hypothesis import reject
from hypothesis import strategies as st

from mockserver.contract.coercion import expects
from mockserver.contract.conformance import RequestCheck
from mockserver.contract.model import MediaType, Operation
from mockserver.contract.parameters import write_parameter
from mockserver.contract.routing import Router
from mockserver.exceptions import UsageError
from mockserver.messages import Request
from mockserver.strategies.bodies import first_example, picked, written
from mockserver.strategies.drawing import Drawing, Mode
from mockserver.strategies.formats import Declared
from mockserver.strategies.mutations import mutations
from mockserver.strategies.schemas import Plan, plan_of
from mockserver.strategies.sources import Source, contract_of, operation_of
from mockserver.strategies.variants import Fullest

_VARIABLE = re.compile(r"\{([^{}]*)\}")
_NOT_PARAMETERS = frozenset(("accept", "content-type", "authorization"))
_UNSENDABLE = re.compile(r"[^\x20-\x7e\x80-\xff]")  # what no header can carry


class InvalidRequest(NamedTuple):
    """A request with one thing wrong. `rule` says what: where, which keyword, what was done."""

    request: Request
    rule: str


class _Sketch(NamedTuple):
    """A request as values: what `_sent` writes."""

    parameters: dict[int, Any]
    media: MediaType | None
    body: Any


class Sender:
    """One operation with all that is needed to draw and to judge its requests."""

    def __init__(
        self, operation: Operation, base: str, headers: Mapping[str, str], formats: Mapping[str, Declared] | None
    ) -> None:
        self.operation, self._base, self._sent_headers = operation, base, headers
        self._check = RequestCheck(operation)
        self._router = Router([operation], [base])
        self.parameters = [
            each for each in operation.parameters if each.location != "header" or each.name not in _NOT_PARAMETERS
        ]
        self.plans: list[Plan | None] = [
            plan_of(each.schema, direction="request", formats=formats).checked() if each.schema is not None else None
            for each in self.parameters
        ]
        content = operation.request_body.content.values() if operation.request_body is not None else ()
        self.content: list[tuple[MediaType, Plan | None]] = [
            (each, plan_of(each.schema, direction="request", formats=formats).checked() if each.schema else None)
            for each in content
        ]

    def __repr__(self) -> str:
        return self.operation.id

    def sketch(self, scalar: Drawing, plain: Drawing, *, full: bool = False) -> _Sketch:
        """The values of a valid request; with `full` all that is optional is there. `plain` draws what must do without
        escapes, `scalar` the rest."""
        given: dict[int, Any] = {}
        for number, parameter in enumerate(self.parameters):
            if not (parameter.required or full or scalar.wants(False)):
                continue
            free = parameter.location == "query" and expects(parameter.schema) == "scalar"
            plan = self.plans[number]
            given[number] = "amber" if plan is None else plan.draw(scalar if free else plain)
        body = self.operation.request_body
        if body is None or not (body.required or full or scalar.wants(True)):
            return _Sketch(given, None, None)
        media, plan = scalar.pick(self.content)
        scalar.extras = scalar.extras and "json" in media.name
        value = b"mock" if plan is None else plan.draw(scalar, first_example(media))
        return _Sketch(given, media, value)

    def sent(self, sketch: _Sketch) -> Request | None:
        """The request, None when a text of it cannot travel where it should."""
        texts = {"path": {}, "query": [], "header": dict(self._sent_headers), "cookie": []}  # type: Any
        for number, value in sketch.parameters.items():
            parameter = self.parameters[number]
            text = write_parameter(parameter, value)
            if parameter.location in ("query", "cookie"):
                texts[parameter.location] += [text] if text else []
            elif _UNSENDABLE.search(text) or (parameter.location == "path" and text in ("", ".", "..")):
                return None
            else:
                texts[parameter.location][parameter.name] = text
        path = _VARIABLE.sub(lambda found: str(texts["path"].get(found[1], "")), self.operation.path)
        headers = texts["header"]
        if texts["cookie"]:
            headers["cookie"] = "; ".join(texts["cookie"])
        body = b""
        if sketch.media is not None:
            headers["content-type"], body = written(sketch.media, sketch.body)
        return Request(self.operation.method, self._base + path, "&".join(texts["query"]), headers, body)

    def problems(self, request: Request) -> list[str] | None:
        """What the engine's check finds wrong; None when the request does not reach the operation at all."""
        match = self._router.match(request.method, request.path)
        if match is None:
            return None
        checked = self._check.check(request, dict(match.parameters))
        return [found.message for found in checked.violations]

    def wrong(self, sketch: _Sketch) -> Iterator[tuple[str, _Sketch]]:
        """Sketches with one thing wrong each, and what that is."""
        for number, value in sketch.parameters.items():
            parameter, plan = self.parameters[number], self.plans[number]
            where = f"{parameter.location} {parameter.name}"
            if parameter.required and parameter.location != "path":
                rest = {key: each for key, each in sketch.parameters.items() if key != number}
                yield f"{where}: required: it is missing", sketch._replace(parameters=rest)
            for found in mutations(plan, value) if plan is not None else ():
                yield f"{where}: {found}", sketch._replace(parameters={**sketch.parameters, number: found.value})
            if expects(parameter.schema) == "scalar":
                yield f"{where}: type: no such value", sketch._replace(parameters={**sketch.parameters, number: "~no"})
        body = self.operation.request_body
        if body is None:
            return
        if body.required and sketch.media is not None:
            yield "body: required: it is missing", sketch._replace(media=None)
        plan = next((plan for media, plan in self.content if media is sketch.media), None)
        for found in mutations(plan, sketch.body) if plan is not None and sketch.media is not None else ():
            yield f"body: {found}", sketch._replace(body=found.value)

    def broken(self, request: Request) -> Iterator[tuple[str, Request]]:
        """Requests of which the bytes are wrong."""
        if request.body and "json" in request.headers.get("content-type", ""):
            yield "body: malformed JSON: it ends half-way", request._replace(body=request.body[:-1])
        if request.body:
            other = {**request.headers, "content-type": "application/x-unheard-of"}
            yield "body: Content-Type: one that is not documented", request._replace(headers=other)


def requests_for(
    api: Source,
    operation: str | Operation,
    *,
    mode: Mode = "allowed",
    headers: Mapping[str, str] | None = None,
    formats: Mapping[str, Declared] | None = None,
) -> st.SearchStrategy[Request]:
    """Requests that an operation takes: path with the server's base path, query, headers and body by the contract's
    styles. `headers` (lower-case names) are sent with each, a credential say. UsageError for an unknown operation, or
    when nothing keeps its schemas.
    """
    return _requests(_sender(api, operation, headers, formats), _checked_mode(mode))


def invalid_requests_for(
    api: Source,
    operation: str | Operation,
    *,
    headers: Mapping[str, str] | None = None,
    formats: Mapping[str, Declared] | None = None,
) -> st.SearchStrategy[InvalidRequest]:
    """Requests with exactly one thing wrong, each with the rule that it breaks. The check of the engine refuses them.
    UsageError when there is nothing that a request could do wrong."""
    sender = _sender(api, operation, headers, formats)
    if not _candidates(sender, sender.sketch(Fullest(), Fullest(), full=True)):
        raise UsageError(f"the operation '{sender.operation.id}' takes nothing that could be wrong")
    return _invalid(sender)


def _sender(
    api: Source, operation: str | Operation, headers: Mapping[str, str] | None, formats: Mapping[str, Declared] | None
) -> Sender:
    contract = contract_of(api)
    base = contract.servers[0].base_path if contract.servers else ""
    lowered = {name.lower(): text for name, text in (headers or {}).items()}
    return Sender(operation_of(contract, operation), base, lowered, formats)


def _checked_mode(mode: str) -> Mode:
    if mode not in ("documented", "allowed"):
        raise UsageError(
            f"the mode '{mode}' is unknown for requests", "use documented, allowed or invalid_requests_for"
        )
    return "documented" if mode == "documented" else "allowed"


@st.composite
def _requests(draw: Any, sender: Sender, mode: Mode) -> Request:
    request = sender.sent(sender.sketch(Drawing(draw, mode), Drawing(draw, mode, plain=True)))
    if request is None or sender.problems(request) != []:
        reject()
    return request


@st.composite
def _invalid(draw: Any, sender: Sender) -> InvalidRequest:
    drawing = Drawing(draw, "documented")
    candidates = _candidates(sender, sender.sketch(drawing, Drawing(draw, "documented", plain=True), full=True))
    if not candidates:
        return drawing.give_up()
    return picked(drawing, candidates, lambda each: " ".join(each.rule.replace(":", "").split()[:3]))


def _candidates(sender: Sender, sketch: _Sketch) -> list[InvalidRequest]:
    """What can be wrong with a request, each held against the engine's check; empty when it is not valid itself."""
    valid = sender.sent(sketch)
    if valid is None or sender.problems(valid) != []:
        return []
    candidates: list[InvalidRequest] = []
    for rule, wrong in sender.wrong(sketch):
        request = sender.sent(wrong)
        if request is not None and sender.problems(request):
            candidates.append(InvalidRequest(request, rule))
    return candidates + [InvalidRequest(each, rule) for rule, each in sender.broken(valid) if sender.problems(each)]
