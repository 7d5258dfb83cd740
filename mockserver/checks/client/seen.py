"""One exchange as the rules see it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import orjson

from mockserver.checks.client.facts import Facts
from mockserver.contract.queries import parse_cookies, parse_query
from mockserver.engine.api import Api
from mockserver.engine.journal import Exchange
from mockserver.messages import Faulted, Request, Response

#: Of lines of a trace: the author of a test has ordered what was answered.
_ORDERED = ("fault: ", "preference: ")
_ARRIVES = ("", "SLOW_DRIP")  # faults of the network after which the answer is there
_LARGEST = 20_000  # bytes of a body that is kept until a rule may need it
_LARGEST_FORM = 100_000

#: Who calls: API, namespace, credential.
Who = tuple[str, str, str]


@dataclass(slots=True)
class Seen:
    """`api` and `facts` are None where no API, or no operation, was meant. `token` is the credential as it was sent,
    without a scheme word; `lost`: the answer did not arrive. `timed`: the moment of the call can be trusted."""

    exchange: Exchange
    api: Api | None
    facts: Facts | None
    token: str
    timed: bool
    lost: bool
    status: int
    who: Who
    _issued: Mapping[str, Any] | None = field(default=None)

    @property
    def answered(self) -> float:
        """When the answer was there, in seconds since the epoch."""
        response = self.exchange.response
        held = response.delay if isinstance(response, Faulted) else 0.0
        return self.exchange.at + self.exchange.duration + held

    @property
    def ordered(self) -> bool:
        """Whether the answer is what the author of a test has asked for."""
        return any(line.startswith(_ORDERED) for line in self.exchange.trace)

    @property
    def succeeded(self) -> bool:
        """Whether an answer arrived that says so."""
        return not self.lost and 200 <= self.status < 300

    @property
    def issued(self) -> Mapping[str, Any]:
        """The members of an answer that gives a token; none when it gives none."""
        if self._issued is None:
            value = _json(self.exchange.response.body) if self.succeeded else None
            has_token = isinstance(value, dict) and isinstance(value.get("access_token"), str)
            self._issued = value if has_token and value else {}
        return self._issued


class Callers:
    """Finds the credential of a request, whatever became of it: a call that met an ordered fault is one of its caller,
    too."""

    def __init__(self, api: Api | None) -> None:
        schemes = list(api.contract.security_schemes.values()) if api is not None else []
        keys = [each for each in schemes if each.type == "apiKey" and each.name.lower() != "authorization"]
        self._keys = tuple((each.location, each.name) for each in keys)

    def token(self, request: Request) -> str:
        """The credential without a scheme word; empty for none."""
        value = request.headers.get("authorization")
        if value:
            return value.rpartition(" ")[2]
        for location, name in self._keys:
            found: str | None
            if location == "header":
                found = request.headers.get(name.lower())
            elif location == "cookie":
                found = dict(parse_cookies(request.headers.get("cookie", ""))).get(name)
            else:
                found = dict(pairs_of(request.query)).get(name)
            if found:
                return found
        return ""


def seen(exchange: Exchange, api: Api | None, facts: Facts | None, token: str, timed: bool) -> Seen:
    """The exchange as the rules see it."""
    response = exchange.response
    lost = response.status == 0 or (isinstance(response, Faulted) and response.fault not in _ARRIVES)
    who = (exchange.api, exchange.namespace, token)
    return Seen(exchange, api, facts, token, timed, lost, response.status, who)


def kept(exchange: Exchange) -> Exchange:
    """The exchange, for a report that may be written later: without most of a large body."""
    request, response = exchange.request, exchange.response
    if len(request.body) + len(response.body) <= _LARGEST:
        return exchange
    twin = copy(exchange)
    twin.request = request._replace(body=request.body[:_LARGEST])
    cut = Response(response.status, response.headers, response.body[:_LARGEST])
    twin.response = Faulted.of(cut, response.fault, response.delay) if isinstance(response, Faulted) else cut
    return twin


def same(request: Request) -> int:
    """What is equal for requests that ask for the same. One that orders its own answer is another one."""
    prefer = request.headers.get("prefer")
    return hash((request.method, request.path, request.query, request.body, prefer))


def pairs_of(query: str) -> list[tuple[str, str]]:
    """The decoded pairs of a query; none where it cannot be read."""
    try:
        return parse_query(query)
    except ValueError:
        return []


def fields_of(request: Request) -> dict[str, str]:
    """The texts that a request sends in query and body, by name; the body is a form or JSON."""
    found = dict(pairs_of(request.query))
    body = request.body
    if not body or len(body) > _LARGEST_FORM:
        return found
    if body[:1] == b"{":
        value = _json(body)
        given = value if isinstance(value, dict) else {}
        return found | {name: each for name, each in given.items() if isinstance(each, str)}
    return found | dict(pairs_of(body.decode("utf-8", "replace")))


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
