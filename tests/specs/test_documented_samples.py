"""The calls that the vendors' documents show, as their clients put them on the wire, with nothing changed but the host.

They are written down as data. Placeholders for a token stand where the documents have them, since a credential of that
form is one to the mock; ids that a document leaves to its reader are those of the account that the mock starts with.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import requests

from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.web.app import create_app
from mockserver.web.server import ThreadedServer

TOKEN = {"Authorization": "Zoho-oauthtoken {access_token}"}
JSON = {**TOKEN, "Content-Type": "application/json"}
#: What the client libraries of the documents send by themselves.
AXIOS = {"Accept": "application/json, text/plain, */*", "User-Agent": "axios/1.7.9"}
ASSIST = "https://assist.zoho.com/api/v2"
MEETING = "https://meeting.zoho.com/meeting/api/v2/1234567/sdk/session/meet"


class Call(NamedTuple):
    """One call of a document. `{sessionId}` in its address is a session that waits; `shows` are keys of the answer."""

    method: str
    url: str
    headers: dict[str, str]
    body: Any
    status: int
    shows: tuple[str, ...]


NEW_SESSION = {
    "sessionType": "remote_support",
    "customerName": "John Doe",
    "customerEmail": "john@example.com",
    "sessionName": "Installation",
    "technicianId": "tech_123",
}
NEW_CUSTOMER = {
    "name": "John Doe",
    "email": "john@example.com",
    "phone": "+1 555 0100",
    "company": "Example",
    "notes": "Calls in the morning",
}
LATER = {
    "customerName": "John Doe",
    "customerEmail": "john@example.com",
    "technicianId": "tech_123",
    "scheduledTime": "2025-01-20T14:00:00Z",
    "duration": 1800,
    "sessionName": "Check-up",
}
LENS = {
    "mode": "SCHEDULE",
    "title": "Support Session",
    "notes": "Help with a device",
    "customer_email": "customer@example.com",
    "schedule_time": 1683038400000,
    "schedule_upto": 1683042000000,
    "utc_offset": "+05:30",
    "time_zone": "Asia/Kolkata",
    "reminder": 15,
    "department_id": 123456789,
}
PERIOD = "from_date=2025-01-01&to_date=2025-01-31&technicianId=tech_123"
SESSION = ("sessionId", "sessionKey", "sessionUrl", "sessionType", "status", "createdTime", "expiresIn")

CALLS = {
    "assist, JavaScript: create a session": Call(
        "POST", f"{ASSIST}/sessions", {**JSON, **AXIOS}, NEW_SESSION, 201, SESSION
    ),
    "assist, Python: list technicians": Call("GET", f"{ASSIST}/technicians", TOKEN, None, 200, ("technicians",)),
    "assist, JavaScript: add a customer": Call(
        "POST", f"{ASSIST}/customers", {**JSON, **AXIOS}, NEW_CUSTOMER, 201, ("customerId", "name")
    ),
    "assist, Python: list computers": Call("GET", f"{ASSIST}/computers", TOKEN, None, 200, ("computers",)),
    "assist, JavaScript: connect to a computer": Call(
        "POST", f"{ASSIST}/computers/comp_301/connect", {**JSON, **AXIOS}, {}, 200, SESSION
    ),
    "assist, JavaScript: report of sessions": Call(
        "GET", f"{ASSIST}/reports/sessions?{PERIOD}", {**TOKEN, **AXIOS}, None, 200, ("sessions", "summary")
    ),
    "assist, Python: files of a session": Call(
        "GET", f"{ASSIST}/sessions/{{sessionId}}/files", TOKEN, None, 200, ("files",)
    ),
    "assist, JavaScript: chat of a session": Call(
        "GET", f"{ASSIST}/sessions/{{sessionId}}/chat", {**TOKEN, **AXIOS}, None, 200, ("messages",)
    ),
    "assist, JavaScript: invite to a session": Call(
        "POST",
        f"{ASSIST}/sessions/{{sessionId}}/invite",
        {**JSON, **AXIOS},
        {"email": "john@example.com", "sendEmail": True},
        200,
        SESSION,
    ),
    "assist, Python: transfer a session": Call(
        "POST", f"{ASSIST}/sessions/{{sessionId}}/transfer", JSON, {"technicianId": "tech_124"}, 200, SESSION
    ),
    "assist, JavaScript: schedule a session": Call(
        "POST", f"{ASSIST}/sessions/schedule", {**JSON, **AXIOS}, LATER, 201, (*SESSION, "scheduledTime", "duration")
    ),
    "lens, curl: schedule a session": Call(
        "POST",
        "https://lens.zoho.com/api/v2/lens_session/schedule",
        JSON,
        LENS,
        200,
        ("representation", "resource_type"),
    ),
    "meeting: start a session": Call(
        "POST", MEETING, JSON, {"session": {"conferenceType": "audio"}}, 200, ("session",)
    ),
}


class Running(NamedTuple):
    engine: Engine
    server: ThreadedServer


@pytest.fixture(scope="module")
def _running() -> Iterator[Running]:
    engine = build_engine((), Options(start=datetime(2025, 1, 15, 12, tzinfo=UTC)))
    with ThreadedServer(create_app(engine)) as server:
        yield Running(engine, server)


@pytest.fixture
def running(_running: Running) -> Running:
    _running.engine.reset()
    return _running


def local(server: ThreadedServer, url: str) -> str:
    """The address with the host of the mock, and nothing else changed."""
    parts = urlsplit(url)
    if "{sessionId}" in url:
        made = requests.post(f"{server.url}/api/v2/sessions", json=NEW_SESSION, headers=TOKEN, timeout=10)
        parts = urlsplit(url.replace("{sessionId}", made.json()["sessionId"]))
    return f"{server.url}{parts.path}" + (f"?{parts.query}" if parts.query else "")


@pytest.mark.parametrize("name", CALLS)
def test_it_succeeds(running: Running, name: str) -> None:
    call = CALLS[name]
    body = None if call.body is None else json.dumps(call.body).encode()
    url = local(running.server, call.url)
    answer = requests.request(call.method, url, data=body, headers=call.headers, timeout=10)
    assert answer.status_code == call.status, answer.text
    assert set(call.shows) <= answer.json().keys()
    assert running.engine.journal.find()[-1].violations == []


@pytest.mark.parametrize("name", CALLS)
def test_it_succeeds_at_every_data_centre_and_links_carry_its_host(running: Running, name: str) -> None:
    call = CALLS[name]
    body = None if call.body is None else json.dumps(call.body).encode()
    documented = urlsplit(call.url).hostname or ""
    api = next(
        each
        for each in running.engine.apis.values()
        if any(documented in server.hosts for server in each.contract.servers)
    )
    hosts = [host for server in api.contract.servers for host in server.hosts]
    assert len(hosts) >= 4
    for host in hosts:
        url = local(running.server, call.url)
        answer = requests.request(call.method, url, data=body, headers={**call.headers, "Host": host}, timeout=10)
        assert answer.status_code == call.status, answer.text
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


def curl(*words: str) -> tuple[int, bytes]:
    """Status and body of what curl gets."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("there is no curl on this machine")
    command = [program, "--silent", "--max-time", "10", "--write-out", "\n%{http_code}", *words]
    done = subprocess.run(command, capture_output=True, check=True)
    body, _, status = done.stdout.rpartition(b"\n")
    return int(status), body


def test_curl_with_the_words_of_the_lens_document(running: Running) -> None:
    words = ["--location", "--request", "POST", local(running.server, CALLS["lens, curl: schedule a session"].url)]
    for name, value in JSON.items():
        words += ["--header", f"{name}: {value}"]
    status, body = curl(*words, "--data-raw", json.dumps(LENS, indent=2))
    assert status == 200, body
    made = json.loads(body)["representation"]
    assert made["statue"] == "ok"
    assert f"schedule_id={made['schedule_id']}" in made["customer_url"]


def test_curl_to_the_meeting_address_without_a_content_type_of_its_own(running: Running) -> None:
    """The document has an address and a body, and says POST: curl then calls the body a form."""
    words = ["-X", "POST", local(running.server, MEETING), "-H", "Authorization: Zoho-oauthtoken {access_token}"]
    status, body = curl(*words, "-d", '{"session": {"conferenceType": "audio"}}')
    assert status == 200, body
    assert json.loads(body)["session"]["meeting"] == {"zsoid": "1234567"}
