"""What `lint` finds in a contract beyond what building it finds: broken schemas, and values that break theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mockserver.contract.direction import Direction, at_pointer
from mockserver.contract.model import Contract, Header, MediaType, Operation, Parameter
from mockserver.contract.schemas import Schema
from mockserver.contract.wording import brief
from mockserver.exceptions import Problem, SpecError, did_you_mean
from mockserver.spec.loader import Document
from mockserver.spec.references import Library, join

_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
_ONE = """
items additionalProperties not if then else contains propertyNames unevaluatedItems unevaluatedProperties contentSchema
""".split()  # noqa: SIM905  # a table of words reads better than a table of quotes
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAPS = ("properties", "patternProperties", "$defs", "dependentSchemas")
_MOST_PER_VALUE = 5
_TYPE_CHECKS = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: not isinstance(value, bool) and isinstance(value, (int, float)) and value == int(value),
    "number": lambda value: not isinstance(value, bool) and isinstance(value, (int, float)),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def contract_problems(contract: Contract, library: Library) -> list[Problem]:
    """Schemas that cannot be used, and examples, defaults and enum values that break their schema, by file and line."""
    finder = _Finder()
    operations = [*contract.operations.values(), *contract.webhooks.values()]
    finder.check_schemas([*contract.schemas.values(), *_schemas_of(operations)])
    for operation in operations:
        for parameter in operation.parameters:
            finder.check_container(parameter, "request")
        if operation.request_body is not None:
            for media_type in operation.request_body.content.values():
                finder.check_container(media_type, "request")
        for response in operation.responses.values():
            for header in response.headers.values():
                finder.check_container(header, "response")
            for media_type in response.content.values():
                finder.check_container(media_type, "response")
    return finder.problems()


def schema_problems(schemas: Iterable[Schema]) -> list[Problem]:
    """The same for schemas that stand in no contract: which cannot be used, and values in them that break theirs."""
    finder = _Finder()
    finder.check_schemas(schemas)
    return finder.problems()


def _schemas_of(operations: Iterable[Operation]) -> Iterator[Schema]:
    for operation in operations:
        parts: list[Parameter | Header | MediaType] = [*operation.parameters]
        if operation.request_body is not None:
            parts += operation.request_body.content.values()
        for response in operation.responses.values():
            parts += [*response.headers.values(), *response.content.values()]
        yield from (part.schema for part in parts if part.schema is not None)


class _Finder:
    def __init__(self) -> None:
        import jsonschema_rs

        meta = {"$ref": "https://json-schema.org/draft/2020-12/schema"}
        self._meta = jsonschema_rs.Draft202012Validator(meta, validate_formats=True)
        self._problems: dict[tuple[str, str], Problem] = {}
        self._seen: set[Schema] = set()
        self._judged: set[Schema] = set()
        self._broken = False

    def problems(self) -> list[Problem]:
        return sorted(self._problems.values(), key=lambda found: (found.file, found.line, found.column, found.pointer))

    def check_schemas(self, roots: Iterable[Schema]) -> None:
        """First whether each schema is one at all, then, for those that are, the values that they hold."""
        waiting = list(roots)
        ordered: list[Schema] = []
        for schema in waiting:  # grows while it is read: the targets of references are roots as well
            if schema in self._seen:
                continue
            self._check_meta(schema)
            for part in _walk(schema):
                if part not in self._seen:
                    self._seen.add(part)
                    ordered.append(part)
                    waiting += _target(part)
        for schema in ordered:
            self._check_held_values(schema)

    def check_container(self, part: Parameter | Header | MediaType, direction: Direction) -> None:
        """The example values that stand beside a schema, in a parameter, header or media type."""
        schema = part.schema
        if schema is None or schema in self._judged:
            return
        self._judged.add(schema)
        pointer = schema.pointer.rpartition("/")[0]
        holder = at_pointer(schema.document.data, pointer)
        if "example" in holder:
            self._check_value(schema, holder["example"], join(pointer, "example"), "the example", (direction,))
        examples = holder.get("examples")
        for name in examples if isinstance(examples, dict) else ():
            place = join(pointer, "examples", name)
            found = schema.schemas.library.follow(examples[name], schema.document, place)
            if isinstance(found.data, dict) and "value" in found.data:
                where = join(found.pointer, "value")
                title = f"the example '{name}'"
                self._check_value(schema, found.data["value"], where, title, (direction,), found.document)

    def _check_meta(self, schema: Schema) -> None:
        for error in self._meta.iter_errors(schema.data):
            path = list(error.instance_path)
            pointer = join(schema.pointer, *path)
            try:
                value = at_pointer(schema.data, join("", *path))
            except KeyError:
                value = None
            keyword = next((str(token) for token in reversed(path) if not isinstance(token, int)), "")
            self._report_meta(schema.document, pointer, keyword, value, error.message)

    def _report_meta(self, document: Document, pointer: str, keyword: str, value: Any, message: str) -> None:
        self._broken = True
        if keyword == "type":
            words = value if isinstance(value, list) else [value]
            for word in words:
                if word not in _TYPES:
                    hint = did_you_mean(str(word), _TYPES, f"one of {', '.join(_TYPES)}")
                    self._report(document, pointer, f"{brief(word)} is no type of JSON Schema", hint)
        elif isinstance(value, str) and "regex" in message:
            self._report(document, pointer, f"the pattern {brief(value)} is no regular expression", _reason(value))
        else:
            what = f"`{keyword}` is wrong: " if keyword else "the schema is wrong: "
            self._report(document, pointer, what + message.split("\n", 1)[0])

    def _check_held_values(self, schema: Schema) -> None:
        data = schema.data
        if not isinstance(data, dict):
            return
        both: tuple[Direction, ...] = ("request", "response")
        for key, title in (("default", "the default"), ("example", "the example")):
            if key in data:
                self._check_value(schema, data[key], join(schema.pointer, key), title, both)
        examples = data.get("examples")
        for index, value in enumerate(examples if isinstance(examples, list) else ()):
            self._check_value(schema, value, join(schema.pointer, "examples", index), "the example", both)
        words = [data["type"]] if isinstance(data.get("type"), str) else data.get("type")
        enum = data.get("enum")
        if isinstance(words, list) and isinstance(enum, list):
            for index, value in enumerate(enum):
                if not any(_TYPE_CHECKS[word](value) for word in words if word in _TYPE_CHECKS):
                    message = f"the enum value {brief(value)} does not fit the type {' or '.join(map(str, words))}"
                    self._report(schema.document, join(schema.pointer, "enum", index), message)

    def _check_value(
        self,
        schema: Schema,
        value: Any,
        pointer: str,
        title: str,
        directions: tuple[Direction, ...],
        document: Document | None = None,
    ) -> None:
        """A value must keep its schema in one of the directions."""
        try:
            if any(schema.is_valid(value, direction=direction) for direction in directions):
                return
            found = schema.explain(value, direction=directions[-1], location="body")
        except SpecError as error:
            if not self._broken:  # else the reason has been reported, and better
                for problem in error.problems:
                    self._problems.setdefault((problem.file, problem.pointer), problem)
            return
        for violation in found[:_MOST_PER_VALUE]:
            place = f" at {violation.pointer}" if violation.pointer else ""
            message = f"{title} breaks its schema{place}: {violation.message}"
            hint = violation.hint or (f"expected {violation.expected}" if violation.expected else "")
            self._report(document or schema.document, pointer + violation.pointer, message, hint)

    def _report(self, document: Document, pointer: str, message: str, hint: str = "") -> None:
        key = (document.uri, pointer + message)
        if key not in self._problems:
            self._problems[key] = document.problem(message, pointer, hint)


def _walk(schema: Schema) -> Iterator[Schema]:
    """A schema and all schemas inside it, references not followed."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        yield part
        data = part.data
        if not isinstance(data, dict):
            continue
        places: list[tuple[str | int, ...]] = [(key,) for key in _ONE if isinstance(data.get(key), (dict, bool))]
        places += [(key, index) for key in _LISTS for index in _indices(data.get(key))]
        places += [(key, name) for key in _MAPS for name in _names(data.get(key))]
        waiting += [part.schemas.at(part.document, join(part.pointer, *place)) for place in places]


def _target(schema: Schema) -> list[Schema]:
    ref = schema.data.get("$ref") if isinstance(schema.data, dict) else None
    if not isinstance(ref, str):
        return []
    found = schema.schemas.library.resolve(ref, schema.document, at=schema.pointer)
    return [schema.schemas.at(found.document, found.pointer)]


def _indices(value: Any) -> Iterable[int]:
    return range(len(value)) if isinstance(value, list) else ()


def _names(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _reason(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error)
    return "patterns follow ECMA-262"
