"""The shipped description of Zoho Accounts: who gets which token, for how long, and how many."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from mockserver.checks.lint import lint
from mockserver.spec.catalog import shipped
from mockserver.spec.loader import load_document
from tests.mocks import Mock, serve
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
    status_of,
)

HOSTS = {
    "accounts.zoho.com": ("us", "com"),
    "accounts.zoho.eu": ("eu", "eu"),
    "accounts.zoho.in": ("in", "in"),
    "accounts.zoho.com.au": ("au", "com.au"),
    "accounts.zoho.jp": ("jp", "jp"),
    "accounts.zoho.com.cn": ("cn", "com.cn"),
    "accounts.zohocloud.ca": ("ca", "ca"),
    "accounts.zoho.sa": ("sa", "sa"),
    "accounts.zoho.uk": ("uk", "uk"),
    "accounts.zoho.ae": ("ae", "ae"),
}
CHALLENGE = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


@pytest.fixture
def accounts() -> Mock:
    return serve(API)


def test_the_contract_is_valid_openapi() -> None:
    document = load_document(shipped()[API].openapi).data
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_lint_finds_nothing() -> None:
    assert lint(API) == []


def test_the_operations_and_the_hosts(accounts: Mock) -> None:
    contract = accounts.engine.apis[API].contract
    assert [(each.method, each.path) for each in contract.operations.values()] == [
        ("GET", "/oauth/v2/auth"),
        ("POST", "/oauth/v2/auth"),
        ("POST", "/oauth/v2/token"),
        ("POST", "/oauth/v2/token/revoke"),
        ("GET", "/oauth/serverinfo"),
    ]
    assert {host for server in contract.servers for host in server.hosts} == set(HOSTS)
    locations = call(accounts, "GET /oauth/serverinfo").json["locations"]
    assert locations == {location: f"https://{host}" for host, (location, _) in HOSTS.items()}


class TestCodes:
    def test_what_comes_for_a_code(self, accounts: Mock) -> None:
        code = back(authorize(accounts, access_type="offline", scope="A.b.C, D.e.F G.h.I"))["code"]
        answer = exchange(accounts, code)
        assert answer.response.header("Cache-Control") == "no-store"
        tokens = answer.json
        assert list(tokens) == ["access_token", "refresh_token", "scope", "api_domain", "token_type", "expires_in"]
        for text in (code, tokens["access_token"], tokens["refresh_token"]):
            assert re.fullmatch(r"1000\.[0-9a-f]{32}\.[0-9a-f]{32}", text)
        assert list(tokens.values())[2:] == ["A.b.C D.e.F G.h.I", "https://www.zohoapis.com", "Bearer", 3600]
        (access,) = (each for each in accounts.records("token") if each["token"] == tokens["access_token"])
        holder = (access["client"], access["user"], access["organisation"], access["scopes"])
        assert holder == (WEB["client_id"], "60021458", "60001234567", ["A.b.C", "D.e.F", "G.h.I"])

    @pytest.mark.parametrize("host", HOSTS)
    def test_every_data_centre(self, accounts: Mock, host: str) -> None:
        location, domain = HOSTS[host]
        came = back(authorize(accounts, host=host))
        assert (came["location"], came["accounts-server"]) == (location, f"https://{host}")
        assert exchange(accounts, came["code"], host=host).json["api_domain"] == f"https://www.zohoapis.{domain}"

    def test_a_client_of_another_data_centre(self, accounts: Mock) -> None:
        came = back(authorize(accounts, host="accounts.zoho.eu", client_id=EUROPE["client_id"]))
        assert exchange(accounts, came["code"], **EUROPE).json == {"error": "invalid_client"}
        assert "access_token" in exchange(accounts, came["code"], **EUROPE, host="accounts.zoho.eu").json

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"code": "1000.never.issued"}, "invalid_code"),
            ({"code": ""}, "invalid_code"),
            ({"code": LIVING}, "invalid_code"),
            (SELF, "invalid_code"),
            ({"redirect_uri": "https://thief.example/"}, "invalid_redirect_uri"),
            ({"redirect_uri": "http://localhost:8000/oauth/callback"}, "invalid_redirect_uri"),
            ({"redirect_uri": ""}, "invalid_redirect_uri"),
            ({"client_id": "1000.NOBODY"}, "invalid_client"),
            ({"client_id": ""}, "invalid_client"),
            ({"client_secret": "wrong"}, "invalid_client_secret"),
            ({"client_secret": ""}, "invalid_client_secret"),
        ],
    )
    def test_what_is_refused_with_200(self, accounts: Mock, changes: dict[str, str], error: str) -> None:
        code = back(authorize(accounts))["code"]
        answer = exchange(accounts, **{"code": code, **changes})
        assert (answer.status, answer.json) == (200, {"error": error})
        assert "access_token" in exchange(accounts, code).json  # and the code is still good

    def test_a_code_is_good_once_and_not_for_long(self, accounts: Mock) -> None:
        code = back(authorize(accounts))["code"]
        assert "access_token" in exchange(accounts, code).json
        assert exchange(accounts, code).json == {"error": "invalid_code"}
        code = back(authorize(accounts))["code"]
        accounts.engine.advance(timedelta(seconds=119))
        assert "access_token" in exchange(accounts, code).json
        code = back(authorize(accounts))["code"]
        accounts.engine.advance(timedelta(seconds=120))
        assert exchange(accounts, code).json == {"error": "invalid_code"}

    def test_the_lives_are_settings(self) -> None:
        accounts = serve(API, settings={API: {"code_life": 5, "access_token_life": 7}})
        code = back(authorize(accounts))["code"]
        assert exchange(accounts, code).json["expires_in"] == 7
        code = back(authorize(accounts))["code"]
        accounts.engine.advance(timedelta(seconds=5))
        assert exchange(accounts, code).json == {"error": "invalid_code"}

    def test_pkce(self, accounts: Mock) -> None:
        code = back(authorize(accounts, **CHALLENGE))["code"]
        assert exchange(accounts, code).json == {"error": "invalid_code"}
        assert exchange(accounts, code, code_verifier=VERIFIER[::-1]).json == {"error": "invalid_code"}
        assert "access_token" in exchange(accounts, code, code_verifier=VERIFIER).json


class TestWhereParametersStand:
    REFRESH = {"grant_type": "refresh_token", "refresh_token": LIVING, **WEB}  # noqa: RUF012  # never changed

    @pytest.mark.parametrize("in_query", [(), ("client_id", "grant_type"), tuple(REFRESH)])
    def test_query_or_form_or_some_in_each(self, accounts: Mock, in_query: tuple[str, ...]) -> None:
        query = {name: self.REFRESH[name] for name in in_query}
        form = {name: value for name, value in self.REFRESH.items() if name not in query}
        answer = post(accounts, form, query)
        assert (answer.status, answer.exchange.verdict) == (200, "ok")
        assert "access_token" in answer.json

    def test_the_same_in_both_is_warned_of(self, accounts: Mock) -> None:
        answer = post(accounts, self.REFRESH, self.REFRESH)
        assert "access_token" in answer.json
        assert answer.warnings == ["requestToken.warn[1]"]
        assert "sent in the query and in the form" in answer.exchange.warnings[0].message

    def test_a_refresh_token_of_another_data_centre(self, accounts: Mock) -> None:
        accounts.engine.replace_state(
            "zoho-accounts", "token", [{**record, "location": "eu"} for record in accounts.records("token")]
        )
        answer = post(accounts, self.REFRESH)
        assert answer.json == {"error": "invalid_code"}
        assert "issued in another data centre" in answer.exchange.trace[-1]

    def test_different_in_both(self, accounts: Mock) -> None:
        answer = post(accounts, self.REFRESH, {"client_id": SELF["client_id"]})
        assert (answer.status, answer.json) == (400, {"error": "invalid_request"})
        assert "does not hold: different_in_query_and_form == []" in answer.exchange.trace[-1]

    @pytest.mark.parametrize("where", ["query", "form"])
    def test_twice_in_one_place(self, accounts: Mock, where: str) -> None:
        text = urlencode([*self.REFRESH.items(), ("client_id", SELF["client_id"])])
        if where == "query":
            answer = call(accounts, f"POST /oauth/v2/token?{text}")
        else:
            answer = call(accounts, "POST /oauth/v2/token", body=text.encode(), content_type=FORM)
        assert (answer.status, answer.json) == (400, {"error": "invalid_request"})
        assert answer.violations == ["query client_id" if where == "query" else "body /client_id"]
        assert "sent twice" in answer.exchange.violations[0].message

    def test_json_is_no_form(self, accounts: Mock) -> None:
        answer = accounts.call("POST /oauth/v2/token", self.REFRESH, authorization=None)
        assert (answer.status, answer.json) == (400, {"error": "invalid_request"})

    @pytest.mark.parametrize(
        ("grant", "error"), [("password", "unsupported_grant_type"), ("", "invalid_request")]
    )  # fmt: skip
    def test_a_wrong_grant(self, accounts: Mock, grant: str, error: str) -> None:
        answer = post(accounts, {**WEB, **({"grant_type": grant} if grant else {})})
        assert (answer.status, answer.json) == (400, {"error": error})


class TestRefresh:
    def test_no_new_refresh_token_comes(self, accounts: Mock) -> None:
        assert list(refresh(accounts).json) == ["access_token", "scope", "api_domain", "token_type", "expires_in"]

    @pytest.mark.parametrize("token", ["1000.never.issued", "", "access"])
    def test_a_bad_refresh_token(self, accounts: Mock, token: str) -> None:
        token = refresh(accounts).json["access_token"] if token == "access" else token
        answer = refresh(accounts, token)
        assert (answer.status, answer.json) == (200, {"error": "invalid_code"})
        assert refresh(accounts, **SELF).json == {"error": "invalid_code"}  # it is another client's

    def test_ten_access_tokens_in_ten_minutes_then_none_for_the_rest(self, accounts: Mock) -> None:
        assert refresh(accounts).status == 200
        accounts.engine.advance(timedelta(minutes=9))
        for _ in range(9):
            assert refresh(accounts).status == 200
        for _ in range(2):
            answer = refresh(accounts)
            assert (answer.status, answer.json["error"], answer.json["status"]) == (400, "Access Denied", "failure")
            assert set(answer.json) == {"error", "error_description", "status"}
        other = offline(accounts)["refresh_token"]
        assert refresh(accounts, other).status == 200  # each refresh token has a window of its own
        accounts.engine.advance(timedelta(minutes=1))
        for _ in range(10):
            assert refresh(accounts).status == 200
        assert refresh(accounts).status == 400

    def test_the_sixteenth_access_token_revokes_the_first(self, accounts: Mock) -> None:
        made = [refresh(accounts).json["access_token"] for _ in range(10)]
        accounts.engine.advance(timedelta(minutes=10))
        made += [refresh(accounts).json["access_token"] for _ in range(5)]
        assert {status_of(accounts, token) for token in made} == {"live"}
        refresh(accounts)
        assert [status_of(accounts, token) for token in made[:2]] == ["revoked", "live"]

    def test_the_twenty_first_refresh_token_revokes_the_first_and_its_access_tokens(self, accounts: Mock) -> None:
        access = refresh(accounts).json["access_token"]
        for number in range(19):
            if number == 10:
                accounts.engine.advance(timedelta(minutes=10))
            offline(accounts)
        assert (status_of(accounts, LIVING), status_of(accounts, access)) == ("live", "live")
        accounts.engine.advance(timedelta(minutes=10))
        offline(accounts)
        assert (status_of(accounts, LIVING), status_of(accounts, access)) == ("revoked", "revoked")
        assert refresh(accounts).json == {"error": "invalid_code"}

    def test_the_limits_are_settings(self) -> None:
        limits = {"refreshes": 1, "codes": 2, "access_tokens": 1, "refresh_tokens": 1, "window": "PT1M"}
        accounts = serve(API, settings={API: limits})
        first = offline(accounts)
        assert status_of(accounts, LIVING) == "revoked"
        assert refresh(accounts, first["refresh_token"]).status == 200
        assert status_of(accounts, first["access_token"]) == "revoked"
        assert refresh(accounts, first["refresh_token"]).status == 400
        assert "code" in back(authorize(accounts))
        assert "error" in back(authorize(accounts))
        accounts.engine.advance(timedelta(minutes=1))
        assert refresh(accounts, first["refresh_token"]).status == 200


class TestClientCredentials:
    def test_a_self_client_gets_a_token_for_its_organisation(self, accounts: Mock) -> None:
        form = {"grant_type": "client_credentials", "scope": "A.b.C,D.e.F", "soid": "ZohoLens.777", **SELF}
        tokens = post(accounts, form).json
        assert (tokens["scope"], tokens["expires_in"], "refresh_token" in tokens) == ("A.b.C D.e.F", 3600, False)
        record = accounts.records("token")[-1]
        assert (record["client"], record["user"], record["organisation"]) == (SELF["client_id"], None, "777")

    def test_sixteen_of_them_live(self, accounts: Mock) -> None:
        form = {"grant_type": "client_credentials", "scope": "A.b.C", "soid": "ZohoLens.777", **SELF}
        made = [post(accounts, form).json["access_token"] for _ in range(16)]
        assert {status_of(accounts, token) for token in made} == {"live"}

    @pytest.mark.parametrize(
        ("changes", "status", "error"),
        [
            ({"soid": ""}, 200, "missing_org_info"),
            ({"soid": "777"}, 200, "missing_org_info"),
            ({"soid": "ZohoLens."}, 200, "missing_org_info"),
            ({"scope": " ,"}, 400, "invalid_scope"),
            (WEB, 400, "unauthorized_client"),
            ({"client_secret": "wrong"}, 200, "invalid_client_secret"),
        ],
    )
    def test_what_is_refused(self, accounts: Mock, changes: dict[str, str], status: int, error: str) -> None:
        form = {"grant_type": "client_credentials", "scope": "A.b.C", "soid": "ZohoLens.777", **SELF, **changes}
        answer = post(accounts, form)
        assert (answer.status, answer.json) == (status, {"error": error})


class TestRevocation:
    def test_a_refresh_token_takes_its_access_tokens_with_it(self, accounts: Mock) -> None:
        access = refresh(accounts).json["access_token"]
        answer = revoke(accounts, LIVING)
        assert (answer.status, answer.json) == (200, {"status": "success"})
        assert status_of(accounts, access) == "revoked"
        assert refresh(accounts).json == {"error": "invalid_code"}

    def test_an_access_token_goes_alone_and_the_token_may_stand_in_a_form(self, accounts: Mock) -> None:
        access = refresh(accounts).json["access_token"]
        body = urlencode({"token": access}).encode()
        assert call(accounts, "POST /oauth/v2/token/revoke", body=body, content_type=FORM).status == 200
        assert (status_of(accounts, access), status_of(accounts, LIVING)) == ("revoked", "live")

    def test_what_is_refused(self, accounts: Mock) -> None:
        code = back(authorize(accounts))["code"]
        for token in ("1000.never.issued", "", code):
            answer = revoke(accounts, token)
            assert (answer.status, answer.json) == (400, {"error": "invalid_token"})
        assert call(accounts, "POST /oauth/v2/token/revoke").status == 400
        assert (revoke(accounts, LIVING).status, revoke(accounts, LIVING).status) == (200, 400)
        line = f"POST /oauth/v2/token/revoke?token={LIVING}"
        assert call(accounts, line, body=b"token=other", content_type=FORM).json == {"error": "invalid_request"}


def test_a_strict_mock_serves_the_whole_flow() -> None:
    accounts = serve(API, strict=True)
    tokens = offline(accounts)
    assert "access_token" in refresh(accounts, tokens["refresh_token"]).json
    answer = authorize(accounts, colour="blue")
    assert (answer.status, answer.response.header("Content-Type")) == (400, "text/html")
    assert refresh(accounts, colour="blue").json == {"error": "invalid_request"}
