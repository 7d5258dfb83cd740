"""`/__admin/coverage`: what of the contracts the calls so far have touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from mockserver.exceptions import UsageError, did_you_mean
from mockserver.web.problems import Refusal, json_response
from mockserver.web.wsgi import Door

if TYPE_CHECKING:
    from mockserver.engine.engine import Engine

NAMESPACE_HEADER = "X-Mock-Namespace"
_FILTERS = ("api", "namespace", "limit")
COVERAGE_CALLS = (("GET", "/__admin/coverage?" + "&".join(f"{name}=" for name in _FILTERS)),)
_MOST_MISSING = 20


def coverage_blueprint(door: Door) -> Blueprint:
    """The calls over whatever engine `door` holds at the moment of the call."""
    coverage = Blueprint("coverage", __name__, url_prefix="/coverage")

    @coverage.get("")
    def counted() -> Response:
        given = request.args.to_dict()
        for name in given:
            if name not in _FILTERS:
                hint = did_you_mean(name, _FILTERS, f"known: {', '.join(_FILTERS)}")
                raise Refusal(400, f"unknown filter {name[:80]!r}", hint)
        limit = given.get("limit", str(_MOST_MISSING))
        if not limit.isdecimal():
            raise Refusal(400, f"limit must be a whole number, not {limit[:80]!r}")
        namespace = given.get("namespace", request.headers.get(NAMESPACE_HEADER))
        return json_response(_coverage(door.engine, given.get("api"), namespace, int(limit[:9])))

    return coverage


def _coverage(engine: Engine, api: str | None, namespace: str | None, limit: int) -> dict[str, Any]:
    from mockserver.checks.coverage.coverage import Coverage  # only who asks for it waits for it
    from mockserver.checks.coverage.summary import summary

    try:
        apis = [engine.api(api)] if api is not None else list(engine.apis.values())
    except UsageError as error:
        message = str(error).removesuffix(f" ({error.hint})") if error.hint else str(error)
        raise Refusal(404, message, error.hint) from None
    coverage = Coverage.of(apis)
    kept = engine.journal.since(0)
    exchanges = [each for each in kept if namespace is None or each.namespace == namespace]
    for exchange in exchanges:
        coverage.add(exchange)
    for delivery in engine.outbox.deliveries(api, namespace, status="delivered"):
        coverage.add_event(delivery.happening.api, delivery.event)
    since = kept[0].seq if kept else engine.journal.last_seq + 1
    counted = sum(each.api in coverage.apis for each in exchanges)
    return {"since": since, "exchanges": counted, **summary(coverage, limit)}
