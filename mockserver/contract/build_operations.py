"""Path items -> operations, with their parameters, bodies and responses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mockserver.contract.builder import Node
from mockserver.contract.model import (
    Example,
    Header,
    MediaType,
    Operation,
    Parameter,
    RequestBody,
    ResponseSpec,
    SecurityRequirement,
    SecurityScheme,
)
from mockserver.contract.schemas import Schema
from mockserver.contract.serialization import parse_media_type
from mockserver.exceptions import SpecError, did_you_mean

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PATH_ITEM_KEYS = ("$ref", "summary", "description", "servers", "parameters")
_STYLES = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
_STATUS = re.compile(r"[1-5](?:[0-9]{2}|XX)\Z")
_WORD = re.compile(r"[A-Za-z0-9]+")


class OperationBuilder:
    """Builds the operations of one document below its security schemes and its default security."""

    def __init__(
        self, schemes: Mapping[str, SecurityScheme], security: tuple[SecurityRequirement, ...], *, version: str
    ) -> None:
        self._schemes = schemes
        self._security = security
        self._version = version

    def operations(self, item: Node, path: str, *, is_webhook: bool = False) -> list[tuple[Operation, Node]]:
        """The operations of one path item (its `$ref` followed); `path` is the template or the webhook's name."""
        if not isinstance(item.data, dict):
            if item.data is not None:
                item.problem("a path item must be a mapping")
            return []
        for key in item.data:
            if key not in METHODS and key not in _PATH_ITEM_KEYS and not key.startswith("x-"):
                item.problem(f"'{key}' is no HTTP method", key, hint=did_you_mean(key, METHODS), at_key=True)
        shared = self._parameters(item)
        built = []
        for method in METHODS:
            if method in item.data:
                node = item.child(method)
                if isinstance(node.data, dict):
                    built.append((self._operation(node, method, path, shared, is_webhook=is_webhook), node))
                else:
                    node.problem("an operation must be a mapping")
        return built

    def _operation(self, node: Node, method: str, path: str, shared: list[Parameter], *, is_webhook: bool) -> Operation:
        own = self._parameters(node)
        replaced = {(parameter.name, parameter.location) for parameter in own}
        parameters = [item for item in shared if (item.name, item.location) not in replaced] + own
        if not is_webhook:
            _check_path_parameters(node, path, parameters)
        security = self.security(node) if node.get("security") is not None else self._security
        tags = node.get("tags")
        return Operation(
            id=node.text("operationId") or (path if is_webhook else generated_id(method, path)),
            method=method.upper(),
            path=path,
            summary=node.text("summary"),
            tags=tuple(str(tag) for tag in tags) if isinstance(tags, list) else (),
            deprecated=node.flag("deprecated"),
            parameters=tuple(parameters),
            request_body=_request_body(node),
            responses=self._responses(node),
            security=security,
            evidence=node.evidence(),
            pointer=node.pointer,
        )

    def security(self, node: Node) -> tuple[SecurityRequirement, ...]:
        """The alternatives of a `security` list, checked against the schemes."""
        requirements = []
        for requirement in node.elements("security"):
            if not isinstance(requirement.data, dict):
                requirement.problem("a security requirement must be a mapping of schemes to scopes")
                continue
            schemes = []
            for name, scopes in requirement.data.items():
                names = tuple(str(scope) for scope in scopes) if isinstance(scopes, list) else ()
                self._check_scheme(requirement, name, names)
                schemes.append((name, names))
            requirements.append(SecurityRequirement(tuple(schemes)))
        return tuple(requirements)

    def _check_scheme(self, requirement: Node, name: str, scopes: tuple[str, ...]) -> None:
        scheme = self._schemes.get(name)
        if scheme is None:
            hint = did_you_mean(name, self._schemes, "declare it under components/securitySchemes")
            requirement.problem(f"the security scheme '{name}' is not declared", name, hint=hint, at_key=True)
        elif scheme.type == "oauth2":
            for index, scope in enumerate(scopes):
                if scope not in scheme.scopes:
                    hint = did_you_mean(scope, scheme.scopes, "declare it in a flow of the scheme")
                    requirement.problem(f"'{name}' does not declare the scope '{scope}'", name, index, hint=hint)

    def _parameters(self, node: Node) -> list[Parameter]:
        found: dict[tuple[str, str], Parameter] = {}
        for index, item in enumerate(node.elements("parameters")):
            parameter = _parameter(item)
            if parameter is None:
                continue
            if (parameter.name, parameter.location) in found:
                message = f"the {parameter.location} parameter '{parameter.name}' is declared twice"
                node.problem(message, "parameters", index)
            found[(parameter.name, parameter.location)] = parameter
        return list(found.values())

    def _responses(self, node: Node) -> dict[str, ResponseSpec]:
        if not node.get("responses"):
            if self._version == "3.0":
                node.problem("an operation needs at least one response")
            return {}
        built = {}
        for status, item in node.entries("responses", extensible=True):
            key = status.upper() if status != "default" else status
            if key != "default" and not _STATUS.match(key):
                hint = "a code such as 200, a range such as 4XX, or default"
                node.problem(f"'{status}' is no status", "responses", status, hint=hint, at_key=True)
                continue
            if item.data is not None and not isinstance(item.data, dict):
                item.problem("a response must be a mapping")
                continue
            headers = {name.lower(): _header(name.lower(), part) for name, part in item.entries("headers")}
            content = _content(item)
            built[key] = ResponseSpec(key, item.text("description"), headers, content, item.evidence(), item.pointer)
        return built


def generated_id(method: str, path: str) -> str:
    """The id of an operation that has none: `get /pets/{petId}` -> `getPetsByPetId`."""
    words = [method]
    for segment in path.split("/"):
        parts = _WORD.findall(segment)
        words += ["By", *parts] if "{" in segment else parts
    return words[0] + "".join(word[0].upper() + word[1:] for word in words[1:])


def _parameter(node: Node) -> Parameter | None:
    if not isinstance(node.data, dict):
        if node.data is not None:
            node.problem("a parameter must be a mapping")
        return None
    name, location = node.get("name"), node.get("in")
    if not isinstance(name, str) or not name:
        node.problem("a parameter needs a name")
        return None
    if location not in _STYLES:
        hint = did_you_mean(str(location), _STYLES, f"one of {', '.join(_STYLES)}")
        if location in ("body", "formData"):
            hint = "since OpenAPI 3.0 a body is described by requestBody"
        node.problem(f"the parameter '{name}' is in '{location}', which is no place for one", hint=hint)
        return None
    if location == "path" and node.get("required") is not True:
        node.problem(f"the path parameter '{name}' must say `required: true`")
    style = node.get("style", "form" if location in ("query", "cookie") else "simple")
    if style not in _STYLES[location]:
        hint = did_you_mean(str(style), _STYLES[location], f"one of {', '.join(_STYLES[location])}")
        node.problem(f"a {location} parameter cannot have the style '{style}'", "style", hint=hint)
        style = _STYLES[location][0]
    schema, media_type = _parameter_schema(node, name)
    return Parameter(
        name=name.lower() if location == "header" else name,
        location=location,
        required=location == "path" or node.flag("required"),
        style=style,
        explode=node.flag("explode", style == "form"),
        allow_reserved=node.flag("allowReserved"),
        deprecated=node.flag("deprecated"),
        schema=schema,
        media_type=media_type,
        default=default_of(schema),
        pointer=node.pointer,
    )


def _parameter_schema(node: Node, name: str) -> tuple[Schema | None, str | None]:
    content = node.get("content")
    if content is None:
        if "schema" not in node.data:
            node.problem(f"the parameter '{name}' has neither a schema nor content")
        return node.schema("schema"), None
    if "schema" in node.data:
        node.problem(f"the parameter '{name}' has both a schema and content")
    if not isinstance(content, dict) or len(content) != 1:
        node.problem(f"the content of the parameter '{name}' must name exactly one media type", "content")
        return None, None
    (media_type,) = content
    return node.child("content", media_type).schema("schema"), parse_media_type(media_type)[0]


def default_of(schema: Schema | None) -> Any:
    """The `default` of a schema, through `$ref` and `allOf`; None without one, or when a `$ref` leads nowhere."""
    if schema is None:
        return None
    try:
        facets = schema.facets()
    except (SpecError, KeyError):
        return None
    return next(
        (facet.data["default"] for facet in facets if isinstance(facet.data, dict) and "default" in facet.data), None
    )


def _request_body(node: Node) -> RequestBody | None:
    if node.get("requestBody") is None:
        return None
    body = node.child("requestBody").followed()
    if not isinstance(body.data, dict):
        if body.data is not None:
            body.problem("a request body must be a mapping")
        return None
    if not body.get("content"):
        body.problem("a request body needs a content with at least one media type")
    return RequestBody(body.flag("required"), _content(body), body.pointer)


def _content(node: Node) -> dict[str, MediaType]:
    built: dict[str, MediaType] = {}
    for text, item in node.entries("content"):
        name = parse_media_type(text)[0]
        if "/" not in name:
            node.problem(f"'{text}' is no media type", "content", text, hint="such as application/json", at_key=True)
            continue
        encoding = item.get("encoding")
        built.setdefault(
            name,
            MediaType(
                name,
                item.schema("schema"),
                _examples(item),
                {key: value for key, value in encoding.items() if isinstance(value, dict)}
                if isinstance(encoding, dict)
                else {},
                item.pointer,
            ),
        )
    return built


def _examples(node: Node) -> tuple[Example, ...]:
    if isinstance(node.data, dict) and "example" in node.data:
        return (Example("default", node.data["example"]),)
    return tuple(
        Example(name, part.data["value"])
        for name, part in node.entries("examples")
        if isinstance(part.data, dict) and "value" in part.data
    )


def _header(name: str, node: Node) -> Header:
    schema = node.schema("schema")
    return Header(name, node.flag("required"), schema, node.flag("explode"), node.pointer)


def _check_path_parameters(node: Node, path: str, parameters: list[Parameter]) -> None:
    names = set(re.findall(r"\{([^{}]*)\}", path))
    declared = {parameter.name for parameter in parameters if parameter.location == "path"}
    for name in sorted(names - declared):
        hint = did_you_mean(name, declared - names)
        node.problem(f"the path parameter '{name}' of '{path}' is not declared", hint=hint, at_key=True)
    for name in sorted(declared - names):
        hint = did_you_mean(name, names - declared)
        node.problem(f"the path parameter '{name}' does not occur in '{path}'", hint=hint, at_key=True)
