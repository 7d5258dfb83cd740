"""`/__admin/actions/…`: what may happen at the side of an API, and making it happen."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from mockserver.behaviour.actions import ActionRefused
from mockserver.contract.serialization import BodyError, read_json
from mockserver.engine.actions import UnknownAction
from mockserver.exceptions import UsageError
from mockserver.web.problems import Refusal, json_response
from mockserver.web.wsgi import Door

NAMESPACE_HEADER = "X-Mock-Namespace"
ACTION_CALLS = (("GET", "/__admin/actions/<api>"), ("POST", "/__admin/actions/<api>/<name>"))


def actions_blueprint(door: Door) -> Blueprint:
    """The calls over whatever engine `door` holds at the moment of the call."""
    actions = Blueprint("actions", __name__, url_prefix="/actions")

    @actions.get("/<api>")
    def listed(api: str) -> Response:
        try:
            return json_response({"actions": door.engine.actions(api)})
        except UsageError as error:
            raise _refusal(404, error) from None

    @actions.post("/<api>/<name>")
    def done(api: str, name: str) -> Response:
        try:
            door.engine.api(api)
        except UsageError as error:
            raise _refusal(404, error) from None
        given = _parameters()
        try:
            return json_response(door.engine.act(api, name, given, request.headers.get(NAMESPACE_HEADER, "")).as_json())
        except UsageError as error:
            status = 404 if isinstance(error, UnknownAction) else 409 if isinstance(error, ActionRefused) else 400
            raise _refusal(status, error) from None

    return actions


def _parameters() -> dict[str, Any]:
    if not request.get_data():
        return {}
    try:
        given = read_json(request.get_data())
    except BodyError as error:
        raise Refusal(400, str(error)) from None
    if not isinstance(given, dict):
        raise Refusal(400, "the body must be a JSON object", 'parameters by name: {"NAME": VALUE}')
    return given


def _refusal(status: int, error: UsageError) -> Refusal:
    message = str(error).removesuffix(f" ({error.hint})") if error.hint else str(error)
    return Refusal(status, message, error.hint)
