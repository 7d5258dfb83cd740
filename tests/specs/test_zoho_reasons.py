"""Zoho Accounts has one error for many faults; the journal says which it was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.mocks import Answer, Mock, serve
from tests.specs.accounts import (
    API,
    EUROPE,
    FORM,
    LIVING,
    SELF,
    WEB,
    authorize,
    back,
    call,
    exchange,
    offline,
    post,
    refresh,
    revoke,
)

LATER = timedelta(hours=1, seconds=121)


@pytest.fixture
def accounts() -> Mock:
    return serve(API)


def reason(answer: Answer) -> str:
    return answer.exchange.trace[-1]


class TestCodes:
    def test_unknown(self, accounts: Mock) -> None:
        assert "there is no such code" in reason(exchange(accounts, "1000.never.issued"))
        assert "there is no such code" in reason(exchange(accounts, ""))

    def test_used(self, accounts: Mock) -> None:
        code = back(authorize(accounts))["code"]
        exchange(accounts, code)
        answer = exchange(accounts, code)
        assert answer.json == {"error": "invalid_code"}
        assert "the code was used before" in reason(answer)

    def test_over(self, accounts: Mock) -> None:
        code = back(authorize(accounts))["code"]
        accounts.engine.advance(timedelta(seconds=120))
        assert "the code is over: it lives 120 seconds" in reason(exchange(accounts, code))
        accounts.engine.advance(LATER)
        assert "there is no such code" in reason(exchange(accounts, code))

    def test_of_another_client(self, accounts: Mock) -> None:
        code = back(authorize(accounts))["code"]
        assert "the code was issued to another client" in reason(exchange(accounts, code, **SELF))

    def test_of_another_kind(self, accounts: Mock) -> None:
        assert "another kind of token" in reason(exchange(accounts, LIVING))

    def test_pkce(self, accounts: Mock) -> None:
        code = back(authorize(accounts, code_challenge="x" * 43))["code"]
        assert "there is no code_verifier" in reason(exchange(accounts, code))
        assert "the code_verifier is not the one" in reason(exchange(accounts, code, code_verifier="y" * 43))

    def test_redirect_uri(self, accounts: Mock) -> None:
        code = back(authorize(accounts))["code"]
        assert "with another redirect_uri" in reason(exchange(accounts, code, redirect_uri="https://x.example/"))


class TestRefreshTokens:
    def test_unknown(self, accounts: Mock) -> None:
        assert "there is no such refresh token" in reason(refresh(accounts, "1000.never.issued"))

    def test_of_another_kind(self, accounts: Mock) -> None:
        access = refresh(accounts).json["access_token"]
        assert "another kind of token" in reason(refresh(accounts, access))

    def test_of_another_client(self, accounts: Mock) -> None:
        assert "the refresh token was issued to another client" in reason(refresh(accounts, **SELF))

    def test_revoked(self, accounts: Mock) -> None:
        revoke(accounts, LIVING)
        answer = refresh(accounts)
        assert answer.json == {"error": "invalid_code"}
        assert "the refresh token was revoked" in reason(answer)

    def test_one_too_many(self) -> None:
        accounts = serve(API, settings={API: {"refresh_tokens": 1}})
        offline(accounts)
        assert "--setting zoho-accounts.refresh_tokens=N" in reason(refresh(accounts))


class TestLimits:
    def test_codes(self) -> None:
        accounts = serve(API, settings={API: {"codes": 0}})
        assert "--setting zoho-accounts.codes=N" in reason(authorize(accounts))

    def test_access_tokens(self) -> None:
        accounts = serve(API, settings={API: {"refreshes": 0}})
        assert "--setting zoho-accounts.refreshes=N" in reason(refresh(accounts))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client_id": "1000.NOBODY"}, "nobody knows the client"),
        ({"client_id": ""}, "there is no client_id"),
        (EUROPE, "known in another data centre alone"),
        ({"client_secret": "wrong"}, "the client has another secret"),
        ({"client_secret": ""}, "there is no client_secret"),
        ({"grant_type": ""}, "there is no grant_type"),
        ({"grant_type": "password"}, "grant_type is authorization_code, refresh_token or client_credentials"),
        ({"grant_type": "client_credentials"}, "only a client whose type is self"),
        ({"grant_type": "client_credentials", **SELF}, "there is no scope"),
        ({"grant_type": "client_credentials", **SELF, "scope": "A.b.C"}, "there is no soid"),
        ({"grant_type": "client_credentials", **SELF, "scope": "A.b.C", "soid": "777"}, "soid is not the name"),
    ],
)
def test_clients_and_grants(accounts: Mock, changes: dict[str, str], said: str) -> None:
    answer = post(accounts, {"grant_type": "refresh_token", "refresh_token": LIVING, **WEB, **changes})
    assert said in reason(answer)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client_id": "1000.NOBODY"}, "nobody knows the client"),
        ({"client_id": EUROPE["client_id"]}, "known in another data centre alone"),
        ({"redirect_uri": "https://thief.example/"}, "has not registered the redirect_uri"),
    ],
)
def test_consent(accounts: Mock, changes: dict[str, str], said: str) -> None:
    answer = authorize(accounts, **changes)
    assert answer.status == 400
    assert said in reason(answer)


def test_revocation(accounts: Mock) -> None:
    assert "there is no such token" in reason(revoke(accounts, "1000.never.issued"))
    assert "a code cannot be revoked" in reason(revoke(accounts, back(authorize(accounts))["code"]))
    revoke(accounts, LIVING)
    assert "the token is revoked or over already" in reason(revoke(accounts, LIVING))
    both = call(accounts, f"POST /oauth/v2/token/revoke?token={LIVING}", body=b"token=other", content_type=FORM)
    assert "one thing in the query and another in the form" in reason(both)
