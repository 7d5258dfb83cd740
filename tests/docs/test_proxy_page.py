"""The page about the proxy: its programs are run behind one, its variables and answers are those that there are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockserver.engine.assembly import Options, build_engine
from mockserver.testing.proxy import Proxy
from mockserver.testing.proxy.wording import remarks
from tests.docs.blocks import ROOT, Block, read_page

PAGE = read_page(ROOT / "docs" / "proxy.md")
CONDITIONAL = {"NIX_SSL_CERT_FILE", "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"}


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    engine = build_engine(["zoho-assist"], Options())
    hosts = [host for api in engine.apis.values() for server in api.contract.servers for host in server.hosts]
    with Proxy(engine.handle, hosts, folder=tmp_path_factory.mktemp("trusted")) as proxy:
        yield proxy


def command(block: Block) -> list[str]:
    return [sys.executable] if block.kind == "python" else ["java", "-XX:TieredStopAtLevel=1"]


@pytest.mark.parametrize("block", [*PAGE.blocks("python"), *PAGE.blocks("java")], ids=lambda block: block.place)
def test_the_programs_reach_the_mock(proxy: Proxy, block: Block, tmp_path: Path) -> None:
    words = command(block)
    if shutil.which(words[0]) is None:
        pytest.skip(f"there is no {words[0]} here")
    program = tmp_path / block.options["title"]
    program.write_text(block.text)
    environment = {**os.environ, **proxy.environment}
    done = subprocess.run(
        [*words, str(program)], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == ("true\n" if block.kind == "java" else "200 tech_123\n"), done.stderr


def test_the_variables_are_those_that_are_set(proxy: Proxy) -> None:
    rows = PAGE.section("What the command is told").rows()
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    assert told - CONDITIONAL == proxy.environment.keys() - CONDITIONAL
    assert told >= CONDITIONAL


def test_the_refusal_is_as_it_is_shown(tmp_path: Path) -> None:
    request, shown = next(PAGE.blocks("sh")), next(PAGE.blocks("text"))
    assert "--proxy" in request.text
    with Proxy(lambda _: pytest.fail("the mock was called"), ["desk.example"], folder=tmp_path) as proxy:
        done = subprocess.run(
            ["curl", "-sSi", "http://metrics.example/"],
            env={**os.environ, **proxy.environment},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    assert re.sub(r"Content-Length: \d+\n", "", done.stdout) == shown.text


def test_what_a_report_says_is_explained() -> None:
    none: Counter[str] = Counter()
    one = Counter({"desk.example": 1})
    said = " ".join(text for each in ((none, none, none), (one, one, one)) for text in remarks(*each, ["desk.example"]))
    for phrase, _ in PAGE.section("When it does not work").rows():
        assert phrase in said, f"no report says '{phrase}'"
