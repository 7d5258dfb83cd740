"""OAuth client libraries, unmodified, against a server in a thread: they get tokens of zoho-accounts and call the other
APIs with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient, TokenExpiredError
from requests_oauthlib import OAuth2Session

from mockserver.engine.assembly import Options, build_engine
from mockserver.web.app import create_app
from mockserver.web.server import ThreadedServer

WEB = ("1000.WEBAPPEXAMPLE00000000000000000", "5a1e7c0d9b3f2648a7c1e0d4b9f8263517aecd0948")
SELF = ("1000.SELFCLIENTEXAMPLE0000000000000", "0948aecd1735268f9b4d0e1c7a48263f9b0d7c1e5a")
BACK = "https://app.example.com/oauth/callback"
SCOPES = ["ZohoAssist.technicians.READ", "ZohoAssist.sessions.ALL"]
TECHNICIANS = "/zoho-assist/api/v2/technicians"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedServer]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MOCKSERVER_CACHE", str(tmp_path_factory.getbasetemp() / "specs"))
        engine = build_engine([], Options(start=datetime(2025, 1, 15, 12, tzinfo=UTC)))
    with ThreadedServer(create_app(engine)) as running:
        yield running


@pytest.fixture
def url(server: ThreadedServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the mock speaks plain HTTP
    requests.post(f"{server.url}/__admin/reset", timeout=10).raise_for_status()
    return server.url


def advance(url: str, by: str) -> None:
    requests.post(f"{url}/__admin/clock", json={"advance": by}, timeout=10).raise_for_status()


def straight_back(address: str) -> str:
    """Where a person is sent who agrees without being asked."""
    answer = requests.get(address + "&prompt=none", allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def by_consent(address: str) -> str:
    """Where a person is sent who reads the page and presses Accept, as a browser does it."""
    page = requests.get(address, timeout=10)
    assert page.headers["Content-Type"].startswith("text/html")
    assert '<form method="post">' in page.text
    answer = requests.post(page.url, data={"decision": "accept"}, allow_redirects=False, timeout=10)
    return urljoin(page.url, answer.headers["Location"])


@pytest.mark.parametrize("agree", [straight_back, by_consent])
def test_requests_oauthlib_through_code_expiry_refresh_and_revocation(url: str, agree: Any) -> None:
    accounts = f"{url}/zoho-accounts/oauth/v2"
    client = OAuth2Session(WEB[0], redirect_uri=BACK, scope=SCOPES)
    address, state = client.authorization_url(f"{accounts}/auth", access_type="offline")
    landed = agree(address)
    parts = parse_qs(urlsplit(landed).query)
    assert (parts["state"], parts["location"]) == ([state], ["us"])
    token = client.fetch_token(
        f"{accounts}/token", authorization_response=landed, client_secret=WEB[1], include_client_id=True
    )
    assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 3600, SCOPES)

    assert client.get(url + TECHNICIANS).status_code == 200
    advance(url, "PT1H")
    refused = requests.get(
        url + TECHNICIANS, headers={"Authorization": f"Zoho-oauthtoken {token['access_token']}"}, timeout=10
    )
    assert (refused.status_code, refused.json()["error"]["message"]) == (401, "INVALID_OAUTHTOKEN")

    again = client.refresh_token(f"{accounts}/token", client_id=WEB[0], client_secret=WEB[1])
    assert again["access_token"] != token["access_token"]
    assert again["refresh_token"] == token["refresh_token"]
    assert client.get(url + TECHNICIANS).status_code == 200

    assert requests.post(f"{accounts}/token/revoke", params={"token": token["refresh_token"]}, timeout=10).json() == {
        "status": "success"
    }
    assert client.get(url + TECHNICIANS).status_code == 401


def test_requests_oauthlib_as_it_comes_through_code_and_refresh(url: str) -> None:
    accounts = f"{url}/zoho-accounts/oauth/v2"
    client = OAuth2Session(WEB[0], redirect_uri=BACK, scope=SCOPES)
    address, _ = client.authorization_url(f"{accounts}/auth", access_type="offline")
    token = client.fetch_token(f"{accounts}/token", authorization_response=straight_back(address), client_secret=WEB[1])
    again = client.refresh_token(f"{accounts}/token", auth=WEB)
    assert again["access_token"] != token["access_token"]
    client.auto_refresh_url, client.token_updater = f"{accounts}/token", again.update
    client.token = {**again, "expires_at": 1}
    assert client.request("GET", url + TECHNICIANS, client_id=WEB[0], client_secret=WEB[1]).status_code == 200
    by_header(url, "requestToken", 3)


def test_authlib_as_it_comes_through_code_refresh_and_revocation(url: str) -> None:
    accounts = f"{url}/zoho-accounts/oauth/v2"
    client: Any = AuthlibSession(*WEB, scope=" ".join(SCOPES), redirect_uri=BACK)
    address, state = client.create_authorization_url(f"{accounts}/auth", access_type="offline")
    token = client.fetch_token(f"{accounts}/token", authorization_response=straight_back(address), state=state)
    again = client.refresh_token(f"{accounts}/token", refresh_token=token["refresh_token"])
    assert again["access_token"] != token["access_token"]
    assert client.get(url + TECHNICIANS).status_code == 200
    by_header(url, "requestToken", 2)
    assert client.revoke_token(f"{accounts}/token/revoke", token["refresh_token"]).json() == {"status": "success"}
    assert client.get(url + TECHNICIANS).status_code == 401
    by_header(url, "revokeToken", 1)


def by_header(url: str, operation: str, times: int) -> None:
    """So often was the operation called, each time with a Basic header, of which the journal warned."""
    found = requests.get(f"{url}/__admin/requests", params={"operation": operation}, timeout=10).json()["requests"]
    assert len(found) == times
    for each in found:
        assert any("in a Basic header" in warning["message"] for warning in each["warnings"])


def test_requests_oauthlib_refreshes_by_itself_when_its_token_has_expired(url: str) -> None:
    accounts = f"{url}/zoho-accounts/oauth/v2"
    kept: list[dict[str, Any]] = []
    old = {
        "access_token": "1000.over",
        "refresh_token": "1000.0123456789abcdef0123456789abcdef.fedcba9876543210fedcba9876543210",
        "token_type": "Bearer",
        "expires_in": -1,
    }
    client = OAuth2Session(WEB[0], token=old)
    with pytest.raises(TokenExpiredError):
        client.get(url + TECHNICIANS)
    client = OAuth2Session(
        WEB[0],
        token=old,
        auto_refresh_url=f"{accounts}/token",
        auto_refresh_kwargs={"client_id": WEB[0], "client_secret": WEB[1]},
        token_updater=kept.append,
    )
    assert client.get(url + TECHNICIANS).status_code == 200
    assert kept[0]["access_token"].startswith("1000.")


def test_requests_oauthlib_with_client_credentials(url: str) -> None:
    client = OAuth2Session(client=BackendApplicationClient(SELF[0], scope=["ZohoMeeting.sdk.CREATE"]))
    token = client.fetch_token(
        f"{url}/zoho-accounts/oauth/v2/token",
        client_id=SELF[0],
        client_secret=SELF[1],
        include_client_id=True,
        soid="ZohoMeeting.777",
    )
    assert "refresh_token" not in token
    meet, body = f"{url}/zoho-meeting/meeting/api/v2/%s/sdk/session/meet", {"session": {"conferenceType": "video"}}
    assert client.post(meet % 777, json=body).status_code == 200
    assert client.post(meet % 778, json=body).status_code == 403


@pytest.mark.parametrize("agree", [straight_back, by_consent])
def test_authlib_through_code_with_pkce_expiry_and_refresh(url: str, agree: Any) -> None:
    accounts = f"{url}/zoho-accounts/oauth/v2"
    client = AuthlibSession(
        *WEB,
        token_endpoint_auth_method="client_secret_post",
        scope=" ".join(SCOPES),
        redirect_uri=BACK,
        code_challenge_method="S256",
    )
    verifier = "a-verifier-of-at-least-forty-three-characters.~"
    address, state = client.create_authorization_url(f"{accounts}/auth", code_verifier=verifier, access_type="offline")
    landed = agree(address)
    token = client.fetch_token(f"{accounts}/token", authorization_response=landed, state=state, code_verifier=verifier)
    assert client.get(url + TECHNICIANS).status_code == 200
    advance(url, "PT1H")
    header = {"Authorization": f"Bearer {token['access_token']}"}
    assert requests.get(url + TECHNICIANS, headers=header, timeout=10).status_code == 401
    again = client.refresh_token(f"{accounts}/token", refresh_token=token["refresh_token"])
    assert again["access_token"] != token["access_token"]
    assert client.get(url + TECHNICIANS).status_code == 200
