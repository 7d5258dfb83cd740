"""One API's side of it: which events there are, what their bodies and headers are, how they are signed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mockserver import __version__
from mockserver.behaviour.declared import EventSpec, Webhooks
from mockserver.behaviour.effects import parameters_in
from mockserver.behaviour.functions import plain
from mockserver.behaviour.operation import header_text
from mockserver.behaviour.scope import OperationScope
from mockserver.contract.model import MediaType, Operation
from mockserver.contract.schemas import Schema
from mockserver.contract.serialization import is_json
from mockserver.examples import NoExample, example_of
from mockserver.exceptions import ExpressionError, MockserverError, UsageError, did_you_mean
from mockserver.state.clock import Clock
from mockserver.state.samples import Draws
from mockserver.state.store import Namespace
from mockserver.webhooks.bodies import canonical
from mockserver.webhooks.deliveries import Body, Delivery, Happening
from mockserver.webhooks.edits import apply_changes
from mockserver.webhooks.signing import is_signed, key_of, signed_headers
from mockserver.webhooks.subscriptions import Subscription, at_moment

_HEADERS = (("content-type", "application/json; charset=utf-8"), ("user-agent", f"mockserver/{__version__}"))


class Unsendable(MockserverError):
    """An event must not go out: its body would break the contract, or a rule failed."""


class Sender:
    """What one API sends. `events` are the operations under `webhooks` of its contract, by the name of the event."""

    def __init__(
        self,
        name: str,
        webhooks: Webhooks,
        events: Mapping[str, Operation],
        *,
        settings: Mapping[str, Any],
        server: Mapping[str, str],
        space: Callable[[str], Namespace],
        clock: Clock,
        seed: int = 0,
    ) -> None:
        """`space` gives the state of a namespace, which defaults of parameters look into."""
        self.name, self.webhooks, self.events = name, webhooks, events
        #: What every expression of this API knows.
        self.names = {"settings": settings, "server": server}
        self._space, self._clock, self._seed = space, clock, seed

    @property
    def signs(self) -> bool:
        """Whether what it sends is signed."""
        return is_signed(self.webhooks.signing, self.names)

    @property
    def validates(self) -> bool:
        """Whether an endpoint is checked before it gets anything."""
        check = self.webhooks.validation
        return check is not None and (check.when is None or bool(check.when(self.names)))

    def check_event(self, event: object) -> str:
        """The name of an event. Raises UsageError when the API has none of that name."""
        if not isinstance(event, str) or event not in self.events:
            known = f"its events: {', '.join(self.events)}" if self.events else "its contract names no webhooks"
            raise UsageError(f"{self.name} has no event {event!r:.80}", did_you_mean(str(event), self.events, known))
        return event

    def check_secret(self, secret: str) -> None:
        """Raises UsageError for a secret by which nothing can be signed."""
        signing = self.webhooks.signing
        if signing is not None and self.signs:
            key_of(signing, secret)

    def draws(self, namespace: str, purpose: object) -> Draws:
        """Draws that nothing else draws from, the same for the same purpose."""
        return Draws(f"{self._seed}:{self.name}:webhooks:{namespace}:{purpose}")

    def schema(self, event: str) -> Schema | None:
        """What the body of an event must keep."""
        media = self._media(event)
        return media.schema if media else None

    def parameters(self, event: str) -> tuple[str, ...]:
        """The names of the parameters of an event."""
        spec = self.webhooks.events.get(event)
        return tuple(name for name, _ in spec.parameters) if spec else ()

    def completed(self, event: str, given: Mapping[str, Any], namespace: str) -> dict[str, Any]:
        """The parameters of an event, with defaults for those that are not given. Raises ExpressionError."""
        spec = self.webhooks.events.get(event)
        if spec is None:
            return {}
        scope = OperationScope(self._space(namespace).begin(), self._clock, {**self.names, "item": None})
        return parameters_in(spec, given, scope)

    def made(self, happening: Happening) -> Body:
        """The body of an event, which keeps the contract; made once. Raises Unsendable."""
        with happening.lock:
            if happening.body is None and not happening.refusal:
                try:
                    happening.body = self._body(happening)
                except (Unsendable, UsageError) as error:
                    happening.refusal = str(error)
        if happening.body is None:
            raise Unsendable(happening.refusal)
        return happening.body

    def _body(self, happening: Happening) -> Body:
        spec = self.webhooks.events.get(happening.event)
        draws = self.draws(happening.namespace, happening.sequence)
        try:
            value = self._rendered(spec, happening, draws) if spec else self._example(happening.event, draws)
            value = apply_changes(value, happening.changes)
        except ExpressionError as error:
            raise Unsendable(f"a rule of '{happening.event}' failed: {error}") from None
        except (ValueError, NoExample) as error:
            raise Unsendable(f"no body of '{happening.event}' can be made: {error}") from None
        schema = self.schema(happening.event)
        found = schema.explain(value, direction="response", location="body") if schema else []
        if found:
            first = found[0]
            raise Unsendable(
                f"the body breaks the contract at {first.pointer or 'its root'}: {first.message}; "
                f"wanted: {first.expected}" + (f" ({first.hint})" if first.hint else "")
            )
        try:
            data = canonical(value)
        except ValueError as error:
            raise Unsendable(f"no body of '{happening.event}' can be made: {error}") from None
        return Body(data, data.decode(), value)

    def _rendered(self, spec: EventSpec, happening: Happening, draws: Draws) -> Any:
        scope = {
            **self.names,
            "with": happening.given,
            "now": at_moment(happening.at),
            "event": happening.event,
            "sequence": happening.sequence,
            "@draws": draws,
        }
        return plain(spec.body.render(scope))

    def _example(self, event: str, draws: Draws) -> Any:
        """The body of an event of which no behaviour file speaks."""
        media = self._media(event)
        return example_of(media, draws) if media else None

    def _media(self, event: str) -> MediaType | None:
        body = self.events[event].request_body
        media = body.content.values() if body else ()
        return next((each for each in media if is_json(each.name)), None)

    def headers(
        self, delivery: Delivery, body: Body, subscription: Subscription, at: float, *, attempt: int, attempt_id: str
    ) -> dict[str, str]:
        """The headers of an attempt, signed for its moment. Raises Unsendable when a rule fails."""
        happening = delivery.happening
        scope = {
            **self.names,
            "with": happening.given,
            "event": happening.event,
            "sequence": happening.sequence,
            "body": body.text,
            "content": body.value,
            "now": at_moment(at),
            "timestamp": int(at),
            "delivery": {
                "id": delivery.id,
                "tracking": delivery.tracking,
                "attempt": attempt,
                "attempt_id": attempt_id,
                "event_id": happening.id,
            },
            "subscription": subscription.as_scope(),
            "@draws": self.draws(happening.namespace, attempt_id),
        }
        try:
            return self._headers(happening.event, subscription, scope)
        except (ExpressionError, UsageError, ValueError) as error:
            raise Unsendable(f"the headers cannot be made: {error}") from None

    def _headers(self, event: str, subscription: Subscription, scope: dict[str, Any]) -> dict[str, str]:
        from mockserver.transport import check_headers  # it loads what nobody needs who sends nothing

        webhooks = self.webhooks
        pairs: list[tuple[str, Any]] = [*_HEADERS]
        if webhooks.signing is not None and subscription.secrets:
            pairs += signed_headers(webhooks.signing, subscription.secrets, scope)
        pairs += [(name, value.render(scope)) for name, value in webhooks.delivering.headers]
        pairs += self._headers_of(event, scope)
        headers: dict[str, tuple[str, str]] = {}
        for name, value in [*pairs, *subscription.headers.items()]:
            if value is None:
                headers.pop(name.lower(), None)
            else:
                headers[name.lower()] = (name, header_text(value))
        found = dict(headers.values())
        check_headers(found)
        return found

    def _headers_of(self, event: str, scope: dict[str, Any]) -> list[tuple[str, Any]]:
        """Those that come from the data of an event. Raises UsageError for what is none, or would forge a signature."""
        spec = self.webhooks.events.get(event)
        given = spec.headers.render(scope) if spec is not None and spec.headers is not None else None
        if given is None:
            return []
        if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
            raise UsageError(f"those of the event are no object of texts, but {given!r:.80}")
        self.check_unsigned(given)
        return [*given.items()]

    def check_unsigned(self, names: Iterable[str]) -> None:
        """Raises UsageError when a header of these names would stand in the place of one that carries the signature."""
        signing = self.webhooks.signing
        signed = {name.lower() for name, _ in signing.headers} if signing is not None and self.signs else set()
        for name in names:
            if name.lower() in signed:
                raise UsageError(f"the header {name[:80]!r} carries the signature, and nothing else may stand there")
