"""JSON Web Tokens (RFC 7519): signing with a key of the mock's own, and reading what a client sends.

The time claims are not judged here: what is over and what is still to come is a matter of the mock's clock, and PyJWT
knows only the machine's.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from jwt.types import Options

ALGORITHMS = ("HS256", "HS384", "HS512")
_LATER: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}
_UNCHECKED: Options = {**_LATER, "verify_signature": False}
_MARK = 16  # digits of a key id


class WebToken(NamedTuple):
    """A token that could be read. `ours`: its `kid` names the key of this issuer; `genuine`: which has signed it."""

    claims: dict[str, Any]
    ours: bool
    genuine: bool


@functools.cache
def signing_key(seed: str) -> bytes:
    """The secret key of an issuer: the same for the same seed, so that the same calls give the same bytes."""
    return hashlib.blake2b(f"{seed}:signing".encode(), digest_size=64).digest()


@functools.cache
def key_id(seed: str) -> str:
    """What the header of a token calls the key."""
    return hashlib.blake2b(signing_key(seed), digest_size=_MARK // 2).hexdigest()


def sign(claims: Mapping[str, Any], seed: str, algorithm: str) -> str:
    """The compact text of a token with these claims."""
    import jwt  # here and not above: few mocks ever see a token of this kind

    return jwt.encode(dict(claims), signing_key(seed), algorithm, {"kid": key_id(seed)})


def read_web_token(text: str, seed: str) -> WebToken:
    """What a token says. Raises ValueError, with the reason in words, when it is none or is not signed."""
    import jwt

    try:
        header = jwt.get_unverified_header(text)
        claims = jwt.decode(text, options=_UNCHECKED)
        json.dumps(claims, allow_nan=False)  # Python reads NaN and Infinity, which no answer can show
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise ValueError(f"it is no JSON Web Token: {str(error)[:80]}") from None
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm.lower() in ("", "none"):
        raise ValueError("its alg is none: it is not signed")
    if text.endswith("."):
        raise ValueError("it has no signature")
    if header.get("kid") != key_id(seed):
        return WebToken(claims, False, False)
    try:
        jwt.decode(text, signing_key(seed), algorithms=list(ALGORITHMS), options=_LATER)
    except jwt.InvalidTokenError:
        return WebToken(claims, True, False)
    return WebToken(claims, True, True)
