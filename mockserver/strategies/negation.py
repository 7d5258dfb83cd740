"""What is not a schema, as schemas of which values can be built."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mockserver.strategies.graph import Part
from mockserver.strategies.judging import NOT, keeps, matches

_TYPES = ("null", "boolean", "number", "string", "array", "object")
#: Names that are tried where one is needed that matches a pattern, or that breaks a rule for names.
_NAMES = ("a", "foo", "other", "x1", "A", "1", "foobar", "a-b", "", "x" * 40, "#")
_OF_NUMBERS = {
    "minimum": "exclusiveMaximum",
    "maximum": "exclusiveMinimum",
    "exclusiveMinimum": "maximum",
    "exclusiveMaximum": "minimum",
}
_OF_SIZES = {
    "minLength": ("string", "maxLength", -1),
    "maxLength": ("string", "minLength", 1),
    "minItems": ("array", "maxItems", -1),
    "maxItems": ("array", "minItems", 1),
    "minProperties": ("object", "maxProperties", -1),
    "maxProperties": ("object", "minProperties", 1),
}


def negations(part: Part) -> list[list[Part]]:
    """The ways not to keep a part, each a list of parts that hold together. `part` is not negated itself."""
    if not isinstance(part.schema, dict):
        return [] if part.schema else [[]]
    found: list[list[Part]] = []
    for keyword in part.schema:
        found += _KEYWORDS.get(keyword, _nothing)(part, part.schema[keyword])
    if "unevaluatedProperties" in part.schema or "unevaluatedItems" in part.schema:
        found.append([part.sub({NOT: part.schema})])
    return found


def _nothing(part: Part, value: Any) -> list[list[Part]]:
    return []


def _type(part: Part, value: Any) -> list[list[Part]]:
    words = [value] if isinstance(value, str) else value
    others = [word for word in _TYPES if word not in words and not (word == "number" and "integer" in words)]
    found = [[part.sub({"type": others})]] if others else []
    if "integer" in words and "number" not in words:
        found.append([part.sub({"type": "number", NOT: {"type": "integer"}})])
    return found


def _listed(part: Part, value: Any) -> list[list[Part]]:
    return [[part.sub({NOT: {"enum": value}})]]


def _bound(keyword: str) -> Callable[[Part, Any], list[list[Part]]]:
    return lambda part, value: [[part.sub({"type": "number", _OF_NUMBERS[keyword]: value})]]


def _size(keyword: str) -> Callable[[Part, Any], list[list[Part]]]:
    kind, other, step = _OF_SIZES[keyword]
    return lambda part, value: [[part.sub({"type": kind, other: value + step})]] if value + step >= 0 else []


def _looked_for(kind: str, keyword: str) -> Callable[[Part, Any], list[list[Part]]]:
    return lambda part, value: [[part.sub({"type": kind, NOT: {keyword: value}})]]


def _unique(part: Part, value: Any) -> list[list[Part]]:
    return [[part.sub({"type": "array", "minItems": 2, NOT: {"uniqueItems": True}})]] if value else []


def _required(part: Part, value: Any) -> list[list[Part]]:
    return [[part.sub({"type": "object", "properties": {name: False}})] for name in value]


def _with(part: Part, name: str, schema: Part) -> list[Part]:
    return [part.sub({"type": "object", "required": [name], "properties": {name: schema}})]


def _properties(part: Part, value: Any) -> list[list[Part]]:
    return [_with(part, name, part.sub(schema).inverse()) for name, schema in value.items() if schema is not True]


def _patterns(part: Part, value: Any) -> list[list[Part]]:
    found = []
    for pattern, schema in value.items():
        names = (pattern.strip("^$"), *_NAMES)
        name = next((name for name in names if matches(pattern, name)), None)
        if name is None:
            found.append([part.sub({"type": "object", NOT: {"patternProperties": {pattern: schema}}})])
        else:
            found.append(_with(part, name, part.sub(schema).inverse()))
    return found


def _additional(part: Part, value: Any) -> list[list[Part]]:
    named, patterns = part.data.get("properties", {}), part.data.get("patternProperties", {})
    for name in ("other", *_NAMES, "other_one"):
        if name not in named and not any(matches(pattern, name) for pattern in patterns):
            return [_with(part, name, part.sub(value).inverse())]
    return [[part.sub({"type": "object", NOT: part.schema})]]


def _names(part: Part, value: Any) -> list[list[Part]]:
    wrong = [name for name in _NAMES if not keeps(part.sub(value), name)]
    return [[part.sub({"type": "object", "required": [name]})] for name in wrong[:3]]


def _asked(part: Part, value: Any) -> list[list[Part]]:
    pairs = ((name, other) for name, others in value.items() for other in others if name != other)
    return [[part.sub({"type": "object", "required": [name], "properties": {other: False}})] for name, other in pairs]


def _dependent(part: Part, value: Any) -> list[list[Part]]:
    return [
        [part.sub({"type": "object", "required": [name]}), part.sub(schema).inverse()] for name, schema in value.items()
    ]


def _place(part: Part, at: int, schema: Any) -> list[Part]:
    places = [*[True] * at, part.sub(schema).inverse()]
    return [part.sub({"type": "array", "minItems": at + 1, "prefixItems": places})]


def _prefix(part: Part, value: Any) -> list[list[Part]]:
    return [_place(part, at, schema) for at, schema in enumerate(value)]


def _items(part: Part, value: Any) -> list[list[Part]]:
    return [_place(part, len(part.data.get("prefixItems", ())), value)]


def _contains(part: Part, value: Any) -> list[list[Part]]:
    least, most = part.data.get("minContains", 1), part.data.get("maxContains")
    found = []
    if least > 0:
        few = {"type": "array", "contains": value, "minContains": 0, "maxContains": least - 1}
        found.append([part.sub(few)])
    if most is not None:
        found.append([part.sub({"type": "array", "contains": value, "minContains": most + 1})])
    return found


def _all(part: Part, value: Any) -> list[list[Part]]:
    return [[part.sub(each).inverse()] for each in value]


def _any(part: Part, value: Any) -> list[list[Part]]:
    return [[part.sub(each).inverse() for each in value]]


def _one(part: Part, value: Any) -> list[list[Part]]:
    subs = [part.sub(each) for each in value]
    pairs = ([one, other] for at, one in enumerate(subs) for other in subs[at + 1 :])
    return [[each.inverse() for each in subs], *pairs]


def _not(part: Part, value: Any) -> list[list[Part]]:
    return [[part.sub(value)]]


def _if(part: Part, value: Any) -> list[list[Part]]:
    condition = part.sub(value)
    found = []
    if "then" in part.data:
        found.append([condition, part.sub(part.data["then"]).inverse()])
    if "else" in part.data:
        found.append([condition.inverse(), part.sub(part.data["else"]).inverse()])
    return found


def _reference(keyword: str) -> Callable[[Part, Any], list[list[Part]]]:
    return lambda part, value: [[part.graph.target(part, keyword).inverse()]]


def _table() -> Iterator[tuple[str, Callable[[Part, Any], list[list[Part]]]]]:
    yield from ((keyword, _bound(keyword)) for keyword in _OF_NUMBERS)
    yield from ((keyword, _size(keyword)) for keyword in _OF_SIZES)
    yield from (("type", _type), ("enum", _listed), ("const", lambda part, value: _listed(part, [value])))
    yield from (("multipleOf", _looked_for("number", "multipleOf")), ("uniqueItems", _unique))
    yield from (("pattern", _looked_for("string", "pattern")), ("format", _looked_for("string", "format")))
    yield from (("required", _required), ("properties", _properties), ("patternProperties", _patterns))
    yield from (("additionalProperties", _additional), ("propertyNames", _names), ("dependentRequired", _asked))
    yield from (("dependentSchemas", _dependent), ("prefixItems", _prefix), ("items", _items), ("contains", _contains))
    yield from (("allOf", _all), ("anyOf", _any), ("oneOf", _one), ("not", _not), (NOT, _not), ("if", _if))
    yield from (("$ref", _reference("$ref")), ("$dynamicRef", _reference("$dynamicRef")))


_KEYWORDS = dict(_table())
