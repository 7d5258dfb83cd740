"""The ways in which one operation answers: as such, or by one of its cases. Each has a status and a media type."""

from __future__ import annotations

from mockserver.behaviour.declared import RESERVED_ERRORS, Behaviour, OperationRules
from mockserver.behaviour.operation import Outcome
from mockserver.behaviour.views import first_media, success_status
from mockserver.contract.message_parts import find_media_type
from mockserver.contract.model import MediaType, Operation


class Way:
    """One way: how what it gives is written. `rules` are None where no behaviour file speaks of the operation; `case`
    is what the trace says of the choice (empty where there was none)."""

    __slots__ = ("_media", "_spec", "applied", "by_example", "case", "status")

    def __init__(self, operation: Operation, rules: OperationRules | None, case: str = "") -> None:
        self.case = case
        self.status = rules.respond.status if rules else success_status(operation)
        self._spec = operation.response_for(self.status)
        self._media = first_media(self._spec)
        self.by_example = rules is not None and by_example(rules)
        self.applied = "apply: answered by the contract's example"
        if rules is not None and (not self.by_example or self._media is None):
            self.applied = f"apply: {rules.verb or 'respond'} {rules.resource}".strip()

    def media_of(self, outcome: Outcome) -> MediaType | None:
        """The media type of an answer: the one that a rule names in its Content-Type, else the usual one."""
        sent = next((value for name, value in outcome.headers if name.lower() == "content-type"), None)
        return self._media if sent is None or self._spec is None else find_media_type(self._spec.content, sent)


def by_example(rules: OperationRules) -> bool:
    """Rules that only guard (require, warn) leave the answer to the contract's example."""
    return not rules.verb and rules.respond.body is None


def ways_of(operation: Operation, rules: OperationRules | None) -> tuple[Way, ...]:
    """The ways of an operation: those of its cases by their index, and last (at -1) that of no case."""
    cases = rules.cases if rules is not None else ()
    return (
        *(Way(operation, case.rules, f"case: cases[{at}]") for at, case in enumerate(cases)),
        Way(operation, rules, "case: none holds" if cases else ""),
    )


def answering(rules: OperationRules) -> tuple[OperationRules, ...]:
    """The rules that can give the answer: with a last case for everything else, those of the cases alone."""
    own, *cases = rules.ways
    return tuple(cases) if rules.cases and rules.cases[-1].when is None else (own, *cases)


def errors_by_status(rules: OperationRules | None, behaviour: Behaviour) -> dict[int, str]:
    """For each status the error that an operation raises with it: by its own rules first, then a reserved one.

    A status with which the operation also succeeds is not among them, and a success or redirect only by its own rules.
    """
    ways = rules.ways if rules is not None else ()
    names = [name for way in ways for name in _own_errors(way, behaviour)]
    found: dict[int, str] = {}
    for name in names:
        if name in behaviour.errors:
            found.setdefault(behaviour.errors[name].status, name)
    for name in (*(quota.error for quota in behaviour.quotas), *RESERVED_ERRORS, *behaviour.errors):
        if name in behaviour.errors and behaviour.errors[name].status >= 400:
            found.setdefault(behaviour.errors[name].status, name)
    successes = {way.respond.status for way in answering(rules)} if rules is not None else set()
    return {status: name for status, name in found.items() if status not in successes}


def _own_errors(rules: OperationRules, behaviour: Behaviour) -> list[str]:
    resource = rules.within[0] if rules.within else rules.resource
    missing = [behaviour.resources[name].missing for name in (rules.resource, resource) if name]
    looks_up = rules.verb in ("read", "update", "replace", "delete") or rules.within
    raised = [rule.error for rule in rules.require] + [warn.error for warn in rules.warn]
    if rules.listing is not None and rules.listing.page is not None:
        raised.append(rules.listing.page.error)
    return [*missing, *raised] if looks_up else [*raised, *missing]
