"""Answers that an operation may give, and those that it may not but sometimes gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from mockserver.contract.conformance import ResponseCheck
from mockserver.contract.model import Header, MediaType, Operation, Parameter, ResponseSpec
from mockserver.contract.parameters import write_parameter
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.messages import Response
from mockserver.strategies.bodies import AnyMode, bent, check_mode, first_example, written
from mockserver.strategies.drawing import Drawing, Mode
from mockserver.strategies.formats import Declared
from mockserver.strategies.schemas import Plan, plan_of
from mockserver.strategies.sources import Source, contract_of, operation_of

_OF_RANGE = {"1XX": 103, "2XX": 200, "3XX": 302, "4XX": 400, "5XX": 500, "default": 500}
_WITHOUT_BODY = (204, 205, 304)
_PROXY = b"<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"


class Bent(Response):
    """A response that breaks the contract; `about` says how."""

    about: str

    @classmethod
    def of(cls, response: Response, about: str) -> Bent:
        made = cls(*response)
        made.about = about
        return made


def responses_for(
    api: Source,
    operation: str | Operation,
    *,
    status: int | Sequence[int] | None = None,
    mode: AnyMode = "allowed",
    formats: Mapping[str, Declared] | None = None,
) -> st.SearchStrategy[Response]:
    """Responses of an operation: status, documented headers and body, as they go over the network.

    `status` is one or several documented ones; without it all that mean success. `documented` responses are near to the
    example; `allowed` ones use all the room that the contract leaves; `beyond` ones (`Bent`, with `about`) have one
    thing wrong that a tolerant client survives. UsageError for an unknown operation or a status without documentation.
    """
    check_mode(mode)
    found = operation_of(contract_of(api), operation)
    return st.sampled_from(_statuses(found, status)).flatmap(lambda code: _of_status(found, code, mode, formats))


def errors_for(
    api: Source,
    operation: str | Operation,
    *,
    mode: AnyMode = "allowed",
    formats: Mapping[str, Declared] | None = None,
) -> st.SearchStrategy[Response]:
    """The documented errors of an operation, every status from 400 on. UsageError when it documents none."""
    check_mode(mode)
    found = operation_of(contract_of(api), operation)
    codes = [code for code in documented(found) if code >= 400]
    if not codes:
        raise UsageError(f"the operation '{found.id}' documents no error")
    return responses_for(api, found, status=codes, mode=mode, formats=formats)


def documented(operation: Operation) -> list[int]:
    """The statuses that an operation documents, one for each range and for `default`."""
    codes = [int(status) if status.isdigit() else _OF_RANGE.get(status.upper(), 0) for status in operation.responses]
    return sorted({code for code in codes if code})


def _statuses(operation: Operation, status: int | Sequence[int] | None) -> list[int]:
    known = documented(operation)
    if status is None:
        found = [code for code in known if code < 400] or known
        if not found:
            raise UsageError(f"the operation '{operation.id}' documents no response")
        return found
    wanted = [status] if isinstance(status, int) else list(status)
    for code in wanted:
        if operation.response_for(code) is None:
            hint = did_you_mean(str(code), map(str, known), f"it has {', '.join(map(str, known))}")
            raise UsageError(f"the status {code} is not documented for '{operation.id}'", hint)
    return wanted


def _of_status(
    operation: Operation, status: int, mode: AnyMode, formats: Mapping[str, Declared] | None
) -> st.SearchStrategy[Response]:
    spec = operation.response_for(status)
    assert spec is not None
    content = list(spec.content.values()) if status not in _WITHOUT_BODY else []
    plans = [
        plan_of(media.schema, direction="response", formats=formats).checked() if media.schema is not None else None
        for media in content
    ]
    return _response(operation, status, spec, list(zip(content, plans, strict=True)), mode)


@st.composite
def _response(
    draw: Any,
    operation: Operation,
    status: int,
    spec: ResponseSpec,
    content: list[tuple[MediaType, Plan | None]],
    mode: AnyMode,
) -> Response:
    inner: Mode = "allowed" if mode == "allowed" else "documented"
    drawing = Drawing(draw, inner)
    headers = _headers(Drawing(draw, inner, plain=True), spec)
    if not content:
        return _broken(drawing, Response(status, headers)) if mode == "beyond" else Response(status, headers)
    media, plan = drawing.pick(content) if mode == "allowed" else content[0]
    about = ""
    if mode == "beyond" and plan is not None and drawing.number(3) != 3:
        value, about = bent(drawing, plan, first_example(media))
    else:
        value = plan.draw(drawing, first_example(media)) if plan is not None else _unknown(media)
    kind, body = written(media, value)
    response = Response(status, (("Content-Type", kind), *headers), body)
    if mode == "beyond":
        return Bent.of(response, about) if about else _broken(drawing, response)
    if ResponseCheck(operation).violations(status, response.headers, body):
        reject()
    return response


def _unknown(media: MediaType) -> Any:
    return media.examples[0].value if media.examples else {}


def _headers(drawing: Drawing, spec: ResponseSpec) -> tuple[tuple[str, str], ...]:
    found = []
    for header in spec.headers.values():
        if header.name == "content-type" or not (header.required or drawing.wants(True)):
            continue
        found.append((header.name, _header(drawing, header)))
    return tuple(found)


def _header(drawing: Drawing, header: Header) -> str:
    if header.schema is None:
        return "amber"
    value = plan_of(header.schema, direction="response").checked().draw(drawing)
    name, schema, explode = header.name, header.schema, header.explode
    return write_parameter(
        Parameter(name, "header", False, "simple", explode, False, False, schema, None, None, ""), value
    )


def _broken(drawing: Drawing, response: Response) -> Bent:
    """What comes from something between client and service, or from a connection that ends."""
    page = (("Content-Type", "text/html; charset=utf-8"),)
    odd = [
        Bent.of(Response(response.status, page, _PROXY), "a page of a proxy, with the status of the service"),
        Bent.of(Response(502, page, _PROXY), "a page of a proxy"),
        Bent.of(Response(response.status, response.headers, b""), "no body"),
    ]
    if len(response.body) > 1:
        half = response.body[: len(response.body) // 2]
        odd.append(Bent.of(Response(response.status, response.headers, half), "half of the body"))
        plain = tuple((name, "text/plain" if name == "Content-Type" else text) for name, text in response.headers)
        odd.append(Bent.of(Response(response.status, plain, response.body), "the body called text/plain"))
        mark = b"\xef\xbb\xbf" + response.body
        odd.append(Bent.of(Response(response.status, response.headers, mark), "a byte order mark before the body"))
    else:
        odd.pop()
    return drawing.pick(odd)
