"""An operation called as its own document shows it: for the line that people paste to see whether it works."""

from __future__ import annotations

from typing import NamedTuple

from mockserver.contract.model import Operation, Parameter
from mockserver.engine.json_text import dumps
from mockserver.examples import NoExample, example_of, sample
from mockserver.state.samples import Draws


class SampleCall(NamedTuple):
    """The path with its parameters filled in; the body with the header that goes with it."""

    path: str
    headers: dict[str, str]
    body: bytes


def sample_call(operation: Operation, seed: str) -> SampleCall:
    """The documented example of each path parameter and of a JSON body, else one that is made from the schema; what
    cannot be made is left out. The same for the same `seed`."""
    draws = Draws(seed)
    path = operation.path
    for parameter in operation.parameters:
        if parameter.location == "path":
            path = path.replace(f"{{{parameter.name}}}", _value(parameter, draws))
    for media in operation.request_body.content.values() if operation.request_body else ():
        if media.name.endswith("json"):
            try:
                return SampleCall(path, {"content-type": media.name}, dumps(example_of(media, draws)))
            except NoExample:
                break
    return SampleCall(path, {}, b"")


def _value(parameter: Parameter, draws: Draws) -> str:
    try:
        value = sample(parameter.schema, draws) if parameter.schema is not None else None
    except NoExample:
        value = None
    plain = isinstance(value, (str, int)) and not isinstance(value, bool) and value != ""
    return str(value) if plain else f"{{{parameter.name}}}"
