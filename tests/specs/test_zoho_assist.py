"""The shipped description of Zoho Assist: complete, valid, and true to what the vendor's document shows."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from mockserver.checks.lint import lint
from mockserver.contract.model import Operation
from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.messages import Request, Response
from mockserver.spec.catalog import shipped
from mockserver.spec.loader import load_document
from mockserver.state.clock import parse_time

API = "zoho-assist"
DATA = Path(__file__).resolve().parents[1] / "data" / API
START = datetime(2025, 1, 15, 12, tzinfo=UTC)
with (DATA / "operations.csv").open() as file:
    OPERATIONS = [(row["method"], row["path"], row["success"]) for row in csv.DictReader(file)]
DOMAINS = ("zoho.com", "zoho.eu", "zoho.in", "zoho.com.au", "zoho.jp", "zoho.com.cn", "zohocloud.ca")
HOSTS = [f"assist.{domain}" for domain in (*DOMAINS, "zoho.sa", "zoho.uk", "zoho.ae")]
ERRORS = ["400", "401", "403", "404", "409", "429"]
#: The four operations whose answer the document shows.
SAMPLES = {
    "createSession": ("201", "create-session"),
    "listTechnicians": ("200", "list-technicians"),
    "reportSessions": ("200", "report-sessions"),
    "getChat": ("200", "get-chat"),
}
IDS = {"sessionId": "1234567890", "fileId": "file_6", "techId": "tech_123", "customerId": "cust_101"}


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The specs are parsed once per run, and the cache of whoever runs the tests stays as it is."""
    monkeypatch.setenv("MOCKSERVER_CACHE", str(tmp_path_factory.getbasetemp() / "specs"))


@pytest.fixture
def engine() -> Engine:
    """Without quotas: some tests look at more records than a minute has calls."""
    return build_engine([API], Options(start=START, rate_limits=False))


def _call(engine: Engine, method: str, path: str, prefer: str = "") -> Response:
    headers = {"authorization": "Zoho-oauthtoken some-token", **({"prefer": prefer} if prefer else {})}
    return engine.handle(Request(method, f"/{API}{path}", "", headers))


def _operation(engine: Engine, method: str, path: str) -> Operation:
    operations = engine.apis[API].contract.operations.values()
    return next(each for each in operations if (each.method, each.path) == (method, path))


def _get(engine: Engine, path: str) -> Any:
    response = _call(engine, "GET", f"/api/v2/{path}")
    assert response.status == 200, response.body
    return json.loads(response.body)


def test_the_contract_is_valid_openapi() -> None:
    document = load_document(shipped()[API].openapi).data
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_lint_finds_nothing() -> None:
    assert lint(API) == []


def test_the_29_operations_are_there_and_no_other(engine: Engine) -> None:
    described = [(each.method, each.path) for each in engine.apis[API].contract.operations.values()]
    assert len(OPERATIONS) == 29
    assert sorted(described) == sorted((method, path) for method, path, _ in OPERATIONS)
    assert set(engine.apis[API].behaviour.operations) == set(engine.apis[API].contract.operations)


def test_the_hosts_are_those_of_all_data_centres(engine: Engine) -> None:
    assert {host for server in engine.apis[API].contract.servers for host in server.hosts} == set(HOSTS)


@pytest.mark.parametrize("host", HOSTS)
def test_every_data_centre_is_called_by_its_host(engine: Engine, host: str) -> None:
    headers = {"authorization": "Zoho-oauthtoken some-token", "host": host}
    response = engine.handle(Request("GET", "/api/v2/sessions/1234567890", "", headers))
    assert json.loads(response.body)["sessionUrl"] == f"https://{host}/join/123-456-789"


@pytest.mark.parametrize(("method", "path", "success"), OPERATIONS)
def test_every_operation_documents_its_success_and_every_error(
    engine: Engine, method: str, path: str, success: str
) -> None:
    assert sorted(_operation(engine, method, path).responses) == [success, *ERRORS]


@pytest.mark.parametrize(("method", "path", "success"), OPERATIONS)
def test_every_operation_answers_each_of_its_documented_statuses(
    engine: Engine, method: str, path: str, success: str
) -> None:
    path = re.sub(r"\{(\w+)\}", lambda match: IDS.get(match[1], "comp_301"), path)
    before = engine.state(API)
    for status in (success, *ERRORS):
        response = _call(engine, method, path, f"code={status}")
        assert response.status == int(status), response.body
        assert response.header("X-Mockserver-Problem") is None
        if status in ERRORS:
            assert set(json.loads(response.body)) == {"error"}
    assert engine.state(API) == before


@pytest.mark.parametrize(("method", "path", "success"), OPERATIONS)
def test_every_operation_wants_a_credential(engine: Engine, method: str, path: str, success: str) -> None:
    before = engine.state(API)
    response = engine.handle(Request(method, f"/{API}{path}"))
    assert (response.status, json.loads(response.body)["error"]["code"]) == (401, 2000)
    assert engine.state(API) == before


@pytest.mark.parametrize(("operation", "status", "sample"), [(name, *rest) for name, rest in SAMPLES.items()])
def test_a_documented_sample_keeps_the_contract(engine: Engine, operation: str, status: str, sample: str) -> None:
    value = json.loads((DATA / f"{sample}.json").read_text("utf-8"))
    media = engine.apis[API].contract.operations[operation].responses[status].content["application/json"]
    assert media.schema is not None
    assert media.schema.explain(value, direction="response", location="body") == []
    assert media.schema.is_valid(value, direction="response")
    _same_keys(value, media.examples[0].value)


def test_only_answers_with_a_sample_are_called_documented(engine: Engine) -> None:
    found = {
        each.id
        for each in engine.apis[API].contract.operations.values()
        for status, response in each.responses.items()
        if status.startswith("2") and response.evidence == "documented"
    }
    assert found == set(SAMPLES)


def test_fields_are_answered_in_the_order_of_the_samples(engine: Engine) -> None:
    report = json.loads((DATA / "report-sessions.json").read_text("utf-8"))
    technicians = json.loads((DATA / "list-technicians.json").read_text("utf-8"))
    assert list(_get(engine, "reports/sessions")["sessions"][0]) == list(report["sessions"][0])
    assert list(_get(engine, "reports/sessions")["summary"]) == list(report["summary"])
    assert list(_get(engine, "technicians")["technicians"][0]) == list(technicians["technicians"][0])


class TestFixtures:
    """The account that the mock starts with. Whatever is read here has passed the contract's check of answers."""

    def test_it_has_the_size_of_a_real_account(self, engine: Engine) -> None:
        sizes = {name: len(records) for name, records in engine.state(API).items()}
        assert (sizes["technician"], sizes["customer"], sizes["computer"], sizes["session"]) == (12, 30, 20, 60)
        chatted = {message["sessionId"] for message in engine.state(API)["message"]}
        sent = {file["sessionId"] for file in engine.state(API)["file"]}
        assert len(chatted) >= 15
        assert len(sent) >= 10

    def test_every_record_can_be_read_and_keeps_its_schema(self, engine: Engine) -> None:
        for resource in ("technician", "customer", "computer", "session"):
            listed = _get(engine, f"{resource}s")[f"{resource}s"]
            for item in listed:
                assert _get(engine, f"{resource}s/{item[f'{resource}Id']}") == item
        for session in _get(engine, "sessions")["sessions"]:
            for part in ("details", "files", "chat"):
                _get(engine, f"sessions/{session['sessionId']}/{part}")

    def test_the_first_session_and_its_chat_are_the_documented_ones(self, engine: Engine) -> None:
        sample = json.loads((DATA / "report-sessions.json").read_text("utf-8"))["sessions"][0]
        details = _get(engine, "sessions/1234567890/details")
        assert {**details, "chatMessages": 25} == sample
        assert _get(engine, "sessions/1234567890/chat") == json.loads((DATA / "get-chat.json").read_text("utf-8"))

    def test_what_records_name_exists(self, engine: Engine) -> None:
        state = engine.state(API)
        keys = {name: {record[f"{name}Id"] for record in records} for name, records in state.items()}
        names = {customer["email"]: customer["name"] for customer in state["customer"]}
        for session in state["session"]:
            assert session["technicianId"] in keys["technician"]
            assert names[session["customerEmail"]] == session["customerName"]
            assert session.get("computerId", "comp_301") in keys["computer"]
        for record in (*state["message"], *state["file"]):
            assert record["sessionId"] in keys["session"]
        for computer in state["computer"]:
            assert computer["customerId"] in keys["customer"]

    def test_join_keys_are_unique_and_of_the_documented_form(self, engine: Engine) -> None:
        keys = [session["sessionKey"] for session in engine.state(API)["session"]]
        assert len(set(keys)) == len(keys)
        assert all(re.fullmatch(r"\d{3}-\d{3}-\d{3}", key) for key in keys)

    def test_times_fit_the_status(self, engine: Engine) -> None:
        sessions = engine.state(API)["session"]
        assert {session["status"] for session in sessions} == {"completed", "active", "waiting", "expired"}
        for session in sessions:
            _times_fit(session)

    def test_nothing_happens_in_the_future(self, engine: Engine) -> None:
        times = [record["timestamp"] for record in engine.state(API)["message"]]
        times += [record["transferredTime"] for record in engine.state(API)["file"] if "transferredTime" in record]
        assert max(map(parse_time, times)) <= START


def _times_fit(session: Mapping[str, Any]) -> None:
    start, created = parse_time(session["startTime"]), parse_time(session["createdTime"])
    assert created <= start <= START
    if session["status"] == "completed":
        assert (parse_time(session["endTime"]) - start).total_seconds() == session["duration"]
        return
    assert "endTime" not in session
    assert "duration" not in session
    waits_from = parse_time(session.get("scheduledTime") or session["createdTime"])
    over = (START - waits_from).total_seconds() >= session["expiresIn"]
    assert session["status"] == "active" or over == (session["status"] == "expired")


def _same_keys(one: Any, other: Any) -> None:
    """The example in the contract has the fields of the document's sample, in its order."""
    if isinstance(one, dict):
        assert list(one) == list(other)
        for name in one:
            _same_keys(one[name], other[name])
    elif isinstance(one, list):
        assert type(other) is list
        for left, right in zip(one, other, strict=False):
            _same_keys(left, right)


@pytest.mark.parametrize(
    "moment",
    [
        9223372036854775807,
        221845392000000,
        -1,
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_a_time_that_no_calendar_has_is_the_clients_fault(engine: Engine, moment: Any) -> None:
    assert _schedule(engine, {"scheduledTime": moment, "duration": 9223372036854775807}).status == 400


@pytest.mark.parametrize("moment", [221845391999999, "8999-12-31T23:59:59-23:59", "1000-01-01T00:00:00+23:59", 0])
def test_a_far_time_is_a_time(engine: Engine, moment: Any) -> None:
    assert _schedule(engine, {"scheduledTime": moment, "duration": 9223372036854775807}).status == 201


class TestQuotas:
    """50 calls a minute and 5,000 a day for an organisation, as the document says."""

    def test_burst(self) -> None:
        engine = build_engine([API], Options(start=START))
        answers = [_call(engine, "GET", "/api/v2/technicians") for _ in range(51)]
        assert [answer.status for answer in answers] == [200] * 50 + [429]
        assert answers[-1].header("retry-after") == "60"
        assert json.loads(answers[-1].body) == {"error": {"code": 4000, "message": "Rate limit exceeded"}}
        engine.advance(timedelta(minutes=1))
        assert _call(engine, "GET", "/api/v2/technicians").status == 200

    def test_day(self) -> None:
        engine = build_engine([API], Options(start=START))
        for _ in range(100):
            assert {_call(engine, "GET", "/api/v2/technicians").status for _ in range(50)} == {200}
            engine.advance(timedelta(minutes=1))
        refused = _call(engine, "GET", "/api/v2/technicians")
        assert (refused.status, refused.header("retry-after")) == (429, str((24 * 60 - 100) * 60))
        engine.advance(timedelta(minutes=24 * 60 - 100))
        assert _call(engine, "GET", "/api/v2/technicians").status == 200


def test_at_the_end_of_the_calendar_sessions_live_on() -> None:
    engine = build_engine([API], Options(start=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)))
    assert _schedule(engine, {}).status == 201


def _schedule(engine: Engine, body: Any) -> Response:
    headers = {"authorization": "Zoho-oauthtoken x", "content-type": "application/json"}
    path = f"/{API}/api/v2/sessions/schedule"
    return engine.handle(Request("POST", path, "", headers, json.dumps(body).encode()))
