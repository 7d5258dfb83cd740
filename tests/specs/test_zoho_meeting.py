"""The shipped description of Zoho Meeting. What it answers stands in the golden cases `meeting-*`; here is what must
hold of every answer, and what only shows from outside of it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from mockserver.checks.lint import lint
from mockserver.engine.grants import Wanted
from mockserver.spec.catalog import shipped
from mockserver.spec.loader import load_document
from mockserver.web.app import create_app
from tests.mocks import START, Answer, Mock, serve

API = "zoho-meeting"
HOSTS = {
    f"meeting.{domain}"
    for domain in ("zoho.com", "zoho.eu", "zoho.in", "zoho.com.au", "zoho.jp", "zoho.com.cn", "zohocloud.ca", "zoho.sa")
} | {"meeting.zoho.uk", "meeting.zoho.ae"}
#: The keys of the documented answer in their order, each with its type.
KEYS: dict[str, type] = {
    "dialinUrl": str,
    "timezone": str,
    "departmentId": str,
    "addedParticipants": str,
    "webServer": str,
    "creatorZuid": str,
    "source": str,
    "endTimeMillisec": int,
    "encryptPwd": str,
    "duration": int,
    "sys_id": str,
    "accessCode": str,
    "sessionType": str,
    "startTime": str,
    "meeting": dict,
    "participants": list,
    "departmentName": str,
    "creator": str,
    "presenter": int,
    "offset": str,
    "isRecurring": bool,
    "joinLink": str,
    "agenda": str,
    "startLink": str,
    "UID": int,
    "startTimeMillisec": int,
    "topic": str,
    "endTime": str,
    "pwd": str,
    "meetingKey": str,
    "removedParticipants": str,
    "startDate": str,
}


@pytest.fixture
def meeting() -> Mock:
    return serve(API)


def start(mock: Mock, token: str = "any-token", org: str = "1234567", kind: str = "audio") -> Answer:
    path = f"/meeting/api/v2/{org}/sdk/session/meet"
    return mock.call(f"POST {path}", {"session": {"conferenceType": kind}}, authorization=f"Zoho-oauthtoken {token}")


def started(mock: Mock) -> dict[str, Any]:
    answer = start(mock)
    assert answer.status == 200, answer.response.body
    found: dict[str, Any] = answer.json["session"]
    return found


def error(answer: Answer) -> tuple[int, int, str]:
    """Status, code and message of a refusal."""
    assert set(answer.json) == {"error"}
    return answer.status, answer.json["error"]["code"], answer.json["error"]["message"]


def test_the_contract_is_valid_openapi() -> None:
    document = load_document(shipped()[API].openapi).data
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_lint_finds_nothing() -> None:
    assert lint(API) == []


def test_the_line_to_be_pasted_is_beyond_reproach() -> None:
    engine = serve(API, strict=True).engine
    assert engine.handle(engine.sample_request(API)).status == 200


def test_the_one_operation_and_its_statuses(meeting: Mock) -> None:
    (operation,) = meeting.engine.apis[API].contract.operations.values()
    assert (operation.method, operation.path) == ("POST", "/meeting/api/v2/{orgId}/sdk/session/meet")
    assert sorted(operation.responses) == ["200", "400", "401", "403", "404", "405", "429", "500"]
    assert {host for server in meeting.engine.apis[API].contract.servers for host in server.hosts} == HOSTS


def test_every_documented_key_is_there_in_its_order_and_type(meeting: Mock) -> None:
    assert len(KEYS) == 32
    session = started(meeting)
    assert list(session) == list(KEYS)
    assert {name: type(value) for name, value in session.items()} == KEYS
    operation = meeting.engine.apis[API].contract.operations["createInstantSession"]
    (example,) = operation.responses["200"].content["application/json"].examples
    assert {name: type(value) for name, value in example.value["session"].items()} == KEYS
    assert list(example.value["session"]) == list(KEYS)


def test_the_uid_is_exact_in_the_text(meeting: Mock) -> None:
    text = start(meeting).response.body.decode()
    found = re.search(r'"UID":(\d+),', text)
    assert found is not None
    assert f'"sys_id":"{found[1]}"' in text
    assert int(found[1]) > 2**53
    state = create_app(meeting.engine).test_client().get(f"/__admin/state/{API}/session").data.decode()
    assert f'"UID": {found[1]},' in state


@pytest.mark.parametrize("zone", ["Asia/Calcutta", "America/St_Johns", "Europe/Berlin", "UTC", "Asia/Dubai"])
@pytest.mark.parametrize("moment", [START, datetime(2024, 7, 1, 18, 35, 59, 250_000, tzinfo=UTC)])
def test_one_moment_in_all_its_formats(zone: str, moment: datetime) -> None:
    session = started(serve(API, start=moment, settings={API: {"timezone": zone, "duration": "PT45M"}}))
    begins, ends = session["startTimeMillisec"], session["endTimeMillisec"]
    assert begins == round(moment.timestamp() * 1000)
    assert ends - begins == session["duration"] == 45 * 60 * 1000
    assert session["timezone"] == zone
    local = moment.astimezone(ZoneInfo(zone))
    offset = local.utcoffset()
    assert offset is not None
    assert session["offset"] == str(round(offset.total_seconds() * 1000))
    for name, millis in (("startTime", begins), ("endTime", ends)):
        told, _, abbreviation = session[name].rpartition(" ")
        there = datetime.fromtimestamp(millis / 1000, ZoneInfo(zone))
        assert abbreviation == there.tzname()
        read = datetime.strptime(told, "%b %d, %Y %I:%M %p").replace(tzinfo=there.tzinfo)
        assert read == there.replace(second=0, microsecond=0)
    day, _, rest = session["startDate"].partition(",")
    month, number = day.split(" ")
    assert session["startTime"] == f"{month} {int(number):02d},{rest} {local.tzname()}"
    assert number == str(local.day)


def test_what_is_told_twice_agrees(meeting: Mock) -> None:
    seen = set()
    for _ in range(20):
        session = started(meeting)
        key = session["meetingKey"]
        assert re.fullmatch(r"\d{10}", key)
        assert session["accessCode"] == f"{key[:5]} {key[5:]} #"
        assert str(session["presenter"]) == session["creator"] == session["creatorZuid"]
        assert str(session["UID"]) == session["sys_id"]
        assert session["meeting"] == {"zsoid": "1234567"}
        assert session["participants"] == json.loads(session["addedParticipants"]) == []
        link = urlsplit(session["startLink"])
        assert link.netloc == session["webServer"] == "meeting.zoho.com"
        query = parse_qsl(link.query, strict_parsing=True)
        assert [name for name, _ in query] == ["signature", "key", "frameOrigin"]
        assert dict(query)["key"] == key
        assert dict(query)["frameOrigin"] == "https://app.example.com"
        seen |= {key, session["sys_id"], session["joinLink"], session["pwd"], session["encryptPwd"]}
    assert len(seen) == 20 * 5


@pytest.mark.parametrize("department", ["556536000000025015", "299031000000000411", "1234"])
def test_ids_are_wide_and_begin_as_the_department_does(department: str) -> None:
    mock = serve(API, settings={API: {"department_id": department}})
    found = {started(mock)["sys_id"] for _ in range(50)}
    assert len(found) == 50
    for each in found:
        assert re.fullmatch(rf"{department[:9]}[1-9]\d*", each)
        assert len(each) == 18
    varying = [{each[at] for each in found} for at in range(9, 18)]
    assert all(len(digits) > 5 for digits in varying)


@pytest.mark.parametrize("field", ["sys_id", "meetingKey"])
def test_an_id_that_a_meeting_has_is_given_to_no_other(meeting: Mock, field: str) -> None:
    drawn = started(meeting)
    (held,) = meeting.records("session")
    meeting.engine.reset()
    assert started(meeting)[field] == drawn[field]
    meeting.engine.reset()
    other = {"sys_id": "1", "meetingKey": "1000000000", "pwd": "other", field: held[field]}
    meeting.engine.replace_state(API, "session", [{**held, **other}])
    session = started(meeting)
    assert session[field] != drawn[field]
    key = session["meetingKey"]
    assert session["accessCode"] == f"{key[:5]} {key[5:]} #"
    assert len({record[field] for record in meeting.records("session")}) == 2


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("body", [{"conferenceType": "audio"}, {}, {"session": None}, {"Session": {}}])
def test_without_the_wrapper_it_is_refused(strict: bool, body: dict[str, Any]) -> None:
    mock = serve(API, strict=strict)
    header = "Zoho-oauthtoken any-token"
    answer = mock.call("POST /meeting/api/v2/1234567/sdk/session/meet", body, authorization=header)
    assert error(answer) == (400, 4000, "Invalid parameters")
    assert mock.records("session") == []


class TestTokens:
    @pytest.mark.parametrize("user", ["71158042", "1", "9" * 18])
    def test_the_user_of_one_that_was_issued_started_the_meeting(self, meeting: Mock, user: str) -> None:
        token = meeting.engine.issue_token(API, Wanted(user=user))["access_token"]
        session = start(meeting, token).json["session"]
        assert (session["creatorZuid"], session["creator"], session["presenter"]) == (user, user, int(user))
        assert f'"presenter":{user},' in start(meeting, token).response.body.decode()

    @pytest.mark.parametrize("user", ["", "ada@example.com", "12a", "007", "9" * 19, "\u0663"])
    def test_without_a_user_id_it_is_the_one_of_the_setting(self, user: str) -> None:
        mock = serve(API, settings={API: {"zuid": "60099999"}})
        token = mock.engine.issue_token(API, Wanted(user=user))["access_token"]
        session = start(mock, token).json["session"]
        assert (session["creatorZuid"], session["creator"], session["presenter"]) == ("60099999", "60099999", 60099999)

    def test_what_a_call_without_one_is_told_is_assumed(self, meeting: Mock) -> None:
        line = "POST /meeting/api/v2/1234567/sdk/session/meet"
        answer = meeting.call(line, {"session": {"conferenceType": "audio"}}, authorization=None)
        assert error(answer) == (400, 2000, "INVALID_OAUTHTOKEN")
        assert answer.exchange.trace[-1].endswith(", assumed)")

    def test_one_of_the_organisation_is_good(self, meeting: Mock) -> None:
        token = meeting.engine.issue_token(API, Wanted(organisation="1234567"))["access_token"]
        assert start(meeting, token).status == 200

    def test_one_of_another_organisation_is_refused(self, meeting: Mock) -> None:
        token = meeting.engine.issue_token(API, Wanted(organisation="77994516"))["access_token"]
        answer = start(meeting, token)
        assert (answer.status, answer.json["error"]["code"]) == (403, 1025)
        assert list(answer.json) == ["error", "resourceType"]
        assert answer.json["resourceType"] == "/meeting/api/v2/1234567/sdk/session/meet"
        assert "caller.organisation == path.orgId" in answer.exchange.trace[-1]
        assert meeting.records("session") == []

    def test_without_the_scope_it_is_refused(self, meeting: Mock) -> None:
        token = meeting.engine.issue_token(API, Wanted(scopes=()))["access_token"]
        assert error(start(meeting, token)) == (401, 2000, "INVALID_OAUTHSCOPE")

    def test_one_that_has_expired_is_refused(self, meeting: Mock) -> None:
        token = meeting.engine.issue_token(API, Wanted(expires_in=0))["access_token"]
        assert error(start(meeting, token)) == (400, 2000, "INVALID_OAUTHTOKEN")

    def test_one_that_nobody_issued_is_refused_when_only_issued_ones_count(self) -> None:
        assert error(start(serve(API, auth="strict"))) == (400, 2000, "INVALID_OAUTHTOKEN")
