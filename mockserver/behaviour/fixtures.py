"""The state that an API starts with, read from fixture files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mockserver.behaviour.declared import Behaviour
from mockserver.errors import Problem, SpecError, did_you_mean
from mockserver.spec.loader import Document
from mockserver.spec.references import join
from mockserver.state.clock import parse_time, shift_times
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
    """What is wrong with fixtures under these rules: unknown resources, records without their key or with one twice."""
    problems = []
    seen: set[tuple[str, str]] = set()
    for document in documents:
        for resource, records in document.data.items() if isinstance(document.data, dict) else ():
            if resource == _ANCHOR:
                continue
            rules = behaviour.resources.get(resource)
            if rules is None:
                hint = did_you_mean(resource, behaviour.resources, f"declared: {', '.join(behaviour.resources)}")
                message = f"no resource is called '{resource}'"
                problems.append(document.problem(message, join("", resource), hint, at_key=True))
                continue
            for at, record in enumerate(records if isinstance(records, list) else ()):
                if not isinstance(record, dict):
                    continue  # `read_fixtures` says so
                pointer = join("", resource, at)
                key = record.get(rules.key)
                if not isinstance(key, str):
                    hint = f"give it {rules.key}: '…' as text"
                    problems.append(document.problem(f"a {resource} without its key '{rules.key}'", pointer, hint))
                elif (resource, key) in seen:
                    problems.append(document.problem(f"the {resource} '{key}' stands twice", pointer))
                else:
                    seen.add((resource, key))
    return problems


def start_state(behaviour: Behaviour, fixtures: Fixtures, start: datetime) -> State:
    """The state at `start`."""
    specs = [resource.table for resource in behaviour.resources.values()]
    return build_state(specs, fixtures.records(start.astimezone(UTC)))
