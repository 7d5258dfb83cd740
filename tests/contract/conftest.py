from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mockserver.contract.build import build_contract
from mockserver.contract.model import Contract, Parameter
from mockserver.contract.schemas import Schema, SchemaSet
from mockserver.exceptions import Problem, SpecError
from mockserver.spec.references import Library


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Mapping[str, Any]], Path]:
    """Writes files (texts, or values as JSON) into a new folder."""

    def write(files: Mapping[str, Any]) -> Path:
        path = tmp_path_factory.mktemp("spec")
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def schema(folder: Callable[..., Path]) -> Callable[..., Schema]:
    """A handle on a schema given as data; further component schemas by name."""

    def make(data: Any, **components: Any) -> Schema:
        document = {"openapi": "3.1.0", "components": {"schemas": {"It": data, **components}}}
        library = Library()
        loaded = library.load(folder({"openapi.json": document}) / "openapi.json")
        return SchemaSet(library).at(loaded, "/components/schemas/It")

    return make


@pytest.fixture(scope="session")
def parameter(schema: Callable[..., Schema]) -> Callable[..., Parameter]:
    """A parameter `p` of a location and style, with a schema given as data."""

    def make(location: str, style: str, explode: bool, data: Any = None, **more: Any) -> Parameter:
        handle = schema(data) if data is not None else None
        values: dict[str, Any] = {
            "required": False,
            "allow_reserved": False,
            "deprecated": False,
            "media_type": None,
            "default": None,
        }
        values |= {"name": "p", "pointer": "", **more}
        return Parameter(location=location, style=style, explode=explode, schema=handle, **values)

    return make


@pytest.fixture(scope="session")
def build(folder: Callable[..., Path]) -> Callable[..., Contract]:
    """The contract of a document given as YAML text or as data; other files beside it by name."""

    def make(document: Any, files: Mapping[str, Any] | None = None) -> Contract:
        library = Library()
        path = folder({"openapi.yaml": document, **(files or {})}) / "openapi.yaml"
        return build_contract(library.load(path, shown_as="openapi.yaml"), library)

    return make


@pytest.fixture(scope="session")
def problems(build: Callable[..., Contract]) -> Callable[..., tuple[Problem, ...]]:
    """The problems that building a document reports."""

    def find(document: Any, files: Mapping[str, Any] | None = None) -> tuple[Problem, ...]:
        with pytest.raises(SpecError) as caught:
            build(document, files)
        return caught.value.problems

    return find
