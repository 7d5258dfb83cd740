"""Who calls: finds the credential of a request as the contract and the behaviour file describe it.

Lenient so far: a credential must be there and well-formed, and then may do everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from mockserver.behaviour.declared import Behaviour, SchemeRules
from mockserver.behaviour.operation import Refused
from mockserver.contract.model import Contract, Operation, SecurityScheme
from mockserver.messages import Request

#: Visible ASCII and no space: generous, since placeholders of documentation samples are credentials too.
_WELL_FORMED = re.compile(r"[\x21-\x7e]{1,4096}")


class Caller(NamedTuple):
    """Who calls. `scheme` is the id of the security scheme (empty: anonymous); `warning` says what was odd."""

    scheme: str = ""
    token: str = ""
    warning: str = ""

    def as_scope(self) -> dict[str, Any]:
        """What expressions see as `caller`."""
        return {"scheme": self.scheme, "token": self.token}


ANONYMOUS = Caller()


class Authenticator:
    """The security requirements of one operation, ready to be held against requests."""

    def __init__(self, operation: Operation, contract: Contract, behaviour: Behaviour) -> None:
        self._alternatives: list[list[_Credential]] = []
        self._only: _Credential | None = None
        seen = set()
        for requirement in operation.security:
            names = tuple(name for name, _ in requirement.schemes)
            if names in seen:
                continue  # alternatives that differ in scopes alone want the same credential
            seen.add(names)
            self._alternatives.append(
                [_Credential(contract.security_schemes[name], behaviour.security.get(name)) for name in names]
            )

        if len(self._alternatives) == 1 and len(self._alternatives[0]) == 1:
            self._only = self._alternatives[0][0]

    def authenticate(self, request: Request) -> Caller:
        """The caller. Raises Refused with the error of the first alternative when none is met."""
        if self._only is not None:
            return self._only.read(request)
        if not self._alternatives:
            return ANONYMOUS
        refusal = None
        for alternative in self._alternatives:
            caller = ANONYMOUS
            try:
                for credential in alternative:
                    caller = credential.read(request)
                return caller
            except Refused as error:
                refusal = refusal or error
        assert refusal is not None  # no alternative was met
        raise refusal

    def wanted(self) -> str:
        """In words: which credentials are accepted."""
        return " or ".join(
            " and ".join(credential.wanted() for credential in alternative) for alternative in self._alternatives
        )

    def sample(self) -> list[tuple[str, str]]:
        """Headers (lower-case names) that this operation accepts."""
        alternative = self._alternatives[0] if self._alternatives else []
        return [header for credential in alternative if (header := credential.sample()) is not None]


class _Credential:
    """One security scheme: where its credential stands and how it must look."""

    def __init__(self, scheme: SecurityScheme, rules: SchemeRules | None) -> None:
        self._id = scheme.id
        self._scheme = scheme
        self._rules = rules or SchemeRules()
        self._words: Mapping[str, str] = {}
        if scheme.type != "apiKey":
            standard = scheme.scheme.capitalize() if scheme.type == "http" else "Bearer"
            self._words = {word.lower(): word for word in self._rules.words or (standard,)}
        self._first = next(iter(self._words.values()), "")
        self._odd = {
            word: f"the scheme word is '{word}', documented is '{self._first}'" if word != self._first else ""
            for word in self._words.values()
        }
        self._any = Caller(self._id)

    def read(self, request: Request) -> Caller:
        if self._scheme.type == "mutualTLS":
            return self._any
        if self._scheme.type == "apiKey":
            return self._key(request)
        value = request.headers.get("authorization")
        if not value:
            raise self._refused(self._rules.missing, "no Authorization header")
        word, _, token = value.partition(" ")
        accepted = self._words.get(word.lower())
        if accepted is None:
            raise self._refused(self._rules.malformed, f"the scheme word is {word[:40]!r}")
        if _WELL_FORMED.fullmatch(token) is None:
            raise self._refused(self._rules.malformed, "the credential is empty, too long or not visible ASCII")
        return Caller(self._id, token, self._odd[accepted])

    def sample(self) -> tuple[str, str] | None:
        """A header that is accepted; None when the credential travels otherwise."""
        if self._scheme.type == "apiKey":
            return (self._scheme.name.lower(), "any-key") if self._scheme.location == "header" else None
        if self._scheme.type == "mutualTLS":
            return None
        return ("authorization", f"{self._first} any-token")

    def _key(self, request: Request) -> Caller:
        name, location = self._scheme.name, self._scheme.location
        value: str | None
        if location == "header":
            value = request.headers.get(name.lower())
        elif location == "query":
            value = next(iter(parse_qs(request.query).get(name, ())), None)
        else:
            try:
                morsel = SimpleCookie(request.headers.get("cookie", "")).get(name)
            except CookieError:
                morsel = None
            value = morsel.value if morsel else None
        if not value:
            raise self._refused(self._rules.missing, f"no {location} '{name}'")
        if _WELL_FORMED.fullmatch(value) is None:
            raise self._refused(self._rules.malformed, "the credential is too long or not visible ASCII")
        return Caller(self._id, value)

    def _refused(self, error: str, found: str) -> Refused:
        return Refused(error, f"security.{self._id}", f"{found}; wanted: {self.wanted()}")

    def wanted(self) -> str:
        """In words: where the credential stands and how it looks."""
        if self._scheme.type == "apiKey":
            return f"{self._scheme.location} {self._scheme.name}: <key>"
        return f"Authorization: {self._first} <credential>"
