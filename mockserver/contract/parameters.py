"""OpenAPI's `style` and `explode`, both ways: the text of a parameter <-> its value.

Delimiters are looked for before percent-decoding; where a client encoded the delimiter too (`ids=1%2C2`, the habit of
most HTTP libraries), the encoded one counts when there is no plain one. Path and header texts arrive decoded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, Final, TypeAlias
from urllib.parse import quote

import orjson

from mockserver.contract.coercion import coerce, expects, write_scalar
from mockserver.contract.json_text import BodyError, TooDeep, read_json
from mockserver.contract.model import Parameter
from mockserver.contract.queries import decode
from mockserver.contract.schemas import Schema

Pairs: TypeAlias = Sequence[tuple[str, str]]
Raw: TypeAlias = str | Pairs | None  # path and header: the text or None; query and cookie: all pairs of the message

_DEEPEST = 8  # levels of `a[b][c]…`
_SPLITTERS = {
    "form": re.compile("%2C", re.IGNORECASE),
    "pipeDelimited": re.compile("%7C", re.IGNORECASE),
    "spaceDelimited": re.compile(r"%20|\+"),
}
_DELIMITERS = {"form": ",", "pipeDelimited": "|", "spaceDelimited": "%20"}
_RESERVED = ":/?@!$'()*;"


class Absent(Enum):
    """The type of ABSENT, which stands for a parameter that the message does not carry (None is JSON's null)."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


def read_parameter(parameter: Parameter, raw: Raw) -> Any:
    """The value of a parameter, ABSENT when the message does not carry it.

    `raw` is the text for path and header (None: absent), and for query and cookie all pairs of the message as
    `split_query` and `parse_cookies` give them. Raises ValueError for a value that is not UTF-8, or JSON that is too
    deep.
    """
    if parameter.location in ("query", "cookie"):
        pairs = raw if raw is not None and not isinstance(raw, str) else ()
        return _read_pairs(parameter, pairs)
    if raw is None or not isinstance(raw, str):
        return ABSENT
    if parameter.media_type is not None:
        return _read_content(raw, parameter)
    return _read_text(parameter, raw)


def write_parameter(parameter: Parameter, value: Any) -> str:
    """The inverse of `read_parameter`: text for path and header, `name=value&…` for query, pairs with `; ` for cookies.

    Path and header texts are not percent-encoded; query and cookie texts are.
    """
    if parameter.media_type is not None:
        text = orjson.dumps(value).decode()
        return f"{quote(parameter.name)}={quote(text)}" if parameter.location in ("query", "cookie") else text
    if parameter.location == "query":
        return "&".join(_written_pairs(parameter, value))
    if parameter.location == "cookie":
        return "; ".join(_written_pairs(parameter, value))
    return _write_text(parameter, value)


# --- text: path and header ---------------------------------------------------------------------------------------


def _read_text(parameter: Parameter, text: str) -> Any:
    schema, style = parameter.schema, parameter.style
    kind = expects(schema)
    delimiter = ","
    if style == "label":
        if not text.startswith("."):
            return text  # no label: the check of the schema shows the text as it came
        text = text[1:]
        delimiter = "." if parameter.explode else ","
    elif style == "matrix":
        return _read_matrix(parameter, text, kind)
    elif parameter.location == "header":
        text = text.strip()
    if kind == "scalar|array":
        kind = "array" if delimiter in text else "scalar"
    if kind == "scalar" or schema is None:
        return coerce(text, schema)
    items = text.split(delimiter) if text else []
    if parameter.location == "header":
        items = [item.strip() for item in items]
    return _assemble(kind, items, parameter.explode, schema)


def _read_matrix(parameter: Parameter, text: str, kind: str) -> Any:
    schema = parameter.schema
    pieces = [piece.partition("=") for piece in text.removeprefix(";").split(";")]
    if kind == "object" and parameter.explode and schema is not None:
        return _object(((name, value) for name, _, value in pieces), schema)
    values = [value for name, _, value in pieces if name == parameter.name]
    if len(values) != len(pieces):
        return text  # not a matrix of this name: the check of the schema shows the text as it came
    if kind == "scalar|array":
        kind = "array" if len(values) > 1 or "," in values[0] else "scalar"
    if kind == "scalar" or schema is None:
        return coerce(values[0], schema) if len(values) == 1 else values
    if not parameter.explode:
        values = values[0].split(",") if values[0] else []
    return _assemble(kind, values, False, schema)


def _write_text(parameter: Parameter, value: Any) -> str:
    style, explode, name = parameter.style, parameter.explode, parameter.name
    if isinstance(value, Mapping):
        flat = [f"{key}={write_scalar(item)}" for key, item in value.items()] if explode else _flatten(value)
    else:
        flat = [write_scalar(item) for item in value] if isinstance(value, (list, tuple)) else [write_scalar(value)]
    if style == "label":
        return "." + ("." if explode else ",").join(flat)
    if style == "matrix":
        if not explode or not isinstance(value, (Mapping, list, tuple)):
            return f";{name}={','.join(flat)}"
        return "".join(f";{item}" if isinstance(value, Mapping) else f";{name}={item}" for item in flat)
    return ",".join(flat)


# --- pairs: query and cookie -------------------------------------------------------------------------------------


def _read_pairs(parameter: Parameter, pairs: Pairs) -> Any:
    name, schema = parameter.name, parameter.schema
    if parameter.style == "deepObject":
        return _read_deep(name, pairs, schema)
    kind = expects(schema)
    if kind == "object" and parameter.explode and parameter.media_type is None and schema is not None:
        known = schema.properties()
        found = [(key, decode(value)) for key, value in pairs if not known or key in known]
        return _object(found, schema) if found else ABSENT
    values = [value for key, value in pairs if key == name]
    if not values:
        return ABSENT
    if parameter.media_type is not None:
        return _read_content(decode(values[-1]), parameter)
    if kind == "scalar|array":
        plain = parameter.explode or _DELIMITERS.get(parameter.style, ",") not in values[0]
        kind = "scalar" if plain and len(values) == 1 else "array"
    if kind == "scalar" or schema is None:
        read = [coerce(decode(item), schema) for item in values]
        return read[0] if len(read) == 1 else read  # repeated: its check says that one value is wanted
    if not parameter.explode:
        values = [item for value in values for item in _divide(value, parameter.style)]
    return _assemble(kind, [decode(item) for item in values], False, schema)


def _divide(value: str, style: str) -> list[str]:
    if not value:
        return []
    plain = {"form": ",", "pipeDelimited": "|"}.get(style)
    if plain is not None and plain in value:
        return value.split(plain)
    return _SPLITTERS[style if style in _SPLITTERS else "form"].split(value)


def _read_deep(name: str, pairs: Pairs, schema: Schema | None) -> Any:
    prefix = name + "["
    tree: dict[str, Any] = {}
    for key, value in pairs:
        if key.startswith(prefix) and key.endswith("]"):
            keys = key[len(prefix) : -1].split("][")
            if len(keys) <= _DEEPEST:
                _plant(tree, keys, decode(value))
    return _grow(tree, schema) if tree else ABSENT


def _plant(tree: dict[str, Any], keys: Sequence[str], value: str) -> None:
    for key in keys[:-1]:
        below = tree.setdefault(key, {})
        if not isinstance(below, dict):
            return  # `a[b]=1&a[b][c]=2` contradicts itself: the first use of a name stands
        tree = below
    leaf = tree.setdefault(keys[-1], [])
    if isinstance(leaf, list):
        leaf.append(value)


def _grow(node: Any, schema: Schema | None) -> Any:
    """The tree of texts as values: a list of one text is a scalar unless the schema wants an array."""
    if isinstance(node, dict):
        if schema is not None and expects(schema) == "array" and all(not key or key.isdigit() for key in node):
            texts = [text for item in node.values() if isinstance(item, list) for text in item]
            return [coerce(text, schema.items()) for text in texts]
        known: Mapping[str, Schema] = schema.properties() if schema is not None else {}
        return {key: _grow(item, known.get(key)) for key, item in node.items()}
    if schema is not None and expects(schema) == "array":
        return [coerce(text, schema.items()) for text in node]
    return coerce(node[0], schema) if len(node) == 1 else list(node)


def _written_pairs(parameter: Parameter, value: Any) -> list[str]:
    def encode(item: Any) -> str:
        return quote(write_scalar(item), safe=_RESERVED if parameter.allow_reserved else "")

    name = quote(parameter.name, safe="")
    if parameter.style == "deepObject":
        return list(_deep_pairs(name, value, encode))
    if isinstance(value, Mapping):
        if parameter.explode:
            return [f"{quote(key, safe='')}={encode(item)}" for key, item in value.items()]
        value = _flatten(value)
    if not isinstance(value, (list, tuple)):
        return [f"{name}={encode(value)}"]
    if parameter.explode:
        return [f"{name}={encode(item)}" for item in value]
    return [f"{name}=" + _DELIMITERS.get(parameter.style, ",").join(map(encode, value))]


def _deep_pairs(prefix: str, value: Any, encode: Callable[[Any], str]) -> Iterable[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _deep_pairs(f"{prefix}%5B{quote(key, safe='')}%5D", item, encode)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield f"{prefix}={encode(item)}"
    else:
        yield f"{prefix}={encode(value)}"


# --- common to all -----------------------------------------------------------------------------------------------


def _assemble(kind: str, items: Sequence[str], explode: bool, schema: Schema) -> Any:
    if kind != "object":
        wanted = schema.items()
        return [coerce(item, wanted) for item in items]
    if explode:
        return _object((item.partition("=")[::2] for item in items), schema)
    if len(items) % 2:
        return list(items)  # a name without value: no object, and the check of the schema says so
    return _object(zip(items[0::2], items[1::2], strict=True), schema)


def _object(pairs: Iterable[tuple[str, str]], schema: Schema) -> dict[str, Any]:
    known = schema.properties()
    return {key: coerce(text, known.get(key)) for key, text in pairs}


def _flatten(value: Mapping[str, Any]) -> list[str]:
    return [text for key, item in value.items() for text in (key, write_scalar(item))]


def _read_content(text: str, parameter: Parameter) -> Any:
    if parameter.media_type is not None and "json" in parameter.media_type:
        try:
            return read_json(text.encode())
        except TooDeep as error:
            raise ValueError(error.message) from None
        except (BodyError, UnicodeEncodeError):
            return text
    return coerce(text, parameter.schema)
