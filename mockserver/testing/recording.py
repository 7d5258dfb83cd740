"""Records exchanges with an API: every operation with every status that is documented for it, each in a fresh state;
and every event that it sends by itself.

The same seed and clock give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mockserver.behaviour.views import success_status
from mockserver.contract.model import Operation
from mockserver.engine.api import Api
from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.engine.grants import Wanted
from mockserver.engine.outgoing import sender_of
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.messages import Request
from mockserver.spec.catalog import find
from mockserver.state.clock import parse_time
from mockserver.state.samples import Draws
from mockserver.testing.arrange import bring_about, settings_for
from mockserver.testing.calls import likely_calls
from mockserver.testing.catalogue import ErrorCase, credential_for, errors_of
from mockserver.testing.exchanges import Exchange
from mockserver.webhooks.byhand import made_by_hand
from mockserver.webhooks.signing import made_secret

#: The moment at which recordings are made unless told otherwise: that for which the shipped states are written.
CLOCK = parse_time("2025-01-15T12:00:00Z")
_RECEIVER = "https://receiver.example/webhooks"
_SMALL = 16 * 1024  # bytes of an answer that nobody minds


class Recorder:
    """Records one API (a name that ships, a folder, an OpenAPI file). Raises UsageError, SpecError."""

    def __init__(self, api: str | Path, *, seed: int = 0, clock: datetime = CLOCK) -> None:
        self._target = str(api)
        self._name = find(self._target).name
        self._seed, self._clock = seed, clock
        self._engines: dict[str, Engine] = {}
        self._working: dict[str, Request | None] = {}

    @property
    def api(self) -> Api:
        """The API, with the settings that it has by itself."""
        return self._engine({}).apis[self._name]

    def record(self, operations: Iterable[str] = ()) -> Iterator[Exchange]:
        """The exchanges of these operations, or of all in the order of the document: those that succeed, then the
        errors; and likewise of events. Raises UsageError for an unknown operation."""
        known, events = self.api.contract.operations, self.api.contract.webhooks
        chosen = list(operations)
        for name in chosen:
            if name not in known and name not in events:
                hint = did_you_mean(name, [*known, *events], f"it has {', '.join([*known, *events])}")
                raise UsageError(f"{self._name} has no operation '{name}'", hint)
        for name, operation in known.items():
            if not chosen or name in chosen:
                yield from self._successes(operation)
                for case in errors_of(self.api, name):
                    yield self.error(case)
        for name, operation in events.items():
            if not chosen or name in chosen:
                yield self._event(name, operation)

    def error(self, case: ErrorCase) -> Exchange:
        """The exchange of one documented error."""
        operation = self.api.contract.operations[case.operation]
        request = self._call_of(operation)
        engine = self._engine(settings_for(case))
        engine.reset()
        request = _carrying(engine.apis[self._name], operation, request, bring_about(engine, case))
        return Exchange(
            case.api,
            case.operation,
            case.error,
            case.how,
            case.injected,
            case.evidence,
            request,
            engine.handle(request),
        )

    def decision(self, case: ErrorCase) -> str:
        """What decided when an error was last recorded, in the words of the journal."""
        return self._engine(settings_for(case)).journal.since(0)[-1].trace[-1]

    def _successes(self, operation: Operation) -> Iterator[Exchange]:
        plan = self.api.plan(operation)
        for status in operation.documented_statuses():
            if status < 400:
                request = self._works(operation) if status == plan.success else None
                yield self._success(operation, request, status)

    def _success(self, operation: Operation, request: Request | None, status: int) -> Exchange:
        engine = self._engine({})
        engine.reset()
        response = operation.response_for(status)
        evidence = response.evidence if response is not None else operation.evidence
        how = "a call in the state that the mock starts with"
        worked = request is not None
        if request is None:
            how = f"the documented example, asked for by Prefer: code={status}"
            request = self._call_of(operation)
        request = _carrying(self.api, operation, request, self._good_token(engine, operation))
        asked = request if worked else request._replace(headers={**request.headers, "prefer": f"code={status}"})
        return Exchange(self._name, operation.id, "", how, False, evidence, request, engine.handle(asked))

    def _event(self, name: str, operation: Operation) -> Exchange:
        """What a receiver gets, and the first answer that it may give."""
        engine = self._engine({})
        engine.reset()
        sender = sender_of(self.api, engine.clock, self._seed)
        secret = made_secret(self.api.behaviour.webhooks.signing, Draws(f"{self._seed}:{self._name}:secret"))
        made = made_by_hand(sender, name, _RECEIVER, secret, remote=True, at=engine.clock.timestamp())
        how = "the event, with the default values of its parameters"
        how += f", signed with the secret {secret}" if sender.signs else ""
        address = urlsplit(_RECEIVER)
        headers = {"host": address.netloc, **{key.lower(): value for key, value in made.headers.items()}}
        request = Request("POST", address.path, "", headers, made.body.data, address.scheme)
        status = success_status(operation)
        response, _ = self.api.responder.example(operation, status, Draws(name))
        return Exchange(self._name, name, "", how, False, operation.evidence, request, response)

    def _call_of(self, operation: Operation) -> Request:
        """A call that works, else the likeliest one."""
        return self._works(operation) or next(likely_calls(self.api, operation))

    def _works(self, operation: Operation) -> Request | None:
        """A call that is answered by success, without its credential; None when none was found. Of those with a large
        answer the one with the smallest."""
        if operation.id not in self._working:
            self._working[operation.id] = self._tried(operation)
        return self._working[operation.id]

    def _tried(self, operation: Operation) -> Request | None:
        engine = self._engine({})
        found: tuple[int, Request] | None = None
        for request in likely_calls(self.api, operation):
            engine.reset()
            sent = _carrying(self.api, operation, request, self._good_token(engine, operation))
            response = engine.handle(sent)
            refused = any(line.startswith(f"{response.status}: ") for line in engine.journal.since(0)[-1].trace)
            if response.status != self.api.plan(operation).success or refused:
                continue
            if found is None or len(response.body) < found[0]:
                found = len(response.body), request
            if found[0] <= _SMALL:
                break
        return found[1] if found is not None else None

    def _good_token(self, engine: Engine, operation: Operation) -> str:
        credential = credential_for(self.api, operation)
        if credential is None:
            return ""
        scheme = next(name for name, each in self.api.credentials.items() if each is credential)
        token: str = engine.issue_token(self._name, Wanted(scheme=scheme))["access_token"]
        return token

    def _engine(self, settings: Mapping[str, Any]) -> Engine:
        key = json.dumps(settings, sort_keys=True)
        if key not in self._engines:
            options = Options(seed=self._seed, start=self._clock, settings={self._name: settings} if settings else {})
            self._engines[key] = build_engine([self._target], options)
        return self._engines[key]


def _carrying(api: Api, operation: Operation, request: Request, token: str) -> Request:
    """The request with the credentials of the operation, `token` for the one that is looked up; without any where it
    goes without."""
    sent: dict[str, str] = {}
    query = request.query
    authenticator = api.plan(operation).authenticator
    for credential in () if authenticator.optional else authenticator.first:
        value = token if credential.looks_up else credential.sample()
        header = credential.header(value)
        if header is not None:
            sent[header[0]] = header[1]
        elif credential.scheme.location == "query":
            query = "&".join(filter(None, (query, f"{credential.scheme.name}={value}")))
        elif credential.scheme.location == "cookie":
            sent["cookie"] = f"{credential.scheme.name}={value}"
    return request._replace(query=query, headers={**request.headers, **sent})
