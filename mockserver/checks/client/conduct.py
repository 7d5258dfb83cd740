"""What the engine itself has found wrong with a request: violations, warnings, and a fault of the mock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from mockserver.checks.client.seen import Seen
from mockserver.checks.client.telling import Said, Teller
from mockserver.checks.findings import Finding
from mockserver.checks.places import Place, place_of
from mockserver.contract.violations import Violation
from mockserver.engine.journal import Exchange

_INDEX = re.compile(r"/\d+(?=/|$)")
_VARIABLE = re.compile(r"(?=[^/]*\d)[^/]+|[^/]{33,}")
_STRICT = re.compile(r"\(rule strict: ([^,]+), error ")
_UNKNOWN = re.compile(r"(.+?) is not documented for ", re.S)
_READ_ONLY = re.compile(r"(.+?) is readOnly", re.S)
_NEVER_TELLING = "fault."  # what the author of a test has ordered is no matter of the client
#: Rules by what the engine calls its warnings.
_WARNINGS = {
    "deprecated": "deprecated-operation",
    "unknown": "undocumented-field",
    "read-only": "read-only-field",
    "body": "unexpected-body",
    "content-type": "undocumented-content-type",
    "slashes": "undocumented-slashes",
}


class Conduct:
    """Each violation and each warning is a finding."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller

    def see(self, seen: Seen) -> Iterator[Finding]:
        """What is wrong with one request."""
        exchange = seen.exchange
        for violation in exchange.violations:
            if violation.location == "strict":
                yield from self._warning(seen, self._strict_rule(seen), violation.message, strict=True)
            elif violation.location == "security":
                yield self._violation(seen, "missing-credential", violation)
            elif exchange.operation:
                yield self._violation(seen, "contract-violation", violation)
            else:
                yield self._undocumented(seen, violation)
        for warning in exchange.warnings:
            yield from self._warning(seen, warning.rule, warning.message)
        if exchange.fault:
            yield self._failed(seen)

    def _violation(self, seen: Seen, rule: str, violation: Violation) -> Finding:
        stable = _INDEX.sub("/*", violation.pointer)
        exchange = seen.exchange

        def say() -> Said:
            place = place_of(violation, seen.api) if seen.api is not None else None
            where = f"{violation.location} {violation.pointer}".rstrip()
            evidence = seen.facts.operation.evidence if seen.facts is not None else ""
            return Said(violation.message, where, violation.expected, violation.hint, place, evidence)

        key = f"{violation.location} {stable} {violation.schema}" if rule == "contract-violation" else "security"
        return self._teller.find(rule, exchange.api, exchange.operation, key, say, [exchange], of=seen.api)

    def _undocumented(self, seen: Seen, violation: Violation) -> Finding:
        exchange = seen.exchange

        def say() -> Said:
            hint = f"documented is: {violation.hint}" if violation.hint else ""
            place = place_of(violation, seen.api) if seen.api is not None else None
            return Said(violation.message, violation.location, violation.expected, hint, place)

        pieces = _inside(exchange).split("/")
        path = _VARIABLE.sub("*", "/".join("*" if each in self._teller.secrets else each for each in pieces))[:200]
        key = f"{violation.location} {exchange.request.method} {path}"
        return self._teller.find("undocumented-call", exchange.api, "", key, say, [exchange], of=seen.api)

    def _warning(self, seen: Seen, named: str, message: str, *, strict: bool = False) -> Iterator[Finding]:
        if named.startswith(_NEVER_TELLING):
            return
        rule = _WARNINGS.get(named) or ("odd-credential" if named.startswith("security.") else "behaviour-warning")
        place, about = None, ""
        if rule in ("undocumented-field", "read-only-field"):
            found = (_UNKNOWN if rule == "undocumented-field" else _READ_ONLY).match(message)
            about = found[1] if found else ""
        where = _where(rule, named, about)
        if seen.facts is not None:
            place = seen.facts.place
        exchange = seen.exchange
        key = _INDEX.sub("/*", where) if about else where
        if rule == "behaviour-warning" and seen.facts is not None:
            key = seen.facts.warnings.get(named, where)
        said = partial(self._said, seen, message, where, place, strict)
        yield self._teller.find(rule, exchange.api, exchange.operation, key, said, [exchange], of=seen.api)

    def _said(self, seen: Seen, message: str, where: str, place: Place | None, strict: bool) -> Said:
        evidence = seen.facts.operation.evidence if seen.facts is not None else ""
        return Said(message, where, place=place, evidence=evidence, severity="error" if strict else None)

    def _strict_rule(self, seen: Seen) -> str:
        """What the warning is called that strictness made a refusal of: the trace says so."""
        found = next((match for line in seen.exchange.trace if (match := _STRICT.search(line))), None)
        return found[1] if found else "strict"

    def _failed(self, seen: Seen) -> Finding:
        exchange = seen.exchange

        def say() -> Said:
            place = seen.facts.place if seen.facts is not None else None
            message = f"the mock failed by itself, which is no fault of the client: {exchange.fault}"
            return Said(message, expected="an answer that keeps the contract", place=place)

        key = exchange.fault.partition(":")[0]
        return self._teller.find("mock-failed", exchange.api, exchange.operation, key, say, [exchange], of=seen.api)


def _inside(exchange: Exchange) -> str:
    """The path inside the API, however it was reached: by prefix, by Host, in a namespace."""
    path = exchange.request.path
    if path.startswith("/@"):
        path = f"/{path[2:].partition('/')[2]}"
    prefix = f"/{exchange.api}"
    return path.removeprefix(prefix) if exchange.api and f"{path}/".startswith(f"{prefix}/") else path


def _where(rule: str, named: str, about: str) -> str:
    if about:
        return f"body {about}" if about.startswith("/") else f"query {about}"
    if rule == "behaviour-warning":
        return named
    return {
        "unexpected-body": "body",
        "undocumented-content-type": "header content-type",
        "undocumented-slashes": "path",
        "odd-credential": named.replace("security.", "security ", 1),
    }.get(rule, "")
