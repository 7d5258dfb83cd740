"""Every problem of a spec folder at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from mockserver.behaviour.action_schemas import ActionSchemas
from mockserver.behaviour.build import build_behaviour
from mockserver.behaviour.declared import Behaviour
from mockserver.behaviour.fixtures import Fixtures, check_fixtures, read_fixtures
from mockserver.checks.events import event_problems
from mockserver.checks.fixtures import fixture_problems
from mockserver.contract.build import Draft, draft_contract
from mockserver.contract.model import Contract, SecurityScheme
from mockserver.contract.problems import contract_problems
from mockserver.exceptions import Problem, SpecError
from mockserver.spec.behaviour_schema import structure_problems
from mockserver.spec.catalog import find, related
from mockserver.spec.loader import Document, load_document
from mockserver.spec.references import Library

T = TypeVar("T")


def lint(name_or_path: str) -> list[Problem]:
    """What is wrong with an API that ships, a folder, or an OpenAPI file, in order of file and line.

    A file that cannot be read does not hide what is wrong with the others. Raises UsageError for an unknown name.
    """
    folder = find(name_or_path)
    problems: list[Problem] = []
    library = Library()
    draft = _tried(problems, lambda: draft_contract(library.load(folder.openapi), library))
    if draft is not None:
        problems += draft.problems
        problems += contract_problems(draft.contract, library)
    documents = [document for path in folder.fixtures if (document := _read(problems, path)) is not None]
    fixtures = _fixtures(problems, documents)
    document = _read(problems, folder.behaviour) if folder.behaviour else None
    if document is not None:
        behaviour = _behaviour(problems, document, draft, fixtures, lambda name: related(name, folder) is not None)
        if behaviour is not None:
            problems += ActionSchemas(behaviour.actions, document).problems()
        if behaviour is not None and draft is not None:
            problems += check_fixtures(documents, behaviour)
            problems += fixture_problems(documents, behaviour, draft.contract)
            problems += event_problems(document, draft.contract)
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line, problem.column))


def _behaviour(
    problems: list[Problem],
    document: Document,
    draft: Draft | None,
    fixtures: Fixtures,
    known_api: Callable[[str], bool],
) -> Behaviour | None:
    """The behaviour on what there is of the contract: what the contract has lost is not said to be unknown."""
    found = structure_problems(document)
    if found:
        problems += found
        return None
    data = document.data or {}
    contract = draft.contract if draft is not None else _empty(document.file, data.get("security", {}))
    unbuilt: Iterable[str] = draft.unbuilt if draft is not None else ()
    if draft is None or not draft.knows_all:
        unbuilt = data.get("operations", {}).keys() - contract.operations.keys()
    unbuilt = frozenset(unbuilt)
    return _tried(
        problems,
        lambda: build_behaviour(
            document,
            contract,
            fixtures.fields(),
            {},
            unbuilt=unbuilt,
            known_api=known_api,
            unbuilt_event=lambda name: draft is None or name in _mapping(draft.contract.source.get("webhooks")),
        ),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _empty(file: str, schemes: Iterable[str]) -> Contract:
    """A contract of which nothing could be read but what somebody calls its security schemes."""
    known = {name: SecurityScheme(name, "http", "bearer", "", "", {}, "") for name in schemes}
    return Contract("", "", "", "", (), {}, {}, known, {}, file, {})


def _fixtures(problems: list[Problem], documents: Sequence[Document]) -> Fixtures:
    """What can be read of the fixtures: a wrong file does not make the fields of the others unknown."""
    read = (_tried(problems, functools.partial(read_fixtures, [document])) for document in documents)
    return Fixtures(tuple(part for fixtures in read if fixtures is not None for part in fixtures.parts))


def _tried(problems: list[Problem], work: Callable[[], T]) -> T | None:
    try:
        return work()
    except SpecError as error:
        problems += error.problems
        return None


def _read(problems: list[Problem], path: Path) -> Document | None:
    return _tried(problems, lambda: load_document(path))
