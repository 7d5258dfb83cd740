"""Programs that know nothing of the mock, in their own process: the environment is all that they are given."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.testing.proxy import Proxy
from tests.mocks import DESK

HERE = Path(__file__).parent
URL = "https://desk.example/status"
ANSWER = '{"level":"green"}'
CLIENTS = ("requests", "httpx", "httpx-async", "urllib", "aiohttp")


@pytest.fixture(scope="module")
def engine() -> Engine:
    return build_engine([str(DESK)], Options())


@pytest.fixture
def proxy(engine: Engine, tmp_path: Path) -> Iterator[Proxy]:
    engine.reset()
    hosts = [host for api in engine.apis.values() for server in api.contract.servers for host in server.hosts]
    with Proxy(engine.handle, hosts, folder=tmp_path) as proxy:
        yield proxy


def run(proxy: Proxy, *command: str, trusting: bool = True) -> subprocess.CompletedProcess[str]:
    own = proxy.environment if trusting else {"HTTPS_PROXY": proxy.url}
    outer = {name: value for name, value in os.environ.items() if trusting or not name.endswith(("CERT_FILE", "CERTS"))}
    return subprocess.run(
        command, env={**outer, **own}, capture_output=True, text=True, check=False, timeout=60, cwd=HERE
    )


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"there is no {program} here")


def test_python(proxy: Proxy, engine: Engine) -> None:
    done = run(proxy, sys.executable, "client.py", URL)
    assert done.stdout == "".join(f"{name} {ANSWER}\n" for name in CLIENTS), done.stderr
    assert [each.operation for each in engine.journal.since(0)] == ["getStatus"] * len(CLIENTS)
    assert proxy.asked == {"desk.example": len(CLIENTS)}


@needs("curl")
@pytest.mark.parametrize("options", [[], ["--http2"], ["--http1.0"], ["-H", "Expect: 100-continue", "--compressed"]])
def test_curl(proxy: Proxy, options: list[str]) -> None:
    done = run(proxy, "curl", "-sS", *options, "-H", "Authorization: Bearer test", URL, URL)
    assert done.stdout == ANSWER * 2, done.stderr


@needs("curl")
def test_curl_by_http_and_with_a_body(proxy: Proxy, engine: Engine) -> None:
    header = ("-H", "Authorization: Bearer test", "-H", "Content-Type: application/json")
    chunked = ("-H", "Transfer-Encoding: chunked")
    for url, more in (("http://desk.example/tickets", ()), ("https://desk.example/tickets", chunked)):
        done = run(proxy, "curl", "-sSf", *header, *more, "-d", '{"title": "by curl"}', url)
        assert '"title":"by curl"' in done.stdout, done.stderr
    assert [each.request.scheme for each in engine.journal.since(0)] == ["http", "https"]
    done = run(proxy, "curl", "-sS", "-I", *header, URL)
    assert done.stdout.startswith("HTTP/1.1 200 Connection established\n\nHTTP/1.1 200 OK\n"), done.stderr


@needs("curl")
def test_curl_that_trusts_others_alone_or_calls_others(proxy: Proxy) -> None:
    done = run(proxy, "curl", "-sS", URL, trusting=False)
    assert "certificate" in done.stderr
    done = run(proxy, "curl", "-sS", "https://metrics.example/")
    assert "403" in done.stderr
    proxy.stop()
    assert proxy.untrusted == {"desk.example": 1}
    assert proxy.refused == {"metrics.example": 1}


@needs("node")
def test_node(proxy: Proxy) -> None:
    done = run(proxy, "node", "client.js", URL)
    assert done.stdout == ANSWER, done.stderr
    assert proxy.untrusted == {}


@needs("node")
def test_node_that_does_not_trust_the_proxy(proxy: Proxy) -> None:
    done = run(proxy, "node", "client.js", URL, trusting=False)
    assert "UNABLE_TO_VERIFY_LEAF_SIGNATURE" in done.stderr or "SELF_SIGNED" in done.stderr, done.stderr
    proxy.stop()
    assert proxy.untrusted == {"desk.example": 1}


@needs("java")
def test_java(proxy: Proxy) -> None:
    done = run(proxy, "java", "-XX:TieredStopAtLevel=1", "Client.java", URL)
    assert done.stdout == f"{ANSWER}\n{ANSWER}\n", done.stderr
