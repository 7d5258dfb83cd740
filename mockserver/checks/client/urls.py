"""Secrets in URLs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mockserver.checks.client.seen import Seen, fields_of
from mockserver.checks.client.telling import Said, Teller
from mockserver.checks.findings import Finding
from mockserver.checks.secrets import is_secret
from mockserver.contract.queries import decode, parse_query

_MOST = 10_000
_SHORTEST = 8  # characters: anything else may stand in a path by accident
_GIVEN = ("access_token", "refresh_token", "id_token")
_SENT = ("client_secret", "refresh_token", "password", "client_assertion")


class Urls:
    """Speaks of a query parameter that the contract lacks and that is called like a secret, and of a path or a query
    that holds what was issued, or sent as a credential, before."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._secrets = teller.secrets

    def see(self, seen: Seen) -> Iterable[Finding]:
        """What is to be said of a call."""
        token, facts, request = seen.token, seen.facts, seen.exchange.request
        if token and token not in self._secrets and ("authorization" in request.headers or token not in request.query):
            self._note(token)
        if facts is not None and facts.issues:
            self._learn(seen)
        found: list[Finding] = []
        if request.query:
            found += self._in_query(seen, request.query)
        known = self._secrets
        if known:
            for piece in request.path.split("/"):
                if piece in known:
                    found += self._in_path(seen, piece)
        return found

    def forget(self, api: str, namespace: str) -> Iterable[Finding]:
        """A secret stays one."""
        return ()

    def end(self) -> Iterable[Finding]:
        """Nothing is left to say."""
        return ()

    def _learn(self, seen: Seen) -> None:
        """The secrets of a call that gives tokens."""
        given = [value for name in _GIVEN if isinstance(value := seen.issued.get(name), str)]
        fields = fields_of(seen.exchange.request)
        caller = seen.exchange.caller
        for each in (*given, *(fields.get(name, "") for name in _SENT), caller.password or ""):
            self._note(each)

    def _note(self, secret: str) -> None:
        if len(secret) >= _SHORTEST:
            self._secrets[secret] = None
            if len(self._secrets) > _MOST:
                self._secrets.popitem(last=False)

    def _in_query(self, seen: Seen, query: str) -> Iterator[Finding]:
        documented: frozenset[str] = seen.facts.query if seen.facts is not None else frozenset()
        try:
            pairs = parse_query(query)
        except ValueError:
            return
        for name, value in pairs:
            if not value or name in documented:
                continue
            known = value in self._secrets
            if known or is_secret(name):
                raw = [piece.partition("=")[2] for piece in query.split("&") if _named(piece) == name]
                what = "holds a credential that was issued or sent before" if known else "is called like a secret"
                message = f"the query parameter '{name}' {what}, and the contract does not document it"
                yield self._told(seen, f"query {name}", message, [value, *raw])

    def _in_path(self, seen: Seen, secret: str) -> Iterator[Finding]:
        path = seen.exchange.parameters.get("path") or {}
        name = next((name for name, value in path.items() if value == secret), "")
        if not is_secret(name):
            about = f"the path parameter '{name}'" if name else "the path"
            message = f"{about} holds a credential that was issued or sent before"
            yield self._told(seen, f"path {name}".rstrip(), message, [secret])

    def _told(self, seen: Seen, where: str, message: str, secrets: list[str]) -> Finding:
        exchange, facts = seen.exchange, seen.facts

        def say() -> Said:
            place = facts.place if facts is not None else None
            evidence = facts.operation.evidence if facts is not None else ""
            return Said(message, where, "the secret in a header, or in the body", "", place, evidence)

        return self._teller.find(
            *("secret-in-url", exchange.api, exchange.operation, where, say, [exchange]),
            of=seen.api,
            secrets=sorted(filter(None, secrets), key=len, reverse=True),
        )


def _named(piece: str) -> str:
    try:
        return decode(piece.partition("=")[0])
    except ValueError:
        return ""
