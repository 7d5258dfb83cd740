"""Where a client of Zoho Accounts may stand: in the parameters, as documented, or in a Basic header."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import urlencode

import pytest

from tests.mocks import Answer, Mock, serve
from tests.specs.accounts import API, FORM, LIVING, SELF, WEB, refresh, status_of

REFRESH = {"grant_type": "refresh_token", "refresh_token": LIVING}
ID, SECRET = WEB["client_id"], WEB["client_secret"]
UNREADABLE = ["Basic !!!", "Basic", "basic", "Basic  YTpi", "Basic YWI=", "Basic /w==", "Bearer two words"]


@pytest.fixture
def accounts() -> Mock:
    return serve(API)


def basic(username: str, password: str) -> str:
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


def post(mock: Mock, authorization: str, **form: str) -> Answer:
    body = urlencode({**REFRESH, **form}).encode()
    return mock.call("POST /oauth/v2/token", body=body, content_type=FORM, authorization=authorization)


def revoke(mock: Mock, authorization: str, token: str = LIVING) -> Answer:
    return mock.call(f"POST /oauth/v2/token/revoke?token={token}", authorization=authorization)


class TestTokens:
    @pytest.mark.parametrize("form", [{}, {"client_id": ID}, {"client_secret": SECRET}, {"client_id": ""}])
    def test_the_header_stands_in_for_what_is_no_parameter(self, accounts: Mock, form: dict[str, str]) -> None:
        answer = post(accounts, basic(ID, SECRET), **form)
        assert "access_token" in answer.json
        assert answer.warnings == ["requestToken.warn[0]"]
        assert "in a Basic header" in answer.exchange.warnings[0].message
        strict = serve(API, strict=True)
        assert (post(strict, basic(ID, SECRET), **form).status, strict.records("token")[1:]) == (400, [])

    def test_one_beside_the_parameters_is_no_harm(self) -> None:
        answer = post(serve(API, strict=True), basic(ID, SECRET), **WEB)
        assert (answer.status, answer.exchange.verdict) == (200, "ok")

    def test_it_holds_when_only_issued_tokens_count(self) -> None:
        assert "access_token" in post(serve(API, auth="strict"), basic(ID, SECRET)).json

    @pytest.mark.parametrize(
        ("sent", "form", "status", "error", "reason"),
        [
            (basic("1000.NOBODY", SECRET), {}, 200, "invalid_client", "nobody knows the client"),
            (basic("", SECRET), {}, 200, "invalid_client", "there is no client_id"),
            (basic(ID, "wrong"), {}, 200, "invalid_client_secret", "the client has another secret"),
            (basic(ID, ""), {}, 200, "invalid_client_secret", "there is no client_secret"),
            (basic(*SELF.values()), {}, 200, "invalid_code", "was issued to another client"),
            (basic(*SELF.values()), WEB, 400, "invalid_request", "another client than client_id"),
            (basic(ID, "wrong"), WEB, 400, "invalid_request", "another secret than client_secret"),
        ],
    )
    def test_what_is_refused(
        self, accounts: Mock, sent: str, form: dict[str, str], status: int, error: str, reason: str
    ) -> None:
        answer = post(accounts, sent, **form)
        assert (answer.status, answer.json) == (status, {"error": error})
        assert reason in answer.exchange.trace[-1]

    @pytest.mark.parametrize("sent", UNREADABLE)
    def test_a_header_that_cannot_be_read(self, accounts: Mock, sent: str) -> None:
        answer = post(accounts, sent, **WEB)
        assert (answer.status, answer.json) == (400, {"error": "invalid_client"})

    @pytest.mark.parametrize("sent", ["Zoho-oauthtoken 1000.a.b", "Bearer 1000.a.b", "anything"])
    def test_another_credential_is_passed_over(self, accounts: Mock, sent: str) -> None:
        answer = post(accounts, sent, **WEB)
        assert (answer.status, answer.exchange.verdict) == (200, "ok")
        assert post(accounts, sent).json == {"error": "invalid_client"}


class TestRevocation:
    def test_the_header_names_who_revokes(self, accounts: Mock) -> None:
        access = refresh(accounts).json["access_token"]
        answer = revoke(accounts, basic(ID, SECRET), access)
        assert (answer.json, answer.warnings) == ({"status": "success"}, ["revokeToken.warn[0]"])
        assert status_of(accounts, access) == "revoked"
        assert revoke(serve(API, strict=True), basic(ID, SECRET)).status == 400

    @pytest.mark.parametrize("sent", [basic("1000.NOBODY", SECRET), basic(ID, "wrong"), *UNREADABLE])
    def test_a_client_that_is_none(self, accounts: Mock, sent: str) -> None:
        answer = revoke(accounts, sent)
        assert (answer.status, answer.json) == (400, {"error": "invalid_client"})
        assert status_of(accounts, LIVING) == "live"

    def test_a_token_of_another_client(self, accounts: Mock) -> None:
        answer = revoke(accounts, basic(*SELF.values()))
        assert (answer.status, answer.json) == (400, {"error": "invalid_token"})
        assert status_of(accounts, LIVING) == "live"

    def test_another_credential_is_passed_over(self, accounts: Mock) -> None:
        answer = revoke(accounts, "Zoho-oauthtoken 1000.a.b")
        assert (answer.json, answer.exchange.verdict) == ({"status": "success"}, "ok")
