"""A call of an operation that succeeds: what the documents show, with ids that the state really holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from mockserver.behaviour.declared import OperationRules
from mockserver.behaviour.values import Value
from mockserver.contract.model import MediaType, Operation, Parameter
from mockserver.contract.parameters import write_parameter
from mockserver.engine.api import Api
from mockserver.engine.json_text import dumps
from mockserver.examples import NoExample, example_of, sample
from mockserver.exceptions import ExpressionError
from mockserver.messages import Request
from mockserver.state.samples import Draws
from mockserver.state.store import State
from mockserver.state.table import Table

_MOST = 200  # calls that are thought of for one operation
_FORM = "application/x-www-form-urlencoded"


def likely_calls(api: Api, operation: Operation) -> Iterator[Request]:
    """Requests for `operation` without a credential, the likeliest to succeed first; at least one, at most 200.

    They go to the documented host; where there is none, to the path with the prefix of the API."""
    return islice(_calls(api, operation), _MOST)


def _calls(api: Api, operation: Operation) -> Iterator[Request]:
    state = api.start_state()
    server = next(iter(api.contract.servers), None)
    host = {"host": server.hosts[0]} if server is not None and server.hosts else {}
    base = ("" if host else f"/{api.name}") + (server.base_path if server is not None else "")
    query = "&".join(
        write_parameter(parameter, _shown(parameter, state))
        for parameter in operation.parameters
        if parameter.location == "query" and parameter.required
    )
    headers = {
        parameter.name: write_parameter(parameter, _shown(parameter, state))
        for parameter in operation.parameters
        if parameter.location == "header" and parameter.required
    }
    for values in _paths(api, operation, state):
        path = operation.path
        for name, value in values.items():
            path = path.replace(f"{{{name}}}", str(value))
        for content_type, body in _bodies(operation):
            sent = {**host, **headers, **({"content-type": content_type} if content_type else {})}
            yield Request(operation.method, f"{base}{path}", query, sent, body, "https" if host else "http")


def _bodies(operation: Operation) -> Iterator[tuple[str, bytes]]:
    """Every example of every media type, with its Content-Type; without any, a value of the first schema."""
    found = False
    for media in operation.request_body.content.values() if operation.request_body else ():
        for value in _values(media):
            body = _written(media, value)
            if body is not None:
                found = True
                yield media.name, body
    if not found:
        yield "", b""


def _values(media: MediaType) -> Iterator[Any]:
    if media.examples:
        yield from (example.value for example in media.examples)
        return
    try:
        yield example_of(media, Draws(media.pointer))
    except NoExample:
        return


def _written(media: MediaType, value: Any) -> bytes | None:
    if media.name.endswith("json"):
        return dumps(value)
    if media.name == _FORM and isinstance(value, Mapping):
        return urlencode(value, doseq=True).encode()
    return value.encode() if isinstance(value, str) else None


def _paths(api: Api, operation: Operation, state: State) -> Iterator[Mapping[str, Any]]:
    """Values for the path parameters: as documented, then those of records that the rules would find."""
    parameters = [each for each in operation.parameters if each.location == "path"]
    documented = {each.name: value for each in parameters if (value := _documented(each)) is not None}
    if len(documented) == len(parameters):
        yield documented
        if not parameters:
            return
    # Operations of one path mean the same by its parameters, and not every one of them says by its key what they are.
    alike = [each for each in api.contract.operations.values() if each.path == operation.path and each is not operation]
    for each in (operation, *alike):
        rules = api.behaviour.operations.get(each.id)
        for found in _found(rules, [each.name for each in parameters], state) if rules is not None else ():
            yield {each.name: found.get(each.name, documented.get(each.name)) for each in parameters}
    if len(documented) < len(parameters):
        yield {each.name: _shown(each, state) for each in parameters}


def _found(rules: OperationRules, names: list[str], state: State) -> Iterator[dict[str, Any]]:
    """By path parameter, what leads to one record after another of the resource that the rules look up; only such as
    leave no parameter open."""
    keys = [(rules.resource, rules.key)] if rules.key is not None else []
    keys += [rules.within] if rules.within is not None else []
    if not keys:
        return
    (resource, key), *rest = keys
    table = state.tables[resource]
    for record in table:
        values = _read_back(key, names, record[table.spec.key])
        if values is None:
            continue
        values = {**{name: record[name] for name in names if name in record}, **values}
        for other, outer in rest if values.keys() < set(names) else ():
            values = {**_leading(outer, names, state.tables[other], values), **values}
        if values.keys() >= set(names):
            yield values


def _leading(key: Value, names: list[str], table: Table, known: Mapping[str, Any]) -> dict[str, Any]:
    """The path parameters that lead to the first record of `table` that fits what is known of them."""
    for record in table:
        values = _read_back(key, names, record[table.spec.key])
        if values and all(known.get(name, text) == text for name, text in values.items()):
            return values
    return {}


def _read_back(key: Value, names: list[str], text: Any) -> dict[str, Any] | None:
    """The path parameters of which `key` makes `text`; None when it makes it of something else."""
    holes = {name: f"\x00{at}\x00" for at, name in enumerate(names)}
    try:
        shape = key.render({"path": holes})
    except (ExpressionError, KeyError):
        return None
    if not isinstance(shape, str) or "\x00" not in shape:
        return None
    pattern = re.sub("\x00([0-9]+)\x00", r"(?P<_\1>.+)", re.escape(shape))
    match = re.fullmatch(pattern, str(text))
    return None if match is None else {names[int(at[1:])]: value for at, value in match.groupdict().items()}


def _shown(parameter: Parameter, state: State) -> Any:
    """A value for a parameter: the documented one, one that some record has in a field of that name, or any."""
    found = _documented(parameter)
    if found is not None:
        return found
    for table in state.tables.values():
        record = next(iter(table), None)
        if record is not None and isinstance(record.get(parameter.name), (str, int)):
            return record[parameter.name]
    try:
        return sample(parameter.schema, Draws(parameter.pointer)) if parameter.schema is not None else parameter.name
    except NoExample:
        return parameter.name


def _documented(parameter: Parameter) -> Any:
    """The example that stands beside the schema of a parameter, or in it; None when there is none."""
    if parameter.schema is None:
        return None
    node = parameter.schema.document.data
    for token in parameter.pointer.split("/")[1:]:
        node = node[int(token) if isinstance(node, list) else token.replace("~1", "/").replace("~0", "~")]
    if "example" in node:
        return node["example"]
    return next((each.get("value") for each in node.get("examples", {}).values()), None) or (
        parameter.schema.data.get("example") if isinstance(parameter.schema.data, dict) else None
    )
