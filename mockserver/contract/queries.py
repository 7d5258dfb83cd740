"""Query strings and Cookie headers as pairs."""

from __future__ import annotations

from urllib.parse import unquote

_MOST_PAIRS = 1000


def split_query(query: str) -> list[tuple[str, str]]:
    """The pairs of a query string in order: names decoded, values still encoded, as `read_parameter` wants them.

    Raises ValueError for more than 1,000 pairs and for names that are not UTF-8.
    """
    if not query:
        return []
    if query.count("&") >= _MOST_PAIRS:
        raise ValueError(f"more than {_MOST_PAIRS} parameters")
    if not query.isascii():
        query = _utf8(query)
    pairs = []
    for piece in query.split("&"):
        if piece:
            name, _, value = piece.partition("=")
            pairs.append((decode(name), value))
    return pairs


def parse_query(query: str) -> list[tuple[str, str]]:
    """The pairs of a query string in order, names and values decoded (`%XX`, `+`).

    Raises ValueError for more than 1,000 pairs and for bytes that are not UTF-8.
    """
    return [(name, decode(value)) for name, value in split_query(query)]


def parse_cookies(header: str) -> list[tuple[str, str]]:
    """The pairs of a Cookie header, values still encoded; pieces that are no pair are passed over."""
    pairs = []
    for piece in header.split(";")[:_MOST_PAIRS]:
        name, equals, value = piece.partition("=")
        if equals:
            value = value.strip()
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1]
            pairs.append((name.strip(), value))
    return pairs


def decode(text: str) -> str:
    """Percent- and plus-decoded text; ValueError when the bytes are not UTF-8."""
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("a percent-encoded text is not UTF-8") from None


def _utf8(query: str) -> str:
    """A query with bytes outside ASCII: WSGI hands them over as Latin-1; a caller in this process as plain text."""
    try:
        return query.encode("latin-1").decode("utf-8")
    except UnicodeError:
        if any("\ud800" <= character <= "\udfff" for character in query):
            raise ValueError("the query is not UTF-8") from None
        return query
