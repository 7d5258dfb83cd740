"""Which API, which namespace, which operation does a request mean?"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

from mockserver.contract.routing import Match
from mockserver.engine.api import Api
from mockserver.engine.call import Call
from mockserver.messages import Request

_MOST_SEEN = 1_024
_UNSEEN: list[Api] = []
NAMESPACE_HEADER = "x-mock-namespace"
_CLOSE = 0.75  # how like the name of an API a word must be, of 1, to be taken for it
_COMPARED_TEXT = 80


class Target(NamedTuple):
    """Where a request goes: the API, the namespace, and the path as the API documents it."""

    api: Api | None
    namespace: str
    path: str
    by: str


class Routes:
    """The APIs that are served, found by Host, by prefix, or by a path that only one of them has."""

    def __init__(self, apis: Mapping[str, Api]) -> None:
        self._apis = apis
        self._hosts: dict[str, list[Api]] = {}
        self._seen: dict[str, list[Api] | None] = {}
        for api in apis.values():
            for server in api.contract.servers:
                for host in server.hosts:
                    self._hosts.setdefault(host, []).append(api)

    def target(self, request: Request) -> Target:
        """The API and the path inside it; `api` is None when no API could be meant."""
        path = request.path
        namespace = request.headers.get(NAMESPACE_HEADER, "")
        if path.startswith("/@"):
            namespace, _, rest = path[2:].partition("/")
            path = f"/{rest}"
        hosted = self._hosted(request)
        if hosted:
            knowing = [api for api in hosted if api.router.methods(path)] if len(hosted) > 1 else hosted
            return Target((knowing or hosted)[0], namespace, path, "host")
        prefix, slash, rest = path[1:].partition("/")
        api = self._apis.get(prefix)
        if api is not None:
            return Target(api, namespace, f"{slash}{rest}" or "/", "prefix")
        knowing = [api for api in self._apis.values() if api.router.methods(path)]
        if len(knowing) == 1:
            return Target(knowing[0], namespace, path, "path")
        return Target(None, namespace, path, "")

    def refused(self, request: Request) -> Call | None:
        """The call of an operation that a request would be if it could be read; None when it leads to none."""
        target = self.target(request)
        match = target.api.router.match(request.method, target.path) if target.api and not target.namespace else None
        if target.api is None or match is None:
            return None
        call = Call(request, target.api, target.api.space(""), target.path)
        call.plan, call.raw_path = target.api.plan(match.operation), match.parameters
        return call

    def _hosted(self, request: Request) -> list[Api] | None:
        """The APIs whose documented host was called. Host headers are remembered, as few are ever seen."""
        header = request.headers.get("host", "")
        hosted = self._seen.get(header, _UNSEEN)
        if hosted is _UNSEEN:
            hosted = self._hosts.get(request.host)
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            self._seen[header] = hosted
        return hosted

    def owners(self, path: str) -> list[str]:
        """The APIs that document a path."""
        return [name for name, api in self._apis.items() if api.router.methods(path)]

    def nearest(self, request: Request, path: str) -> list[str]:
        """Documented paths, with the prefix of their API, that come close to a path of no API.

        Most often it is the prefix that is wrong: when it comes close to the name of an API, that one is meant.
        """
        first = path.lstrip("/").partition("/")[0]
        lowered = {name.lower(): name for name in self._apis}
        close = difflib.get_close_matches(first.lower()[:_COMPARED_TEXT], lowered, n=1, cutoff=_CLOSE)
        if close:
            name = lowered[close[0]]
            given = path[: path.index(first) + len(first)]
            why = f"the prefix is /{name}, not {given}"
            return self._apis[name].nearest(request.method, path[len(given) :], prefix=f"/{name}", why=why)
        found = []
        for name, api in self._apis.items():
            found += api.nearest(request.method, path, limit=2, prefix=f"/{name}")
        return found[:3]


def named_namespace(path: str) -> str:
    """In words: how a namespace is named, for a path that begins with one and leads nowhere."""
    name, _, rest = path[2:].partition("/")
    if f"/{rest}/".startswith("/__admin/"):
        return f"the admin API takes the namespace from a header: X-Mock-Namespace: {name or '<name>'}"
    return f"a namespace stands before the prefix of an API: /@{name or '<name>'}/<api>/<path>"


def is_readable(path: str) -> bool:
    """Whether a path has neither control characters nor bytes that are not UTF-8."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in path)


def forgiving_match(api: Api, method: str, path: str) -> Match | None:
    """The match of `path` with doubled slashes made single and one at the end added or taken away."""
    clean = "/" + "/".join(segment for segment in path.split("/") if segment)
    return api.router.match(method, clean) or api.router.match(method, f"{clean}/")
