"""Recorded traffic holds real secrets; what is told of it holds none."""

from __future__ import annotations

import base64
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from mockserver.checks.findings import Finding
from tests.checks.traffic.recorded import entry, judged, request, response

SECRET = "Zq8-kept.from_everyone"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "asked",
    [
        request(authorization=f"Bearer {SECRET}"),
        request(authorization=SECRET),
        request(headers={"Cookie": f"theme=dark; sid={SECRET}"}),
        request(cookies=[{"name": "sid", "value": SECRET}]),
        request(headers={"X-Api-Key": SECRET}),
        request(headers={"X-Customer-Token": f"v1 {SECRET}, {SECRET}"}),
        request(headers={"X-Note": f"sent with Bearer {SECRET}"}),
        request(f"GET https://desk.example/tickets/1?access_token={SECRET}"),
        request(f"GET https://desk.example/tickets/1?a=1&X-Amz-Signature={SECRET}&b=2"),
        request(f"GET https://desk.example/tickets/1?code={SECRET}"),
        request(f"GET https://ann:{SECRET}@desk.example/tickets/1"),
        request("POST https://desk.example/tickets", {"title": 7, "client_secret": SECRET}),
        request("POST https://desk.example/tickets", {"title": 7, "user": {"newPassword": SECRET}}),
        request("POST https://desk.example/tickets", {"title": 7, "note": f"with Bearer {SECRET} it works"}),
    ],
)
def test_secrets_of_a_request_are_not_told(asked: Any, tmp_path: Path) -> None:
    found = judged(tmp_path, entry(asked, response(418, {})))
    assert "status_code_conformance" in found.rules
    assert SECRET not in told(found.findings)


@pytest.mark.parametrize(
    "answered",
    [
        response(200, {"title": 7, "access_token": SECRET}),
        response(200, {"title": 7, "nested": [{"refreshToken": SECRET}]}),
        response(200, {"title": 7}, headers={"Set-Cookie": f"sid={SECRET}; HttpOnly"}),
        response(200, {"title": 7}, headers={"X-Session-Id": SECRET}),
        response(200, {"title": 7}, headers={"Location": f"https://other.example/?token={SECRET}"}),
    ],
)
def test_secrets_of_an_answer_are_not_told(answered: Any, tmp_path: Path) -> None:
    found = judged(tmp_path, entry(answered=answered))
    assert "response_schema_conformance" in found.rules
    assert SECRET not in told(found.findings)


def test_a_secret_is_hidden_wherever_it_comes_back(tmp_path: Path) -> None:
    found = judged(
        tmp_path,
        entry(request(authorization=f"Bearer {SECRET}"), response(200, {"title": 7, "echo": f"you are {SECRET}!"})),
        entry(request(), response(200, {"title": 7, "echo": f"a token such as {JWT}"}), 1),
    )
    assert SECRET not in told(found.findings)
    assert JWT not in told(found.findings)


def test_what_is_no_secret_stays(tmp_path: Path) -> None:
    asked = request(
        "GET https://desk.example/tickets/1?nextPageToken=abcdef123&state=open&monkey=banana",
        headers={"Prefer": "code=200", "Idempotency-Key": "order-1234567", "Accept": "application/json"},
    )
    answered = response(200, {"title": 7, "next_page_token": "ghijkl456", "tokens": 17, "author": "Ann"})
    (shown,) = judged(tmp_path, entry(asked, answered)).findings[-1].exchanges
    assert shown.url == "https://desk.example/tickets/1?nextPageToken=abcdef123&state=open&monkey=banana"
    assert dict(shown.headers) | {"authorization": ""} == {
        "prefer": "code=200",
        "idempotency-key": "order-1234567",
        "accept": "application/json",
        "authorization": "",
        "host": "desk.example",
    }
    assert json.loads(shown.response_body) == {
        "title": 7,
        "next_page_token": "ghijkl456",
        "tokens": 17,
        "author": "Ann",
    }


def test_the_line_for_a_shell_says_where_the_credential_was(tmp_path: Path) -> None:
    asked = request(authorization=f"Bearer {SECRET}", headers={"X-Auth-Key": f"a b {SECRET}"})
    (finding,) = judged(tmp_path, entry(asked, response(418, {}))).findings
    assert shlex.split(finding.exchanges[0].curl) == [
        *("curl", "https://desk.example/tickets/1"),
        *("-H", "Authorization: Bearer $TOKEN", "-H", "X-Auth-Key: $TOKEN"),
    ]


def test_basic_credentials_are_hidden_in_both_forms(tmp_path: Path) -> None:
    pair = base64.b64encode(f"ann:{SECRET}".encode()).decode()
    found = judged(tmp_path, entry(request(authorization=f"Basic {pair}"), response(403, {"code": pair, "detail": 7})))
    assert pair not in told(found.findings)


def told(findings: list[Finding]) -> str:
    assert findings
    return json.dumps([finding.as_json() for finding in findings])
