"""`MockApi`: one API as a test has it, running, and everything that a test may do to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.engine.faults import Delay, FaultOrder
from mockserver.engine.grants import Wanted as WantedToken
from mockserver.engine.preferences import documented
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.messages import Request, Response
from mockserver.testing.clock_view import ClockView
from mockserver.testing.expected import ExpectedViolation
from mockserver.testing.journal import Call, Calls
from mockserver.testing.matching import Wanted, report
from mockserver.testing.remarks import remark
from mockserver.testing.state_view import StateView

if TYPE_CHECKING:
    from mockserver.engine.engine import Engine
    from mockserver.testing.options import MockOptions, StartState
    from mockserver.testing.worlds import World
    from mockserver.webhooks.deliveries import Delivery
    from mockserver.webhooks.subscriptions import Subscription

_SETTLED = 10.0  # seconds that `deliveries` waits at most for what is under way


class MockApi:
    """One API of one test. `options` are those that it runs under, `world` what it shares with the other APIs of the
    test; `namespace` is how the engine calls its state."""

    namespace = ""

    def __init__(self, world: World, name: str, options: MockOptions) -> None:
        self.world, self.name, self.options = world, name, options
        #: The violations that the test means to bring about.
        self.expected: list[ExpectedViolation] = []
        self.state = StateView(self)
        self.clock = ClockView(self)
        self._snapshots: list[str] = []
        self._operations = world.engine.api(name).contract.operations
        world.mocks[name] = self

    @property
    def engine(self) -> Engine:
        """The engine behind it, for what this class has no word for. Raises UsageError when the test is over: another
        may have it by now."""
        if self.world.over:
            raise UsageError(f"the test that {self.name} ran for is over", "its calls can still be looked at")
        return self.world.engine

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end: what takes the place of `https://` and the documented host."""
        return f"{self.world.url}/{self.name}"

    @property
    def server_url(self) -> str:
        """What `url` stands on, without a slash at the end: the other APIs of the world are there by their names, and
        its admin API under `/__admin`, for a client in a process of its own that orders faults or moves the clock."""
        return self.world.url

    def handle(self, request: Request) -> Response:
        """Answer a request without a server. Its path begins with `/` and the name of the API."""
        return self.world.handle(request)

    def __repr__(self) -> str:
        return f"<MockApi {self.name}, {'its test is over' if self.world.over else f'{len(self.requests)} calls'}>"

    # tokens

    def token(
        self,
        scopes: str | Iterable[str] | None = None,
        roles: str | Iterable[str] | None = None,
        *,
        claims: Mapping[str, Any] | None = None,
        expires_in: int | None = None,
        user: str | None = None,
        organisation: str | None = None,
        client: str | None = None,
        scheme: str | None = None,
    ) -> str:
        """A token that the mock accepts, and holds to what it was issued for: all scopes that the contract knows unless
        told otherwise, and `expires_in` seconds of life. Raises UsageError for a scope or role that the API lacks."""
        wanted = WantedToken(_names(scopes), _names(roles), claims, expires_in, user, organisation, client, scheme)
        return str(self.engine.issue_token(self.name, wanted)["access_token"])

    # calls

    @property
    def journal(self) -> Calls:
        """All calls of the test's world, also those for its other APIs and for none, oldest first."""
        return Calls(self.world.calls())

    @property
    def requests(self) -> Calls:
        """The calls of this API, oldest first."""
        return Calls([call for call in self.world.calls() if call.api == self.name])

    def judged_calls(self) -> list[Call]:
        """The calls for which this API speaks in the verdict: its own, and if it is the first those of nobody."""
        mocks = self.world.mocks
        first = next(iter(mocks.values()))
        return [call for call in self.world.calls() if mocks.get(call.api, first) is self]

    def assert_called(
        self,
        operation: str,
        *,
        times: int | None = None,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        path: Mapping[str, Any] | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Calls:
        """See that an operation was called: `times` often (None: at least once), with a body that holds at least
        `body`, and these parameters. Gives the calls that fit. Raises AssertionError, which shows those that came
        nearest and where they differ; UsageError when there is no such operation."""
        __tracebackhide__ = True
        return self._assert(operation, times, Wanted(body, query, path, headers))

    def assert_not_called(
        self,
        operation: str,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        path: Mapping[str, Any] | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """See that no call of an operation fits. Raises AssertionError, UsageError."""
        __tracebackhide__ = True
        self._assert(operation, 0, Wanted(body, query, path, headers))

    def _assert(self, operation: str, times: int | None, wanted: Wanted) -> Calls:
        __tracebackhide__ = True
        self._known_operation(operation)
        all = self.requests
        calls = all.of(operation)
        fitting = [call for call in calls if not wanted.differences(call)]
        if len(fitting) == times or (times is None and fitting):
            return Calls(fitting)
        expected = (
            "at least one call" if times is None else "none" if times == 0 else f"{times} call{'s'[: times != 1]}"
        )
        raise AssertionError(report(operation, expected, wanted, len(fitting), calls, self.journal))

    def _known_operation(self, operation: str) -> None:
        known = self._operations
        if operation not in known:
            hint = did_you_mean(operation, known, f"operations: {', '.join(list(known)[:20])}")
            raise UsageError(f"{self.name} has no operation '{operation}'", hint)

    def expect_violation(
        self,
        operation: str | None = None,
        pointer: str | None = None,
        *,
        location: str | None = None,
        message: str | None = None,
    ) -> ExpectedViolation:
        """A violation that the test means to bring about, so that it fails nobody; it fails when none comes.

        `with api.expect_violation("createSession", pointer="/title"):` is for the calls of the block, a plain call for
        the whole test. `location` is path, query, header, cookie, body or security; `message` a regular expression.
        """
        if operation is not None:
            self._known_operation(operation)
        expected = ExpectedViolation(self.judged_calls, operation, pointer, location, message)
        self.expected.append(expected)
        return expected

    # faults

    def fail_next(
        self,
        operation: str | None,
        fault: int | str | None = None,
        *,
        times: int | None = 1,
        after: int = 0,
        error: str | None = None,
        applied: bool = False,
    ) -> FaultOrder:
        """Let the next calls of an operation (None: of any) fail: with a status, with a documented error by its name,
        or by a fault of the network such as `CONNECTION_RESET_BY_PEER`.

        The first `after` calls pass, the next `times` fail (None: all). With `applied` the operation does happen, and
        the client does not learn of it. Warns of a status that the operation does not document. Raises UsageError.
        """
        __tracebackhide__ = True
        if operation is not None:
            self._known_operation(operation)
        if error is not None and error not in self.engine.api(self.name).behaviour.errors:
            known = self.engine.api(self.name).behaviour.errors
            hint = did_you_mean(error, known, f"errors: {', '.join(known) or 'none'}")
            raise UsageError(f"{self.name} declares no error '{error}'", hint)
        kind: dict[str, Any] = {"error": error} if error is not None else {}
        if isinstance(fault, str):
            named = fault in self.engine.api(self.name).behaviour.errors
            kind["error" if named else "fault"] = fault
        elif fault is not None:
            kind["status"] = fault
        order = FaultOrder(self.name, operation, self.namespace, times=times, after=after, applied=applied, **kind)
        self._flag(order)
        return self.engine.faults.add(order)

    def _flag(self, order: FaultOrder) -> None:
        """Say so when no client needs to expect what was ordered."""
        __tracebackhide__ = True
        declared = self.engine.api(self.name).behaviour.errors.get(order.error)
        status = order.status or (declared.status if declared else None)
        operation = self._operations.get(order.operation or "")
        if status is not None and operation is not None and operation.response_for(status) is None:
            said = f"{operation.id} documents no status {status}; it documents {documented(operation)}"
            remark(f"{said}: no client needs to expect what was ordered")

    def delay(
        self,
        operation: str | None = None,
        seconds: float | None = None,
        *,
        uniform: tuple[float, float] | None = None,
        lognormal: tuple[float, float] | None = None,
        times: int | None = None,
    ) -> FaultOrder:
        """Hold back the answers of an operation (None: of all): by `seconds`, by anything in `uniform` (low, high), or
        by `lognormal` (median, sigma). With a frozen clock nobody waits: the clock moves. Raises UsageError."""
        if operation is not None:
            self._known_operation(operation)
        given = [each for each in (seconds, uniform, lognormal) if each is not None]
        if len(given) != 1:
            raise UsageError("a delay is seconds, uniform or lognormal", "delay('listNotes', 0.5)")
        if seconds is not None:
            length = Delay.fixed(seconds)
        else:
            low, high = _pair("uniform" if uniform is not None else "lognormal", given[0])
            length = Delay.uniform(low, high) if uniform is not None else Delay.lognormal(low, high)
        return self.engine.faults.add(FaultOrder(self.name, operation, self.namespace, times=times, delay=length))

    # webhooks and what happens at the vendor's side

    def subscribe(
        self,
        url: str,
        secret: str | Sequence[str] = "",
        *,
        events: Collection[str] | None = None,
        **options: Any,
    ) -> Subscription:
        """Let the API send its events (None: all) to `url`, signed with `secret`; the handshake that the API documents
        happens now. Raises UsageError."""
        return self.engine.outbox.subscribe(self.name, url, secret, namespace=self.namespace, events=events, **options)

    def emit(self, event: str, **fields: Any) -> list[Delivery]:
        """Send an event now, without anything having happened; gives one delivery for each subscription. `fields` are
        parameters of the event. Raises UsageError."""
        return self.engine.outbox.emit(self.name, event, fields, self.namespace)

    @property
    def deliveries(self) -> list[Delivery]:
        """What was sent to subscribers, oldest first, once nothing that is due is under way any more."""
        self.engine.outbox.settle(_SETTLED)
        return self.engine.outbox.deliveries(self.name, self.namespace)

    @property
    def actions(self) -> dict[str, str]:
        """The scenario actions of the API, each with what it is."""
        return {name: action.about for name, action in self.engine.api(self.name).behaviour.actions.items()}

    def act(self, name: str, **parameters: Any) -> Any:
        """Let something happen at the vendor's side; gives the result of the action. Raises UsageError."""
        return self.engine.act(self.name, name, parameters, self.namespace).result

    # state as a whole

    def snapshot(self) -> str:
        """Keep the state of all APIs of the world; gives the name to bring it back by."""
        self._snapshots.append(self.engine.snapshot())
        return self._snapshots[-1]

    def restore(self, name: str | None = None) -> None:
        """Bring a snapshot back, the last one unless named. Raises UsageError when there is none."""
        if name is None and not self._snapshots:
            raise UsageError("there is no snapshot to restore", "snapshot() keeps one")
        self.engine.restore(self._snapshots[-1] if name is None else name)

    def load_state(self, source: StartState | Path) -> None:
        """Put the records of a YAML or JSON file, or of `{resource: [records]}`, in the place of what the named
        resources hold. Raises SpecError with file and line, for a mapping UsageError."""
        self.state.load(source)


def _names(given: str | Iterable[str] | None) -> tuple[str, ...] | None:
    if isinstance(given, str):
        return tuple(given.replace(",", " ").split())
    return None if given is None else tuple(given)


def _pair(name: str, given: Any) -> tuple[float, float]:
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        words = "(low, high)" if name == "uniform" else "(median, sigma)"
        raise UsageError(f"{name} takes {words} in seconds, not {given!r:.80}")
    return given[0], given[1]
