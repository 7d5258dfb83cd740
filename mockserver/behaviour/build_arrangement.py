"""`arrange` under a rule -> `Arrangement`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mockserver.behaviour.arrangement import Arrangement
from mockserver.behaviour.build_effects import EffectReader
from mockserver.behaviour.clauses import ClauseReader
from mockserver.behaviour.keys import Place
from mockserver.exceptions import did_you_mean
from mockserver.spec.references import join

#: What the effects see: there is no call yet.
_NAMES = frozenset({"now", "settings", "server", "caller"})
#: What a token may be issued with, and what each is.
_TOKEN: Mapping[str, str] = {
    **dict.fromkeys(("scopes", "roles"), "a list of texts"),
    "claims": "an object",
    **dict.fromkeys(("user", "organisation", "client"), "text"),
}


def read_arrangement(clauses: ClauseReader, entry: Mapping[str, Any], id: str, pointer: str) -> Arrangement:
    """The arrangement of the rule called `id`, which stands at `pointer`; faults go to the reader. No rule of the file
    counts for it, since a mock that serves never comes here."""
    reader = clauses.reader
    declared = reader.data.get("settings", {})
    for name in entry.get("settings", {}):
        if name not in declared:
            hint = did_you_mean(name, declared, f"declared: {', '.join(declared) or 'none'}")
            reader.problem(f"there is no setting '{name}'", join(pointer, "settings", name), hint, at_key=True)
    for name, value in entry.get("token", {}).items():
        if name not in _TOKEN:
            hint = did_you_mean(name, _TOKEN, f"it has {', '.join(_TOKEN)}")
            reader.problem(
                f"a token has no '{name}' to be issued with", join(pointer, "token", name), hint, at_key=True
            )
        elif not _is(_TOKEN[name], value):
            reader.problem(f"'{name}' must be {_TOKEN[name]}", join(pointer, "token", name))
    language = replace(clauses.language, names=clauses.language.collections | _NAMES)
    counted = reader.grades.copy()
    effects = EffectReader(reader, clauses.keys, language, clauses.resources, clauses.tokens, Place())
    then = effects.read(entry.get("then", ()), f"{id}.arrange", pointer)
    reader.grades = counted
    return Arrangement(entry.get("settings", {}), then, entry.get("token", {}))


def _is(shape: str, value: Any) -> bool:
    if shape == "a list of texts":
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return isinstance(value, dict if shape == "an object" else str)
