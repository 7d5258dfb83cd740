"""Tokens that an API issues: records of a resource like any other, that expire, are revoked, and are forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from mockserver.behaviour.declared import Behaviour, Resource, Timer, TokenKind
from mockserver.behaviour.fields import write
from mockserver.behaviour.functions import FUNCTIONS, duration
from mockserver.behaviour.moments import TIMED_NAMES, moment_of
from mockserver.behaviour.scope import OperationScope
from mockserver.behaviour.values import Value, constant
from mockserver.behaviour.web_tokens import sign
from mockserver.exceptions import ExpressionError, did_you_mean
from mockserver.expressions import Language, compile_expression
from mockserver.state.clock import format_time
from mockserver.state.records import Record, TableSpec

#: The resource that a file with `tokens` knows its tokens by, and the one of an API that says nothing about tokens,
#: which no expression can name.
TOKENS = "token"
HIDDEN_TOKENS = "@token"
#: The kind that calls carry; an API that declares none of this name lets calls carry any kind.
ACCESS = "access"
LIVE, EXPIRED, REVOKED = "live", "expired", "revoked"
#: Visible ASCII and no space: generous, since placeholders of documentation samples are credentials too.
MOST_CHARACTERS = 4096
WELL_FORMED = re.compile(rf"[\x21-\x7e]{{1,{MOST_CHARACTERS}}}")
_LIFE = 3600  # seconds, of a token of an API that says nothing about tokens
_LENGTH = 40
_KEPT = "duration('PT1H')"  # how long one can still look up what became of a token
_KEY_TRIES = 100
_FIELDS: Mapping[str, Any] = {
    "kind": ACCESS,
    "status": LIVE,
    "client": None,
    "user": None,
    "organisation": None,
    "scopes": None,
    "roles": None,
    "claims": {},
    "parent": None,
    "issued_at": None,
    "expires_in": None,
    "expires_at": None,
    "revoked_at": None,
}
#: Fields that a rule cannot give.
SET_BY_ISSUE = frozenset({"token", "kind", "status", "issued_at", "expires_at", "revoked_at"})


def default_kinds() -> dict[str, TokenKind]:
    """What an API issues that says nothing about tokens."""
    drawn = Value(lambda scope: scope["@draws"].alphanumeric(_LENGTH))
    return {ACCESS: TokenKind(ACCESS, drawn, "", constant(_LIFE), 0, (), "assumed")}


def with_default_tokens(behaviour: Behaviour) -> Behaviour:
    """A behaviour that can issue what security schemes ask for, its own or those of an API that trusts this one,
    whether its file speaks of tokens or not."""
    if behaviour.token_table:
        return behaviour
    kinds = default_kinds()
    resources = {**behaviour.resources, HIDDEN_TOKENS: token_resource(HIDDEN_TOKENS, kinds)}
    return replace(behaviour, resources=resources, tokens=kinds, token_table=HIDDEN_TOKENS)


def token_resource(name: str, kinds: Mapping[str, TokenKind]) -> Resource:
    """The resource whose records are tokens. What counts as equal for `keep` is indexed."""
    indexes = {("parent",), *(_counted(kind) for kind in kinds.values() if kind.keep)}
    timers = {"expire": _expiry(name), "forget": _forgetting(name)}
    moments = {timer: moment_of(rules, {}) for timer, rules in timers.items()}
    return Resource(
        name=name,
        table=TableSpec(name, "token", tuple(sorted(indexes)), moments),
        missing="not_found",
        defaults={field: constant(value) for field, value in {"token": None, **_FIELDS}.items()},
        computed={},
        timers=timers,
        evidence="documented",
    )


def _expiry(resource: str) -> Timer:
    language = Language(TIMED_NAMES, frozenset(), FUNCTIONS, {})
    return Timer(
        id=f"{resource}.timers.expire",
        at=compile_expression("time(item.expires_at) if item.expires_at else null", language),
        when=compile_expression(f"(item.status or '{LIVE}') == '{LIVE}'", language),
        set=(("status", constant(EXPIRED)),),
        evidence="documented",
    )


def _forgetting(resource: str) -> Timer:
    language = Language(TIMED_NAMES, frozenset(), FUNCTIONS, {})
    over = "(item.revoked_at or item.expires_at)"
    return Timer(
        id=f"{resource}.timers.forget",
        at=compile_expression(f"time({over}) + {_KEPT} if {over} else null", language),
        when=compile_expression(f"(item.status or '{LIVE}') != '{LIVE}'", language),
        set=(),
        evidence="documented",
        forget=True,
    )


def _counted(kind: TokenKind) -> tuple[str, ...]:
    return tuple(sorted({"kind", "status", *kind.per}))


def issue_token(
    kind: TokenKind, resource: str, fields: Mapping[str, Value | Any], scope: OperationScope, rule: str
) -> Record:
    """Make a token of `kind` with these fields and put it among the records of `resource`.

    Where there are more live ones than the kind keeps, the oldest are revoked. Raises ExpressionError when a value
    fails or no text can be found that is not taken; `rule` names the rule then.
    """
    now = scope.clock.now()
    draft: dict[str, Any] = {"token": None, **_FIELDS, "kind": kind.name, "issued_at": format_time(now)}
    outer = scope["item"]
    scope["item"] = draft
    if kind.expires_in is not None:
        draft["expires_in"] = kind.expires_in.render(scope)
    values = ((name, value if isinstance(value, Value) else constant(value)) for name, value in fields.items())
    write(draft, values, (), scope, rule)
    try:
        draft["expires_at"] = _end(now, draft["expires_in"])
        draft["token"] = _text(kind, draft, scope, now)
        table = scope.transaction.tables[resource]
        tries = _KEY_TRIES
        while table.get(draft["token"]) is not None and tries:
            draft["token"] = _text(kind, draft, scope, now)
            tries -= 1
        record = scope.transaction.insert(resource, draft)
    except (ValueError, TypeError, OverflowError) as error:
        raise ExpressionError(str(error), rule) from None
    finally:
        scope["item"] = outer
    equal = {name: record.get(name) for name in kind.per}
    # What is kept is so many of each: a token of none of them (one that a test's author asked for) does not count.
    if kind.keep and (not equal or any(value is not None for value in equal.values())):
        alike = scope.transaction.tables[resource].where({**equal, "kind": kind.name, "status": LIVE})
        for old in list(alike)[: -kind.keep]:
            revoke_token(resource, old, scope)
    return record


def _end(now: datetime, life: Any) -> str | None:
    """When a token that lives so many seconds is over."""
    if life is None:
        return None
    if isinstance(life, bool) or not isinstance(life, (int, float)) or life < 0:
        raise ValueError(f"expires_in must be a number of seconds, not {life!r:.40}")
    return format_time(now + duration(life))


def _text(kind: TokenKind, draft: dict[str, Any], scope: OperationScope, now: datetime) -> str:
    """The text of a token. The claims of a JSON Web Token are kept in the record."""
    value = kind.value.render(scope)
    if not kind.algorithm:
        if not isinstance(value, str):
            raise TypeError(f"the value of a token must be text, not {value!r:.40}")
        return _sendable(value)
    began = int(now.timestamp())
    times = {"iat": began, "exp": None if draft["expires_in"] is None else began + int(draft["expires_in"])}
    claims = {**value, **times, "jti": scope.transaction.draws.uuid(), **(draft["claims"] or {})}
    draft["claims"] = claims = {name: claim for name, claim in claims.items() if claim is not None}
    return _sendable(sign(claims, scope.transaction.seed, kind.algorithm))


def _sendable(text: str) -> str:
    if WELL_FORMED.fullmatch(text) is None:
        raise ValueError(f"a token is 1 to 4096 visible ASCII characters, not the {len(text)} of {text!r:.40}")
    return text


def revoke_token(resource: str, record: Record, scope: OperationScope) -> Record:
    """Revoke a token and all that were made from it. Gives its record as it is afterwards."""
    transaction = scope.transaction
    moment = format_time(scope.clock.now())
    waiting, seen = [record["token"]], {record["token"]}
    while waiting:  # a chain of refresh tokens may be longer than Python goes down, and fixtures may hold a circle
        text = waiting.pop()
        token = transaction.tables[resource].get(text)
        if token is not None and is_live(token):
            transaction.replace(resource, token, {**token, "status": REVOKED, "revoked_at": moment})
        made = [child["token"] for child in transaction.tables[resource].where({"parent": text})]
        waiting += [child for child in made if child not in seen]
        seen.update(made)
    return transaction.tables[resource].get(record["token"]) or record


def is_live(record: Mapping[str, Any]) -> bool:
    """Whether a token is neither expired nor revoked as far as its record says; one that says nothing is."""
    return (record.get("status") or LIVE) == LIVE


def completed(records: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Tokens that somebody wrote down: what is not said of one is as it is of one that was issued."""
    return [{**_FIELDS, **record} for record in records]


def token_faults(record: Mapping[str, Any], kinds: Mapping[str, TokenKind]) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a token that somebody wrote down: the field, what, and what to try."""
    kind, status = record.get("kind", ACCESS), record.get("status", LIVE)
    if not isinstance(kind, str) or kind not in kinds:
        hint = did_you_mean(str(kind), kinds, f"declared: {', '.join(kinds)}")
        yield "kind", f"no kind of token is called {kind!r:.40}", hint
    if status not in (LIVE, EXPIRED, REVOKED):
        yield "status", f"a token has no status {status!r:.40}", f"it is {LIVE}, {EXPIRED} or {REVOKED}"
    if WELL_FORMED.fullmatch(str(record.get("token", "-"))) is None:
        yield "token", "no call could carry this token", "1 to 4096 visible ASCII characters"
