"""Which API, namespace and operation a request means: by prefix, by Host, by a path that one API alone has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.engine.journal import Exchange
from mockserver.messages import Request
from tests.mocks import START, answers, desk, write_spec


def document(servers: list[str], *paths: str) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "A", "version": "1"},
        "servers": [{"url": url} for url in servers],
        "paths": {path: {"get": {"operationId": f"op{at}", **answers({})}} for at, path in enumerate(paths)},
    }


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("specs")
    documents = {
        "one": document(["https://one.example/v1", "https://eu.one.example/v1"], "/things", "/shared", "/a/"),
        "two": document(["https://two.example", "https://both.example"], "/other", "/shared", "/twice"),
        "three": document(["https://both.example"], "/third", "/twice"),
    }
    paths = [write_spec(folder / name, {"openapi.json": each}) for name, each in documents.items()]
    return build_engine([str(path) for path in paths], Options(start=START))


def asked(engine: Engine, path: str, **headers: str) -> Exchange:
    named: Mapping[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}
    engine.handle(Request("GET", path, "", named))
    return engine.journal.since(0)[-1]


@pytest.mark.parametrize(
    ("path", "host", "api", "status"),
    [
        ("/one/v1/things", "localhost:4010", "one", 200),
        ("/one/things", "", "one", 404),
        ("/one/v1/things/", "", "one", 404),
        ("/one/v1/a/", "", "one", 200),
        ("/two/other", "", "two", 200),
        ("/two", "", "two", 404),
        ("/two/", "", "two", 404),
        ("/v1/things", "one.example", "one", 200),
        ("/v1/things", "EU.one.example:443", "one", 200),
        ("/other", "one.example", "one", 404),
        ("/two/other", "one.example", "one", 404),
        ("/other", "both.example", "two", 200),
        ("/third", "both.example", "three", 200),
        ("/v1/things", "", "one", 200),
        ("/other", "unheard.of", "two", 200),
        ("/shared", "", "two", 200),
        ("/nowhere", "", "", 404),
        ("/twice", "", "", 404),
        ("/three/twice", "", "three", 200),
        ("/", "", "", 404),
        ("/ONE/v1/things", "", "", 404),
        ("/one", "", "one", 404),
    ],
)
def test_the_api_that_is_meant(engine: Engine, path: str, host: str, api: str, status: int) -> None:
    exchange = asked(engine, path, **({"host": host} if host else {}))
    assert (exchange.api, exchange.response.status) == (api, status)


def test_where_no_api_is_meant_the_nearest_are_told(engine: Engine) -> None:
    exchange = asked(engine, "/othr")
    assert exchange.response.header("X-Mockserver-Problem") == "no-api"
    assert b"/two/other" in exchange.response.body
    assert "/two/other" in exchange.violations[0].hint


@pytest.mark.parametrize(
    ("path", "header", "namespace", "status"),
    [
        ("/two/other", None, "", 200),
        ("/two/other", "blue", "blue", 200),
        ("/@blue/two/other", None, "blue", 200),
        ("/@blue/two/other", "red", "blue", 200),
        ("/@blue/other", None, "blue", 200),
        ("/@/two/other", None, "", 200),
        ("/@blue", None, "blue", 404),
        ("/@ü m/two/other", None, "ü m", 200),
    ],
)
def test_the_namespace(engine: Engine, path: str, header: str | None, namespace: str, status: int) -> None:
    exchange = asked(engine, path, **({"x_mock_namespace": header} if header else {}))
    assert (exchange.namespace, exchange.response.status) == (namespace, status)


def test_the_host_decides_the_links(tmp_path: Path) -> None:
    rules = {"operations": {"op0": {"respond": {"body": {"url": "${{ server.url }}"}}}}}
    contract = document(["https://one.example", "https://eu.one.example"], "/it")
    folder = write_spec(tmp_path / "one", {"openapi.json": contract, "behaviour.json": rules})
    engine = build_engine([str(folder)], Options(start=START))
    assert asked(engine, "/one/it").response.body == b'{"url":"https://one.example"}'
    assert asked(engine, "/it", host="eu.one.example").response.body == b'{"url":"https://eu.one.example"}'
    assert asked(engine, "/one/it", host="evil.example").response.body == b'{"url":"https://one.example"}'


@pytest.mark.parametrize("path", ["/tickets/", "//tickets", "/tickets//T1", "/tickets/T1///"])
def test_slashes_are_forgiven_where_the_file_says_so(path: str) -> None:
    assert desk().call(f"GET {path}").status == 404
    mock = desk(("behaviour.yaml", "settings:\n", "requests: {slashes: either}\nsettings:\n"))
    answer = mock.call(f"GET {path}")
    assert (answer.status, answer.warnings) == (200, ["slashes"])
    assert mock.call("GET /tickets").warnings == []


class TestNearest:
    @pytest.mark.parametrize("prefix", ["/dessk", "//desk", "/DESK"])
    def test_a_wrong_prefix_is_told_and_the_rest_is_compared_inside_that_api(self, prefix: str) -> None:
        answer = desk().engine.handle(Request("GET", f"{prefix}/tickets"))
        nearest = json.loads(answer.body)["nearest"]
        assert nearest[0] == f"GET /desk/tickets (the prefix is /desk, not {prefix})"

    def test_no_reason_is_empty(self) -> None:
        api = desk().engine.apis["desk"]
        assert "begins with )" not in str(api.nearest("GET", "*"))

    @pytest.mark.parametrize(
        ("path", "said"),
        [
            ("/@a", "a namespace stands before the prefix of an API: /@a/<api>/<path>"),
            ("/@a/", "a namespace stands before the prefix of an API: /@a/<api>/<path>"),
            ("/@a/__admin/state/desk", "the admin API takes the namespace from a header: X-Mock-Namespace: a"),
        ],
    )
    def test_a_namespace_that_leads_nowhere(self, path: str, said: str) -> None:
        answer = desk().engine.handle(Request("GET", path))
        assert answer.status == 404
        assert json.loads(answer.body)["detail"].endswith(said)
