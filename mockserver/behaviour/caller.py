"""Who calls, as the steps after authentication see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mockserver.contract.model import SecurityScheme

_NO_CLAIMS: Mapping[str, Any] = {}
#: What expressions may ask of `caller`.
CALLER_KEYS = (
    *("scheme", "token", "issued", "scopes", "roles", "claims"),
    *("user", "organisation", "client", "username", "password"),
)


class Caller(NamedTuple):
    """Who calls. `scheme` is the id of the security scheme (empty: anonymous), `token` the credential as it was sent.

    `scopes` and `roles` are what the caller holds, None for everything. `issued` says that the mock issued the
    credential. `user`, `organisation` and `client` are empty when nobody knows. `warning` says what was odd, `note`
    what the trace tells. `alternative` counts the one of the operation that was met, `others` are the callers of the
    further schemes that it asks for.
    """

    scheme: str = ""
    token: str = ""
    warning: str = ""
    note: str = ""
    issued: bool = False
    scopes: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    claims: Mapping[str, Any] = _NO_CLAIMS
    user: str = ""
    organisation: str = ""
    client: str = ""
    username: str | None = None
    password: str | None = None
    alternative: int = 0
    others: tuple[Caller, ...] = ()

    def as_scope(self) -> dict[str, Any]:
        """What expressions see as `caller`."""
        return {
            "scheme": self.scheme,
            "token": self.token,
            "issued": self.issued,
            "scopes": None if self.scopes is None else sorted(self.scopes),
            "roles": None if self.roles is None else sorted(self.roles),
            "claims": self.claims,
            "user": self.user or None,
            "organisation": self.organisation or None,
            "client": self.client or None,
            "username": self.username,
            "password": self.password,
        }

    def held(self, scheme: SecurityScheme) -> frozenset[str] | None:
        """What is held against the names that an operation asks for: scopes where OpenAPI knows scopes, else roles."""
        return self.scopes if scheme.type in ("oauth2", "openIdConnect") else self.roles


ANONYMOUS = Caller()
