"""A request as a curl line for a shell, to be pasted."""

from __future__ import annotations

import shlex
from urllib.parse import quote

from mockserver.messages import Request

# curl sets these itself, or they belong to the connection and not to the request.
_LEFT_OUT = frozenset({"host", "content-length", "connection", "transfer-encoding"})


def to_curl(request: Request, base: str) -> str:
    """`request` as one line of shell. `base` is `http://HOST:PORT`, without a slash at the end."""
    words = ["curl"]
    if request.method == "HEAD":
        words.append("--head")
    elif request.method != ("POST" if request.body else "GET"):
        words += ["-X", request.method]
    path = quote(request.path, safe="/:@!$&'()*+,;=~-._", errors="surrogateescape")
    words.append(base + path + (f"?{request.query}" if request.query else ""))
    for name, value in request.headers.items():
        if name not in _LEFT_OUT:
            words += ["-H", f"{name.title()}: {value}"]
    if request.body:
        words += ["--data-binary", request.body.decode("utf-8", "replace")]
    return " ".join(shlex.quote(word) for word in words)
