"""Values as validators see them: the formats that OpenAPI adds, and what JSON cannot hold made into what it can."""

from __future__ import annotations

import binascii
from collections.abc import Callable, Mapping
from typing import Any


def _is_base64(text: str) -> bool:
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        return False
    return True


FORMATS: dict[str, Callable[[str], bool]] = {"byte": _is_base64, "binary": lambda text: True}


def as_json(value: Any) -> Any:
    """The value with bytes as Latin-1 text (a length stays a length), texts without lone surrogates, keys as text."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {str(as_json(key)): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return value
