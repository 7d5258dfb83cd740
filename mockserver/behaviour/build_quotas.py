"""The entries under `quotas:` -> `Quota`s."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from mockserver.behaviour.declared import Quota
from mockserver.behaviour.functions import FUNCTIONS
from mockserver.behaviour.keys import KeyChecker, Place
from mockserver.behaviour.quotas import PER, PER_NAMES
from mockserver.behaviour.reading import Reader
from mockserver.contract.model import Contract, Operation
from mockserver.contract.wording import brief
from mockserver.exceptions import ExpressionError, did_you_mean
from mockserver.expressions import Expression, Language
from mockserver.spec.references import join
from mockserver.state.clock import parse_duration

_SHOWN = 3  # operations that a message names


def read_quotas(
    reader: Reader, keys: KeyChecker, contract: Contract, settings: Mapping[str, Any], unbuilt: Collection[str]
) -> tuple[Quota, ...]:
    """The quotas of a file; faults go to `reader`, the names that expressions use to `keys`. `settings` are values by
    name; `unbuilt` are operations of which the contract could not tell anything."""
    builder = _QuotaBuilder(reader, keys, contract, settings, unbuilt)
    return tuple(builder.quota(name, entry) for name, entry in reader.data.get("quotas", {}).items())


class _QuotaBuilder:
    def __init__(
        self,
        reader: Reader,
        keys: KeyChecker,
        contract: Contract,
        settings: Mapping[str, Any],
        unbuilt: Collection[str],
    ) -> None:
        self.reader, self.keys, self.contract = reader, keys, contract
        self.settings, self.unbuilt = settings, unbuilt

    def quota(self, name: str, entry: Mapping[str, Any]) -> Quota:
        pointer = join("/quotas", name)
        operations = self.operations(entry, pointer)
        limit, setting = self.limit(entry["limit"], join(pointer, "limit"))
        given = entry.get("per", [])
        listed = isinstance(given, list)
        per = [
            self.part(part, join(pointer, "per", at) if listed else join(pointer, "per"), operations)
            for at, part in enumerate(given if listed else [given])
        ]
        quota = Quota(
            name=name,
            limit=limit,
            window=self.window(entry["window"], join(pointer, "window")),
            sliding=entry.get("kind") == "sliding",
            per=tuple(per),
            operations=frozenset(each.id for each in operations) if "operations" in entry else None,
            error=self.error(entry, pointer, operations),
            evidence=self.reader.grade(entry),
            setting=setting,
        )
        self.keys.done(Place())
        return quota

    def operations(self, entry: Mapping[str, Any], pointer: str) -> list[Operation]:
        """The operations that count."""
        known = self.contract.operations
        if "operations" not in entry:
            return list(known.values())
        for at, id in enumerate(entry["operations"]):
            if id not in known and id not in self.unbuilt:
                hint = did_you_mean(id, known, "operations are named by their operationId")
                self.reader.problem(f"the contract has no operation '{id}'", join(pointer, "operations", at), hint)
        return [known[id] for id in entry["operations"] if id in known]

    def limit(self, given: int | str, pointer: str) -> tuple[int, str]:
        """The calls of a window, and the setting that says so (empty: none does)."""
        if isinstance(given, int):
            return given, ""
        language = Language(frozenset({"settings"}), frozenset(), FUNCTIONS)
        faults = len(self.reader.problems)
        expression = self.reader.expression(given, language, pointer)
        names = sorted(path[1] for path in expression.keys if path[0] == "settings")
        if len(self.reader.problems) > faults or any(name not in self.settings for name in names):
            return 0, ""  # said already, or by the check of keys
        setting = names[0] if len(names) == 1 else ""
        hint = "say how many calls are allowed in a window"
        if setting:
            hint = f"the setting {setting} is {brief(self.settings[setting])}"
        try:
            value = expression({"settings": self.settings})
        except ExpressionError as error:
            self.reader.problem(f"the limit cannot be worked out: {error}", pointer, hint)
            return 0, ""
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            shown = brief(value) if isinstance(value, (str, int, float, list, dict, type(None))) else "no number"
            self.reader.problem(f"the limit is {shown}, not a whole number from 0", pointer, hint)
            return 0, ""
        return value, setting

    def window(self, given: str, pointer: str) -> float:
        """Its length in seconds."""
        try:
            length = parse_duration(given).total_seconds()
        except ValueError as error:
            hint = "write PT1M for a minute, P1D for a day"
            self.reader.problem(f"the window cannot be read: {error}", pointer, hint)
            return 1.0
        if length <= 0:
            self.reader.problem(f"a window of {brief(given)} has no length", pointer, "write PT1M for a minute")
            return 1.0
        return length

    def part(self, given: str, pointer: str, operations: list[Operation]) -> str | Expression:
        """One of the things that have a quota of their own."""
        if "${{" not in given:
            if given not in PER:
                hint = did_you_mean(given, PER, f"{', '.join(PER)}, or an expression over {', '.join(PER_NAMES)}")
                self.reader.problem(f"a quota is not counted by '{given}'", pointer, hint)
                return "operation"
            return given
        constants = {"settings": self.settings}
        language = Language(frozenset(PER_NAMES), frozenset(), FUNCTIONS, {}, constants)
        expression = self.reader.expression(given, language, pointer)
        parameters = {each.name for operation in operations for each in operation.parameters if each.location == "path"}
        for path in sorted(expression.keys):
            if path[0] == "path" and path[1] not in ("*", *parameters) and not self.unbuilt:
                hint = did_you_mean(path[1], parameters, f"known: {', '.join(sorted(parameters)) or 'none'}")
                self.reader.problem(f"no operation that counts has the path parameter '{path[1]}'", pointer, hint)
        return expression

    def error(self, entry: Mapping[str, Any], pointer: str, operations: list[Operation]) -> str:
        """The error, whose status every operation that counts must document. Where the API's own form of it is not
        declared, there is nothing to document."""
        at = join(pointer, "error") if "error" in entry else pointer
        name = self.reader.known_error(entry.get("error", "rate_limited"), at)
        status = self.reader.status_of(name) if name in self.reader.declared_errors else 0
        lacking = [each.id for each in operations if status and each.response_for(status) is None]
        if lacking:
            more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
            verb = "does" if len(lacking) == 1 else "do"
            message = f"{', '.join(lacking[:_SHOWN])}{more} {verb} not document status {status} of '{name}'"
            hint = "add the response there, or name the operations that count under 'operations'"
            self.reader.problem(message, at, hint, at_key=True)
        return name
