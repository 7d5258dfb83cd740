"""`state_machine_for`: sequences of calls of one API as a Hypothesis state machine, with a rule for each operation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule

from mockserver.behaviour.declared import Action
from mockserver.exceptions import UsageError
from mockserver.strategies.adapter import Call, State
from mockserver.strategies.drafts import Draft, drafts
from mockserver.strategies.kit import Act, Kit
from mockserver.strategies.links import Link, Use
from mockserver.strategies.model import Id
from mockserver.strategies.play import Play
from mockserver.strategies.requests import InvalidRequest, invalid_requests_for
from mockserver.strategies.schemas import from_schema

_NO_WORD = re.compile(r"\W")
_LOOK_UP = re.compile(r"(?<![\w.])(\w+)\[with\.(\w+)\]")


class ApiMachine(RuleBasedStateMachine):
    """Plays sequences of calls of one API. `play` is what has happened so far, with the model in it."""

    kit: ClassVar[Kit]
    play: Play

    def __init__(self) -> None:
        super().__init__()
        if self.kit.reset is not None:
            self.kit.reset()
        self.play = Play(self.kit)


def state_machine_for(
    api: Any,
    *,
    call: Call | None = None,
    operations: Iterable[str] | None = None,
    invalid: bool = False,
    headers: Mapping[str, str] | None = None,
    act: Act | None = None,
    state: Callable[[], State] | None = None,
    reset: Callable[[], object] | None = None,
    settings: hypothesis.settings | None = None,
) -> type[ApiMachine]:
    """A state machine with a rule for each operation, bundles for the ids that they make and take, and a model of what
    should be there by now. Its `TestCase` is for unittest and pytest.

    `call(operation, request)` makes a call by the user's client and gives what came back: a Response, (status, value),
    or an object with `status_code` and `json()`. Without it a mock in this process answers, with `state` compared after
    each step and a rule for each scenario action. `api` may also be a running `MockApi`, which then is what `act`,
    `state` and `reset` speak of. With `invalid` requests that the contract forbids are sent, too. `headers` go with
    each call. A step that is answered wrongly raises SequenceBroken.

    UsageError for an unknown API or operation, and for an API that without `call` nobody can answer for.
    """
    kit = Kit(api, call=call, operations=operations, headers=headers, act=act, state=state, reset=reset)
    members: dict[str, Any] = {"kit": kit, "__doc__": f"Sequences of calls of {kit.contract.title}."}
    links = [kit.links.operations[name] for name in kit.chosen]
    actions = kit.mock.api.behaviour.actions if kit.mock is not None and operations is None and kit.act else {}
    needed = {use.resource for link in links for use in link.uses}
    needed |= {resource for action in actions.values() for resource in _named_by(action, kit).values()}
    bundles = {resource: Bundle(resource) for resource in sorted(needed)}
    members |= bundles
    for resource, bundle in bundles.items():
        members[f"some_{resource}"] = _starting(resource, bundle)
    for link in links:
        name = _NO_WORD.sub("_", link.operation.id)
        members[f"call_{name}"] = _stepping(kit, link, f"call_{name}", bundles)
        if invalid and (breaking := _breaking(api, kit, link, f"break_{name}")) is not None:
            members[f"break_{name}"] = breaking
    for action in actions.values():
        members[f"act_{action.name}"] = _acting(kit, action, f"act_{action.name}", bundles)
    if not links and not actions:
        raise UsageError(f"'{kit.contract.title}' has no operation and no action")
    machine: type[ApiMachine] = type(f"{_title(kit.contract.title)}Machine", (ApiMachine,), members)
    if settings is not None:
        machine.TestCase.settings = settings
    return machine


def _title(text: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", text)).lstrip("0123456789")


def _starting(resource: str, bundle: Any) -> Any:
    def some(self: ApiMachine) -> Any:
        return multiple(*self.play.start(resource))

    some.__name__ = f"some_{resource}"
    decorate: Any = initialize(target=bundle)
    return decorate(some)


def _stepping(kit: Kit, link: Link, name: str, bundles: Mapping[str, Any]) -> Any:
    """The rule of an operation: its ids from bundles, all else drawn."""
    places = _arguments(link)

    def step(self: ApiMachine, **given: Any) -> Any:
        ids = {use: given[argument] for argument, use in places.items()}
        found = self.play.step(link, given["request"], given["again"], ids)
        return multiple(*(id for id in found if id.resource == target)) if target in bundles else None

    step.__name__ = name
    step.__doc__ = link.operation.summary
    sender = kit.senders[link.operation.id]
    target = _gives(kit, link)
    arguments: dict[str, Any] = {argument: bundles[use.resource] for argument, use in places.items()}
    arguments["request"] = _requests(sender)
    arguments["again"] = st.booleans()
    decorate: Any = rule(target=bundles[target], **arguments) if target in bundles else rule(**arguments)
    return decorate(step)


def _requests(sender: Any) -> st.SearchStrategy[Draft]:
    return _closed(st.one_of(drafts(sender, "documented"), drafts(sender, "documented"), drafts(sender, "allowed")))


def _closed(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The same strategy as a function: older versions of Hypothesis copy a rule with all that its strategies hold, to
    show it, and what these hold cannot be copied."""

    @st.composite
    def drawn(draw: Any) -> Any:
        return draw(strategy)

    return drawn()


def _arguments(link: Link) -> dict[str, Use]:
    """The places of a request that name records, by the name of the rule's argument."""
    found: dict[str, Use] = {}
    for use in link.uses:
        name, number = use.resource, 2
        while name in found:
            name, number = f"{use.resource}_{number}", number + 1
        found[name] = use
    return found


def _gives(kit: Kit, link: Link) -> str:
    """The resource of the ids that an answer shows."""
    if link.reading and link.verb != "list":
        return next((inner for inner, outer in kit.links.nests.items() if outer == link.resource), "")
    return link.resource


def _breaking(api: Any, kit: Kit, link: Link, name: str) -> Any:
    try:
        strategy = invalid_requests_for(kit.contract, link.operation, headers=kit.headers)
    except UsageError:
        return None
    if kit.forgiving:
        strategy = strategy.filter(lambda found: "Content-Type" not in found.rule)

    def step(self: ApiMachine, invalid: InvalidRequest) -> None:
        self.play.break_a_rule(link, invalid)

    step.__name__ = name
    return rule(invalid=_closed(strategy))(step)


def _acting(kit: Kit, action: Action, name: str, bundles: Mapping[str, Any]) -> Any:
    """The rule of a scenario action: each parameter may be left out."""
    named = _named_by(action, kit)
    target = next(iter(named.values()), "") or next(iter(kit.links.actions.get(action.name, ())), "")

    def step(self: ApiMachine, **given: Any) -> Any:
        values = dict(given["given"])
        for parameter in named:
            id: Id = given[parameter]
            if parameter in values:
                values[parameter] = "no-such-id" if id.key is None else id.key
        found = self.play.act(action.name, values, target)
        return multiple(*found) if target in bundles else None

    step.__name__ = name
    step.__doc__ = action.about
    required = {each.name: _parameter(each.schema) for each in action.parameters if each.required}
    optional = {each.name: _parameter(each.schema) for each in action.parameters if not each.required}
    arguments: dict[str, Any] = {parameter: bundles[resource] for parameter, resource in named.items()}
    arguments["given"] = _closed(st.fixed_dictionaries(required, optional=optional))
    decorate: Any = rule(target=bundles[target], **arguments) if target in bundles else rule(**arguments)
    return decorate(step)


def _parameter(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    return from_schema(dict(schema))


def _named_by(action: Action, kit: Kit) -> dict[str, str]:
    """The parameters of an action that name records, with the resource: those that it looks up."""
    sources = [
        expression.source
        for _, value in action.let
        for expression in (value.expressions if hasattr(value, "expressions") else (value,))
    ]
    sources += [required.that.source for required in action.require]
    found = {
        parameter: resource
        for source in sources
        for resource, parameter in _LOOK_UP.findall(source)
        if resource in kit.links.keys and resource not in kit.links.nests
    }
    return {name: found[name] for name in found if any(each.name == name for each in action.parameters)}
