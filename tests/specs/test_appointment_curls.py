"""The curl calls of the Appointments document, with everything in them that the document leaves to its reader.

`tests/data/appointments/curls.yaml` holds them as they stand. Ids are those of the appointment that the fixtures begin
with, `API_KEY` is a token of each role that may call, a body that a curl lacks is an example of the contract.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.engine.grants import Wanted
from mockserver.spec.loader import load_document
from mockserver.web.app import create_app
from mockserver.web.server import ThreadedServer

API = "auvious-appointments"
CURLS: list[dict[str, Any]] = load_document(Path(__file__).parents[1] / "data" / "appointments" / "curls.yaml").data[
    "curls"
]
BY_LINE = {f"line {curl['line']}: {curl['operation']}": curl for curl in CURLS}
CALLS = {f"{name}, {caller}": (curl, caller) for name, curl in BY_LINE.items() for caller in curl["caller"]}
#: The appointment of the document, its customer, and who may see it.
APPOINTMENT = "f46f165d-383a-4432-9a3e-9c805a152e0c"
CUSTOMER = "2460b086-8d27-4cd3-a7ef-cdc8b4c17f0c"
CONFERENCE = "3a6f1d08-92be-4c57-a0d3-e48b75c91f26"
ORGANISATION = "mypurecloud.de_9da4d7e6-38c4-4a90-be39-0942f9843645"
USERS = {
    "ROLE_AGENT": "36c1r718-9ab5-48c9-aeab-fas5f37b0ec4",
    "ROLE_SUPERVISOR": "b7f0a3c4-29d6-4e58-a1c7-58e2d40f9b63",
    "ROLE_CUSTOMER": CUSTOMER,
    "ROLE_CLIENT_SERVICE": "c4f8a1d0",
}
OTP = "user@provider.net:482913"


class Running(NamedTuple):
    engine: Engine
    server: ThreadedServer


@pytest.fixture(scope="module")
def _running() -> Iterator[Running]:
    engine = build_engine([API], Options(start=datetime(2025, 1, 15, 12, tzinfo=UTC)))
    with ThreadedServer(create_app(engine)) as server:
        yield Running(engine, server)


@pytest.fixture
def running(_running: Running) -> Running:
    _running.engine.reset()
    return _running


@pytest.mark.parametrize("name", CALLS)
def test_it_answers_what_the_document_says(running: Running, name: str) -> None:
    curl, caller = CALLS[name]
    answer = send(running, curl, authorization(running, caller))
    assert answer.status_code == curl["success"], answer.text
    exchange = running.engine.journal.find()[-1]
    assert (exchange.operation, exchange.violations) == (curl["operation"], [])
    assert answer.status_code == 204 or answer.json() is not None


@pytest.mark.parametrize("name", BY_LINE)
def test_as_it_stands_it_is_refused_as_documented_or_needs_nothing(running: Running, name: str) -> None:
    """No token, or a placeholder that is none, or no body: each curl alone is documented to fail, but for the two that
    everybody may call."""
    curl = BY_LINE[name]
    answer = send(running, {**curl, "sends": {}}, curl["headers"].get("Authorization"))
    assert answer.status_code in curl["statuses"]
    assert answer.status_code == (200 if curl["caller"] == ["anonymous"] else 401)


def test_the_counts_of_the_document_find_what_was_scheduled(running: Running) -> None:
    by_line = {curl["operation"]: curl for curl in CURLS}
    token = authorization(running, "ROLE_AGENT")
    for _ in range(2):
        assert send(running, by_line["scheduleAppointment"], token).status_code == 200
    assert send(running, by_line["countAppointments"], None).json() == [
        {
            "count": 2,
            "duration": "PT5M",
            "start": "2022-01-31T19:00:00Z",
            "end": "2022-01-31T19:05:00Z",
            "timezone": "Europe/Berlin",
        }
    ]
    assert send(running, by_line["countOverlappingAppointments"], None).json() == {"count": 2}


def test_every_operation_of_the_document_is_called(running: Running) -> None:
    operations = set(running.engine.apis[API].contract.operations)
    assert operations - {curl["operation"] for curl in CURLS} == {"issueToken"}
    assert len(CURLS) == 23


def authorization(running: Running, caller: str) -> str | None:
    """What stands instead of the placeholder: a token of this role, contact and one-time password, or nothing."""
    if caller == "otp":
        return "Basic " + b64encode(OTP.encode()).decode()
    if caller == "anonymous":
        return None
    claims = {"conference_id": CONFERENCE} if caller == "ROLE_CUSTOMER" else {}
    wanted = Wanted(roles=(caller,), user=USERS[caller], organisation=ORGANISATION, claims=claims)
    return str(running.engine.issue_token(API, wanted)["access_token"])


def send(running: Running, curl: dict[str, Any], authorization: str | None) -> requests.Response:
    """The call on the host of the mock, with what the curl needs beside what it shows."""
    sends = curl.get("sends", {})
    path = curl["path"].replace("{id}", APPOINTMENT).replace("{participantId}", CUSTOMER)
    query = "&".join(f"{name}={value}" for name, value in {**curl.get("query", {}), **sends.get("query", {})}.items())
    headers = {name: value for name, value in curl["headers"].items() if name != "Authorization"}
    if authorization is not None:
        headers["Authorization"] = authorization
    examples = running.engine.apis[API].contract.source["components"]["examples"]
    body = json.dumps(examples[sends["body"]]["value"]).encode() if "body" in sends else None
    url = f"{running.server.url}{path}" + (f"?{query}" if query else "")
    return requests.request(curl["method"], url, data=body, headers=headers, timeout=10)
