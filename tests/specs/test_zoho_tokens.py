"""Where the tokens of Zoho Accounts hold: the client sees the error of the API that it calls, the journal says why."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from mockserver.engine.assembly import Options, build_engine
from mockserver.messages import Request
from tests.mocks import START, Mock
from tests.specs.accounts import API, offline, refresh, revoke

CALLS = {
    "zoho-assist": ("GET", "/api/v2/technicians", None, "ZohoAssist.technicians.READ"),
    "zoho-lens": (
        "POST",
        "/api/v2/lens_session/schedule",
        {
            "mode": "SCHEDULE",
            "title": "Pump",
            "customer_email": "ada@example.com",
            "schedule_time": 1737009000000,
            "schedule_upto": 1737012600000,
            "utc_offset": "+05:30",
            "time_zone": "Asia/Kolkata",
            "reminder": 15,
            "department_id": 123456789,
        },
        "ZohoLens.sessionapi.CREATE",
    ),
    "zoho-meeting": (
        "POST",
        "/meeting/api/v2/60001234567/sdk/session/meet",
        {"session": {"conferenceType": "video"}},
        "ZohoMeeting.sdk.CREATE",
    ),
}
BAD = {"zoho-assist": 401, "zoho-lens": 401, "zoho-meeting": 400}
NARROW = {"zoho-assist": 403, "zoho-lens": 401, "zoho-meeting": 401}


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The specs are parsed once per run, and the cache of whoever runs the tests stays as it is."""
    monkeypatch.setenv("MOCKSERVER_CACHE", str(tmp_path_factory.getbasetemp() / "specs"))


@pytest.fixture
def suite() -> Mock:
    return Mock(build_engine([API, *CALLS], Options(start=START)))


def ask(suite: Mock, api: str, token: str) -> tuple[int, str]:
    method, path, body, _ = CALLS[api]
    headers = {"authorization": f"Zoho-oauthtoken {token}", "content-type": "application/json"}
    content = json.dumps(body).encode() if body else b""
    response = suite.engine.handle(Request(method, f"/{api}{path}", "", headers, content))
    found = json.loads(response.body)
    return response.status, found["error"]["message"] if "error" in found else ""


@pytest.mark.parametrize("api", CALLS)
def test_a_token_lives_expires_and_is_revoked(suite: Mock, api: str) -> None:
    tokens = offline(suite, scope=CALLS[api][3])
    bad = (BAD[api], "INVALID_OAUTHTOKEN")
    assert ask(suite, api, tokens["access_token"]) == (200, "")
    assert ask(suite, api, tokens["refresh_token"]) == bad
    suite.engine.advance(timedelta(seconds=3600))
    assert ask(suite, api, tokens["access_token"]) == bad
    assert "expired" in suite.engine.journal.since(0)[-1].trace[-1]
    again = refresh(suite, tokens["refresh_token"]).json["access_token"]
    assert ask(suite, api, again) == (200, "")
    revoke(suite, tokens["refresh_token"])
    assert ask(suite, api, again) == bad
    assert "revoked" in suite.engine.journal.since(0)[-1].trace[-1]


@pytest.mark.parametrize("api", CALLS)
def test_a_token_of_another_product_is_too_narrow(suite: Mock, api: str) -> None:
    token = offline(suite, scope="ZohoCRM.modules.ALL")["access_token"]
    assert ask(suite, api, token) == (NARROW[api], "INVALID_OAUTHSCOPE")
    assert f"wanted: {CALLS[api][3]}" in suite.engine.journal.since(0)[-1].trace[-1]


def test_to_read_is_not_to_write(suite: Mock) -> None:
    token = offline(suite, scope="ZohoAssist.technicians.READ")["access_token"]
    assert ask(suite, "zoho-assist", token) == (200, "")
    headers = {"authorization": f"Zoho-oauthtoken {token}", "content-type": "application/json"}
    request = Request("POST", "/zoho-assist/api/v2/technicians", "", headers, b'{"name":"A","email":"a@b.example"}')
    assert suite.engine.handle(request).status == 403


@pytest.mark.parametrize("api", CALLS)
def test_strict_wants_a_token_of_accounts(api: str) -> None:
    suite = Mock(build_engine([API, *CALLS], Options(start=START, auth="strict")))
    assert ask(suite, api, "any-token") == (BAD[api], "INVALID_OAUTHTOKEN")
    assert ask(suite, api, offline(suite, scope=CALLS[api][3])["access_token"]) == (200, "")
