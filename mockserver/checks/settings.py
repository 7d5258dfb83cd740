"""What a project has decided about its checks: `[tool.mockserver]` of its pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeAlias, cast

from mockserver.checks.findings import Finding
from mockserver.exceptions import UsageError, did_you_mean

FailOn: TypeAlias = Literal["error", "warning", "never"]
Level: TypeAlias = Literal["off", "warning", "error"]

FAIL_ON = ("error", "warning", "never")
LEVELS = ("off", "warning", "error")
_KEYS = ("fail-on", "fail-under", "rules", "ignore")
_IGNORED = ("rule", "api", "operation", "where", "reason")
_PLACE = re.compile(r" \(at line (\d+), column \d+\)$| \(at end of document\)$")


@dataclass(frozen=True, slots=True)
class Ignored:
    """A finding that the project lives with. What is empty fits all; `*` stands for anything. `reason` says why."""

    rule: str
    api: str = ""
    operation: str = ""
    where: str = ""
    reason: str = ""

    def fits(self, finding: Finding) -> bool:
        """Whether it speaks of this finding."""
        return all(
            not wanted or _like(wanted, came)
            for wanted, came in (
                (self.rule, finding.rule),
                (self.api, finding.api),
                (self.operation, finding.operation),
                (self.where, finding.where),
            )
        )

    def __str__(self) -> str:
        said = (self.rule, self.api, self.operation, self.where)
        return " ".join(each for each in said if each)


@dataclass(frozen=True, slots=True)
class Settings:
    """`fail_on` is the least severity that fails a run, `fail_under` the percentage of coverage that is asked for;
    `rules` gives rules another severity, or turns them off; `*` in their names stands for anything."""

    fail_on: FailOn = "error"
    fail_under: float | None = None
    rules: Mapping[str, Level] = field(default_factory=dict)
    ignore: tuple[Ignored, ...] = ()

    def level(self, rule: str) -> Level | None:
        """What a rule is given, None for nothing: by its own name, else by the longest pattern that fits."""
        if rule in self.rules or not self.rules:
            return self.rules.get(rule)
        fitting = [name for name in self.rules if "*" in name and _like(name, rule)]
        return self.rules[max(fitting, key=lambda name: (len(name), name))] if fitting else None

    def ignored(self, finding: Finding) -> Ignored | None:
        """The first entry that speaks of this finding."""
        return next((each for each in self.ignore if each.fits(finding)), None)


def read_settings(start: Path | None = None, known: Collection[str] = (), *, fail_on: FailOn = "error") -> Settings:
    """What the nearest pyproject.toml says, from `start` (the working folder) upward; nothing there: the defaults.

    `known` are the ids that rules have; none given: any id will do. `fail_on` holds where the file says nothing of it.
    Raises UsageError with file and line."""
    folder = (start or Path()).absolute()
    for each in (folder, *folder.parents):
        file = each / "pyproject.toml"
        if file.is_file():
            return _Reader(file, known).settings(fail_on)
    return Settings(fail_on)


class _Reader:
    """Reads one file. The parser tells no lines, so the place of a complaint is looked for in the text."""

    def __init__(self, file: Path, known: Collection[str]) -> None:
        self._file, self._known = file, known
        try:
            self._text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise UsageError(f"{file} cannot be read: {why}") from None

    def settings(self, fail_on: FailOn) -> Settings:
        try:
            document = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            match = _PLACE.search(str(error))
            line = int(match[1]) if match and match[1] else self._text.count("\n") + 1
            raise UsageError(f"{self._file}:{line}: this is no TOML: {_PLACE.sub('', str(error))}") from None
        tool = document.get("tool", {})
        table = tool.get("mockserver", {}) if isinstance(tool, dict) else {}
        if not isinstance(table, dict):
            self._refuse("tool.mockserver is no table", "mockserver", ("tool",), hint="write [tool.mockserver]")
        for key in table:
            if key not in _KEYS:
                self._refuse(f"unknown key '{key}'", key, hint=_meant(key, _KEYS))
        return Settings(
            cast(FailOn, self._one_of(table.get("fail-on", fail_on), FAIL_ON, "fail-on")),
            self._percentage(table.get("fail-under")),
            self._rules(table.get("rules", {})),
            self._ignored(table.get("ignore", [])),
        )

    def _rules(self, value: Any) -> dict[str, Level]:
        if not isinstance(value, dict):
            self._refuse("rules is no table", "rules", hint='write [tool.mockserver.rules] and "RULE" = "off"')
        rules: dict[str, Level] = {}
        for name, level in value.items():
            self._must_be_known(name, name, "rules")
            rules[name] = cast(Level, self._one_of(level, LEVELS, name, "rules"))
        return rules

    def _ignored(self, value: Any) -> tuple[Ignored, ...]:
        if not (isinstance(value, list) and all(isinstance(each, dict) for each in value)):
            self._refuse("ignore is no list of tables", "ignore", hint="write [[tool.mockserver.ignore]]")
        return tuple(self._ignore(entry, number) for number, entry in enumerate(value))

    def _ignore(self, entry: dict[str, Any], number: int) -> Ignored:
        for key, said in entry.items():
            if key not in _IGNORED:
                self._refuse(f"unknown key '{key}'", key, "ignore", number=number, hint=_meant(key, _IGNORED))
            if not isinstance(said, str):
                self._refuse(f"{key} is no text: {said!r}", key, "ignore", number=number)
        for key, why in (("rule", "which rule is it about?"), ("reason", "say why this may stay as it is")):
            if not entry.get(key, "").strip():
                self._refuse(f"an ignore entry without a {key}", "", "ignore", number=number, hint=why)
        self._must_be_known(entry["rule"], "rule", "ignore", number)
        return Ignored(**entry)

    def _must_be_known(self, rule: str, key: str, table: str, number: int = 0) -> None:
        if self._known and not any(_like(rule, each) for each in self._known):
            hint = did_you_mean(rule, self._known, "docs/client-rules.md and docs/provider.md name them all")
            self._refuse(f"unknown rule '{rule}'", key, table, number=number, hint=hint)

    def _one_of(self, value: Any, allowed: tuple[str, ...], key: str, *table: str) -> str:
        if value not in allowed:
            shown = f"'{value}'" if isinstance(value, str) else repr(value)
            self._refuse(f"{key} cannot be {shown}", key, *table, hint=_meant(str(value), allowed))
        return str(value)

    def _percentage(self, value: Any) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
            self._refuse(f"fail-under is no percentage: {value!r}", "fail-under", hint="a number from 0 to 100")
        return float(value)

    def _refuse(
        self, message: str, key: str, *table: str | tuple[str, ...], number: int = 0, hint: str = ""
    ) -> NoReturn:
        within = table[0] if table and isinstance(table[0], tuple) else ("tool", "mockserver", *cast(Any, table))
        line = _line(self._text, tuple(map(str, within)), key, number)
        place = f"{self._file}:{line}" if line else str(self._file)
        raise UsageError(f"{place}: {message}", hint)


def _like(pattern: str, text: str) -> bool:
    if "*" not in pattern:
        return pattern == text
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


def _meant(word: str, allowed: tuple[str, ...]) -> str:
    return did_you_mean(word, allowed, f"it is one of {', '.join(allowed)}")


def _line(text: str, table: tuple[str, ...], key: str, number: int) -> int:
    """The line of a key in the `number`th table of that name, else that of the table's head or of a line that speaks
    of the key; 0 when there is none."""
    seen, inside, head = -1, False, 0
    spoken = 0
    for count, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            named = tuple(each.strip(" \t\"'") for each in stripped.split("]")[0].strip("[ ").split("."))
            inside = named == table
            seen += inside
            inside = inside and seen == number
            head = count if inside else head
        name = re.match(r"[\"']?([^\"'=]+?)[\"']?\s*=", stripped)
        if inside and key and name and name[1] == key:
            return count
        if not spoken and key and re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", stripped.partition("#")[0]):
            spoken = count
    return head or spoken
