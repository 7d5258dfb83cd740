"""The story of one request, from `Request` to `Response`. No Flask, no socket, no thread.

match -> preference -> authenticate -> authorise -> limit -> check request -> apply behaviour (one transaction)
-> respond -> check response -> record in the journal
"""

from __future__ import annotations

import traceback
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from typing import Any

from mockserver.behaviour.credentials import Unauthenticated
from mockserver.behaviour.operation import Refused
from mockserver.behaviour.quotas import Limiter, whole_window
from mockserver.behaviour.scope import OperationScope
from mockserver.behaviour.timers import run_due
from mockserver.contract.schemas import Violation
from mockserver.engine.call import Call
from mockserver.engine.control import Control
from mockserver.engine.faults import NETWORK_FAULTS, FaultOrder
from mockserver.engine.journal import Exchange, Warn
from mockserver.engine.preferences import Preference, documented, read_preference, without_twins
from mockserver.engine.problems import problem
from mockserver.engine.responder import as_sent
from mockserver.engine.routes import forgiving_match, is_readable, named_namespace
from mockserver.engine.spoiling import UNCHECKED, ordered_error, spoiled
from mockserver.engine.ways import Way
from mockserver.exceptions import ContractBreach, ExpressionError, SpecError
from mockserver.messages import Faulted, Request, Response
from mockserver.state.clock import Stopwatch
from mockserver.state.samples import Draws

#: What a fault of a request is called among the errors of an API.
_FAULTS = {"body_malformed": "malformed_body", "media_type": "unsupported_media_type"}
_MOST_DIGITS = 18  # of a Content-Length: more are over any limit, and Python refuses to read thousands
_MOST_UNKNOWN = 20  # undocumented names that a warning each is worth; a client can send 300,000


class Engine(Control):
    """Serves any number of APIs. `handle` is safe to call from many threads."""

    def handle(self, request: Request) -> Response:
        """Answer a request, and write the exchange into the journal. Never raises."""
        began = Stopwatch.read()
        exchange = Exchange(request, self.clock.timestamp())
        try:
            response = self._answer(request, exchange)
        except (ContractBreach, SpecError) as error:
            rule = getattr(error, "rule", "")
            response = self._fault(exchange, "response-breaks-contract", error, rule=rule)
        except ExpressionError as error:
            response = self._fault(exchange, "rule-failed", error, rule=error.where)
        except Exception as error:  # noqa: BLE001  # whatever went wrong is told, and serving goes on
            exchange.traceback = traceback.format_exc()
            response = self._fault(exchange, "internal-error", error)
        exchange.response = response = as_sent(request, response)
        exchange.duration = Stopwatch.read() - began
        self.journal.record(exchange)
        return response

    def _answer(self, request: Request, exchange: Exchange) -> Response:
        call = self._target(request, exchange)
        if isinstance(call, Response):
            return call
        try:
            answered = self._match(call, exchange)
            if answered is not None:
                return answered
            if self.faults.active and (order := self.faults.take(call.api.name, call.space.name, exchange.operation)):
                return self._disturbed(call, order, exchange)
            return self._undisturbed(call, exchange)
        except Refused as refusal:
            return self._refuse(call, refusal, exchange)
        finally:
            call.scope = None  # the scope knows the call: a circle would keep old tables until the collector comes

    def _undisturbed(self, call: Call, exchange: Exchange) -> Response:
        """The answer to a matched request when nothing is to go wrong with it."""
        request = call.request
        preference = read_preference(request) if "prefer" in request.headers or "__" in request.query else None
        if preference is not None:
            return self._prefer(call, preference, exchange)
        self._authenticate(call, exchange)
        self._authorise(call, exchange)
        if call.plan.limiter is not None and self.options.rate_limits:
            self._limit(call, call.plan.limiter, exchange)
        self._check_request(call, exchange)
        return self._apply(call, exchange)

    def _disturbed(self, call: Call, order: FaultOrder, exchange: Exchange) -> Response:
        """What becomes of a call that is to go wrong. The operation leaves its effects only when the order says so."""
        exchange.trace.append(order.met())
        seconds = self.faults.seconds(order)
        call.dry = not order.keeps_effects
        response = Response(0)
        if order.reply is not None:  # the client is held to the contract as ever
            self._authenticate(call, exchange)
            self._authorise(call, exchange)
            self._check_request(call, exchange)
        elif order.needs_answer:
            try:
                response = self._undisturbed(call, exchange)
            except Refused as refusal:
                response = self._refuse(call, refusal, exchange)
        if order.fault:
            response = spoiled(order.fault, response, exchange, self.journal)
            exchange.trace.append(f"{response.status}: what the client meets is {order.fault} (order {order.id})")
        elif not order.delays_only:
            response, value = ordered_error(call, order, partial(self._error_scope, call, exchange), exchange)
            response = response if value is UNCHECKED else self._checked(call, response, value, exchange)
        if seconds and self.clock.frozen and not order.takes_real_time:
            self.let_pass(timedelta(seconds=seconds))
            exchange.trace.append(f"fault: the clock stands still, so it is moved by {seconds:g} s")
            seconds = 0.0
        fault = order.fault if order.fault in NETWORK_FAULTS else ""
        return Faulted.of(response, fault, seconds) if fault or seconds else response

    def _target(self, request: Request, exchange: Exchange) -> Call | Response:
        """Which API and namespace; or the answer when no API is meant."""
        if not (request.path.isprintable() or is_readable(request.path)):
            return self._unreadable(request, exchange)
        target = self.routes.target(request)
        exchange.namespace = target.namespace
        api = target.api
        if api is None:
            return self._no_api(request, target.path, exchange)
        exchange.api = api.name
        space = api.space(target.namespace)
        if exchange.at >= space.next_due:
            ran = run_due(
                api.behaviour,
                space,
                exchange.at,
                {"settings": api.settings, "server": api.server()},
                exchange.trace.append,
                partial(self._hand_on, api, space),
            )
            exchange.trace.append(f"clock: {ran} timer(s) were due")
        return Call(request, api, space, target.path)

    def _match(self, call: Call, exchange: Exchange) -> Response | None:
        """Which operation; or the answer when there is none."""
        request, api, path = call.request, call.api, call.path
        length = request.headers.get("content-length", "")
        size = max(len(request.body), int(length[:_MOST_DIGITS]) if length.isdecimal() else 0)
        method = request.method
        match = api.router.match(method, path) or (api.router.match("GET", path) if method == "HEAD" else None)
        exact = match is not None
        if match is None and api.behaviour.slashes_forgiven and not self.options.strict:
            match = forgiving_match(api, "GET" if method == "HEAD" else method, path)
        if match is None:
            if size > self.options.body_limit:
                raise self._too_large(size, exchange)
            return self._unmatched(call, exchange)
        plan = call.plan = api.plan(match.operation)
        call.raw_path = match.parameters
        exchange.operation = plan.operation.id
        exchange.trace.append(plan.matched)
        if size > self.options.body_limit:
            raise self._too_large(size, exchange)
        if not exact:
            self._warn(exchange, "slashes", f"the path is documented as {plan.operation.path}")
        if plan.operation.deprecated:
            self._warn(exchange, "deprecated", f"{plan.operation.id} is deprecated")
        return None

    def _prefer(self, call: Call, preference: Preference, exchange: Exchange) -> Response:
        """The answer that the author of the test asked for, without effects."""
        operation = call.plan.operation
        status = preference.code or call.plan.success
        exchange.trace.append(f"preference: {preference.describe()}")
        if preference.no_code is not None:
            asked = preference.no_code[:40]
            detail = f"'code={asked}' asks for no status; {operation.id} documents {documented(operation)}"
            return problem("undocumented-preference", 400, detail)
        if str(status) not in operation.responses and operation.response_for(status) is None:
            detail = f"{operation.id} documents no status {status}; it documents {documented(operation)}"
            return problem("undocumented-preference", 400, detail)
        name = "" if preference.example or preference.dynamic else call.plan.error_for(status)
        if name:
            call.quota = whole_window(call.api.behaviour.quotas, name)
            response, value = call.api.responder.error(name, operation, self._error_scope(call, exchange))
        else:
            draws = Draws(f"{self.options.seed}:{exchange.request.path}")
            try:
                response, value = call.api.responder.example(
                    operation, status, draws, name=preference.example, dynamic=preference.dynamic
                )
            except KeyError:
                detail = f"{operation.id} has no example '{preference.example}' for status {status}"
                return problem("undocumented-preference", 400, detail)
        return self._checked(call, response, value, exchange)

    def _authenticate(self, call: Call, exchange: Exchange) -> None:
        try:
            caller = call.plan.authenticator.authenticate(call.request, exchange.at, call.space.name)
        except Unauthenticated as refusal:
            if refusal.contract_broken:
                pointer = call.plan.operation.pointer + "/security"
                exchange.violations.append(
                    Violation("security", "", refusal.reason, call.plan.authenticator.wanted(), pointer)
                )
            raise
        call.caller = exchange.caller = caller
        if caller.warning:
            self._warn(exchange, f"security.{caller.scheme}", caller.warning)
        if caller.note:
            exchange.trace.append(caller.note)

    def _authorise(self, call: Call, exchange: Exchange) -> None:
        """Whether the caller's scopes or roles reach."""
        caller = call.plan.authenticator.authorise(call.caller, call.request, exchange.at, call.space.name)
        if caller is not call.caller:  # another alternative of the operation reaches where the first does not
            call.caller = exchange.caller = caller
            exchange.trace.append(f"{caller.note}; what came before it is too narrow")

    def _limit(self, call: Call, limiter: Limiter, exchange: Exchange) -> None:
        """Counts the call against the quotas of its operation. One that is over a quota counts nowhere."""
        over = limiter.take(call.space.windows, call.caller, call.request, call.raw_path, exchange.at)
        if over is not None:
            call.quota, reason = over.as_scope(), over.reason(call.api.name)
            exchange.notice = f"rate limit: {reason} (told once)"
            raise Refused(over.quota.error, f"quotas.{over.quota.name}", reason, over.quota.evidence)

    def _check_request(self, call: Call, exchange: Exchange) -> None:
        request = call.request if "__" not in call.request.query else without_twins(call.request)
        checked = call.checked = call.plan.request_check.check(request, call.raw_path)
        exchange.parameters = {"path": checked.path, "query": checked.query}
        if checked.headers:
            exchange.parameters["header"] = checked.headers
        if checked.cookies:
            exchange.parameters["cookie"] = checked.cookies
        for name in checked.ignored:  # told, and never refused: clients send back what they have read
            exchange.warnings.append(Warn("read-only", f"{name} is readOnly, not a client's to set, and is ignored"))
        for name in checked.unknown[:_MOST_UNKNOWN]:
            self._warn(exchange, "unknown", f"{name} is not documented for {call.plan.operation.id}", " and is ignored")
        if call.plan.body_unexpected(request):
            self._warn(exchange, "body", f"{call.plan.operation.id} documents no body", "; it is ignored")
        elif call.plan.type_undocumented(request):
            sent = request.headers.get("content-type", "none")
            about = f"the Content-Type {sent} is not documented"
            self._warn(exchange, "content-type", about, "; the body is read all the same")
        if checked.violations:
            exchange.violations += checked.violations
            error = _FAULTS.get(checked.fault, "invalid_request")
            raise Refused(error, f"request.{checked.fault}", checked.violations[0].message)

    def _apply(self, call: Call, exchange: Exchange) -> Response:
        """Behaviour, answer and its check, in one transaction that is dropped unless the answer may leave."""
        plan, space, request = call.plan, call.space, call.request
        url = (request.scheme, request.headers.get("host", ""), request.path, request.query)
        key = url if plan.pure and not exchange.warnings else None
        remembered = plan.recall(space, key) if key is not None else None
        if remembered is not None:
            exchange.warnings += remembered.warnings
            if remembered.case:
                exchange.trace.append(remembered.case)
            exchange.trace.append("apply: nothing that the answer was read from has changed since it was checked")
            return remembered.response
        with nullcontext() if plan.pure else space.lock:
            transaction = space.begin()
            way = plan.ways[-1]
            if plan.runner is None:
                response, value = self._from_contract(call, way, transaction.draws)
            else:
                checked = call.checked
                names = {
                    "path": checked.path,
                    "query": checked.query,
                    "headers": call.request.headers,
                    "body": checked.body,
                    "settings": call.api.settings,
                }
                scope = call.scope = OperationScope(transaction, self.clock, names, call.late)
                outcome = plan.runner.run(scope)
                for rule, message in outcome.warnings:
                    self._warn(exchange, rule, message)
                if outcome.note:
                    exchange.trace.append(outcome.note)
                way = plan.ways[outcome.case]
                if outcome.body is None and way.by_example:
                    response, value = self._from_contract(call, way, transaction.draws)
                    response = response._replace(headers=(*response.headers, *outcome.headers))
                else:
                    response, value = call.api.responder.success(way.media_of(outcome), outcome)
            response = self._checked(call, response, value, exchange)
            if call.request.method != "HEAD" and not call.dry:  # HEAD is safe by HTTP, whatever the GET does
                transaction.commit()
                if transaction.emitted:
                    exchange.trace += self._handed_on(call.api, space, transaction)
        if way.case:
            exchange.trace.append(way.case)
        exchange.trace.append(way.applied)
        if key is not None:
            plan.remember(space, key, transaction.tables, response, exchange.warnings, way.case)
        return response

    def _from_contract(self, call: Call, way: Way, draws: Draws) -> tuple[Response, Any]:
        """An answer of which no behaviour file speaks: the documented example."""
        return call.api.responder.example(call.plan.operation, way.status, draws)

    def _checked(self, call: Call, response: Response, value: Any, exchange: Exchange) -> Response:
        """The response, which must keep the contract to leave. Raises ContractBreach when it does not."""
        found = call.plan.response_check.violations(response.status, response.headers, response.body, value)
        if found:
            first = found[0]
            place = f"{first.pointer or '/'}: " if first.location == "response.body" else ""
            raise ContractBreach(f"{place}{first.message}; wanted: {first.expected}", call.plan.operation.id)
        return response

    def _refuse(self, call: Call, refusal: Refused, exchange: Exchange) -> Response:
        """The vendor's error for a refusal, and the reason in the trace."""
        operation = call.plan.operation if exchange.operation else None
        if refusal.violation is not None:
            exchange.violations.append(refusal.violation)
        if refusal.strict:
            exchange.violations.append(Violation("strict", "", refusal.reason, "nothing to be warned of", ""))
        response, value = call.api.responder.error(refusal.error, operation, self._error_scope(call, exchange))
        evidence = f", {refusal.evidence}" if refusal.evidence else ""
        exchange.trace.append(
            f"{response.status}: {refusal.reason} (rule {refusal.rule}, error {refusal.error}{evidence})"
        )
        own_voice = response.header("x-mockserver-problem") is not None
        if operation is not None and not own_voice and operation.response_for(response.status) is not None:
            response = self._checked(call, response, value, exchange)
        return response

    def _unmatched(self, call: Call, exchange: Exchange) -> Response:
        """OPTIONS, a wrong method, or a path that the API does not document."""
        methods = call.api.router.methods(call.path)
        if methods:
            allowed = sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])})
            allow = ("Allow", ", ".join(allowed))
            if call.request.method == "OPTIONS":
                exchange.trace.append("match: OPTIONS is answered from the documented methods")
                return Response(204, (allow,))
            reason = f"{call.path} is documented for {', '.join(methods)}, not for {call.request.method}"
            exchange.violations.append(Violation("method", "", reason, f"one of {', '.join(methods)}", "/paths"))
            response = self._refuse(call, Refused("method_not_allowed", "match", reason), exchange)
            return response._replace(headers=(*response.headers, allow))
        close = "; ".join(call.api.nearest(call.request.method, call.path))
        reason = f"{call.api.name} documents no path {call.path}"
        exchange.violations.append(Violation("path", "", reason, "a documented path", "/paths", hint=close))
        reason += f"; nearest: {close}" if close else ""
        return self._refuse(call, Refused("path_not_found", "match", reason), exchange)

    def _no_api(self, request: Request, path: str, exchange: Exchange) -> Response:
        """A path that no served API has, or more than one."""
        owners = self.routes.owners(path)
        if owners:
            message = f"{len(owners)} served APIs have the path {path}: say which by its prefix"
            nearest = [f"{request.method} /{name}{path}" for name in owners]
        else:
            message = f"No served API has the path {path}"
            nearest = self.routes.nearest(request, path)
        if request.path.startswith("/@"):
            message += f"; {named_namespace(request.path)}"
        exchange.violations.append(Violation("path", "", message, "a documented path", "", hint="; ".join(nearest)))
        exchange.trace.append(f"match: {message}")
        return problem("no-api", 404, message, nearest=nearest)

    def _unreadable(self, request: Request, exchange: Exchange) -> Response:
        """A path with control characters, or with bytes that are not UTF-8: the API's own refusal where it leads to an
        operation."""
        message = "The path has control characters, or bytes that are not UTF-8"
        exchange.violations.append(Violation("path", "", message, "printable characters in UTF-8", ""))
        call = self.routes.refused(request)
        if call is None:
            exchange.trace.append(f"match: {message}")
            return problem("unreadable-path", 400, message)
        exchange.api, exchange.operation = call.api.name, call.plan.operation.id
        return self._refuse(call, Refused("invalid_request", "unreadable-path", message), exchange)

    def _error_scope(self, call: Call, exchange: Exchange) -> OperationScope:
        """What the expressions of an error see, and the records as they stand."""
        names = call.error_names(exchange.violations[0] if exchange.violations else None)
        return OperationScope(call.space.begin(), self.clock, names, call.late)

    def _too_large(self, size: int, exchange: Exchange) -> Refused:
        limit = self.options.body_limit
        reason = f"the body has {size} bytes, the limit is {limit}"
        exchange.violations.append(Violation("body", "", reason, f"at most {limit} bytes", ""))
        return Refused("too_large", "body-limit", reason)

    def _warn(self, exchange: Exchange, rule: str, message: str, passed_over: str = "") -> None:
        """A warning for the journal; with `strict`, a refusal, which passes nothing over."""
        if self.options.strict:
            raise Refused("invalid_request", f"strict: {rule}", message, strict=True)
        exchange.warnings.append(Warn(rule, message + passed_over))

    def _fault(self, exchange: Exchange, slug: str, error: Exception, **more: Any) -> Response:
        """A fault of the mock itself, told in its own voice."""
        exchange.fault = f"{type(error).__name__}: {error}"
        exchange.trace.append(f"500: {exchange.fault}")
        return problem(slug, 500, str(error) or type(error).__name__, operation=exchange.operation, **more)
