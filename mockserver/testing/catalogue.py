"""Every documented error of an operation, and how it is brought about: by its real precondition where there is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mockserver.behaviour.arrangement import Arrangement
from mockserver.behaviour.credentials import Credential
from mockserver.behaviour.declared import RESERVED_ERRORS, Behaviour, Effect, OperationRules, Quota
from mockserver.contract.model import Operation
from mockserver.engine.api import Api
from mockserver.engine.grants import known_roles, known_scopes
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.testing.advice import advice_for

_WITH_SCOPES = ("oauth2", "openIdConnect")
_GRADES = ("documented", "observed", "assumed")  # the later, the less is known


@dataclass(frozen=True, slots=True)
class Means:
    """What is done before the call. `token` is expired, revoked, narrow, or empty for one that is good; `fields` are
    what it is issued with; `arrangement` is what a rule declares, `quota` the one that is used up, `emptied` the
    resource whose records are taken away. With `injected` the answer is ordered, whatever is asked."""

    token: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    scheme: str | None = None
    emptied: str = ""
    arrangement: Arrangement | None = None
    quota: Quota | None = None
    injected: bool = False


@dataclass(frozen=True, slots=True)
class ErrorCase:
    """One documented error of one operation. `error` is its name in the behaviour file (empty: it has none), `how` says
    what brings it about and `advice` what a good client does; `evidence` is documented, observed or assumed."""

    api: str
    operation: str
    status: int
    error: str
    how: str
    advice: str
    evidence: str
    means: Means = field(repr=False)

    @property
    def id(self) -> str:
        """`createSession-409-session_limit_reached`: fit for the name of a test and of a file."""
        return f"{self.operation}-{self.status}" + (f"-{self.error}" if self.error else "")

    @property
    def injected(self) -> bool:
        """Whether the answer is ordered, and not brought about by what would bring it about in earnest."""
        return self.means.injected


def errors_of(api: Api, operation: str | None = None) -> list[ErrorCase]:
    """The documented errors of an operation, or of all in the order of the document, each once, by status.

    An error with a real precondition is brought about by it, any other is injected. Raises UsageError for an operation
    that the API does not have.
    """
    operations = api.contract.operations
    if operation is not None and operation not in operations:
        hint = did_you_mean(operation, operations, f"it has {', '.join(operations)}")
        raise UsageError(f"{api.name} has no operation '{operation}'", hint)
    chosen = operations.values() if operation is None else [operations[operation]]
    return [case for each in chosen for case in _cases(api, each)]


def _cases(api: Api, operation: Operation) -> list[ErrorCase]:
    found: dict[tuple[int, str], ErrorCase] = {}
    for name, means, how, grade in _ways(api, operation):
        status = _status_of(name, api.behaviour)
        if operation.response_for(status) is not None:
            found.setdefault((status, name), _case(api, operation, status, name, means, how, grade))
    plan = api.plan(operation)
    for status in operation.documented_statuses():
        if status >= 400 and all(status != known for known, _ in found):
            name = plan.error_for(status)
            found[(status, name)] = _case(api, operation, status, name, Means(injected=True), _INJECTED, "documented")
    return sorted(found.values(), key=lambda case: case.status)


_INJECTED = "injected: the next call is answered so, whatever it asks"


def _case(api: Api, operation: Operation, status: int, name: str, means: Means, how: str, grade: str) -> ErrorCase:
    declared = api.behaviour.errors.get(name)
    response = operation.response_for(status)
    grades = [grade, declared.evidence if declared else "documented", response.evidence if response else "documented"]
    return ErrorCase(
        api=api.name,
        operation=operation.id,
        status=status,
        error=name if declared is not None else "",
        how=how,
        advice=advice_for(api, operation, status, name, narrow=means.token == "narrow"),
        evidence=max(grades, key=_GRADES.index),
        means=means,
    )


def _status_of(name: str, behaviour: Behaviour) -> int:
    declared = behaviour.errors.get(name)
    return declared.status if declared is not None else RESERVED_ERRORS.get(name, 0)


_Way = tuple[str, Means, str, str]


def _ways(api: Api, operation: Operation) -> Iterator[_Way]:
    """Every error that something can raise: its name, the means, what they are in words, and how well it is known.
    Those with a real precondition come first."""
    rules = api.behaviour.operations.get(operation.id)
    yield from _by_token(api, operation)
    if rules is not None:
        yield from _by_absence(api.behaviour, rules)
        yield from _by_rule(rules)
    for quota in api.behaviour.quotas:
        if quota.operations is None or operation.id in quota.operations:
            yield quota.error, Means(quota=quota), f"the quota {quota.name} is used up", quota.evidence
    for name in _other(api, operation, rules):
        yield name, Means(injected=True), _INJECTED, "documented"


def credential_for(api: Api, operation: Operation) -> Credential | None:
    """The credential of an operation that a token is issued for; None when it takes none."""
    return next((each for each in api.plan(operation).authenticator.first if each.looks_up), None)


def _by_token(api: Api, operation: Operation) -> Iterator[_Way]:
    credential = credential_for(api, operation)
    if credential is None or api.plan(operation).authenticator.optional:
        return
    rules = credential.rules
    scheme = next(name for name, each in api.credentials.items() if each is credential)
    yield rules.expired, Means("expired", {"expires_in": 0}, scheme), "the token is expired", rules.evidence
    yield rules.revoked, Means("revoked", {}, scheme), "the token is revoked", rules.evidence
    wanted = [names for each in operation.security for id, names in each.schemes if id == scheme]
    if wanted and all(wanted):
        what = "scopes" if credential.scheme.type in _WITH_SCOPES else "roles"
        known = known_scopes(api) if what == "scopes" else known_roles(api)
        enough = {name for names in wanted for name in names}
        others = tuple(name for name in known if name not in enough)
        reaching = [name for name in known if name in enough]
        several = f"the token has none of the {what} {', '.join(reaching)}"
        how = several if reaching[1:] else f"the token lacks {reaching[0]}"
        yield rules.insufficient, Means("narrow", {what: others}, scheme), how, rules.evidence


def _by_absence(behaviour: Behaviour, rules: OperationRules) -> Iterator[_Way]:
    looked_up = [rules.within[0]] if rules.within is not None else []
    looked_up += [rules.resource] if rules.key is not None else []
    for resource in looked_up:
        yield behaviour.resources[resource].missing, Means(emptied=resource), f"there is no {resource}", "documented"


def _by_rule(rules: OperationRules) -> Iterator[_Way]:
    for rule in (rule for way in rules.ways for rule in way.require):
        if rule.arrange is not None:
            means = Means(fields=rule.arrange.token, arrangement=rule.arrange)
            yield rule.error, means, rule.about or _in_words(rule.arrange), rule.evidence


def _in_words(arrangement: Arrangement) -> str:
    said = [f"the setting {name} is {value}" for name, value in arrangement.settings.items()]
    said += [_effect_in_words(effect) for effect in arrangement.then]
    said += [f"the {name} of the token is {value}" for name, value in arrangement.token.items()]
    return ", ".join(said)


def _effect_in_words(effect: Effect) -> str:
    if effect.verb == "do":
        return f"the effects {effect.do} have happened"
    all = effect.where == ()
    if effect.verb == "delete" and all:
        return f"there is no {effect.resource}"
    if effect.verb == "update" and all:
        plain = [f"{path} {value.render({})}" for path, value in effect.set if not value.expressions]
        return f"every {effect.resource} has " + " and ".join(plain or ["changed"])
    return f"a {effect.resource} {_DONE.get(effect.verb, 'has changed')}"


_DONE = {"create": "was added", "delete": "is gone", "issue": "was issued", "revoke": "was revoked"}


def _other(api: Api, operation: Operation, rules: OperationRules | None) -> Sequence[str]:
    """Errors of rules and schemes for which nothing can be arranged: what is wrong then is the request itself."""
    names = [error for way in (rules.ways if rules else ()) for error in _raised(way)]
    credential = credential_for(api, operation)
    if credential is not None:
        names += [credential.rules.missing, credential.rules.malformed, credential.rules.unknown]
    if operation.parameters or operation.request_body is not None:
        names.append("invalid_request")
    return [name for name in names if name in api.behaviour.errors]


def _raised(rules: OperationRules) -> list[str]:
    names = [rule.error for rule in rules.require]
    # Without strictness a warning refuses nothing: what it would say is told only where it says more than any request.
    names += [warn.error for warn in rules.warn if warn.error != "invalid_request"]
    if rules.listing is not None and rules.listing.page is not None:
        names.append(rules.listing.page.error)
    return names
