"""What is wrong with a client, or with a service: the value that every report is made of."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from mockserver.checks.places import Place
from mockserver.checks.secrets import IN_SHELL, hidden, masked, secrets_of
from mockserver.checks.verdict import Severity
from mockserver.engine.curl import to_curl
from mockserver.engine.journal import Exchange
from mockserver.messages import Faulted, Request, Response
from mockserver.state.clock import format_time

_MOST_SHOWN = 3  # exchanges that a finding keeps
_LONGEST = 16 * 1024  # characters of a body that a report shows
#: Where a mock listens unless told otherwise: what a report shows must work in a shell of its own.
SERVED = "http://127.0.0.1:4010"
_SLACK = 8 * 1024  # characters more in which secrets are looked for: one at the cut must not be cut in two
#: A header or a URL with `$TOKEN`: in single quotes a shell would leave it as it is.
_QUOTED_TOKEN = re.compile(r"(?<!--data-raw)(?<!--data-binary) '([^'\"\\`!$]*\$TOKEN[^'\"\\`!$]*)'(?= |$)")
_CUT = "  # the body is cut: these are its first {:,} characters"
_IS_CUT = re.compile(re.escape(_CUT).replace(r"\{:,\}", r"[\d,]+") + "$")


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
    #: What was left out of it, in all its forms; no report has them.
    secrets: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    @property
    def line(self) -> str:
        """`POST /desk/tickets?limit=3 -> 201`."""
        return f"{self.method} {self.url} -> {self.status or self.network or 'no answer'}"

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        shown = {name: getattr(self, name) for name in self.__slots__ if name != "secrets"}
        pairs = ("headers", "response_headers")
        return shown | {name: [list(pair) for pair in shown[name]] for name in pairs} | {"trace": list(self.trace)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Shown:
        """What `as_json` gives."""
        pairs = {name: tuple((key, value) for key, value in data[name]) for name in ("headers", "response_headers")}
        return cls(**{**data, **pairs, "trace": tuple(data["trace"])})

    @classmethod
    def of(cls, exchange: Exchange, base: str = SERVED, secrets: Iterable[str] = ()) -> Shown:
        """What a report shows of an exchange; `base` is the address at which its curl line calls, `secrets` are texts
        that it must not show beside those that it is seen to hold."""
        response = exchange.response
        callers = (exchange.caller, *exchange.caller.others)
        return cls.of_call(
            exchange.seq,
            datetime.fromtimestamp(exchange.at, UTC),
            exchange.request,
            response,
            network=response.fault if isinstance(response, Faulted) else "",
            trace=exchange.trace,
            base=base,
            secrets=(*secrets, *(each for caller in callers for each in (caller.token, caller.password) if each)),
        )

    @classmethod
    def of_call(
        cls,
        number: int,
        at: datetime,
        request: Request,
        response: Response,
        *,
        network: str = "",
        trace: Iterable[str] = (),
        base: str = SERVED,
        secrets: Iterable[str] = (),
    ) -> Shown:
        """What a report shows of a call that is no exchange of an engine; see `of`."""
        known = secrets_of(request, response, secrets)
        safe = _without_secrets(request, known)
        return cls(
            number,
            format_time(at, 3),
            request.method,
            safe.path + (f"?{safe.query}" if safe.query else ""),
            tuple((name, hidden(masked(name, value), known)) for name, value in request.headers.items()),
            _text(request.body, known, request.path),
            response.status,
            tuple((name, hidden(masked(name, value), known)) for name, value in response.headers),
            _text(response.body, known),
            hidden(network, known),
            tuple(hidden(line, known) for line in trace),
            _line(request, safe, base),
            known,
        )

    def without(self, secrets: frozenset[str]) -> Shown:
        """The same, without these secrets of other calls."""
        others = secrets - self.secrets
        if not others:
            return self
        return replace(
            self,
            url=hidden(self.url, others),
            body=hidden(self.body, others),
            response_body=hidden(self.response_body, others),
            network=hidden(self.network, others),
            curl=hidden(self.curl, others),
            headers=tuple((name, hidden(value, others)) for name, value in self.headers),
            response_headers=tuple((name, hidden(value, others)) for name, value in self.response_headers),
            trace=tuple(hidden(line, others) for line in self.trace),
            secrets=self.secrets | others,
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

    def shown_by(self, exchanges: Sequence[Shown]) -> Finding:
        """The same, shown by these exchanges; what is a secret in one of them stands nowhere in the finding."""
        secrets = frozenset[str]().union(*(each.secrets for each in exchanges))
        return replace(
            self,
            message=hidden(self.message, secrets),
            expected=hidden(self.expected, secrets),
            advice=hidden(self.advice, secrets),
            exchanges=tuple(each.without(secrets) for each in exchanges),
        )

    def merged(self, other: Finding) -> Finding:
        """The same, seen more often; it weighs as much as the heavier of the two."""
        return replace(
            self,
            severity="error" if "error" in (self.severity, other.severity) else self.severity,
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


def curl_of(request: Request, base: str = SERVED, secrets: Iterable[str] = ()) -> str:
    """A request as a line of shell that holds no secret: `$TOKEN` stands where the credential was. A long body is cut,
    which a comment at the end says. `secrets` are texts that it must not show, whatever their names."""
    return _line(request, _without_secrets(request, secrets_of(request, Response(0), secrets)), base)


def chained(lines: Iterable[str]) -> str:
    """Lines of `curl_of` as one that makes all the calls, as long as they succeed."""
    given = list(lines)
    whole = " && ".join(_IS_CUT.sub("", line) for line in given)
    cut = next((found[0] for line in given if (found := _IS_CUT.search(line))), "")
    return whole + cut


def _line(request: Request, safe: Request, base: str) -> str:
    headers = {name: value for name, value in safe.headers.items() if name not in ("user-agent", "accept-encoding")}
    line = _QUOTED_TOKEN.sub(r' "\1"', to_curl(safe._replace(headers=headers), base))
    return line + _CUT.format(_LONGEST) if len(_start_of(request.body)) > _LONGEST else line


def _without_secrets(request: Request, secrets: frozenset[str]) -> Request:
    """The request as a line of shell may show it."""
    query = hidden(f"?{request.query}", secrets, path=request.path)[1:] if request.query else ""
    return request._replace(
        path=hidden(request.path, secrets),
        query=query,
        headers={name: hidden(masked(name, value, IN_SHELL), secrets) for name, value in request.headers.items()},
        body=hidden(_start_of(request.body), secrets, path=request.path)[:_LONGEST].encode("utf-8", "surrogateescape"),
    )


def _start_of(body: bytes) -> str:
    """What is looked at of a body; a character of UTF-8 has four bytes at most."""
    return body[: 4 * (_LONGEST + _SLACK)].decode("utf-8", "surrogateescape")[: _LONGEST + _SLACK]


def _text(body: bytes, secrets: frozenset[str], path: str = "") -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return f"({len(body)} bytes: {body[:32].hex()}…)"
    shown = hidden(text[: _LONGEST + _SLACK], secrets, path=path)[:_LONGEST]
    return shown if len(text) <= _LONGEST else f"{shown}… ({len(text)} characters)"
