"""What conforming means for a request.

The check of a request that keeps its contract is on the path of every call: what an operation does not document costs
nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mockserver.contract.coercion import expects
from mockserver.contract.json_text import DEEPEST
from mockserver.contract.message_parts import REMEMBERED, either, find_media_type, placed, position
from mockserver.contract.model import MediaType, Operation, Parameter
from mockserver.contract.schemas import Schema, Violation
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
from mockserver.contract.wording import NO_QUOTES, brief
from mockserver.exceptions import did_you_mean
from mockserver.messages import Request
from mockserver.spec.references import join

_NOT_PARAMETERS = frozenset(("accept", "content-type", "authorization"))  # OpenAPI: such header parameters do not count


@dataclass(slots=True)
class CheckedRequest:
    """A request as values, with defaults filled in, and what is wrong with it.

    `unknown` lists query parameters by name and body properties by JSON pointer that the operation does not know,
    `ignored` body properties, by JSON pointer too, that are `readOnly`: the service alone gives them.
    `fault` is the first kind of failure: "" (none), parameter, body_malformed, body_invalid, body_missing, media_type.
    """

    path: dict[str, Any]
    query: dict[str, Any]
    headers: dict[str, Any]
    cookies: dict[str, Any]
    body: Any
    has_body: bool
    violations: list[Violation]
    unknown: list[str]
    fault: str = ""
    ignored: Sequence[str] = ()


class RequestCheck:
    """Checks requests against one operation.

    With `media_type_ignored` a body is read as the first documented media type, whatever Content-Type says.
    `also_known` are query parameters that are documented elsewhere, as an API key is by its security scheme.
    """

    def __init__(
        self, operation: Operation, *, media_type_ignored: bool = False, also_known: Iterable[str] = ()
    ) -> None:
        self.operation = operation
        self._media_type_ignored = media_type_ignored
        by_location: dict[str, list[Parameter]] = {"path": [], "query": [], "header": [], "cookie": []}
        for parameter in operation.parameters:
            if parameter.location != "header" or parameter.name not in _NOT_PARAMETERS:
                by_location[parameter.location].append(parameter)
        self._path = tuple(parameter for parameter in by_location["path"] if not _is_plain(parameter))
        self._query = tuple(by_location["query"])
        self._headers = tuple(by_location["header"])
        self._cookies = tuple(by_location["cookie"])
        self._known, self._prefixes, self._takes_all = _known_names(self._query, also_known)
        self._query_required = any(parameter.required for parameter in self._query)
        defaults = {parameter.name: parameter.default for parameter in self._query}
        self._query_defaults = {name: default for name, default in defaults.items() if default is not None}
        self._body = operation.request_body
        self._readers: dict[str, _BodyReader | None] = {}
        self._simple = not (self._path or self._query or self._headers or self._cookies or self._body)

    def check(self, request: Request, raw_path: Mapping[str, str]) -> CheckedRequest:
        """The request as values. `raw_path` comes from `Router.match` and is taken over, not copied."""
        path: dict[str, Any] = raw_path  # type: ignore[assignment]  # a dict of texts, and ours from here on
        checked = CheckedRequest(path, {}, {}, {}, None, False, [], [])
        if self._simple and not request.query:
            return checked
        for parameter in self._path:
            self._read(parameter, raw_path.get(parameter.name), checked, path)
        if request.query or self._query_required:
            self._check_query(request.query, checked)
        elif self._query_defaults:
            checked.query.update(self._query_defaults)
        for parameter in self._headers:
            self._read(parameter, request.headers.get(parameter.name), checked, checked.headers)
        if self._cookies:
            pairs = parse_cookies(request.headers.get("cookie", ""))
            for parameter in self._cookies:
                self._read(parameter, pairs, checked, checked.cookies)
        if self._body is not None:
            self._check_body(request, checked)
        return checked

    def _check_query(self, query: str, checked: CheckedRequest) -> None:
        try:
            pairs = split_query(query)
        except ValueError as error:
            _fail(checked, "parameter", Violation("query", "", f"the query has {error}", "a readable query", ""))
            return
        for parameter in self._query:
            self._read(parameter, pairs, checked, checked.query)
        if self._takes_all:
            return
        for name, _ in pairs:
            if name not in self._known and not name.startswith(self._prefixes) and name not in checked.unknown:
                checked.unknown.append(name)

    def _read(self, parameter: Parameter, raw: Raw, checked: CheckedRequest, into: dict[str, Any]) -> None:
        try:
            value = read_parameter(parameter, raw)
        except ValueError as error:
            expected = "UTF-8 text" if parameter.media_type is None else f"JSON in UTF-8, at most {DEEPEST} levels deep"
            _fail(checked, "parameter", _about(parameter, f"{_title(parameter)} is unreadable: {error}", expected))
            return
        if value is ABSENT:
            if parameter.required:
                message = f"{_title(parameter)} is required but missing"
                _fail(checked, "parameter", _about(parameter, message, f"a value for '{parameter.name}'"))
            elif parameter.default is not None:
                into[parameter.name] = parameter.default
            return
        into[parameter.name] = value
        schema = parameter.schema
        if schema is None or schema.is_valid(value, direction="request"):
            return
        if isinstance(value, list) and expects(schema) == "scalar":
            _fail(checked, "parameter", _about(parameter, f"{_title(parameter)} {_sent(value)}", "one value"))
            return
        for found in schema.explain(value, direction="request", location=parameter.location):
            _fail(checked, "parameter", placed(found, parameter.name, f"{_title(parameter)}: {found.message}"))

    def _check_body(self, request: Request, checked: CheckedRequest) -> None:
        documented = self._body
        assert documented is not None
        body = request.body
        if not body:
            if documented.required:
                expected = f"a body of type {either(documented.content)}"
                _fail(checked, "body_missing", self._about_body("the body is required but missing", expected))
            return
        content_type = request.headers.get("content-type", "")
        reader = self._readers.get(content_type) or self._reader(content_type)
        if reader is None:
            _fail(checked, "media_type", self._wrong_type(content_type))
            return
        try:
            checked.body = value = reader.read(body)
        except BodyError as error:
            _fail(checked, "body_malformed", self._about_body(str(error), f"a body of type {reader.name}"))
            return
        checked.has_body = True
        schema = reader.schema
        if schema is None:
            return
        if not schema.is_valid(value, direction="request"):
            repeated = {} if is_json(reader.name) else _repeated(value, schema)
            for violation in repeated.values():
                _fail(checked, "body_invalid", violation)
            for found in schema.explain(value, direction="request", location="body"):
                if found.pointer in repeated:
                    continue
                quotes = found.hint == NO_QUOTES and not is_json(reader.name)
                _fail(checked, "body_invalid", replace(found, hint="") if quotes else found)
            checked.fault = checked.fault or "body_invalid"
            return
        plan = schema.plan()
        ignored: list[str] = []
        checked.ignored = ignored
        plan.strangers(value, checked.unknown, ignored)
        checked.body = plan.complete(value)

    def _reader(self, content_type: str) -> _BodyReader | None:
        assert self._body is not None
        content = self._body.content
        if self._media_type_ignored:
            media_type = next(iter(content.values()), None)
            # The boundary of a multipart body is known from its header alone.
            same = media_type is not None and parse_media_type(content_type)[0] == media_type.name
            reader = _BodyReader(media_type, content_type if same or media_type is None else media_type.name)
        else:
            media_type = find_media_type(content, content_type) if content_type else None
            if media_type is None:
                return None
            reader = _BodyReader(media_type, content_type)
        if len(self._readers) < REMEMBERED:
            self._readers[content_type] = reader
        return reader

    def _wrong_type(self, content_type: str) -> Violation:
        assert self._body is not None
        content = self._body.content
        name = parse_media_type(content_type)[0]
        if content_type:
            message = f"the media type {brief(name)} is not documented for this body"
        else:
            message = "the body comes without a Content-Type"
        hint = did_you_mean(name, content)
        about = self._about_body(message, either(content))
        return replace(about, location="header", pointer="content-type", hint=hint)

    def _about_body(self, message: str, expected: str) -> Violation:
        assert self._body is not None
        schema = next((part.schema for part in self._body.content.values() if part.schema is not None), None)
        place = position(schema, self._body.pointer)
        return Violation("body", "", message, expected, self._body.pointer, *place)


class _BodyReader:
    """Reads bodies of one Content-Type of one operation."""

    __slots__ = ("name", "read", "schema")

    def __init__(self, media_type: MediaType | None, content_type: str) -> None:
        self.schema: Schema | None = media_type.schema if media_type is not None else None
        self.name = parse_media_type(content_type)[0]
        self.read: Callable[[bytes], Any]
        if is_json(self.name):
            self.read = read_json
        else:
            self.read = lambda body: read_body(media_type, content_type, body)


def _is_plain(parameter: Parameter) -> bool:
    """A path parameter whose text is its value, always valid."""
    if parameter.style != "simple" or parameter.media_type is not None:
        return False
    return parameter.schema is None or parameter.schema.accepts_any_string()


def _known_names(
    parameters: Iterable[Parameter], also_known: Iterable[str]
) -> tuple[frozenset[str], tuple[str, ...], bool]:
    """The names that may stand in a query, the prefixes of `name[…]`, and whether any name at all may."""
    names, prefixes, takes_all = set(also_known), [], False
    for parameter in parameters:
        names.add(parameter.name)
        schema = parameter.schema
        if parameter.style == "deepObject":
            prefixes.append(parameter.name + "[")
        elif parameter.explode and parameter.media_type is None and expects(schema) == "object" and schema is not None:
            names.update(schema.properties())
            takes_all = takes_all or schema.open_properties()
    return frozenset(names), tuple(prefixes), takes_all


def _fail(checked: CheckedRequest, fault: str, violation: Violation) -> None:
    checked.fault = checked.fault or fault
    checked.violations.append(violation)


def _about(parameter: Parameter, message: str, expected: str) -> Violation:
    place = position(parameter.schema, parameter.pointer)
    return Violation(parameter.location, parameter.name, message, expected, parameter.pointer, *place)


def _repeated(value: Any, schema: Schema) -> dict[str, Violation]:
    """The fields of a form that came more than once and want one value, each by its JSON pointer."""
    found = {}
    for name, part in schema.properties().items() if isinstance(value, dict) else ():
        if isinstance(value.get(name), list) and expects(part) == "scalar":
            pointer = join("", name)
            message = f"the field '{name}' {_sent(value[name])}"
            found[pointer] = Violation(
                "body", pointer, message, "one value", part.pointer, *position(part, part.pointer)
            )
    return found


def _sent(values: Sequence[Any]) -> str:
    return "was sent twice" if len(values) == 2 else f"was sent {len(values)} times"


def _title(parameter: Parameter) -> str:
    return f"{parameter.location} parameter '{parameter.name}'"
