"""`/__admin/faults`: what is to go wrong with the next calls."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from mockserver.behaviour.declared import RESERVED_ERRORS
from mockserver.contract.serialization import BodyError, read_json
from mockserver.engine.api import Api
from mockserver.engine.faults import Delay, FaultOrder
from mockserver.engine.preferences import documented
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.web.problems import Refusal, json_response
from mockserver.web.wsgi import Door

NAMESPACE_HEADER = "X-Mock-Namespace"
FAULT_CALLS = (("GET, POST, DELETE", "/__admin/faults"), ("DELETE", "/__admin/faults/<id>"))
_KEYS = ("api", "operation", "namespace", "status", "error", "fault", "times", "after", "delay", "applied")
_DELAYS = 'write "delay": 0.5, {"uniform": [0.1, 2]} or {"lognormal": {"median": 0.2, "sigma": 0.5}}'


def faults_blueprint(door: Door) -> Blueprint:
    """The calls over whatever engine `door` holds at the moment of the call."""
    faults = Blueprint("faults", __name__, url_prefix="/faults")

    @faults.get("")
    def listed() -> Response:
        return json_response({"faults": [_shown(order) for order in door.engine.faults.list()]})

    @faults.post("")
    def added() -> Response:
        given = _given()
        name = _text(given, "api")
        if name is None:
            raise Refusal(400, "say for which API the fault is", f'add "api": one of {", ".join(door.engine.apis)}')
        try:
            api = door.engine.api(name)
        except UsageError as error:
            raise _refusal(404, error) from None
        order = _order(given, api)
        notes = _undocumented(order, api)
        try:
            kept = door.engine.faults.add(order)
        except UsageError as error:
            raise _refusal(409, error) from None
        return json_response({**_shown(kept), **({"note": notes} if notes else {})}, 201)

    @faults.delete("")
    def cleared() -> Response:
        count = len(door.engine.faults.list())
        door.engine.faults.clear()
        return json_response({"removed": count})

    @faults.delete("/<id>")
    def removed(id: str) -> Response:
        try:
            door.engine.faults.remove(id)
        except UsageError as error:
            raise _refusal(404, error) from None
        return json_response({"removed": 1})

    return faults


def _given() -> dict[str, Any]:
    try:
        given = read_json(request.get_data())
    except BodyError as error:
        raise Refusal(400, str(error)) from None
    if not isinstance(given, dict):
        raise Refusal(400, "the body must be a JSON object", '{"api": "NAME", "fault": "CONNECTION_RESET_BY_PEER"}')
    for key in given:
        if key not in _KEYS:
            raise Refusal(400, f"unknown key {key[:80]!r}", did_you_mean(key, _KEYS, f"known: {', '.join(_KEYS)}"))
    return given


def _order(given: dict[str, Any], api: Api) -> FaultOrder:
    """The order that a body describes. Raises a 400 Refusal."""
    operation, error = _text(given, "operation"), _text(given, "error")
    operations = api.contract.operations
    if operation is not None and operation not in operations:
        hint = did_you_mean(operation, operations, f"operations: {', '.join([*operations][:20])}")
        raise Refusal(400, f"{api.name} has no operation {operation[:80]!r}", hint)
    errors = [*api.behaviour.errors, *(name for name in RESERVED_ERRORS if name not in api.behaviour.errors)]
    if error is not None and error not in errors:
        raise Refusal(400, f"{api.name} knows no error {error[:80]!r}", did_you_mean(error, errors))
    if not isinstance(given.get("applied", False), bool):
        raise Refusal(400, f"applied must be true or false, not {given['applied']!r:.80}")
    try:
        return FaultOrder(
            api.name,
            operation,
            _text(given, "namespace") or request.headers.get(NAMESPACE_HEADER, ""),
            status=given.get("status"),
            error=error or "",
            fault=_text(given, "fault") or "",
            times=given.get("times", 1 if given.keys() & {"status", "error", "fault"} else None),
            after=given.get("after", 0),
            delay=_delay(given.get("delay")),
            applied=given.get("applied", False),
        )
    except UsageError as refused:
        raise _refusal(400, refused) from None


def _delay(given: Any) -> Delay | None:
    """A delay as JSON. Raises UsageError for lengths that are none, a 400 Refusal for another shape."""
    if given is None:
        return None
    if isinstance(given, dict) and len(given) == 1:
        ((kind, value),) = given.items()
        if kind == "uniform" and isinstance(value, list) and len(value) == 2:
            return Delay.uniform(*value)
        if kind == "lognormal" and isinstance(value, dict) and value.keys() == {"median", "sigma"}:
            return Delay.lognormal(value["median"], value["sigma"])
    if isinstance(given, int | float) and not isinstance(given, bool):
        return Delay.fixed(given)
    raise Refusal(400, f"no delay is written {given!r:.80}", _DELAYS)


def _undocumented(order: FaultOrder, api: Api) -> str:
    """What is odd about an order that is allowed all the same."""
    declared = api.behaviour.errors.get(order.error)
    status = declared.status if declared is not None else order.status
    operation = api.contract.operations.get(order.operation or "")
    if status is None or operation is None or operation.response_for(status) is not None:
        return ""
    return f"{operation.id} documents no status {status}; it documents {documented(operation)}"


def _shown(order: FaultOrder) -> dict[str, Any]:
    what = {name: value for name in ("status", "error", "fault") if (value := getattr(order, name))}
    shown = {"id": order.id, "api": order.api, "operation": order.operation, "namespace": order.namespace, **what}
    if order.delay is not None:
        shown["delay"] = order.delay.as_json()
    return {**shown, "after": order.after, "left": order.left, "applied": order.applied}


def _text(given: dict[str, Any], key: str) -> str | None:
    value = given.get(key)
    if value is None or isinstance(value, str):
        return value
    raise Refusal(400, f"{key} must be text, not {value!r:.80}")


def _refusal(status: int, error: UsageError) -> Refusal:
    message = str(error).removesuffix(f" ({error.hint})") if error.hint else str(error)
    return Refusal(status, message, error.hint)
