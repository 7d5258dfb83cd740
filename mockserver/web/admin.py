"""`/__admin/…`: the mock seen and steered by tests and tools. JSON in and out, refusals as problems."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from mockserver import __version__
from mockserver.contract.serialization import BodyError, read_json
from mockserver.engine.problems import problem
from mockserver.exceptions import ExpressionError, UsageError, did_you_mean
from mockserver.state.clock import Stopwatch, format_time, parse_duration, parse_time
from mockserver.web.access import Access
from mockserver.web.admin_actions import ACTION_CALLS, actions_blueprint
from mockserver.web.admin_coverage import COVERAGE_CALLS, coverage_blueprint
from mockserver.web.admin_faults import FAULT_CALLS, faults_blueprint
from mockserver.web.admin_webhooks import WEBHOOK_CALLS, webhooks_blueprint
from mockserver.web.log import printable
from mockserver.web.problems import Refusal, json_response
from mockserver.web.token_order import TOKEN_KEYS, read_wanted
from mockserver.web.wsgi import Door

if TYPE_CHECKING:
    from mockserver.engine.engine import Engine

NAMESPACE_HEADER = "X-Mock-Namespace"
_FILTERS = ("api", "operation", "status", "violations", "since", "limit", "namespace")
_CLOCK_KEYS = ("set", "advance", "freeze")
_logger = logging.getLogger("mockserver")  # nobody configures it in `serve`: an error is one line on stderr

Result = TypeVar("Result")


def admin_blueprint(door: Door, access: Access) -> Blueprint:
    """The admin API over whatever engine `door` holds at the moment of the call."""
    admin = Blueprint("admin", __name__, url_prefix="/__admin")

    @admin.before_request
    def guard() -> None:
        access.check(request)

    @admin.errorhandler(Refusal)
    def refused(refusal: Refusal) -> Response:
        return refusal.response()

    @admin.get("/health")
    def health() -> Response:
        uptime = round(Stopwatch.read() - door.began, 3)
        return json_response({"status": "ok", "version": __version__, "apis": list(door.engine.apis), "uptime": uptime})

    @admin.get("/requests")
    def requests() -> Response:
        journal = door.engine.journal
        found = journal.find(**_journal_filter(request.args.to_dict(), door.engine))
        return json_response({"requests": [exchange.as_json() for exchange in found], "last_seq": journal.last_seq})

    @admin.post("/reset")
    def reset() -> Response:
        wanted = _json_object({"api", "namespace"}, optional=True)
        api = wanted.get("api")
        if api is not None:
            _known_api(door.engine, api)
        namespace = wanted.get("namespace", request.headers.get(NAMESPACE_HEADER))
        door.engine.reset(api, namespace)
        return json_response({"reset": {"api": api, "namespace": namespace}})

    @admin.get("/state/<api>")
    def state(api: str) -> Response:
        return json_response(_state(door.engine, api))

    @admin.get("/state/<api>/<resource>")
    def records(api: str, resource: str) -> Response:
        return json_response(_known_resource(_state(door.engine, api), resource))

    @admin.put("/state/<api>/<resource>")
    def replace(api: str, resource: str) -> Response:
        _known_resource(_state(door.engine, api), resource)
        given = _json_body()
        if not isinstance(given, list) or not all(isinstance(record, dict) for record in given):
            raise Refusal(400, "the body must be a JSON array of records, each an object")
        _or_refuse(400, lambda: door.engine.replace_state(api, resource, given, _namespace()))
        return json_response(_state(door.engine, api)[resource])

    @admin.post("/snapshots")
    def snapshot() -> Response:
        _json_object(set(), optional=True)
        return json_response({"id": _or_refuse(409, door.engine.snapshot)}, 201)

    @admin.post("/snapshots/<snapshot_id>/restore")
    def restore(snapshot_id: str) -> Response:
        _json_object(set(), optional=True)
        _or_refuse(404, lambda: door.engine.restore(snapshot_id))
        return json_response({"restored": snapshot_id})

    @admin.post("/tokens")
    def tokens() -> Response:
        given = _json_object(set(TOKEN_KEYS))
        if given.get("api") is None:
            raise Refusal(400, "say for which API the token is", f'add "api": one of {", ".join(door.engine.apis)}')
        _known_api(door.engine, given["api"])
        wanted = read_wanted(given, door.engine.clock.now())
        issued = _or_refuse(400, lambda: door.engine.issue_token(given["api"], wanted, _namespace()))
        return json_response(issued, 201)

    admin.register_blueprint(actions_blueprint(door))
    admin.register_blueprint(webhooks_blueprint(door))
    admin.register_blueprint(faults_blueprint(door))
    admin.register_blueprint(coverage_blueprint(door))

    @admin.get("/clock")
    def clock() -> Response:
        return json_response(_clock(door.engine))

    @admin.post("/clock")
    def set_clock() -> Response:
        _turn_clock(door.engine, _json_object(set(_CLOCK_KEYS)))
        return json_response(_clock(door.engine))

    @admin.get("/openapi/<api>")
    def openapi(api: str) -> Response:
        return json_response(_known_api(door.engine, api).contract.source)

    calls = [
        f"{method} {rule}"
        for method, rule in (
            ("GET", "/__admin/health"),
            ("GET", "/__admin/requests?" + "&".join(f"{name}=" for name in _FILTERS)),
            ("POST", "/__admin/reset"),
            ("GET", "/__admin/state/<api>"),
            ("GET, PUT", "/__admin/state/<api>/<resource>"),
            ("POST", "/__admin/snapshots"),
            ("POST", "/__admin/snapshots/<id>/restore"),
            ("POST", "/__admin/tokens"),
            *ACTION_CALLS,
            *WEBHOOK_CALLS,
            *FAULT_CALLS,
            *COVERAGE_CALLS,
            ("GET, POST", "/__admin/clock"),
            ("GET", "/__admin/openapi/<api>"),
        )
    ]

    @admin.app_errorhandler(HTTPException)
    def unknown(error: HTTPException) -> Response:
        status = error.code or 500
        details = {404: f"there is no admin call {request.path}", 405: f"{request.path} does not take {request.method}"}
        response = Refusal(status, details.get(status, error.description or ""), calls=calls).response()
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
        return response

    @admin.errorhandler(ExpressionError)
    def rule_failed(error: ExpressionError) -> Response:
        answer = problem("rule-failed", 500, str(error), rule=error.where)
        return Response(answer.body, answer.status, headers=list(answer.headers))

    @admin.app_errorhandler(Exception)
    def failed(error: Exception) -> Response:
        said = f"{type(error).__name__}: {error}"
        _logger.error("%s", printable(f"{request.method} {request.path} failed: {said}"))
        answer = problem("internal-error", 500, said)
        return Response(answer.body, answer.status, headers=list(answer.headers))

    return admin


def _namespace() -> str:
    return request.headers.get(NAMESPACE_HEADER, "")


def _known_api(engine: Engine, name: object) -> Any:
    """An API that is served, or whose tokens hold at one that is."""
    if not isinstance(name, str):
        raise Refusal(404, f"no API is called {name!r:.80}", f"served: {', '.join(engine.apis)}")
    return _or_refuse(404, lambda: engine.api(name))


def _state(engine: Engine, api: str) -> dict[str, list[dict[str, Any]]]:
    _known_api(engine, api)
    return engine.state(api, _namespace())


def _known_resource(state: Mapping[str, list[dict[str, Any]]], resource: str) -> list[dict[str, Any]]:
    if resource not in state:
        has = f"there are: {', '.join(state)}" if state else ""
        raise Refusal(404, f"no resource {resource!r}", did_you_mean(resource, state, has))
    return state[resource]


def _or_refuse(status: int, act: Callable[[], Result]) -> Result:
    try:
        return act()
    except UsageError as error:
        message = str(error).removesuffix(f" ({error.hint})") if error.hint else str(error)
        raise Refusal(status, message, error.hint) from None


def _json_body() -> Any:
    try:
        return read_json(request.get_data())
    except BodyError as error:
        raise Refusal(400, str(error)) from None


def _json_object(known: set[str], *, optional: bool = False) -> dict[str, Any]:
    if optional and not request.get_data():
        return {}
    given = _json_body()
    if not isinstance(given, dict):
        raise Refusal(400, "the body must be a JSON object")
    for key in given:
        if key not in known:
            known_keys = f"known: {', '.join(sorted(known)) or 'none'}"
            raise Refusal(400, f"unknown key {key[:80]!r}", did_you_mean(key, known, known_keys))
    return given


def _journal_filter(given: dict[str, str], engine: Engine) -> dict[str, Any]:
    """Query parameters -> arguments of `Journal.find`."""
    wanted: dict[str, Any] = {}
    for name, value in given.items():
        if name in ("status", "since", "limit"):
            if not value.isdecimal():
                raise Refusal(400, f"{name} must be a whole number, not {value[:80]!r}")
            wanted[name] = int(value)
        elif name == "violations":
            if value not in ("true", "false"):
                raise Refusal(400, f"violations must be true or false, not {value[:80]!r}")
            wanted[name] = value == "true"
        elif name in _FILTERS:
            wanted[name] = value
        else:
            hint = did_you_mean(name, _FILTERS, f"known: {', '.join(_FILTERS)}")
            raise Refusal(400, f"unknown filter {name[:80]!r}", hint)
    if "api" in wanted:
        _known_api(engine, wanted["api"])
    if NAMESPACE_HEADER in request.headers:
        wanted.setdefault("namespace", _namespace())
    return wanted


def _clock(engine: Engine) -> dict[str, Any]:
    failed = list(engine.failed_timers)
    shown = {"now": format_time(engine.clock.now(), 3), "frozen": engine.clock.frozen}
    return {**shown, "failed": failed} if failed else shown


def _turn_clock(engine: Engine, wanted: dict[str, Any]) -> None:
    """All of `wanted` is read before anything is done, so a bad call changes nothing."""
    if not wanted:
        raise Refusal(
            400, "nothing to do", 'send {"advance": "PT1H"}, {"set": "2027-01-01T00:00:00Z"} or {"freeze": true}'
        )
    moment: datetime | None = None
    try:
        if "set" in wanted:
            moment = parse_time(str(wanted["set"]))
        step = parse_duration(str(wanted["advance"])) if "advance" in wanted else None
        freeze = wanted.get("freeze")
        if freeze is not None and not isinstance(freeze, bool):
            raise ValueError(f"freeze must be true or false, not {freeze!r}")
        if step is not None and step.total_seconds() < 0:
            raise ValueError("the clock only advances: use set to go back")
        if step is not None:
            (moment or engine.clock.now()) + step  # OverflowError, before anything is done
        engine.failed_timers.clear()  # what is told is what this move has brought
        if moment is not None:
            engine.set_clock(moment)
        if step is not None:
            engine.advance(step)
        if freeze is not None:
            engine.freeze(freeze)
    except OverflowError:
        raise Refusal(400, "the clock goes from year 1 to year 9999: that is beyond it") from None
    except ValueError as error:
        raise Refusal(400, str(error)) from None
