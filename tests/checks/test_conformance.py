"""One answer held against the contract: which rule speaks, where, and when none does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockserver.checks.conformance import ANSWER_RULES, answer_findings
from mockserver.checks.findings import Finding
from mockserver.engine.api import Api
from mockserver.engine.assembly import build_engine
from mockserver.messages import Request, Response
from tests.mocks import DESK, one_operation

JSON = ("Content-Type", "application/json")


@pytest.fixture(scope="module")
def desk() -> Api:
    return build_engine([str(DESK)]).apis["desk"]


def found(api: Api, response: Response, operation: str = "listTickets", **more: Any) -> list[Finding]:
    request = more.pop("request", Request("GET", "/desk/tickets"))
    return answer_findings(api, api.contract.operations[operation], request, response, **more)


def answer(status: int, value: Any, *headers: tuple[str, str]) -> Response:
    return Response(status, headers or (JSON,), json.dumps(value).encode())


@pytest.mark.parametrize(
    ("response", "rule", "where"),
    [
        (answer(418, {}), "status_code_conformance", "418"),
        (
            Response(200, (("Content-Type", "text/html"),), b"<p>"),
            "content_type_conformance",
            "200 header content-type",
        ),
        (answer(200, {"tickets": [{}, {"title": 7}]}), "response_schema_conformance", "200 body /tickets/1/title"),
        (Response(200, (JSON,), b"{"), "response_schema_conformance", "200 body"),
        (Response(200, (JSON,)), "response_schema_conformance", "200 body"),
        (answer(401, {}), "response_schema_conformance", "401 body"),
        (Response(502, (("Content-Type", "text/html"),), b"<p>"), "not_a_server_error", "502"),
    ],
)
def test_each_kind_of_fault_has_its_rule(desk: Api, response: Response, rule: str, where: str) -> None:
    (finding,) = found(desk, response)
    assert (finding.rule, finding.where) == (rule, where)
    assert (finding.api, finding.operation, finding.severity) == ("desk", "listTickets", ANSWER_RULES[rule].severity)
    assert finding.anchor == f"provider.md#{rule}"
    assert finding.expected
    assert finding.advice
    assert finding.place is not None
    assert finding.place.file.endswith("openapi.yaml")
    assert finding.place.line


def test_a_header_that_is_missing_or_wrong() -> None:
    described = {"X-Left": {"required": True, "schema": {"type": "integer"}}}
    api = one_operation({"responses": {"200": {"description": "ok", "headers": described}}}).engine.apis["it"]
    (missing,) = found(api, Response(200), "it")
    (wrong,) = found(api, Response(200, (("X-Left", "few"),)), "it")
    assert missing.rule == wrong.rule == "response_headers_conformance"
    assert missing.where == wrong.where == "200 header x-left"
    assert missing.fingerprint != wrong.fingerprint
    assert found(api, Response(200), "it", headers=False) == []


def test_what_is_right_gives_nothing(desk: Api) -> None:
    assert found(desk, answer(200, {"tickets": []})) == []
    assert found(desk, answer(400, {"code": "x"})) == []


@pytest.mark.parametrize(
    ("status", "headers", "fine"),
    [(405, {}, True), (415, {}, True), (413, {}, True), (304, {"if-none-match": "x"}, True), (304, {}, False)],
)
def test_statuses_that_http_brings(desk: Api, status: int, headers: dict[str, str], fine: bool) -> None:
    request = Request("GET", "/desk/tickets", "", headers)
    assert (found(desk, Response(status), request=request) == []) is fine


def test_what_is_not_known_is_not_judged(desk: Api) -> None:
    assert found(desk, Response(200, (JSON,)), body=False) == []
    assert found(desk, Response(200, (JSON,)), request=Request("HEAD", "/desk/tickets")) == []
    (finding,) = found(desk, Response(418), body=False, headers=False)
    assert finding.rule == "status_code_conformance"


def test_a_server_error_that_is_documented_is_an_answer_like_any_other() -> None:
    body = {"application/json": {"schema": {"type": "object", "required": ["code"]}}}
    api = one_operation({"responses": {"503": {"description": "busy", "content": body}}}).engine.apis["it"]
    assert found(api, answer(503, {"code": 1}), "it") == []
    (finding,) = found(api, answer(503, {}), "it")
    assert finding.rule == "response_schema_conformance"


def test_the_same_fault_in_another_element_is_the_same_finding(desk: Api) -> None:
    first, second, other = (
        found(desk, answer(200, {"tickets": tickets}))[0]
        for tickets in ([{"title": 7}], [{}, {}, {"title": 8}], [{"title": ""}])
    )
    assert first.fingerprint == second.fingerprint
    assert first.fingerprint != other.fingerprint
