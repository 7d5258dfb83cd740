"""The section `security:` of a behaviour file -> how credentials travel, and who vouches for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mockserver.behaviour.declared import SchemeRules
from mockserver.behaviour.reading import Reader
from mockserver.contract.model import Contract
from mockserver.exceptions import did_you_mean
from mockserver.spec.references import join

_REFUSALS = ("missing", "malformed", "unknown", "expired", "revoked", "insufficient")


def read_security(reader: Reader, contract: Contract, known_api: Callable[[str], bool]) -> dict[str, SchemeRules]:
    """The rules of every security scheme that the file speaks of. Faults go to the reader."""
    found = {}
    for name, entry in reader.data.get("security", {}).items():
        pointer = join("/security", name)
        rules = found[name] = _scheme(reader, entry, pointer)
        if name not in contract.security_schemes:
            known = contract.security_schemes
            hint = did_you_mean(name, known, f"the contract has: {', '.join(known) or 'none'}")
            reader.problem(f"the contract has no security scheme '{name}'", pointer, hint, at_key=True)
            continue
        if rules.issuer and not known_api(rules.issuer):
            hint = "name an API that ships, or one whose folder stands beside this one"
            reader.problem(f"no API is called '{rules.issuer}'", join(pointer, "issuer"), hint)
        scheme = contract.security_schemes[name]
        if rules.words and scheme.type == "apiKey" and scheme.name.lower() != "authorization":
            hint = "an API key stands alone; words go with the Authorization header"
            reader.problem(
                f"'words' has no effect on the {scheme.location} {scheme.name}", join(pointer, "words"), hint
            )
        _documented(reader, contract, name, rules, entry, pointer)
    return found


def _scheme(reader: Reader, entry: Mapping[str, Any], pointer: str) -> SchemeRules:
    def error(key: str, otherwise: str) -> str:
        return reader.known_error(entry[key], join(pointer, key)) if key in entry else otherwise

    missing = error("missing", "unauthenticated")
    malformed = error("malformed", missing)
    unknown = error("unknown", malformed)
    return SchemeRules(
        words=tuple(entry.get("words", ())),
        format=entry.get("format", ""),
        issuer=entry.get("issuer", ""),
        any=entry.get("accept") == "any",
        claims=entry.get("claims", {}),
        missing=missing,
        malformed=malformed,
        unknown=unknown,
        expired=error("expired", unknown),
        revoked=error("revoked", unknown),
        insufficient=error("insufficient", "forbidden"),
        evidence=reader.grade(entry),
    )


def _documented(
    reader: Reader, contract: Contract, name: str, rules: SchemeRules, entry: Mapping[str, Any], pointer: str
) -> None:
    """The errors that the file gives itself must be documented by the operations that raise them, or the API's own
    answer could not leave."""
    for key in _REFUSALS:
        status = reader.status_of(entry[key]) if key in entry else 0
        lacking = [
            operation.id
            for operation in contract.operations.values()
            if status
            and operation.response_for(status) is None
            and any(
                scheme == name and (names or key != "insufficient")
                for requirement in operation.security
                for scheme, names in requirement.schemes
            )
        ]
        if lacking:
            more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            message = f"{lacking[0]}{more} does not document status {status} of '{entry[key]}'"
            reader.problem(message, join(pointer, key), "document it there, or name another error")
