"""Runs the blocks of a documentation page: files are written, APIs served on a real socket, calls made, answers held
against what the page says.

    yaml title=FILE     a file, kept for the rest of the page
    yaml merge=FILE     a change to such a file, for the rest of the section: mappings are merged, `null` takes a key
                        away, anything else replaces
    yaml context        the names that the expressions below it see
    expressions         lines `expression -> result`; a result is JSON, or `error: MESSAGE`
    templates           lines `value -> result`: a YAML value with ${{ … }} in it
    http                a request, then what it is answered from the line `HTTP/1.1 …` on; headers that the page does
                        not name are not compared
    console             `$ mockserver …` and what it prints; `serve` gives the options of the calls below it
    python              run in the folder that holds the files

In a JSON answer the value "…" stands for any value, the key "…" for any further keys.
"""

from __future__ import annotations

import http.client
import json
import shlex
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from mockserver.behaviour.build import OPERATION_NAMES
from mockserver.behaviour.functions import DRAWS, FUNCTIONS, plain
from mockserver.behaviour.scope import OperationScope
from mockserver.behaviour.values import compile_value
from mockserver.cli.main import main
from mockserver.cli.serve import serve_command
from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.exceptions import ExpressionError
from mockserver.expressions import Expression, Language, compile_expression
from mockserver.spec.loader import parse_yaml
from mockserver.web.app import create_app
from mockserver.web.server import ThreadedServer
from tests.docs.blocks import Block, Section

START = datetime(2025, 1, 15, 12, tzinfo=UTC)
ANY = "…"


class Stage:
    """One section on stage: the files of the page so far, and the server when one is called.

    `folder` is the current directory, so that messages name files as a reader sees them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.options = Options(start=START)
        self.context: dict[str, Any] = {}
        self._engine: Engine | None = None
        self._stack = ExitStack()
        self._url = ("", 0)

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def play(self, section: Section) -> None:
        """Run a section. AssertionError names the block that does not do what the page says."""
        for block in section.inherited:
            if "title" in block.options or "context" in block.options:
                self.run(block)
        for block in section.blocks:
            self.run(block)

    def run(self, block: Block) -> None:
        if block.kind == "yaml" and "title" in block.options:
            self.write(block)
        elif block.kind == "yaml" and "merge" in block.options:
            self.merge(block)
        elif block.kind == "yaml" and "context" in block.options:
            self.context = parse_yaml(block.text, file=block.place)
        elif block.kind in ("expressions", "templates"):
            self.evaluate(block)
        elif block.kind == "http":
            self.call(block)
        elif block.kind == "console":
            self.type(block)
        elif block.kind == "python":
            exec(compile(block.text, block.place, "exec"), {})  # noqa: S102  # the example itself
        else:
            raise AssertionError(f"{block.place}: nobody runs a block `{block.kind} {dict(block.options)}`")

    # files

    def write(self, block: Block) -> None:
        path = self.folder / block.options["title"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)
        self.close()

    def merge(self, block: Block) -> None:
        path = self.folder / block.options["merge"]
        held = parse_yaml(path.read_text(), file=path.name)
        path.write_text(json.dumps(merged(held, parse_yaml(block.text, file=block.place))))
        self.close()

    # calls

    def close(self) -> None:
        self._stack.close()
        self._engine = None

    def engine(self) -> Engine:
        if self._engine is None:
            names = sorted(path.name for path in (self.folder / "specs").iterdir())
            self._engine = build_engine([f"specs/{name}" for name in names], self.options)  # as a reader calls it
            server = self._stack.enter_context(ThreadedServer(create_app(self._engine)))
            self._url = ("127.0.0.1", server.port)
        return self._engine

    def answer(self, text: str) -> tuple[int, dict[str, str], bytes]:
        """The answer to a request as a page writes it."""
        method, target, headers, body = parse_request(text)
        self.engine()
        connection = http.client.HTTPConnection(*self._url, timeout=10)
        try:
            connection.request(method, target, body.encode() or None, headers)
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    def call(self, block: Block) -> None:
        request, _, expected = block.text.partition("\nHTTP/1.1 ")
        assert expected, f"{block.place}: the answer is missing"
        status, headers, body = self.answer(request)
        said, _, said_body = f"HTTP/1.1 {expected}".partition("\n\n")
        first, *named = said.strip().split("\n")
        got = f"{block.place}: answered {status} {body.decode('utf-8', 'replace')}"
        assert first.split()[1] == str(status), got
        for line in named:
            name, _, value = line.partition(":")
            assert headers.get(name.strip().lower()) == value.strip(), f"{got}, {name}: {headers.get(name.lower())}"
        if "json" in headers.get("content-type", ""):
            shown = json.loads(said_body) if said_body.strip() else None
            assert fits(shown, json.loads(body)), got
        else:
            assert said_body.strip("\n") == body.decode().strip("\n"), got

    def type(self, block: Block) -> None:
        command, _, printed = block.text.removeprefix("$ ").partition("\n")
        program, *words = shlex.split(command)
        assert program == "mockserver", f"{block.place}: only mockserver is run"
        if words[0] == "serve":
            self.close()
            self.options = serve_options(words[1:])
            return
        if words[0] in ("token", "action"):
            self.engine()
        result = CliRunner().invoke(main, words, env={"MOCKSERVER_URL": "http://{}:{}".format(*self._url)})
        assert result.output == printed, f"{block.place}: printed\n{result.output}"

    # expressions

    def evaluate(self, block: Block) -> None:
        for line in block.text.strip().split("\n"):
            source, arrow, said = line.rpartition(" -> ")
            assert arrow, f"{block.place}: no result in {line}"
            try:
                result = json.dumps(self.value(source.strip(), block), ensure_ascii=False)
            except ExpressionError as error:
                result = f"error: {error_text(error)}"
            assert result == said.strip(), f"{block.place}: {source} -> {result}"

    def value(self, source: str, block: Block) -> Any:
        api = next(iter(self.engine().apis.values()))
        resources = frozenset(api.behaviour.resources)
        language = Language(resources | {*OPERATION_NAMES}, resources, FUNCTIONS, DRAWS)
        names = {"settings": api.settings, "server": api.server(""), **self.context}
        scope = OperationScope(api.space("").begin(), self.engine().clock, names)
        if block.kind == "expressions":
            return plain(compile_expression(source, language)(scope))

        def compiled(text: str, language: Language, pointer: str) -> Expression:
            return compile_expression(text, language)

        def complain(message: str, pointer: str, hint: str = "") -> None:
            raise ExpressionError(message)

        tree = parse_yaml(source, file=block.place)
        return compile_value(tree, language, "", compiled, complain).render(scope)


def error_text(error: ExpressionError) -> str:
    return str(error).partition(" failed: ")[2] or getattr(error, "message", str(error))


def serve_options(words: list[str]) -> Options:
    """The engine's options from the words after `mockserver serve`; the clock stands still unless they say when."""
    given = serve_command.make_context("serve", words).params
    settings: dict[str, dict[str, Any]] = {}
    for api, name, value in given["settings"]:
        settings.setdefault(api, {})[name] = value
    return Options(
        auth=given["auth"],
        strict=given["strict"],
        seed=given["seed"],
        body_limit=given["body_limit"],
        start=given["clock"] or START,
        settings=settings,
        rate_limits=not given["no_rate_limits"],
    )


def parse_request(text: str) -> tuple[str, str, dict[str, str], str]:
    """Method, target, headers and body of a request as a page writes it."""
    head, _, body = text.strip("\n").partition("\n\n")
    first, *lines = head.split("\n")
    method, target = first.split()
    headers = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return method, target, headers, body.strip("\n")


def merged(held: Any, change: Any) -> Any:
    """`held` with a change: mappings are merged, null takes a key away, anything else replaces."""
    if not isinstance(held, dict) or not isinstance(change, dict):
        return change
    result = {**held, **{key: merged(held.get(key), value) for key, value in change.items()}}
    return {key: value for key, value in result.items() if change.get(key, ANY) is not None}


def fits(said: Any, got: Any) -> bool:
    """Whether an answer is what the page shows."""
    if said == ANY:
        return True
    if isinstance(said, dict) and isinstance(got, dict):
        if ANY not in said and said.keys() != got.keys():
            return False
        return all(key == ANY or (key in got and fits(value, got[key])) for key, value in said.items())
    if isinstance(said, list) and isinstance(got, list):
        return len(said) == len(got) and all(map(fits, said, got))
    return type(said) is type(got) and bool(said == got)


def trees(blocks: Iterator[Block], ending: str) -> Iterator[Any]:
    """The YAML of all blocks that write or change a file whose name has this ending."""
    for block in blocks:
        if block.kind == "yaml" and (block.options.get("title") or block.options.get("merge", "")).endswith(ending):
            yield parse_yaml(block.text, file=block.place)


class ShippedStage(Stage):
    """A stage for APIs that ship."""

    def __init__(self, folder: Path, *apis: str) -> None:
        super().__init__(folder)
        self._apis = apis

    def engine(self) -> Engine:
        if self._engine is None:
            self._engine = build_engine(self._apis, self.options)
            server = self._stack.enter_context(ThreadedServer(create_app(self._engine)))
            self._url = ("127.0.0.1", server.port)
        return self._engine
