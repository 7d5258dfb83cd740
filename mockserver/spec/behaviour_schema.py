"""The structure of a behaviour file, held against its own JSON Schema (`behaviour.schema.json`)."""

from __future__ import annotations

import functools
from importlib.resources import files
from typing import Any

import orjson

from mockserver.exceptions import Problem, did_you_mean
from mockserver.spec.loader import Document
from mockserver.spec.references import join


@functools.cache
def behaviour_schema() -> Any:
    """The JSON Schema (2020-12) of a behaviour file."""
    return orjson.loads(files("mockserver.spec").joinpath("behaviour.schema.json").read_bytes())


@functools.cache
def _validator() -> Any:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(behaviour_schema())


def structure_problems(document: Document) -> list[Problem]:
    """What is wrong with the structure, each with its line and a hint; empty when it is right."""
    if _validator().is_valid(document.data):
        return []
    from jsonschema import Draft202012Validator

    problems = []
    for error in Draft202012Validator(behaviour_schema()).iter_errors(document.data):
        pointer = join("", *error.absolute_path)
        if error.validator == "additionalProperties" and isinstance(error.instance, dict):
            known = list(error.schema.get("properties", {}))
            for key in error.instance:
                if key not in known:
                    hint = did_you_mean(key, known, f"known: {', '.join(known)}")
                    problems.append(document.problem(f"unknown key '{key}'", join(pointer, key), hint, at_key=True))
        elif "propertyNames" in error.absolute_schema_path:
            key, hint = str(error.instance), "letters, digits and _, no digit first"
            problems.append(
                document.problem(f"an expression cannot say '{key}'", join(pointer, key), hint, at_key=True)
            )
        else:
            problems.append(document.problem(_sentence(error), pointer))
    return sorted(problems, key=lambda problem: (problem.line, problem.column))


def _sentence(error: Any) -> str:
    place = str(error.absolute_path[-1]) if error.absolute_path else "the file"
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"'{place}' needs the key '{missing[0]}'"
    if error.validator == "enum":
        return f"'{place}' must be one of {', '.join(map(str, error.validator_value))}, not {error.instance!r:.60}"
    if error.validator == "const":
        return f"'{place}' must be {orjson.dumps(error.validator_value).decode()}"
    if error.validator == "type":
        wanted = error.validator_value
        words = " or ".join(wanted) if isinstance(wanted, list) else str(wanted)
        return f"'{place}' must be of type {words}, not {error.instance!r:.60}"
    if error.validator == "oneOf" and all("required" in choice for choice in error.validator_value):
        choices = [choice["required"][0] for choice in error.validator_value]
        given = [name for name in choices if name in error.instance]
        return f"'{place}' needs one of {', '.join(choices)}" + (f", not {' and '.join(given)}" if given else "")
    return f"'{place}': {error.message:.160}"
