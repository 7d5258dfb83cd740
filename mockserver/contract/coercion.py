"""Text -> value by the types of a schema, and back: `"12"` is a number only where the contract wants one.

Text that is no value of the declared types stays text, so that the check of the schema can say what is wrong with it.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from mockserver.contract.schemas import Schema

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)\Z")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z")
_LONGEST_INTEGER = 4000  # digits; Python refuses to read more than 4300, to keep the quadratic cost away
_STRUCTURES = frozenset(("array", "object"))


def coerce(text: str, schema: Schema | None) -> Any:
    """The value that `text` stands for. With several types the first reading that the schema accepts wins."""
    if schema is None:
        return text
    types = schema.possible_types()
    if not types:
        return text
    if len(types) == 1:
        (only,) = types
        return text if only == "string" else _convert(text, only)
    readings = [_convert(text, word) for word in ("integer", "number", "boolean") if word in types]
    if "string" in types:
        readings.append(text)
    if "null" in types:
        readings.append(_convert(text, "null"))
    for value in readings:
        if schema.is_valid(value, direction="request"):
            return value
    return next((value for value in readings if value is not text), text) if "string" not in types else text


def expects(schema: Schema | None) -> str:
    """What structure a parameter of this schema has: `array`, `object` or `scalar`; scalars win a tie by coming last.

    A schema that allows both a scalar and a structure is told apart by the text, so `scalar|array` is answered.
    """
    if schema is None:
        return "scalar"
    types = schema.possible_types()
    if "array" in types:
        return "array" if types - {"null"} == {"array"} else "scalar|array"
    return "object" if "object" in types else "scalar"


def write_scalar(value: Any) -> str:
    """The text of a scalar in a parameter: strings as they are, all else as in JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return orjson.dumps(value).decode()


def _convert(text: str, word: str) -> Any:
    if word == "integer":
        return int(text) if len(text) <= _LONGEST_INTEGER and _INTEGER.match(text) else text
    if word == "number":
        if not _NUMBER.match(text) or len(text) > _LONGEST_INTEGER:
            return text
        if _INTEGER.match(text):
            return int(text)
        number = float(text)
        return text if number in (float("inf"), float("-inf")) else number
    if word == "boolean":
        return True if text == "true" else False if text == "false" else text
    if word == "null":
        return None if text in ("", "null") else text
    return text
