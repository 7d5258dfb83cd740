"""`mockserver serve` as a real process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.served import Served, surroundings

PETS = """\
openapi: 3.1.0
info: {title: Pets, version: v1}
servers: [{url: https://api.pets.example}]
paths:
  /pets:
    get:
      operationId: listPets
      responses:
        "200":
          description: All pets
          content:
            application/json:
              schema: {type: array, items: {type: object, required: [name], properties: {name: {type: string}}}}
              example: [{name: Rex}]
"""


@pytest.fixture
def environment() -> dict[str, str]:
    return surroundings()


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """A document of a user's own, `…/pets/openapi.yaml`."""
    file = tmp_path / "pets" / "openapi.yaml"
    file.parent.mkdir()
    file.write_text(PETS)
    return file


@pytest.fixture
def serve(pets: Path, environment: dict[str, str]) -> Iterator[Callable[..., Served]]:
    """`serve(*options)` starts the pets API."""
    started: list[Served] = []

    def start(*options: str, spec: Path | str = pets) -> Served:
        started.append(Served([str(spec), *options], environment))
        return started[-1]

    yield start
    for served in started:
        served.close()
