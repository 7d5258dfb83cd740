"""One API at run time: its contract, its behaviour, its state, and a plan for each operation."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from mockserver.behaviour.credentials import Credential
from mockserver.behaviour.declared import Behaviour, SchemeRules
from mockserver.behaviour.fixtures import Fixtures, start_state
from mockserver.behaviour.issuer import Issuer
from mockserver.behaviour.operation import OperationRunner
from mockserver.behaviour.quotas import Limiter
from mockserver.behaviour.security import Authenticator
from mockserver.contract.conformance import RequestCheck, ResponseCheck
from mockserver.contract.model import Contract, Operation
from mockserver.contract.routing import Router
from mockserver.engine.journal import Warn
from mockserver.engine.responder import Responder
from mockserver.engine.ways import answering, by_example, errors_by_status, ways_of
from mockserver.messages import Request, Response, host_name
from mockserver.spec.catalog import SpecFolder
from mockserver.state.clock import Clock
from mockserver.state.store import Namespace, State
from mockserver.state.table import Table

_REMEMBERED = 1_024
_LARGEST = 64 * 1024  # bytes of an answer that is worth remembering
_MOST_SPACES = 1_000
_NONE, _A_SECOND = timedelta(0), timedelta(seconds=1)


class Remembered(NamedTuple):
    """An answer given before, what was warned of, and what the trace said of the case."""

    response: Response
    warnings: tuple[Warn, ...]
    case: str


class Plan:
    """Everything that serving one operation takes, bound once."""

    def __init__(
        self,
        operation: Operation,
        contract: Contract,
        behaviour: Behaviour,
        credentials: Mapping[str, Credential],
        strict: bool,
    ) -> None:
        self.operation = operation
        self.rules = behaviour.operations.get(operation.id)
        self.runner = OperationRunner(self.rules, operation, behaviour, strict) if self.rules else None
        self.authenticator = Authenticator(operation, credentials)
        keys = [scheme.name for scheme in contract.security_schemes.values() if scheme.location == "query"]
        self.request_check = RequestCheck(operation, media_type_ignored=behaviour.content_type_ignored, also_known=keys)
        self.response_check = ResponseCheck(operation)
        self.matched = f"match: {operation.method} {operation.path} is {operation.id}"
        #: By the index of the case that was applied, -1 for none.
        self.ways = ways_of(operation, self.rules)
        self.success = self.ways[-1].status
        # Where there is no example a value is drawn, which changes the state.
        pure = self.rules is not None and self.rules.pure and not any(map(by_example, answering(self.rules)))
        self.pure = pure and operation.request_body is None
        self.limiter = Limiter(operation.id, behaviour.quotas) or None
        self._errors = errors_by_status(self.rules, behaviour)
        self._documented_types = tuple(operation.request_body.content) if operation.request_body else ()
        self._type_ignored = behaviour.content_type_ignored
        self.reads = self.rules.reads if self.rules else ()

    def error_for(self, status: int) -> str:
        """The declared error that fits a status best for this operation; empty when none does, or when it succeeds with
        this status."""
        return self._errors.get(status, "")

    def body_unexpected(self, request: Request) -> bool:
        """Whether there is a body where none is documented."""
        return bool(request.body) and self.operation.request_body is None

    def type_undocumented(self, request: Request) -> bool:
        """Whether a body comes with a Content-Type that is not documented, and is read all the same."""
        if not self._type_ignored or not request.body or not self._documented_types:
            return False
        sent = request.headers.get("content-type", "")
        if sent in self._documented_types:
            return False
        name = sent.partition(";")[0].strip().lower()
        return name not in self._documented_types and "*/*" not in self._documented_types

    def recall(self, space: Namespace, key: tuple[str, ...]) -> Remembered | None:
        """The answer given before to the same request, if nothing that it was read from has changed."""
        kept = space.answers.get(self.operation.id)
        if kept is None:
            return None
        tables = space.state.tables
        for name, table in zip(self.reads, kept[0], strict=True):
            if tables[name] is not table:
                return None
        found: Remembered | None = kept[1].get(key)
        return found

    def remember(
        self,
        space: Namespace,
        key: tuple[str, ...],
        state: Mapping[str, Table],
        response: Response,
        warnings: list[Warn],
        case: str,
    ) -> None:
        """Keep an answer with the tables that it was read from. Those of older tables go, and a full memory is emptied,
        which costs no more than working things out again."""
        if len(response.body) > _LARGEST:
            return
        tables = tuple(state[name] for name in self.reads)
        kept = space.answers.get(self.operation.id)
        if kept is None or len(kept[1]) >= _REMEMBERED or any(map(operator.is_not, kept[0], tables)):
            kept = space.answers[self.operation.id] = (tables, {})
        kept[1][key] = Remembered(response, tuple(warnings), case)


class Api:
    """One API as it is served. `spaces` are its isolated states by namespace, made when first asked for."""

    def __init__(
        self,
        folder: SpecFolder,
        contract: Contract,
        behaviour: Behaviour,
        fixtures: Fixtures,
        *,
        clock: Clock,
        seed: int,
        auth: str,
        strict: bool,
    ) -> None:
        self.folder, self.contract, self.behaviour, self.fixtures = folder, contract, behaviour, fixtures
        self.name = folder.name
        self.router = Router(contract.operations.values(), [server.base_path for server in contract.servers] or [""])
        self.responder = Responder(behaviour)
        self.settings = {name: setting.value for name, setting in behaviour.settings.items()}
        self.spaces: dict[str, Namespace] = {}
        #: Told the name of a namespace that has given way to others.
        self.on_forgotten: Callable[[str], object] = lambda name: None
        #: Vouches for the tokens that this API issues.
        self.issuer = Issuer(self.name, behaviour, self.space, f"{seed}:{self.name}")
        #: The credentials that calls carry, by security scheme.
        self.credentials: Mapping[str, Credential] = {}
        self._clock, self._seed, self._auth, self._strict = clock, seed, auth, strict
        self._plans: dict[str, Plan] = {}
        self._servers: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()
        self._began = clock.now()
        self._start: tuple[datetime, State] | None = None

    def trust(self, issuers: Mapping[str, Issuer]) -> None:
        """Let these issuers, by the name of their API, vouch for the credentials of this one."""
        credentials: dict[str, Credential] = {}
        for name, scheme in self.contract.security_schemes.items():
            rules = self.behaviour.security.get(name) or SchemeRules()
            issuer = issuers[rules.issuer or self.name]
            first = next((each.issuer for each in credentials.values() if each.looks_up), issuer) is issuer
            credentials[name] = Credential(
                scheme,
                rules,
                issuer,
                strict=self._auth == "strict",
                command=f"token {self.name}" + ("" if first else f" --scheme {name}"),
                evidence={error.name: error.evidence for error in self.behaviour.errors.values()},
            )
        self.credentials = credentials

    def plan(self, operation: Operation) -> Plan:
        """The plan of an operation, made when it is first called."""
        plan = self._plans.get(operation.id)
        if plan is None:
            plan = self._plans[operation.id] = Plan(
                operation, self.contract, self.behaviour, self.credentials, self._strict
            )
        return plan

    def space(self, name: str) -> Namespace:
        """The state of a namespace."""
        found = self.spaces.get(name)
        if found is not None:
            return found
        oldest = ""
        with self._lock:
            found = self.spaces.get(name)
            if found is None:
                named = [each for each in self.spaces if each]
                if len(named) >= _MOST_SPACES:  # a client may name any it likes: the oldest goes
                    oldest = named[0]
                    self.spaces.pop(oldest, None)
                found = self.spaces[name] = Namespace(name, f"{self._seed}:{self.name}", self.start_state(name))
        if oldest:
            self.on_forgotten(oldest)
        return found

    def start_state(self, namespace: str = "") -> State:
        """The state at the start: the fixtures as if they had been written when the mock started or was reset; those
        of a named namespace, now. While the clock runs, a state that is younger than a second will do: many tests begin
        within one, and to move all times of the fixtures takes longer than most of them."""
        moment = self._clock.now() if namespace else self._began
        slack = _NONE if self._clock.frozen else _A_SECOND
        if self._start is None or not _NONE <= moment - self._start[0] <= slack:
            self._start = (moment, start_state(self.behaviour, self.fixtures, moment))
        return self._start[1]

    def nearest(self, method: str, path: str, limit: int = 3, prefix: str = "", why: str = "") -> list[str]:
        """In words: the documented operations that come closest to a path that matched none. `why` comes before the
        reasons that lie inside the path."""
        base = self.contract.servers[0].base_path if self.contract.servers else ""
        inside = not base or path.startswith(f"{base}/")
        found = []
        for near in self.router.nearest(method, path.removeprefix(base) if inside else path, limit):
            reason = near.reason if inside else f"the documented path begins with {base}"
            reason = "; ".join(filter(None, (why, reason)))
            found.append(f"{near.method} {prefix}{base}{near.template}" + (f" ({reason})" if reason else ""))
        return found

    def reset(self, namespace: str | None = None) -> None:
        """Back to the start state: one namespace, or all (those that tests made are forgotten)."""
        if not namespace:
            self._began = self._clock.now()
        if namespace is None:
            self.spaces.clear()
        else:  # a request that is under way writes to the one that is forgotten
            self.spaces.pop(namespace, None)

    def server(self, header: str = "") -> dict[str, str]:
        """What expressions see as `server`: the documented host that a Host header names, else the default one."""
        found = self._servers.get(header)
        if found is None:
            host = host_name(header)
            known = [server for server in self.contract.servers if host in server.hosts]
            server = next(iter(known or self.contract.servers), None)
            scheme = (server.scheme if server else "") or "https"
            name = host if known else (server.hosts[0] if server and server.hosts else "localhost")
            url = f"{scheme}://{name}"
            found = {"host": name, "scheme": scheme, "url": url, "called": url}
            if len(self._servers) >= _REMEMBERED:  # a client may send any Host it likes
                self._servers.clear()
            self._servers[header] = found
        return found
