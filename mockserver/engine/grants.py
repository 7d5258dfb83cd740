"""Tokens for the author of a test: what may be asked for, and what comes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from mockserver.behaviour.credentials import Credential
from mockserver.behaviour.issuer import Issuer
from mockserver.engine.api import Api
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.state.clock import Clock
from mockserver.state.records import Record
from mockserver.state.samples import Draws

_RECKONED = frozenset({"exp", "iat"})
_WITH_SCOPES = ("oauth2", "openIdConnect")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a token shall be good for. None: all scopes that the contract knows, any role, the usual life (in seconds),
    nobody in particular, the first security scheme that takes a token."""

    scopes: tuple[str, ...] | None = None
    roles: tuple[str, ...] | None = None
    claims: Mapping[str, Any] | None = None
    expires_in: int | None = None
    user: str | None = None
    organisation: str | None = None
    client: str | None = None
    scheme: str | None = None


def sample_grant(api: Api, issuing: Api, credential: Credential, clock: Clock) -> Record:
    """A token for people to paste, that is good for everything and never over. What the state draws is left as it is,
    so that looking at a sample changes no answer."""
    fields = {"scopes": known_scopes(api) or None, "expires_in": None}
    names = {"settings": issuing.settings, "server": issuing.server()}
    return credential.issuer.issue(fields, "", clock, names, Draws(f"sample:{api.name}:{credential.id}"))


def grant(api: Api, issuing: Api, credential: Credential, wanted: Wanted, namespace: str, clock: Clock) -> Record:
    """A new token for `credential` of `api`. Raises UsageError for a scope or role that the API does not know."""
    scopes, roles = known_scopes(api), known_roles(api)
    for claim, value in (wanted.claims or {}).items() if credential.issuer.signs_what_calls_carry() else ():
        if claim in _RECKONED and value is not None:  # null leaves a claim out
            raise UsageError(f"the claim {claim} is reckoned from the clock", "expires_in says how long a token lives")
    if wanted.expires_in is not None and wanted.expires_in < 0:
        raise UsageError(f"expires_in is {wanted.expires_in}", "give seconds, 0 for a token that is over at once")
    try:
        clock.now() + timedelta(seconds=wanted.expires_in or 0)
    except OverflowError:
        raise UsageError(f"expires_in is {wanted.expires_in}", "time ends with the year 9999") from None
    fields: dict[str, Any] = {
        "scopes": list(scopes) or None if wanted.scopes is None else _known("scope", wanted.scopes, scopes, api.name),
        "roles": None if wanted.roles is None else _known("role", wanted.roles, roles, api.name),
        "claims": dict(wanted.claims or {}),
        "user": wanted.user,
        "organisation": wanted.organisation,
        "client": wanted.client,
    }
    if wanted.expires_in is not None:
        fields["expires_in"] = wanted.expires_in
    names = {"settings": issuing.settings, "server": issuing.server()}
    return credential.issuer.issue(fields, namespace, clock, names)


def credential_of(api: Api, scheme: str | None = None) -> Credential:
    """The credential that tokens are issued for: of the scheme of that name, else of the first that looks them up.
    Raises UsageError when there is none."""
    known = {name: credential for name, credential in api.credentials.items() if credential.looks_up}
    if scheme is not None and scheme not in known:
        has = f"it has {', '.join(known)}" if known else "it has none"
        raise UsageError(
            f"{api.name} has no security scheme '{scheme}' that takes a token", did_you_mean(scheme, known, has)
        )
    if known:
        return known[scheme or next(iter(known))]
    raise UsageError(f"{api.name} asks for no token", "its contract has no security scheme that would carry one")


def as_json(record: Record, credential: Credential) -> dict[str, Any]:
    """A token as an authorisation server answers it (RFC 6749, section 5.1), and the header that carries it."""
    header = credential.header(record["token"])
    shown = {
        "access_token": record["token"],
        "token_type": credential.word or "apiKey",
        "expires_in": record["expires_in"],
        "expires_at": record["expires_at"],
        "scope": None if record["scopes"] is None else " ".join(record["scopes"]),
        "roles": record["roles"],
        "header": None if header is None else f"{'-'.join(map(str.capitalize, header[0].split('-')))}: {header[1]}",
    }
    return {name: value for name, value in shown.items() if value is not None}


def known_scopes(api: Api) -> list[str]:
    """The scopes that the contract declares or asks for, sorted."""
    schemes = api.contract.security_schemes
    declared = {scope for scheme in schemes.values() if scheme.type in _WITH_SCOPES for scope in scheme.scopes}
    return sorted(declared | set(_asked(api, scopes=True)))


def known_roles(api: Api) -> list[str]:
    """The roles that operations ask for, sorted."""
    return sorted(set(_asked(api, scopes=False)))


def _asked(api: Api, *, scopes: bool) -> Iterable[str]:
    schemes = api.contract.security_schemes
    for operation in api.contract.operations.values():
        for requirement in operation.security:
            for scheme, names in requirement.schemes:
                if (schemes[scheme].type in _WITH_SCOPES) == scopes:
                    yield from names


def _known(what: str, asked: Iterable[str], known: list[str], api: str) -> list[str]:
    for name in asked:
        if name not in known:
            hint = did_you_mean(name, known, f"known: {', '.join(known)}" if known else f"it has no {what}s at all")
            raise UsageError(f"{api} has no {what} '{name}'", hint)
    return list(dict.fromkeys(asked))


def still_live(issuer: Issuer, token: str, namespace: str) -> bool:
    """Whether a token that was issued is still good."""
    record = issuer.find(token, namespace)
    return record is not None and record.get("status") == "live"
