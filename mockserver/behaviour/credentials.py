"""One security scheme: where its credential stands, how it must look, and what is known of it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from mockserver.behaviour.caller import Caller
from mockserver.behaviour.declared import SchemeRules
from mockserver.behaviour.functions import time
from mockserver.behaviour.issuer import Issuer
from mockserver.behaviour.operation import Refused
from mockserver.behaviour.tokens import EXPIRED, MOST_CHARACTERS, REVOKED, WELL_FORMED, is_live
from mockserver.contract.model import SecurityScheme
from mockserver.contract.queries import parse_cookies
from mockserver.messages import Request
from mockserver.state.records import Record

_NEVER = float("inf")
_GRADES = ("", "documented", "observed", "assumed")  # the later, the less is known
_REMEMBERED = 4_096  # credentials whose caller is kept ready
_CLAIMS = {"scopes": "scope", "roles": "roles", "user": "sub", "organisation": "organisation", "client": "client_id"}
_LENIENT = "authenticate: the credential is present and well-formed, accepted (lenient)"
_EARLY = "the token is from the future: its nbf or iat is still to come"
_NOTHING: Mapping[str, Any] = {}
_SAMPLE_PAIR = base64.b64encode(b"any-user:any-password").decode()


class Unauthenticated(Refused):
    """The credential is refused. `contract_broken`: it is not even there, or no credential at all."""

    def __init__(self, error: str, rule: str, reason: str, evidence: str, *, contract_broken: bool) -> None:
        super().__init__(error, rule, reason, evidence)
        self.contract_broken = contract_broken


class _Held(NamedTuple):
    """A caller kept ready: valid while the record is the same, from `begins` until it `ends` (seconds since the
    epoch)."""

    record: Record
    begins: float
    ends: float
    caller: Caller


class Credential:
    """One security scheme of an API. `issuer` vouches for its credentials; with `strict` nobody else does. `command` is
    what `mockserver` is told for a token of this scheme, `evidence` how well the API's errors are known, by name."""

    def __init__(
        self,
        scheme: SecurityScheme,
        rules: SchemeRules,
        issuer: Issuer,
        *,
        strict: bool,
        command: str,
        evidence: Mapping[str, str],
    ) -> None:
        self.scheme = scheme
        self.id = scheme.id
        self.rules = rules
        self.issuer = issuer
        self._strict = strict
        self._command = command
        self._evidence = evidence
        self._in_header = scheme.type in ("http", "oauth2", "openIdConnect") or (
            scheme.type == "apiKey" and scheme.name.lower() == "authorization" and bool(self.rules.words)
        )
        standard = scheme.scheme.capitalize() if scheme.type == "http" else "Bearer"
        words = {word.lower(): word for word in self.rules.words or (standard,)} if self._in_header else {}
        self._first = next(iter(words.values()), "")
        self._words: Mapping[str, str] = {
            lowered: "" if word == self._first else f"the scheme word is '{word}', documented is '{self._first}'"
            for lowered, word in words.items()
        }
        self._basic = scheme.type == "http" and scheme.scheme == "basic"
        self._is_jwt = (self.rules.format or scheme.bearer_format.lower()) == "jwt"
        self._held: dict[str, _Held] = {}

    def read(self, request: Request, at: float, namespace: str) -> Caller:
        """Who calls at that time (seconds since the epoch). Raises Unauthenticated."""
        if self._in_header:
            value = request.headers.get("authorization")
            if not value:
                raise self._refused("missing", "no Authorization header")
            word, _, token = value.partition(" ")
            odd = self._words.get(word.lower())
            if odd is None:
                if token or "" not in self._words:
                    found = f"the scheme word is {word[:40]!r}" if token else "the header has no scheme word"
                    raise self._refused("malformed", found)
                token, odd = value, self._words[""]  # the bare credential
        elif self.scheme.type == "mutualTLS":
            return Caller(self.id, note="authenticate: a certificate is a matter of TLS, which nobody looks at here")
        else:
            token, odd = self._key(request), ""
        if WELL_FORMED.fullmatch(token) is None:
            raise self._refused("malformed", _fault_of(token))
        caller = self._judged(token, at, namespace)
        return caller._replace(warning="; ".join(filter(None, (odd, caller.warning)))) if odd else caller

    def _judged(self, token: str, at: float, namespace: str) -> Caller:
        """The caller that a well-formed credential stands for."""
        if self.rules.any:
            return self._let_in(token, "authenticate: the credential is well-formed; rules decide about it")
        record = self.issuer.find(token, namespace)
        if record is None:
            return self._unknown(token, at, namespace)
        held = self._held.get(token)
        if held is None or held.record is not record:
            held = self._hold(token, record)
        if at >= held.ends:
            self._held.pop(token, None)  # it will hardly come again
            raise self._over(record)
        if at < held.begins:
            raise self._refused("unknown", _EARLY)
        return held.caller

    def _hold(self, token: str, record: Record) -> _Held:
        """Work out once what a record says of its bearer."""
        kind = record.get("kind")
        if kind not in self.issuer.carried:
            raise self._refused("unknown", f"this is a token of the kind '{kind}', which no call carries")
        # A JSON Web Token means what its claims say, as it would anywhere; the record has what they leave open.
        claims = found if isinstance(found := record.get("claims"), dict) else _NOTHING
        told = claims if self.issuer.signs(kind) else _NOTHING
        names = {name: self.rules.claims.get(name, claim) for name, claim in _CLAIMS.items()}
        said = {name: record.get(name) if told.get(claim) is None else told[claim] for name, claim in names.items()}
        user, organisation, client = (str(said[name] or "") for name in ("user", "organisation", "client"))
        end = record.get("expires_at")
        ends = min(_moment(end), _ends(told)) if is_live(record) else -_NEVER
        until = f"until {end}" if end else "until it is revoked"
        whose = f" to {client}" if client else ""
        caller = Caller(
            self.id,
            token,
            note=f"authenticate: {self.issuer.api} has issued the credential{whose}; it lives {until}",
            issued=True,
            scopes=_names(said["scopes"]),
            roles=_names(said["roles"]),
            claims=claims,
            user=user,
            organisation=organisation,
            client=client,
        )
        held = _Held(record, _begins(told), ends, caller)
        if len(self._held) >= _REMEMBERED:
            self._held.clear()
        self._held[token] = held
        return held

    def _over(self, record: Record) -> Unauthenticated:
        if record.get("status") == REVOKED:
            moment = record.get("revoked_at")
            return self._refused("revoked", f"the credential was revoked{f' at {moment}' if moment else ''}")
        moment = record.get("expires_at")
        return self._refused("expired", f"the credential expired{f' at {moment}' if moment else ''}")

    def _unknown(self, token: str, at: float, namespace: str) -> Caller:
        """A credential without a record: of this mock's own key, long forgotten, or somebody else's."""
        status = self.issuer.once_issued(token, namespace)
        if status:
            what = REVOKED if status == REVOKED else EXPIRED
            raise self._refused(what, "the credential was issued here and is over for more than an hour")
        if self._is_jwt:
            return self._web_token(token, at)
        caller = self._let_in(token, _LENIENT)
        if self._strict:
            raise self._refused("unknown", f"{self.issuer.api} has not issued this credential")
        return caller

    def _let_in(self, token: str, note: str) -> Caller:
        if not self._basic:
            return Caller(self.id, token, note=note)
        try:
            pair = base64.b64decode(token, validate=True).decode()
        except (binascii.Error, ValueError):
            raise self._refused("malformed", "the credential is not base64 of user:password") from None
        username, colon, password = pair.partition(":")
        if not colon:
            raise self._refused("malformed", "the credential has no colon between user and password")
        return Caller(self.id, token, note=note, username=username, password=password)

    def _web_token(self, token: str, at: float) -> Caller:
        """A JSON Web Token that has no record here: held to its claims when our key has signed it."""
        try:
            found = self.issuer.read(token)
        except ValueError as error:
            raise self._refused("malformed", str(error)) from None
        claims = found.claims
        if found.ours and not found.genuine:
            raise self._refused("unknown", "the signature is not right for the key that kid names")
        if self._strict:
            found_out = (
                "has no record of this token, which it has signed" if found.genuine else "has not signed this token"
            )
            raise self._refused("unknown", f"{self.issuer.api} {found_out}")
        over, early = at >= _ends(claims), at < _begins(claims)
        if found.genuine and over:
            raise self._refused("expired", "the token's exp is over")
        if found.genuine and early:
            raise self._refused("unknown", _EARLY)
        get = {name: claims.get(self.rules.claims.get(name, claim)) for name, claim in _CLAIMS.items()}
        caller = Caller(
            self.id,
            token,
            note=_LENIENT,
            claims=claims,
            user=str(get["user"] or ""),
            organisation=str(get["organisation"] or ""),
            client=str(get["client"] or ""),
        )
        if found.genuine:
            note = f"authenticate: {self.issuer.api} has signed the token, and has no record of it: its claims hold"
            return caller._replace(note=note, issued=True, scopes=_names(get["scopes"]), roles=_names(get["roles"]))
        if over or early:
            odd = "the token's exp is over" if over else "the token's nbf or iat is still to come"
            return caller._replace(warning=f"{odd}; a real service would refuse it")
        return caller

    def _key(self, request: Request) -> str:
        """The API key of a request."""
        name, location = self.scheme.name, self.scheme.location
        value: str | None
        if location == "header":
            value = request.headers.get(name.lower())
            if name.lower() == "authorization" and value:
                value = value.rpartition(" ")[2] if value.count(" ") == 1 else value  # with any scheme word
        elif location == "query":
            value = next(iter(parse_qs(request.query).get(name, ())), None)
        else:
            value = dict(parse_cookies(request.headers.get("cookie", ""))).get(name)
        if not value:
            raise self._refused("missing", f"no {location} '{name}'")
        return value

    def _refused(self, what: str, found: str) -> Unauthenticated:
        """The refusal for what was found; `what` names the error among the rules of the scheme."""
        broken = what in ("missing", "malformed")
        hint = "" if broken else f"; 'mockserver {self._command}' gives one"
        return Unauthenticated(
            getattr(self.rules, what),
            f"security.{self.id}.{what}",
            f"{found}; wanted: {self.wanted()}{hint}",
            self._graded(getattr(self.rules, what)),
            contract_broken=broken,
        )

    def too_narrow(self, found: str, option: str) -> Refused:
        """The refusal of a caller who may not do this; `option` asks `mockserver token` for what would pass."""
        reason = f"{found}; 'mockserver {self._command} {option}' gives one that passes"
        error = self.rules.insufficient
        return Refused(error, f"security.{self.id}.insufficient", reason, self._graded(error))

    def _graded(self, error: str) -> str:
        """How well a refusal is known: no better than the scheme's rules, and no better than its error."""
        return max(self.rules.evidence, self._evidence.get(error, ""), key=_GRADES.index)

    def wanted(self) -> str:
        """In words: where the credential stands and how it looks."""
        if self.scheme.type == "mutualTLS":
            return "a client certificate"
        if not self._in_header:
            return f"{self.scheme.location} {self.scheme.name}: <key>"
        return f"Authorization: {self._first} <credential>".replace(":  ", ": ")

    @property
    def looks_up(self) -> bool:
        """Whether somebody looks up what was issued, so that a token can be issued for this scheme."""
        return not self.rules.any and self.scheme.type != "mutualTLS"

    @property
    def word(self) -> str:
        """The documented scheme word; empty for a credential that stands alone."""
        return self._first

    def header(self, token: str) -> tuple[str, str] | None:
        """The header (lower-case name) that carries `token`; None when the credential travels otherwise."""
        if self._in_header:
            return ("authorization", f"{self._first} {token}".strip())
        if self.scheme.type == "apiKey" and self.scheme.location == "header":
            return (self.scheme.name.lower(), token)
        return None

    def sample(self) -> str:
        """A credential that is well-formed, for people to paste; empty where only one that was issued is accepted."""
        if self.looks_up and (self._strict or self._is_jwt):
            return ""
        return _SAMPLE_PAIR if self._basic else "any-key" if self.scheme.type == "apiKey" else "any-token"


def _fault_of(token: str) -> str:
    """Why a text is no credential, in words."""
    if not token:
        return "the credential is empty"
    if len(token) > MOST_CHARACTERS:
        return f"the credential has {len(token)} characters, more than {MOST_CHARACTERS}"
    if " " in token:
        return "there is a space in the credential (two scheme words, two headers?)"
    return "the credential is not visible ASCII"


def _names(value: Any) -> frozenset[str] | None:
    """Scopes or roles, as a list or as text with spaces or commas between them; None: everything."""
    if value is None:
        return None
    if isinstance(value, str):
        value = value.replace(",", " ").split()
    return frozenset(map(str, value)) if isinstance(value, (list, tuple)) else frozenset()


def _moment(value: Any) -> float:
    """Seconds since the epoch of what the fixtures or a rule call a moment; never, when it is none."""
    try:
        return _NEVER if value is None else time(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return _NEVER


def _begins(claims: Mapping[str, Any]) -> float:
    return max(_number(claims.get(name), -_NEVER) for name in ("nbf", "iat"))


def _ends(claims: Mapping[str, Any]) -> float:
    return _number(claims.get("exp"), _NEVER)


def _number(value: Any, otherwise: float) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return otherwise
    try:
        return float(value)
    except OverflowError:  # a client may send an integer of a thousand digits
        return _NEVER if value > 0 else -_NEVER
