"""What the author of a test does to a running mock beside calling it: look, reset, keep, restore, move the clock."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self
from weakref import WeakKeyDictionary

from mockserver.behaviour.action_schemas import ActionSchemas
from mockserver.behaviour.credentials import Credential
from mockserver.behaviour.timers import MOST_AT_ONCE, run_due
from mockserver.behaviour.tokens import HIDDEN_TOKENS, completed, token_faults
from mockserver.behaviour.views import breaches, required_fields, shown_schemas
from mockserver.contract.json_text import DEEPEST, is_too_deep
from mockserver.contract.model import Operation
from mockserver.engine.actions import ActionResult, described, known_action, perform
from mockserver.engine.api import Api
from mockserver.engine.faults import Faults
from mockserver.engine.grants import Wanted, as_json, credential_of, grant, sample_grant, still_live
from mockserver.engine.journal import Journal
from mockserver.engine.outgoing import Senders, in_order
from mockserver.engine.routes import Routes
from mockserver.engine.sample import sample_call
from mockserver.engine.snapshots import Snapshots
from mockserver.exceptions import ExpressionError, UsageError, did_you_mean
from mockserver.messages import Request
from mockserver.state.clock import Clock
from mockserver.state.records import Record
from mockserver.state.store import Emission, Namespace, State, Transaction
from mockserver.state.table import Table
from mockserver.webhooks.outbox import Outbox
from mockserver.webhooks.sender import Sender
from mockserver.webhooks.subscriptions import WebhookTarget


@dataclass(frozen=True, slots=True)
class Options:
    """How a mock is run. `body_limit` is in bytes, `journal_size` in exchanges; `settings` override, by API, what a
    behaviour file declares; with a `start` the clock is virtual and begins frozen there; without `rate_limits` no
    quota is counted; `webhooks` are subscriptions that it begins with, and
    `remote_webhooks` lets events go to other machines."""

    auth: str = "lenient"
    strict: bool = False
    seed: int = 0
    body_limit: int = 10 * 1024 * 1024
    journal_size: int = 10_000
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    start: datetime | None = None
    rate_limits: bool = True
    webhooks: tuple[WebhookTarget, ...] = ()
    remote_webhooks: bool = False


class Control:
    """The APIs, the clock and the journal of one mock, and what can be done to them from outside a request."""

    def __init__(
        self, apis: Mapping[str, Api], options: Options, clock: Clock, issuing: Mapping[str, Api] | None = None
    ) -> None:
        """`issuing` are APIs that are not served, but whose tokens hold at one that is."""
        self.apis, self.options, self.clock = apis, options, clock
        self._all = {**apis, **(issuing or {})}
        self.journal = Journal(options.journal_size)
        self.faults = Faults(options.seed)
        self.routes = Routes(apis)
        self._snapshots = Snapshots()
        self._samples: dict[tuple[str, str], str] = {}
        #: Why timers failed that ran outside of any request, the last hundred; those within one are in its trace.
        self.failed_timers: deque[str] = deque(maxlen=100)
        self._senders = Senders(clock, options.seed, self._space)
        #: Sends what the APIs tell by themselves.
        self.outbox = Outbox(self._senders_of(apis), clock)
        self.outbox.register(options.webhooks, remote=options.remote_webhooks)
        self._action_schemas: WeakKeyDictionary[Api, ActionSchemas] = WeakKeyDictionary()

    def serve_only(self, apis: Mapping[str, Api], issuing: Mapping[str, Api]) -> None:
        """Serve these APIs from here on; `issuing` are those whose tokens hold at them. All share the engine's clock.
        One that was served before goes on with its subscriptions."""
        self.apis = apis
        self._all = {**apis, **issuing}
        self.routes = Routes(apis)
        self.outbox.serve(self._senders_of(apis))
        self._samples = {key: text for key, text in self._samples.items() if key[0] in self._all}

    def _senders_of(self, apis: Mapping[str, Api]) -> dict[str, Sender]:
        for api in self._all.values():
            api.on_forgotten = partial(self._forget, api.name)
        return self._senders.of(apis)

    def _forget(self, api: str, namespace: str) -> None:
        """Nothing of a namespace that has given way to others stays behind."""
        self.outbox.reset(api, namespace)
        self.faults.clear(api, namespace)

    def close(self) -> None:
        """Send nothing more, and end the threads that do. What it has answered and sent can still be looked at."""
        self.outbox.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def loaded(self) -> Sequence[Api]:
        """The APIs that are served, and those that only issue tokens for them."""
        return tuple(self._all.values())

    def api(self, name: str) -> Api:
        """The API of that name, served or issuing for one that is. Raises UsageError."""
        if name not in self._all:
            served = f"served: {', '.join(self.apis)}"
            raise UsageError(f"no API is called '{name}'", did_you_mean(name, self._all, served))
        return self._all[name]

    def namespaces(self) -> list[str]:
        """The namespaces in use, sorted."""
        return sorted({name for api in self._all.values() for name in api.spaces})

    def reset(self, api: str | None = None, namespace: str | None = None) -> None:
        """State and journal back to the start, of one API and one namespace or of all; the clock when all is reset."""
        chosen = [self.api(api)] if api is not None else list(self._all.values())
        if api is None and namespace is None:
            self.clock.reset()
            self._snapshots.clear()
            self.failed_timers.clear()
        for each in chosen:
            each.reset(namespace)
        self.journal.clear(api, namespace)
        self.faults.clear(api, namespace)
        self.outbox.reset(api, namespace)
        self._keep_samples()

    def state(self, api: str, namespace: str = "") -> dict[str, list[dict[str, Any]]]:
        """The records of every resource that the behaviour file names."""
        tables = self._tables(api, namespace)
        return {name: _copies(table) for name, table in tables.items() if name != HIDDEN_TOKENS}

    def records(self, api: str, resource: str, namespace: str = "") -> list[dict[str, Any]]:
        """The records of one resource. Raises UsageError."""
        tables = self._tables(api, namespace)
        return _copies(tables[self._resource(api, resource)])

    def _tables(self, api: str, namespace: str) -> Mapping[str, Table]:
        return self._space(self.api(api), namespace).state.tables

    def _space(self, api: Api, namespace: str) -> Namespace:
        """The state of a namespace, in which nothing is due any more."""
        space = api.space(namespace)
        self._run_due(api, space, self.clock.timestamp())
        return space

    def _resource(self, api: str, resource: str) -> str:
        known = [name for name in self.api(api).behaviour.resources if name != HIDDEN_TOKENS]
        if resource not in known:
            hint = did_you_mean(resource, known, f"resources: {', '.join(known) or 'none'}")
            raise UsageError(f"{api} has no resource '{resource}'", hint)
        return resource

    def replace_state(self, api: str, resource: str, records: Sequence[Mapping[str, Any]], namespace: str = "") -> None:
        """Put `records` in the place of all records of a resource. Raises UsageError when one lacks its key, or when an
        answer could not show it."""
        spec = self.api(api).behaviour.resources[self._resource(api, resource)].table
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise UsageError("the records must be a list of objects")
        if is_too_deep(records):
            raise UsageError(f"the records are nested more than {DEEPEST} levels deep")
        if resource == self.api(api).behaviour.token_table:
            self._check_tokens(self.api(api), records)
            records = completed(records)
        try:
            table = Table.of(spec, records)
        except (ValueError, ExpressionError) as error:
            raise UsageError(str(error)) from None
        self._check_shown(self.api(api), resource, records)
        space = self.api(api).space(namespace)
        with space.lock:
            space.set_state(State({**space.state.tables, resource: table}, space.state.drawn))
            space.walks.clear()

    def _check_tokens(self, api: Api, records: Sequence[Mapping[str, Any]]) -> None:
        for index, record in enumerate(records):
            for name, message, hint in token_faults(record, api.behaviour.tokens):
                raise UsageError(f"record {index} of 'token', '{name}': {message}", hint)

    def _check_shown(self, api: Api, resource: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Raises UsageError for the first record that would make an answer break the contract."""
        shown = shown_schemas(resource, api.behaviour, api.contract)
        required = required_fields(resource, api.behaviour, api.contract)
        for index, record in enumerate(records):
            for name, nullable in required.items():
                if name not in record or (record[name] is None and not nullable):
                    hint = "defaults are not filled in here"
                    raise UsageError(f"record {index} of '{resource}' has no '{name}', which the API answers", hint)
            for name in shown.keys() & record.keys():
                for found in breaches(record[name], shown[name]):
                    place = f"'{name}'" + (f" at {found.pointer}" if found.pointer else "")
                    raise UsageError(
                        f"record {index} of '{resource}': {place} breaks the contract: {found.message}",
                        found.hint or f"expected {found.expected}",
                    )

    def snapshot(self) -> str:
        """Keep the state of every API and namespace; gives the name to bring it back by."""
        return self._snapshots.keep(self._all.values())

    def restore(self, name: str) -> None:
        """Bring a snapshot back. What came into being since goes back to the start, but for subscriptions and
        deliveries, which stay as they are. Raises UsageError."""
        self._snapshots.bring_back(name, self._all.values())
        self._keep_samples()

    def advance(self, by: timedelta) -> None:
        """Move the clock forward; what falls due on the way happens, in order of time."""
        with self.outbox.held():
            self.clock.advance(by)
            self._run_all()

    def let_pass(self, by: timedelta) -> None:
        """The same from within a call of an API, which nobody holds up: it may be a receiver that makes it before it
        answers, and what it is being sent is not waited for."""
        with self.outbox.held(patiently=False):
            self.clock.advance(by)
            self._run_all()

    def freeze(self, frozen: bool = True) -> None:
        """Stop the clock where it is, or let it run on from there, and send what waits as it comes due."""
        self.clock.freeze(frozen)
        self.outbox.look()

    def set_clock(self, moment: datetime) -> None:
        """Jump to a moment; what is due by then happens, in order of time."""
        with self.outbox.held():
            self.clock.set(moment)
            self._run_all()

    def run_due(self) -> None:
        """Run every timer that is due, and send what is, in order of time across all APIs and namespaces."""
        with self.outbox.held():
            self._run_all()

    def _run_all(self) -> None:
        for api in self._all.values():
            api.space("")  # it began with the mock, whether anybody has looked or not
        spaces = [(api, space) for api in self._all.values() for space in list(api.spaces.values())]
        in_order(spaces, self.outbox, self.clock.timestamp(), self._run_due, MOST_AT_ONCE)

    def _run_due(self, api: Api, space: Namespace, until: float) -> int:
        if until < space.next_due:
            return 0
        names: dict[str, object] = {"settings": api.settings, "server": api.server()}
        hand_on = partial(self._hand_on, api, space)
        return run_due(api.behaviour, space, until, names, self.failed_timers.append, hand_on)

    def _handed_on(self, api: Api, space: Namespace, transaction: Transaction) -> list[str]:
        """Tell what a transaction that is committed has brought about; what the trace says of it."""
        told = self.outbox.accept(api.name, space.name, transaction.emitted) if transaction.emitted else ()
        return [
            f"emit: {each.event} to {count} subscription{'s' * (count != 1)}"
            if count
            else f"emit: {each.event} (nobody is subscribed)"
            for each, count in zip(transaction.emitted, told, strict=True)
        ]

    def _hand_on(self, api: Api, space: Namespace, emitted: tuple[Emission, ...]) -> None:
        self.outbox.accept(api.name, space.name, emitted)

    def actions(self, api: str) -> list[dict[str, Any]]:
        """The scenario actions of an API: `name`, `about`, and `parameters` by name. Raises UsageError."""
        return [described(action) for action in self.api(api).behaviour.actions.values()]

    def act(self, api: str, name: str, given: Mapping[str, Any] | None = None, namespace: str = "") -> ActionResult:
        """Make something happen at the side of an API, with no call of it: one of its actions, all of it or nothing.

        `given` are parameters by name. Raises UsageError for an unknown action (UnknownAction), wrong parameters, or
        where the action may not happen as things stand (ActionRefused); ExpressionError when a rule fails.
        """
        found = self.api(api)
        action = known_action(found, name)
        schemas = self._action_schemas.setdefault(found, ActionSchemas(found.behaviour.actions))
        space = found.space(namespace)
        with space.lock:
            self._run_due(found, space, self.clock.timestamp())
            transaction = space.begin()
            result = perform(found, action, given or {}, transaction, self.clock, schemas)
            transaction.commit()
            self._handed_on(found, space, transaction)
        return result

    def issue_token(self, api: str, wanted: Wanted, namespace: str = "") -> dict[str, Any]:
        """A token that calls of an API may carry, and that is held to what it was issued for: `access_token`,
        `token_type`, `expires_in` (seconds), `scope`, `header`. Raises UsageError when the API knows no such scope or
        role, or asks for no token; ExpressionError when a rule under `tokens` fails."""
        found = self.api(api)
        credential = credential_of(found, wanted.scheme)
        self._tables(credential.issuer.api, namespace)  # what is over by now makes room
        return as_json(self._granted(found, credential, wanted, namespace), credential)

    def _granted(self, api: Api, credential: Credential, wanted: Wanted, namespace: str = "") -> Record:
        return grant(api, self.api(credential.issuer.api), credential, wanted, namespace, self.clock)

    def evidence(self, api: str) -> dict[str, int]:
        """How many rules and shapes of an API are documented, observed and assumed."""
        found = self.api(api)
        grades: Counter[str] = Counter(found.behaviour.evidence)
        for schema in found.contract.schemas.values():
            data = schema.data
            grades[data.get("x-evidence", "documented") if isinstance(data, dict) else "documented"] += 1
        for operation in found.contract.operations.values():
            grades[operation.evidence] += 1
            grades.update(
                response.evidence for status, response in operation.responses.items() if status.startswith("2")
            )
        return {grade: grades[grade] for grade in ("documented", "observed", "assumed")}

    def sample_request(self, api: str) -> Request:
        """A request that works when it is pasted: the simplest reading operation, with a well-formed credential."""
        found = self.api(api)
        operations = sorted(
            found.contract.operations.values(),
            key=lambda each: (
                each.method != "GET",
                "{" in each.path,
                sum(parameter.required for parameter in each.parameters),
                each.deprecated,
                not found.plan(each).reads,
            ),
        )
        if not operations:
            return Request("GET", f"/{api}/")
        operation = operations[0]
        headers = self._sample_headers(found, operation)
        base = found.contract.servers[0].base_path if found.contract.servers else ""
        call = sample_call(operation, f"{self.options.seed}:{api}")
        return Request(operation.method, f"/{api}{base}{call.path}", "", {**headers, **call.headers}, call.body)

    def _sample_headers(self, api: Api, operation: Operation) -> dict[str, str]:
        """What carries the credentials of an operation: any, or where it must be so one that was issued."""
        headers = {}
        for credential in api.plan(operation).authenticator.first:
            token = credential.sample() or self._sample_token(api, credential)
            if (header := credential.header(token)) is not None:
                headers[header[0]] = header[1]
        return headers

    def _sample_token(self, api: Api, credential: Credential) -> str:
        """The token that has been shown for pasting, or one that is shown from now on."""
        kept = self._samples.get((api.name, credential.id), "")
        if not still_live(credential.issuer, kept, ""):
            kept = sample_grant(api, self.api(credential.issuer.api), credential, self.clock)["token"]
            self._samples[(api.name, credential.id)] = kept
        return kept

    def _keep_samples(self) -> None:
        """Let tokens that were shown for pasting hold again, after another state was put in place."""
        for api, scheme in list(self._samples):
            self._sample_token(self._all[api], self._all[api].credentials[scheme])


def _copies(table: Table) -> list[dict[str, Any]]:
    """The records, all the way down: what a caller scribbles on them stays with the caller."""
    return [{name: deepcopy(value) for name, value in record.items()} for record in table]
