"""`/__admin/webhooks/…`: who is told of events, what was sent, and sending by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, Response, request

from mockserver.contract.serialization import BodyError, read_json
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.web.problems import Refusal, json_response
from mockserver.web.wsgi import Door

NAMESPACE_HEADER = "X-Mock-Namespace"
_FILTERS = ("api", "event", "status", "limit")
_STATUSES = ("pending", "delivered", "failed", "dropped", "refused")
WEBHOOK_CALLS = (
    ("GET, POST", "/__admin/webhooks/subscriptions"),
    ("DELETE", "/__admin/webhooks/subscriptions/<id>"),
    ("POST", "/__admin/webhooks/emit"),
    ("GET", "/__admin/webhooks/deliveries?" + "&".join(f"{name}=" for name in _FILTERS)),
    ("POST", "/__admin/webhooks/redeliver"),
)
_KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "api": (str, "the name of an API"),
    "url": (str, "a URL"),
    "secret": ((str, list), "a text, or a list of them with the newest first"),
    "events": (list, "a list of names"),
    "headers": (dict, "an object of texts"),
    "concurrency": (int, "a whole number"),
    "validate": (bool, "true or false"),
    "event": (str, "the name of an event"),
    "fields": (dict, "an object: parameters of the event, or paths into its body"),
    "id": (str, "the id of a delivery"),
}

Result = TypeVar("Result")


def webhooks_blueprint(door: Door) -> Blueprint:
    """The calls over whatever engine `door` holds at the moment of the call."""
    webhooks = Blueprint("webhooks", __name__, url_prefix="/webhooks")

    @webhooks.get("/subscriptions")
    def subscriptions() -> Response:
        found = door.engine.outbox.subscriptions(namespace=_namespace() if _is_named() else None)
        return json_response({"subscriptions": [each.as_json() for each in found]})

    @webhooks.post("/subscriptions")
    def subscribe() -> Response:
        given = _object({"api", "url"}, {"secret", "events", "headers", "concurrency", "validate"})
        remote = door.engine.options.remote_webhooks
        made = _or_refuse(400, lambda: door.engine.outbox.subscribe(**given, namespace=_namespace(), remote=remote))
        return json_response(made.as_json(), 201)

    @webhooks.delete("/subscriptions/<id>")
    def unsubscribe(id: str) -> Response:
        outbox = door.engine.outbox
        found = next((each for each in outbox.subscriptions() if each.id == id), None)
        if found is None:
            known = [each.id for each in outbox.subscriptions()]
            there = f"there are: {', '.join(known)}" if known else "there is none"
            raise Refusal(404, f"no subscription {id[:80]!r}", did_you_mean(id, known, there))
        outbox.unsubscribe(found.api, id, found.namespace)
        return json_response({"ended": id})

    @webhooks.post("/emit")
    def emit() -> Response:
        given = _object({"api", "event"}, {"fields"})
        made = _or_refuse(400, lambda: door.engine.outbox.emit(**given, namespace=_namespace()))
        return json_response({"deliveries": [each.as_json() for each in made]})

    @webhooks.get("/deliveries")
    def deliveries() -> Response:
        wanted = _filter(request.args.to_dict())
        found = door.engine.outbox.deliveries(namespace=_namespace() if _is_named() else None, **wanted)
        return json_response({"deliveries": [each.as_json() for each in found]})

    @webhooks.post("/redeliver")
    def redeliver() -> Response:
        given = _object({"id"}, set())
        _or_refuse(404, lambda: door.engine.outbox.delivery(given["id"]))
        return json_response(_or_refuse(409, lambda: door.engine.outbox.redeliver(given["id"])).as_json())

    return webhooks


def _is_named() -> bool:
    return NAMESPACE_HEADER in request.headers


def _namespace() -> str:
    return request.headers.get(NAMESPACE_HEADER, "")


def _object(required: set[str], optional: set[str]) -> dict[str, Any]:
    """The body: an object with these keys, each of its kind."""
    try:
        given = read_json(request.get_data())
    except BodyError as error:
        raise Refusal(400, str(error)) from None
    if not isinstance(given, dict):
        raise Refusal(400, "the body must be a JSON object")
    known = required | optional
    for key, value in given.items():
        if key not in known:
            raise Refusal(
                400, f"unknown key {key[:80]!r}", did_you_mean(key, known, f"known: {', '.join(sorted(known))}")
            )
        kind, words = _KINDS[key]
        texts = value if isinstance(value, list) else list(value.values()) if key == "headers" and value else []
        fits = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
        if not fits or not all(isinstance(each, str) for each in texts):
            raise Refusal(400, f"{key} must be {words}, not {value!r:.80}")
    for key in sorted(required - given.keys()):
        raise Refusal(400, f"{key} is missing", f"it is {_KINDS[key][1]}")
    return given


def _filter(given: dict[str, str]) -> dict[str, Any]:
    """Query parameters -> arguments of `Outbox.deliveries`."""
    for name, value in given.items():
        if name not in _FILTERS:
            hint = did_you_mean(name, _FILTERS, f"known: {', '.join(_FILTERS)}")
            raise Refusal(400, f"unknown filter {name[:80]!r}", hint)
        if name == "limit" and not value.isdecimal():
            raise Refusal(400, f"limit must be a whole number, not {value[:80]!r}")
        if name == "status" and value not in _STATUSES:
            hint = did_you_mean(value, _STATUSES, f"one of: {', '.join(_STATUSES)}")
            raise Refusal(400, f"no delivery has the status {value[:80]!r}", hint)
    return {name: int(value) if name == "limit" else value for name, value in given.items()}


def _or_refuse(status: int, act: Callable[[], Result]) -> Result:
    try:
        return act()
    except UsageError as error:
        message = str(error).removesuffix(f" ({error.hint})") if error.hint else str(error)
        raise Refusal(status, message, error.hint) from None
