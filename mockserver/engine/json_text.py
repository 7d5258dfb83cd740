"""Values as JSON text, for answers, problems and the admin API alike."""

from __future__ import annotations

import json
from typing import Any

import orjson


def dumps(value: Any) -> bytes:
    """JSON, compact, in UTF-8; whole numbers of any size stay exact."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return _exact(value, separators=(",", ":"))


def dumps_indented(value: Any) -> bytes:
    """The same for people: indented by two, with a line feed at the end."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        return _exact(value, indent=2) + b"\n"


def _exact(value: Any, **style: Any) -> bytes:
    """What orjson refuses: numbers beyond 64 bit, and half a character, which stays as JSON's own escape of it."""
    return json.dumps(value, ensure_ascii=False, **style).encode("utf-8", "backslashreplace")
