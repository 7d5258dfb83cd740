"""The state that an API starts with, read from fixture files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mockserver.behaviour.declared import Behaviour, Resource
from mockserver.behaviour.reading import one
from mockserver.behaviour.tokens import HIDDEN_TOKENS, completed, token_faults
from mockserver.exceptions import ExpressionError, Problem, SpecError, did_you_mean
from mockserver.spec.loader import Document
from mockserver.spec.references import join
from mockserver.state.clock import parse_time, shift_times
from mockserver.state.records import Record
from mockserver.state.store import State, build_state

_ANCHOR = "anchor"


@dataclass(frozen=True, slots=True)
class Fixtures:
    """Records by resource, each file's with the moment (`anchor`) for which its times are written, if it has one."""

    parts: tuple[tuple[datetime | None, str, tuple[Mapping[str, Any], ...]], ...] = ()

    @property
    def anchor(self) -> datetime | None:
        """The moment for which the first anchored file is written."""
        return next((anchor for anchor, _, _ in self.parts if anchor), None)

    def fields(self) -> dict[str, set[str]]:
        """The fields that occur, by resource."""
        found: dict[str, set[str]] = {}
        for _, resource, records in self.parts:
            found.setdefault(resource, set()).update(name for record in records for name in record)
        return found

    def records(self, start: datetime) -> dict[str, list[Mapping[str, Any]]]:
        """Records by resource, as if the files had been written at `start`: every time in them is moved along."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for anchor, resource, records in self.parts:
            moved: Any = records
            if anchor is not None and anchor != start:
                moved = [shift_times(record, start - anchor) for record in records]
            found.setdefault(resource, []).extend(moved)
        return found


def read_fixtures(documents: Sequence[Document]) -> Fixtures:
    """The fixtures in `documents`. Raises SpecError when one is not a mapping of resource names to lists of records."""
    parts = []
    problems: list[Problem] = []
    for document in documents:
        if not isinstance(document.data, dict):
            problems.append(document.problem("a fixture file maps resource names to lists of records"))
            continue
        anchor = None
        if _ANCHOR in document.data:
            try:
                anchor = parse_time(str(document.data[_ANCHOR]))
            except ValueError as error:
                problems.append(document.problem(str(error), f"/{_ANCHOR}"))
        for resource, records in document.data.items():
            if resource == _ANCHOR:
                continue
            if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
                problems.append(document.problem(f"'{resource}' must be a list of records", join("", resource)))
                continue
            parts.append((anchor, resource, tuple(records)))
    if problems:
        raise SpecError(problems)
    return Fixtures(tuple(parts))


def check_fixtures(documents: Sequence[Document], behaviour: Behaviour) -> list[Problem]:
    """What is wrong with fixtures under these rules: unknown resources, records without their key or with one that
    stands twice, records whose timers fail."""
    problems = []
    seen: set[tuple[str, str]] = set()
    for document, resource, pointer, record in each_record(documents):
        rules = behaviour.resources.get(resource)
        if rules is None or resource == HIDDEN_TOKENS:
            continue
        key = record.get(rules.key)
        if not isinstance(key, str):
            hint = f"give it {rules.key}: '…' as text"
            problems.append(document.problem(f"{one(resource)} without its key '{rules.key}'", pointer, hint))
        elif (resource, key) in seen:
            problems.append(document.problem(f"the {resource} '{key}' stands twice", pointer))
        else:
            seen.add((resource, key))
            problems += _timer_problems(document, pointer, Record(record), rules)
            if resource == behaviour.token_table:
                for field, message, hint in token_faults(record, behaviour.tokens):
                    problems.append(document.problem(message, join(pointer, field), hint))
    for document in documents:
        for resource in document.data if isinstance(document.data, dict) else ():
            known = [name for name in behaviour.resources if name != HIDDEN_TOKENS]
            if resource != _ANCHOR and resource not in known:
                hint = did_you_mean(resource, known, f"declared: {', '.join(known)}")
                message = f"no resource is called '{resource}'"
                problems.append(document.problem(message, join("", resource), hint, at_key=True))
    return sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column))


def each_record(documents: Sequence[Document]) -> Iterator[tuple[Document, str, str, dict[str, Any]]]:
    """All records of fixture documents: the document, the resource, the pointer, the record."""
    for document in documents:
        for resource, records in document.data.items() if isinstance(document.data, dict) else ():
            if resource != _ANCHOR and isinstance(records, list):
                for at, record in enumerate(records):
                    if isinstance(record, dict):  # `read_fixtures` says so of any other
                        yield document, resource, join("", resource, at), record


def _timer_problems(document: Document, pointer: str, record: Record, rules: Resource) -> Iterator[Problem]:
    """What timers cannot read in a record; it would be told at the first request, when the state is made."""
    for name, moment in (rules.table.timers or {}).items():
        try:
            moment(record)
        except ExpressionError as error:
            message = f"the timer '{name}' fails for this {rules.name}"
            yield document.problem(message, pointer, str(error))


def start_state(behaviour: Behaviour, fixtures: Fixtures, start: datetime) -> State:
    """The state at `start`."""
    specs = [resource.table for resource in behaviour.resources.values()]
    records = fixtures.records(start.astimezone(UTC))
    if behaviour.token_table in records:
        records[behaviour.token_table] = completed(records[behaviour.token_table])
    return build_state(specs, records)
