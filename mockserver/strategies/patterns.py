"""Regular expressions of JSON Schema (ECMA-262) as Python reads them."""

from __future__ import annotations

import re
from functools import lru_cache

_CLASSES = {
    "L": "A-Za-z", "Letter": "A-Za-z", "Lu": "A-Z", "Ll": "a-z", "Lowercase_Letter": "a-z", "Uppercase_Letter": "A-Z",
    "N": "0-9", "Nd": "0-9", "digit": "0-9", "Number": "0-9", "Alphabetic": "A-Za-z", "ASCII": "\\x00-\\x7f",
}  # fmt: skip
_ESCAPE = re.compile(
    r"\\p\{([A-Za-z_]+)\}|\\c([A-Za-z])|\\u\{([0-9A-Fa-f]+)\}|\\(.)|\(\?<([A-Za-z_]\w*)>|(\[)|(\])|(\$)", re.DOTALL
)


class UnreadablePattern(ValueError):
    """A pattern that Python cannot read; the text says why."""


@lru_cache(4096)
def readable(pattern: str) -> re.Pattern[str]:
    """The pattern compiled, ASCII only in `\\d`, `\\w`, `\\s`; `$` is the very end. Raises UnreadablePattern."""
    within = False

    def swap(found: re.Match[str]) -> str:
        nonlocal within
        name, control, code, escaped, group, opening, closing, _ = found.groups()
        if name is not None:
            if name not in _CLASSES:
                raise UnreadablePattern(f"the class \\p{{{name}}} is not known")
            return _CLASSES[name] if within else f"[{_CLASSES[name]}]"
        if control:
            return f"\\x{ord(control.upper()) - 64:02x}"
        if code:
            return re.escape(chr(int(code, 16)))
        if escaped:
            return found[0] if escaped in "dDwWsSbBfnrtvxu0123456789\\" or not escaped.isalnum() else _letter(escaped)
        if group:
            return f"(?P<{group}>"
        if opening:
            first, within = not within, True
            return "[" if first else "\\["
        if closing:
            within = False
            return "]"
        return "$" if within else r"\Z"

    try:
        return re.compile(_ESCAPE.sub(swap, pattern), re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise UnreadablePattern(str(error)) from None


def _letter(escaped: str) -> str:
    if escaped == "k":
        raise UnreadablePattern("references by name (\\k<…>) are not understood")
    raise UnreadablePattern(f"the escape \\{escaped} is not understood")
