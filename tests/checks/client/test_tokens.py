"""Tokens: fetched for each call, or with more scopes than are used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver.checks.client import ClientJudge, TokenUse
from mockserver.engine.grants import Wanted
from tests.checks.client.judged import Judged
from tests.mocks import serve

DATA = Path(__file__).parents[2] / "data"
SHOP = {"grant_type": "client_credentials", "client_id": "shop", "client_secret": "s3cret"}


@pytest.fixture
def client() -> Judged:
    return Judged(serve(DATA / "oauth"))


def fetched(client: Judged, **fields: str) -> Any:
    answer = client.call("POST /token", form={**SHOP, **fields}, authorization=None)
    assert answer.status == 200, answer.response.body
    return answer.json


def listed(client: Judged, token: str, times: int = 1) -> None:
    for _ in range(times):
        assert client.call("GET /notes", authorization=f"Bearer {token}").status == 200


class TestTokenPerCall:
    def test_a_token_for_each_call(self, client: Judged) -> None:
        for _ in range(6):
            listed(client, fetched(client, scope="read")["access_token"])
        found = client.only
        assert (found.rule, found.severity, found.operation) == ("token-per-call", "warning", "token")
        assert "6 tokens" in found.message
        assert "client_credentials" in found.message
        assert "s3cret" not in repr(found)
        fetched(client, scope="read")
        assert client.rules == ["token-per-call"] * 2
        assert len({each.fingerprint for each in client.findings}) == 1

    def test_five_tests_with_a_client_each_are_no_habit(self, client: Judged) -> None:
        for _ in range(5):
            listed(client, fetched(client, scope="read")["access_token"])
        assert client.end() == []

    def test_many_calls_with_each(self, client: Judged) -> None:
        for _ in range(8):
            listed(client, fetched(client, scope="read")["access_token"], times=3)
        assert client.end() == []

    def test_tokens_that_nobody_uses(self, client: Judged) -> None:
        for _ in range(8):
            fetched(client, scope="read")
        assert client.end() == []

    def test_a_token_that_is_about_to_expire(self, client: Judged) -> None:
        for _ in range(8):
            listed(client, fetched(client, scope="read")["access_token"])
            client.passes(400)
        assert client.end() == []

    def test_tokens_for_several_purposes(self, client: Judged) -> None:
        for fields in ({"scope": "read"}, {"scope": "write"}, {"scope": "read write"}):
            token = fetched(client, **fields)["access_token"]
            client.call("GET /notes", authorization=f"Bearer {token}")
        assert "token-per-call" not in client.end()

    def test_a_token_that_was_refused(self, client: Judged) -> None:
        for _ in range(8):
            token = fetched(client, scope="read")["access_token"]
            client.order("listNotes", status=401)
            assert client.call("GET /notes", authorization=f"Bearer {token}").status == 401
        assert client.end() == []

    def test_the_refresh_tokens_of_one_person_that_change_with_each_use(self, client: Judged) -> None:
        code = self.signed_in(client)
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://shop.example/back"}
        given = fetched(client, **grant)
        for _ in range(6):
            listed(client, given["access_token"])
            given = fetched(client, grant_type="refresh_token", refresh_token=given["refresh_token"])
        listed(client, given["access_token"])
        assert client.rules == ["token-per-call"]

    def test_several_people_are_several_purposes(self, client: Judged) -> None:
        for _ in range(7):
            grant = {"grant_type": "authorization_code", "redirect_uri": "https://shop.example/back"}
            given = fetched(client, **grant, code=self.signed_in(client))
            listed(client, given["access_token"])
            again = fetched(client, grant_type="refresh_token", refresh_token=given["refresh_token"])
            listed(client, again["access_token"])
        assert client.end() == []

    def test_after_a_reset_a_new_token_is_needed(self, client: Judged) -> None:
        for _ in range(8):
            listed(client, fetched(client, scope="read")["access_token"])
            client.mock.engine.reset()
            client.findings += client.judge.begin_anew("oauth", "")
        assert client.end() == []

    def signed_in(self, client: Judged, scope: str = "read") -> str:
        asked = f"scope={scope.replace(' ', '%20')}"
        query = f"response_type=code&client_id=shop&redirect_uri=https://shop.example/back&{asked}"
        location = client.call(f"GET /authorize?{query}", authorization=None).response.header("location")
        return str(location).partition("code=")[2]


class TestOverScopedToken:
    def test_a_scope_that_no_call_asks_for(self) -> None:
        client = Judged(serve(DATA / "vault"))
        token = client.mock.engine.issue_token("vault", Wanted(("things.read", "things.write")))["access_token"]
        client.call("GET /things", authorization=f"Vault-token {token}")
        assert client.rules == []  # only when all is over
        assert client.end() == ["over-scoped-token"]
        found = client.only
        assert (found.severity, found.api, found.operation) == ("warning", "vault", "")
        assert "things.write" in found.message
        assert "listThings" in found.message
        assert found.expected == "a token with things.read"
        assert token not in repr(found)

    def test_scopes_that_are_all_asked_for(self) -> None:
        client = Judged(serve(DATA / "vault"))
        token = client.mock.engine.issue_token("vault", Wanted(("things.read", "things.write")))["access_token"]
        client.call("POST /things", authorization=f"Vault-token {token}")
        assert client.end() == []

    def test_an_umbrella_that_an_operation_accepts(self) -> None:
        client = Judged(serve(DATA / "vault"))
        token = client.mock.engine.issue_token("vault", Wanted(("things.all",)))["access_token"]
        client.call("GET /things", authorization=f"Vault-token {token}")
        assert client.end() == []

    def test_the_narrowest_scopes_that_would_do_may_be_others_than_those_that_are_held(self) -> None:
        client = Judged(serve("zoho-assist"))
        wanted = Wanted(("ZohoAssist.technicians.ALL", "ZohoAssist.sessions.READ"))
        header = client.mock.engine.issue_token("zoho-assist", wanted)["header"].removeprefix("Authorization: ")
        assert client.call("GET /api/v2/technicians", authorization=header).status == 200
        assert client.end() == ["over-scoped-token"]
        assert client.only.message.startswith("a token holds ZohoAssist.sessions.READ,")
        assert client.only.expected == "a token with ZohoAssist.technicians.READ"

    def test_a_scope_that_another_one_covers_is_not_asked_for(self) -> None:
        client = Judged(serve("zoho-assist"))
        wanted = Wanted(("ZohoAssist.sessions.ALL", "ZohoAssist.customers.ALL"))
        header = client.mock.engine.issue_token("zoho-assist", wanted)["header"].removeprefix("Authorization: ")
        body = dict.fromkeys(("customerName", "sessionName"), "x")
        body |= {"technicianId": "tech_123", "customerEmail": "ada@example.com"}
        made = client.call("POST /api/v2/sessions", body, authorization=header).json
        assert client.call(f"GET /api/v2/sessions/{made['sessionId']}", authorization=header).status == 200
        assert client.end() == ["over-scoped-token"]
        assert client.only.expected == "a token with ZohoAssist.sessions.ALL"

    def test_a_token_of_which_nobody_said_what_it_shall_hold(self) -> None:
        client = Judged(serve(DATA / "vault"))
        token = client.mock.engine.issue_token("vault", Wanted())["access_token"]
        client.call("GET /things", authorization=f"Vault-token {token}")
        assert client.end() == []

    def test_what_the_client_was_given(self) -> None:
        mock = serve(DATA / "vault")
        token = mock.engine.issue_token("vault", Wanted(("things.read", "things.write")))["access_token"]
        client = Judged(mock, exempt=[token])
        client.call("GET /things", authorization=f"Vault-token {token}")
        assert client.end() == []

    def test_a_token_that_the_mock_does_not_know(self) -> None:
        client = Judged(serve(DATA / "vault"))
        client.call("GET /things", authorization="Vault-token anything")
        assert client.end() == []

    def test_what_the_client_has_fetched_itself_may_be_everything_and_is_too_much(self, client: Judged) -> None:
        listed(client, fetched(client)["access_token"], times=4)
        assert client.end() == ["over-scoped-token"]
        assert client.only.operation == "token"
        assert client.only.message.startswith("a token holds write,")

    def test_one_call_more_leaves_the_finding_the_same(self) -> None:
        found = []
        for calls in (["GET /api/v2/technicians"], ["GET /api/v2/technicians", "GET /api/v2/sessions/1234567890"]):
            client = Judged(serve("zoho-assist"))
            wanted = Wanted(("ZohoAssist.technicians.READ", "ZohoAssist.sessions.READ", "ZohoAssist.customers.ALL"))
            header = client.mock.engine.issue_token("zoho-assist", wanted)["header"].removeprefix("Authorization: ")
            for line in calls:
                client.call(line, authorization=header)
            assert client.end() == ["over-scoped-token"]
            found.append(client.only)
        assert found[0].message != found[1].message
        assert found[0].fingerprint == found[1].fingerprint

    def test_who_renews_a_token_has_not_chosen_its_scopes(self, client: Judged) -> None:
        code = TestTokenPerCall().signed_in(client, "read write")
        grant = {"grant_type": "authorization_code", "redirect_uri": "https://shop.example/back"}
        given = fetched(client, **grant, code=code)
        renewed = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
        listed(client, fetched(client, **renewed)["access_token"])
        assert client.end() == []
        listed(client, given["access_token"])
        assert client.end() == ["over-scoped-token"]

    @pytest.mark.parametrize(("second", "rules"), [("POST", 0), ("GET", 1)])
    def test_judges_that_share_what_tokens_are_used_for(self, second: str, rules: int) -> None:
        use = TokenUse()
        for line in ("GET /notes", f"{second} /notes"):
            client = Judged(serve(DATA / "oauth"))
            client.judge = ClientJudge(client.mock.engine.apis, token_use=use)
            client.call(line, authorization=f"Bearer {fetched(client)['access_token']}")
            assert "over-scoped-token" not in client.end()
        assert [each.rule for each in use.findings()] == ["over-scoped-token"] * rules

    def test_tokens_with_the_same_scopes_count_together(self, client: Judged) -> None:
        listed(client, fetched(client)["access_token"], times=4)
        client.call("POST /notes", authorization=f"Bearer {fetched(client)['access_token']}")
        assert "over-scoped-token" not in client.end()

    def test_a_call_that_met_a_fault_has_used_it_too(self, client: Judged) -> None:
        token = fetched(client)["access_token"]
        client.order("addNote", fault="EMPTY_RESPONSE")
        client.call("POST /notes", authorization=f"Bearer {token}")
        listed(client, token)
        assert "over-scoped-token" not in client.end()

    def test_a_token_that_was_never_used_says_nothing(self, client: Judged) -> None:
        fetched(client)
        assert client.end() == []
