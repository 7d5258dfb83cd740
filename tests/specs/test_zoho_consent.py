"""Zoho Accounts and the person: the page that asks for consent, and where it sends them."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from tests.mocks import Mock, serve
from tests.specs.accounts import API, BACK, EUROPE, FORM, WEB, authorize, back, call, exchange


@pytest.fixture
def accounts() -> Mock:
    return serve(API)


class TestConsent:
    def test_the_page_escapes_whatever_it_shows(self, accounts: Mock) -> None:
        client = {**WEB, "name": "<b>App</b>", "type": "web", "redirect_uris": [BACK]}
        accounts.engine.replace_state(API, "client", [client])
        answer = authorize(accounts, prompt="consent", scope="<script>alert(1)</script>", state='"><script>')
        page = answer.response.body.decode()
        assert (answer.status, answer.response.header("Content-Type")) == (200, "text/html")
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "&lt;b&gt;App&lt;/b&gt;" in page
        assert "<script" not in page
        assert len(accounts.records("token")) == 1  # nothing was issued for a look at the page

    @pytest.mark.parametrize("field", ["name", "email"])
    def test_the_name_of_a_person_is_text_too(self, accounts: Mock, field: str) -> None:
        accounts.engine.replace_state(API, "user", [{**accounts.records("user")[0], field: "<i>Ada</i>"}])
        page = authorize(accounts, prompt="consent").response.body.decode()
        assert "&lt;i&gt;Ada&lt;/i&gt;" in page
        assert "<i>" not in page

    def test_scopes_of_nothing_are_nothing_to_agree_to(self, accounts: Mock) -> None:
        assert back(authorize(accounts, scope=",", state="x")) == {"error": "invalid_scope", "state": "x"}
        assert accounts.records("consent") == []

    def test_accept_and_reject(self, accounts: Mock) -> None:
        target = urlencode(
            {"client_id": WEB["client_id"], "response_type": "code", "redirect_uri": BACK, "scope": "A", "state": "ü &"}
        )
        yes, no = (
            back(call(accounts, f"POST /oauth/v2/auth?{target}", body=b"decision=" + each, content_type=FORM))
            for each in (b"accept", b"reject")
        )
        assert set(yes) == {"code", "location", "accounts-server", "state"}
        assert (yes["location"], yes["accounts-server"], yes["state"]) == ("us", "https://accounts.zoho.com", "ü &")
        assert no == {"error": "access_denied", "state": "ü &"}
        answer = call(accounts, f"POST /oauth/v2/auth?{target}", body=b"decision=maybe", content_type=FORM)
        assert (answer.status, answer.violations) == (400, ["body /decision"])

    def test_the_first_consent_gives_a_refresh_token_a_later_one_only_when_asked_for_anew(self, accounts: Mock) -> None:
        def tokens(**query: str) -> set[str]:
            return set(exchange(accounts, back(authorize(accounts, **query))["code"]).json)

        assert "refresh_token" not in tokens(scope="Z.other", access_type="online")
        assert "refresh_token" in tokens(access_type="offline")
        assert "refresh_token" not in tokens(access_type="offline")
        assert "refresh_token" in tokens(access_type="offline", prompt="consent none")
        assert "refresh_token" in tokens(access_type="offline", scope="ZohoAssist.sessions.ALL,ZohoLens.more.ALL")
        assert authorize(accounts, prompt="").status == 302  # agreed before, so nobody is asked
        assert authorize(accounts, prompt="consent").status == 200

    def test_an_address_with_a_query_keeps_it(self, accounts: Mock) -> None:
        client = {**WEB, "type": "web", "redirect_uris": [f"{BACK}?a=b"]}
        accounts.engine.replace_state(API, "client", [client])
        location = authorize(accounts, redirect_uri=f"{BACK}?a=b").response.header("Location") or ""
        assert location.startswith(f"{BACK}?a=b&code=1000.")

    @pytest.mark.parametrize(
        ("query", "shown"),
        [
            ({"client_id": "<i>"}, "&lt;i&gt;"),
            ({"client_id": EUROPE["client_id"]}, "Invalid client"),
            ({"redirect_uri": "https://thief.example/<i>"}, "https://thief.example/&lt;i&gt;"),
            ({"response_type": "token"}, "response_type"),
            ({"access_type": "often"}, "access_type"),
            ({"scope": ""}, "scope"),
            ({"code_challenge": "<short>"}, "&lt;short&gt;"),
        ],
    )
    def test_nobody_is_sent_anywhere_when_the_request_is_wrong(
        self, accounts: Mock, query: dict[str, str], shown: str
    ) -> None:
        answer = authorize(accounts, **query)
        assert (answer.status, answer.response.header("Content-Type")) == (400, "text/html")
        assert answer.response.header("Location") is None
        assert shown in answer.response.body.decode()
        assert "<i>" not in answer.response.body.decode()

    def test_a_parameter_that_comes_twice(self, accounts: Mock) -> None:
        answer = call(accounts, f"GET /oauth/v2/auth?{urlencode([*WEB.items(), ('client_id', 'x')])}")
        assert (answer.status, answer.violations[0]) == (400, "query client_id")

    def test_nobody_is_signed_in(self, accounts: Mock) -> None:
        accounts.engine.replace_state(API, "user", [])
        assert "Nobody is signed in" in authorize(accounts).response.body.decode()

    def test_ten_codes_in_ten_minutes(self, accounts: Mock) -> None:
        for _ in range(10):
            assert "code" in back(authorize(accounts))
        assert back(authorize(accounts, state="s &")) == {"error": "access_denied", "state": "s &"}
        assert authorize(accounts, prompt="consent").status == 200  # the page is still to be seen
        accounts.engine.advance(timedelta(minutes=10))
        assert "code" in back(authorize(accounts))
