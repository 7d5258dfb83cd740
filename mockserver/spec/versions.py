"""What differs between the versions of OpenAPI, as values. Everything above works on JSON Schema 2020-12."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

from mockserver.exceptions import SpecError, did_you_mean
from mockserver.spec.loader import Document
from mockserver.spec.positions import split, step

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

# Where the schemas of an OpenAPI 3.0 document stand: for each kind of object, its keys that lead on, as
# (what stands there: "one", a "list" or a "map" of them, of which kind). "*" is any key.
_CHILDREN: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "openapi": {"paths": ("map", "path item"), "components": ("one", "components")},
    "components": {
        "schemas": ("map", "schema"),
        "responses": ("map", "response"),
        "parameters": ("map", "parameter"),
        "requestBodies": ("map", "body"),
        "headers": ("map", "parameter"),
        "callbacks": ("map", "callback"),
    },
    "path item": {"parameters": ("list", "parameter"), **dict.fromkeys(_METHODS, ("one", "operation"))},
    "operation": {
        "parameters": ("list", "parameter"),
        "requestBody": ("one", "body"),
        "responses": ("map", "response"),
        "callbacks": ("map", "callback"),
    },
    "parameter": {"schema": ("one", "schema"), "content": ("map", "media type")},
    "body": {"content": ("map", "media type")},
    "response": {"headers": ("map", "parameter"), "content": ("map", "media type")},
    "media type": {"schema": ("one", "schema"), "encoding": ("map", "encoding")},
    "encoding": {"headers": ("map", "parameter")},
    "callback": {"*": ("one", "path item")},
    "schema": {
        "properties": ("map", "schema"),
        "additionalProperties": ("one", "schema"),
        "items": ("one", "schema"),
        "not": ("one", "schema"),
        "allOf": ("list", "schema"),
        "anyOf": ("list", "schema"),
        "oneOf": ("list", "schema"),
    },
}
_VALUES = frozenset(["example", "examples", "default", "enum", "const", "value"])  # these hold data, not schemas
_TYPES = frozenset(["string", "number", "integer", "boolean", "array", "object"])


@dataclass(frozen=True, slots=True)
class SpecVersion:
    """One version of OpenAPI.

    `to_2020_12` gives a whole document in which every schema is one of JSON Schema 2020-12. Its argument stays as it
    is, and a pointer to a schema in it points to the same schema in the result. It also takes the other files that the
    document refers to, which are of the same version.
    """

    name: Literal["3.0", "3.1"]
    to_2020_12: Callable[[Any], Any]


def version_of(document: Document) -> SpecVersion:
    """The version of an OpenAPI document. SpecError: it is none, or of a version that is not supported."""
    data = document.data
    if not isinstance(data, dict):
        raise SpecError(document.problem("an OpenAPI document is a mapping, and this is none"))
    if "swagger" in data:
        message = f"this is Swagger {data['swagger']}, and only OpenAPI 3.0 and 3.1 are supported"
        hint = "convert it to OpenAPI 3 first, with swagger2openapi or the Swagger editor"
        raise SpecError(document.problem(message, "/swagger", hint))
    if "openapi" not in data:
        hint = did_you_mean("openapi", data, "its first line should be like `openapi: 3.1.0`")
        raise SpecError(document.problem("not an OpenAPI document: there is no 'openapi' key", "", hint))
    word = data["openapi"]
    found = re.fullmatch(r"(3\.[01])\.\d+(-.+)?", word) if isinstance(word, str) else None
    if found is None:
        full = isinstance(word, str) and re.fullmatch(r"\d+\.\d+\.\d+.*", word)
        hint = "" if full else "write all three numbers, like 3.1.0"
        message = f"OpenAPI version {word!r} is not supported, only 3.0 and 3.1 are"
        raise SpecError(document.problem(message, "/openapi", hint))
    return _VERSIONS[found[1]]


def _unchanged(data: Any) -> Any:
    return data


def _from_3_0(data: Any) -> Any:
    root = _copy(data)
    is_openapi = isinstance(root, dict) and "openapi" in root
    pending: list[tuple[Any, str]] = [(root, "openapi" if is_openapi else "unknown")]
    done: set[tuple[int, str]] = set()
    while pending:
        node, kind = pending.pop()
        if not isinstance(node, dict | list) or (id(node), kind) in done:
            continue
        done.add((id(node), kind))
        if kind == "unknown":
            pending.extend(_unknown_children(node))
        elif isinstance(node, dict):
            if isinstance(ref := node.get("$ref"), str) and ref.startswith("#"):
                pending.append((_target(root, ref), kind))
            if kind == "schema":
                _translate(node, root)
            pending.extend(_children(node, kind))
    return root


def _copy(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _copy(value) for key, value in data.items()}
    return [_copy(item) for item in data] if isinstance(data, list) else data


def _children(node: dict[str, Any], kind: str) -> list[tuple[Any, str]]:
    found: list[tuple[Any, str]] = []
    for key, (shape, child_kind) in _CHILDREN[kind].items():
        if key == "*":
            found.extend((value, child_kind) for value in node.values())
            continue
        value = node.get(key)
        if shape == "one":
            found.append((value, child_kind))
        elif shape == "list" and isinstance(value, list):
            found.extend((item, child_kind) for item in value)
        elif shape == "map" and isinstance(value, dict):
            found.extend((item, child_kind) for item in value.values())
    return found


def _unknown_children(node: dict[str, Any] | list[Any]) -> list[tuple[Any, str]]:
    """Of a file that is no OpenAPI document itself, what stands where is not known: a schema is told by its looks."""
    if isinstance(node, list):
        return [(item, "unknown") for item in node]
    if _looks_like_schema(node):
        return [(node, "schema")]
    return [(value, "unknown") for key, value in node.items() if key not in _VALUES]


def _looks_like_schema(node: dict[str, Any]) -> bool:
    kind = node.get("type")
    if isinstance(kind, str):
        return kind in _TYPES
    if any(isinstance(node.get(key), list) for key in ("allOf", "anyOf", "oneOf", "enum")):
        return True
    if any(isinstance(node.get(key), bool) for key in ("nullable", "exclusiveMinimum", "exclusiveMaximum")):
        return True
    return isinstance(node.get("properties"), dict) or isinstance(node.get("items"), dict)


def _target(root: Any, ref: str) -> Any:
    """What a local reference means, or None: complaining about references is not this module's matter."""
    pointer = unquote(ref[1:])
    node = root
    try:
        for token in split(pointer):
            node = step(node, token)
    except (LookupError, ValueError):  # ValueError: an anchor, which 3.0 has not
        return None
    return node


def _translate(schema: dict[str, Any], root: Any) -> None:
    nullable = schema.pop("nullable", False) is True
    if isinstance(schema.get("$ref"), str):
        for key in schema.keys() - {"$ref"}:  # in 3.0 what stands beside a `$ref` is ignored
            del schema[key]
    else:
        for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if isinstance(flag := schema.get(exclusive), bool):
                del schema[exclusive]
                if flag and bound in schema:
                    schema[exclusive] = schema.pop(bound)
    if nullable:
        _allow_null(schema, root)


def _allow_null(schema: dict[str, Any], root: Any) -> None:
    """Make `schema` take null, in place and so that all pointers into it stay true.

    The standard gives `nullable` a meaning beside `type` only; authors write it beside `$ref`, `allOf` and `enum` too
    and always mean the same.
    """
    if isinstance(ref := schema.get("$ref"), str):
        if not _takes_null(schema, root, set()):
            schema.clear()
            schema["anyOf"] = [{"$ref": ref}, {"type": "null"}]
        return
    kind = schema.get("type")
    if isinstance(kind, str):
        schema["type"] = [kind, "null"] if kind != "null" else kind
    if isinstance(values := schema.get("enum"), list) and None not in values:
        values.append(None)
    for branch in schema.get("allOf", []) if isinstance(schema.get("allOf"), list) else []:
        if isinstance(branch, dict):
            _allow_null(branch, root)
    for keyword in ("anyOf", "oneOf"):
        branches = schema.get(keyword)
        if isinstance(branches, list) and not any(_takes_null(branch, root, set()) for branch in branches):
            branches.append({"type": "null"})


def _takes_null(schema: Any, root: Any, seen: set[int]) -> bool:
    """Whether null is valid, as far as this file tells; a schema in another file is taken not to."""
    if not isinstance(schema, dict) or id(schema) in seen:
        return schema is True
    seen = seen | {id(schema)}
    if isinstance(ref := schema.get("$ref"), str):
        return ref.startswith("#") and _takes_null(_target(root, ref), root, seen)
    kind = schema.get("type")
    if schema.get("nullable") is not True:
        if kind is not None and "null" not in (kind if isinstance(kind, list) else [kind]):
            return False
        if isinstance(values := schema.get("enum"), list) and None not in values:
            return False
    for keyword, holds in (("allOf", all), ("anyOf", any), ("oneOf", any)):
        branches = schema.get(keyword)
        if isinstance(branches, list) and not holds([_takes_null(branch, root, seen) for branch in branches]):
            return False
    return True


_VERSIONS = {"3.0": SpecVersion("3.0", _from_3_0), "3.1": SpecVersion("3.1", _unchanged)}
