"""A golden case: requests in order and the exact answers, as `README.md` beside this file describes them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.engine.journal import Exchange
from mockserver.exceptions import did_you_mean
from mockserver.messages import Response
from mockserver.spec.loader import parse_yaml
from mockserver.state.clock import parse_duration, parse_time
from tests.golden.doors import Door, WireRequest

_ZOHO = {"Authorization": "Zoho-oauthtoken golden-token"}
#: Sent with every request to an API that ships, unless a step says otherwise (null: leave it out).
_HEADERS_OF = {"zoho-assist": _ZOHO, "zoho-lens": _ZOHO, "zoho-meeting": _ZOHO}
_START = "2025-01-15T12:00:00Z"
CASE_KEYS = {"title", "api", "spec", "clock", "seed", "settings", "strict", "body_limit", "headers", "steps"}
SPEC_KEYS = {"name", "openapi", "behaviour", "fixtures"}
_BODIES = {"json", "text", "base64"}
REQUEST_KEYS = {"request", "headers", "query", "expect", *_BODIES}
EXPECT_KEYS = {"status", "headers", "body", "text", "base64", "operation", "verdict", "violations", "warnings", "trace"}
ACTS = {"advance": set[str](), "reset": set[str](), "replace": {"api", "namespace"}, "state": {"api", "namespace"}}


class CaseError(Exception):
    """The case itself is wrong."""


@dataclass(frozen=True, slots=True)
class Step:
    """`kind` is request, advance, reset, replace or state; `given` is the step as it stands in the file."""

    number: int
    kind: str
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One file. `apis` are names of APIs that ship, `specs` are inline ones."""

    path: Path
    title: str
    apis: tuple[str, ...]
    specs: tuple[Mapping[str, Any], ...]
    headers: Mapping[str, str]
    options: Options
    steps: tuple[Step, ...]

    def engine(self, folder: Path) -> Engine:
        """A fresh engine for this case; inline specs are written into `folder`, settings go to the first API."""
        for spec in self.specs:
            _write_spec(spec, folder)
        with chdir(folder):  # so that messages name files in the same way everywhere
            return build_engine((*self.apis, *(f"./{_name(spec)}" for spec in self.specs)), self.options)

    @property
    def api(self) -> str:
        """The API that state steps mean when they name none."""
        return next(iter((*self.apis, *(_name(spec) for spec in self.specs))))


class Answered(NamedTuple):
    """What came of a request step: the answer through the door, and what a case may say of it."""

    step: Step
    response: Response
    observed: dict[str, Any]


def load_case(path: Path) -> Case:
    """Read a case. Raises CaseError, or SpecError when the file is not YAML."""
    data = parse_yaml(path.read_text("utf-8"), file=str(path))
    if not isinstance(data, dict):
        raise CaseError(f"{path}: a case is a mapping with title, api or spec, and steps")
    _only(data, CASE_KEYS, str(path))
    specs = _as_list(data.get("spec"))
    for spec in specs:
        _only(spec, SPEC_KEYS, f"{path}: spec")
    apis = tuple(_as_list(data.get("api")))
    if not (apis or specs) or not data.get("title") or not data.get("steps"):
        raise CaseError(f"{path}: a case has a title, steps, and an api that ships or a spec of its own")
    headers: dict[str, str] = {}
    for api in apis:
        headers |= _HEADERS_OF.get(api, {})
    headers |= data.get("headers", {})
    settings = {(*apis, *(_name(spec) for spec in specs))[0]: data["settings"]} if "settings" in data else {}
    options = Options(
        strict=data.get("strict", False),
        seed=data.get("seed", 0),
        body_limit=data.get("body_limit", Options().body_limit),
        settings=settings,
        start=parse_time(data.get("clock", _START)),
    )
    steps = tuple(_step(number, step, path) for number, step in enumerate(data["steps"], 1))
    return Case(path, data["title"], apis, tuple(specs), headers, options, steps)


def answers(case: Case, engine: Engine, door: Door) -> Iterator[Answered]:
    """Carry out the steps one by one; gives what came of each request, checks nothing of it.

    State steps check themselves. Raises AssertionError when the state is another.
    """
    for step in case.steps:
        if step.kind != "request":
            _act(case, engine, step)
            continue
        response = door.send(wire_request(case, step))
        exchange = engine.journal.since(engine.journal.last_seq - 1)[0]
        yield Answered(step, response, observed(response, exchange))


def check(case: Case, engine: Engine, door: Door) -> list[Response]:
    """Carry out a case and compare every answer. Raises AssertionError, which tells all that differs in the step."""
    responses = []
    for step, response, found in answers(case, engine, door):
        wrong = list(differences(step.given.get("expect", {}), found))
        if wrong:
            place = f"{case.path.name}, step {step.number}: {step.given['request']}"
            raise AssertionError("\n".join((f"{case.title}\n{place}", *wrong)))
        responses.append(response)
    return responses


def observed(response: Response, exchange: Exchange) -> dict[str, Any]:
    """An answer and its entry in the journal, in the form of `expect`."""
    found: dict[str, Any] = {"status": response.status, "headers": dict(response.headers)}
    if response.body:
        found |= _observed_body(response)
    found["operation"] = exchange.operation
    found["verdict"] = exchange.verdict
    found["violations"] = [f"{each.location} {each.pointer}".strip() for each in exchange.violations]
    found["warnings"] = [warning.rule for warning in exchange.warnings]
    found["trace"] = list(exchange.trace)
    return found


def differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    """What of `expected` is not as found, one text for each."""
    for name, value in expected.get("headers", {}).items():
        sent = {key.lower(): text for key, text in found["headers"].items()}.get(name.lower())
        if sent != value:
            yield _difference(f"header {name}", value, sent)
    for name in ("body", "text", "base64"):
        if _exact(expected.get(name, ...)) != _exact(found.get(name, ...)):
            yield _difference(name, expected.get(name, "(none)"), found.get(name, "(none)"))
    for name in ("status", "operation", "verdict", "violations", "warnings"):
        if name in expected and expected[name] != found[name]:
            yield _difference(name, expected[name], found[name])
            if name != "status":
                yield "  trace:    " + "\n            ".join(found["trace"])
    for part in expected.get("trace", ()):
        if not any(part in line for line in found["trace"]):
            yield _difference("trace", part, found["trace"])


def wire_request(case: Case, step: Step) -> WireRequest:
    """The request of a step as it goes over the wire."""
    given = step.given
    method, _, target = given["request"].partition(" ")
    if "query" in given:
        target += "?" + given["query"]["repeat"] * given["query"]["times"]
    body, content_type = b"", {}
    if "json" in given:
        body = json.dumps(given["json"], ensure_ascii=False, separators=(",", ":")).encode()
        content_type = {"Content-Type": "application/json"}
    elif "text" in given:
        body = given["text"].encode()
    elif "base64" in given:
        body = base64.b64decode(given["base64"])
    headers = {"Host": "localhost", **content_type, **case.headers}
    for name, value in given.get("headers", {}).items():
        headers = {key: held for key, held in headers.items() if key.lower() != name.lower()}
        if value is not None:
            headers[name] = value
    return WireRequest(method, target.strip(), headers, body)


def _act(case: Case, engine: Engine, step: Step) -> None:
    given = step.given[step.kind]
    api, namespace = step.given.get("api", case.api), step.given.get("namespace", "")
    if step.kind == "advance":
        engine.advance(parse_duration(given))
    elif step.kind == "reset":
        engine.reset()
    elif step.kind == "replace":
        for resource, records in given.items():
            engine.replace_state(api, resource, records, namespace)
    else:
        for resource, wanted in given.items():
            place = f"{case.path.name}, step {step.number}: state of {resource}"
            _check_state(place, wanted, engine.records(api, resource, namespace), engine.apis[api], resource)


def _check_state(place: str, wanted: Any, records: list[dict[str, Any]], api: Any, resource: str) -> None:
    """A number is how many there are; a list is all of them; a mapping gives some by key (null: not there)."""
    found: Any = records
    if isinstance(wanted, int):
        found = len(records)
    elif isinstance(wanted, dict):
        by_key = {record[api.behaviour.resources[resource].key]: record for record in records}
        found = {key: by_key.get(key) for key in wanted}
    if _exact(wanted) != _exact(found):
        raise AssertionError(f"{place}\n{_difference('records', wanted, found)}")


def _observed_body(response: Response) -> dict[str, Any]:
    content_type = (response.header("Content-Type") or "").partition(";")[0]
    try:
        text = response.body.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(response.body).decode()}
    return {"body": json.loads(text)} if content_type.endswith("json") else {"text": text}


def _exact(value: Any) -> str:
    """JSON values are the same when these are: 1, 1.0 and true differ, the order of keys does not count."""
    return "(none)" if value is ... else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _difference(what: str, expected: Any, found: Any) -> str:
    return f"- {what}\n  expected: {_shown(expected)}\n  found:    {_shown(found)}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _step(number: int, given: Any, path: Path) -> Step:
    place = f"{path}: step {number}"
    if not isinstance(given, dict):
        raise CaseError(f"{place} is a mapping")
    kinds = [kind for kind in ("request", *ACTS) if kind in given]
    if len(kinds) != 1:
        raise CaseError(f"{place} has one of request, {', '.join(ACTS)}")
    kind = kinds[0]
    if kind == "request":
        _only(given, REQUEST_KEYS, place)
        _only(given.get("expect") or {}, EXPECT_KEYS, f"{place}: expect")
        if len(_BODIES & given.keys()) > 1:
            raise CaseError(f"{place} has more than one body")
    else:
        _only(given, {kind, *ACTS[kind]}, place)
    return Step(number, kind, given)


def _only(given: Mapping[str, Any], known: set[str], place: str) -> None:
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known, f"known: {', '.join(sorted(known))}")
            raise CaseError(f"{place}: unknown key '{name}' ({hint})")


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _name(spec: Mapping[str, Any]) -> str:
    return str(spec.get("name", "demo"))


def _write_spec(spec: Mapping[str, Any], folder: Path) -> None:
    """The documents of an inline spec as a spec folder."""
    path = folder / _name(spec)
    path.mkdir()
    openapi = {"openapi": "3.1.0", "info": {"title": _name(spec), "version": "1"}, **spec["openapi"]}
    documents = {"openapi": openapi, "behaviour": spec.get("behaviour"), "fixtures/all": spec.get("fixtures")}
    for name, document in documents.items():
        if document is not None:
            file = path / f"{name}.json"
            file.parent.mkdir(exist_ok=True)
            file.write_text(json.dumps(document, indent=1), "utf-8")
