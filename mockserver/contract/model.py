"""The contract as values, in OpenAPI's own terms. Built once by `contract.build`, never changed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mockserver.contract.schemas import Schema


@dataclass(frozen=True, slots=True)
class Example:
    """A named example of a media type or parameter. `name` is `default` for the unnamed `example`."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """`location` is path, query, header or cookie; `name` as in the document (headers: lower-case).

    `schema` is None when the document gives none. `media_type` is set when the parameter uses `content`.
    `default` is the schema's default (None when there is none).
    """

    name: str
    location: str
    required: bool
    style: str
    explode: bool
    allow_reserved: bool
    deprecated: bool
    schema: Schema | None
    media_type: str | None
    default: Any
    pointer: str


@dataclass(frozen=True, slots=True)
class MediaType:
    """`name` as in the document, lower-case, without parameters (`application/json`, `image/*`)."""

    name: str
    schema: Schema | None
    examples: tuple[Example, ...]
    encoding: Mapping[str, Mapping[str, Any]]
    pointer: str


@dataclass(frozen=True, slots=True)
class RequestBody:
    required: bool
    content: Mapping[str, MediaType]
    pointer: str


@dataclass(frozen=True, slots=True)
class Header:
    name: str
    required: bool
    schema: Schema | None
    explode: bool
    pointer: str


@dataclass(frozen=True, slots=True)
class ResponseSpec:
    """A documented response. `status` is `200`, `2XX` or `default`; `headers` are keyed by lower-case name."""

    status: str
    description: str
    headers: Mapping[str, Header]
    content: Mapping[str, MediaType]
    evidence: str
    pointer: str


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """`type` is apiKey, http, oauth2, openIdConnect or mutualTLS; `scheme` the HTTP scheme word (`bearer`).

    `name` and `location` say where an API key stands; `scopes` are all scopes that the flows declare. `bearer_format`
    is the document's word for what a bearer token looks like.
    """

    id: str
    type: str
    scheme: str
    name: str
    location: str
    scopes: Mapping[str, str]
    pointer: str
    bearer_format: str = ""


@dataclass(frozen=True, slots=True)
class SecurityRequirement:
    """Alternatives are OR-ed by the operation; inside one, every (scheme id, scopes) pair must hold."""

    schemes: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `security` is empty when the operation is open to all. `path` is the template as documented.

    `evidence` is documented, observed or assumed (`x-evidence`).
    """

    id: str
    method: str
    path: str
    summary: str
    tags: tuple[str, ...]
    deprecated: bool
    parameters: tuple[Parameter, ...]
    request_body: RequestBody | None
    responses: Mapping[str, ResponseSpec]
    security: tuple[SecurityRequirement, ...]
    evidence: str
    pointer: str

    def response_for(self, status: int) -> ResponseSpec | None:
        """The documented response for a status code: exact, then the range (`4XX`), then `default`."""
        responses = self.responses
        return responses.get(str(status)) or responses.get(f"{status // 100}XX") or responses.get("default")

    def documented_statuses(self) -> tuple[int, ...]:
        """The exact status codes that the document lists, ascending."""
        return tuple(sorted(int(status) for status in self.responses if status.isdigit()))


@dataclass(frozen=True, slots=True)
class Server:
    """`hosts` are the documented hosts in lower-case (server variables expanded over their enum), the first is the
    default; `base_path` starts with `/` and has no slash at the end (empty for the root)."""

    scheme: str
    hosts: tuple[str, ...]
    base_path: str


@dataclass(frozen=True, slots=True)
class Contract:
    """A whole document. `operations` and `webhooks` are keyed by operationId and by event name."""

    title: str
    version: str
    openapi: str
    description: str
    servers: tuple[Server, ...]
    operations: Mapping[str, Operation]
    webhooks: Mapping[str, Operation]
    security_schemes: Mapping[str, SecurityScheme]
    schemas: Mapping[str, Schema]
    file: str
    source: Mapping[str, Any] = field(repr=False)
