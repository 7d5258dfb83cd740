"""A request as a curl line for a shell, to be pasted."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING
from urllib.parse import quote

from mockserver.messages import Request

if TYPE_CHECKING:
    from mockserver.engine.engine import Engine

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# curl sets these itself, or they belong to the connection and not to the request.
_LEFT_OUT = frozenset({"host", "content-length", "connection", "transfer-encoding"})


def sample_curl(engine: Engine, name: str, base: str) -> str:
    """A line that shows whether an API works: one of its operations as documented; where it has none and only sends,
    the first of its actions, if there is one."""
    api = engine.apis[name]
    if api.contract.operations:
        return to_curl(engine.sample_request(name), base)
    action = next(iter(api.behaviour.actions), "")
    return to_curl(Request("POST", f"/__admin/actions/{name}/{action}"), base) if action else ""


def to_curl(request: Request, base: str) -> str:
    """`request` as one line of shell. `base` is `http://HOST:PORT`, without a slash at the end.

    What no line can hold, a line break or a byte that is no text, stands as an escape in `$'…'`: for bash and zsh.
    """
    words = ["curl"]
    if request.method == "HEAD":
        words.append("--head")
    elif request.method != ("POST" if request.body else "GET"):
        words += ["-X", request.method]
    path = quote(request.path, safe="/:@!$&'()*+,;=~-._", errors="surrogateescape")
    words.append(base + path + (f"?{request.query}" if request.query else ""))
    for name, value in request.headers.items():
        if name not in _LEFT_OUT:
            words += [
                "-H",
                f"{name.title()}: {value}" if value.strip() else f"{name.title()};",
            ]  # so that curl sends it
    if request.body:
        if "content-type" not in request.headers:
            words += ["-H", "Content-Type:"]  # curl would say that it is a form
        option = "--data-raw" if request.body.startswith(b"@") else "--data-binary"  # which takes `@` for a file
        words += [option, request.body.decode("utf-8", "surrogateescape")]
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    """A word as a shell reads it back."""
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(map(_escaped, word)) + "'"


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"  # a byte that is no text
    if character in _SHORT:
        return _SHORT[character]
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "replace"))
