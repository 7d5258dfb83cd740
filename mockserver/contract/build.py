"""A document -> the contract as values. All faults of a document are found in one go."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from mockserver.contract.build_operations import OperationBuilder
from mockserver.contract.builder import Builder, Node
from mockserver.contract.draft import Draft, sound_parts
from mockserver.contract.model import Contract, Operation, SecurityScheme, Server
from mockserver.contract.problems import contract_problems
from mockserver.contract.schemas import Schema, SchemaSet
from mockserver.exceptions import SpecError, did_you_mean
from mockserver.spec.loader import Document
from mockserver.spec.references import Library, join
from mockserver.spec.versions import version_of

__all__ = ["Draft", "build_contract", "contract_problems", "draft_contract"]

_SCHEME_TYPES = ("apiKey", "http", "oauth2", "openIdConnect", "mutualTLS")
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_MOST_HOSTS = 100  # variables multiply; nobody documents more hosts than this


def build_contract(document: Document, library: Library) -> Contract:
    """The contract of an OpenAPI document that `library` has loaded. SpecError with every problem that was found."""
    draft = draft_contract(document, library)
    if draft.problems:
        raise SpecError(draft.problems)
    return draft.contract


def draft_contract(document: Document, library: Library) -> Draft:
    """What can be used of an OpenAPI document, and what is wrong with the rest. SpecError when it is none at all."""
    version = version_of(document)
    schemas = SchemaSet(library, version.to_2020_12)
    builder = Builder(library, schemas)
    builder.check_references()
    root = builder.root(document)
    schemes = {name: _security_scheme(name, node) for name, node in root.child("components").entries("securitySchemes")}
    security = OperationBuilder(schemes, (), version=version.name).security(root)
    operations = OperationBuilder(schemes, security, version=version.name)
    info = root.child("info")
    if not isinstance(info.data, dict):
        root.problem("the document has no `info`")
    places: dict[str, Node] = {}
    contract = Contract(
        title=info.text("title"),
        version=info.text("version"),
        openapi=version.name,
        description=info.text("description"),
        servers=tuple(_servers(root)),
        operations=_operations(root, operations, version.name, places),
        webhooks=_webhooks(root, operations),
        security_schemes=schemes,
        schemas=_component_schemas(root, schemas),
        file=document.file,
        source=document.data,
    )
    problems = builder.problems
    return sound_parts(contract, problems, root, places, library) if problems else Draft(contract)


def _operations(root: Node, builder: OperationBuilder, version: str, places: dict[str, Node]) -> dict[str, Operation]:
    """The operations by id; `places` takes up where each stands."""
    built: dict[str, Operation] = {}
    shapes: dict[str, str] = {}
    if root.get("paths") is None and (version == "3.0" or root.get("webhooks") is None):
        root.problem("the document has no `paths`")
    for path, item in root.entries("paths", extensible=True):
        if not path.startswith("/"):
            root.problem(f"the path '{path}' does not start with a slash", "paths", path, at_key=True)
        if not _check_template(root, path):
            continue
        shape = _VARIABLE.sub("{}", path)
        if shape in shapes:
            message = f"the path '{path}' is the same as '{shapes[shape]}' but for the names of its parameters"
            root.problem(message, "paths", path, at_key=True)
        shapes.setdefault(shape, path)
        for operation, node in builder.operations(item, path):
            if operation.id in built:
                _report_duplicate(node, operation.id, built[operation.id], places[operation.id])
            else:
                built[operation.id] = operation
                places[operation.id] = node
    return built


def _report_duplicate(node: Node, identity: str, first: Operation, where: Node) -> None:
    line = where.document.locate(where.pointer, at_key=True)[0]
    place = f"{first.method} {first.path} in {where.document.file}:{line}"
    if node.get("operationId") is None:
        message = f"the operation has no operationId, and the generated '{identity}' is taken by {place}"
        node.problem(message, at_key=True, hint="give it an operationId")
    else:
        node.problem(f"the operationId '{identity}' is already taken by {place}", "operationId")


def _check_template(root: Node, path: str) -> bool:
    rest = _VARIABLE.sub("", path)
    if "{" in rest or "}" in rest:
        root.problem(f"the braces of the path '{path}' do not match", "paths", path, at_key=True)
        return False
    names = _VARIABLE.findall(path)
    if "" in names:
        root.problem(f"a parameter of the path '{path}' has no name", "paths", path, at_key=True)
        return False
    for name in sorted({name for name in names if names.count(name) > 1}):
        root.problem(f"the path '{path}' names the parameter '{name}' twice", "paths", path, at_key=True)
    return True


def _webhooks(root: Node, builder: OperationBuilder) -> dict[str, Operation]:
    built: dict[str, Operation] = {}
    for name, item in root.entries("webhooks"):
        operations = builder.operations(item, name, is_webhook=True)
        if operations:
            built[name] = operations[0][0]
        if len(operations) > 1:
            item.problem(f"the webhook '{name}' has more than one operation", at_key=True)
    return built


def _component_schemas(root: Node, schemas: SchemaSet) -> dict[str, Schema]:
    parts = root.child("components", "schemas").data
    if not isinstance(parts, dict):
        return {}
    return {name: schemas.at(root.document, join("", "components", "schemas", name)) for name in parts}


def _security_scheme(name: str, node: Node) -> SecurityScheme:
    kind = node.text("type")
    if kind not in _SCHEME_TYPES:
        hint = did_you_mean(kind, _SCHEME_TYPES, f"one of {', '.join(_SCHEME_TYPES)}")
        node.problem(f"the security scheme '{name}' has the unknown type '{kind}'", "type", hint=hint)
    if kind == "apiKey" and (not node.text("name") or node.get("in") not in ("query", "header", "cookie")):
        node.problem(f"the API key '{name}' needs a name and an `in` of query, header or cookie")
    if kind == "http" and not node.text("scheme"):
        node.problem(f"the security scheme '{name}' needs a `scheme` such as bearer or basic")
    scopes: dict[str, str] = {}
    for _, flow in node.entries("flows", extensible=True):
        declared = flow.get("scopes")
        if isinstance(declared, dict):
            scopes.update({scope: str(text) for scope, text in declared.items()})
    return SecurityScheme(
        id=name,
        type=kind,
        scheme=node.text("scheme").lower(),
        name=node.text("name"),
        location=node.text("in"),
        scopes=scopes,
        pointer=node.pointer,
        bearer_format=node.text("bearerFormat"),
    )


def _servers(root: Node) -> Iterator[Server]:
    found = False
    for node in root.elements("servers"):
        url = node.get("url")
        if not isinstance(url, str):
            node.problem("a server needs a url")
            continue
        found = True
        yield _server(node, url)
    if not found:
        yield Server("", (), "")


def _server(node: Node, url: str) -> Server:
    variables = node.child("variables")
    defaults: dict[str, str] = {}
    choices: dict[str, list[str]] = {}
    for name in _VARIABLE.findall(url):
        variable = variables.child(name)
        if not isinstance(variable.data, dict) or "default" not in variable.data:
            node.problem(f"the server variable '{name}' has no default", "url")
        defaults[name] = variable.text("default")
        listed = variable.get("enum")
        others = [str(item) for item in listed] if isinstance(listed, list) else []
        choices[name] = list(dict.fromkeys([defaults[name], *others]))
    before, _, rest = url.partition("://") if "://" in url else ("", "", url)
    authority = rest.partition("/")[0] if before else ""
    names = list(dict.fromkeys(_VARIABLE.findall(authority)))
    hosts: dict[str, None] = {}
    for values in itertools.islice(itertools.product(*(choices[name] for name in names)), _MOST_HOSTS):
        hosts[_host(_fill(authority, dict(zip(names, values, strict=True))))] = None
    path = urlsplit(_fill(rest[len(authority) :], defaults)).path.strip("/")
    return Server(_fill(before, defaults).lower(), tuple(host for host in hosts if host), f"/{path}" if path else "")


def _host(authority: str) -> str:
    host = authority.rpartition("@")[2].lower()
    return host.rpartition(":")[0] if re.search(r":[0-9]*\Z", host) else host


def _fill(text: str, values: dict[str, Any]) -> str:
    return _VARIABLE.sub(lambda found: str(values.get(found[1], found[0])), text)
