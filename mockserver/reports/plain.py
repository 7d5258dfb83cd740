"""Text that is safe wherever it is shown: what was sent by a client may hold anything."""

from __future__ import annotations

import re
from typing import Any

# Control characters, lone surrogates, and what turns the direction of a line or breaks it.
_ODD = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SURROGATES = re.compile("[\ud800-\udfff]")


def one_line(text: str) -> str:
    """The same with every character that does not show, or would break the line, as an escape such as `\\x1b`."""
    return _ODD.sub(_escaped, text)


def encodable(text: str) -> str:
    """The same with lone surrogates, which UTF-8 cannot hold, as escapes such as `\\udc80`."""
    return _SURROGATES.sub(_escaped, text)


def cut(text: str, most: int) -> str:
    """At most so many characters; an ellipsis says that there were more."""
    return text if len(text) <= most else text[: most - 1] + "…"


def encodable_tree(value: Any) -> Any:
    """A JSON value with all its texts made `encodable`."""
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, dict):
        return {encodable(str(key)): encodable_tree(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [encodable_tree(each) for each in value]
    return value


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return _NAMED.get(match[0]) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
