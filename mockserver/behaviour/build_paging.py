"""The `page` clause of a list -> `Paging`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from mockserver.behaviour.clauses import ClauseReader
from mockserver.behaviour.declared import Paging
from mockserver.contract.model import Parameter
from mockserver.contract.wording import brief
from mockserver.exceptions import did_you_mean
from mockserver.spec.references import join
from mockserver.state.clock import parse_duration

_FIRST = {"number": 1, "offset": 0, "cursor": 0}
_NUMBERS = frozenset({"integer", "number", "string"})


def read_paging(clauses: ClauseReader) -> Paging:
    """The page clause of the entry that `clauses` reads; faults go to its reader."""
    return _PagingBuilder(clauses).build()


class _PagingBuilder:
    def __init__(self, clauses: ClauseReader) -> None:
        self.clauses, self.reader = clauses, clauses.reader
        self.entry: Mapping[str, Any] = clauses.entry["page"]
        self.pointer = join(clauses.pointer, "page")

    def build(self) -> Paging:
        entry = self.entry
        by = entry["by"]
        if "page" in self.clauses.language.names:
            hint = "beside a 'page' clause it is what the answer knows of the page: choose another name"
            self.reader.problem("'page' has a meaning here", self.pointer, hint, at_key=True)
        at = self.parameter("at", frozenset({"string"}) if by == "cursor" else _NUMBERS)
        size = self.parameter("size", _NUMBERS) if "size" in entry else None
        if at is not None and at is size:
            self.problem("size", f"'{at.name}' says already which page it is", "name the parameter that says how many")
        for clause in ("first", "steady"):
            if clause in entry and by == "cursor":
                self.problem(clause, f"'{clause}' has no effect with cursor", "a cursor names a place by itself")
        return Paging(
            by=by,
            at=entry["at"],
            size=entry.get("size", ""),
            first=entry.get("first", _FIRST[by]),
            default=self.default(size),
            most=entry.get("most"),
            steady=self.steady(),
            error=self.error(),
            evidence=self.reader.grade(entry),
        )

    def problem(self, key: str, message: str, hint: str) -> None:
        self.reader.problem(message, join(self.pointer, key), hint)

    def parameter(self, key: str, types: frozenset[str]) -> Parameter | None:
        """The query parameter that the clause names under `key`; it must be one value of one of the `types`."""
        name, operation = self.entry[key], self.clauses.operation
        known = {each.name: each for each in operation.parameters if each.location == "query"}
        found = known.get(name)
        if found is None:
            hint = did_you_mean(name, known, f"known: {', '.join(sorted(known)) or 'none'}")
            self.problem(key, f"{operation.id} has no query parameter '{name}'", hint)
            return None
        declared = found.schema.types() if found.schema is not None else frozenset[str]()
        if declared and not declared & types:
            wanted = "text" if types == {"string"} else "a number"
            words = " or ".join(sorted(declared))
            self.problem(key, f"the query parameter '{name}' is of type {words}, not {wanted}", "name another")
        return found

    def default(self, size: Parameter | None) -> int | None:
        """How many a page holds when the client does not say it; None when the contract takes care of that."""
        default: int | None = self.entry.get("default")
        documented = size.default if size is not None else None
        always = size.required if size is not None else "size" in self.entry  # where it is wrong, that is told already
        if default is None and documented is None and not always:
            message = "nothing says how many a page holds when the client does not"
            self.reader.problem(message, self.pointer, "add default: 25", at_key=True)
        if default is not None and documented is not None and default != documented:
            name = size.name if size is not None else ""
            self.problem("default", f"the contract's default of '{name}' is {brief(documented)}", "leave it out here")
        most = self.entry.get("most")
        if default is not None and most is not None and default > most:
            self.problem("default", f"{default} is more than 'most', which is {most}", "make it at most that")
        return default

    def steady(self) -> timedelta | None:
        """For how long a list is kept as it was."""
        if "steady" not in self.entry:
            return None
        given = self.entry["steady"]
        try:
            lasts = parse_duration(given)
        except ValueError as error:
            hint = "write PT10M for ten minutes; months and years have no fixed length"
            self.problem("steady", f"the time cannot be read: {error}", hint)
            return None
        if lasts <= timedelta():
            self.problem("steady", f"{brief(given)} is no time at all", "write PT10M for ten minutes, or leave it out")
        return lasts

    def error(self) -> str:
        """The error for what is no page. One that the file names must be documented; where the API's own form of
        `invalid_request` is not declared, there is nothing to document."""
        if "error" in self.entry:
            return self.clauses.raised(self.entry["error"], join(self.pointer, "error"))
        if "invalid_request" in self.reader.declared_errors:
            self.clauses.documented("invalid_request", self.pointer)
        return "invalid_request"
