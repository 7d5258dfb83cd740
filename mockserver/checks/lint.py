"""Every problem of a spec folder at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from mockserver.behaviour.build import build_behaviour
from mockserver.behaviour.fixtures import Fixtures, check_fixtures, read_fixtures
from mockserver.checks.fixtures import fixture_problems
from mockserver.contract.build import build_contract
from mockserver.contract.problems import contract_problems
from mockserver.errors import Problem, SpecError
from mockserver.spec.behaviour_schema import structure_problems
from mockserver.spec.catalog import find
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
    contract = _tried(problems, lambda: build_contract(library.load(folder.openapi), library))
    if contract is not None:
        problems += contract_problems(contract, library)
    documents = [document for path in folder.fixtures if (document := _read(problems, path)) is not None]
    fixtures = _fixtures(problems, documents)
    behaviour_document = _read(problems, folder.behaviour) if folder.behaviour else None
    if behaviour_document is not None:
        document = behaviour_document
        if contract is None:
            problems += structure_problems(document)
        else:
            known = contract
            overrides: Mapping[str, Any] = {}
            behaviour = _tried(problems, lambda: build_behaviour(document, known, fixtures.fields(), overrides))
            if behaviour is not None:
                problems += check_fixtures(documents, behaviour)
                problems += fixture_problems(documents, behaviour, known)
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line, problem.column))


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
