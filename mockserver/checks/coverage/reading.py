"""What of the parameters and the body of an operation a request has sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from mockserver.checks.coverage.members import Member
from mockserver.contract.message_parts import REMEMBERED, find_media_type
from mockserver.contract.model import MediaType, Operation, Parameter
from mockserver.contract.serialization import (
    ABSENT,
    BodyError,
    Raw,
    is_json,
    parse_cookies,
    parse_media_type,
    read_body,
    read_json,
    read_parameter,
    split_query,
)
from mockserver.messages import Request

#: OpenAPI: header parameters of these names do not count.
NO_PARAMETERS = frozenset(("accept", "content-type", "authorization"))
_KEPT = 512  # requests of one operation
_LARGEST = 4_096  # bytes of a body that is worth remembering
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

_Reader: TypeAlias = tuple[Callable[[bytes], Any], Member]


class Counted(NamedTuple):
    """A parameter, its number, and what its value can hold."""

    parameter: Parameter
    number: int
    member: Member


class Sent:
    """Reads the requests of one operation: which of its items they send, by number. Equal requests are read once."""

    def __init__(
        self,
        operation: Operation,
        parameters: Sequence[Counted],
        bodies: Mapping[str, Member],
        *,
        type_ignored: bool = False,
    ) -> None:
        """`bodies` are what the media types can hold, by their names; with `type_ignored` a body is read as the first
        of them, whatever Content-Type says."""

        def at(place: str) -> tuple[Counted, ...]:
            return tuple(each for each in parameters if each.parameter.location == place)

        self._query, self._headers, self._cookies = at("query"), at("header"), at("cookie")
        self._always = tuple(each.number for each in at("path"))
        self._path = tuple(each for each in at("path") if each.member)
        self._names = _PLACEHOLDER.findall(operation.path)
        self._pattern = _pattern(operation.path) if self._path else None
        self._content = operation.request_body.content if operation.request_body is not None else {}
        self._bodies = {name: member for name, member in bodies.items() if member}
        self._type_ignored = type_ignored
        self._readers: dict[str, _Reader | None] = {}
        self._known: dict[tuple[object, ...], tuple[int, ...]] = {}

    def numbers(self, request: Request) -> tuple[int, ...]:
        """The items that a request sends, each once."""
        headers = request.headers
        body = request.body if self._bodies else b""
        key: tuple[object, ...] = (
            request.query if self._query else None,
            request.path if self._path else None,
            headers.get("content-type") if body else None,
            headers.get("cookie") if self._cookies else None,
            body,
        )
        if self._headers:
            key += tuple([headers.get(each.parameter.name) for each in self._headers])
        known = self._known.get(key)
        if known is None:
            known = tuple(self._read(request, body))
            if len(body) <= _LARGEST:
                if len(self._known) >= _KEPT:
                    self._known.clear()
                self._known[key] = known
        return known

    def _read(self, request: Request, body: bytes) -> set[int]:
        found = set(self._always)
        if self._pattern is not None and (match := self._pattern.search(request.path)) is not None:
            texts = dict(zip(self._names, match.groups(), strict=True))
            for each in self._path:
                _touch(each, texts.get(each.parameter.name), found)
        if self._query and request.query:
            try:
                pairs = split_query(request.query)
            except ValueError:
                pairs = []
            for each in self._query:
                _touch(each, pairs, found)
        for each in self._headers:
            _touch(each, request.headers.get(each.parameter.name), found)
        if self._cookies:
            cookies = parse_cookies(request.headers.get("cookie", ""))
            for each in self._cookies:
                _touch(each, cookies, found)
        if body:
            self._read_body(request.headers.get("content-type", ""), body, found)
        return found

    def _read_body(self, content_type: str, body: bytes, found: set[int]) -> None:
        if content_type in self._readers:
            reader = self._readers[content_type]
        else:
            reader = self._reader(content_type)
            if len(self._readers) < REMEMBERED:
                self._readers[content_type] = reader
        if reader is None:
            return
        read, member = reader
        try:
            value = read(body)
        except BodyError:
            return
        member.touch(value, found.add)

    def _reader(self, content_type: str) -> _Reader | None:
        media: MediaType | None
        if self._type_ignored:
            media = next(iter(self._content.values()), None)
            if media is not None and parse_media_type(content_type)[0] != media.name:
                content_type = media.name
        else:
            media = find_media_type(self._content, content_type) if content_type else None
        if media is None or media.name not in self._bodies:
            return None
        if is_json(parse_media_type(content_type)[0]):
            return read_json, self._bodies[media.name]
        return (lambda body: read_body(media, content_type, body)), self._bodies[media.name]


def _touch(counted: Counted, raw: Raw, found: set[int]) -> None:
    try:
        value = read_parameter(counted.parameter, raw)
    except ValueError:
        return
    if value is not ABSENT:
        found.add(counted.number)
        counted.member.touch(value, found.add)


def _pattern(path: str) -> re.Pattern[str]:
    """What finds the values of a template at the end of a path, whatever stands before it."""
    pieces = _PLACEHOLDER.split(path)
    source = "".join("([^/]+)" if at % 2 else re.escape(piece) for at, piece in enumerate(pieces))
    return re.compile(f"{source}/?$")
