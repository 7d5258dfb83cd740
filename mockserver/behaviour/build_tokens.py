"""The section `tokens:` of a behaviour file -> the kinds of token that an API issues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.behaviour.declared import TokenKind
from mockserver.behaviour.functions import FUNCTIONS
from mockserver.behaviour.keys import KeyChecker, Place
from mockserver.behaviour.reading import Reader
from mockserver.behaviour.tokens import TOKENS
from mockserver.behaviour.values import Value
from mockserver.behaviour.web_tokens import ALGORITHMS
from mockserver.exceptions import ExpressionError
from mockserver.expressions import Language
from mockserver.spec.references import join


def read_tokens(
    reader: Reader, keys: KeyChecker, language: Language, settings: Mapping[str, Any]
) -> dict[str, TokenKind]:
    """The kinds of token that the file declares, by name. Faults go to the reader."""
    found = {}
    for name, entry in reader.data.get("tokens", {}).items():
        pointer = join("/tokens", name)
        if "per" in entry and "keep" not in entry:
            reader.problem("'per' has no effect without 'keep'", join(pointer, "per"), "say how many to keep")
        for at, field in enumerate(entry.get("per", ())):
            keys.field(TOKENS, field, join(pointer, "per", at))
        found[name] = TokenKind(
            name=name,
            value=_value(reader, language, entry, pointer),
            algorithm=entry["jwt"].get("algorithm", ALGORITHMS[0]) if "jwt" in entry else "",
            expires_in=_life(reader, language, entry, pointer),
            keep=_keep(reader, entry, settings, pointer),
            per=tuple(entry.get("per", ())),
            evidence=reader.grade(entry),
        )
    keys.done(Place(item=TOKENS))
    return found


def _value(reader: Reader, language: Language, entry: Mapping[str, Any], pointer: str) -> Value:
    if "jwt" in entry:
        return reader.value(entry["jwt"].get("claims", {}), language, join(pointer, "jwt", "claims"))
    told = len(reader.problems)
    value = reader.value(entry["value"], language, join(pointer, "value"))
    if not value.expressions and len(reader.problems) == told:
        hint = "draw some of it at random: ${{ hex(32) }}"
        reader.problem("all tokens of this kind would be the same text", join(pointer, "value"), hint)
    return value


def _life(reader: Reader, language: Language, entry: Mapping[str, Any], pointer: str) -> Value | None:
    """For how many seconds a token lives; None for ever."""
    if "expires_in" not in entry:
        return None
    pointer, life = join(pointer, "expires_in"), entry["expires_in"]
    if (isinstance(life, str) and "${{" not in life) or (isinstance(life, int) and life < 0):
        hint = "an hour is 3600"
        reader.problem(f"'expires_in' must be a number of seconds from 0, not {life!r:.40}", pointer, hint)
    return reader.value(life, language, pointer)


def _keep(reader: Reader, entry: Mapping[str, Any], settings: Mapping[str, Any], pointer: str) -> int:
    """How many live ones are kept, which settings may decide: known when the file is read."""
    keep = entry.get("keep", 0)
    pointer = join(pointer, "keep")
    if isinstance(keep, str):
        told = len(reader.problems)
        expression = reader.expression(keep, Language(frozenset({"settings"}), frozenset(), FUNCTIONS, {}), pointer)
        unknown = any(path[0] == "settings" and path[1] not in settings for path in expression.keys)
        if unknown or len(reader.problems) > told:  # the check of keys tells of a setting that is not there
            return 0
        try:
            keep = expression({"settings": settings})
        except ExpressionError as error:
            reader.problem(str(error), pointer)
            return 0
        if isinstance(keep, bool) or not isinstance(keep, int) or keep < 1:
            reader.problem(f"'keep' must be a whole number from 1, not {keep!r:.40}", pointer)
            return 0
    return int(keep)
