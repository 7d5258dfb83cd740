"""Texts of the formats that JSON Schema and OpenAPI know, and those that a specification declares."""

from __future__ import annotations

import warnings
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, TypeAlias

from hypothesis import strategies as st

from mockserver.contract.schemas import plain_validator
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.strategies.drawing import Coded, Listed, Source

#: What a declared format may be: a regular expression, a strategy of texts, or a check (then texts are looked for).
Declared: TypeAlias = "str | st.SearchStrategy[str] | Callable[[str], bool]"
Texts: TypeAlias = Source[str]

_SAME = {"url": "uri", "guid": "uuid", "datetime": "date-time", "ip": "ipv4", "ipv4-address": "ipv4", "base64": "byte"}
#: Formats that say nothing of the text.
FREE = frozenset(("password", "binary", "int32", "int64", "float", "double", "decimal", "string", "text"))
_warned: set[str] = set()


class UnknownFormat(UserWarning):
    """A format that nobody has declared: its texts are any texts."""


def texts_of(name: str, declared: Mapping[str, Declared]) -> Texts | None:
    """Texts of a format, None when any text is one. Of an unknown format it is warned once."""
    if name in declared:
        return _declared(name, declared[name])
    name = _SAME.get(name, name)
    if name in FREE:
        return None
    maker = _MAKERS.get(name)
    if maker is None:
        if name not in _warned:
            _warned.add(name)
            hint = did_you_mean(name, _MAKERS, "declare it with formats={…}")
            warnings.warn(f"the format '{name}' is not known, so any text is made for it ({hint})", UnknownFormat, 6)
        return None
    return maker()


def has_format(name: str, text: str) -> bool:
    """Whether a text is of a format, as far as formats are checked at all."""
    return _check(_SAME.get(name, name))(text)


def _declared(name: str, declared: Declared) -> Texts:
    if isinstance(declared, str):
        from mockserver.strategies.texts import from_pattern

        return from_pattern(declared)
    if isinstance(declared, st.SearchStrategy):
        return declared
    if callable(declared):
        return st.text(max_size=20).filter(declared)
    raise UsageError(f"formats['{name}'] must be a regular expression, a strategy or a function of a text")


@lru_cache(64)
def _check(name: str) -> Callable[[Any], bool]:
    return plain_validator({"format": name})


# --- the standard ones -------------------------------------------------------------------------------------------

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
_WORD = st.text(_LETTERS, min_size=1, max_size=8)
_ZONES = ("Z", "+00:00", "+02:00", "-05:30", "+14:00", "-11:00")
_FRACTIONS = ("", ".5", ".000", ".123456", ".999999999")
_DAYS = 47_482  # from the start of 1970 to the end of 2099
_DAY = 86_400


def _cached(make: Callable[[], Texts]) -> Callable[[], Texts]:
    return lru_cache(1)(make)


def _of(letters: str, raw: bytes) -> str:
    return "".join([letters[each % len(letters)] for each in raw])


def _date(raw: bytes) -> str:
    return (date(1970, 1, 1) + timedelta(int.from_bytes(raw, "big") % _DAYS)).isoformat()


def _time(raw: bytes) -> str:
    second = int.from_bytes(raw[:3], "big") % _DAY
    text = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    return text + _FRACTIONS[raw[3] % len(_FRACTIONS)] + _ZONES[raw[4] % len(_ZONES)]


def _uuid(raw: bytes) -> str:
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_DATES = Coded(2, 2, _date)
_TIMES = Coded(5, 5, _time)
_MOMENTS = Coded(7, 7, lambda raw: f"{_date(raw[:2])}T{_time(raw[2:])}")
_UUIDS = Coded(16, 16, _uuid)


@_cached
def _durations() -> Texts:
    shapes = ("PT{}S", "PT{}M", "PT{}H", "P{}D", "P{}W", "P{}M", "P{}Y", "P1DT{}H", "P1Y2M{}DT1H")
    return Coded(3, 3, lambda raw: shapes[raw[0] % len(shapes)].format(int.from_bytes(raw[1:], "big") % 1000))


@_cached
def _hosts() -> Texts:
    labels = st.lists(st.builds("{}{}".format, _WORD, st.sampled_from(("", "-1", "7", "-a"))), min_size=1, max_size=3)
    return labels.map(lambda found: ".".join((*found, "example")))


@_cached
def _emails() -> Texts:
    ends = ("@example.com", "@example.org", "+tag@example.com", ".b@mail.example.net", "_-7@a.example")
    return Coded(2, 9, lambda raw: _of(_LETTERS + _DIGITS, raw[1:]) + ends[raw[0] % len(ends)])


_QUERIES = ("", "", "?q=1", "?a=b&c=%20", "#top")


def _path(raw: bytes) -> str:
    path = _of(_LETTERS + _DIGITS + "-._~///", raw[1:])
    while "//" in path:
        path = path.replace("//", "/")
    return ("/" + path.lstrip("/") if path else "") + _QUERIES[raw[0] % len(_QUERIES)]


def _uri(raw: bytes) -> str:
    hosts = ("example.com", "example.org:8080", "a.example", "192.0.2.1")
    scheme = "http" if raw[0] % 2 else "https"
    return f"{scheme}://{hosts[raw[0] // 2 % len(hosts)]}{_path(raw[1:])}"


_PATHS = Coded(1, 13, _path)
_URIS = Coded(2, 14, _uri)


def _pointer(raw: bytes) -> str:
    text = "".join([("~1" if each == "~" else each) for each in _of(_LETTERS + _DIGITS + "~////", raw)])
    return f"/{text}" if text else ""


def _reference(raw: bytes) -> str:
    return _uri(raw[1:]) if raw[0] % 2 else _path(raw[1:])


@_cached
def _references() -> Texts:
    return Coded(3, 15, _reference)


_MAKERS: Mapping[str, Callable[[], Texts]] = {
    "date": lambda: _DATES,
    "date-time": lambda: _MOMENTS,
    "time": lambda: _TIMES,
    "duration": _durations,
    "email": _emails,
    "idn-email": _emails,
    "hostname": _hosts,
    "idn-hostname": _hosts,
    "ipv4": lambda: Coded(4, 4, lambda raw: ".".join(map(str, raw))),
    "ipv6": lambda: Coded(16, 16, lambda raw: ":".join(f"{raw[at] << 8 | raw[at + 1]:x}" for at in range(0, 16, 2))),
    "uri": lambda: _URIS,
    "iri": lambda: _URIS,
    "uri-reference": _references,
    "iri-reference": _references,
    "uri-template": lambda: st.builds("https://example.com/{{{}}}".format, _WORD),
    "uuid": lambda: _UUIDS,
    "json-pointer": lambda: Coded(0, 8, _pointer),
    "relative-json-pointer": lambda: Coded(1, 9, lambda raw: f"{raw[0] % 10}{_pointer(raw[1:])}"),
    "regex": lambda: Listed(("^[a-z]+$", "a|b", "", "[0-9]{3}", "(ab)*")),
    "byte": lambda: Coded(0, 12, lambda raw: b64encode(raw).decode()),
}
FORMAT_NAMES = frozenset(_MAKERS)
