"""May this caller do this? The security requirements of one operation, held against its requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mockserver.behaviour.caller import ANONYMOUS, Caller
from mockserver.behaviour.credentials import Credential, Unauthenticated
from mockserver.behaviour.operation import Refused
from mockserver.contract.model import Operation
from mockserver.messages import Request

_MOST_NAMED = 5


class _Alternative(NamedTuple):
    """Schemes that must all be met, and the ways to be allowed: for each of them names of scopes or roles by scheme."""

    credentials: tuple[Credential, ...]
    needed: tuple[tuple[frozenset[str], ...], ...]


class Authenticator:
    """Authenticates and authorises the callers of one operation. `credentials` are those of the API, by scheme."""

    def __init__(self, operation: Operation, credentials: Mapping[str, Credential]) -> None:
        needed: dict[tuple[str, ...], list[tuple[frozenset[str], ...]]] = {}
        for requirement in operation.security:
            # Alternatives that differ in scopes alone want the same credential.
            schemes = tuple(name for name, _ in requirement.schemes)
            needed.setdefault(schemes, []).append(tuple(frozenset(scopes) for _, scopes in requirement.schemes))
        self.optional = needed.pop((), None) is not None
        self._alternatives = [
            _Alternative(tuple(credentials[name] for name in schemes), tuple(ways)) for schemes, ways in needed.items()
        ]
        only = self._alternatives[0] if len(self._alternatives) == 1 and not self.optional else None
        self._only = only.credentials[0] if only is not None and len(only.credentials) == 1 else None
        #: Whether anybody who is known may call: no alternative asks for a scope or role.
        self._open = all(not any(way) for each in self._alternatives for way in each.needed)

    def authenticate(self, request: Request, at: float, namespace: str) -> Caller:
        """The caller at that time (seconds since the epoch). Raises Unauthenticated with the most telling refusal: of a
        credential that was sent rather than of one that is missing."""
        if self._only is not None:
            return self._only.read(request, at, namespace)
        if not self._alternatives:
            return ANONYMOUS
        refusal = None
        for index in range(len(self._alternatives)):
            try:
                return self._read(index, request, at, namespace)
            except Unauthenticated as error:
                if refusal is None or _telling(refusal) < _telling(error):
                    refusal = error
        assert refusal is not None  # no alternative was met
        if self.optional and not _telling(refusal):
            return ANONYMOUS
        raise refusal

    def _read(self, index: int, request: Request, at: float, namespace: str) -> Caller:
        callers = [each.read(request, at, namespace) for each in self._alternatives[index].credentials]
        return callers[0]._replace(alternative=index, others=tuple(callers[1:]))

    def authorise(self, caller: Caller, request: Request, at: float, namespace: str) -> Caller:
        """The caller who may do this: the one given, or the one of another alternative that the request meets too.

        Raises Refused when the scopes or roles of none reach.
        """
        if self._open or self.optional or self._may(caller):
            return caller
        for index in range(caller.alternative + 1, len(self._alternatives)):
            try:
                other = self._read(index, request, at, namespace)
            except Unauthenticated:
                continue
            if self._may(other):
                return other
        raise self._too_narrow(caller)

    def _may(self, caller: Caller) -> bool:
        alternative = self._alternatives[caller.alternative]
        if not caller.others:
            held = caller.held(alternative.credentials[0].scheme)
            return held is None or any(names <= held for (names,) in alternative.needed)
        return any(not _lacking(caller, alternative.credentials, way) for way in alternative.needed)

    def _too_narrow(self, caller: Caller) -> Refused:
        credentials, needed = self._alternatives[caller.alternative]
        at = _lacking(caller, credentials, needed[0])[0]
        credential = credentials[at]
        held = (caller, *caller.others)[at].held(credential.scheme) or frozenset()
        what = "scope" if credential.scheme.type in ("oauth2", "openIdConnect") else "role"
        ways = list(dict.fromkeys(" and ".join(sorted(way[at])) for way in needed if way[at]))
        shown = " or ".join(ways[:_MOST_NAMED]) + (" or another" if len(ways) > _MOST_NAMED else "")
        has = f"the caller has the {what}s {', '.join(sorted(held))}" if held else f"the caller has no {what}"
        option = " ".join(f"--{what} {name}" for name in sorted(needed[0][at]))
        return credential.too_narrow(f"{has}; wanted: {shown}", option)

    def wanted(self) -> str:
        """In words: which credentials are accepted."""
        return " or ".join(
            " and ".join(credential.wanted() for credential in alternative.credentials)
            for alternative in self._alternatives
        )

    @property
    def first(self) -> tuple[Credential, ...]:
        """The credentials of the first alternative; none when the operation is open to all."""
        return self._alternatives[0].credentials if self._alternatives else ()


def _lacking(caller: Caller, credentials: tuple[Credential, ...], way: tuple[frozenset[str], ...]) -> list[int]:
    """The indexes of the credentials that do not reach for one way to be allowed."""
    held = [
        each.held(credential.scheme) for each, credential in zip((caller, *caller.others), credentials, strict=True)
    ]
    return [at for at, names in enumerate(way) if (has := held[at]) is not None and not names <= has]


def _telling(refusal: Unauthenticated) -> int:
    """How much a refusal tells the author of a client: least of what was not sent, most of what was looked up."""
    return 0 if refusal.rule.endswith(".missing") else 1 if refusal.contract_broken else 2
