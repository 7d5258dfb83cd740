"""A behaviour file as values: frozen, compiled, ready to be applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from mockserver.behaviour.arrangement import Arrangement
from mockserver.behaviour.declared_webhooks import Delivering as Delivering
from mockserver.behaviour.declared_webhooks import EventSpec as EventSpec
from mockserver.behaviour.declared_webhooks import Signing as Signing
from mockserver.behaviour.declared_webhooks import Validation as Validation
from mockserver.behaviour.declared_webhooks import Webhooks as Webhooks
from mockserver.behaviour.values import Value
from mockserver.expressions import Expression
from mockserver.state.records import TableSpec

#: Errors that the engine raises by itself, and the status that each has when a spec does not declare it.
RESERVED_ERRORS: Mapping[str, int] = {
    "invalid_request": 400,
    "malformed_body": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "path_not_found": 404,
    "method_not_allowed": 405,
    "too_large": 413,
    "unsupported_media_type": 415,
    "rate_limited": 429,
}


@dataclass(frozen=True, slots=True)
class ErrorSpec:
    """A named error. `values` are what its body may show as `error.<key>`; `advice` says what a good client does about
    it, where its status does not say so."""

    name: str
    status: int
    values: Value
    headers: Value
    body: Value | None
    evidence: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    value: Any
    about: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Rule:
    """`that` must hold, else the error named `error`. `id` is how the journal names the rule, `about` what it says when
    the rule does not hold, `arrange` how a test brings that about."""

    id: str
    that: Expression
    error: str
    evidence: str
    about: str = ""
    arrange: Arrangement | None = None


@dataclass(frozen=True, slots=True)
class Warn:
    """`that` should hold, else the journal gets `message`; with strictness the error named `error`."""

    id: str
    that: Expression
    message: Value
    error: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Timer:
    """When `at` comes and `when` holds, `set` is put into the record, or it is forgotten; `then` come effects."""

    id: str
    at: Expression
    when: Expression | None
    set: tuple[tuple[str, Value], ...]
    evidence: str
    forget: bool = False
    then: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    name: str
    table: TableSpec
    missing: str
    defaults: Mapping[str, Value]
    computed: Mapping[str, Value]
    timers: Mapping[str, Timer]
    evidence: str

    @property
    def key(self) -> str:
        """The field that names a record."""
        return self.table.key


@dataclass(frozen=True, slots=True)
class TokenKind:
    """One kind of token that an API issues. `value` is its text, `expires_in` its life in seconds (None: for ever);
    of those with the same fields `per`, `keep` live ones are kept (0: all). With an `algorithm` it is a JSON Web Token
    and `value` its claims."""

    name: str
    value: Value
    algorithm: str
    expires_in: Value | None
    keep: int
    per: tuple[str, ...]
    evidence: str


@dataclass(frozen=True, slots=True)
class Effect:
    """One change to one resource. `verb` is create, update, replace, delete, issue, revoke, do or
    emit.

    Of an effect under `then` that changes what is there, `key` names the record, or `where` gives fields that all it
    changes must have; the verb's own effect has neither, it has looked its record up. `set` and `append` go by path.
    With `each` it happens once for each element of that list, which is called `name`. Under the name `bind` later
    effects and the answer know the record, or with `each` or `where` the list of them. To do is to apply the effects
    declared as `do`, with the values `given` for their parameters; to emit is to send `event`, with those for its own.
    """

    id: str
    verb: str
    resource: str
    key: Value | None
    when: Expression | None
    take: frozenset[str] | None
    set: tuple[tuple[str, Value], ...]
    append: tuple[tuple[str, Value], ...]
    evidence: str
    bind: str = ""
    kind: TokenKind | None = None
    where: tuple[tuple[str, Value], ...] | None = None
    each: Expression | None = None
    name: str = ""
    do: str = ""
    event: str = ""
    given: tuple[tuple[str, Expression | Value], ...] = ()

    @property
    def fields(self) -> frozenset[str]:
        """The fields that it stores, or parts of them."""
        return frozenset(path.partition(".")[0] for path, _ in (*self.set, *self.append)) | (self.take or frozenset())


@dataclass(frozen=True, slots=True)
class NamedEffects:
    """Effects with a name, to be done from several places. `parameters` hold the values that stand for none given."""

    name: str
    parameters: tuple[tuple[str, Expression | Value], ...]
    then: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Paging:
    """How a list is cut into pages: `by` number, offset or cursor, which the query parameter `at` gives; `size` names
    the one that says how many (empty: none does).

    `first` is the number or offset of the first page, `default` the size when the client is silent (None: the contract
    sees to it), `most` the largest (None: any). A `steady` list stays for so long as it was at the first page. What is
    no page is refused with `error`.
    """

    by: str
    at: str
    size: str
    first: int
    default: int | None
    most: int | None
    steady: timedelta | None
    error: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a `list` goes over: the records of `resource`, or what the expression `source` gives.

    With both, the list that `source` gives is shown as records of `resource`; without a resource, as it is. It is
    sorted by the fields of `order` (true: descending); a value there gives `field`, `-field` or null when it is asked.
    """

    resource: str
    source: Expression | None
    filter: tuple[tuple[str, Value], ...]
    where: Expression | None
    order: tuple[tuple[str, bool] | Value, ...]
    page: Paging | None = None


@dataclass(frozen=True, slots=True)
class Respond:
    """`status` is the success status; `body` None for the natural one."""

    status: int
    headers: tuple[tuple[str, Value], ...]
    body: Value | None


@dataclass(frozen=True, slots=True)
class OperationRules:
    """What one operation does. `verb` is list, read, create, update, replace, delete, or empty. With `cases` the rules
    of the first that fits are applied after the shared ones here, which have no verb; `pure` and `reads` cover them.

    `reads` names every resource on which the answer of a reading operation depends; `pure` says that nothing else
    than path, query, host and those resources decides it, so that an answer may be given again while they stay.
    """

    id: str
    verb: str
    resource: str
    within: tuple[str, Value] | None
    key: Value | None
    let: tuple[tuple[str, Expression | Value], ...]
    require: tuple[Rule, ...]
    warn: tuple[Warn, ...]
    listing: Listing | None
    effect: Effect | None
    show: Mapping[str, Value]
    wrap: str
    then: tuple[Effect, ...]
    respond: Respond
    evidence: str
    pure: bool
    reads: tuple[str, ...]
    cases: tuple[Case, ...] = ()

    @property
    def ways(self) -> tuple[OperationRules, ...]:
        """The rules of the operation itself, then those of its cases."""
        return (self, *(case.rules for case in self.cases))


@dataclass(frozen=True, slots=True)
class Case:
    """One of several ways of an operation: `rules` are applied when `when` holds (None: always)."""

    when: Expression | None
    rules: OperationRules


@dataclass(frozen=True, slots=True)
class SchemeRules:
    """How the credential of a security scheme travels, and who vouches for it.

    `words` are accepted scheme words, the documented one first (an empty one: the bare credential). `format` is opaque
    or jwt; `issuer` names the API whose tokens hold (empty: this one); with `any` nobody looks a credential up, rules
    decide. `claims` name, by field of the caller, the claim that holds it. The rest are errors by name.
    """

    words: tuple[str, ...] = ()
    format: str = ""
    issuer: str = ""
    any: bool = False
    claims: Mapping[str, str] = field(default_factory=dict)
    missing: str = "unauthenticated"
    malformed: str = "unauthenticated"
    unknown: str = "unauthenticated"
    expired: str = "unauthenticated"
    revoked: str = "unauthenticated"
    insufficient: str = "forbidden"
    evidence: str = "documented"


@dataclass(frozen=True, slots=True)
class Quota:
    """`limit` calls in `window` seconds for each combination of what `per` names: a word (organisation, token,
    operation, client, user) or an expression. `sliding`: in any such stretch of time, else in windows that begin with
    the first call. `operations` None: all. `setting` names the setting that `limit` was read from (empty: none)."""

    name: str
    limit: int
    window: float
    sliding: bool
    per: tuple[str | Expression, ...]
    operations: frozenset[str] | None
    error: str
    evidence: str
    setting: str = ""


@dataclass(frozen=True, slots=True)
class ActionParameter:
    """One parameter of an action. `schema` is JSON Schema; `default` stands for none given (None: null does), `written`
    is what the file says of it."""

    name: str
    schema: Mapping[str, Any]
    required: bool
    default: Expression | Value | None
    about: str
    written: Any = None


@dataclass(frozen=True, slots=True)
class Action:
    """A scenario action: something that happens at the vendor's side, with no call of the API. `require` refuses it;
    `result` is what whoever asked for it gets."""

    name: str
    about: str
    parameters: tuple[ActionParameter, ...]
    let: tuple[tuple[str, Expression | Value], ...]
    require: tuple[Rule, ...]
    then: tuple[Effect, ...]
    result: Value | None
    evidence: str


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A whole behaviour file. `evidence` counts its rules by grade; `token_table` names the resource whose records are
    the tokens that this API issues (empty: it issues none)."""

    settings: Mapping[str, Setting] = field(default_factory=dict)
    content_type_ignored: bool = False
    slashes_forgiven: bool = False
    security: Mapping[str, SchemeRules] = field(default_factory=dict)
    error_body: Value | None = None
    errors: Mapping[str, ErrorSpec] = field(default_factory=dict)
    resources: Mapping[str, Resource] = field(default_factory=dict)
    tokens: Mapping[str, TokenKind] = field(default_factory=dict)
    token_table: str = ""
    quotas: tuple[Quota, ...] = ()
    effects: Mapping[str, NamedEffects] = field(default_factory=dict)
    operations: Mapping[str, OperationRules] = field(default_factory=dict)
    webhooks: Webhooks = field(default_factory=Webhooks)
    actions: Mapping[str, Action] = field(default_factory=dict)
    evidence: Mapping[str, int] = field(default_factory=dict)


def all_effects(
    resources: Iterable[Resource],
    named: Iterable[NamedEffects],
    operations: Iterable[OperationRules],
    actions: Iterable[Action],
) -> Iterator[Effect]:
    """Every effect of a file: of timers, under `effects`, of actions, and of operations, their cases and their
    verbs."""
    for resource in resources:
        for timer in resource.timers.values():
            yield from timer.then
    for effects in named:
        yield from effects.then
    for action in actions:
        yield from action.then
    for rules in (way for each in operations for way in each.ways):
        if rules.effect is not None:
            yield rules.effect
        yield from rules.then
        for rule in rules.require:
            yield from rule.arrange.then if rule.arrange is not None else ()
