"""Between the text of a message and its values: the parts of a request that the contract gives a shape."""

from __future__ import annotations

from mockserver.contract.bodies import is_json, parse_media_type, read_body
from mockserver.contract.json_text import BodyError, read_json
from mockserver.contract.parameters import (
    ABSENT,
    Absent,
    Raw,
    read_parameter,
    write_parameter,
)
from mockserver.contract.queries import parse_cookies, parse_query, split_query

__all__ = [
    "ABSENT",
    "Absent",
    "BodyError",
    "Raw",
    "is_json",
    "parse_cookies",
    "parse_media_type",
    "parse_query",
    "read_body",
    "read_json",
    "read_parameter",
    "split_query",
    "write_parameter",
]
