"""How calls say who makes them: with the credential that was given, with none, or with one that nobody has issued."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import quote

from mockserver.checks.provider.hiding import forms_of
from mockserver.contract.model import Operation, SecurityScheme
from mockserver.engine.api import Api
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.messages import Request

Bearer: TypeAlias = Literal["own", "none", "wrong"]
#: What a report shows in the place of a credential; a shell fills it in.
MASK = "$TOKEN"
_WRONG = "mockserver-made-this-up"
_WRONG_PAIR = base64.b64encode(b"mockserver:made-this-up").decode()
#: What stands for a credential that nobody has issued.
MADE_UP = (_WRONG, _WRONG_PAIR)
_SECRET = re.compile(r"auth|key|token|secret|cookie|sign|session|pass|pwd|credential", re.I)


class Dressed(NamedTuple):
    """A request as it is sent, and as it may be shown."""

    sent: Request
    shown: Request


class Credentials:
    """The credentials for one API. `headers` (lower-case names) go with each call, too; one of them may be the
    credential itself."""

    def __init__(self, api: Api, tokens: Sequence[str] = (), headers: Mapping[str, str] | None = None) -> None:
        """`tokens` are credentials, or `SCHEME=CREDENTIAL` where the security schemes of the contract take different
        ones. Raises UsageError for a scheme that is not there."""
        self._api = api
        self._schemes = api.contract.security_schemes
        self._headers = {name.lower(): text for name, text in (headers or {}).items()}
        self._named, self._plain = self._read(tokens)
        self._own = frozenset(self._place(scheme)[0] for scheme in self._schemes.values()) - {""}
        #: Every credential in every form in which it may be written, the longest first.
        self.secrets = tuple(sorted(self._all_forms(), key=len, reverse=True))

    def _read(self, tokens: Sequence[str]) -> tuple[dict[str, str], str]:
        named: dict[str, str] = {}
        plain = ""
        for token in tokens:
            if any(ord(each) < 32 or ord(each) == 127 for each in token):
                raise UsageError("a credential holds a line break or a control character", "is it one whole line?")
            scheme, equals, rest = token.partition("=")
            if equals and rest and scheme in self._schemes:
                named[scheme] = rest
            elif plain and plain != token:
                hint = did_you_mean(scheme, self._schemes, f"SCHEME=TOKEN; the schemes are {', '.join(self._schemes)}")
                raise UsageError("two tokens, and it cannot be told which is for what", hint)
            else:
                plain = token
        return named, plain

    def _all_forms(self) -> set[str]:
        given = [text for name, text in self._headers.items() if self._is_secret(name)]
        given += [text.partition(" ")[2] for text in given]
        given += [word.rstrip(";") for text in given for word in text.split()]
        given += [each.partition("=")[2] for each in given if "=" in each]
        given += [each for each in (*self._named.values(), self._plain) if each]
        given += [pair for each in given if (pair := _pair(each))]
        given += [each.partition(":")[2] for each in given if ":" in each]
        given += [base64.b64encode(each.encode()).decode() for each in given]
        return {form for each in given for form in forms_of(each)}

    def _is_secret(self, name: str) -> bool:
        return name in self._own or _SECRET.search(name) is not None

    def token(self, scheme: SecurityScheme) -> str:
        """The credential for a scheme; empty when there is none that could be one."""
        found = self._named.get(scheme.id, "")
        basic = scheme.type == "http" and scheme.scheme == "basic"
        if not found and self._plain and (not basic or _is_pair(self._plain) or self._only(scheme)):
            found = self._plain
        return base64.b64encode(found.encode()).decode() if basic and ":" in found else found

    def _only(self, scheme: SecurityScheme) -> bool:
        return list(self._schemes) == [scheme.id]

    def schemes(self, operation: Operation) -> list[SecurityScheme]:
        """The schemes by which an operation is called: of its alternatives the first that credentials are there for,
        else the first."""
        ways = [[self._schemes[name] for name, _ in each.schemes] for each in operation.security]
        ways = [way for way in ways if way]
        return next((way for way in ways if all(map(self.has, way))), ways[0] if ways else [])

    def has(self, scheme: SecurityScheme) -> bool:
        """Whether calls carry a credential for a scheme."""
        name, _ = self._place(scheme)
        return bool(self.token(scheme)) or (bool(name) and name in self._headers)

    def asked(self, operation: Operation) -> bool:
        """Whether nobody may call an operation without a credential that can be sent."""
        ways = [each.schemes for each in operation.security]
        return bool(ways) and all(ways) and all(each.type != "mutualTLS" for each in self.schemes(operation))

    def known(self, operation: Operation) -> bool:
        """Whether calls of an operation carry the credential that it asks for, or it does without."""
        return not all(each.schemes for each in operation.security) or all(map(self.has, self.schemes(operation)))

    def dress(self, operation: Operation, request: Request, bearer: Bearer = "own") -> Dressed:
        """The request with headers and credential."""
        headers = dict(self._headers)
        shown = {name: MASK if self._is_secret(name) else text for name, text in headers.items()}
        query, shown_query = request.query, request.query
        if bearer != "own":
            for scheme in self._schemes.values():
                headers.pop(self._place(scheme)[0], None)
                shown.pop(self._place(scheme)[0], None)
        for scheme in self.schemes(operation) if bearer != "none" else ():
            token = self.token(scheme) if bearer == "own" else _wrong(scheme)
            name, word = self._place(scheme)
            if not token:
                continue
            seen = MASK if bearer == "own" else token
            if name:
                headers[name], shown[name] = f"{word} {token}".strip(), f"{word} {seen}".strip()
            elif scheme.location == "query":
                query, shown_query = _joined(query, scheme.name, token), _joined(shown_query, scheme.name, seen)
            elif scheme.location == "cookie":
                headers["cookie"] = _crumb(request, scheme.name, token)
                shown["cookie"] = _crumb(request, scheme.name, seen)
        sent = request._replace(query=query, headers={**request.headers, **headers})
        return Dressed(sent, request._replace(query=shown_query, headers={**request.headers, **shown}))

    def _place(self, scheme: SecurityScheme) -> tuple[str, str]:
        """The header that carries a credential, and the word before it; an empty name where it travels otherwise."""
        found = self._api.credentials[scheme.id].header("x")
        if found is None:
            return "", ""
        return found[0], found[1].removesuffix("x").strip()


def _wrong(scheme: SecurityScheme) -> str:
    return _WRONG_PAIR if scheme.type == "http" and scheme.scheme == "basic" else _WRONG


def _is_pair(token: str) -> bool:
    return ":" in token or bool(_pair(token))


def _pair(token: str) -> str:
    """What `user:password` is written in base64; empty where it is none."""
    try:
        found = base64.b64decode(token, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return found if ":" in found else ""


def _joined(query: str, name: str, value: str) -> str:
    pair = f"{quote(name)}={quote(value, safe='$')}"
    return f"{query}&{pair}" if query else pair


def _crumb(request: Request, name: str, value: str) -> str:
    given = request.headers.get("cookie", "")
    return f"{given}; {name}={value}" if given else f"{name}={value}"
