"""HTML put together so that nothing gets into it unescaped: a text becomes HTML here, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import TypeAlias

# What would not be seen, or would make the reader see something else: control characters, lone surrogates and
# non-characters, marks that turn the direction of a line, spaces without width.
_HIDDEN = "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff"
_ODD = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_HIDDEN}]")
_EMPTY = frozenset({"meta", "link", "input"})
#: Elements around which white space means something; after any other a line of the file ends.
_INLINE = frozenset(
    {"a", "b", "button", "code", "i", "input", "label", "mark", "option", "output", "path", "rect", "select", "span"}
    | {"strong", "time"}
)


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


#: What stands in an element: a plain text is escaped; None and False leave nothing.
Child: TypeAlias = "str | bool | Iterable[Child] | None"


def html(*children: Child) -> Html:
    """Children one after the other."""
    parts: list[str] = []
    _gather(children, parts)
    return Html("".join(parts))


def tag(_name: str, *children: Child, **attributes: str | int | bool | None) -> Html:
    """An element. An underscore in the name of an attribute is a hyphen, one at its end nothing (`class_`); True is an
    attribute without a value, None and False are none."""
    parts = ["<", _name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        parts += [" ", key.rstrip("_").replace("_", "-")]
        if value is not True:
            parts += ['="', _quoted(str(value)), '"']
    parts.append(">")
    if _name not in _EMPTY:
        _gather(children, parts)
        parts += ["</", _name, ">"]
    if _name not in _INLINE:
        parts.append("\n")
    return Html("".join(parts))


def text(plain: str) -> Html:
    """A text as HTML; in it, each character that would not be seen is an escape such as `\\u202e`, marked as one."""
    escaped = escape(plain, quote=False)
    return Html(_ODD.sub(_marked, escaped) if _ODD.search(escaped) else escaped)


def prose(words: str) -> Html:
    """A sentence in which code stands between backticks."""
    pieces = words.split("`")
    if len(pieces) % 2 == 0:
        return text(words)
    return html(tag("code", piece) if at % 2 else piece for at, piece in enumerate(pieces))


def visible(plain: str) -> str:
    """The same, with an escape instead of each character that would not be seen; a text still."""
    return _ODD.sub(_shown, plain)


def cut(plain: str, most: int) -> str:
    """At most so many characters, and how many there were."""
    return plain if len(plain) <= most else f"{plain[:most]}… ({len(plain):,} characters)"


def many(count: int, one: str, more: str = "") -> str:
    """`1 error`, `2 errors`, `1,000 errors`."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def capital(sentence: str) -> str:
    """With a capital letter in front."""
    return sentence[:1].upper() + sentence[1:]


def slug(*names: str) -> str:
    """An id for an element, made of names; different names give different ids."""
    return "-".join(re.sub(r"[^A-Za-z0-9]", lambda found: f"_{ord(found[0]):x}_", name) for name in names)


def _gather(children: Iterable[Child], parts: list[str]) -> None:
    for child in children:
        if isinstance(child, Html):
            parts.append(child)
        elif isinstance(child, str):
            parts.append(text(child))
        elif child is not None and not isinstance(child, bool):
            _gather(child, parts)


def _quoted(value: str) -> str:
    return _ODD.sub(_shown, escape(value).replace("\n", " "))


def _shown(found: re.Match[str]) -> str:
    code = ord(found[0])
    return "\\r" if code == 13 else f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _marked(found: re.Match[str]) -> str:
    return f"<i>{_shown(found)}</i>"
