"""A mock in a few lines: a spec folder with something changed in it, an engine with a frozen clock, and calls."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.engine.journal import Exchange
from mockserver.exceptions import Problem, SpecError
from mockserver.messages import Request, Response

#: A small API of our own: tickets with notes, every verb, a timer, a deprecated operation without behaviour.
DESK = Path(__file__).parent / "data" / "desk"
START = datetime(2025, 1, 15, 12, tzinfo=UTC)
_NO_BODY: Any = object()


class Answer(NamedTuple):
    """A response, and how the journal judges the exchange."""

    response: Response
    exchange: Exchange

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def json(self) -> Any:
        return json.loads(self.response.body)

    @property
    def warnings(self) -> list[str]:
        return [warning.rule for warning in self.exchange.warnings]

    @property
    def violations(self) -> list[str]:
        return [f"{found.location} {found.pointer}".strip() for found in self.exchange.violations]


class Mock:
    """An engine that serves one API. Calls carry a credential unless they say `authorization=None`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.name = next(iter(engine.apis))

    def call(
        self,
        line: str,
        json: Any = _NO_BODY,
        *,
        body: bytes = b"",
        headers: Mapping[str, str | None] | None = None,
        **named: str | None,
    ) -> Answer:
        """`call("POST /tickets", {"title": "x"})`: the path without the prefix of the API.

        Headers by their name or as keywords; None takes one away.
        """
        method, _, target = line.partition(" ")
        path, _, query = target.partition("?")
        sent: dict[str, str | None] = {"authorization": "Bearer test", **(headers or {})}
        sent |= {name.replace("_", "-"): value for name, value in named.items()}
        if json is not _NO_BODY:
            body = _dumps(json)
            sent.setdefault("content-type", "application/json")
        kept = {name: value for name, value in sent.items() if value is not None}
        response = self.engine.handle(Request(method, f"/{self.name}{path}", query, kept, body))
        return Answer(response, self.engine.journal.since(0)[-1])

    def records(self, resource: str, namespace: str = "") -> list[dict[str, Any]]:
        return self.engine.records(self.name, resource, namespace)


def _dumps(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def write_spec(folder: Path, files: Mapping[str, Any]) -> Path:
    """Files (texts, or values as JSON) beneath `folder`."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), "utf-8")
    return folder


def desk_folder(into: Path, *changes: tuple[str, str, str]) -> Path:
    """A copy of the desk API in `into`, each change a file, a text that stands in it, and what stands there instead."""
    folder = into / "desk"
    shutil.copytree(DESK, folder, dirs_exist_ok=True)
    for name, old, new in changes:
        text = (folder / name).read_text("utf-8")
        assert old in text, f"{old!r} does not stand in {name}"
        (folder / name).write_text(text.replace(old, new, 1), "utf-8")
    return folder


@contextmanager
def _cache_off() -> Iterator[None]:
    before = os.environ.get("MOCKSERVER_CACHE")
    os.environ["MOCKSERVER_CACHE"] = "off"
    try:
        yield
    finally:
        del os.environ["MOCKSERVER_CACHE"]
        if before is not None:
            os.environ["MOCKSERVER_CACHE"] = before


def serve(folder: Path | str, **options: Any) -> Mock:
    """The mock of a folder, frozen at `START` unless told otherwise."""
    with _cache_off():
        return Mock(build_engine([str(folder)], Options(**{"start": START, **options})))


def desk(*changes: tuple[str, str, str], **options: Any) -> Mock:
    """The desk API with changes (see `desk_folder`); everything that it needs is loaded."""
    with TemporaryDirectory() as folder:
        return serve(desk_folder(Path(folder), *changes), **options)


def one_operation(operation: Mapping[str, Any], rules: Mapping[str, Any] | None = None, **more: Any) -> Mock:
    """`GET /it` as described, with its rules; `behaviour`, `paths`, `servers`, `components`, `fixtures` add to the
    files."""
    paths = {"/it": {"get": {"operationId": "it", **operation}}, **more.pop("paths", {})}
    behaviour = {**more.pop("behaviour", {})}
    if rules is not None:
        behaviour["operations"] = {"it": rules, **behaviour.get("operations", {})}
    document = {"openapi": "3.1.0", "info": {"title": "It", "version": "1"}, "paths": paths}
    if "servers" in more:
        document["servers"] = more.pop("servers")
    files: dict[str, Any] = {"openapi.json": {**document, "components": more.pop("components", {})}}
    if behaviour:
        files["behaviour.json"] = behaviour
    if fixtures := more.pop("fixtures", None):
        files["fixtures/it.json"] = fixtures
    with TemporaryDirectory() as folder:
        return serve(write_spec(Path(folder) / "it", files), **more)


def answers(schema: Any, **more: Any) -> dict[str, Any]:
    """An operation that answers 200 with `schema` in JSON."""
    content = {"application/json": {"schema": schema}}
    return {"responses": {"200": {"description": "ok", "content": content}}, **more}


def value_of(expression: Any, schema: Any = True, **more: Any) -> Any:
    """What a value of a behaviour file becomes, seen in an answer."""
    answer = one_operation(answers(schema), {"respond": {"body": {"value": expression}}}, **more).call("GET /it")
    assert answer.status == 200, answer.response.body
    return answer.json["value"]


def problems_of(folder: Path, **options: Any) -> list[Problem]:
    """What building an engine reports; at least one problem."""
    try:
        serve(folder, **options)
    except SpecError as error:
        return list(error.problems)
    raise AssertionError("nothing was wrong with it")


def line_of(file: Path, text: str) -> int:
    """The line, from 1, on which `text` stands first."""
    lines = file.read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)
