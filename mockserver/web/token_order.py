"""What somebody asks for who wants a token: the body of `POST /__admin/tokens`, read exactly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from mockserver.engine.grants import Wanted
from mockserver.web.problems import Refusal

TOKEN_KEYS = ("api", "scopes", "roles", "claims", "expires_in", "user", "organisation", "client", "scheme")
_TEXTS = ("user", "organisation", "client", "scheme")


def read_wanted(given: Mapping[str, Any], now: datetime) -> Wanted:
    """The keys beside `api` as values; null is the same as silence. Raises a 400 `Refusal` for what is not of its type,
    and for a life that ends after the year 9999."""
    texts = {name: _text(name, given.get(name)) for name in _TEXTS}
    return Wanted(
        scopes=_names("scopes", given.get("scopes")),
        roles=_names("roles", given.get("roles")),
        claims=_claims(given.get("claims")),
        expires_in=_seconds(given.get("expires_in"), now),
        **texts,
    )


def _names(key: str, value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if key == "scopes" and isinstance(value, str):  # as in OAuth, with a space between them, or as many write it
        return tuple(value.replace(",", " ").split())
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return tuple(value)
    example = '["…"], or a text with spaces or commas between them' if key == "scopes" else '["…"]'
    raise Refusal(400, f"{key} must be a list of text, not {_shown(value)}", f'write "{key}": {example}')


def _claims(value: Any) -> dict[str, Any] | None:
    if isinstance(value, dict) and not isinstance(value.get("iss"), str | None):  # nobody would sign it
        raise Refusal(400, f"the claim iss must be text, not {_shown(value['iss'])}")
    if value is None or isinstance(value, dict):
        return value
    raise Refusal(400, f"claims must be an object, not {_shown(value)}", 'write "claims": {"NAME": VALUE}')


def _seconds(value: Any, now: datetime) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        hint = "0 gives one that is over at once, silence the usual life"
        raise Refusal(400, f"expires_in must be a whole number of seconds from 0, not {_shown(value)}", hint)
    try:
        now + timedelta(seconds=value)
    except OverflowError:
        raise Refusal(400, "expires_in goes beyond the year 9999", "an hour is 3600") from None
    return value


def _text(key: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise Refusal(400, f"{key} must be text, not {_shown(value)}")


def _shown(value: Any) -> str:
    return f"{value!r:.80}"
