"""The functions that an expression may call.

Pure ones stand here; those that draw random values are the public methods of `Draws`, and those that look into a
collection (`where`, `count`) take it as their first argument and equalities as keywords.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import quote as percent_encode

from mockserver.behaviour import local_time
from mockserver.behaviour.arithmetic import ARITHMETIC
from mockserver.behaviour.objects import OBJECT_FUNCTIONS
from mockserver.contract.wording import brief
from mockserver.state.clock import format_duration, format_time, parse_duration, parse_time
from mockserver.state.conditions import Has, Range, above, at_least, at_most, below, between, has, matching
from mockserver.state.records import sort_key
from mockserver.state.samples import Draws

_DEEPEST = 254  # levels of nesting: what a fixture may have, and more than a body may
_PLAIN = frozenset((str, int, bool, type(None), bytes))
_MAX_SAMPLE_BYTES = 16 * 1024 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def where(values: Any, /, **equal: Any) -> list[Any]:
    """The records whose fields equal the given values, or fit the given conditions; a list as value means any of
    these."""
    if hasattr(values, "where"):
        return list(values.where(equal))
    fits = matching(equal)
    return [value for value in values or () if fits(value if isinstance(value, Mapping) else {})]


def count(values: Any, /, **equal: Any) -> int:
    """How many records `where` gives."""
    if hasattr(values, "count_where"):
        return int(values.count_where(equal))
    return len(where(values, **equal))


def length(value: Any) -> int:
    """The number of characters, items or keys; 0 for nothing."""
    return 0 if value is None else len(value)


def text(value: Any) -> str:
    """The value as text: null is empty, true and false in lower case, a time in RFC 3339, lists and objects as JSON,
    bytes in base64."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return json_text(value)


def plain(value: Any, room: int = _DEEPEST) -> Any:
    """The value as JSON holds it: a time becomes RFC 3339, an amount of time an ISO 8601 duration. Raises ValueError
    for what JSON cannot hold, and for what is nested deeper than `room` levels."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is no number that JSON knows")
        return value
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, timedelta):
        return format_duration(value)
    if not room:  # a rule that puts a record into itself would end in one that nothing can read
        raise ValueError(f"the value is nested more than {_DEEPEST} levels deep")
    if isinstance(value, Mapping):
        return {key: plain(item, room - 1) for key, item in value.items()}
    if isinstance(value, (Range, Has)):
        raise ValueError("a condition is no value: it goes into where(…), count(…), filter and the where of an effect")
    return [plain(item, room - 1) for item in value]


def wanted(value: Any) -> Any:
    """What a field is asked: a condition as it is, anything else as JSON holds it."""
    return value if isinstance(value, (Range, Has)) else plain(value)


def lower(value: Any) -> str:
    """The text in lower case."""
    return text(value).lower()


def upper(value: Any) -> str:
    """The text in upper case."""
    return text(value).upper()


def trim(value: Any) -> str:
    """The text without white space at its ends."""
    return text(value).strip()


def unquoted(value: Any) -> str | None:
    """The text without the pair of double quotes around it, if it has one; null for null."""
    if value is None:
        return None
    given = text(value)
    return given[1:-1] if len(given) > 1 and given[0] == given[-1] == '"' else given


def join(values: Iterable[Any], separator: str = ",") -> str:
    """The items as text, with `separator` between them."""
    return separator.join(text(value) for value in values or ())


def split(value: Any, separator: str = ",") -> list[str]:
    """The parts of the text between separators, trimmed; none for an empty text."""
    return [part.strip() for part in text(value).split(separator)] if value else []


def first(values: Iterable[Any]) -> Any:
    """The first item; null when there is none."""
    return next(iter(values or ()), None)


def last(values: Any) -> Any:
    """The last item; null when there is none."""
    items = list(values or ())
    return items[-1] if items else None


def unique(values: Iterable[Any]) -> list[Any]:
    """The items without repetition, in order of first appearance."""
    seen: dict[Any, Any] = {}
    for value in values or ():
        seen.setdefault(sort_key(value), value)
    return list(seen.values())


def ordered(values: Iterable[Any], by: str = "", descending: bool = False) -> list[Any]:
    """The items in ascending order, of the field `by` if one is given."""
    return sorted(values or (), key=lambda value: sort_key(value.get(by) if by else value), reverse=descending)


def time(value: Any) -> datetime:
    """A moment, from RFC 3339 text or from whole milliseconds since the epoch."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # `1e8` is a whole number to JSON Schema
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return _EPOCH + timedelta(milliseconds=value)
        except OverflowError:
            raise OverflowError(f"{brief(value)} ms is no moment between the years 1 and 9999") from None
    return parse_time(value)


def duration(value: Any) -> timedelta:
    """An amount of time, from ISO 8601 text (`PT1H30M`) or from seconds."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, (int, float)):
        try:
            return timedelta(seconds=value)
        except (OverflowError, ValueError):  # ValueError: not a number
            raise OverflowError(f"{brief(value)} s is longer than can be reckoned with") from None
    return parse_duration(value)


def is_time(value: Any) -> bool:
    """Whether `time` takes the value."""
    return _is_taken(time, value)


def is_duration(value: Any) -> bool:
    """Whether `duration` takes the value."""
    return _is_taken(duration, value)


def _is_taken(function: Callable[[Any], Any], value: Any) -> bool:
    try:
        function(value)
    except (TypeError, ValueError, ArithmeticError):
        return False
    return True


def seconds(value: Any) -> int:
    """The whole seconds of an amount of time."""
    return int(duration(value).total_seconds())


def millis(value: Any) -> int:
    """Whole milliseconds: of an amount of time, or of a moment since the epoch."""
    if isinstance(value, timedelta):
        return value // timedelta(milliseconds=1)
    return (time(value) - _EPOCH) // timedelta(milliseconds=1)


def date(value: Any) -> str | None:
    """The date in UTC (`2025-01-31`) of a moment; null for null."""
    return None if value is None else format_time(time(value))[:10]


def iso(value: Any, fraction: int = 0) -> str:
    """A moment as RFC 3339 text in UTC, with `fraction` digits after the second."""
    return format_time(time(value), fraction)


def strftime(value: Any, pattern: str, zone: str = "UTC") -> str:
    """A moment as text by a pattern, as the clock of a time zone shows it: `%d %b %Y, %H:%M`."""
    return local_time.by_pattern(time(value), pattern, zone)


def utc_offset(value: Any, zone: str) -> timedelta:
    """What a time zone is ahead of UTC at a moment."""
    return local_time.offset(time(value), zone)


def is_zone(value: Any) -> bool:
    """Whether a text is the name of a time zone that the IANA database knows."""
    return local_time.is_zone(value)


def quote(value: Any) -> str:
    """The text percent-encoded for use in a URL."""
    return percent_encode(text(value), safe="")


def html(value: Any) -> str:
    """The text escaped for HTML, quotes too: it can stand between tags and in the value of an attribute."""
    return escape(text(value))


def sha256(value: Any) -> str:
    """The SHA-256 of the text, in hexadecimal."""
    return hashlib.sha256(text(value).encode()).hexdigest()


def hmac_sha256(key: Any, value: Any, encoding: str = "hex") -> str:
    """The HMAC-SHA-256 (RFC 2104) of a text under a key, in hexadecimal or base64; of bytes as they are."""
    secret = _encoded(key)
    if not secret:
        raise ValueError("hmac_sha256: the key is empty")
    if encoding not in ("hex", "base64"):
        raise ValueError(f"hmac_sha256: the encoding must be hex or base64, not {brief(encoding)}")
    digest = hmac.digest(secret, _encoded(value), "sha256")
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()


def base64_text(value: Any) -> str:
    """The text in base64, of bytes as they are."""
    return base64.b64encode(_encoded(value)).decode()


def json_text(value: Any) -> str:
    """The value as a JSON text, without spaces."""
    return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))


def _encoded(value: Any) -> bytes:
    return value if isinstance(value, bytes) else text(value).encode()


def pkce(verifier: Any, method: str | None = "plain") -> str | None:
    """The code challenge of a code verifier (RFC 7636), by `S256` or `plain`; null for null."""
    if verifier is None:
        return None
    if method in (None, "plain"):
        return text(verifier)
    if method != "S256":
        raise ValueError(f"pkce: the method must be S256 or plain, not {brief(method)}")
    return base64.urlsafe_b64encode(hashlib.sha256(text(verifier).encode()).digest()).decode().rstrip("=")


def base64_bytes(value: str) -> bytes:
    """The bytes that a base64 text holds."""
    return base64.b64decode(value)


def hex_bytes(value: str) -> bytes:
    """The bytes that a hexadecimal text holds."""
    return bytes.fromhex(value)


def sample_bytes(name: Any, size: int) -> bytes:
    """`size` bytes that look random and are always the same for the same `name`; at most 16 MiB."""
    if not 0 <= size <= _MAX_SAMPLE_BYTES:
        raise ValueError(f"sample_bytes: the size must be from 0 to {_MAX_SAMPLE_BYTES}, not {size}")
    return hashlib.shake_256(text(name).encode()).digest(size)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "where": where,
    "count": count,
    "below": below,
    "at_most": at_most,
    "above": above,
    "at_least": at_least,
    "between": between,
    "has": has,
    "len": length,
    "text": text,
    "lower": lower,
    "upper": upper,
    "trim": trim,
    "unquoted": unquoted,
    "join": join,
    "split": split,
    "first": first,
    "last": last,
    "unique": unique,
    "sorted": ordered,
    "any": any,
    "all": all,
    "time": time,
    "duration": duration,
    "is_time": is_time,
    "is_duration": is_duration,
    "seconds": seconds,
    "millis": millis,
    "date": date,
    "iso": iso,
    "strftime": strftime,
    "utc_offset": utc_offset,
    "is_zone": is_zone,
    "quote": quote,
    "html": html,
    "sha256": sha256,
    "hmac_sha256": hmac_sha256,
    "base64": base64_text,
    "json_text": json_text,
    "pkce": pkce,
    "base64_bytes": base64_bytes,
    "hex_bytes": hex_bytes,
    "sample_bytes": sample_bytes,
    **ARITHMETIC,
    **OBJECT_FUNCTIONS,
}

#: The functions whose values a filter takes in place of a value to be equal to, each with what it asks of a field:
#: where it stands in an order, or what its list has.
CONDITIONS: Mapping[str, str] = {
    **dict.fromkeys(("below", "at_most", "above", "at_least", "between"), "order"),
    "has": "has",
}

_UNBOUND = Draws("")
#: Functions that draw a random value, seeded: what a spec may call, as methods of an instance (for their signature).
DRAWS: Mapping[str, Callable[..., Any]] = {
    name: getattr(_UNBOUND, name) for name in ("digits", "hex", "letters", "alphanumeric", "uuid", "integer", "pick")
}
