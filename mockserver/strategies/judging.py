"""Whether a value keeps a part of a schema: for what has to be known while a value is being built.

The compiled validator has the last word on whole values; this one also knows parts that stand in no document.
"""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction
from typing import Any

from mockserver.strategies.graph import Part
from mockserver.strategies.patterns import UnreadablePattern, readable

#: Not a keyword of any schema: what must not hold, where it can only be looked for, not built.
NOT = "\0not"
_KINDS: dict[type, str] = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}
_Seen = tuple[set[str], set[int]]


def sameness(value: Any) -> Hashable:
    """Equal for values that JSON Schema calls equal: `1` and `1.0` are, `1` and `true` are not."""
    if isinstance(value, bool) or value is None:
        return ("word", value)
    if isinstance(value, list):
        return tuple(map(sameness, value))
    if isinstance(value, dict):
        return frozenset((key, sameness(item)) for key, item in value.items())
    return value if isinstance(value, str) else ("number", value)


def keeps(part: Part, value: Any) -> bool:
    """Does the value keep the part? Formats count, patterns that Python cannot read do not."""
    return _judge(part, value, frozenset()) is not None


def is_type(value: Any, word: str) -> bool:
    kind = _KINDS.get(type(value))
    return kind == word or (word == "integer" and kind == "number" and bool(value == value // 1))


def matches(pattern: str, text: str) -> bool:
    try:
        return readable(pattern).search(text) is not None
    except UnreadablePattern:
        return True


def is_multiple(value: Any, of: Any) -> bool:
    return Fraction(str(value)) % Fraction(str(of)) == 0


def _judge(part: Part, value: Any, above: frozenset[Any]) -> _Seen | None:
    """The properties and items that the part has looked at; None when the value breaks it."""
    if part.negated:
        return (set(), set()) if _judge(part.inverse(), value, above) is None else None
    if not isinstance(part.schema, dict):
        return (set(), set()) if part.schema else None
    place = (part.key, id(value))
    if place in above:
        return set(), set()
    above = above | {place}
    data = part.schema
    if not (_plain(data, value) and _formatted(part, value)):
        return None
    names: set[str] = set()
    items: set[int] = set()
    for branch in _in_place(part, value, above):
        if branch is None:
            return None
        names |= branch[0]
        items |= branch[1]
    if isinstance(value, dict) and not _object(part, value, above, names):
        return None
    if isinstance(value, list) and not _array(part, value, above, items):
        return None
    return names, items


def _plain(data: dict[str, Any], value: Any) -> bool:
    words = data.get("type")
    if words is not None and not any(is_type(value, word) for word in ([words] if isinstance(words, str) else words)):
        return False
    if "const" in data and sameness(data["const"]) != sameness(value):
        return False
    if "enum" in data and all(sameness(each) != sameness(value) for each in data["enum"]):
        return False
    if isinstance(value, str):
        size = len(value)
        if not data.get("minLength", 0) <= size <= data.get("maxLength", size):
            return False
        return "pattern" not in data or matches(data["pattern"], value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return (
            data.get("minimum", value) <= value <= data.get("maximum", value)
            and not ("exclusiveMinimum" in data and value <= data["exclusiveMinimum"])
            and not ("exclusiveMaximum" in data and value >= data["exclusiveMaximum"])
            and ("multipleOf" not in data or is_multiple(value, data["multipleOf"]))
        )
    size = len(value) if isinstance(value, (list, dict)) else 0
    if isinstance(value, list):
        if data.get("uniqueItems") and len(set(map(sameness, value))) < size:
            return False
        return bool(data.get("minItems", 0) <= size <= data.get("maxItems", size))
    if isinstance(value, dict):
        if not data.get("minProperties", 0) <= size <= data.get("maxProperties", size):
            return False
        if any(name not in value for name in data.get("required", ())):
            return False
        asked = data.get("dependentRequired", {})
        return all(other in value for name, others in asked.items() if name in value for other in others)
    return True


def _formatted(part: Part, value: Any) -> bool:
    name = part.schema.get("format")
    if name is None or not isinstance(value, str):
        return True
    from mockserver.strategies.formats import has_format

    return has_format(name, value)


def _in_place(part: Part, value: Any, above: frozenset[Any]) -> list[_Seen | None]:
    """What the schemas say that are applied to the same value; None for one that had to hold and does not."""
    data = part.schema
    found: list[_Seen | None] = []
    for keyword in ("$ref", "$dynamicRef"):
        if isinstance(data.get(keyword), str):
            found.append(_judge(part.graph.target(part, keyword), value, above))
    found += [_judge(part.sub(each), value, above) for each in data.get("allOf", ())]
    for keyword in ("anyOf", "oneOf"):
        if keyword in data:
            held = [one for each in data[keyword] if (one := _judge(part.sub(each), value, above)) is not None]
            found += held if (len(held) == 1 if keyword == "oneOf" else held) else [None]
    for keyword in ("not", NOT):
        if keyword in data and _judge(part.sub(data[keyword]), value, above) is not None:
            found.append(None)
    if "if" in data:
        held_if = _judge(part.sub(data["if"]), value, above)
        following = "else" if held_if is None else "then"
        found += [] if held_if is None else [held_if]
        found += [_judge(part.sub(data[following]), value, above)] if following in data else []
    if isinstance(value, dict):
        for name, schema in data.get("dependentSchemas", {}).items():
            found += [_judge(part.sub(schema), value, above)] if name in value else []
    return found


def _object(part: Part, value: dict[str, Any], above: frozenset[Any], seen: set[str]) -> bool:
    data = part.schema
    named, patterns = data.get("properties", {}), data.get("patternProperties", {})
    own: set[str] = set()
    for name, item in value.items():
        if "propertyNames" in data and _judge(part.sub(data["propertyNames"]), name, above) is None:
            return False
        found = [named[name]] if name in named else []
        found += [schema for pattern, schema in patterns.items() if matches(pattern, name)]
        if not found and "additionalProperties" in data:
            found = [data["additionalProperties"]]
        if found:
            own.add(name)
        if any(_judge(part.sub(schema), item, above) is None for schema in found):
            return False
    seen.update(own)
    if "unevaluatedProperties" in data:
        rest = part.sub(data["unevaluatedProperties"])
        if any(_judge(rest, item, above) is None for name, item in value.items() if name not in seen):
            return False
        seen.update(value)
    return True


def _array(part: Part, value: list[Any], above: frozenset[Any], seen: set[int]) -> bool:
    data = part.schema
    prefix = data.get("prefixItems", ())
    for at, item in enumerate(value):
        schema = prefix[at] if at < len(prefix) else data.get("items")
        if schema is not None:
            seen.add(at)
            if _judge(part.sub(schema), item, above) is None:
                return False
    if "contains" in data:
        wanted = part.sub(data["contains"])
        held = {at for at, item in enumerate(value) if _judge(wanted, item, above) is not None}
        if not data.get("minContains", 1) <= len(held) <= data.get("maxContains", len(held)):
            return False
        seen.update(held)
    if "unevaluatedItems" in data:
        rest = part.sub(data["unevaluatedItems"])
        if any(_judge(rest, item, above) is None for at, item in enumerate(value) if at not in seen):
            return False
        seen.update(range(len(value)))
    return True
