"""What nobody else may see: found by its name, by its form, or because it was sent as a credential, and left out of
whatever a report shows."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias
from urllib.parse import quote, quote_plus, unquote_plus

import orjson

from mockserver.messages import Request, Response

MASK = "***"
#: What stands in a line of shell in the place of a credential.
IN_SHELL = "$TOKEN"
_SHORTEST = 6  # characters of a secret that is looked for in texts: a shorter one stands in any
_SHORTEST_CRUMB = 10  # of a cookie: `dark`, `accepted`
_SURE = 12  # characters from which on a secret is one in the middle of a word, too
_LOOKED_AT = 100_000  # bytes of a body
_LISTED = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_OPEN = frozenset({"access-control-allow-headers", "access-control-expose-headers", "vary"}) | {
    *("www-authenticate", "proxy-authenticate", "authentication-info"),
}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRETS = "token|secret|password|passwd|passphrase|passcode|apikey|assertion|credential|credentials"
_ALONE = frozenset({*_SECRETS.split("|"), "pwd", "pass", "jwt", "bearer", "otp", "authorization"})
_STRONG = frozenset({"secret", "password", "passwd", "pwd", "passphrase", "passcode", "apikey"})
#: What a caller may have for a secret that is said of secrets in general, too.
_COMMON = (
    _ALONE
    | {"access_token", "refresh_token", "id_token", "api_key", "client_secret", "client_credentials"}
    | {"authorization_code"}
)
_GLUED = re.compile(rf"\w*(?:{_SECRETS})")
_KEYS = frozenset({"api", "private", "access", "secret", "signing", "encryption", "shared", "auth", "master", "client"})
_CODES = frozenset({"auth", "authorization", "device", "user", "verification", "otp", "mfa"})
#: A token that leads to the next page is none; `hasPassword` says something about one.
_INNOCENT = re.compile(r"\w*(?:next|page|cursor|continu)\w*|(?:prev|sync)\w*|is|has|show|include|requires?")
#: What is said about a secret: `token_type`, `passwordExpires`.
_ABOUT = re.compile(
    r"ids?|types?|kind|names?|expiry|expires|expired|expiration|in|at|on|count|limit|policy|required|length|url|uri"
    r"|endpoint|status|state|methods?|enabled|set|changed|version|alg|algorithms?|supported|scopes?|format|issued|ttl"
    r"|lifetime|created|updated|verified|strength|size|max|min|hint|reset|label"
)
#: Names that say it in a URL or a form, of a value that nobody has chosen.
_OPAQUE_NAMES = frozenset({"key", "sig", "signature", "sid", "session", "sessionid", "code"})
_OPAQUE = re.compile(r"(?=.*\d)[\w.~+/=%\-]{16,}", re.A)
_WORDS = re.compile(r"[A-Za-z]+(?:[_ .-][A-Za-z]+)*")
#: Whatever stands beside an authorization code.
_BESIDE = re.compile(r"(?i)\b(?:grant_?type|client_?id|redirect_?uri|code_?verifier|expires_in)\"?\s*[=:]")
_STATE = re.compile(r"[?&]state=")
_TOKEN_PATH = re.compile(r"(?i)/(?:o?auth\d*|tokens?|authorize)(?:/|\?|$)")

_FIELD = re.compile(r"((?:^|(?<=[?&;\s'\",(]))([\w.%\-\[\]]{1,80})=)([^&;\s'\"]+)")
_MEMBER = re.compile(
    r'("((?:[^"\\]|\\.){1,80})"\s*:\s*)("((?:[^"\\]|\\.)*)(?:"|\\?\Z)|-?\d[\w.+\-]*|\[[^\[\]{}]*(?:\]|\Z))', re.S
)
_LISTED_TEXT = re.compile(r'"((?:[^"\\]|\\.)+)(?:"|\\?\Z)', re.S)
_PART = re.compile(
    r"(?i)(content-disposition:[^\r\n;]{0,100};[^\r\n]{0,200}?\bname=(?:\"([^\"\r\n]{1,100})\"|([^;\s\"]{1,100}))"
    r"[^\r\n]{0,300}(?:\r?\n[^\r\n]{1,300}){0,8}\r?\n\r?\n)(.*?)(?=\r?\n--|\Z)",
    re.S,
)
_SCHEME = re.compile(
    r"(?i)\b(bearer|basic|digest|oauth|[a-z]+-oauthtoken)(\s+)"
    r"(?=[\w.~+/=:\-]*[\d_=+~]|[\w.~+/=:\-]{20})([\w.~+/=:\-]{6,})"  # not: basic information
)
_WEB_TOKEN = re.compile(r"\beyJ[\w\-]{8,}\.[\w\-]{4,}(?:\.[\w\-]*){0,3}")
_USERINFO = re.compile(r"(://[^\s/:@\"'?#]*:)([^\s/@\"'?#]+)(?=@)")
_PIECE = re.compile(r"[\w.~+/=\-]{8,}")

_Span: TypeAlias = tuple[int, int, str]  # start, end, what is to stand there


@lru_cache(4096)
def is_secret(name: str) -> bool:
    """Whether what stands by this name is a secret, as far as names tell: `webhookSecret`, `X-Auth-Token`,
    `user[password]`; not `nextPageToken`, `token_type`, `sessionKey`."""
    words = [word.lower() for word in _WORD.findall(name) if not word.isdecimal()]
    if not words or _ABOUT.fullmatch(words[-1]) or any(map(_INNOCENT.fullmatch, words)):
        return False
    pairs = set(pairwise(words))
    return (
        words[-1] in _ALONE
        or _GLUED.fullmatch(words[-1]) is not None
        or not _STRONG.isdisjoint(words[-3:-1])
        or any(second == "key" and first in _KEYS for first, second in pairs)
        or any(second == "code" and first in _CODES for first, second in pairs)
        or not pairs.isdisjoint({("code", "verifier"), ("token", "value"), ("token", "hash")})
    )


@lru_cache(1024)
def is_secret_header(name: str) -> bool:
    """Whether a header of this name carries a secret."""
    lowered = name.lower()
    if lowered in _LISTED:
        return True
    words = set(_WORD.findall(lowered))
    sure = {"auth", "authentication", "cookie", "session", "signature"} & words
    return lowered not in _OPEN and (bool(sure) or is_secret(name))


def masked(name: str, value: str, mask: str = MASK) -> str:
    """The value of a header, without what nobody else may see; of an Authorization header the scheme word stays."""
    if not is_secret_header(name):
        return value
    word, space, _ = value.partition(" ")
    return f"{word} {mask}" if space and name.lower().endswith("authorization") else mask


def hidden(text: str, secrets: Iterable[str] = (), *, path: str = "") -> str:
    """The text without these, and without what its name or its form calls a secret. `path` is where a request goes
    whose body it is: an operation that gives tokens takes a `code` for one."""
    for secret in sorted(secrets, key=len, reverse=True):
        if secret in text:
            text = _without(text, secret)
    if len(text) < _SHORTEST:
        return text
    for start, end, mask in reversed(_spans(text, path)):
        if text[start:end] not in (MASK, IN_SHELL):
            text = text[:start] + mask + text[end:]
    text = _SCHEME.sub(rf"\1\2{MASK}", text)
    text = _USERINFO.sub(rf"\1{MASK}", text)
    return _WEB_TOKEN.sub(MASK, text)


def secrets_of(request: Request, response: Response, given: Iterable[str] = ()) -> frozenset[str]:
    """The secrets of a call in every form in which they may come up again; `given` are known to be some."""
    found = {*given, *_of_headers(request.headers.items()), *_of_headers(response.headers)}
    bodies = [each[:_LOOKED_AT].decode("utf-8", "replace") for each in (request.body, response.body)]
    texts = (("?" + request.query, request.path), (bodies[0], request.path), (bodies[1], ""))
    found |= {text[start:end] for text, path in texts for start, end, _ in _spans(text, path)}
    for text in (request.path, *(text for text, _ in texts)):
        found.update(_WEB_TOKEN.findall(text))
        found |= {each[2] for each in _SCHEME.findall(text)} | {each[1] for each in _USERINFO.findall(text)}
    return frozenset(form for each in found for form in _forms(each))


def known_in(request: Request, response: Response, known: Collection[str]) -> set[str]:
    """Which of the texts that are `known` to be secrets a call holds, in path, query or bodies."""
    if not known:
        return set()
    bodies = [each[:_LOOKED_AT].decode("utf-8", "replace") for each in (request.body, response.body)]
    found = set(request.path.split("/"))
    for text in (request.query, *bodies):
        found.update(_PIECE.findall(text))
    for piece in request.query.split("&"):
        found |= {piece.partition("=")[2], unquote_plus(piece.partition("=")[2])}
    found |= {each.partition("=")[2] for each in found}
    return {each for each in found if each in known}


def _spans(text: str, path: str) -> list[_Span]:
    """Where in a text stands what its name calls a secret, in order."""
    flow = (bool(path) and _TOKEN_PATH.search(path) is not None) or _BESIDE.search(text) is not None
    found: list[_Span] = []
    if "=" in text:
        with_state = flow or _STATE.search(text) is not None
        for each in _FIELD.finditer(text):
            name = unquote_plus(each[2]) if "%" in each[2] else each[2]
            if _is_secret_field(name, each[3], with_state):
                found.append((*each.span(3), MASK))
    if '"' in text:
        for each in _MEMBER.finditer(text):
            name = _plain(each[2])
            if each[4] is None:
                found += _in_other(name, each)
            elif each[4] and _is_secret_member(name, each[4], flow, asked=bool(path)):
                found.append((*each.span(4), MASK))
    if "name=" in text:
        found += [(*each.span(4), MASK) for each in _PART.finditer(text) if each[4] and is_secret(each[2] or each[3])]
    return _apart(found)


def _is_secret_field(name: str, value: str, flow: bool) -> bool:
    lowered = name.lower()
    if lowered == "code" and flow:
        return True
    opaque = lowered in _OPAQUE_NAMES or lowered.endswith(("-signature", "_signature"))
    return is_secret(name) or (opaque and _OPAQUE.fullmatch(value) is not None)


def _is_secret_member(name: str, value: str, flow: bool, *, asked: bool) -> bool:
    if name.lower() == "code":  # of an error, mostly
        return flow and (asked or _WORDS.fullmatch(value) is None)
    if name.lower() == "signature":  # of a letter, perhaps
        return _OPAQUE.fullmatch(value) is not None
    return is_secret(name)


def _in_other(name: str, found: re.Match[str]) -> Iterator[_Span]:
    """The secrets in a number, or in a list of texts."""
    start = found.start(3)
    if found[3][0] != "[":
        if is_secret(name) and not name.lower().endswith("pass"):
            yield (*found.span(3), f'"{MASK}"')
    elif is_secret(name) or (name.endswith("s") and is_secret(name[:-1])):
        for each in _LISTED_TEXT.finditer(found[3]):
            yield (start + each.start(1), start + each.end(1), MASK)


def _apart(spans: list[_Span]) -> list[_Span]:
    """The spans in order, of those that overlap the first."""
    kept: list[_Span] = []
    for each in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or each[0] >= kept[-1][1]:
            kept.append(each)
    return kept


def _plain(text: str) -> str:
    """A text of JSON without its escapes."""
    if "\\" not in text:
        return text
    try:
        return str(orjson.loads(f'"{text}"'))
    except orjson.JSONDecodeError:
        return text


def _of_headers(headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in headers:
        lowered = name.lower()
        if lowered in ("cookie", "set-cookie"):
            crumbs = value.split(";") if lowered == "cookie" else value.split(";", 1)[:1]
            for crumb in crumbs:
                text = crumb.partition("=")[2].strip(' "')
                if len(text) >= _SHORTEST_CRUMB:
                    yield text
        elif lowered.endswith("authorization"):
            credential = value.rpartition(" ")[2]
            yield credential
            if value[:6].lower() == "basic ":
                yield _password(credential)
        elif is_secret_header(name):
            yield value
            yield from (each for each in re.split(r"[\s,;]+", value)[:5] if any(map(str.isdigit, each)))


def _password(pair: str) -> str:
    try:
        return base64.b64decode(pair).decode("utf-8").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _forms(secret: str) -> Iterator[str]:
    """How a secret may be written: as it is, in a URL, in JSON."""
    if MASK in secret or secret == IN_SHELL or secret.lower() in _COMMON:  # the password `password`
        return
    decoded = unquote_plus(secret) if "%" in secret or "+" in secret else secret
    for each in {secret, decoded, _plain(secret)}:
        inner = orjson.dumps(each.encode("utf-8", "replace").decode()).decode()[1:-1]
        in_url = {quote(each, errors="replace"), quote(each, "", errors="replace"), quote_plus(each, errors="replace")}
        for form in {each, inner, *in_url}:
            if len(form) >= (_SHORTEST if not form.isdecimal() else _SHORTEST + 2):
                yield form


def _without(text: str, secret: str) -> str:
    if len(secret) >= _SURE:
        return text.replace(secret, MASK)
    return re.sub(rf"(?<![^\W_]){re.escape(secret)}(?![^\W_])", MASK, text)


# ---- Command lines


_ASSIGNED = re.compile(r"((?:^|(?<=[\s'\";&|(]))-{0,2}(?:D(?=[\w.]+=))?([\w.\-]+)=)(\"[^\"]*\"?|'[^']*'?|[^\s;&|)]+)")
_OPTION = re.compile(r"((?:^|(?<=[\s'\"(;&|]))(-u|--?[A-Za-z][\w\-]*)\s+)(\"[^\"]*\"?|'[^']*'?|[^\s;&|)\-][^\s;&|)]*)")
_GLUED_USER = re.compile(r"((?:^|(?<=\s))-u)([^\s:]+:[^\s;&|)]+)")
_HEADER = re.compile(r"((?:^-H\s*|^|(?<=[\s'\"]))([\w\-]+):\s*)([^'\"\n]+)")


def command_without_secrets(words: Iterable[str]) -> list[str]:
    """The words of a command line, with `***` in the place of what options, variables and scripts give away."""
    told, before = [], ""
    for word in words:
        told.append(MASK if _takes_secret(before) and not word.startswith("--") else _script(word))
        before = word
    return told


def _takes_secret(option: str) -> bool:
    return option.startswith("-") and "=" not in option and (option in ("-u", "--user") or is_secret(option))


def _script(word: str) -> str:
    word = _ASSIGNED.sub(lambda found: found[1] + MASK if is_secret(found[2]) else found[0], word)
    word = _OPTION.sub(lambda found: found[1] + MASK if _takes_secret(found[2]) else found[0], word)
    word = _GLUED_USER.sub(rf"\1{MASK}", word)
    word = _HEADER.sub(lambda found: found[1] + masked(found[2], found[3]), word)
    return hidden(word)
