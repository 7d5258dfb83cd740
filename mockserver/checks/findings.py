"""What is wrong with a client, or with a service: the value that every report is made of."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from mockserver.checks.places import Place
from mockserver.checks.verdict import Severity
from mockserver.engine.curl import to_curl
from mockserver.engine.journal import Exchange
from mockserver.messages import Faulted, Request
from mockserver.state.clock import format_time

_MOST_SHOWN = 3  # exchanges that a finding keeps
_LONGEST = 16 * 1024  # characters of a body that a report shows
#: Where a mock listens unless told otherwise: what a report shows must work in a shell of its own.
SERVED = "http://127.0.0.1:4010"
_MASK = "***"
_QUOTED_TOKEN = re.compile(r"'([\w-]+: (?:[\w-]+ )?\$TOKEN)'")
#: Headers that carry secrets; of an Authorization header the scheme word stays.
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"})


@dataclass(frozen=True, slots=True)
class Rule:
    """A thing that is looked for. `id` stays the same from run to run; `title` says in one line what is wrong when it
    is found, `advice` what to do instead; `anchor` is where the documentation speaks of it (`page.md#heading`)."""

    id: str
    title: str
    severity: Severity
    advice: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One exchange as a report shows it, without its secrets. `number` counts the calls of the run from 1, `at` is RFC
    3339. `status` is 0 where the client got no answer; `network` names what it met instead."""

    number: int
    at: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str
    status: int
    response_headers: tuple[tuple[str, str], ...]
    response_body: str
    network: str = ""
    trace: tuple[str, ...] = ()
    curl: str = ""

    @property
    def line(self) -> str:
        """`POST /desk/tickets?limit=3 -> 201`."""
        return f"{self.method} {self.url} -> {self.status or self.network or 'no answer'}"

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        shown = {name: getattr(self, name) for name in self.__slots__}
        pairs = ("headers", "response_headers")
        return shown | {name: [list(pair) for pair in shown[name]] for name in pairs} | {"trace": list(self.trace)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Shown:
        """What `as_json` gives."""
        pairs = {name: tuple((key, value) for key, value in data[name]) for name in ("headers", "response_headers")}
        return cls(**{**data, **pairs, "trace": tuple(data["trace"])})

    @classmethod
    def of(cls, exchange: Exchange, base: str = SERVED) -> Shown:
        """What a report shows of an exchange; `base` is the address at which its curl line calls."""
        request, response = exchange.request, exchange.response
        headers = {name: masked(name, value) for name, value in request.headers.items()}
        return cls(
            exchange.seq,
            format_time(datetime.fromtimestamp(exchange.at, UTC), 3),
            request.method,
            request.path + (f"?{request.query}" if request.query else ""),
            tuple(headers.items()),
            _text(request.body),
            response.status,
            tuple((name, masked(name, value)) for name, value in response.headers),
            _text(response.body),
            response.fault if isinstance(response, Faulted) else "",
            tuple(exchange.trace),
            curl_of(request, base),
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, however often it was seen (`times`).

    `rule` is the id of a Rule; `operation` is empty where none was meant. `message` says it in one sentence; `where` is
    the part of the message that is about (`body /title`), `expected` what the contract wants, `place` where it says so.
    `key` tells it from other findings of the same rule and operation, and must not change from run to run; `test` is
    the test that showed it first. `evidence` is how well the contract is known there.
    """

    rule: str
    severity: Severity
    api: str
    operation: str
    message: str
    where: str = ""
    expected: str = ""
    advice: str = ""
    place: Place | None = None
    exchanges: tuple[Shown, ...] = ()
    key: str = ""
    times: int = 1
    test: str = ""
    evidence: str = ""
    anchor: str = field(default="")

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that stay the same from run to run."""
        parts = (self.rule, self.api, self.operation, self.key or self.where)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def merged(self, other: Finding) -> Finding:
        """The same, seen more often."""
        return replace(
            self,
            times=self.times + other.times,
            exchanges=(*self.exchanges, *other.exchanges)[:_MOST_SHOWN],
            test=self.test or other.test,
        )

    def as_json(self) -> dict[str, Any]:
        """All of it, with the fingerprint."""
        shown = {name: getattr(self, name) for name in self.__slots__}
        place = self.place.as_json() if self.place is not None else None
        exchanges = [each.as_json() for each in self.exchanges]
        return shown | {"place": place, "exchanges": exchanges, "fingerprint": self.fingerprint}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """What `as_json` gives."""
        given = {name: value for name, value in data.items() if name != "fingerprint"}
        place = Place.from_json(data["place"]) if data["place"] is not None else None
        return cls(**{**given, "place": place, "exchanges": tuple(map(Shown.from_json, data["exchanges"]))})


def masked(name: str, value: str) -> str:
    """The value of a header, without what nobody else may see."""
    lowered = name.lower()
    if lowered not in _SECRET_HEADERS:
        return value
    word, space, _ = value.partition(" ")
    return f"{word} {_MASK}" if space and lowered.endswith("authorization") else _MASK


def curl_of(request: Request, base: str = SERVED) -> str:
    """A request as a line of shell that holds no secret: `$TOKEN` stands where the credential was."""
    headers = {
        name: value if masked(name, value) == value else masked(name, value).replace(_MASK, "$TOKEN")
        for name, value in request.headers.items()
        if name not in ("user-agent", "accept-encoding")
    }
    line = to_curl(request._replace(headers=headers), base)
    return _QUOTED_TOKEN.sub(r'"\1"', line)  # in single quotes a shell would leave $TOKEN as it is


def _text(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return f"({len(body)} bytes: {body[:32].hex()}…)"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
