"""Which recorded calls are calls of the APIs in question, and what is said of the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from mockserver.checks.traffic.entries import HarEntry
from mockserver.engine.api import Api
from mockserver.engine.routes import Routes
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.messages import Request

_NAMED = re.compile(r"([^=/:]+)=(.+)", re.DOTALL)
_PORTS = {"http": 80, "https": 443}
_MOST_HOSTS = 10_000
_MOST_TOLD = 3
_ADMIN = "/__admin/"


class Target(NamedTuple):
    """Where a recorded call went. `path` is as the API documents it, with its base path."""

    api: Api
    path: str
    namespace: str = ""


class BaseUrl(NamedTuple):
    """An address at which an API was called. `path` begins with a slash, or is empty."""

    api: Api
    scheme: str
    host: str
    port: int
    path: str

    def inside(self, request: Request) -> str | None:
        """The path of a request inside the API; None when it went elsewhere."""
        path = request.path
        if not (path == self.path or path.startswith(f"{self.path}/")):
            return None
        if (request.scheme, request.host, _port(request)) != (self.scheme, self.host, self.port):
            return None
        return path[len(self.path) :] or "/"


def read_base_url(text: str, apis: Mapping[str, Api]) -> BaseUrl:
    """`URL`, or `API=URL` where there are several. Raises UsageError."""
    named = _NAMED.fullmatch(text.strip())
    name, url = (named[1], named[2]) if named is not None else ("", text.strip())
    if not name and len(apis) > 1:
        raise UsageError(f"--base-url {url}: of which API?", f"write {next(iter(apis))}={url}")
    if name and name not in apis:
        hint = did_you_mean(name, apis, f"checked: {', '.join(apis)}")
        raise UsageError(f"--base-url for '{name}', which is not checked", hint)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"--base-url {url[:200]} cannot be read: {error}") from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"--base-url {url[:200]} is no base URL", "write it as https://host or http://host:port/path")
    api = apis[name or next(iter(apis))]
    path = parts.path.rstrip("/")
    return BaseUrl(api, parts.scheme, parts.hostname.lower(), port or _PORTS[parts.scheme], path)


class Selection:
    """Says of each entry which API it called, if any, and keeps count of those that called none."""

    def __init__(self, apis: Mapping[str, Api], routes: Routes, base_urls: Iterable[str] = ()) -> None:
        self._routes = routes
        self._bases = sorted((read_base_url(each, apis) for each in base_urls), key=lambda base: -len(base.path))
        self._hosts: Counter[str] = Counter()
        self._documented = {
            path.rstrip("/") for api in apis.values() for path in (server.base_path for server in api.contract.servers)
        }
        self._likely: Counter[tuple[str, str]] = Counter()
        #: How many entries of the APIs in question were left out, by why.
        self.left_out: Counter[str] = Counter()

    def target(self, entry: HarEntry) -> Target | None:
        """Where an entry went; None when it is no call of a client to one of the APIs."""
        found = self._found(entry.request)
        if found is None:
            self._count(entry)
            return None
        if entry.left_out:
            self.left_out[entry.left_out] += 1
            return None
        if entry.page and not found.api.router.methods(found.path) and not self._is_below_base(found):
            self.left_out["parts of a page"] += 1
            return None
        return found

    def _found(self, request: Request) -> Target | None:
        for base in self._bases:
            inside = base.inside(request)
            if inside is not None:
                return self._inside(base, inside)
        aimed = self._routes.target(request)
        if aimed.api is None or aimed.by not in ("host", "prefix"):
            return None
        return Target(aimed.api, aimed.path, aimed.namespace)

    def _inside(self, base: BaseUrl, path: str) -> Target | None:
        if path.startswith(_ADMIN):
            return None
        namespace = ""
        if path.startswith("/@"):
            namespace, _, rest = path[2:].partition("/")
            path = f"/{rest}"
        known = base.api.router.methods
        own = path.removeprefix(f"/{base.api.name}")
        if own != path and own.startswith("/") and not known(path):
            return Target(base.api, own, namespace)
        for server in base.api.contract.servers:
            if server.base_path and base.path.endswith(server.base_path) and not known(path):
                return Target(base.api, server.base_path + path, namespace)
        return Target(base.api, path, namespace)

    def _is_below_base(self, target: Target) -> bool:
        """Whether the path lies below a documented base path, where no pages are expected."""
        return any(base and target.path.startswith(f"{base}/") for base in self._documented)

    def _count(self, entry: HarEntry) -> None:
        request = entry.request
        host = request.headers.get("host", "") or f"{request.scheme}:"
        if host in self._hosts or len(self._hosts) < _MOST_HOSTS:
            self._hosts[host] += 1
        if not entry.left_out and not entry.page:
            owners = self._routes.owners(request.path)
            if owners and len(self._likely) < _MOST_HOSTS:
                self._likely[(owners[0], f"{request.scheme}://{host}")] += 1

    @property
    def elsewhere(self) -> int:
        """How many entries went to other hosts."""
        return self._hosts.total()

    def hosts(self) -> str:
        """In words: the other hosts, the most frequent first."""
        told = [f"{host} ({count:,})" for host, count in self._hosts.most_common(_MOST_TOLD)]
        more = len(self._hosts) - len(told)
        return ", ".join(told) + (f" and {more:,} more" if more > 0 else "")

    def hint(self, names: Iterable[str]) -> str:
        """What to try when some API was called at an address that nobody knows of; empty when none seems to be."""
        wanted = set(names)
        for (name, origin), _ in self._likely.most_common():
            if name in wanted:
                return f"{origin} was asked for paths of {name}: --base-url {name}={origin}"
        return ""

    def notes(self) -> list[str]:
        """What was left out, in words."""
        told = []
        if self._hosts:
            where = f"{len(self._hosts):,} other host{'s' if len(self._hosts) > 1 else ''}"
            told.append(f"{_counted(self.elsewhere)} of {where} left out: {self.hosts()}")
        if self.left_out:
            why = ", ".join(f"{count:,} {reason}" for reason, count in self.left_out.most_common())
            told.append(f"{_counted(self.left_out.total())} left out as no calls of a client: {why}")
        return told


def _counted(count: int) -> str:
    return f"{count:,} entr{'y' if count == 1 else 'ies'}"


def _port(request: Request) -> int:
    header = request.headers.get("host", "")
    port = header.rpartition(":")[2] if not header.endswith("]") else ""
    return int(port) if ":" in header and port.isdecimal() else _PORTS.get(request.scheme, 0)
