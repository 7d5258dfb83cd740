"""The shipped description of Zoho Lens. What it answers stands in the golden cases `lens-*`; here is what must hold of
every answer, and what only shows from outside of it."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from mockserver.checks.lint import lint
from mockserver.engine.grants import Wanted
from mockserver.spec.catalog import shipped
from mockserver.spec.loader import load_document
from mockserver.web.app import create_app
from tests.mocks import Answer, Mock, serve

API = "zoho-lens"
SCHEDULE = "POST /api/v2/lens_session/schedule"
HOSTS = {
    f"lens.{domain}"
    for domain in ("zoho.com", "zoho.eu", "zoho.in", "zoho.com.au", "zoho.jp", "zoho.com.cn", "zohocloud.ca", "zoho.sa")
} | {"lens.zoho.uk", "lens.zoho.ae"}
#: In the future of `tests.mocks.START`.
BODY = {
    "mode": "SCHEDULE",
    "title": "Pump in the basement",
    "customer_email": "ada@example.com",
    "schedule_time": 1737009000000,
    "schedule_upto": 1737012600000,
    "utc_offset": "+05:30",
    "time_zone": "Asia/Kolkata",
    "reminder": 15,
    "department_id": 123456789,
}


@pytest.fixture
def lens() -> Mock:
    return serve(API)


def schedule(mock: Mock, token: str = "any-token", **changes: Any) -> Answer:
    return mock.call(SCHEDULE, {**BODY, **changes}, authorization=f"Zoho-oauthtoken {token}")


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


def test_the_one_operation_and_its_statuses(lens: Mock) -> None:
    (operation,) = lens.engine.apis[API].contract.operations.values()
    assert (operation.method, operation.path) == ("POST", "/api/v2/lens_session/schedule")
    assert sorted(operation.responses) == ["200", "400", "401", "404", "405", "429", "500"]
    assert {host for server in lens.engine.apis[API].contract.servers for host in server.hosts} == HOSTS


def test_links_agree_with_each_other_and_with_the_id(lens: Mock) -> None:
    seen = set()
    for _ in range(20):
        answer = schedule(lens)
        assert list(answer.json) == ["representation", "resource_type"]
        made = answer.json["representation"]
        assert list(made) == ["statue", "schedule_id", "technician_url", "customer_url"]
        assert re.fullmatch(r"215\d{16}", made["schedule_id"])
        links = [urlsplit(made[name]) for name in ("technician_url", "customer_url")]
        assert {link.path for link in links} == {"/lens-schedule"}
        parts = [parse_qsl(link.query, strict_parsing=True) for link in links]
        for part, role in zip(parts, "VA", strict=True):
            assert [name for name, _ in part] == ["digest", "og", "role", "schedule_id", "x-com-zoho-lens-orgid"]
            assert dict(part)["role"] == role
            assert dict(part)["schedule_id"] == made["schedule_id"]
        seen |= {made["schedule_id"], *(dict(part)[name] for part in parts for name in ("digest", "og"))}
    assert len(seen) == 20 * 5


@pytest.mark.parametrize("given", ["9007199254740993", '"9007199254740993"', "9223372036854775807"])
def test_a_department_id_beyond_a_double_comes_back_to_the_digit(lens: Mock, given: str) -> None:
    body = json.dumps(BODY).replace("123456789}", f"{given}}}").encode()
    assert lens.call(SCHEDULE, body=body, content_type="application/json").status == 200
    state = create_app(lens.engine).test_client().get(f"/__admin/state/{API}/session").data.decode()
    assert f'"department_id": {given},' in state


@pytest.mark.parametrize("given", ["299031000000000411.0", "123456789.0", "2.99031e17", "1E3", "0e0", "-0.0"])
def test_a_department_id_that_is_read_as_a_double_is_refused(lens: Mock, given: str) -> None:
    body = json.dumps(BODY).replace("123456789}", f"{given}}}").encode()
    answer = lens.call(SCHEDULE, body=body, content_type="application/json")
    assert error(answer) == (400, 4000, "Invalid parameters")
    assert "department_id has a fraction or an exponent" in answer.exchange.trace[-1]
    assert lens.records("session") == []


def test_the_state_follows_the_clock(lens: Mock) -> None:
    schedule(lens)
    client = create_app(lens.engine).test_client()
    seen = []
    for step in ("PT0S", "PT18H14M59S", "PT1S", "PT15M", "PT59M59S", "PT1S"):
        client.post("/__admin/clock", json={"advance": step})
        (session,) = client.get(f"/__admin/state/{API}/session").get_json()
        seen.append((session["status"], session.get("reminded_time")))
    reminded = "2025-01-16T06:15:00Z"
    assert seen == [
        ("scheduled", None),
        ("scheduled", None),
        ("scheduled", reminded),
        ("started", reminded),
        ("started", reminded),
        ("ended", reminded),
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedule_time": 1737009000, "schedule_upto": 1737012600}, "these look like seconds"),
        ({"schedule_upto": 1737008999999}, "schedule_upto is not after schedule_time"),
        ({"schedule_time": 1683038400000}, "schedule_time lies in the past"),
        ({"utc_offset": "+02:00"}, "utc_offset is +02:00, but Asia/Kolkata has +05:30 at schedule_time"),
        ({"reminder": -1}, "reminder is negative"),
        ({"department_id": "9007199254740993"}, "department_id is documented as a number"),
    ],
)
def test_a_mistake_is_told_and_refused_when_strict(lens: Mock, changes: dict[str, Any], message: str) -> None:
    answer = schedule(lens, **changes)
    assert answer.status == 200
    (warning,) = answer.exchange.warnings
    assert message in warning.message
    strict = serve(API, strict=True)
    refused = schedule(strict, **changes)
    assert error(refused) == (400, 4000, "Invalid parameters")
    assert message in refused.exchange.violations[0].message
    assert strict.records("session") == []
    assert schedule(strict).status == 200


class TestTokens:
    @pytest.mark.parametrize("header", [None, "Basic abc"])
    def test_what_a_call_without_one_is_told_is_assumed(self, lens: Mock, header: str | None) -> None:
        answer = lens.call(SCHEDULE, BODY, authorization=header)
        assert error(answer) == (401, 2000, "INVALID_OAUTHTOKEN")
        assert answer.exchange.trace[-1].endswith(", assumed)")

    def test_one_that_was_issued_names_the_organisation(self, lens: Mock) -> None:
        token = lens.engine.issue_token(API, Wanted(organisation="77994516"))["access_token"]
        made = schedule(lens, token).json["representation"]
        assert made["customer_url"].endswith("&x-com-zoho-lens-orgid=77994516")

    def test_without_the_scope_it_is_refused(self, lens: Mock) -> None:
        token = lens.engine.issue_token(API, Wanted(scopes=()))["access_token"]
        assert error(schedule(lens, token)) == (401, 2000, "INVALID_OAUTHSCOPE")
        assert lens.records("session") == []

    def test_one_that_has_expired_is_refused(self, lens: Mock) -> None:
        token = lens.engine.issue_token(API, Wanted(expires_in=0))["access_token"]
        assert error(schedule(lens, token)) == (401, 2000, "INVALID_OAUTHTOKEN")

    def test_one_that_nobody_issued_is_refused_when_only_issued_ones_count(self) -> None:
        assert error(schedule(serve(API, auth="strict"))) == (401, 2000, "INVALID_OAUTHTOKEN")
