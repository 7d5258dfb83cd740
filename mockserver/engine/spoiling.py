"""What a fault that was ordered makes of an answer."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from mockserver.behaviour.quotas import whole_window
from mockserver.behaviour.scope import OperationScope
from mockserver.contract.serialization import ABSENT
from mockserver.engine.call import Call
from mockserver.engine.faults import FaultOrder, Reply
from mockserver.engine.journal import Exchange, Journal, Warn
from mockserver.engine.preferences import documented
from mockserver.messages import Faulted, Request, Response
from mockserver.state.samples import Draws

#: In the place of a body as a value: there is no contract to hold the answer against.
UNCHECKED: Any = object()

_PROXY_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n"
    "<body><h1>{title}</h1><p>This page is from a proxy, not from the service that was called.</p></body></html>\n"
)


def ordered_error(
    call: Call, order: FaultOrder, scope: Callable[[], OperationScope], exchange: Exchange
) -> tuple[Response, Any]:
    """The error or the answer that an order asks for, and its body as a value for the check; one that the contract
    lacks is warned of."""
    if order.reply is not None:
        return _replied(call, order.reply, exchange)
    operation, api = call.plan.operation, call.api
    name = order.error or call.plan.error_for(order.status or 0)
    declared = api.behaviour.errors.get(name)
    status = order.status or (declared.status if declared else HTTPStatus.INTERNAL_SERVER_ERROR)
    call.quota = whole_window(api.behaviour.quotas, name) if name else None
    exchange.trace.append(f"{int(status)}: ordered by {order.id}" + (f" (error {name})" if name else ""))
    if operation.response_for(status) is None:
        said = f"{operation.id} documents no status {int(status)}; it documents {documented(operation)}"
        exchange.warnings.append(Warn("fault.undocumented", f"{said}: no client needs to expect what was ordered"))
        return api.responder.undocumented(int(status), name or "ordered", operation, scope()), UNCHECKED
    if declared is not None:
        return api.responder.error(name, operation, scope())
    return api.responder.example(operation, int(status), Draws(order.seed))


def _replied(call: Call, reply: Callable[[Request], Reply], exchange: Exchange) -> tuple[Response, Any]:
    response, about, breaks = reply(call.request)
    exchange.trace.append(f"{response.status}: answered by {about}")
    if not breaks:
        return response, ABSENT
    said = f"the contract of {call.plan.operation.id} does not allow the answer that was ordered: {breaks}"
    exchange.warnings.append(Warn("fault.breaks_contract", said))
    return response, UNCHECKED


def spoiled(fault: str, response: Response, exchange: Exchange, journal: Journal) -> Response:
    """The answer as it arrives after somebody on the way had it; as it is for a fault of the network alone."""
    if fault == "STALE_DUPLICATE":
        return _earlier(exchange, journal)
    if fault not in ("TRUNCATED_JSON", "WRONG_CONTENT_TYPE", "BROKEN_GZIP"):
        return response
    if not response.body and fault != "WRONG_CONTENT_TYPE":
        exchange.warnings.append(Warn("fault.no_body", f"{fault} had no body to spoil: the answer left as it was"))
        return response
    if fault == "TRUNCATED_JSON":
        return response._replace(body=response.body[: len(response.body) // 2])
    if fault == "BROKEN_GZIP":
        return response._replace(headers=(*_without(response, "content-encoding"), ("Content-Encoding", "gzip")))
    page = _PROXY_PAGE.format(title=f"{response.status} {_phrase(response.status)}").encode()
    status = response.status if response.status not in (204, 205, 304) else 200  # those have no page
    head = _without(response, "content-type", "content-encoding", "content-length")
    return Response(status, (*head, ("Content-Type", "text/html; charset=utf-8")), page)


def _earlier(exchange: Exchange, journal: Journal) -> Response:
    """What the last call of the same operation was answered."""
    found = journal.find(api=exchange.api, operation=exchange.operation, namespace=exchange.namespace)
    for earlier in reversed(found):
        response = earlier.response
        lost = isinstance(response, Faulted) and bool(response.fault)
        if earlier.request.method == exchange.request.method and not lost:
            exchange.trace.append(f"fault: the answer of exchange {earlier.seq} once more")
            return Response(*response)
    exchange.warnings.append(Warn("fault.no_earlier", f"nothing has answered {exchange.operation} before: 502 instead"))
    return Response(502)


def _without(response: Response, *names: str) -> tuple[tuple[str, str], ...]:
    return tuple(header for header in response.headers if header[0].lower() not in names)


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
