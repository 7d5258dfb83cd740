"""Findings that a project has accepted: a file beside its code."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import orjson

from mockserver import __version__
from mockserver.checks.findings import Finding
from mockserver.exceptions import UsageError

VERSION = 1
_WORDS = ("rule", "api", "operation", "where", "message")


@dataclass(frozen=True, slots=True)
class Accepted:
    """One finding that was accepted, by its fingerprint; the rest is for whoever reads the file."""

    fingerprint: str
    rule: str
    api: str
    operation: str
    where: str
    message: str

    def __str__(self) -> str:
        place = " ".join(each for each in (self.api, self.operation, self.where) if each)
        return f"{self.rule} ({place})" if place else self.rule


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was accepted, by fingerprint."""

    entries: Mapping[str, Accepted] = field(default_factory=dict)

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Baseline:
        """One that accepts all of these."""
        made = (Accepted(each.fingerprint, *(_encodable(getattr(each, word)) for word in _WORDS)) for each in findings)
        return cls({entry.fingerprint: entry for entry in made})

    @classmethod
    def read(cls, path: Path, *, update_by: str = "--baseline-update") -> Baseline:
        """What stands in a file. Raises UsageError when there is none, or none that can be understood; the option
        `update_by` makes one."""
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise UsageError(f"there is no baseline {path}", f"{update_by} makes it") from None
        except OSError as error:
            raise UsageError(f"the baseline {path} cannot be read: {(error.strerror or str(error)).lower()}") from None
        return cls(_entries(path, content, f"make it anew with {update_by}"))

    def accepts(self, finding: Finding) -> bool:
        """Whether this finding was accepted."""
        return finding.fingerprint in self.entries

    def stale(
        self, findings: Iterable[Finding], apis: Collection[str] = (), rules: Collection[str] = ()
    ) -> list[Accepted]:
        """What was accepted and is not there any more, in the order of the file, as far as a run that looked at these
        APIs for these rules can say (none named: at all)."""
        seen = {each.fingerprint for each in findings}
        return [
            entry
            for entry in self._sorted()
            if entry.fingerprint not in seen
            and (not apis or not entry.api or entry.api in apis)
            and (not rules or entry.rule in rules)
        ]

    def without(self, gone: Iterable[Accepted]) -> Baseline:
        """The same, but for these."""
        left_out = {each.fingerprint for each in gone}
        return Baseline({name: entry for name, entry in self.entries.items() if name not in left_out})

    def joined(self, other: Baseline) -> Baseline:
        """Both; where both speak of one finding, the other's words count."""
        return Baseline({**self.entries, **other.entries})

    def as_bytes(self) -> bytes:
        """The content of a file: one line a value, in an order that only the findings decide."""
        entries = [
            {"fingerprint": each.fingerprint, **{w: getattr(each, w) for w in _WORDS}} for each in self._sorted()
        ]
        shown = {"version": VERSION, "mockserver": __version__, "findings": entries}
        return orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    def _sorted(self) -> list[Accepted]:
        return sorted(self.entries.values(), key=lambda each: (each.rule, each.api, each.operation, each.fingerprint))


def _entries(path: Path, content: bytes, hint: str) -> dict[str, Accepted]:
    def refuse(why: str) -> NoReturn:
        raise UsageError(f"{path} is no baseline: {why}", hint)

    try:
        document: Any = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        line = f"line {error.lineno}: " if content.strip() else ""
        refuse(f"{line}it is no JSON" if content.strip() else "it is empty")
    if not isinstance(document, dict) or "version" not in document:
        refuse("it names no version")
    if document["version"] != VERSION:
        by = f", written by mockserver {document['mockserver']}" if isinstance(document.get("mockserver"), str) else ""
        refuse(f"it is of version {document['version']!r}{by}; this mockserver reads version {VERSION}")
    found = document.get("findings")
    if not isinstance(found, list):
        refuse("/findings is no list")
    entries: dict[str, Accepted] = {}
    for number, each in enumerate(found):
        if not isinstance(each, dict) or not isinstance(each.get("fingerprint"), str):
            refuse(f"/findings/{number} has no fingerprint")
        words = [each.get(word, "") for word in _WORDS]
        if not all(isinstance(word, str) for word in words):
            refuse(f"/findings/{number} holds something that is no text")
        entries[each["fingerprint"]] = Accepted(each["fingerprint"], *words)
    return entries


def _encodable(text: str) -> str:
    """The same with no lone surrogates, which JSON in UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
