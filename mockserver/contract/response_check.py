"""What conforming means for a response."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from mockserver.contract.message_parts import REMEMBERED, either, find_media_type, placed, position
from mockserver.contract.model import Header, MediaType, Operation, Parameter, ResponseSpec
from mockserver.contract.schemas import Schema, Violation
from mockserver.contract.serialization import ABSENT, BodyError, is_json, parse_media_type, read_body, read_parameter
from mockserver.contract.values import as_json
from mockserver.contract.wording import brief

Valid: TypeAlias = Callable[[Any], bool]

_WITHOUT_BODY = frozenset((204, 205, 304))
_NEVER_EMPTY = frozenset(("application/x-www-form-urlencoded", "multipart/form-data", "application/xml", "text/xml"))


class ResponseCheck:
    """Checks responses against one operation."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self._checks: dict[tuple[int, str], _ResponseBody] = {}

    def violations(
        self, status: int, headers: Sequence[tuple[str, str]], body: bytes, value: Any = ABSENT
    ) -> list[Violation]:
        """What is wrong with a response; empty when it conforms.

        `value` is the body as a value, so that it is not parsed again; without it `body` is read. An empty `body`
        with a `value` other than None is one that is not serialised yet.
        """
        content_type = ""
        for name, text in headers:
            if name == "Content-Type" or name.lower() == "content-type":
                content_type = text
                break
        check = self._checks.get((status, content_type)) or self._check(status, content_type)
        if check.always:
            return list(check.always)
        found: list[Violation] = []
        if check.headers:
            found += _header_violations(check.headers, headers)
        if not check.documents_body:
            if body:
                found.append(check.about("the response has a body where none is documented", "no body"))
            return found
        if not body and (value is None or value is ABSENT):
            if status not in _WITHOUT_BODY and not (value is ABSENT and check.may_be_empty(content_type)):
                found.append(check.about("the response has no body", f"a body of type {check.types}"))
            return found
        if check.schema is None:
            return found
        if value is ABSENT or (value is None and body != b"null"):
            try:
                value = read_body(check.media_type, content_type, body)
            except BodyError as error:
                return [*found, check.about(str(error), f"a body of type {check.types}")]
        try:
            if check.valid(value):
                return found
        except ValueError:
            if check.valid(as_json(value)):
                return found
        return found + check.schema.explain(value, direction="response", location="response.body")

    def _check(self, status: int, content_type: str) -> _ResponseBody:
        check = _ResponseBody(self.operation, status, content_type)
        if len(self._checks) < REMEMBERED:
            self._checks[(status, content_type)] = check
        return check


class _ResponseBody:
    """What is known about responses of one status and Content-Type; `always` is what is wrong with each of them."""

    __slots__ = ("_spec", "always", "documents_body", "headers", "media_type", "schema", "types", "valid")

    def __init__(self, operation: Operation, status: int, content_type: str) -> None:
        self.always: tuple[Violation, ...] = ()
        self.headers: tuple[Header, ...] = ()
        self.media_type: MediaType | None = None
        self.schema: Schema | None = None
        self.types = ""
        self.documents_body = False
        self.valid: Valid = lambda value: True
        self._spec: ResponseSpec | None = operation.response_for(status)
        if self._spec is None:
            message = f"the status {status} is not documented for {operation.id}"
            expected = either(operation.responses)
            self.always = (Violation("response.status", "", message, expected, operation.pointer),)
            return
        self.headers = tuple(header for name, header in self._spec.headers.items() if name != "content-type")
        self.types = either(self._spec.content)
        self.documents_body = bool(self._spec.content)
        if not self.documents_body:
            return
        self.media_type = find_media_type(self._spec.content, content_type)
        if self.media_type is not None:
            self.schema = self.media_type.schema
            if self.schema is not None:
                self.valid = self.schema.validator("response")
        elif status not in _WITHOUT_BODY:
            given = parse_media_type(content_type)[0]
            message = f"the media type {brief(given)} is not documented for status {status}"
            pointer = self._spec.pointer
            self.always = (Violation("response.header", "content-type", message, self.types, pointer),)

    def may_be_empty(self, content_type: str) -> bool:
        """Whether no byte at all is a body, too: a text or a file of that length."""
        name = parse_media_type(content_type)[0]
        if self.media_type is None or is_json(name) or name in _NEVER_EMPTY:
            return False
        empty = "" if name.startswith("text/") else b""
        try:
            return self.valid(empty)
        except ValueError:
            return self.valid(as_json(empty))

    def about(self, message: str, expected: str) -> Violation:
        pointer = self._spec.pointer if self._spec is not None else ""
        return Violation("response.body", "", message, expected, pointer, *position(self.schema, pointer))


def _header_violations(documented: Iterable[Header], headers: Sequence[tuple[str, str]]) -> list[Violation]:
    given = {name.lower(): text for name, text in reversed(headers)}
    found: list[Violation] = []
    for header in documented:
        text = given.get(header.name)
        if text is None:
            if header.required:
                message = f"the response header '{header.name}' is required but missing"
                place = position(header.schema, header.pointer)
                found.append(Violation("response.header", header.name, message, "the header", header.pointer, *place))
        elif header.schema is not None:
            parameter = Parameter(
                header.name, "header", False, "simple", header.explode, False, False, header.schema, None, None, ""
            )
            value = read_parameter(parameter, text)
            reasons = header.schema.explain(value, direction="response", location="response.header")
            found += [placed(item, header.name, f"header '{header.name}': {item.message}") for item in reasons]
    return found
