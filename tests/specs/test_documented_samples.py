"""The calls of `samples.py` succeed with nothing changed but the host, and for a session the id of one that is there.

They go to the application in a thread, at a frozen moment, and to a `mockserver serve` of its own by the clock of the
machine. There the samples in curl and Python run through curl and requests as they are written. Those in JavaScript are
written for axios, which is not installed here: node's own fetch sends the same method, address, headers and JSON.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.web.app import create_app
from mockserver.web.server import ThreadedServer
from tests.served import Served, surroundings
from tests.specs.samples import NEW_SESSION, SAMPLES, TOKEN, Sample

FETCH = """
if (typeof fetch === "undefined") process.exit(3);
const call = JSON.parse(require("fs").readFileSync(0, "utf8"));
const body = call.body === null ? undefined : JSON.stringify(call.body);
fetch(call.url, {method: call.method, headers: call.headers, body})
  .then(async (answer) => console.log(JSON.stringify([answer.status, await answer.text()])));
"""


@pytest.fixture(scope="module")
def engine() -> Engine:
    return build_engine((), Options(start=datetime(2025, 1, 15, 12, tzinfo=UTC)))


@pytest.fixture(scope="module")
def _threaded(engine: Engine) -> Iterator[str]:
    with ThreadedServer(create_app(engine)) as server:
        yield server.url


@pytest.fixture(scope="module")
def _served() -> Iterator[str]:
    process = Served([], surroundings())
    try:
        yield process.url
    finally:
        process.close()


@pytest.fixture
def threaded(_threaded: str) -> str:
    """The address of the application in a thread, its state as at the start."""
    return reset(_threaded)


@pytest.fixture
def served(_served: str) -> str:
    """The address of the process, its state as at the start."""
    return reset(_served)


def reset(url: str) -> str:
    assert requests.post(f"{url}/__admin/reset", timeout=10).status_code == 200
    return url


def local(base: str, sample: Sample) -> str:
    """The address of a sample with the host of the mock, and the id of a session where it wants one."""
    url = sample.url
    if "{sessionId}" in url:
        made = requests.post(f"{base}/api/v2/sessions", json=NEW_SESSION, headers=TOKEN, timeout=10)
        url = url.replace("{sessionId}", made.json()["sessionId"])
    parts = urlsplit(url)
    return f"{base}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def succeeded(base: str, sample: Sample, status: int, answer: str) -> None:
    """The answer is the one that is wanted, and the journal finds no violation in the request."""
    assert status == sample.status, answer
    if sample.shows:
        assert set(sample.shows) <= json.loads(answer).keys()
    last = requests.get(f"{base}/__admin/requests", timeout=10).json()["requests"][-1]
    assert last["verdict"] in ("ok", "warning")
    assert last["violations"] == []
    assert last["request"]["method"] == sample.method


def of(*clients: str) -> list[str]:
    return [name for name, sample in SAMPLES.items() if sample.client in clients]


@pytest.mark.parametrize("door", ["threaded", "served"])
@pytest.mark.parametrize("name", SAMPLES)
def test_its_bytes_succeed(request: pytest.FixtureRequest, door: str, name: str) -> None:
    base, sample = request.getfixturevalue(door), SAMPLES[name]
    url = local(base, sample)
    answer = requests.request(sample.method, url, data=sample.sent, headers=sample.sent_headers, timeout=10)
    succeeded(base, sample, answer.status_code, answer.text)


@pytest.mark.parametrize("name", of("python"))
def test_python_as_it_is_written(served: str, name: str) -> None:
    sample = SAMPLES[name]
    url, headers, data = local(served, sample), sample.headers, sample.body
    if sample.method == "GET":
        response = requests.get(url, headers=headers, timeout=10)
    else:
        response = requests.post(url, json=data, headers=headers, timeout=10)
    succeeded(served, sample, response.status_code, response.text)


@pytest.mark.parametrize("name", of("javascript"))
def test_javascript_by_fetch(served: str, name: str) -> None:
    program = shutil.which("node")
    if program is None:
        pytest.skip("there is no node on this machine")
    sample = SAMPLES[name]
    call = {"url": local(served, sample), "method": sample.method, "headers": sample.sent_headers, "body": sample.body}
    done = subprocess.run([program, "-e", FETCH], input=json.dumps(call), capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip("this node has no fetch")
    assert done.returncode == 0, done.stderr
    succeeded(served, sample, *json.loads(done.stdout))


def curl(*words: str) -> tuple[int, str]:
    """Status and body of what curl gets."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("there is no curl on this machine")
    command = [program, "--silent", "--max-time", "10", "--write-out", "\n%{http_code}", *words]
    done = subprocess.run(command, capture_output=True, check=True)
    body, _, status = done.stdout.decode().rpartition("\n")
    return int(status), body


def test_curl_with_the_words_of_the_lens_document(served: str) -> None:
    sample = SAMPLES["lens, schedule a session"]
    words = ["--location", "--request", "POST", local(served, sample)]
    for name, value in sample.headers.items():
        words += ["--header", f"{name}: {value}"]
    status, body = curl(*words, "--data-raw", json.dumps(sample.body, indent=2))
    succeeded(served, sample, status, body)
    made = json.loads(body)["representation"]
    assert made["statue"] == "ok"
    assert f"schedule_id={made['schedule_id']}" in made["customer_url"]


def test_curl_to_the_meeting_address_without_a_content_type_of_its_own(served: str) -> None:
    """The document has an address and a body, and says POST: curl then calls the body a form."""
    sample = SAMPLES["meeting, start a session"]
    words = ["-X", "POST", local(served, sample), "-H", f"Authorization: {sample.headers['Authorization']}"]
    status, body = curl(*words, "-d", json.dumps(sample.body))
    succeeded(served, sample, status, body)
    assert json.loads(body)["session"]["meeting"] == {"zsoid": "1234567"}


@pytest.mark.parametrize("name", SAMPLES)
def test_it_succeeds_at_every_data_centre_and_links_carry_its_host(engine: Engine, threaded: str, name: str) -> None:
    sample = SAMPLES[name]
    documented = urlsplit(sample.url).hostname
    (hosts,) = (
        found
        for api in engine.apis.values()
        if documented in (found := [host for server in api.contract.servers for host in server.hosts])
    )
    assert len(set(hosts)) >= 10
    for host in hosts:
        headers = {**sample.sent_headers, "Host": host}
        url = local(threaded, sample)
        answer = requests.request(sample.method, url, data=sample.sent, headers=headers, timeout=10)
        succeeded(threaded, sample, answer.status_code, answer.text)
        if sample.shows:
            domain = host.partition(".")[2]
            for link in _links(answer.json()):
                assert (urlsplit(link).hostname or "").endswith(f".{domain}"), link


def _links(value: Any, key: str = "") -> Iterator[str]:
    """All addresses in an answer that lead to the API's own service; a page of the vendor's help is none."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _links(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _links(item, key)
    elif isinstance(value, str) and value.startswith("https://") and key != "dialinUrl":
        yield value
