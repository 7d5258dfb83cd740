"""Sentences about a broken schema: what is wrong, what the contract expects, and a hint."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.exceptions import did_you_mean

#: A hint that makes sense in JSON alone.
NO_QUOTES = "send it without quotes"
_UNQUOTED = {
    "integer": re.compile(r"-?(?:0|[1-9][0-9]*)"),
    "number": re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"),
    "boolean": re.compile("true|false"),
}
_LONGEST = 80
_MOST_CHOICES = 12
_ARTICLES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
_KINDS = {str: "a string", bool: "a boolean", int: "an integer", float: "a number", list: "an array", dict: "an object"}
_FORMATS = {
    "date-time": "a date and time as in RFC 3339, such as 2025-01-31T12:00:00Z",
    "date": "a date such as 2025-01-31",
    "time": "a time such as 12:00:00Z",
    "duration": "an ISO 8601 duration such as PT1H30M",
    "email": "an e-mail address",
    "uri": "an absolute URI",
    "uuid": "a UUID",
    "hostname": "a host name",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "byte": "base64 text",
}


def brief(value: Any) -> str:
    """A value for a message: as JSON writes it, on one line, cut to 80 characters."""
    if isinstance(value, str):
        text = "'" + value[: _LONGEST + 1].replace("\n", "\\n").replace("\r", "\\r").replace("\0", "\\0") + "'"
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{brief(key)}: …" for key in list(value)[:8]) + ("}" if len(value) <= 8 else ", …")
    elif isinstance(value, (list, tuple)):
        text = f"[{len(value)} items]" if value else "[]"
    else:
        text = _number(value) if type(value) in (int, float) else {None: "null", True: "true"}.get(value, "false")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def sentence(keyword: str, wanted: Any, value: Any, schema: Any) -> str:
    """What is wrong with a value, by the keyword that it breaks; `wanted` is what the keyword says."""
    shown = brief(value)
    match keyword:
        case "type":
            return f"{shown} is {_kind(value)}, not {_types(wanted)}"
        case "required":
            missing = [name for name in wanted if not isinstance(value, dict) or name not in value]
            return f"the required {_plural('property', missing)} {_listed(missing)} {_are(missing)} missing"
        case "enum":
            return f"{shown} is not one of the documented values"
        case "const":
            return f"{shown} is not the documented value {brief(wanted)}"
        case "additionalProperties" | "unevaluatedProperties":
            extra = _extra(value, schema)
            return f"the {_plural('property', extra)} {_listed(extra)} {_are(extra)} not allowed"
        case "pattern":
            return f"{shown} does not match the pattern {brief(wanted)}"
        case "format":
            return f"{shown} is not {_FORMATS.get(wanted, f'of the format {wanted!r}')}"
        case "discriminator":
            return f"{shown} names none of the documented alternatives"
        case "not" if wanted == {}:
            return "a property stands here that must not appear"
    return _measure(keyword, wanted, value, shown) or f"{shown} breaks the rule `{keyword}` of its schema"


def _measure(keyword: str, wanted: Any, value: Any, shown: str) -> str:
    size = len(value) if isinstance(value, (str, list, dict)) else 0
    match keyword:
        case "minimum":
            return f"{shown} is less than {wanted}"
        case "exclusiveMinimum":
            return f"{shown} is not more than {wanted}"
        case "maximum":
            return f"{shown} is more than {wanted}"
        case "exclusiveMaximum":
            return f"{shown} is not less than {wanted}"
        case "multipleOf":
            return f"{shown} is not a multiple of {wanted}"
        case "minLength" | "maxLength":
            return f"{shown} has {size} characters"
        case "minItems" | "maxItems":
            return f"the array has {size} items"
        case "minProperties" | "maxProperties":
            return f"the object has {size} properties"
        case "uniqueItems":
            return "the array holds the same item twice"
        case "oneOf" | "anyOf":
            return f"{shown} fits {'not exactly one' if keyword == 'oneOf' else 'none'} of the documented alternatives"
        case "not":
            return f"{shown} is expressly excluded"
    return ""


def expectation(keyword: str, wanted: Any, schema: Any) -> str:
    """What the contract wants instead, as short as possible."""
    match keyword:
        case "type":
            return _types(wanted)
        case "required":
            return f"the properties {_listed(wanted)}"
        case "enum" | "discriminator":
            shown = ", ".join(brief(item) for item in wanted[:_MOST_CHOICES])
            return f"one of {shown}" + (", …" if len(wanted) > _MOST_CHOICES else "")
        case "const":
            return brief(wanted)
        case "additionalProperties" | "unevaluatedProperties":
            return f"no properties but {_listed(list(_properties(schema)))}"
        case "pattern":
            return f"text that matches {brief(wanted)}"
        case "format":
            return _FORMATS.get(wanted, f"the format {wanted}")
        case "not" if wanted == {}:
            return "no such property"
    return _limit(keyword, wanted, schema)


def _limit(keyword: str, wanted: Any, schema: Any) -> str:
    signs = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    if keyword in signs:
        declared = schema.get("type", "number") if isinstance(schema, dict) else "number"
        return f"{_types(declared)} {signs[keyword]} {wanted}"
    counts = {"Length": "characters", "Items": "items", "Properties": "properties"}
    for ending, unit in counts.items():
        if keyword in ("min" + ending, "max" + ending):
            return f"at {'least' if keyword.startswith('min') else 'most'} {wanted} {unit}"
    texts = {
        "multipleOf": f"a multiple of {wanted}",
        "uniqueItems": "items that differ from one another",
        "oneOf": "exactly one of the documented alternatives",
        "anyOf": "one of the documented alternatives",
    }
    return texts.get(keyword, f"what `{keyword}` asks for")


def hint_for(keyword: str, wanted: Any, value: Any, schema: Any) -> str:
    """What to try, when there is something to suggest."""
    if keyword in ("enum", "discriminator") and isinstance(value, str):
        return did_you_mean(value, [item for item in wanted if isinstance(item, str)])
    if keyword == "required" and isinstance(value, dict):
        missing = [name for name in wanted if name not in value]
        others = [name for name in value if name not in _properties(schema)]
        hints = (did_you_mean(name, missing) for name in others)
        found = next(((other, hint) for other, hint in zip(others, hints, strict=True) if hint), None)
        return f"'{found[0]}' is sent: {found[1]}" if found else ""
    if keyword in ("additionalProperties", "unevaluatedProperties"):
        return next((hint for name in _extra(value, schema) if (hint := did_you_mean(name, _properties(schema)))), "")
    if keyword == "type" and isinstance(value, str) and isinstance(wanted, str):
        shape = _UNQUOTED.get(wanted)
        return NO_QUOTES if shape is not None and shape.fullmatch(value) else ""
    if keyword == "not" and isinstance(schema, dict) and schema.get("writeOnly") is True:
        return "the property is writeOnly: it never appears in a response"
    return ""


def _properties(schema: Any) -> Mapping[str, Any]:
    found = schema.get("properties") if isinstance(schema, dict) else None
    return found if isinstance(found, dict) else {}


def _extra(value: Any, schema: Any) -> list[str]:
    known = _properties(schema)
    return [name for name in value if name not in known] if isinstance(value, dict) else []


def _types(wanted: Any) -> str:
    words = [wanted] if isinstance(wanted, str) else list(wanted)
    return " or ".join(_ARTICLES.get(word, str(word)) for word in words)


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "null" if value is None else "no JSON value")


def _number(value: Any) -> str:
    return str(value) if not isinstance(value, int) or value.bit_length() < 4000 else "an integer of many digits"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(brief(name) for name in names[:_MOST_CHOICES])
    return shown + (", …" if len(names) > _MOST_CHOICES else "") if names else "none"


def _plural(noun: str, items: Sequence[str]) -> str:
    return noun if len(items) == 1 else noun[:-1] + "ies"


def _are(items: Sequence[str]) -> str:
    return "is" if len(items) == 1 else "are"
