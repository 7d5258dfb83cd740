"""Cursors: opaque texts that name a place in a sorted list, whatever comes into it or goes out of it."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

_SIGNATURE = 9  # bytes: enough to tell our own from what somebody made up
_LONGEST = 100_000  # characters of a text that is worth reading
#: Which records a page holds: those after the place, or those up to and including it.
Side = Literal["after", "until"]


class Cursor(NamedTuple):
    """A place, by the values of the fields that the list is sorted by (as `order` writes these) and the number of the
    record, and which side of it is meant."""

    side: Side
    order: tuple[str, ...]
    values: list[Any]
    number: int


class Cursors:
    """Writes and reads the cursors of one list. `secret` is the same for all lists of an API, `owner` names the one."""

    def __init__(self, secret: str, owner: str) -> None:
        self._secret, self._owner = secret.encode(), owner.encode()

    def write(self, cursor: Cursor) -> str:
        """The text for a cursor: letters, digits, `-` and `_`."""
        content = json.dumps([cursor.side, cursor.order, cursor.values, cursor.number], separators=(",", ":")).encode()
        return urlsafe_b64encode(self._signature(content) + content).decode().rstrip("=")

    def read(self, text: str) -> Cursor | None:
        """The cursor that `write` made a text of; None for any other text."""
        if not text.isascii() or len(text) > _LONGEST:
            return None
        try:
            whole = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except NoBase64:
            return None
        signature, content = whole[:_SIGNATURE], whole[_SIGNATURE:]
        if not hmac.compare_digest(signature, self._signature(content)):
            return None
        side, order, values, number = json.loads(content)
        found = Cursor(side, tuple(order), values, number)
        return found if self.write(found) == text else None  # base64 can say the same in several ways

    def _signature(self, content: bytes) -> bytes:
        return hmac.digest(self._secret, self._owner + b"\0" + content, hashlib.sha256)[:_SIGNATURE]


def order_text(order: Sequence[tuple[str, bool]]) -> tuple[str, ...]:
    """An order as a behaviour file writes it: `-field` for descending."""
    return tuple([f"-{name}" if descending else name for name, descending in order])
