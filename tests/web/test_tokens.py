"""`POST /__admin/tokens` over a real engine, and the tokens that `--auth strict` shows to people."""

from __future__ import annotations

import html
import json
import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver.engine.assembly import Options, build_engine
from mockserver.web.app import create_app
from tests.mocks import START, Mock, answers, one_operation, write_spec

OAUTH = {
    "type": "oauth2",
    "flows": {"clientCredentials": {"tokenUrl": "/t", "scopes": {"pets.read": "", "pets.all": ""}}},
}
BEARER = {"type": "http", "scheme": "bearer"}
ANSWERS = answers(True, security=[{"scheme": ["pets.read"]}])
REFUSED = {"description": "no", "content": {"application/json": {"schema": True, "example": "no"}}}
ANSWERS["responses"] |= {"401": REFUSED, "403": REFUSED}


def secured(scheme: Any = OAUTH, behaviour: dict[str, Any] | None = None, **options: Any) -> Mock:
    """`GET /it` for which `pets.read` is needed, a scope or a role; it answers who calls."""
    rules = {"respond": {"body": "${{ caller }}"}}
    components = {"securitySchemes": {"scheme": scheme}}
    return one_operation(ANSWERS, rules, components=components, behaviour=behaviour or {}, **options)


@pytest.fixture
def mock() -> Mock:
    return secured(auth="strict")


@pytest.fixture
def client(mock: Mock) -> FlaskClient:
    return create_app(mock.engine).test_client()


def ask(client: FlaskClient, /, **wanted: Any) -> TestResponse:
    return client.post("/__admin/tokens", json={"api": "it", **wanted})


def caller(mock: Mock, issued: TestResponse) -> Any:
    """Who calls with the token that was issued, as the rules see it."""
    assert issued.status_code == 201, issued.text
    answer = mock.call("GET /it", authorization=issued.get_json()["header"].partition(": ")[2])
    assert answer.status == 200, answer.exchange.trace
    return answer.json


def refusal(response: TestResponse) -> tuple[int, str, str]:
    body = response.get_json(force=True)
    assert response.content_type == "application/problem+json"
    assert body["status"] == response.status_code
    return response.status_code, body["detail"], body.get("hint", "")


class TestIssued:
    def test_as_an_authorisation_server_answers(self, client: FlaskClient) -> None:
        issued = ask(client)
        token = issued.get_json()["access_token"]
        assert issued.status_code == 201
        assert issued.get_json() == {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": 3600,
            "expires_at": "2025-01-15T13:00:00Z",
            "scope": "pets.all pets.read",
            "header": f"Authorization: Bearer {token}",
        }

    def test_it_is_held_to_what_it_was_issued_for(self, mock: Mock, client: FlaskClient) -> None:
        named = {"user": "ann", "organisation": "acme", "client": "app", "claims": {"tenant": 7}}
        seen = caller(mock, ask(client, scopes=["pets.read"], **named))
        assert seen == {**seen, **named, "issued": True, "scopes": ["pets.read"], "roles": None}

    def test_one_that_is_too_narrow_is_refused(self, mock: Mock, client: FlaskClient) -> None:
        header = ask(client, scopes=["pets.all"]).get_json()["header"]
        assert mock.call("GET /it", authorization=header.partition(": ")[2]).status == 403

    @pytest.mark.parametrize(
        "scopes", ["pets.read pets.all", "pets.read,pets.all", " pets.read, pets.all", ["pets.read", "pets.all"]]
    )
    def test_scopes_are_a_list_or_a_text(self, mock: Mock, client: FlaskClient, scopes: Any) -> None:
        assert caller(mock, ask(client, scopes=scopes))["scopes"] == ["pets.all", "pets.read"]

    @pytest.mark.parametrize("scopes", ["", []])
    def test_none_at_all_is_none_at_all(self, mock: Mock, client: FlaskClient, scopes: Any) -> None:
        header = ask(client, scopes=scopes).get_json()["header"]
        assert mock.call("GET /it", authorization=header.partition(": ")[2]).status == 403

    def test_roles_where_the_contract_knows_roles(self) -> None:
        mock = secured(BEARER)
        client = create_app(mock.engine).test_client()
        assert caller(mock, ask(client, roles=["pets.read"]))["roles"] == ["pets.read"]
        header = ask(client, roles=[]).get_json()["header"]
        assert mock.call("GET /it", authorization=header.partition(": ")[2]).status == 403

    def test_null_is_silence(self, mock: Mock, client: FlaskClient) -> None:
        keys = ("scopes", "roles", "claims", "expires_in", "user", "organisation", "client")
        assert caller(mock, ask(client, **dict.fromkeys(keys)))["scopes"] == ["pets.all", "pets.read"]

    def test_for_as_long_as_it_is_wanted(self, mock: Mock, client: FlaskClient) -> None:
        header = ask(client, expires_in=60).get_json()["header"].partition(": ")[2]
        assert mock.call("GET /it", authorization=header).status == 200
        mock.engine.advance(timedelta(seconds=60))
        assert mock.call("GET /it", authorization=header).status == 401

    def test_over_at_once(self, mock: Mock, client: FlaskClient) -> None:
        header = ask(client, expires_in=0).get_json()["header"].partition(": ")[2]
        assert mock.call("GET /it", authorization=header).status == 401

    def test_in_one_namespace(self, mock: Mock, client: FlaskClient) -> None:
        issued = client.post("/__admin/tokens", json={"api": "it"}, headers={"X-Mock-Namespace": "a"})
        header = issued.get_json()["header"].partition(": ")[2]
        assert mock.call("GET /it", authorization=header, x_mock_namespace="a").status == 200
        assert mock.call("GET /it", authorization=header).status == 401

    def test_an_api_key_travels_in_its_own_header(self) -> None:
        mock = secured({"type": "apiKey", "in": "header", "name": "x-api-key"}, auth="strict")
        issued = ask(create_app(mock.engine).test_client()).get_json()
        assert (issued["token_type"], issued["header"]) == ("apiKey", f"X-Api-Key: {issued['access_token']}")
        assert mock.call("GET /it", x_api_key=issued["access_token"]).status == 200
        assert mock.call("GET /it", x_api_key="another").status == 401

    def test_a_web_token_has_the_claims(self) -> None:
        jwt = {"access": {"jwt": {"claims": {"iss": "mock"}}, "expires_in": 60}}
        mock = secured({**BEARER, "bearerFormat": "JWT"}, {"tokens": jwt}, auth="strict")
        issued = ask(create_app(mock.engine).test_client(), claims={"tenant": "acme"})
        assert caller(mock, issued)["claims"] == {
            "iss": "mock",
            "tenant": "acme",
            "iat": START.timestamp(),
            "exp": START.timestamp() + 60,
            "jti": caller(mock, issued)["claims"]["jti"],
        }

    @pytest.mark.parametrize(
        "claims", [{"sub": ["a"]}, {"aud": 7}, {"a": {"b": [1] * 9}}, {"exp": None}, {"n": 10**30}]
    )
    def test_claims_of_any_kind(self, claims: Any) -> None:
        mock = secured({**BEARER, "bearerFormat": "JWT"}, {"tokens": {"access": {"jwt": {}}}}, auth="strict")
        held = caller(mock, ask(create_app(mock.engine).test_client(), claims=claims))["claims"]
        assert {name: held.get(name) for name in claims} == claims


class TestRefused:
    @pytest.mark.parametrize(
        ("wanted", "detail", "hint"),
        [
            ({"scope": "pets.read"}, "unknown key 'scope'", "did you mean 'scopes'?"),
            (
                {"scopes": {"pets.read": True}},
                "scopes must be a list of text, not {'pets.read': True}",
                "spaces or commas",
            ),
            ({"scopes": ["pets.read", 1]}, "scopes must be a list of text, not ['pets.read', 1]", ""),
            ({"scopes": ["pets.raed"]}, "it has no scope 'pets.raed'", "did you mean 'pets.read'?"),
            ({"scopes": "admin"}, "it has no scope 'admin'", "known: pets.all, pets.read"),
            ({"roles": "ADMIN"}, "roles must be a list of text, not 'ADMIN'", '"roles": ["…"]'),
            ({"roles": ["ADMIN"]}, "it has no role 'ADMIN'", "it has no roles at all"),
            ({"claims": []}, "claims must be an object, not []", '{"NAME": VALUE}'),
            ({"claims": "a=b"}, "claims must be an object, not 'a=b'", ""),
            ({"expires_in": -1}, "expires_in must be a whole number of seconds from 0, not -1", "0 gives one"),
            ({"expires_in": True}, "expires_in must be a whole number of seconds from 0, not True", ""),
            ({"expires_in": 1.5}, "expires_in must be a whole number of seconds from 0, not 1.5", ""),
            ({"expires_in": "60"}, "expires_in must be a whole number of seconds from 0, not '60'", ""),
            ({"expires_in": 10**12}, "expires_in goes beyond the year 9999", ""),
            ({"expires_in": 10**30}, "expires_in goes beyond the year 9999", ""),
            ({"claims": {"iss": 7}}, "the claim iss must be text, not 7", ""),
            ({"user": 7}, "user must be text, not 7", ""),
            ({"organisation": ["a"]}, "organisation must be text, not ['a']", ""),
            ({"client": {}}, "client must be text, not {}", ""),
            ({"api": None}, "say for which API the token is", 'add "api": one of it'),
        ],
    )
    def test_what_makes_no_sense(self, mock: Mock, client: FlaskClient, wanted: Any, detail: str, hint: str) -> None:
        before = mock.engine.apis["it"].space("").state
        status, said, hinted = refusal(ask(client, **wanted))
        assert (status, said) == (400, detail)
        assert hint in hinted
        assert mock.engine.apis["it"].space("").state is before

    @pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 10_000])
    def test_what_is_no_order(self, client: FlaskClient, body: bytes) -> None:
        assert refusal(client.post("/__admin/tokens", data=body))[0] == 400

    @pytest.mark.parametrize(("api", "hint"), [("itt", "did you mean 'it'?"), ("x", "served: it"), (7, "served: it")])
    def test_an_api_that_is_not_there(self, client: FlaskClient, api: Any, hint: str) -> None:
        assert refusal(ask(client, api=api)) == (404, f"no API is called {api!r}", hint)

    def test_an_api_that_asks_for_no_token(self) -> None:
        client = create_app(one_operation(answers(True)).engine).test_client()
        status, detail, _ = refusal(ask(client))
        assert (status, detail) == (400, "it asks for no token")

    def test_a_rule_that_fails_is_told_as_the_mocks_own_problem(self) -> None:
        tokens = {"access": {"value": "${{ hex(4) + item.user }}"}}
        client = create_app(secured(behaviour={"tokens": tokens}).engine).test_client()
        response = ask(client, scopes=[])
        assert response.status_code == 500
        assert response.headers["X-Mockserver-Problem"] == "rule-failed"
        assert "behaviour.json" in response.get_json(force=True)["rule"]


ACCOUNTS = {
    "openapi": "3.1.0",
    "info": {"title": "Accounts", "version": "1"},
    "paths": {"/it": {"get": {"operationId": "it", "responses": {"204": {"description": "ok"}}}}},
}


class TestAnIssuerThatIsNotServed:
    @pytest.fixture
    def client(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
        monkeypatch.setenv("MOCKSERVER_CACHE", "off")
        shop = {
            **ACCOUNTS,
            "components": {"securitySchemes": {"scheme": OAUTH}},
            "paths": {"/it": {"get": {**ANSWERS, "operationId": "it"}}},
        }
        kinds = {"access": {"value": "${{ hex(32) }}", "expires_in": 60}}
        write_spec(tmp_path, {"accounts/openapi.json": ACCOUNTS, "accounts/behaviour.json": {"tokens": kinds}})
        rules = {"security": {"scheme": {"issuer": "accounts"}}}
        write_spec(tmp_path, {"shop/openapi.json": shop, "shop/behaviour.json": rules})
        engine = build_engine([str(tmp_path / "shop")], Options(start=START, auth="strict"))
        return create_app(engine).test_client()

    def test_its_tokens_are_seen_replaced_and_reset(self, client: FlaskClient) -> None:
        token = ask(client, api="shop").get_json()["access_token"]
        (record,) = client.get("/__admin/state/accounts/token").get_json()
        assert (record["token"], record["expires_at"]) == (token, "2025-01-15T12:01:00Z")
        assert client.put("/__admin/state/accounts/token", json=[]).get_json() == []
        ask(client, api="shop")
        assert client.post("/__admin/reset", json={"api": "accounts"}).status_code == 200
        assert client.get("/__admin/state/accounts").get_json() == {"token": []}

    def test_health_and_index_do_not_show_it(self, client: FlaskClient) -> None:
        assert client.get("/__admin/health").get_json()["apis"] == ["shop"]


class TestShownToPeople:
    def pasted(self, mock: Mock, client: FlaskClient) -> int:
        """The status of the curl line of the index page, pasted."""
        (line,) = re.findall(r"curl [^<]+", html.unescape(client.get("/").text))
        words = shlex.split(line)
        return mock.call("GET /it", authorization=words[words.index("-H") + 1].partition(": ")[2]).status

    def test_the_line_of_the_index_works_under_strict(self, mock: Mock, client: FlaskClient) -> None:
        assert self.pasted(mock, client) == 200
        assert self.pasted(mock, client) == 200
        assert len(mock.engine.apis["it"].space("").state.tables["@token"]) == 1, "one token serves"

    def test_it_still_works_when_the_first_token_is_over_or_forgotten(self, mock: Mock, client: FlaskClient) -> None:
        assert self.pasted(mock, client) == 200
        mock.engine.clock.advance(timedelta(hours=1))
        assert self.pasted(mock, client) == 200
        client.post("/__admin/reset")
        assert self.pasted(mock, client) == 200

    def test_what_would_have_passed_stands_in_the_journal(self, mock: Mock, client: FlaskClient) -> None:
        mock.call("GET /it", authorization="Bearer made-up")
        (exchange,) = client.get("/__admin/requests").get_json()["requests"]
        assert exchange["trace"][-1] == (
            "401: it has not issued this credential; wanted: Authorization: Bearer <credential>; "
            "'mockserver token it' gives one (rule security.scheme.unknown, error unauthenticated, documented)"
        )
        assert json.dumps(exchange["violations"]) == "[]"
