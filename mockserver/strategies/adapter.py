"""What a state machine calls: the user's client behind a function, or the mock itself, within this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from mockserver.behaviour.actions import ActionRefused
from mockserver.behaviour.tokens import HIDDEN_TOKENS
from mockserver.contract.model import Operation
from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.engine.grants import Wanted
from mockserver.exceptions import UsageError
from mockserver.messages import Request, Response

_START = datetime(2025, 1, 15, 12, tzinfo=UTC)
_NO_PARAMETERS: Mapping[str, Mapping[str, Any]] = {}
State: TypeAlias = Mapping[str, Iterable[Mapping[str, Any]]]


class Sent(Request):
    """A request that the machine wants made. Beside the bytes it has them as values: `parameters` by location (path,
    query, header, cookie) and name, `value` the body (None for none)."""

    parameters: Mapping[str, Mapping[str, Any]] = _NO_PARAMETERS
    value: Any = None

    @classmethod
    def of(cls, request: Request, parameters: Mapping[str, Mapping[str, Any]], value: Any) -> Sent:
        sent = cls(*request)
        sent.parameters, sent.value = parameters, value
        return sent


#: `call(operation id, request)` makes the call by the user's client, and gives what came back.
Call: TypeAlias = Callable[[str, Sent], Any]


class Answer(NamedTuple):
    """What came back. `body` is None where the client keeps it to itself and gives only the `value`; `headers` are
    None where it gives none."""

    status: int
    headers: tuple[tuple[str, str], ...] | None
    body: bytes | None
    value: Any

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 400


def answer_of(result: Any) -> Answer:
    """The answer in what a `call` gives: a Response, (status, value), or an object with `status_code` or `status`, and
    `content` or `json`. UsageError for anything else."""
    if isinstance(result, Answer):
        return result
    if isinstance(result, Response):
        return Answer(result.status, result.headers, result.body, _read(result.body))
    if isinstance(result, tuple) and len(result) == 2 and isinstance(result[0], int):
        return Answer(result[0], None, None, result[1])
    status = next((each for name in ("status_code", "status") if _is_status(each := getattr(result, name, None))), None)
    if status is None:
        hint = "give a Response, (status, value), or an object with status_code and json()"
        raise UsageError(f"call gave {type(result).__name__}, which has no status", hint)
    headers = getattr(result, "headers", None)
    pairs = tuple((str(name), str(text)) for name, text in headers.items()) if isinstance(headers, Mapping) else None
    body = next(
        (each for name in ("content", "body", "data") if isinstance(each := getattr(result, name, None), bytes)), None
    )
    if body is not None:
        return Answer(status, pairs, body, _read(body))
    found = getattr(result, "json", None)
    try:
        value = found() if callable(found) else found
    except ValueError:
        value = None
    return Answer(status, pairs, None, value)


def _is_status(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _read(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None


class Mock:
    """A mock within this process: what is called, looked at and reset, in one namespace of an engine."""

    def __init__(self, engine: Engine, name: str, namespace: str = "", *, own: bool = False) -> None:
        self.engine, self.name, self.namespace = engine, name, namespace
        self.api = engine.api(name)
        self._own = own
        self._prefix = f"/@{namespace}/{name}" if namespace else f"/{name}"
        self._headers: dict[str, dict[str, str]] = {}

    def call(self, operation: str, request: Sent) -> Response:
        """The answer of the mock, with a credential for whatever the operation asks for."""
        headers = {**self.credentials(self.api.contract.operations[operation]), **request.headers}
        sent = Request(request.method, self._prefix + request.path, request.query, headers, request.body)
        return self.engine.handle(sent)

    def act(self, action: str, given: Mapping[str, Any]) -> tuple[bool, Any]:
        """Whether a scenario action happened, and its result or why it did not."""
        try:
            return True, self.engine.act(self.name, action, given, self.namespace).result
        except ActionRefused as refused:
            return False, str(refused)

    def state(self) -> State:
        """The records of each resource, as they are now: the same object while nothing changes."""
        self.engine.run_due()
        tables = self.engine.api(self.name).space(self.namespace).state.tables
        return {name: table for name, table in tables.items() if name != HIDDEN_TOKENS}

    def fault(self) -> str:
        """Why the mock could not give the last answer; empty when it could."""
        last = self.engine.journal.since(self.engine.journal.last_seq - 1)
        return last[-1].fault if last else ""

    def reset(self) -> None:
        """Back to the start."""
        if self._own:
            self.engine.reset()
        else:
            self.engine.reset(self.name, self.namespace)
        self._headers.clear()

    def credentials(self, operation: Operation) -> dict[str, str]:
        """The headers that carry what an operation asks for; a token is issued where only such a one holds."""
        if operation.id not in self._headers:
            found = self._headers[operation.id] = {}
            for credential in self.api.plan(operation).authenticator.first:
                token = credential.sample()
                if not token:
                    wanted = Wanted(scheme=credential.id)
                    token = str(self.engine.issue_token(self.name, wanted, self.namespace)["access_token"])
                header = credential.header(token)
                if header is not None:
                    found[header[0]] = header[1]
        return self._headers[operation.id]


def mock_of(api: Any, *, served: bool) -> Mock | None:
    """The mock behind `api`: the one that it stands for, else with `served` a new one of that name or path."""
    engine = getattr(api, "engine", None)
    if isinstance(engine, Engine):
        return Mock(engine, str(api.name), str(getattr(api, "namespace", "")))
    if not served:
        return None
    if not isinstance(api, (str, Path)):
        raise UsageError("a contract alone cannot be served", "give a name or a path, or `call` for what serves it")
    # Quotas would end every longer sequence, as the clock stands still.
    built = build_engine([str(api)], Options(start=_START, rate_limits=False, journal_size=20))
    name = next(iter(built.apis))
    if not built.api(name).folder.behaviour:
        raise UsageError(f"{name} has no behaviour.yaml, so the mock keeps no state", "give `call` for what serves it")
    return Mock(built, name, own=True)
