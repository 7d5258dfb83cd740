"""Signatures: HMAC over a declared text, shown in declared headers."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from typing import Any

from mockserver.behaviour.declared import Signing
from mockserver.behaviour.functions import text as as_text
from mockserver.exceptions import UsageError
from mockserver.expressions import Scope
from mockserver.state.samples import Draws

_MADE = 32  # bytes, or characters, of a secret that the mock makes


def key_of(signing: Signing, secret: str) -> bytes:
    """The bytes of a secret, by which is signed. Raises UsageError for one that is empty or not in its encoding."""
    bare = secret.removeprefix(signing.secret_prefix)
    if not bare.strip():
        raise UsageError("the secret is empty", "what is sent is signed with it: give the one that the receiver knows")
    if signing.secret_encoding == "text":
        return bare.encode("utf-8", "surrogatepass")
    try:
        if signing.secret_encoding == "hex":
            return bytes.fromhex(bare)
        return base64.b64decode(bare.encode("ascii"), validate=True)
    except (ValueError, binascii.Error):
        prefix = f"{signing.secret_prefix}, then " if signing.secret_prefix else ""
        raise UsageError(
            f"the secret is no {signing.secret_encoding}", f"it is written as {prefix}{signing.secret_encoding}"
        ) from None


def made_secret(signing: Signing | None, draws: Draws) -> str:
    """A secret of the form that the scheme wants; some text where nothing is signed."""
    if signing is None or signing.secret_encoding == "text":
        return (signing.secret_prefix if signing else "") + draws.alphanumeric(_MADE)
    raw = bytes.fromhex(draws.hex(2 * _MADE))
    encoded = raw.hex() if signing.secret_encoding == "hex" else base64.b64encode(raw).decode()
    return signing.secret_prefix + encoded


def signature(signing: Signing, key: bytes, text: str) -> str:
    """The signature of a text."""
    digest = hmac.digest(key, text.encode("utf-8", "surrogatepass"), signing.hash)
    return digest.hex() if signing.encoding == "hex" else base64.b64encode(digest).decode()


def signed_headers(signing: Signing, secrets: Sequence[str], scope: dict[str, Any]) -> list[tuple[str, Any]]:
    """The headers that carry the signatures, by all `secrets`, the newest first; `scope` is told them. None when the
    declared condition does not hold. Raises ExpressionError when a rule fails."""
    if not is_signed(signing, scope):
        return []
    text = as_text(signing.text.render(scope))
    scope["signatures"] = [signature(signing, key_of(signing, secret), text) for secret in secrets]
    scope["signature"] = scope["signatures"][0]
    return [(name, value.render(scope)) for name, value in signing.headers]


def is_signed(signing: Signing | None, scope: Scope) -> bool:
    """Whether anything is signed at all."""
    return signing is not None and (signing.when is None or bool(signing.when(scope)))
