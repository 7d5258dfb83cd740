"""The form in which coverage travels between processes, read with suspicion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from mockserver.checks.coverage.items import DIMENSIONS, Entry, Item
from mockserver.checks.coverage.part import Part
from mockserver.exceptions import UsageError

_AGAIN = "it must be what `--coverage FILE` writes: make it again"
_GRADES = ("documented", "observed", "assumed")


def read_parts(data: Any, version: int, origin: str = "") -> list[Part]:
    """The parts of what `Coverage.as_json` gives. Raises UsageError that begins with `origin`."""
    reader = _Reader(origin)
    if not isinstance(data, Mapping) or "version" not in data:
        reader.fail("is no coverage", _AGAIN)
    given = data["version"]
    if type(given) is not int or given != version:
        said = f"form {given!s:.40}" if type(given) in (int, str) else "an unknown form"
        hint = "make it again with the mockserver that combines it"
        by = data.get("mockserver")
        written = f", written by mockserver {by:.40}" if isinstance(by, str) else ""
        reader.fail(f"is coverage in {said}{written}; form {version} is read here", hint)
    return [reader.part(name, part) for name, part in reader.mapping(data.get("apis"), "/apis").items()]


class _Reader:
    def __init__(self, origin: str) -> None:
        self.origin = origin

    def fail(self, message: str, hint: str) -> NoReturn:
        raise UsageError(f"{self.origin or 'this'} {message}", hint)

    def mapping(self, value: Any, where: str) -> Mapping[str, Any]:
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            self.fail(f"is damaged: {where} is no object", _AGAIN)
        return value

    def text(self, holder: Mapping[str, Any], key: str, where: str, default: str | None = None) -> str:
        value = holder.get(key, default)
        if not isinstance(value, str):
            self.fail(f"is damaged: {where}/{key} is no text", _AGAIN)
        return value

    def part(self, name: str, value: Any) -> Part:
        where = f"/apis/{name}"
        given = self.mapping(value, where)
        digest, file = self.text(given, "digest", where), self.text(given, "file", where)
        listed = given.get("items")
        if not isinstance(listed, list):
            self.fail(f"is damaged: {where}/items is no list", _AGAIN)
        entries: dict[Item, Entry] = {}
        counts = []
        called = set()
        for at, each in enumerate(listed):
            place = f"{where}/items/{at}"
            entry, count = self.entry(name, file, self.mapping(each, place), place)
            if entry.item in entries:
                self.fail(f"is damaged: {place} stands there twice", _AGAIN)
            if entry.item.dimension == "operations":
                called.add(entry.item.operation)
            entries[entry.item] = entry
            counts.append(count)
        for item in entries:
            if item.operation and item.operation not in called:
                self.fail(f"is damaged: {where}/items has no operation '{item.operation}'", _AGAIN)
        return Part(name, list(entries.values()), counts, digest=digest, origin=self.origin)

    def entry(self, api: str, file: str, given: Mapping[str, Any], where: str) -> tuple[Entry, int]:
        dimension, operation = self.text(given, "dimension", where), self.text(given, "operation", where)
        if dimension not in DIMENSIONS or (dimension == "operations" and not operation):
            self.fail(f"is damaged: {where}/dimension cannot be '{dimension:.40}' here", _AGAIN)
        touched, deprecated = given.get("touched"), given.get("deprecated", False)
        if type(touched) is not int or touched < 0:
            self.fail(f"is damaged: {where}/touched is no whole number from 0", _AGAIN)
        evidence = self.text(given, "evidence", where, "documented")
        if type(deprecated) is not bool or evidence not in _GRADES:
            self.fail(f"is damaged: {where} is no item", _AGAIN)
        item = Item(api, dimension, operation, self.text(given, "name", where))
        place = (self.text(given, "file", where, file), self.text(given, "pointer", where))
        return Entry(item, *place, evidence, deprecated), touched
